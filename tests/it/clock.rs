//! A clock that cannot be right, for each command. faketime replaces the clock of the real binary.

use std::process::Command;

use gandi_ddns::cli::{self, Invocation};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::{check, ip, status};
use gandi_ddns::console::{Console, Verbosity};
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::time::Timestamp;

use crate::in_process::{is_alone, run_in_process};
use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{STALE, Sandbox};
use fake_gandi::{Family, Tls};

/// Each command, and its exit code with a clock that is wrong.
const COMMANDS: [(&[&str], i32); 8] = [
    (&["check"], 75),
    (&["check", "--json"], 75),
    (&["check", "--redact"], 75),
    (&["ip"], 75),
    (&["ip", "--json"], 75),
    (&[], 75),
    (&["--json", "-n"], 75),
    (&["status"], 0),
];

/// A sandbox with a stale record, whose address services speak TLS.
fn stale() -> Sandbox {
    let s = Sandbox::new();
    let urls: Vec<_> = (4..7).map(|n| s.fake.echo_tls(n, Family::V4, Tls::default()).url()).collect();
    let head = s.head();
    let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
    s.raw_config(&format!(
        "{}\nipv4 = {}\nipv6 = off\n[example.org]\nnames = home\ntypes = A\n",
        head.join("\n"),
        urls.join(" ")
    ));
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

/// Runs the binary at this time, in UTC.
fn run_at(s: &Sandbox, time: &str, arguments: &[&str]) -> RunOutput {
    let mut command = Command::new("faketime");
    command.arg("-f").arg(format!("@{time}")).arg(s.command().get_program());
    command.args(["-c", "gandi-ddns.conf"]).args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("HOME", s.path(""));
    command.current_dir(s.path(""));
    s.finish(&mut command)
}

/// Returns false if faketime is missing, or if the binary under test is another than the native one: faketime is
/// preloaded, which a static binary is not.
fn can_fake(test: &str) -> bool {
    std::env::var_os("GANDI_DDNS_COMMAND").is_none() && Namespace::has(test, &["faketime"])
}

#[test]
fn clock_before_the_build_is_reported_by_each_command_before_any_request() {
    if !can_fake("clock::clock_before_the_build_is_reported_by_each_command_before_any_request") {
        return;
    }
    let s = stale();
    for (time, read) in [
        ("1901-12-13 20:45:51", "1970-01-01 00:00:00"),
        ("1969-01-01 00:00:00", "1970-01-01 00:00:00"),
        ("1969-12-31 23:59:59", "1970-01-01 00:00:00"),
        ("1970-01-01 00:00:00", "1970-01-01 00:00:"),
        ("2020-02-29 12:00:00", "2020-02-29 12:00:"),
    ] {
        for (arguments, code) in COMMANDS {
            let ran = run_at(&s, time, arguments);
            ran.exits(code);
            let output = format!("{}{}", ran.stdout, ran.stderr);
            if code == 75 {
                let complaint = format!("this machine's clock reads {read}");
                let first = output.lines().next().unwrap_or_default();
                assert!(
                    first.contains(&complaint) && first.contains("set it by NTP"),
                    "{time} {arguments:?}\n{ran}"
                );
            }
        }
    }
    assert_eq!(s.fake.connections(), 0, "no request with a wrong clock");
    assert!(s.fake.requests().is_empty(), "no request with a wrong clock");
}

#[test]
fn clock_of_the_far_future_ends_no_command_early() {
    if !can_fake("clock::clock_of_the_far_future_ends_no_command_early") {
        return;
    }
    let s = stale();
    // The certificate of the fake has expired then.
    for time in ["2107-01-01 00:00:00", "2262-04-11 23:47:17"] {
        for (arguments, code) in COMMANDS {
            let ran = run_at(&s, time, arguments);
            // After the first run, `status` shows its failure.
            ran.exits(if ran.code == Some(75) { 75 } else { code });
        }
    }
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    // The first second that 32 bits do not hold.
    let ran = run_at(&s, "2038-01-19 03:14:08", &["--force"]);
    ran.prints(0, &format!("home.example.org A: {STALE} -> 81.2.69.142\n"));
    for (arguments, _) in COMMANDS {
        run_at(&s, "2038-01-19 03:14:08", arguments).exits(0);
    }
}

#[test]
fn clock_at_any_number_of_seconds_ends_no_command_early() {
    if !is_alone("clock::clock_at_any_number_of_seconds_ends_no_command_early") {
        return;
    }
    let s = stale();
    for seconds in [0, 1 << 31, i64::MAX.unsigned_abs(), 1 << 63, u64::MAX] {
        let code = if seconds == 0 { 75 } else { 0 };
        for command in ["check", "ip"] {
            assert_eq!(in_process(&s, command, seconds), code, "{command} {seconds}");
        }
        run_in_process(&s, &["--force"], &|| seconds, &|_| {}, 1).exits(code);
        // After that run.
        in_process(&s, "status", seconds);
    }
}

/// Runs a command other than `update` as a library, and returns its exit code.
fn in_process(s: &Sandbox, command: &str, seconds: u64) -> i32 {
    let config = s.path("gandi-ddns.conf").into_os_string();
    let words = vec![command.into(), "-c".into(), config];
    let now = || Timestamp::from_secs(seconds);
    let context = Context { env: Environment::default(), now: &now, sleep: &|_| {}, seed: 1 };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
    let exit = match cli::parse(words) {
        Ok(Invocation::Check(options, redaction)) => {
            check::execute(&options, redaction, &context, &mut console)
        }
        Ok(Invocation::Ip(options)) => ip::execute(&options, &context, &mut console),
        Ok(Invocation::Status(options)) => status::execute(&options, &context, &mut console),
        _ => panic!("another command"),
    };
    exit.code().into()
}
