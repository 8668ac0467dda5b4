//! Notifications of `UPnP` events.

use super::gateway::{Gateway, NEIGHBOUR, notification, variables};
use super::{NEW, NOTIFIED, follows, start};
use crate::router_source::Home;
use crate::sandbox::ADDRESS;
use crate::watching::Watching;

/// A home whose router speaks `UPnP` only, and a watcher that has subscribed.
fn enter(test: &str) -> Option<(Home, Gateway, Watching)> {
    let home = Home::enter(test, &[])?;
    let gateway = Gateway::start();
    gateway.state().lacks.push("nat_pmp");
    let watcher = start(&home);
    follows(&watcher, &home.s, ADDRESS);
    watcher.until("a subscription", || gateway.is_subscribed());
    Some((home, gateway, watcher))
}

#[test]
fn notification_of_another_address_makes_a_pass() {
    let name = "watch_router::notifications::notification_of_another_address_makes_a_pass";
    let Some((home, gateway, watcher)) = enter(name) else { return };
    assert_eq!(gateway.notifies(0), Some(200));
    gateway.moves_to(NEW);
    assert_eq!(gateway.notifies(1), Some(200));
    follows(&watcher, &home.s, NEW);
    // The address in it is not used: the router is asked.
    let (sid, _, path) = gateway.state().subscriptions[0].clone();
    assert_eq!(gateway.sends(&notification(&path, &sid, 2, &variables("81.2.69.77"))), Some(200));
    watcher.says(&format!("woken: {NOTIFIED}"), 2);
    watcher.says("unchanged (cached)", 1);
    watcher.was_woken(&[NOTIFIED, NOTIFIED]);
    assert_eq!((home.s.count("PUT"), home.s.zone("home", "A")), (2, format!("600 {NEW}")));
    watcher.stop();
}

#[test]
fn notification_without_known_variables_makes_a_pass() {
    let name = "watch_router::notifications::notification_without_known_variables_makes_a_pass";
    let Some((home, gateway, watcher)) = enter(name) else { return };
    let (sid, _, path) = gateway.state().subscriptions[0].clone();
    gateway.moves_to(NEW);
    // Without a body, in HTTP/1.0 with other ends of lines, and with an absolute URL.
    let bare = format!("NOTIFY http://192.168.1.2{path} HTTP/1.0\nsid: {sid}\nseq: 4\n\n");
    assert_eq!(gateway.sends(&bare), Some(200));
    follows(&watcher, &home.s, NEW);
    watcher.was_woken(&[NOTIFIED]);
    watcher.stop();
}

#[test]
fn other_requests_and_other_senders_make_no_pass() {
    let name = "watch_router::notifications::other_requests_and_other_senders_make_no_pass";
    let Some((home, gateway, watcher)) = enter(name) else { return };
    let (sid, _, path) = gateway.state().subscriptions[0].clone();
    let other = variables("81.2.69.77");
    let mappings = "<e:property><PortMappingNumberOfEntries>7</PortMappingNumberOfEntries></e:property>";
    // The first one has the present values, and the same ones again or a port mapping are no news.
    assert_eq!(gateway.notifies(0), Some(200));
    assert_eq!(gateway.notifies(1), Some(200));
    assert_eq!(gateway.sends(&notification(&path, &sid, 2, mappings)), Some(200));
    for request in [
        notification(&path, "uuid:0", 3, &other),
        notification(&path, "", 3, &other),
        notification(&path, &sid, 3, &other).replace("NOTIFY", "POST"),
        format!("GET {path} HTTP/1.1\r\nSID: {sid}\r\n\r\n"),
        "\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{0}\u{a}\u{1}".to_owned(),
    ] {
        assert_eq!(gateway.sends(&request), Some(412), "{request}");
    }
    // A neighbour that knows everything.
    assert_eq!(gateway.sends_as(NEIGHBOUR, &notification(&path, &sid, 3, &other)), None);
    // Cut off.
    let cut = notification(&path, &sid, 3, &other);
    drop(gateway.connects_as("192.168.1.1"));
    assert_eq!(gateway.sends(&cut[..cut.len() - 1]), None);
    // The pass of this one would be the second.
    gateway.moves_to(NEW);
    assert_eq!(gateway.notifies(4), Some(200));
    follows(&watcher, &home.s, NEW);
    watcher.was_woken(&[NOTIFIED]);
    watcher.stop();
}
