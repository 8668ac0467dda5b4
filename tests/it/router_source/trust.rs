//! An answer via NAT-PMP is a vote, one via `UPnP` is trusted: what each of them costs and decides.

use super::{Home, fake};
use crate::default_sources::counted;
use crate::sandbox::{ADDRESS, STALE};

#[test]
fn quiet_run_costs_one_nat_pmp_packet() {
    let Some(home) = Home::enter("router_source::trust::quiet_run_costs_one_nat_pmp_packet", &[]) else {
        return;
    };
    let _fake = fake("pmp:81.2.69.142 upnp:81.2.69.142");
    home.follows();
    let (before, requests) = (counted(), home.s.fake.requests().len());
    home.s.run(&[]).is(0, "");
    let (udp, tcp) = counted();
    assert_eq!((udp - before.0, tcp - before.1, home.s.fake.requests().len()), (1, 0, requests));
}

#[test]
fn upnp_is_believed_when_nat_pmp_contradicts_it() {
    let name = "router_source::trust::upnp_is_believed_when_nat_pmp_contradicts_it";
    let Some(home) = Home::enter(name, &[]) else { return };
    let router = fake("pmp:81.2.69.66 upnp:81.2.69.142");
    home.follows();
    // NAT-PMP contradicts the confirmed record: UPnP is queried, and no request to Gandi is needed.
    let gets = home.s.count("GET");
    home.s.run(&[]).is(0, "");
    assert_eq!((home.s.count("GET"), home.s.zone("home", "A")), (gets, format!("600 {ADDRESS}")));
    drop(router);
    // The answer via NAT-PMP that equals an old record does not keep it.
    home.stale();
    let _fake = fake("pmp:81.2.69.1 upnp:81.2.69.142");
    home.s.run(&["--force"]).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
}

#[test]
fn nat_pmp_alone_keeps_a_record_and_changes_none() {
    let name = "router_source::trust::nat_pmp_alone_keeps_a_record_and_changes_none";
    let Some(home) = Home::enter(name, &[]) else { return };
    let router = fake("pmp:81.2.69.142");
    let words = [
        "no IPv4 address was reported by 2 providers and a majority; nothing was changed: router: reported 81.2.69.142",
        "NAT-PMP is only a vote: enable UPnP on the router, add `web`, or set `quorum = 1`",
    ];
    home.s.run(&["--force"]).fails(75, &words);
    home.s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    home.s.run(&["--force"]).works_again();
    home.s.run(&[]).is(0, "");
    // One web service is enough for a quorum.
    home.stale();
    home.sources("router ECHOES");
    for echo in &home.s.v4[1..] {
        echo.refuse();
    }
    home.s.run(&["--force"]).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    drop(router);
    let _fake = fake("pmp:81.2.69.66");
    home.sources("router");
    home.s.run(&[]).fails(75, &["router: reported 81.2.69.66", "NAT-PMP is only a vote"]);
    assert_eq!(home.s.zone("home", "A"), format!("600 {ADDRESS}"));
}
