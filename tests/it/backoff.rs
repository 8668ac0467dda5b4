//! Backoff: after a failure, runs make no request for the record until the backoff ends.

use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, stale};
use fake_gandi::{Answer, Echo, Family, Fault, On, Times};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

#[test]
fn backoff_after_a_refused_token_lasts_an_hour() {
    let s = stale();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the token from token_file token (403)"]);
    let (requests, connections) = (s.fake.requests().len(), s.fake.connections());
    for _ in 0..11 {
        s.age(300);
        s.forget_notices();
        s.run(&[]).fails(
            77,
            &[
                "refused the token from token_file token (403)",
                "(failing since 20",
                "next try at 20",
                "--force",
            ],
        );
        s.fake.accept_bearer(crate::sandbox::TOKEN);
    }
    assert_eq!((s.fake.requests().len(), s.fake.connections()), (requests, connections));
    s.age(300);
    s.run(&[]).is(0, REPLACED);
}

#[test]
fn backoff_ends_with_a_new_token_or_config() {
    let s = stale();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the token"]);
    s.fake.accept_bearer("pat_new");
    s.run(&["-v"]).fails(77, &["(failing since 20"]);
    s.write("token", "pat_new\n");
    s.run(&[]).is(0, REPLACED);

    let s = stale();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    s.run(&[]).fails(78, &["2 addresses"]);
    s.run(&["-v"]).fails(78, &["2 addresses", "(failing since 20"]);
    assert_eq!(s.count("GET"), 1);
    s.config("names = home\nmultiple_values = replace\n");
    s.run(&[]).exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn backoff_ends_with_a_new_token_in_the_environment() {
    let s = stale();
    s.raw_config(&format!("{}[example.org]\nnames = home\n", s.head().replace("token_file = token\n", "")));
    let run = |token| {
        s.forget_notices();
        s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", token))
    };
    run("pat_old").fails(77, &["refused the token"]);
    run("pat_old").fails(77, &["(failing since 20"]);
    assert_eq!(s.count("GET"), 1);
    run(crate::sandbox::TOKEN).is(0, REPLACED);
}

#[test]
fn backoff_is_ignored_by_force_and_dry_run() {
    let s = stale();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    s.run(&[]).fails(78, &["2 addresses"]);
    let ran = s.run(&["--dry-run"]);
    assert!(ran.code == Some(78) && !ran.stderr.contains("failing since"), "{}", ran.stderr);
    assert_eq!(s.count("GET"), 2);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force"]).is(0, REPLACED);
    s.run(&[]).is(0, "");
}

#[test]
fn backoff_of_one_record_leaves_the_others_alone() {
    let s = stale();
    s.config("names = home www\n");
    s.fake.set("example.org", "www", "A", 600, &[STALE, "81.2.69.2"]);
    let ran = s.run(&[]);
    ran.prints(78, REPLACED);
    s.fake.set_address(Family::V4, "81.2.69.180");
    s.forget_notices();
    let ran = s.run(&[]);
    ran.prints(78, "home.example.org A: 81.2.69.142 -> 81.2.69.180\n");
    ran.says(&["(failing since 20"]);
    assert!(!s.fake.requests().iter().skip(4).any(|r| r.target.contains("/www/")));
}

#[test]
fn backoff_of_temporary_errors_grows_to_an_hour() {
    let s = stale();
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    // One run per minute for four hours. Collects the minutes in which Gandi was queried.
    let (mut queried_at, mut before) = (Vec::new(), 0);
    for minute in 0..240 {
        s.forget_notices();
        let ran = s.run(&[]);
        ran.exits(75);
        ran.says(&["server error (500)"]);
        if s.count("GET") > before {
            queried_at.push(minute);
        }
        before = s.count("GET");
        s.age(60);
    }
    assert_eq!(queried_at, [0, 1, 2, 4, 8, 16, 32, 64, 124, 184]);
    s.fake.clear_faults();
    s.age(3600);
    s.run(&[]).is(0, REPLACED);
}

#[test]
fn backoff_is_ignored_by_a_run_that_waits() {
    let s = stale();
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    for _ in 0..4 {
        s.run(&[]).exits(75);
    }
    s.fake.clear_faults();
    s.run(&["-v"]).fails(75, &["next try at"]);
    s.run(&["--wait", "20"]).is(0, REPLACED);
}

#[test]
fn backoff_is_not_needed_when_no_server_was_reached() {
    let s = stale();
    // Names that do not resolve, as without a network.
    let head = s.head();
    let services = head.lines().find(|l| l.starts_with("ipv4 =")).expect("the services");
    let refused = services.to_owned();
    s.v4.iter().for_each(Echo::refuse);
    for ipv4 in ["ipv4 = https://a.invalid https://b.invalid", &refused] {
        s.raw_config(&format!("{}[example.org]\nnames = home\n", head.replace(services, ipv4)));
        for _ in 0..4 {
            s.forget_notices();
            let ran = s.run(&[]);
            assert!(ran.code == Some(75) && !ran.stderr.contains("next try at"), "{}", ran.stderr);
        }
    }
    // A server that responds, even with an error, was reached, so there is a backoff.
    s.v4[0].restore();
    s.v4[0].set_status(500);
    let backed_off: Vec<bool> = (0..4).map(|_| s.run(&["-v"]).stderr.contains("next try at")).collect();
    assert!(backed_off[3], "{backed_off:?}");
}

#[test]
fn backoff_is_not_needed_when_packets_are_dropped() {
    let test = "backoff::backoff_is_not_needed_when_packets_are_dropped";
    if !Namespace::has(test, &["nft"]) {
        return;
    }
    let Some(net) = Namespace::enter(test) else { return };
    let (drop, pass) = (
        "nft add table ip t; nft add chain ip t in '{ type filter hook input priority 0; }'; nft add rule ip t in tcp dport",
        "nft flush ruleset",
    );
    // The services and Gandi, or Gandi alone; with time for each connection to fail, and without.
    for (timeout, only_gandi) in [(60, false), (3, false), (3, true)] {
        let s = stale();
        s.config_with(&format!("timeout = {timeout}"), "[example.org]\nnames = home\n");
        let ports = if only_gandi { s.fake.port().to_string() } else { "1-65535".to_owned() };
        net.run(&format!("{drop} {ports} drop"));
        for _ in 0..2 {
            s.forget_notices();
            let ran = s.run(&[]);
            ran.fails(75, &["could not connect to "]);
            assert!(!ran.stderr.contains("failing since"), "{ran}");
        }
        net.run(pass);
        s.run(&[]).is(0, REPLACED);
    }
}

#[test]
fn backoff_after_an_outage_begins_anew() {
    let s = stale();
    s.fake.refuse();
    for _ in 0..5 {
        s.forget_notices();
        s.run(&[]).fails(75, &["could not connect to 127.0.0.1"]);
    }
    s.fake.restore();
    s.fake.fault(On::any(), Times::Once, Fault::Answer(Answer::html(500, "<p>no")));
    s.run(&[]).fails(75, &["server error (500)"]);
    s.run(&[]).is(0, REPLACED);
}

#[test]
fn backoff_is_not_needed_when_the_time_of_the_run_was_up() {
    let s = stale();
    s.config_with("timeout = 2", "[example.org]\nnames = home\n");
    s.fake.fault(On::method("GET"), Times::Next(3), Fault::Hang);
    for _ in 0..3 {
        s.forget_notices();
        s.run(&[]).fails(75, &["the time limit of the run was reached"]);
    }
    s.run(&[]).is(0, REPLACED);
}
