//! Debian's miniupnpd, whose outer address changes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::{ANNOUNCED, NEW, NOTIFIED, follows, start};
use crate::router_source::Home;
use crate::sandbox::{ADDRESS, STALE};
use crate::watching::Watching;

/// The line of miniupnpd about a notification to which a subscriber has responded.
const RESPONDED: &str = "upnp_event_recv: (";
/// The failure of a pass. The next one is woken by the timer.
const FAILED: &str = "nothing was changed";

/// Returns how often a text is in the output of miniupnpd.
fn logged(home: &Home, text: &str) -> usize {
    let log = fs::read(home.s.path("miniupnpd.log")).expect("its log");
    String::from_utf8_lossy(&log).matches(text).count()
}

/// Starts a watcher that is told of changes from now on. On a slow machine, miniupnpd may respond too late to be
/// subscribed to: then another watcher is started, since the first one waits for 15 minutes.
fn subscribed(home: &Home) -> Watching {
    for _ in 0..10 {
        home.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let _ = fs::remove_dir_all(home.s.path("state"));
        let responses = logged(home, RESPONDED);
        let watcher = start(home);
        let has = |text: &str| watcher.count(&format!("UPnP events of the gateway 192.168.1.1: {text}")) > 0;
        watcher.until("an end of the search", || ["subscribed", "none", "no "].into_iter().any(has));
        if has("subscribed") {
            // As long as it waits for a response to the first notification, miniupnpd sends no other.
            watcher.until("the first notification", || logged(home, RESPONDED) > responses);
            return watcher;
        }
        watcher.stop();
    }
    panic!("no subscription");
}

/// The router's outer address changes twice, and each time the record follows long before the interval has passed. The
/// passes have these reasons only.
fn is_followed(test: &str, protocols: &str, reasons: &[&str]) {
    let Some(home) = Home::enter(test, &["miniupnpd"]) else { return };
    let has_events = reasons.contains(&NOTIFIED);
    if !has_events {
        home.believes_one_vote();
    }
    let _daemon = home.miniupnpd(protocols);
    let watcher = if has_events { subscribed(&home) } else { start(&home) };
    follows(&watcher, &home.s, ADDRESS);
    let puts = home.s.count("PUT");
    for (old, new) in [(ADDRESS, NEW), (NEW, "81.2.69.201")] {
        let known = watcher.reasons().len();
        // One process: a pass between the two would fail.
        home.net.run(&format!(
            "printf 'addr del {old}/24 dev wan0\naddr add {new}/24 dev wan0\n' | ip -n router -batch -"
        ));
        // The signal of its scripts makes it look again.
        let pid = fs::read_to_string(home.s.path("miniupnpd.pid")).expect("its number");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a number");
        kill_process(pid, Signal::USR1).expect("a signal");
        follows(&watcher, &home.s, new);
        assert!(reasons.contains(&watcher.reasons()[known].as_str()), "{}", watcher.log());
    }
    let others = watcher.reasons().iter().filter(|r| !reasons.contains(&r.as_str())).count();
    assert!(others <= watcher.count(FAILED), "{}", watcher.log());
    watcher.stop();
    assert_eq!(home.s.count("PUT"), puts + 2);
}

#[test]
fn nat_pmp_of_miniupnpd_announces_a_change() {
    let name = "watch_router::miniupnpd::nat_pmp_of_miniupnpd_announces_a_change";
    is_followed(name, "enable_natpmp=yes\nenable_upnp=no", &[ANNOUNCED]);
}

#[test]
fn upnp_of_miniupnpd_reports_a_change() {
    let name = "watch_router::miniupnpd::upnp_of_miniupnpd_reports_a_change";
    is_followed(name, "enable_natpmp=no\nenable_upnp=yes", &[NOTIFIED]);
}

#[test]
fn both_of_miniupnpd_report_a_change() {
    let name = "watch_router::miniupnpd::both_of_miniupnpd_report_a_change";
    is_followed(name, "enable_natpmp=yes\nenable_upnp=yes", &[ANNOUNCED, NOTIFIED]);
}
