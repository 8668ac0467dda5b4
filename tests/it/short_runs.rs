//! Runs with a `timeout` of a few seconds: a source that does not answer leaves time for the others and for Gandi.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Family, Fault, Times};

/// Writes a config with these sources and this timeout, and makes the record stale.
fn configure(s: &Sandbox, sources: &str, timeout: u32) {
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let head: Vec<String> = s.head().lines().filter(|l| !l.starts_with("ipv4")).map(str::to_owned).collect();
    let head = head.join("\n");
    s.raw_config(&format!("{head}\nipv4 = {sources}\ntimeout = {timeout}\n[example.org]\nnames = home\n"));
}

fn changed() -> String {
    format!("home.example.org A: {STALE} -> {ADDRESS}\n")
}

#[test]
fn services_that_hang_leave_time_for_others() {
    for (timeout, hanging) in [(4, 1), (8, 2)] {
        let s = Sandbox::new();
        let mut echoes = s.v4.clone();
        for n in 4..=5 {
            let echo = s.fake.echo(n, Family::V4);
            echo.set(&format!("{ADDRESS}\n"));
            echoes.push(echo);
        }
        for echo in &echoes[..hanging] {
            echo.fault(Times::Always, Fault::Hang);
        }
        let urls: Vec<String> = echoes.iter().map(fake_gandi::Echo::url).collect();
        configure(&s, &urls.join(" "), timeout);
        s.run(&[]).is(0, &changed());
        s.run(&[]).is(0, "");
    }
}

#[test]
fn look_for_a_contradiction_leaves_time_for_the_write() {
    let s = Sandbox::new();
    let mut sources = format!("command:{} router", s.path("address").display());
    s.write("address", &format!("#!/bin/sh\necho {ADDRESS}\n"));
    fs::set_permissions(s.path("address"), fs::Permissions::from_mode(0o755)).expect("its mode");
    for echo in &s.v4 {
        echo.fault(Times::Always, Fault::Hang);
        sources = format!("{sources} {}", echo.url());
    }
    configure(&s, &sources, 8);
    s.run(&[]).is(0, &changed());
}

#[test]
fn share_of_the_run_that_is_up_needs_no_backoff() {
    let s = Sandbox::new();
    for echo in &s.v4 {
        echo.fault(Times::Always, Fault::Hang);
    }
    let urls: Vec<String> = s.v4.iter().map(fake_gandi::Echo::url).collect();
    configure(&s, &urls.join(" "), 2);
    for _ in 0..4 {
        s.forget_notices();
        let ran = s.run(&[]);
        ran.fails(75, &["the time limit of the run was reached"]);
        assert!(!ran.stderr.contains("next try at"), "{ran}");
    }
}
