//! Runs with thousands of records take linear time: a quadratic step would take minutes. And no run goes on after its
//! `timeout`.

use std::fs;
use std::time::{Duration, Instant};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox, is_emulated};
use fake_gandi::{Dns, Fault, On, Times};

/// Returns names, so many that a run with a quadratic step takes longer than [`run`] permits.
fn names() -> Vec<String> {
    (0..if is_emulated() { 3000 } else { 20_000 }).map(|n| format!("host-{n}")).collect()
}

/// Writes a config with these lines in the section, a time limit that no test reaches, and a name server as a source.
fn configure(s: &Sandbox, dns: &Dns, section: &str) {
    let source = format!("timeout = 600\nipv4 = dns:cloudflare@{}", dns.address());
    let head = s.head().replace("ipv4 =", &source);
    s.raw_config(&format!("{head}\n[example.org]\n{section}\n"));
}

/// Runs the binary. Fails if that takes much longer than a linear run.
#[track_caller]
fn run(s: &Sandbox, arguments: &[&str]) -> RunOutput {
    let start = Instant::now();
    let ran = s.run(arguments);
    let (took, limit) = (start.elapsed(), Duration::from_secs(if is_emulated() { 200 } else { 40 }));
    assert!(took < limit, "{took:?}");
    ran
}

fn sandbox() -> (Sandbox, Dns) {
    let (s, dns) = (Sandbox::new(), Dns::start("127.0.0.1:0"));
    dns.set_address(ADDRESS);
    (s, dns)
}

/// Rewrites the lines of the state after the first three, which are not about records.
fn rewrite_state(s: &Sandbox, rewrite: impl Fn(&mut Vec<&str>)) {
    let text = fs::read_to_string(s.state_file()).expect("the state");
    let mut lines: Vec<&str> = text.lines().skip(3).collect();
    rewrite(&mut lines);
    let head: Vec<&str> = text.lines().take(3).collect();
    fs::write(s.state_file(), format!("{}\n{}\n", head.join("\n"), lines.join("\n"))).expect("the state");
}

#[test]
fn thousands_of_records_are_read_and_kept_in_linear_time() {
    let (s, dns) = sandbox();
    let names = names();
    for name in &names {
        s.fake.set("example.org", name, "A", 300, &[ADDRESS]);
    }
    configure(&s, &dns, &format!("names = {}", names.join(" ")));
    run(&s, &[]).is(0, "");
    let pages = names.len().div_ceil(100);
    assert_eq!(s.count("GET"), pages, "one listing");
    run(&s, &[]).is(0, "");
    // In the state, other runs may have left the records in another order, and twice.
    rewrite_state(&s, |lines| {
        lines.reverse();
        lines.extend_from_within(..);
    });
    run(&s, &[]).is(0, "");
    let reversed: Vec<&str> = names.iter().rev().map(String::as_str).collect();
    configure(&s, &dns, &format!("names = {}", reversed.join(",")));
    run(&s, &[]).is(0, "");
    assert_eq!(s.count("GET"), pages, "a run without a change reads no zone");
    let status = run(&s, &["status"]);
    assert_eq!(status.stdout.matches("(last confirmed ").count(), names.len());
    let found: Vec<&str> = status.stdout.lines().filter_map(|l| l.strip_suffix(".example.org A")).collect();
    assert!(found == reversed, "the order is that of the config");
}

#[test]
fn thousands_of_different_failures_are_told_in_linear_time() {
    let (s, dns) = sandbox();
    let names = names();
    for name in &names {
        s.fake.set("example.org", name, "CNAME", 300, &[&format!("{name}.example.net.")]);
    }
    configure(&s, &dns, &format!("names = {}\ntypes = A", names.join(" ")));
    for arguments in [&["--json"][..], &[], &["--force"]] {
        let ran = run(&s, arguments);
        assert_eq!(ran.code, Some(78), "{}", ran.stderr.lines().next().unwrap_or_default());
        assert!(
            !arguments.contains(&"--force") || ran.stderr.contains("CNAME record (to host-0.example.net.)")
        );
    }
    let ran = run(&s, &["status"]);
    assert_eq!(ran.stdout.matches("  failing since ").count(), names.len());
    assert_eq!(s.count("PUT"), 0);
}

#[test]
fn thousands_of_records_that_fail_alike_are_one_message() {
    let (s, dns) = sandbox();
    let names = names();
    s.fake.fault(On::method("GET"), Times::Always, Fault::too_many_requests("3600"));
    configure(&s, &dns, &format!("names = {}\ntypes = A", names.join(" ")));
    for arguments in [&["--json"][..], &["--force"]] {
        let ran = run(&s, arguments);
        assert_eq!(ran.code, Some(75));
        let more = format!("host-1.example.org A, host-2.example.org A and {} more: ", names.len() - 3);
        assert!(ran.stderr.lines().count() == 1 && ran.stderr.contains(&more), "{ran}");
    }
    assert_eq!(s.count("GET"), 2, "no request after the rate limit");
}

#[test]
fn run_ends_at_its_timeout_and_the_next_run_does_the_rest() {
    let s = Sandbox::new();
    let names: Vec<String> = (0..200).map(|n| format!("host-{n}")).collect();
    for name in &names {
        s.fake.set("example.org", name, "A", 300, &[STALE]);
    }
    let config = |timeout| {
        s.config_with(
            &format!("timeout = {timeout}"),
            &format!("[example.org]\nnames = {}\n", names.join(" ")),
        );
    };
    let changed = || names.iter().filter(|name| s.zone(name, "A") == format!("300 {ADDRESS}")).count();
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Delay(Duration::from_millis(100)));
    config(6);
    let start = Instant::now();
    let ran = s.run(&[]);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}: 200 writes take 20 s");
    let (first, told) = (changed(), ran.stdout.matches(" -> ").count());
    // The answer to the last write may have been too late.
    assert!(first < names.len() && (told == first || told + 1 == first), "{told} of {first}: {ran}");
    ran.exits(75);
    ran.says(&["no time was left to query 127.0.0.1"]);
    assert!(!ran.stderr.contains("next try at"), "{ran}");
    s.fake.clear_faults();
    config(60);
    let ran = s.run(&[]);
    ran.exits_without_errors(0);
    let written = ran.stdout.lines().filter(|line| line.contains(" -> ")).count();
    assert_eq!((written, changed()), (names.len() - first, names.len()));
}
