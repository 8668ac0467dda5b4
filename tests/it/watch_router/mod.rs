//! `watch` with the source `router`: NAT-PMP announcements and `UPnP` events, of a gateway that the test plays, and of
//! Debian's miniupnpd. The interval is a day where nothing else is said, so that the timer has no part in it.

mod announcements;
mod gateway;
mod hostile;
mod miniupnpd;
mod notifications;
mod subscriptions;

use crate::router_source::Home;
use crate::sandbox::{STALE, Sandbox};
use crate::watching::Watching;

/// The outer address after a change.
const NEW: &str = "81.2.69.200";

/// The reasons of passes.
const ANNOUNCED: &str = "a router announces an address";
const NOTIFIED: &str = "a router reports a changed address";
const KERNEL: &str = "an address or route of this machine has changed";

/// The longest interval, and what a watcher prints.
const SELDOM: [&str; 3] = ["-v", "--interval", "1d"];

/// Starts a watcher with a day as interval, and waits until its first pass has written the record.
#[track_caller]
fn start(home: &Home) -> Watching {
    start_with(home, &SELDOM)
}

/// Does the same with these options.
#[track_caller]
fn start_with(home: &Home, options: &[&str]) -> Watching {
    let mut command = home.s.command();
    let watcher = Watching::of(&home.s, command.args(["-c", "gandi-ddns.conf", "watch"]).args(options));
    watcher.until("the first pass", || home.s.zone("home", "A") != format!("600 {STALE}"));
    watcher
}

/// Waits until the record has this address.
#[track_caller]
fn follows(watcher: &Watching, s: &Sandbox, address: &str) {
    watcher.until(&format!("A {address}"), || s.zone("home", "A") == format!("600 {address}"));
}
