//! `gandi-ddns status`, and the history that it prints.

use std::fs;
use std::os::unix::fs::symlink;

use crate::sandbox::{ADDRESS, Sandbox, stale};
use fake_gandi::{Answer, Family, Fault, On, Times};

/// Runs `status` and returns its output. The exit code is this one, and no connection is made.
#[track_caller]
fn status(s: &Sandbox, code: i32) -> String {
    let connections = s.fake.connections();
    let ran = s.run(&["status"]);
    ran.exits_without_errors(code);
    assert_eq!(s.fake.connections(), connections);
    ran.stdout
}

#[track_caller]
fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|l| l.starts_with(line)), "no line begins with `{line}`:\n{text}");
    }
}

#[test]
fn status_before_the_first_run_is_empty() {
    let s = stale();
    let printed = status(&s, 0);
    has(
        &printed,
        &[
            "last run: none recorded in state",
            "home.example.org A",
            "  not confirmed yet",
            "no changes recorded",
        ],
    );
    assert!(!s.path("state").exists());
}

#[test]
fn records_and_changes_are_listed_with_their_times() {
    let s = stale();
    s.run(&[]).exits(0);
    let confirmed = format!("  {ADDRESS}, TTL 600 s (last confirmed 20");
    has(
        &status(&s, 0),
        &[
            "last run: 20",
            "token: expires on 20",
            "home.example.org A",
            &confirmed,
            "  last changed: 20",
            "changes, newest first:",
        ],
    );
    s.fake.set_address(Family::V4, "81.2.69.180");
    s.run(&[]).exits(0);
    let printed = status(&s, 0);
    let changes: Vec<&str> = printed.lines().filter(|l| l.contains(" -> ")).map(|l| &l[25..]).collect();
    let wanted = ["81.2.69.142 -> 81.2.69.180", "81.2.69.1 -> 81.2.69.142"];
    assert_eq!(changes, wanted.map(|w| format!("  home.example.org A  {w}")), "{printed}");
}

#[test]
fn created_record_is_listed_without_a_former_address() {
    let s = Sandbox::new();
    s.run(&[]).exits(0);
    let printed = status(&s, 0);
    let change = format!("  home.example.org A  created {ADDRESS}");
    assert!(printed.lines().any(|l| l.ends_with(&change)), "{printed}");
}

#[test]
fn status_needs_no_token() {
    let s = stale();
    s.run(&[]).exits(0);
    fs::remove_file(s.path("token")).expect("the token");
    has(&status(&s, 0), &["  last changed: 20"]);
}

#[test]
fn failures_are_listed_with_their_backoff() {
    let s = stale();
    s.run(&[]).exits(0);
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    for _ in 0..2 {
        s.run(&["--force"]).exits(75);
    }
    let printed = status(&s, 75);
    has(&printed, &["  81.2.69.142, TTL 600 s", "  failing since 20", "  next try at 20"]);
    assert!(
        printed
            .contains(", 2 failures in a row: could not read the record: 127.0.0.1 has a server error (500)"),
        "{printed}"
    );
    s.fake.clear_faults();
    s.run(&["--force"]).exits(0);
    assert!(!status(&s, 0).contains("failing"));
}

#[test]
fn history_file_keeps_the_last_fifty_changes_over_a_reboot() {
    let s = stale();
    s.write("elsewhere", "");
    symlink(s.path("elsewhere"), s.path("history")).expect("a link");
    s.config_with("history = history\nquorum = 1\n", "[example.org]\nnames = home\n");
    for i in 1..=55 {
        s.fake.set_address(Family::V4, &format!("81.2.69.{}", 100 + i));
        s.run(&[]).exits(0);
    }
    fs::remove_dir_all(s.path("state")).expect("the state");
    let printed = status(&s, 0);
    let changes: Vec<&str> = printed.lines().filter(|l| l.contains(" -> ")).collect();
    assert_eq!(changes.len(), 50);
    assert!(
        changes[0].ends_with("81.2.69.154 -> 81.2.69.155") && changes[49].ends_with(".105 -> 81.2.69.106")
    );
    assert!(fs::symlink_metadata(s.path("history")).expect("the link").is_symlink(), "a link stays one");
}

#[test]
fn history_is_written_only_on_change() {
    let s = stale();
    s.config_with("history = history\n", "[example.org]\nnames = home\n");
    s.run(&[]).exits(0);
    fs::write(s.path("history"), "untouched\n").expect("a mark");
    s.run(&["--force"]).is(0, "");
    s.run(&["--force", "--dry-run"]).exits(0);
    // A changed TTL is not a changed address.
    s.config_with("history = history\n", "[example.org]\nnames = home\nttl = 900\n");
    s.run(&[]).is(0, "home.example.org A: 81.2.69.142 (TTL 600 -> 900)\n");
    assert_eq!(fs::read_to_string(s.path("history")).expect("it"), "untouched\n");
}

#[test]
fn unwritable_history_is_a_warning() {
    let s = stale();
    s.config_with("history = nowhere/history\n", "[example.org]\nnames = home\n");
    let ran = s.run(&[]);
    ran.says(&["warning: could not write the history ", "nowhere/history: No such file"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(0), 1), "{}", ran.stderr);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}
