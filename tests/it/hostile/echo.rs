//! Echo services and monitors.

use super::{FINITE, each, endless, is_late, judge, run, sample, trap};
use crate::sandbox::{ADDRESS, Sandbox, stale};
use fake_gandi::hostile::{Good, RawServer, Reaction, Row, cut_rows, http_rows, play_and_reset, play_plain};
use fake_gandi::{Dns, DnsFault, Family, Fault, On, Times, Tls};
use std::time::{Duration, Instant};

fn good(trap: u16) -> Good {
    Good {
        status: "200 OK".to_owned(),
        content_type: "text/plain".to_owned(),
        body: format!("{ADDRESS}\n"),
        smuggled: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n81.2.69.66".to_owned(),
        trap: format!("127.0.0.1:{trap}"),
    }
}

/// Writes a config with these services and more global lines.
fn configure(s: &Sandbox, urls: &str, more: &str) {
    let head: Vec<String> = s.head().lines().filter(|l| !l.starts_with("ipv4")).map(str::to_owned).collect();
    s.raw_config(&format!("{}\nipv4 = {urls}\n{more}\n[example.org]\nnames = home\n", head.join("\n")));
}

#[test]
fn hostile_services_change_nothing() {
    let trap = trap();
    each(&sample(http_rows(&good(trap.port())), 2), |row| {
        let s = stale();
        let mut urls = String::new();
        for n in 4..7 {
            let echo = s.fake.echo_tls(n, Family::V4, Tls::default());
            echo.set(&format!("{ADDRESS}\n"));
            echo.fault(Times::Always, Fault::Steps(row.steps.clone()));
            urls = format!("{urls} {}", echo.url());
        }
        let seconds = if row.is_endless() { endless() } else { FINITE };
        configure(&s, &urls, &format!("timeout = {seconds}"));
        let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
        problems.extend(judge(&s, &row.name, row.reaction, &ran));
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn hostile_service_does_not_stop_two_good_ones() {
    let trap = trap();
    let rows = sample(http_rows(&good(trap.port())), 5);
    each(&rows, |row| {
        let s = stale();
        s.v4[0].fault(Times::Always, Fault::Steps(row.steps.clone()));
        // An endless one takes a third of it.
        let seconds = if row.is_endless() { 15 } else { FINITE };
        s.config_with(&format!("timeout = {seconds}"), "[example.org]\nnames = home\n");
        let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
        problems.extend(judge(&s, &row.name, Reaction::Taken, &ran));
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn response_that_is_cut_or_reset_at_any_byte_is_no_address() {
    let rows = cut_rows(&good(1));
    let rows: Vec<(Row, bool)> =
        rows.into_iter().flat_map(|row| [(row.clone(), false), (row, true)]).collect();
    // At each byte one of the two.
    let rows: Vec<_> = rows.into_iter().step_by(3).collect();
    each(&sample(rows, 1), |(row, reset)| {
        let s = stale();
        let (steps, reset) = (row.steps.clone(), *reset);
        let server = RawServer::start("0.0.0.0:0", move |tcp| {
            if reset { play_and_reset(tcp, &steps) } else { play_plain(tcp, &steps) }
        });
        let url = |n: u8| format!("http://127.0.0.{n}:{}/", server.port());
        configure(&s, &format!("{} {} {}", url(12), url(13), url(14)), "timeout = 30");
        let name = format!("{}, reset: {reset}", row.name);
        let (ran, mut problems) = run(&s, &name, 30, &[]);
        problems.extend(judge(&s, &name, Reaction::Refused, &ran));
        problems
    });
}

#[test]
fn hostile_monitor_does_not_fail_the_run() {
    let trap = trap();
    let mut good = good(trap.port());
    good.body = "OK, thank you".to_owned();
    let rows = sample(http_rows(&good), 4);
    each(&rows, |row| {
        let mut s = stale();
        // A POST after a failed run, on a busy machine.
        s.violations_expected = true;
        let monitor = s.fake.echo_tls(8, Family::V4, Tls::default());
        monitor.fault(Times::Always, Fault::Steps(row.steps.clone()));
        let seconds = if row.is_endless() { 4 * endless() } else { FINITE };
        let head = format!("timeout = {seconds}\nheartbeat = {}", monitor.url());
        s.config_with(&head, "[example.org]\nnames = home\n");
        // Once for the run, and once for the notification.
        let (ran, mut problems) = run(&s, &row.name, 2 * seconds, &["-v"]);
        if !is_late(&ran) {
            problems.extend(judge(&s, &row.name, Reaction::Taken, &ran));
        }
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn timeout_bounds_a_run_with_every_server_hostile_at_once() {
    let good = good(1);
    let rows: Vec<Row> = http_rows(&good).into_iter().filter(Row::is_endless).collect();
    each(&rows, |row| {
        let mut s = stale();
        // The notification of the failure is a POST.
        s.violations_expected = true;
        let steps = || Fault::Steps(row.steps.clone());
        s.fake.fault(On::any(), Times::Always, steps());
        let name_server = Dns::start("127.0.0.1:0");
        name_server.fault(DnsFault::FloodWithoutEnd);
        let mut urls = format!("dns:cloudflare@{}", name_server.address());
        for echo in &s.v4 {
            echo.fault(Times::Always, steps());
            urls = format!("{urls} {}", echo.url());
        }
        let monitor = s.fake.echo(8, Family::V4);
        monitor.fault(Times::Always, steps());
        let seconds = 2;
        configure(&s, &urls, &format!("timeout = {seconds}\nheartbeat = {}", monitor.url()));
        let started = Instant::now();
        let (ran, mut problems) = run(&s, &row.name, 2 * seconds, &[]);
        problems.extend(judge(&s, &row.name, Reaction::Refused, &ran));
        if started.elapsed() > Duration::from_secs(2 * seconds + 20) {
            problems.push(format!("{}: took {:?}", row.name, started.elapsed()));
        }
        problems
    });
}
