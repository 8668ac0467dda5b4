//! The limits of hooks and of `command:` programs: time, children that they leave behind, and the environment.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN, is_emulated};
use fake_gandi::{Answer, Fault, On, Setup, Times, Tls};

/// A hook that appends the given variable to the file `heard`.
const HOOK: &str =
    "#!/bin/sh\necho \"$GANDI_DDNS_NAME|$GANDI_DDNS_TYPE|$GANDI_DDNS_ERROR|$GANDI_TOKEN\" >>heard\n";
/// More than any test here should take, and less than its forgotten children live.
const BOUND: Duration = Duration::from_secs(60);

/// A sandbox with a stale A record, these global lines and these names.
fn with(keys: &str, names: &str) -> Sandbox {
    let s = Sandbox::new();
    configure(&s, keys, names);
    s
}

fn configure(s: &Sandbox, keys: &str, names: &str) {
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.config_with(keys, &format!("[example.org]\nnames = {names}\n"));
}

/// Writes a script by another process. If this process opened it for writing, the child of a concurrent test could
/// inherit that descriptor, and then the script cannot be started (ETXTBSY, execve(2)).
fn program(s: &Sandbox, name: &str, text: &str) {
    let line = "printf '%s' \"$1\" >\"$2\" && chmod 755 \"$2\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh", text, name]).current_dir(s.path("."));
    assert!(shell.status().expect("a shell").success());
}

/// Returns the lines that the hook has written since the last call.
fn heard(s: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(s.path("heard")).unwrap_or_default();
    let _ = fs::remove_file(s.path("heard"));
    text.lines().map(str::to_owned).collect()
}

/// The child whose process ID is in this file lives, and holds its stdout. Ends it.
#[track_caller]
fn ends_child(s: &Sandbox, file: &str) {
    let pid = fs::read_to_string(s.path(file)).expect("a process ID");
    assert!(Path::new(&format!("/proc/{}/fd/1", pid.trim())).exists(), "the child was killed");
    let killed = Command::new("kill").args(["-9", pid.trim()]).status();
    assert!(killed.expect("kill").success());
}

#[test]
fn hooks_of_a_run_share_thirty_seconds() {
    let s = with("on_change = hang\non_failure = hook\n", "home www vpn bad");
    program(&s, "hang", "#!/bin/sh\nsleep 1000 &\necho $! >>children\nsleep 1000\n");
    program(&s, "hook", HOOK);
    let refusal = Answer::json(400, "{\"message\":\"not this one\"}");
    s.fake.fault(On::route("PUT", "/bad"), Times::Always, Fault::Answer(refusal));
    let started = Instant::now();
    let ran = s.run(&[]);
    let took = started.elapsed();
    ran.exits(78);
    assert_eq!(ran.stdout.lines().count(), 3, "{ran}");
    ran.says(&[
        "warning: `on_change` hang: timed out after 30 s\n",
        "warning: hooks not run: 3; all hooks of a run share 30 s, so let a slow hook work in the background\n",
    ]);
    assert_eq!(ran.stderr.lines().count(), 3, "one line is about the record\n{ran}");
    assert!(took >= Duration::from_secs(30) && took < BOUND, "{took:?}");
    let children = fs::read_to_string(s.path("children")).expect("the child of the only hook");
    assert_eq!(children.lines().count(), 1, "{children}");
    assert!(!is_running(children.trim()), "a hook that times out is killed with its children");
    // The failure was not told, so that the next run tells it.
    assert_eq!(heard(&s), [""; 0]);
    s.run(&[]).exits(78);
    let told = heard(&s);
    assert!(told.len() == 1 && told[0].starts_with("bad|A|could not change the record"), "{told:?}");
    s.run(&[]).exits(78);
    assert_eq!(heard(&s), [""; 0]);
}

/// Returns true if the process is there, and no zombie.
fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[test]
fn hook_that_leaves_a_child_with_its_streams_is_not_waited_for() {
    for arguments in [&[][..], &["-v"]] {
        let s = with("on_change = hook\n", "home");
        program(&s, "hook", "#!/bin/sh\nsleep 1000 &\necho $! >child\necho spoken >&2\n");
        let started = Instant::now();
        let ran = s.run(arguments);
        assert!(started.elapsed() < BOUND);
        ran.prints(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
        assert!(!ran.stderr.contains("warning"), "{ran}");
        assert_eq!(ran.stderr.contains("spoken\n"), !arguments.is_empty(), "{ran}");
        ends_child(&s, "child");
    }
}

/// A sandbox with this script as the source of the A record.
fn with_command(script: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let head = s.head();
    let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
    let names = "ipv4 = command:address\nipv6 = off\n[example.org]\nnames = home\n";
    s.raw_config(&format!("{}\n{names}", head.join("\n")));
    program(&s, "address", script);
    s
}

#[test]
fn program_that_leaves_a_child_with_its_streams_is_not_waited_for() {
    let leave = "#!/bin/sh\nsleep 1000 &\necho $! >child\n";
    let changed = format!("home.example.org A: {STALE} -> {ADDRESS}\n");
    for (script, words) in [
        ("echo 81.2.69.142; echo spoken >&2", ""),
        ("printf 81.2.69.142; echo spoken >&2", ""),
        // The child of the child writes, perhaps after the end of the program, as `exec > >(tee log)` does.
        ("(echo 81.2.69.142) & echo spoken >&2", ""),
        ("echo 81.2.69.142; echo spoken >&2; exit 3", "ended with exit code 3"),
        ("echo spoken >&2", "printed nothing"),
    ] {
        let s = with_command(&format!("{leave}{script}\n"));
        let started = Instant::now();
        let ran = s.run(&[]);
        assert!(started.elapsed() < BOUND, "{script}");
        if words.is_empty() {
            ran.prints(0, &changed);
        } else {
            ran.exits(75);
        }
        ran.says(&["spoken\n", words]);
        assert!(!ran.stderr.contains("timed out"), "{script}: {ran}");
        ends_child(&s, "child");
    }
}

#[test]
fn stderr_of_a_program_is_limited() {
    let s = with_command("#!/bin/sh\nyes complaint | head -c 1000000 >&2\necho 81.2.69.142\n");
    let ran = s.run(&[]);
    ran.prints(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    assert!(ran.stderr.starts_with("complaint\n") && ran.stderr.len() <= 4096, "{}", ran.stderr.len());
}

/// Returns so many names that their list is longer than an environment can be; under an emulator, which is slow, so many
/// that it is longer than a variable may be.
fn many_names() -> Vec<String> {
    let end = if is_emulated() { 2500 } else { 8000 };
    (1000..end).map(|n| format!("camera-in-the-garden-{n}")).collect()
}

#[test]
fn seven_thousand_names_that_fail_alike_are_reported_once() {
    let names = many_names();
    let s = with("on_failure = hook\n", &names.join(" "));
    program(&s, "hook", HOOK);
    s.fake.revoke_all();
    let ran = s.run(&[]);
    ran.exits(77);
    assert!(!ran.stderr.contains("on_failure"), "{}", ran.stderr);
    let told = heard(&s);
    assert_eq!(told.len(), 1);
    let fields: Vec<&str> = told[0].split('|').collect();
    let [told, "A", error, ""] = fields[..] else { panic!("{fields:?}") };
    assert!(error.contains("refused the token"), "{error}");
    // Whole words, and the number of those that are missing.
    let words: Vec<&str> = told.split(' ').collect();
    let [shown @ .., "and", more, "more"] = &words[..] else { panic!("{told}") };
    assert!(shown.iter().zip(&names).all(|(shown, name)| shown == name), "{told}");
    assert_eq!(shown.len() + more.parse::<usize>().expect(more), names.len());
    assert!(told.len() > 10_000 && told.len() < 17_000, "{}", told.len());
    s.run(&[]).exits(77);
    assert_eq!(heard(&s), [""; 0], "reported once a day");
}

#[test]
fn environment_of_a_hook_fits_where_the_stack_is_small() {
    let names = many_names();
    let s = with("on_failure = hook\n", &names.join(" "));
    program(&s, "hook", HOOK);
    s.fake.revoke_all();
    // The kernel then takes 128 KiB of arguments and environment, the least that it ever takes.
    let program = s.command();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -s 512 && exec \"$@\"", "sh"]).arg(program.get_program());
    command.args(program.get_args()).args(["-c", "gandi-ddns.conf"]).env_clear().current_dir(s.path(""));
    command.env("GANDI_TOKEN", TOKEN);
    s.finish(&mut command).exits(77);
    assert_eq!(heard(&s).len(), 1);
}

#[test]
fn control_characters_in_a_certificate_or_message_do_not_stop_a_hook() {
    let s = Sandbox::with(Setup { tls: Tls::ControlName, ..Setup::default() });
    configure(&s, "on_failure = hook\n", "home");
    program(&s, "hook", HOOK);
    let ran = s.run(&[]);
    ran.exits(75);
    ran.says(&["the certificate of 127.0.0.1", "is not trusted: it is for"]);
    assert!(!ran.stderr.contains("on_failure"), "{ran}");
    let told = heard(&s);
    assert!(told.len() == 1 && told[0].contains("wrong  .example"), "{told:?}");
    let s = with("on_failure = hook\n", "home");
    program(&s, "hook", HOOK);
    let body = Answer::json(400, "{\"message\":\"bad \\u0000 \\u001b[31m \\n value\"}");
    s.fake.fault(On::method("GET"), Times::Always, Fault::Answer(body));
    s.run(&[]).exits(78);
    let told = heard(&s);
    assert!(told.len() == 1 && told[0].contains("bad    [31m   value"), "{told:?}");
    // The text of a failure in backoff comes from the state. A NUL would make that unreadable.
    let state = fs::read_to_string(s.state_file()).expect("the state");
    fs::write(s.state_file(), state.replace(" value", " v\u{7f}\u{1b}alue")).expect("the state");
    s.age(86_400);
    let state = fs::read_to_string(s.state_file()).expect("the state");
    // It lasts, and is in backoff.
    let backoff = |line: &str| {
        let mut words: Vec<&str> = line.split(' ').collect();
        let last_seen = if words[0] == "failure" { words[3].to_owned() } else { return line.to_owned() };
        let later = (last_seen.parse::<u64>().expect("a time") + 2 * 86_400).to_string();
        words[4] = &later;
        words.join(" ")
    };
    let state: Vec<String> = state.lines().map(backoff).collect();
    fs::write(s.state_file(), state.join("\n") + "\n").expect("the state");
    let ran = s.run(&[]);
    ran.exits(78);
    assert!(!ran.stderr.contains("on_failure"), "{ran}");
    let told = heard(&s);
    assert!(told.len() == 1 && told[0].contains("v  alue"), "{told:?}");
}

#[test]
fn hook_that_could_not_be_started_runs_at_the_next_run() {
    let s = with("on_failure = hook\n", "home");
    s.fake.revoke_all();
    for _ in 0..2 {
        s.forget_notices();
        let ran = s.run(&[]);
        ran.exits(77);
        ran.says(&["warning: `on_failure` hook: not found"]);
    }
    s.write("hook", HOOK);
    s.run(&[]).says(&["warning: `on_failure` hook: could not be started (make it executable"]);
    program(&s, "hook", HOOK);
    s.run(&[]).exits(77);
    assert_eq!(heard(&s).len(), 1);
    s.run(&[]).exits(77);
    assert_eq!(heard(&s), [""; 0], "reported once a day");
    // One that fails was started, and counts as told.
    let s = with("on_failure = hook\n", "home");
    s.fake.revoke_all();
    program(&s, "hook", &format!("{HOOK}exit 3\n"));
    s.run(&[]).says(&["warning: `on_failure` hook: ended with exit code 3"]);
    s.run(&[]).exits(77);
    assert_eq!(heard(&s).len(), 1);
}
