//! NAT-PMP announcements.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use super::gateway::{Gateway, NEIGHBOUR, announcement, send_from};
use super::{ANNOUNCED, NEW, follows, start, start_with};
use crate::router_source::{GATEWAY, Home};
use crate::sandbox::ADDRESS;

/// A home whose router speaks NAT-PMP only.
fn enter(test: &str) -> Option<(Home, Gateway)> {
    let home = Home::enter(test, &[])?;
    home.believes_one_vote();
    let gateway = Gateway::start();
    gateway.state().lacks.push("upnp");
    Some((home, gateway))
}

#[test]
fn announcement_of_the_gateway_makes_a_pass() {
    let name = "watch_router::announcements::announcement_of_the_gateway_makes_a_pass";
    let Some((home, gateway)) = enter(name) else { return };
    let watcher = start(&home);
    follows(&watcher, &home.s, ADDRESS);
    gateway.moves_to(NEW);
    gateway.announces(5);
    follows(&watcher, &home.s, NEW);
    // It has lost its connection, and then its address: the router is asked, whatever it announces.
    send_from(GATEWAY, "router", &announcement(6, Ipv4Addr::UNSPECIFIED));
    watcher.says(&format!("woken: {ANNOUNCED}"), 2);
    watcher.was_woken(&[ANNOUNCED, ANNOUNCED]);
    assert_eq!((home.s.count("PUT"), home.s.zone("home", "A")), (2, format!("600 {NEW}")));
    watcher.stop();
}

#[test]
fn announcement_is_never_an_address() {
    let name = "watch_router::announcements::announcement_is_never_an_address";
    let Some((home, _gateway)) = enter(name) else { return };
    let watcher = start(&home);
    follows(&watcher, &home.s, ADDRESS);
    // The search for events follows the first pass.
    watcher.says("UPnP events of the gateway 192.168.1.1: none", 1);
    let requests = home.s.fake.requests().len();
    send_from(GATEWAY, "router", &announcement(5, NEW.parse().expect("an address")));
    watcher.says(&format!("woken: {ANNOUNCED}"), 1);
    watcher.says("unchanged (cached)", 1);
    // Nobody but the router was asked.
    assert_eq!(home.s.fake.requests().len(), requests);
    assert_eq!(home.s.zone("home", "A"), format!("600 {ADDRESS}"));
    watcher.stop();
}

#[test]
fn other_packets_and_other_senders_make_no_pass() {
    let name = "watch_router::announcements::other_packets_and_other_senders_make_no_pass";
    let Some((home, gateway)) = enter(name) else { return };
    let watcher = start(&home);
    follows(&watcher, &home.s, ADDRESS);
    let good = announcement(5, NEW.parse().expect("an address"));
    send_from(NEIGHBOUR, "router", &good);
    let change = |index: usize, byte: u8| {
        let mut packet = good.clone();
        packet[index] = byte;
        packet
    };
    // PCP, a mapping, a request, an error, too short, too long, empty, and PCP's announcement.
    let mut pcp = vec![2, 128, 0, 0];
    pcp.resize(24, 0);
    let others = [
        change(0, 2),
        change(1, 129),
        change(1, 0),
        change(3, 3),
        [&good[..], &[0]].concat(),
        Vec::new(),
        pcp,
    ];
    for packet in others.iter().map(Vec::as_slice).chain([&good[..11]]) {
        send_from(GATEWAY, "router", packet);
    }
    // They come in order: the pass of the valid one would come after those of the others.
    gateway.moves_to(NEW);
    gateway.announces(5);
    follows(&watcher, &home.s, NEW);
    watcher.was_woken(&[ANNOUNCED]);
    watcher.stop();
}

#[test]
fn repeated_announcement_makes_one_pass() {
    let name = "watch_router::announcements::repeated_announcement_makes_one_pass";
    let Some((home, gateway)) = enter(name) else { return };
    let watcher = start(&home);
    follows(&watcher, &home.s, ADDRESS);
    gateway.moves_to(NEW);
    // As RFC 6886 says, and in time for the same pass.
    for wait in [0, 250, 500] {
        thread::park_timeout(Duration::from_millis(wait));
        gateway.announces(5);
    }
    follows(&watcher, &home.s, NEW);
    gateway.moves_to(ADDRESS);
    gateway.announces(30);
    follows(&watcher, &home.s, ADDRESS);
    watcher.was_woken(&[ANNOUNCED, ANNOUNCED]);
    watcher.stop();
}

#[test]
fn gateway_that_announces_nothing_is_followed_within_the_interval() {
    let name = "watch_router::announcements::gateway_that_announces_nothing_is_followed_within_the_interval";
    let Some((home, gateway)) = enter(name) else { return };
    let watcher = start_with(&home, &["-v", "--interval", "10s"]);
    follows(&watcher, &home.s, ADDRESS);
    gateway.moves_to(NEW);
    follows(&watcher, &home.s, NEW);
    assert!(watcher.reasons().iter().all(|reason| reason == "the timer"), "{}", watcher.log());
    watcher.stop();
}
