//! `gandi-ddns watch`: the passes by the timer, its start and its end, and what happens meanwhile.

mod arguments; // the command line
mod configs; // another config or token meanwhile
mod ends; // signals at any moment
mod outages; // temporary and permanent failures, clock, log, locks

use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN, stale};
use crate::watching::{LIMIT, Watching};
use fake_gandi::Family;
use rustix::process::Signal;
use std::fs;

/// The first change of most tests.
const CHANGED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";
/// The address of later ones.
const NEW: &str = "81.2.69.160";
const CHANGED_AGAIN: &str = "home.example.org A: 81.2.69.142 -> 81.2.69.160\n";
/// The shortest interval.
const OFTEN: [&str; 2] = ["--interval", "10"];

/// Gives this machine another address.
fn change_address(s: &Sandbox) {
    s.fake.set_address(Family::V4, &format!("{NEW}\n"));
}

#[test]
fn pass_at_the_start_and_by_the_timer_make_the_record_right() {
    let s = stale();
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    change_address(&s);
    watching.says("woken: the timer", 1);
    watching.sleeps_after(2);
    assert_eq!(s.zone("home", "A"), format!("600 {NEW}"));
    let ran = watching.end(Signal::TERM);
    ran.prints(0, &[CHANGED, CHANGED_AGAIN].concat());
    assert_eq!((s.count("PUT"), s.count("GET")), (2, 3), "nothing but what the changes called for");
}

#[test]
fn watch_prints_nothing_while_nothing_changes() {
    let s = stale();
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf", "watch"]).args(OFTEN);
    let watching = Watching::of(&s, &command);
    watching.prints(CHANGED);
    // The second pass has begun.
    assert!(s.v4[0].wait_for_request(2, LIMIT) || s.v4[1].count() + s.v4[2].count() > 2);
    watching.end(Signal::TERM).is(0, CHANGED);
}

#[test]
fn hooks_history_heartbeat_and_renewal_are_those_of_a_run() {
    let s = stale();
    let hook = "#!/bin/sh\necho \"$GANDI_DDNS_OLD $GANDI_DDNS_NEW\" >>heard\n";
    s.write("hook", hook);
    fs::set_permissions(s.path("hook"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("chmod");
    let monitor = s.fake.echo(9, Family::V4);
    s.fake.set_left(TOKEN, 10 * 86_400);
    let settings =
        format!("on_change = hook\nheartbeat = {}\nrenew_token = yes\nrecheck = 0\n", monitor.url());
    s.config_with(&settings, "[example.org]\nnames = home\n");
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    // The next pass has the renewed token only.
    s.fake.revoke(TOKEN);
    change_address(&s);
    watching.sleeps_after(2);
    let ran = watching.end(Signal::TERM);
    ran.exits(0);
    assert!(ran.stdout.contains(CHANGED) && ran.stdout.ends_with(CHANGED_AGAIN), "{ran}");
    assert_eq!(s.fake.renewals(), 1);
    let heard = fs::read_to_string(s.path("heard")).expect("a hook that ran");
    assert_eq!(heard, format!("{STALE} {ADDRESS}\n{ADDRESS} {NEW}\n"));
    assert_eq!(monitor.count(), 2);
    let status = s.run(&["status"]).stdout;
    assert!(
        status.contains(&format!("{STALE} -> {ADDRESS}")) && status.contains(&format!("{ADDRESS} -> {NEW}"))
    );
}
