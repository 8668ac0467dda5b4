//! `gandi-ddns watch` as others see it: `status` and `check`, a second watcher, a run beside it, and the service manager.

mod commands;
mod manager;

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use miniserde::json;
use rustix::process::Signal;

use crate::file_kinds::{OTHER, is_root};
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use crate::watching::LIMIT;
use commands::{asleep, start, status_until, watcher};

/// The lock file of the only watcher.
fn watch_file(s: &Sandbox) -> PathBuf {
    s.state_file().with_extension("watch")
}

/// Returns a member that is a number.
#[track_caller]
fn number(watcher: &json::Object, name: &str) -> u64 {
    json::to_string(&watcher[name]).parse().expect(name)
}

/// Fails unless a member is a time of the last minutes.
#[track_caller]
fn recent(watcher: &json::Object, name: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let time = number(watcher, name);
    assert!(time <= now && now - time < 600, "{name}: {time}");
}

#[test]
fn status_shows_a_watcher_until_it_is_killed() {
    let s = stale();
    assert!(!s.run(&["status"]).stdout.contains("watcher"), "there was none");
    assert!(watcher(&s).is_none());
    let watching = asleep(&s, &[]);
    let text = status_until(&s, |text| text.contains("\nwatcher: running since "));
    let line = text.lines().find(|line| line.starts_with("last wake-up: ")).expect("its last wake-up");
    assert!(line.ends_with(" ago)"), "{line}");
    let object = watcher(&s).expect("it runs");
    recent(&object, "since");
    recent(&object, "last_wakeup");
    let ran = watching.end(Signal::KILL);
    assert_eq!(ran.code, None);
    s.run(&["status"]).exits_without_errors(0);
    let text = s.run(&["status"]).stdout;
    assert!(text.contains("\nwatcher: not running\nlast wake-up: 20"), "{text}");
    assert!(watcher(&s).is_none());
    // The kernel released the lock.
    let _again = start(&s, &[], &[]);
    status_until(&s, |text| text.contains("watcher: running since "));
}

#[test]
fn later_wakeup_is_shown_and_a_removed_state_directory_is_made_anew() {
    let s = stale();
    let watching = asleep(&s, &["--interval", "10"]);
    let object = watcher(&s).expect("it runs");
    let first = number(&object, "last_wakeup");
    let is_later = |_: &str| watcher(&s).is_some_and(|object| number(&object, "last_wakeup") > first);
    status_until(&s, is_later);
    assert_eq!(watcher(&s).map(|later| number(&later, "since")), Some(number(&object, "since")));
    fs::remove_dir_all(s.path("state")).expect("the state");
    assert!(watcher(&s).is_none());
    status_until(&s, |text| text.contains("watcher: running since "));
    assert_eq!(watcher(&s).map(|later| number(&later, "since")), Some(number(&object, "since")));
    s.run(&["watch"]).fails(75, &["another `gandi-ddns watch` with this config is running"]);
    let ran = watching.end(Signal::TERM);
    ran.is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    assert!(s.run(&["status"]).stdout.contains("\nwatcher: not running\n"));
    assert_eq!(s.count("PUT"), 1);
}

#[test]
fn second_watcher_says_so_and_exits_75_before_any_request() {
    let s = stale();
    let watching = asleep(&s, &[]);
    let connections = s.fake.connections();
    for arguments in [&["watch"][..], &["watch", "-q"], &["watch", "--interval", "10"]] {
        let ran = s.run(arguments);
        ran.fails(75, &["another `gandi-ddns watch` with this config is running (lock state/", ".watch)"]);
    }
    assert_eq!(s.fake.connections(), connections);
    assert!(watcher(&s).is_some(), "the first one goes on");
    // Another config has another watcher.
    s.write("other.conf", &fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config"));
    let mut command = s.command();
    command.args(["-c", "other.conf", "status"]);
    assert!(!s.finish(&mut command).stdout.contains("watcher"));
    watching.end(Signal::TERM).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
}

#[test]
fn run_check_and_status_work_beside_a_watcher() {
    let s = stale();
    let watching = asleep(&s, &[]);
    s.run(&[]).is(0, "");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force"]).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    let ran = s.run(&["check"]);
    assert!(ran.stdout.contains("is usable and not locked"), "{ran}");
    ran.exits(0);
    s.run(&["status"]).exits_without_errors(0);
    watching.end(Signal::TERM).exits_without_errors(0);
    s.run(&["check"]).exits(0);
}

#[test]
fn inspections_at_once_show_no_run_and_no_watcher() {
    let s = stale();
    asleep(&s, &[]).end(Signal::KILL);
    // As by `status` and `check`, at the moment at which another one looks.
    let inspect = |extension| {
        let file = fs::File::open(s.state_file().with_extension(extension)).expect("a lock");
        file.lock_shared().expect("a lock that nobody has taken");
        file
    };
    let inspections = [inspect("watch"), inspect("lock")];
    let status = s.run(&["status"]);
    status.exits_without_errors(0);
    assert!(status.stdout.contains("\nwatcher: not running\n"), "{status}");
    assert!(s.run(&["status", "--json"]).stdout.contains("\"running\":false"), "{status}");
    let check = s.run(&["check"]);
    assert!(check.stdout.contains("is usable and not locked"), "{check}");
    drop(inspections);
}

#[test]
fn watch_file_of_others_is_left_alone_and_the_watch_goes_on() {
    for kind in ["a symlink", "a directory", "another user owns it"] {
        let s = stale();
        s.run(&[]).exits(0);
        let file = watch_file(&s);
        match kind {
            "a symlink" => symlink(s.path("elsewhere"), &file).expect("a link"),
            "a directory" => fs::create_dir(&file).expect("a directory"),
            _ if !is_root(&s) => return,
            _ => {
                fs::write(&file, "").expect("a file");
                chown(&file, Some(OTHER), Some(OTHER)).expect("chown");
            }
        }
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        s.age(90_000);
        let watching = start(&s, &[], &[]);
        assert!(s.fake.wait_until(LIMIT, |r| r.iter().filter(|r| r.method == "PUT").count() == 2));
        let text = status_until(&s, |text| text.contains("last changed"));
        assert!(!text.contains("watcher"), "{kind}: {text}");
        assert!(watcher(&s).is_none(), "{kind}");
        let ran = watching.end(Signal::TERM);
        ran.exits(0);
        ran.says(&["warning: could not open the lock", kind, "gandi-ddns status"]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        assert!(!s.path("elsewhere").exists());
    }
}
