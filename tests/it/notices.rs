//! Errors and warnings are printed when they are new, when they change, and once a day while they last; the end of a
//! failure is printed once.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use crate::in_process::{is_alone, run_in_process};
use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN, is_emulated, stale};
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;
const START: u64 = 1_800_000_000;
const SERVER_ERROR: &str =
    "home.example.org A: could not read the record: 127.0.0.1 has a server error (500)";

fn out_of_order(s: &Sandbox, status: u16) {
    s.fake.clear_faults();
    s.fake.fault(On::path("/v5/"), Times::Always, Fault::Answer(Answer::html(status, "<p>no")));
}

#[test]
fn month_of_a_standing_failure_is_a_line_a_day_its_change_and_its_end() {
    // This test does not use the binary.
    let name = "notices::month_of_a_standing_failure_is_a_line_a_day_its_change_and_its_end";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !is_alone(name) {
        return;
    }
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.revoke_all();
    let now = Cell::new(START);
    let (mut lines, mut codes, mut writes) = (Vec::new(), [0; 3], 0);
    let mut inode = 0;
    for run in 0..30 * 96 {
        now.set(START + run * 900);
        // The token is replaced on the 13th day, but Gandi has an error then, until the 26th.
        if run == 12 * 96 + 40 {
            s.fake.accept_bearer(TOKEN);
            out_of_order(&s, 503);
        } else if run == 25 * 96 + 40 {
            s.fake.clear_faults();
        }
        let ran = run_in_process(&s, &[], &|| now.get(), &|_| {}, run);
        codes[match ran.code {
            Some(0) => 0,
            Some(75) => 1,
            _ => 2,
        }] += 1;
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        lines.extend(printed.lines().map(|line| (run, line.to_owned())));
        let state = fs::metadata(s.state_file()).expect("the state").ino();
        writes += usize::from(state != inode);
        inode = state;
    }
    let day = |from: u64, to: u64| lines.iter().filter(move |(run, _)| (from..to).contains(run)).count();
    let about = |word: &str| lines.iter().filter(|(_, line)| line.contains(word)).count();
    for day_of_month in 0..12 {
        assert_eq!(day(day_of_month * 96, (day_of_month + 1) * 96), 1, "day {day_of_month}: {lines:#?}");
    }
    assert_eq!((about("refused the token"), about("server error (503)")), (13, 14), "{lines:#?}");
    let ends: Vec<_> = lines.iter().filter(|(_, line)| line.contains("works again")).collect();
    assert!(
        ends.len() == 1 && ends[0].1.starts_with("home.example.org A: works again; it failed since 2027-01-"),
        "{lines:#?}"
    );
    assert_eq!(lines.len(), 28, "{lines:#?}");
    let _ = writeln!(
        std::io::stderr(),
        "a month of cron: 2880 runs, {} with 77, {} with 75, {} with 0; a person gets {} lines: {} about the token, {} \
         about Gandi, {} about the end; the state file was written {writes} times",
        codes[2],
        codes[1],
        codes[0],
        lines.len(),
        about("refused the token"),
        about("server error (503)"),
        ends.len(),
    );
    // Once per attempt after the backoff of an hour, and a few times when all was well.
    assert!(writes < 900, "{writes}");
}

#[test]
fn standing_failure_is_printed_when_new_and_after_a_day_with_the_same_code() {
    let s = stale();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the token"]);
    for _ in 0..3 {
        s.run(&[]).is(77, "");
        s.age(3600);
    }
    // Everything for a person who looks, and for a program.
    for arguments in [&["-v"][..], &["--force"], &["-n"], &["--json"]] {
        let ran = s.run(arguments);
        ran.exits(77);
        let output = if arguments == ["--json"] { &ran.stdout } else { &ran.stderr };
        assert!(output.contains("refused the token"), "{arguments:?}\n{ran}");
    }
    let status = s.run(&["status"]);
    status.exits(77);
    assert!(status.stdout.contains("  failing since 20") && status.stdout.contains("refused the token"));
    // Looking has not made it younger for the reader of cron's mail.
    s.age(DAY - 3 * 3600);
    s.run(&[]).fails(77, &["refused the token"]);
    s.run(&[]).is(77, "");
}

#[test]
fn changed_failure_is_printed_at_once() {
    let s = stale();
    s.config("names = home www\n");
    s.fake.set("example.org", "www", "A", 600, &[ADDRESS]);
    out_of_order(&s, 500);
    s.run(&[]).fails(75, &["home.example.org A, www.example.org A: ", "server error (500)"]);
    // Another status of the same kind, with another request ID, is no news.
    s.fake.clear_faults();
    let answer = Answer::json(502, "{\"message\":\"request 0815-4711\"}");
    s.fake.fault(On::path("/v5/"), Times::Always, Fault::Answer(answer));
    s.run(&[]).is(75, "");
    // Another code.
    s.fake.revoke_all();
    s.fake.clear_faults();
    s.age(3600);
    s.run(&[]).fails(77, &["home.example.org A, www.example.org A: ", "refused the token"]);
    s.run(&[]).is(77, "");
    // One of the records.
    s.fake.accept_bearer(TOKEN);
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.remove("example.org", "www", "A");
    s.fake.set("example.org", "www", "CNAME", 600, &["elsewhere.example.org."]);
    s.age(3600);
    let ran = s.run(&[]);
    ran.exits(78);
    ran.says(&["www.example.org A: not changed: a CNAME"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    assert!(ran.stdout.starts_with("home.example.org A: works again; it failed since 20"), "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    // A record that was written needs no second line.
    s.fake.remove("example.org", "www", "CNAME");
    s.age(3600);
    s.run(&[]).is(0, &format!("www.example.org A: created: {ADDRESS} (TTL 300)\n"));
    s.run(&[]).is(0, "");
}

#[test]
fn end_of_a_failure_is_printed_only_if_the_failure_was() {
    let s = stale();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    let mut lines = 0;
    // Two days of a failure in every second run.
    for run in 0..192 {
        out_of_order(&s, 500);
        if run % 2 == 1 {
            s.fake.clear_faults();
        }
        let ran = s.run(&[]);
        assert_eq!(ran.code, Some(if run % 2 == 1 { 0 } else { 75 }), "{ran}");
        lines += ran.stdout.lines().count() + ran.stderr.lines().count();
        s.age(900);
        // The confirmation is too old at each run.
        s.age(3600);
        if is_emulated() && run > 40 {
            break;
        }
    }
    assert!((4..=26).contains(&lines), "{lines} lines in ten days");
}

#[test]
fn failures_that_alternate_are_printed_a_few_times() {
    let s = stale();
    let mut lines = 0;
    for run in 0..60 {
        s.fake.clear_faults();
        if run % 2 == 0 {
            out_of_order(&s, 500);
        } else {
            s.fake.fault(On::path("/v5/"), Times::Always, Fault::Answer(Answer::json(429, "{}")));
        }
        let ran = s.run(&[]);
        ran.prints(75, "");
        lines += ran.stderr.lines().count();
        s.age(900);
    }
    assert!((2..=6).contains(&lines), "{lines} lines in fifteen hours");
}

#[test]
fn warnings_are_printed_once_a_day_too() {
    let s = stale();
    s.config_with(
        "history = nowhere/history\non_change = hook\nquorum = 1\n",
        "[example.org]\nnames = home www\n",
    );
    s.write("hook", "#!/bin/sh\nexit 3\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.fake.set("example.org", "www", "A", 600, &[STALE]);
    s.fake.set_left(TOKEN, 3 * DAY);
    let words =
        ["could not write the history", "`on_change` hook: ended with exit code 3", "the token expires"];
    let ran = s.run(&[]);
    ran.exits(0);
    ran.says(&words);
    // The hook runs for each of the two records, and fails alike.
    assert_eq!(ran.stderr.lines().count(), 3, "{ran}");
    s.fake.set_address(fake_gandi::Family::V4, "81.2.69.180");
    s.run(&[]).exits_without_errors(0);
    s.fake.set_address(fake_gandi::Family::V4, "81.2.69.181");
    s.age(DAY);
    let ran = s.run(&[]);
    ran.says(&words);
    assert_eq!(ran.stderr.lines().count(), 3, "{ran}");
}

#[test]
fn state_that_cannot_be_written_is_one_line_in_each_run() {
    let s = stale();
    s.config_with("on_failure = hook\n", "[example.org]\nnames = home\n");
    s.write("hook", "#!/bin/sh\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.run(&[]).exits(0);
    s.fake.revoke_all();
    // A directory in place of the temporary file, which stops root as well.
    fs::create_dir(s.state_file().with_extension("state.new")).expect("an obstacle");
    s.age(7200);
    for arguments in [&[][..], &["-v"], &["--force"], &[]] {
        let ran = s.run(arguments);
        ran.exits(77);
        let lines = |words: &str| ran.stderr.lines().filter(|l| l.contains(words)).count();
        assert_eq!((lines("could not write the state"), lines("refused the token")), (1, 1), "{ran}");
    }
}

#[test]
fn lock_that_is_held_for_hours_is_told_once_a_day() {
    let s = stale();
    s.run(&[]).exits(0);
    let path = s.state_file().with_extension("lock");
    let lock = fs::OpenOptions::new().append(true).open(&path).expect("the lock");
    lock.lock().expect("the lock");
    let ago = |seconds| std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    lock.set_modified(ago(3 * DAY)).expect("an old time");
    s.run(&[]).fails(75, &["has not moved for"]);
    s.run(&[]).is(75, "");
    s.run(&["--wait", "1"]).is(75, "");
    s.run(&["--force"]).fails(75, &["has not moved for"]);
    let told = fs::FileTimes::new().set_accessed(ago(DAY));
    lock.set_times(told).expect("an old time");
    s.run(&[]).fails(75, &["has not moved for"]);
    s.run(&[]).is(75, "");
    lock.unlock().expect("unlocked");
}

#[test]
fn wrong_clock_is_told_once_a_day() {
    if !is_alone("notices::wrong_clock_is_told_once_a_day") {
        return;
    }
    let s = stale();
    let mut lines = 0;
    for run in 0..3 * 96 {
        let ran = run_in_process(&s, &[], &|| 1000 + run * 900, &|_| {}, run);
        ran.prints(75, "");
        lines += ran.stderr.lines().count();
    }
    assert_eq!(lines, 3);
    let status = s.run(&["status"]);
    assert!(status.stdout.contains("last run: "), "{status}");
    run_in_process(&s, &[], &|| START, &|_| {}, 1)
        .is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
}

#[test]
fn run_on_a_terminal_prints_everything() {
    let test = "notices::run_on_a_terminal_prints_everything";
    if !Namespace::has(test, &["script"]) {
        return;
    }
    let s = stale();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the token"]);
    s.run(&[]).is(77, "");
    let command = s.command();
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let words: Vec<_> = words.iter().map(|w| w.to_string_lossy()).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} -c gandi-ddns.conf", words.join(" ")), "/dev/null"]);
    script.current_dir(s.path("")).env_clear().env("HOME", s.path("")).env("PATH", "/usr/bin:/bin");
    let ran = s.finish(&mut script);
    ran.exits(77);
    assert_eq!(ran.stdout.matches("refused the token").count(), 1, "{ran}");
}

#[test]
fn first_failure_of_a_run_that_waits_is_printed_at_once_and_its_end() {
    let s = stale();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.fault(On::path("/v5/"), Times::Next(2), Fault::Answer(Answer::html(500, "<p>no")));
    let ran = s.run(&["--wait", "600"]);
    ran.exits(0);
    let told = format!("gandi-ddns: {SERVER_ERROR}: an HTML page; retrying for up to 600 s\n");
    assert_eq!(ran.stderr, told, "{ran}");
    assert!(ran.stdout.starts_with("home.example.org A: works again; it failed since 20"), "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    s.run(&[]).is(0, "");
}

#[test]
fn config_that_cannot_be_read_for_now_is_told_once_by_a_run_that_waits() {
    let test = "notices::config_that_cannot_be_read_for_now_is_told_once_by_a_run_that_waits";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return;
    }
    let s = stale();
    let inner = s.command();
    let mut command = Command::new("strace");
    let config = s.path("gandi-ddns.conf");
    command.args(["-qq", "-o", "/dev/null", "-e", "inject=read:error=EIO", "-P"]).arg(&config);
    command.arg(inner.get_program()).arg("-c").arg(config).args(["--wait", "3", "--json"]);
    command.env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    let ran = s.finish(&mut command);
    ran.exits(75);
    ran.says(&["could not read the config", "; retrying for up to 3 s\n"]);
    assert_eq!((ran.stderr.lines().count(), ran.stdout.lines().count()), (1, 1), "{ran}");
}

/// Config, file names, Gandi, state and history contain the sequences that a terminal obeys.
#[test]
fn no_control_character_from_outside_is_printed() {
    let hostile = "\u{1b}[31mred\u{9b}2J\u{7f}\u{202e}gnp\u{2066}x\u{feff}\u{200f}";
    let is_clean = |text: &str| {
        text.chars().all(|c| c == '\n' || !c.is_control() && !"\u{202e}\u{2066}\u{feff}\u{200f}".contains(c))
            && text.lines().all(|line| line.starts_with('{') || line.chars().count() < 1100)
    };
    let s = stale();
    let check = |arguments: &[&str], part: &str| {
        let ran = s.run(arguments);
        let output = format!("{}{}", ran.stdout, ran.stderr);
        assert!(is_clean(&ran.stderr) && is_clean(&ran.stdout), "{arguments:?} {output:?}");
        assert!(output.contains(part), "{arguments:?} {output:?}");
    };
    for config in [
        format!("{hostile} = 1\n"),
        format!("token_file = {hostile}\n[example.org]\nnames = home\n"),
        format!("[example.org]\nnames = {hostile}{}\n", "x".repeat(5000)),
        format!("{}history = {hostile}/x\n[example.org]\nnames = home\n", s.head()),
        format!("[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\na_name = {hostile}\n"),
    ] {
        s.raw_config(&config);
        for arguments in
            [&["--force"][..], &["--force", "--json"], &["check"], &["check", "--json"], &["status"]]
        {
            check(arguments, "");
        }
    }
    s.config_with("on_failure = hook\n", "[example.org]\nnames = home\n");
    s.write("hook", "#!/bin/sh\nprintf %s \"$GANDI_DDNS_ERROR\" >heard\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let message = format!(
        "{{\"message\":\"no {}\"}}",
        hostile.replace('\u{1b}', "\\u001b").replace('\u{7f}', "\\u007f")
    );
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::json(409, &message)));
    for arguments in [&["--force"][..], &["-v"], &["--force", "--json"], &["status"], &["check"]] {
        check(arguments, "no ");
    }
    let heard = fs::read_to_string(s.path("heard")).expect("the hook's variable");
    assert!(heard.contains("no ") && is_clean(&heard), "{heard:?}");
    s.fake.clear_faults();
    // Files that others may have written before.
    let state = fs::read_to_string(s.state_file()).expect("the state");
    fs::write(s.state_file(), state.replace("(409)", hostile)).expect("the state");
    let history = s.state_file().with_extension("history");
    fs::write(&history, format!("1795478400 ho{hostile}me.example.org A {hostile} 81.2.69.1\n")).expect("it");
    check(&["status"], "red");
    // A name of bytes that are no text.
    let name = std::ffi::OsString::from(format!("{hostile}.conf"));
    let mut command = s.command();
    command.arg("-c").arg(&name).arg("--json");
    let ran = s.finish(&mut command);
    assert!(ran.code == Some(78) && is_clean(&ran.stderr) && is_clean(&ran.stdout), "{ran}");
    let home = OsStr::from_bytes(b"/\xff\xfe\x1b[31m");
    let mut command = s.command();
    command.env("XDG_CONFIG_HOME", home).arg("--json");
    let ran = s.finish(&mut command);
    assert!(ran.code == Some(78) && is_clean(&ran.stderr) && is_clean(&ran.stdout), "{ran}");
    assert!(ran.stderr.contains("\u{fffd}"), "{ran}");
}
