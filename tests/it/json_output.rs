//! `--json`: one object per run that fits the schema.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use miniserde::json::{self, Value};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox};
use crate::schema::{self, fits};
use fake_gandi::{Answer, Fault, On, Times};

/// Returns the object that the run printed.
#[track_caller]
fn object(ran: &RunOutput) -> Value {
    fits(schema::RUN, &ran.stdout)
}

/// Returns its member at a path such as `records/0/result`, as JSON.
#[track_caller]
fn at(object: &Value, path: &str) -> String {
    let member = path.split('/').fold(object, |value, word| match value {
        Value::Object(object) => object.get(word).unwrap_or_else(|| panic!("no {path}")),
        Value::Array(array) => &array[word.parse::<usize>().expect(path)],
        _ => panic!("no {path}"),
    });
    json::to_string(member)
}

#[test]
fn result_of_each_record_is_listed() {
    let s = Sandbox::new();
    s.config("names = home new\nttl = 300\n");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let ran = s.run(&["--json"]);
    ran.exits_without_errors(0);
    let report = object(&ran);
    for (path, wanted) in [
        ("version", concat!("\"", env!("CARGO_PKG_VERSION"), "\"")),
        ("exit", "0"),
        ("dry_run", "false"),
        ("error", "null"),
        ("records/0/domain", "\"example.org\""),
        ("records/0/name", "\"home\""),
        ("records/0/type", "\"A\""),
        ("records/0/result", "\"replaced\""),
        ("records/0/old", "[\"81.2.69.1\"]"),
        ("records/0/addresses", "[\"81.2.69.142\"]"),
        ("records/0/ttl", "300"),
        ("records/0/exit", "null"),
        ("records/0/error", "null"),
        ("records/1/result", "\"created\""),
        ("records/1/old", "[]"),
    ] {
        assert_eq!(at(&report, path), wanted, "{path}");
    }
    assert_ne!(at(&report, "token_expires"), "null");
    assert_eq!(at(&object(&s.run(&["--json"])), "records/0/result"), "\"cached\"");
    assert_eq!(at(&object(&s.run(&["--json", "--force", "-q"])), "records/0/result"), "\"unchanged\"");
}

#[test]
fn dry_run_is_marked() {
    let s = Sandbox::new();
    let report = object(&s.run(&["--json", "--dry-run"]));
    assert_eq!(
        (at(&report, "dry_run"), at(&report, "records/0/result")),
        ("true".into(), "\"created\"".into())
    );
    assert_eq!(s.count("PUT"), 0);
}

#[test]
fn failed_record_has_error_and_since() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    let ran = s.run(&["--json"]);
    ran.says(&["2 addresses"]);
    let report = object(&ran);
    assert_eq!((at(&report, "exit"), at(&report, "records/0/exit")), ("78".into(), "78".into()));
    assert_eq!(
        (at(&report, "records/0/result"), at(&report, "records/0/since")),
        ("\"failed\"".into(), "null".into())
    );
    assert!(at(&report, "records/0/error").contains("the record has 2 addresses (81.2.69.1 81.2.69.2)"));
    assert_ne!(at(&object(&s.run(&["--json"])), "records/0/since"), "null");
}

#[test]
fn all_attempts_of_a_run_share_one_object() {
    let s = Sandbox::new();
    s.config("names = home\n[example.net]\nnames = @\n");
    s.fake.add_domain("example.net");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.fault(On::path("example.net"), Times::Once, Fault::Answer(Answer::html(500, "<p>no")));
    let ran = s.run(&["--json", "--wait", "60"]);
    // The first failure is printed at once.
    ran.exits(0);
    ran.says(&["example.net A: could not read the record", "; retrying for up to 60 s\n"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    let report = object(&ran);
    // The second attempt, which has nothing to do, does not hide the change by the first.
    assert_eq!(
        (at(&report, "records/0/result"), at(&report, "records/0/old")),
        ("\"replaced\"".into(), "[\"81.2.69.1\"]".into())
    );
    assert_eq!(at(&report, "records/1/addresses"), format!("[\"{ADDRESS}\"]"));
}

#[test]
fn held_lock_is_the_error_of_the_run() {
    let s = Sandbox::new();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    let timeout = std::time::Duration::from_secs(60);
    assert!(s.fake.wait_until(timeout, |r| r.iter().any(|r| r.listener == "livedns")));
    let report = object(&s.run(&["--json"]));
    assert_eq!((at(&report, "exit"), at(&report, "records")), ("75".into(), "[]".into()));
    assert!(at(&report, "error").contains("another instance is running (lock "));
    first.kill().expect("the first run");
    first.wait().expect("its end");
}

#[test]
fn config_error_is_the_error_of_the_run() {
    let s = Sandbox::new();
    fs::remove_file(s.path("token")).expect("the token");
    for (config, word) in [
        (None, "token file token does not exist"),
        (Some("frob = \u{1b}[31m1\u{202e}\n"), "unknown key `frob`"),
        (Some("names = home\n"), "names"),
        (Some("[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\n"), "older Gandi script"),
    ] {
        if let Some(text) = config {
            s.raw_config(text);
        }
        for arguments in [&["--json"][..], &["--json", "-n", "-q"], &["--json", "--wait", "5"]] {
            let ran = s.run(arguments);
            ran.exits(78);
            ran.says(&[word]);
            let report = object(&ran);
            assert_eq!((at(&report, "exit"), at(&report, "records")), ("78".into(), "[]".into()));
            assert!(at(&report, "error").contains(word), "{ran}");
            assert_eq!(at(&report, "dry_run"), arguments.contains(&"-n").to_string());
        }
        if config.is_some() {
            let ran = s.run(&["ip", "--json"]);
            ran.exits(78);
            assert!(at(&fits(schema::IP, &ran.stdout), "error").contains(word), "{ran}");
            let ran = s.run(&["check", "--json"]);
            ran.exits_without_errors(78);
            assert!(at(&fits(schema::CHECK, &ran.stdout), "checks/1/text").contains(word), "{ran}");
        }
    }
    // The records of the arguments, and a file that is not there.
    let mut command = s.command();
    let inline = ["--json", "--domain=-bad-", "--name", "home"];
    let ran = s.finish(command.args(inline));
    ran.exits(64);
    assert!(at(&object(&ran), "error").contains("-bad-"), "{ran}");
    let ran = s.finish(s.command().arg("check").args(inline));
    ran.exits(64);
    let report = fits(schema::CHECK, &ran.stdout);
    assert_eq!(at(&report, "exit"), "64");
    assert!(at(&report, "checks/1/text").contains("-bad-"), "{ran}");
    fs::remove_file(s.path("gandi-ddns.conf")).expect("the config");
    let ran = s.run(&["--json"]);
    ran.exits(78);
    assert!(at(&object(&ran), "error").contains("could not read the config"), "{ran}");
}

#[test]
fn bad_command_line_under_json_is_an_object_too() {
    let s = Sandbox::new();
    for (line, words) in [
        ("--frob", "unknown option --frob"),
        ("stray", "unexpected argument stray"),
        ("--wait", "--wait needs a value: --wait TIME"),
        ("--wait soon", "--wait: invalid duration `soon`"),
        ("-q -v", "--quiet and --verbose cannot be used together"),
        ("--json", "--json is given twice"),
        ("-o timeout", "-o: expected a key"),
        ("-o frob=1", "-o: unknown key `frob`"),
        ("-o timeout=soon", "-o: `timeout`: invalid duration `soon`"),
    ] {
        for (command, schema) in [("", schema::RUN), ("check", schema::CHECK), ("ip", schema::IP)] {
            // `--wait` is an option of an update only.
            if !command.is_empty() && line.starts_with("--wait") {
                continue;
            }
            for form in [format!("{command} --json {line}"), format!("{line} {command} --json")] {
                let ran = s.run(&form.split_whitespace().collect::<Vec<_>>());
                ran.exits(64);
                ran.says(&[words, "; see gandi-ddns --help\n"]);
                assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
                let (report, place) =
                    (fits(schema, &ran.stdout), if command == "check" { "text" } else { "error" });
                let path = match command {
                    // The clock is the first finding of a command line that was understood.
                    "check" if line.contains('=') => "checks/1/text",
                    "check" => "checks/0/text",
                    _ => place,
                };
                assert!(at(&report, path).contains(words), "{form}: {ran}");
                if command != "ip" {
                    assert_eq!(at(&report, "exit"), "64");
                }
            }
        }
    }
    // Without `--json`, and after the end of the options, no object.
    for line in ["--frob", "check --frob", "--json=yes"] {
        s.run(&line.split(' ').collect::<Vec<_>>()).prints(64, "");
    }
    // No secret in it.
    let ran = s.run(&["--json", "-o", "token=s3cr3tP4ss"]);
    ran.exits(64);
    assert!(at(&object(&ran), "error").contains("other users can see arguments"), "{ran}");
    assert!(!ran.stdout.contains("s3cr3tP4ss"), "{ran}");
    let ran = s.run(&["--json", "--address", "192.168.1.1"]);
    ran.exits(64);
    assert!(at(&object(&ran), "error").contains("a private address (RFC 1918)"), "{ran}");
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn object_of_a_bad_command_line_is_that_of_the_first_command() {
    let s = Sandbox::new();
    // As typed, and not the value of an option.
    for (line, schema) in [
        ("get ip --json --frob", schema::GET),
        ("ip check --json", schema::IP),
        ("-c check status --frob --json", schema::STATUS),
        ("status check --json", schema::STATUS),
        ("--config ip --json --frob", schema::RUN),
        ("frob get --json", schema::GET),
        ("get --json --config", schema::GET),
    ] {
        let ran = s.finish(s.command().args(line.split(' ')));
        ran.exits(64);
        fits(schema, &ran.stdout);
    }
    // Help is help, and an argument that is not UTF-8 hides none of the others.
    let ran = s.finish(s.command().args(["get", "--json", "--help"]));
    assert!(ran.code == Some(0) && ran.stdout.starts_with("Dynamic DNS client"), "{ran}");
    let mut command = s.command();
    command.arg("-c").arg(OsStr::from_bytes(b"\xff")).args(["--json", "get"]);
    let ran = s.finish(&mut command);
    ran.exits(64);
    assert!(at(&fits(schema::GET, &ran.stdout), "error").contains("argument 2 is not UTF-8"), "{ran}");
}

#[test]
fn result_of_ip_fits_its_schema() {
    let s = Sandbox::new();
    let ran = s.run(&["ip", "--json", "-4"]);
    ran.exits_without_errors(0);
    assert_eq!(at(&fits(schema::IP, &ran.stdout), "error"), "null");
}

#[test]
fn warning_that_is_not_printed_again_is_in_the_object() {
    let s = Sandbox::new();
    s.config_with("history = nowhere/history\n", "[example.org]\nnames = home\n");
    let ran = s.run(&["--json"]);
    ran.says(&["could not write the history"]);
    assert!(at(&object(&ran), "warnings/0/text").contains("could not write the history"), "{ran}");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.age(7200);
    let ran = s.run(&["--json"]);
    ran.exits_without_errors(0);
    assert!(at(&object(&ran), "warnings/0/text").contains("could not write the history"), "{ran}");
}
