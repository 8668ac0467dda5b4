//! Runs that may start no process, have little memory, or cannot kill what they started: an error or a warning, never an
//! abort, and always an end.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::other_user::OtherUser;
use crate::run_output::wait;
use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN, is_emulated};

/// Users without another process, for the limit of processes is one of the user.
const UID: u32 = 54_321;
const CAUSE: &str = "could not be started: Resource temporarily unavailable";
const LOCAL: &str = "token_file = token\nstate_dir = state\nipv4 = command:address\nipv6 = off\n\
                     on_failure = hook\n[example.org]\nnames = home\n";

/// Files of a run that asks nobody: its only source is a program that fails.
fn local(user: &OtherUser) {
    user.write("token", "pat_of_the_other_user", 0o600);
    user.write("address", "#!/bin/sh\nexit 3\n", 0o700);
    user.write("hook", "#!/bin/sh\necho \"$GANDI_DDNS_ERROR\" >>heard\n", 0o700);
    user.write("gandi-ddns.conf", LOCAL, 0o600);
}

#[test]
fn program_and_hook_that_cannot_be_started_for_lack_of_processes_are_reported() {
    // The emulator itself needs a thread.
    if is_emulated() {
        return;
    }
    let s = Sandbox::new();
    let user = OtherUser::new(&s, UID);
    local(&user);
    // All is printed, though the second failure is that of the first run.
    let arguments = ["-c", "gandi-ddns.conf", "--force"];
    let run = |prefix: &[&str]| s.finish(user.command(&s, prefix).args(arguments));
    for limit in ["--nproc=1", "--nproc=0"] {
        let ran = run(&["prlimit", limit]);
        ran.prints(75, "");
        ran.says(&[&format!("command:address: {CAUSE}"), &format!("warning: `on_failure` hook: {CAUSE}")]);
        assert_eq!(ran.stderr.lines().count(), 2, "{ran}");
    }
    // The failure was not told, so that the next run tells it.
    run(&["env"]).exits(75);
    let heard = fs::read_to_string(user.path("heard")).expect("a hook that ran");
    assert_eq!(heard.lines().count(), 1, "{heard}");
}

#[test]
fn record_is_updated_when_its_hook_cannot_be_started_for_lack_of_processes() {
    let s = Sandbox::new();
    let user = OtherUser::new(&s, UID + 1);
    user.write("token", TOKEN, 0o600);
    user.write("ca.pem", &s.fake.ca_pem(), 0o600);
    user.write("hook", "#!/bin/sh\n:>>heard\n", 0o700);
    let config = format!("{}on_change = hook\n[example.org]\nnames = home\n", s.head());
    user.write("gandi-ddns.conf", &config, 0o600);
    // The first run asks for the expiry of the token, so that the second one is done after the PUT.
    s.finish(user.command(&s, &[]).args(["-c", "gandi-ddns.conf"])).exits_without_errors(0);
    assert!(user.path("heard").exists());
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let (sender, receiver) = mpsc::channel::<u32>();
    // The user's own program: root may lack the right to set the limits of others.
    let limit = Mutex::new((receiver, user.plain("prlimit")));
    s.fake.before_answer(move |request, _| {
        if request.method == "PUT" {
            let mut limit = limit.lock().expect("the receiver");
            let pid = limit.0.recv().expect("the run").to_string();
            let limited = limit.1.args(["--nproc=1", "--pid", &pid]).status();
            assert!(limited.expect("prlimit").success());
        }
    });
    let mut command = user.command(&s, &[]);
    command.args(["-c", "gandi-ddns.conf", "--force"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("a run");
    sender.send(child.id()).expect("the receiver");
    let ran = wait(child);
    ran.prints(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    assert_eq!(ran.stderr, format!("gandi-ddns: warning: `on_change` hook: {CAUSE} (os error 11)\n"));
}

#[test]
fn little_memory_is_an_error_and_no_abort() {
    // Under an emulator, the limit is that of the emulator.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() {
        return;
    }
    let s = Sandbox::new();
    let user = OtherUser::new(&s, UID + 2);
    local(&user);
    let run = |kilobytes: u32| {
        let limit = format!("ulimit -v {kilobytes} && exec \"$@\"");
        // Without a state, every run tells its failure.
        let _ = (fs::remove_file(user.path("heard")), fs::remove_dir_all(user.path("state")));
        let ran = s.finish(user.command(&s, &["sh", "-c", &limit, "sh"]).args(["-c", "gandi-ddns.conf"]));
        (ran, user.path("heard").exists())
    };
    // Below this the program does not even begin: its libraries, its stack or its runtime do not fit.
    let step = 128;
    let least = (1..1000).map(|n| n * step).find(|n| run(*n).0.code == Some(75)).expect("enough");
    let mut begun = None;
    for kilobytes in (least - step..least + 4 * step).step_by(8) {
        let (ran, heard) = run(kilobytes);
        if ran.code == Some(75) {
            begun = begun.or(Some(kilobytes));
        }
        // The kernel places the stack at random, so the limit is not the same each time.
        if begun.is_none_or(|begun| kilobytes < begun + 64) {
            continue;
        }
        assert_eq!(ran.code, Some(75), "{kilobytes}: {ran}");
        assert!(heard || ran.stderr.contains("hook: could not be started: "), "{kilobytes}: {ran}");
    }
    assert!(begun.is_some());
}

/// Returns true if a copy of `setpriv` makes root of this user there: where setuid is allowed.
fn can_become_root(user: &OtherUser) -> bool {
    let copy = format!("cp $(command -v setpriv) {0} && chmod 4755 {0}", user.path("become").display());
    let copied = Command::new("sh").args(["-c", &copy]).status().is_ok_and(|s| s.success());
    let mut probe = user.plain("./become");
    copied && probe.args(["--reuid=0", "--clear-groups", "true"]).status().is_ok_and(|s| s.success())
}

#[test]
fn program_that_cannot_be_killed_does_not_hang_the_run() {
    let s = Sandbox::new();
    let user = OtherUser::new(&s, UID + 3);
    local(&user);
    // As `sudo` does. Only root can prepare that.
    if !can_become_root(&user) {
        return;
    }
    let script = "#!/bin/sh\necho $$ >hanging\nexec ./become --reuid=0 --clear-groups sleep 1000\n";
    user.write("address", script, 0o700);
    user.write("gandi-ddns.conf", &format!("timeout = 2\n{LOCAL}"), 0o600);
    let started = Instant::now();
    let ran = s.finish(user.command(&s, &[]).args(["-c", "gandi-ddns.conf"]));
    let took = started.elapsed();
    let pid = fs::read_to_string(user.path("hanging")).expect("a process ID");
    let killed = Command::new("kill").args(["-9", pid.trim()]).status();
    assert!(killed.expect("kill").success(), "the program lived on");
    ran.prints(75, "");
    ran.says(&["command:address: timed out after 2 s"]);
    assert!(took < Duration::from_secs(60), "{took:?}");
}
