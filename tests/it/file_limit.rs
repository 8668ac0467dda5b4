//! The size limit of files (`ulimit -f`): a run that cannot write its files does the rest of its work.

use std::fs;
use std::process::Command;

use crate::run_output::RunOutput;
use crate::sandbox::{STALE, Sandbox, TOKEN};

const CHANGED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

/// Runs the binary in a shell, after this command and with this redirection.
fn run(s: &Sandbox, limit: &str, redirection: &str) -> RunOutput {
    let binary = s.command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{limit} && exec \"$@\" {redirection}"), "sh"]);
    command.arg(binary.get_program()).args(binary.get_args()).args(["-c", "gandi-ddns.conf"]);
    command.env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    s.finish(&mut command)
}

/// A sandbox with a stale record, and more records that are right: the state is longer than 1 kB.
fn stale() -> Sandbox {
    let s = Sandbox::new();
    let mut names = "home".to_owned();
    for number in 0..20 {
        let name = format!("a{number}");
        s.fake.set("example.org", &name, "A", 600, &["81.2.69.142"]);
        names = names + " " + &name;
    }
    s.config_with("history = history\n", &format!("[example.org]\nnames = {names}\ntypes = A\n"));
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

#[test]
fn record_is_updated_when_no_file_may_grow() {
    for limit in ["ulimit -f 0", "ulimit -S -f 0", "ulimit -S -f 0 && ulimit -H -f 10"] {
        let s = stale();
        let ran = run(&s, limit, "");
        ran.prints(0, CHANGED);
        ran.says(&[
            "gandi-ddns: warning: could not write the state state/",
            "gandi-ddns: warning: could not write the history history: File too large",
        ]);
        assert!(ran.stderr.lines().all(|l| l.ends_with(": File too large (os error 27)")), "{ran}");
        assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
        assert!(!s.path("history").exists() && !s.path("history.new").exists());
        // The next run writes the state.
        s.run(&[]).is(0, "");
        assert!(s.state_file().exists());
    }
}

#[test]
fn file_that_fits_into_the_limit_is_written() {
    for limit in ["ulimit -f 1", "ulimit -S -f 1"] {
        let s = stale();
        let ran = run(&s, limit, "");
        ran.prints(0, CHANGED);
        ran.says(&["could not write the state state/"]);
        assert!(ran.stderr.lines().all(|l| l.contains("the state") && l.contains("File too large")), "{ran}");
        let history = fs::read_to_string(s.path("history")).expect("the history");
        assert!(history.ends_with(" home.example.org A 81.2.69.1 81.2.69.142\n"), "{history}");
    }
}

#[test]
fn output_that_does_not_fit_into_its_file_is_dropped() {
    for (limit, redirection, kept) in [
        ("ulimit -f 0", ">out 2>err", ""),
        ("ulimit -f 0", ">>out 2>>err", ""),
        ("ulimit -S -f 0", ">out 2>&1", ""),
        ("ulimit -f 1000", ">>out 2>&1", CHANGED),
    ] {
        let s = stale();
        run(&s, limit, redirection).is(0, "");
        assert_eq!(fs::read_to_string(s.path("out")).expect("stdout"), kept, "{limit} {redirection}");
        assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
    }
    // A file that is almost full, of 512 bytes at most: no part of the line is written.
    let s = stale();
    let full = "x".repeat(500);
    for redirection in [">>out 2>&1", "2>>out >>out"] {
        s.write("out", &full);
        run(&s, "ulimit -f 1", redirection).is(0, "");
        assert_eq!(fs::read_to_string(s.path("out")).expect("stdout"), full);
    }
    assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
}

#[test]
fn token_is_not_renewed_when_its_file_may_not_grow() {
    let s = Sandbox::new();
    s.fake.set_left(TOKEN, 10 * 86_400);
    s.config_with("renew_token = yes\n", "[example.org]\nnames = home\n");
    // Without a writable state no token is maintained, so the limit is between state and token file.
    let ran = run(&s, "ulimit -f 4", "");
    ran.exits(0);
    ran.says(&[
        "could not renew the token",
        "could not create a temporary file next to it",
        "File too large",
    ]);
    assert_eq!((s.fake.renewals(), s.path("token.new").exists()), (0, false));
    assert_eq!(fs::read_to_string(s.path("token")).expect("the token"), TOKEN);
    // An interrupted renewal is completed later.
    s.write("token.new", "pat_another_SECRET\n");
    s.fake.accept_bearer("pat_another_SECRET");
    let ran = run(&s, "ulimit -f 0", "-v");
    ran.exits(0);
    ran.says(&["could not store the new token", "File too large"]);
    assert_eq!(fs::read_to_string(s.path("token.new")).expect("the new token"), "pat_another_SECRET\n");
    s.run(&[]).exits(0);
    assert_eq!(fs::read_to_string(s.path("token")).expect("the token"), "pat_another_SECRET\n");
}
