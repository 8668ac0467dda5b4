//! Subscriptions to `UPnP` events.

use std::fs;
use std::time::{Duration, Instant};

use super::gateway::{Gateway, NEIGHBOUR, announcement, send_from};
use super::{ANNOUNCED, KERNEL, NEW, NOTIFIED, SELDOM, follows, start, start_with};
use crate::router_source::{GATEWAY, Home};
use crate::sandbox::{ADDRESS, STALE};

/// The subscription begins after the first pass, and ends with the program.
#[test]
fn subscription_lasts_as_long_as_the_watcher() {
    let name = "watch_router::subscriptions::subscription_lasts_as_long_as_the_watcher";
    let Some(home) = Home::enter(name, &[]) else { return };
    let gateway = Gateway::start();
    let watcher = start(&home);
    watcher.until("a subscription", || gateway.is_subscribed());
    let (sid, callback, path) = gateway.state().subscriptions[0].clone();
    // At the address that the gateway sees.
    assert_eq!((callback.ip().to_string().as_str(), path.as_str()), ("192.168.1.2", "/"));
    let requests = gateway.state().requests.clone();
    let request = requests.iter().find(|r| r.starts_with("SUBSCRIBE")).expect("a request");
    let lines: Vec<&str> = request.lines().collect();
    assert_eq!(lines[..2], ["SUBSCRIBE /evt HTTP/1.1", "Host: 192.168.1.1:5000"]);
    for line in [&format!("CALLBACK: <http://{callback}{path}>"), "NT: upnp:event", "TIMEOUT: Second-1800"] {
        assert!(lines.contains(&line), "{line} is missing: {request}");
    }
    watcher.says("UPnP events of the gateway 192.168.1.1: subscribed", 1);
    watcher.stop();
    assert_eq!(gateway.count("UNSUBSCRIBE /evt HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n"), 1);
    let last = gateway.state().requests.last().expect("a request").clone();
    assert!(last.contains(&format!("\r\nSID: {sid}\r\n")), "{last}");
    assert!(!gateway.is_subscribed());
    assert_eq!(gateway.count("SUBSCRIBE"), 1);
}

#[test]
fn subscription_is_renewed_and_made_anew_when_it_is_lost() {
    let name = "watch_router::subscriptions::subscription_is_renewed_and_made_anew_when_it_is_lost";
    let Some(home) = Home::enter(name, &[]) else { return };
    let gateway = Gateway::start();
    // So short a time is taken for 20 s, half of which passes until the renewal.
    "Second-1".clone_into(&mut gateway.state().grants);
    let watcher = start(&home);
    watcher.until("a subscription", || gateway.is_subscribed());
    let subscribed = Instant::now();
    let sid = gateway.state().subscriptions[0].0.clone();
    watcher.until("a renewal", || gateway.count("SUBSCRIBE") == 2);
    assert!(subscribed.elapsed() > Duration::from_secs(8), "{:?}", subscribed.elapsed());
    let renewal = gateway.state().requests.last().expect("a request").clone();
    assert!(renewal.contains(&format!("\r\nSID: {sid}\r\nTIMEOUT: Second-")), "{renewal}");
    assert!(!renewal.contains("CALLBACK") && !renewal.contains("NT:"), "{renewal}");
    watcher.says("renewed", 1);

    // The router restarts. Its address may be another one since, so that the first notification counts.
    gateway.state().subscriptions.clear();
    gateway.moves_to(NEW);
    watcher.until("a subscription", || gateway.is_subscribed());
    watcher.says("UPnP events of the gateway 192.168.1.1: the subscription is lost", 1);
    assert_eq!(gateway.notifies(0), Some(200));
    follows(&watcher, &home.s, NEW);
    watcher.was_woken(&[NOTIFIED]);
    watcher.stop();
    assert!(!gateway.is_subscribed());
}

#[test]
fn gateway_without_events_is_not_searched_again_soon() {
    let name = "watch_router::subscriptions::gateway_without_events_is_not_searched_again_soon";
    let Some(home) = Home::enter(name, &[]) else { return };
    home.believes_one_vote();
    let gateway = Gateway::start();
    gateway.state().lacks.push("events");
    let watcher = start(&home);
    watcher.says("UPnP events of the gateway 192.168.1.1: none", 1);
    // The first pass has searched as well.
    let (searches, descriptions) = (gateway.searches(), gateway.count("GET"));
    // To compare, NAT-PMP is enough, so that these passes search for nothing.
    for (number, address) in [(1, "81.2.69.77"), (2, "81.2.69.78")] {
        let announced = announcement(5, address.parse().expect("an address"));
        send_from(GATEWAY, "router", &announced);
        watcher.says(&format!("woken: {ANNOUNCED}"), number);
        watcher.says("unchanged (cached)", number);
    }
    assert_eq!((gateway.searches(), gateway.count("GET")), (searches, descriptions));
    assert_eq!(gateway.count("SUBSCRIBE"), 0);
    watcher.stop();
}

#[test]
fn failures_are_printed_with_v_only() {
    let name = "watch_router::subscriptions::failures_are_printed_with_v_only";
    let Some(home) = Home::enter(name, &[]) else { return };
    let gateway = Gateway::start();
    let start_anew = |grants: &str, options: &[&str]| {
        home.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let _ = fs::remove_dir_all(home.s.path("state"));
        grants.clone_into(&mut gateway.state().grants);
        start_with(&home, options)
    };
    for (grants, reason) in [
        ("HTTP/1.1 500 Internal Server Error\r\n\r\n", "no subscription: status 500"),
        ("HTTP/1.1 200 OK\r\n\r\n", "no subscription: status 200"),
        ("HTTP/1.1 200 OK\r\nSID: a b\r\n\r\n", "no subscription: status 200"),
        ("HTTP/1.1 200 OK\r\n", "no subscription: the connection was closed before"),
        ("SSH-2.0-dropbear\r\n", "no subscription: the response is not HTTP"),
        ("silent", "no subscription: timed out"),
    ] {
        let watcher = start_anew(grants, &SELDOM);
        watcher.says(&format!("UPnP events of the gateway 192.168.1.1: {reason}"), 1);
        watcher.stop();
    }
    let before = gateway.count("SUBSCRIBE");
    let watcher = start_anew("HTTP/1.1 500 Internal Server Error\r\n\r\n", &["--interval", "1d"]);
    watcher.until("a request", || gateway.count("SUBSCRIBE") > before);
    // The pass of this event comes after the failure.
    gateway.moves_to(NEW);
    gateway.announces(5);
    follows(&watcher, &home.s, NEW);
    let log = watcher.log();
    assert!(log.lines().all(|line| line.starts_with("home.example.org A: ")), "{log}");
    watcher.stop();
}

#[test]
fn watcher_without_a_router_among_the_sources_asks_no_router() {
    let name = "watch_router::subscriptions::watcher_without_a_router_among_the_sources_asks_no_router";
    let Some(home) = Home::enter(name, &[]) else { return };
    home.sources_with("ECHOES", "");
    let gateway = Gateway::start();
    let listens = || fs::read_to_string("/proc/net/udp").expect("the sockets").contains(":14E6 ");
    let watcher = start_with(&home, &["-v", "--interval", "10s"]);
    watcher.says("woken: the timer", 1);
    watcher.says("unchanged (cached)", 1);
    assert_eq!((gateway.searches(), gateway.count(""), listens()), (0, 0, false));
    // From the next pass on it is one.
    home.sources_with("router ECHOES", "");
    watcher.until("a subscription", || gateway.is_subscribed());
    assert!(listens());
    // And then it is none.
    home.sources_with("ECHOES", "");
    watcher.until("the end of it", || !gateway.is_subscribed());
    assert!(!listens());
    watcher.stop();
}

#[test]
fn each_interface_has_the_events_of_its_own_gateway() {
    let name = "watch_router::subscriptions::each_interface_has_the_events_of_its_own_gateway";
    let Some(home) = Home::enter(name, &[]) else { return };
    home.net.run(
        "ip netns add other
         ip link add eth1 type veth peer name lan0 netns other
         ip addr add 192.168.2.2/24 dev eth1; ip link set eth1 up
         ip -n other addr add 192.168.2.1/24 dev lan0; ip -n other link set lan0 up
         ip route del default
         ip route add default via 192.168.2.1 metric 50
         ip route add default via 192.168.1.1 metric 100",
    );
    let (one, two) = (Gateway::start(), Gateway::start_as("192.168.2.1", "other"));
    two.moves_to("81.2.69.143");
    let head = home.s.head();
    let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("ipv")).collect();
    let head = head.join("\n");
    home.s.raw_config(&format!(
        "{head}\n[example.org]\nnames = home\ntypes = A\nipv4 = router@eth0\n\
         [example.org]\nnames = backup\ntypes = A\nipv4 = router@eth1\n"
    ));
    let watcher = start(&home);
    for (gateway, own) in [(&one, "192.168.1.2"), (&two, "192.168.2.2")] {
        watcher.until("a subscription", || gateway.is_subscribed());
        assert_eq!(gateway.state().subscriptions[0].1.ip().to_string(), own);
    }
    // Each is heard.
    two.moves_to(NEW);
    assert_eq!(two.notifies(1), Some(200));
    watcher.until("the other record", || home.s.zone("backup", "A").ends_with(NEW));
    assert_eq!(home.s.zone("home", "A"), format!("600 {ADDRESS}"));
    one.moves_to("81.2.69.201");
    one.announces(5);
    follows(&watcher, &home.s, "81.2.69.201");
    watcher.was_woken(&[NOTIFIED, ANNOUNCED]);
    watcher.stop();
    assert!(!one.is_subscribed() && !two.is_subscribed());
}

#[test]
fn another_gateway_is_subscribed_to() {
    let name = "watch_router::subscriptions::another_gateway_is_subscribed_to";
    let Some(home) = Home::enter(name, &[]) else { return };
    let (one, two) = (Gateway::start(), Gateway::start_as(NEIGHBOUR, "router"));
    two.moves_to(NEW);
    let watcher = start(&home);
    watcher.until("a subscription", || one.is_subscribed());
    home.net.ip("route replace default via 192.168.1.66");
    follows(&watcher, &home.s, NEW);
    watcher.until("a subscription", || two.is_subscribed());
    // The former gateway is a neighbour now.
    one.announces(7);
    two.moves_to("81.2.69.201");
    assert_eq!(two.notifies(1), Some(200));
    follows(&watcher, &home.s, "81.2.69.201");
    watcher.was_woken(&[KERNEL, NOTIFIED]);
    watcher.stop();
    assert!(!two.is_subscribed());
}
