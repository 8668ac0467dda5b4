//! A clock that cannot be right, for each command. faketime replaces the clock of the real binary.

use gandi_ddns::cli::{self, Command};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::{check, get, ip, status};
use gandi_ddns::console::{Console, Verbosity};
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::time::Timestamp;
use std::cell::Cell;

use crate::faketime;
use crate::in_process::{is_alone, run_in_process};
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Family, Tls};

/// Each command, and its exit code with a clock that is wrong.
const COMMANDS: [(&[&str], i32); 11] = [
    (&["check"], 75),
    (&["check", "--json"], 75),
    (&["check", "--redact"], 75),
    (&["ip"], 75),
    (&["ip", "--json"], 75),
    (&[], 75),
    (&["--json", "-n"], 75),
    (&["get"], 75),
    (&["get", "--json", "-4", "home"], 75),
    (&["status"], 0),
    (&["status", "--json"], 0),
];

/// A sandbox with a stale record, whose address services speak TLS.
fn stale() -> Sandbox {
    let s = Sandbox::new();
    let urls: Vec<_> = (4..7).map(|n| s.fake.echo_tls(n, Family::V4, Tls::default()).url()).collect();
    let head = s.head();
    let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
    // Nobody may ask it: the clock is too wrong for TLS.
    let heartbeat = s.fake.echo_tls(7, Family::V4, Tls::default()).url();
    s.raw_config(&format!(
        "{}\nheartbeat = {heartbeat}\nipv4 = {}\nipv6 = off\n[example.org]\nnames = home\ntypes = A\n",
        head.join("\n"),
        urls.join(" ")
    ));
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

/// Runs the binary at this time, in UTC; `None` if the clock of the binary under test cannot be changed.
fn run_at(test: &str, s: &Sandbox, time: &str, arguments: &[&str]) -> Option<RunOutput> {
    let mut command = faketime::command(test, s, time)?;
    command.args(["-c", "gandi-ddns.conf"]).args(arguments);
    Some(s.finish(&mut command))
}

#[test]
fn clock_before_the_build_is_reported_by_each_command_before_any_request() {
    let test = "clock::clock_before_the_build_is_reported_by_each_command_before_any_request";
    let s = stale();
    for (time, read) in [
        ("1901-12-13 20:45:51", "1970-01-01 00:00:00"),
        ("1969-01-01 00:00:00", "1970-01-01 00:00:00"),
        ("1969-12-31 23:59:59", "1970-01-01 00:00:00"),
        ("1970-01-01 00:00:00", "1970-01-01 00:00:"),
        ("2020-02-29 12:00:00", "2020-02-29 12:00:"),
    ] {
        for (arguments, code) in COMMANDS {
            s.forget_notices();
            let Some(ran) = run_at(test, &s, time, arguments) else { return };
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
    let test = "clock::clock_of_the_far_future_ends_no_command_early";
    let s = stale();
    // The certificate of the fake has expired then.
    for time in ["2107-01-01 00:00:00", "2262-04-11 23:47:17"] {
        for (arguments, code) in COMMANDS {
            let Some(ran) = run_at(test, &s, time, arguments) else { return };
            // After the first run, `status` shows its failure.
            ran.exits(if ran.code == Some(75) { 75 } else { code });
        }
    }
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
}

/// 32-bit seconds overflow at 2038-01-19 03:14:08.
#[test]
fn every_command_works_after_the_overflow_of_32_bit_seconds() {
    let test = "clock::every_command_works_after_the_overflow_of_32_bit_seconds";
    for (time, day, second) in [
        ("2038-01-19 03:14:08", "2038-01-19 03:14", "214748364"),
        ("2039-06-01 12:00:00", "2039-06-01 12:00", "21905424"),
    ] {
        let s = Sandbox::new();
        s.config_with("history = history\n", "[example.org]\nnames = home\n");
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let Some(changed) = run_at(test, &s, time, &[]) else { return };
        changed.prints(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
        assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
        let history = std::fs::read_to_string(s.path("history")).expect("a history");
        assert!(history.starts_with(second), "{history}");
        // The state of that run is fresh: no request to Gandi.
        let reads = s.count("GET");
        run_at(test, &s, time, &[]).expect("faketime").is(0, "");
        assert_eq!(s.count("GET"), reads);
        let status = run_at(test, &s, time, &["status"]).expect("faketime");
        status.exits(0);
        assert!(status.stdout.contains(&format!("last run: {day}")), "{}", status.stdout);
        run_at(test, &s, time, &["ip"]).expect("faketime").exits(0);
        let check = run_at(test, &s, time, &["check"]).expect("faketime");
        check.exits(0);
        assert!(check.stdout.contains(day), "{}", check.stdout);
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
        for command in ["check", "get", "ip"] {
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
    let reads = Cell::new(0);
    let now = || {
        reads.set(reads.get() + 1);
        Timestamp::from_secs(seconds)
    };
    let context = Context { env: Environment::default(), now: &now, sleep: &|_| {}, seed: 1 };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
    let invocation = cli::parse(&mut words.into_iter()).expect("arguments");
    let options = &invocation.options;
    let exit = match &invocation.command {
        Command::Check(redaction, scope) => {
            check::execute(options, (*redaction, *scope), &context, &mut console)
        }
        Command::Get(names) => get::execute(options, names, &context, &mut console),
        Command::Ip => ip::execute(options, &context, &mut console),
        Command::Status => status::execute(options, &context, &mut console),
        _ => panic!("another command"),
    };
    // Two readings could differ, and contradict each other in the output.
    assert_eq!(reads.get(), 1, "{command} reads the clock once");
    exit.code().into()
}
