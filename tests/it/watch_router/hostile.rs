//! Gateways and neighbours that mean harm: floods, and connections and bodies without an end.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use super::gateway::{Gateway, NEIGHBOUR, announcement, announcer, inside, notification, variables};
use super::{NEW, follows, start};
use crate::router_source::{GATEWAY, Home};
use crate::sandbox::{ADDRESS, is_emulated};
use crate::watching::Watching;

/// Returns the memory of a process that is in use, in kB.
fn memory(watcher: &Watching) -> u64 {
    let status = format!("/proc/{}/status", watcher.id().as_raw_nonzero());
    let status = std::fs::read_to_string(status).expect("its status");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn slow_gateway_holds_up_nothing() {
    let name = "watch_router::hostile::slow_gateway_holds_up_nothing";
    let Some(home) = Home::enter(name, &[]) else { return };
    home.believes_one_vote();
    let gateway = Gateway::start();
    let watcher = start(&home);
    watcher.until("a subscription", || gateway.is_subscribed());
    let (sid, _, path) = gateway.state().subscriptions[0].clone();
    // Some connections say nothing, and one sends a notification byte by byte.
    let connections: Vec<_> = (0..4).map(|_| gateway.connects_as(GATEWAY)).collect();
    let mut slow = gateway.connects_as(GATEWAY);
    let request = notification(&path, &sid, 1, &variables("81.2.69.77"));
    thread::spawn(move || {
        for byte in request.bytes() {
            if slow.write_all(&[byte]).is_err() {
                return;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
    });
    gateway.moves_to(NEW);
    gateway.announces(5);
    follows(&watcher, &home.s, NEW);
    // More of them while it ends.
    let more: Vec<_> = (0..4).map(|_| gateway.connects_as(GATEWAY)).collect();
    let took = watcher.stop();
    assert!(is_emulated() || took < Duration::from_secs(5), "SIGTERM took {took:?}");
    drop((connections, more));
}

#[test]
fn gateway_that_never_answers_a_subscription_holds_up_nothing() {
    let name = "watch_router::hostile::gateway_that_never_answers_a_subscription_holds_up_nothing";
    let Some(home) = Home::enter(name, &[]) else { return };
    home.believes_one_vote();
    let gateway = Gateway::start();
    "silent".clone_into(&mut gateway.state().grants);
    let watcher = start(&home);
    watcher.until("a request", || gateway.count("SUBSCRIBE") == 1);
    gateway.moves_to(NEW);
    gateway.announces(5);
    follows(&watcher, &home.s, NEW);
    assert_eq!(gateway.count("SUBSCRIBE"), 1);
    let took = watcher.stop();
    assert!(is_emulated() || took < Duration::from_secs(5), "SIGTERM took {took:?}");
}

#[test]
fn floods_of_connections_and_large_bodies_take_no_memory() {
    let name = "watch_router::hostile::floods_of_connections_and_large_bodies_take_no_memory";
    let Some(home) = Home::enter(name, &[]) else { return };
    let gateway = Gateway::start();
    gateway.state().lacks.push("nat_pmp");
    let watcher = start(&home);
    watcher.until("a subscription", || gateway.is_subscribed());
    assert_eq!(gateway.notifies(0), Some(200));
    let before = memory(&watcher);
    let (sid, _, path) = gateway.state().subscriptions[0].clone();
    let large = notification("/", "uuid:0", 1, &"<a>x</a>".repeat(100_000));
    let endless = format!("NOTIFY {path} HTTP/1.1\r\n{}", "X: y\r\n".repeat(100_000));
    for _ in 0..20 {
        // Nothing is awaited from those that do not get a whole response.
        gateway.sends(&large);
        gateway.sends(&endless);
        for _ in 0..20 {
            assert_eq!(gateway.sends_as(NEIGHBOUR, &large), None);
        }
    }
    // A long body of the gateway itself is a reason to look, although it is not read to its end.
    gateway.moves_to(NEW);
    let long = notification(&path, &sid, 1, &"<a>x</a>".repeat(500));
    gateway.sends(&long);
    follows(&watcher, &home.s, NEW);
    assert_eq!(watcher.reasons().len(), 1, "{}", watcher.log());
    let after = memory(&watcher);
    assert!(is_emulated() || after < before + 1024, "{before} kB, then {after} kB");
    watcher.stop();
}

/// A neighbour sends so many announcements in the name of the gateway, within this time, and no two alike.
fn storm(home: &Home, gateway: &Gateway, packets: u32, time: Duration, most_passes: usize) {
    home.believes_one_vote();
    let watcher = start(home);
    watcher.until("a subscription", || gateway.is_subscribed());
    let requests = home.s.fake.requests().len();
    let (own, neighbour) = inside("router", || (announcer(GATEWAY), announcer(NEIGHBOUR)));
    let started = Instant::now();
    for number in 0..packets {
        let address = Ipv4Addr::from(0x5102_4500 + number % 3);
        let socket = if number % 4 == 3 { &neighbour } else { &own };
        let _ = socket.send_to(&announcement(number, address), ("224.0.0.1", 5350));
        let due = time * number / packets;
        thread::park_timeout(due.saturating_sub(started.elapsed()));
    }
    watcher.says("unchanged (cached)", 1);
    let passes = watcher.reasons().len();
    assert!((1..=most_passes).contains(&passes), "{passes} passes:\n{}", watcher.log());
    // Each of them asked the router only.
    assert_eq!(home.s.fake.requests().len(), requests);
    assert_eq!(home.s.zone("home", "A"), format!("600 {ADDRESS}"));
    watcher.stop();
}

#[test]
fn storm_of_announcements_makes_few_passes_and_no_request() {
    let name = "watch_router::hostile::storm_of_announcements_makes_few_passes_and_no_request";
    let Some(home) = Home::enter(name, &[]) else { return };
    // A pass every 10 s at most.
    storm(&home, &Gateway::start(), 20_000, Duration::from_secs(24), 3);
}

#[test]
#[ignore = "takes two minutes: `make storm`"]
fn long_storm_of_announcements_makes_few_passes_and_no_request() {
    let name = "watch_router::hostile::long_storm_of_announcements_makes_few_passes_and_no_request";
    let Some(home) = Home::enter(name, &[]) else { return };
    storm(&home, &Gateway::start(), 100_000, Duration::from_secs(120), 12);
}
