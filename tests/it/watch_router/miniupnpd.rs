//! Debian's miniupnpd, whose outer address changes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::{ANNOUNCED, NEW, NOTIFIED, Watcher};
use crate::router_source::Home;
use crate::sandbox::ADDRESS;

/// The router's outer address changes twice, and each time the record follows long before the interval has passed. The
/// passes have these reasons only.
fn follows(test: &str, protocols: &str, reasons: &[&str]) {
    let Some(home) = Home::enter(test, &["miniupnpd"]) else { return };
    if !reasons.contains(&NOTIFIED) {
        home.believes_one_vote();
    }
    let _daemon = home.miniupnpd(protocols);
    let watcher = Watcher::start(&home);
    watcher.follows(&home.s, ADDRESS);
    if reasons.contains(&NOTIFIED) {
        watcher.prints("UPnP events of the gateway 192.168.1.1: subscribed", 1);
    }
    for (old, new) in [(ADDRESS, NEW), (NEW, "81.2.69.201")] {
        home.net.run(&format!(
            "ip -n router addr del {old}/24 dev wan0; ip -n router addr add {new}/24 dev wan0"
        ));
        // The signal of its scripts makes it look again.
        let pid = fs::read_to_string(home.s.path("miniupnpd.pid")).expect("its number");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a number");
        kill_process(pid, Signal::USR1).expect("a signal");
        watcher.follows(&home.s, new);
    }
    let woken = watcher.reasons();
    assert!(woken.len() >= 2 && woken.iter().all(|r| reasons.contains(&r.as_str())), "{}", watcher.log());
    watcher.end();
    assert_eq!(home.s.count("PUT"), 3);
}

#[test]
fn nat_pmp_of_miniupnpd_announces_a_change() {
    let name = "watch_router::miniupnpd::nat_pmp_of_miniupnpd_announces_a_change";
    follows(name, "enable_natpmp=yes\nenable_upnp=no", &[ANNOUNCED]);
}

#[test]
fn upnp_of_miniupnpd_reports_a_change() {
    let name = "watch_router::miniupnpd::upnp_of_miniupnpd_reports_a_change";
    follows(name, "enable_natpmp=no\nenable_upnp=yes", &[NOTIFIED]);
}

#[test]
fn both_of_miniupnpd_report_a_change() {
    let name = "watch_router::miniupnpd::both_of_miniupnpd_report_a_change";
    follows(name, "enable_natpmp=yes\nenable_upnp=yes", &[ANNOUNCED, NOTIFIED]);
}
