//! The clock after 2038-01-19 03:14:08 UTC, when a signed 32-bit number of seconds overflows.

use crate::faketime;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox};

/// Runs the binary in 2039 with the sandbox's config and these arguments; `None` if this machine cannot.
fn run(test: &str, s: &Sandbox, arguments: &[&str]) -> Option<RunOutput> {
    let mut command = faketime::command(test, s, "2039-06-01 12:00:00")?;
    command.args(["-c", "gandi-ddns.conf"]).args(arguments);
    Some(s.finish(&mut command))
}

#[test]
fn every_command_works_in_2039() {
    let test = "year_2039::every_command_works_in_2039";
    let s = Sandbox::new();
    s.config_with("history = history\n", "[example.org]\nnames = home\n");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let Some(changed) = run(test, &s, &[]) else { return };
    changed.exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    let history = std::fs::read_to_string(s.path("history")).expect("a history");
    // 2039-06-01 12:00 UTC, in seconds since 1970.
    assert!(history.starts_with("21905424"), "{history}");
    // The state of that run is fresh: no request to Gandi.
    let reads = s.count("GET");
    run(test, &s, &[]).expect("faketime").is(0, "");
    assert_eq!(s.count("GET"), reads);
    let status = run(test, &s, &["status"]).expect("faketime");
    status.exits(0);
    assert!(status.stdout.contains("last run: 2039-06-01 12:00"), "{}", status.stdout);
    run(test, &s, &["ip"]).expect("faketime").exits(0);
    let check = run(test, &s, &["check"]).expect("faketime");
    check.exits(0);
    assert!(check.stdout.contains("2039-06-01"), "{}", check.stdout);
}
