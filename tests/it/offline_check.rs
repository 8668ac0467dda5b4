//! `check --offline`: the config, its files and their permissions, without network.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::faketime;
use crate::sandbox::{Sandbox, TOKEN, stale};
use crate::schema::{self, fits};
use crate::stdin_config::piped;
use fake_gandi::{Fault, On, Times};

#[test]
fn offline_check_of_a_good_config_exits_0_and_changes_nothing() {
    let s = stale();
    let ran = s.run(&["check", "--offline"]);
    ran.exits_without_errors(0);
    for words in ["config: 1 record configured", "token: from token_file token", "All checks passed."] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    for words in ["clock", "source ", "example.org A", "last success"] {
        assert!(!ran.stdout.contains(words), "{words}: {ran}");
    }
    let ran = s.run(&["check", "--offline", "--json", "--redact"]);
    ran.exits_without_errors(0);
    fits(schema::CHECK, &ran.stdout);
    assert!(!ran.stdout.contains("81.2.69"), "{ran}");
    assert!(!s.path("state").exists());
    // Records as arguments.
    let mut command = s.command();
    command.args([
        "check",
        "--offline",
        "--domain",
        "example.org",
        "--name",
        "home",
        "-o",
        "token_file=token",
    ]);
    s.finish(&mut command).exits_without_errors(0);
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn offline_check_fails_for_a_bad_config_and_bad_files() {
    let s = Sandbox::new();
    let check = |code, words: &str| {
        for more in [&[][..], &["--json"]] {
            let ran = s.run(&[&["check", "--offline"], more].concat());
            assert!(ran.code == Some(code) && ran.stdout.contains(words), "{words}: {ran}");
        }
    };
    s.config_with("on_change = nowhere\n", "[example.org]\nnames = home\n");
    check(0, "nowhere: not found");
    s.config_with("frob = 1\n", "[example.org]\nnames = home\n");
    check(78, "unknown key `frob`");
    s.config("names = home\n");
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o644)).expect("a mode");
    check(0, "is readable by all users");
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o666)).expect("a mode");
    check(78, "other users can write to");
    fs::remove_file(s.path("token")).expect("the token");
    check(78, "token file token does not exist");
    s.run(&["check", "--offline", "-o", "frob=1"]).exits(78);
    s.write("token", TOKEN);
    s.run(&["check", "--offline", "-o", "frob=1"]).exits(64);
    for command in [&["--offline"][..], &["status", "--offline"], &["ip", "--offline"]] {
        s.run(command).fails(64, &["--offline cannot be used with ", ", only with check"]);
    }
    s.run(&["check", "--offline", "--offline"]).fails(64, &["--offline is given twice"]);
    assert_eq!(s.fake.connections(), 0);
}

/// As by `validate` of Ansible: another file, while a run holds the lock.
#[test]
fn offline_check_of_a_copy_needs_neither_the_lock_nor_the_clock() {
    const NAME: &str = "offline_check::offline_check_of_a_copy_needs_neither_the_lock_nor_the_clock";
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    let timeout = std::time::Duration::from_secs(60);
    assert!(s.fake.wait_until(timeout, |r| r.iter().any(|r| r.listener == "livedns")));
    let text = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    let here = s.path("").display().to_string();
    let copy = ["token", "ca.pem", "state"]
        .iter()
        .fold(text, |text, name| text.replace(&format!("= {name}\n"), &format!("= {here}{name}\n")));
    fs::create_dir(s.path("tmp")).expect("a directory");
    s.write("tmp/source", &copy);
    s.finish(s.command().args(["check", "--offline", "-c", "tmp/source"])).exits_without_errors(0);
    // By `< %s`, as root, the file may be another user's.
    piped(&s, s.command().args(["check", "--offline", "-c", "-"]), &copy).exits_without_errors(0);
    let ran = s.run(&["check", "--offline"]);
    ran.exits_without_errors(0);
    assert!(ran.stdout.ends_with("\nAll checks passed.\n"), "{ran}");
    first.kill().expect("the first run");
    first.wait().expect("its end");
    if let Some(mut command) = faketime::command(NAME, &s, "1970-01-01 00:00:10") {
        s.finish(command.args(["check", "--offline", "-c", "gandi-ddns.conf"])).exits_without_errors(0);
    }
}
