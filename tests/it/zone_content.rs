//! What a zone may hold besides the address: other types at the name or above it, and any TTL.

use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Answer, Fault, On, Times};

/// Sets an RRset of `example.org` with the TTL 600.
fn set(s: &Sandbox, name: &str, rrtype: &str, value: &str) {
    s.fake.set("example.org", name, rrtype, 600, &[value]);
}

#[test]
fn ttl_that_gandi_does_not_accept_is_changed_and_told_once() {
    for (ttl, written) in [(0, 300), (60, 300), (299, 300), (2_592_001, 2_592_000), (u32::MAX, 2_592_000)] {
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", ttl, &[ADDRESS]);
        s.run(&[]).is(0, "");
        assert_eq!(s.zone("home", "A"), format!("{ttl} {ADDRESS}"), "no write for the TTL alone");
        s.fake.set("example.org", "home", "A", ttl, &[STALE]);
        s.run(&["--force"]).is(
            0,
            &format!("home.example.org A: {STALE} -> {ADDRESS} (TTL {ttl} -> {written}, the nearest that Gandi accepts)\n"),
        );
        assert_eq!(s.zone("home", "A"), format!("{written} {ADDRESS}"));
        s.run(&["--force"]).is(0, "");
    }
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 60, &[ADDRESS, STALE]);
    s.fake.set("example.org", "www", "A", 60, &[STALE]);
    s.config("names = home\nmultiple_values = replace\n[example.org]\nnames = www\nttl = 900\n");
    s.run(&[]).is(
        0,
        "home.example.org A: 81.2.69.1 81.2.69.142 -> 81.2.69.142 (TTL 60 -> 300, the nearest that Gandi accepts)\n\
         www.example.org A: 81.2.69.1 -> 81.2.69.142 (TTL 60 -> 900)\n",
    );
}

#[test]
fn ttl_of_any_form_ends_no_run_early() {
    for (ttl, code) in [
        ("18446744073709551615", 0),
        ("4294967296", 0),
        ("18446744073709551616", 75),
        ("600.5", 75),
        ("-1", 75),
        ("1e999", 75),
        ("\"600\"", 75),
        ("null", 75),
        ("[]", 75),
    ] {
        let s = Sandbox::new();
        set(&s, "home", "A", STALE);
        let body = format!(
            r#"{{"rrset_name":"home","rrset_type":"A","rrset_ttl":{ttl},"rrset_values":["{STALE}"]}}"#
        );
        s.fake.fault(On::route("GET", "/home/A"), Times::Always, Fault::Answer(Answer::json(200, &body)));
        s.run(&[]).exits(code);
        let held = if code == 0 { format!("2592000 {ADDRESS}") } else { format!("600 {STALE}") };
        assert_eq!(s.zone("home", "A"), held, "{ttl}");
    }
}

#[test]
fn alias_at_the_name_is_refused_like_a_cname() {
    for names in ["home", "home www"] {
        let s = Sandbox::new();
        set(&s, "home", "ALIAS", "other.example.net.");
        s.config(&format!("names = {names}\n"));
        let ran = s.run(&[]);
        ran.says(&[
            "home.example.org A: not changed: an ALIAS record (to other.example.net.) exists at this name; delete it at \
             Gandi, or use another name",
        ]);
        ran.exits(78);
        assert_eq!(s.zone("home", "A"), "");
        let check = s.run(&["check"]);
        assert!(check.stdout.contains("failure  home.example.org A: not changed: an ALIAS"), "{check}");
        assert_eq!(check.code, Some(78));
    }
}

/// Zones with a delegation: the owner, type and target of its record, and a name that it takes out of the zone.
const DELEGATIONS: [(&str, &str, &str, &str); 6] = [
    ("home", "NS", "ns1.example.net.", "home"),
    ("home", "NS", "ns1.example.net.", "a.home"),
    ("home", "NS", "ns1.example.net.", "a.b.home"),
    ("home", "NS", "ns.home.example.org.", "*.home"),
    ("b.home", "NS", "ns1.example.net.", "a.b.home"),
    ("home", "DNAME", "example.net.", "a.home"),
];

#[test]
fn name_below_a_delegation_is_refused() {
    for (owner, rrtype, target, name) in DELEGATIONS {
        for (held, names) in [("", name.to_owned()), (STALE, name.to_owned()), ("", format!("{name} www"))] {
            let s = Sandbox::new();
            set(&s, owner, rrtype, target);
            if !held.is_empty() {
                set(&s, name, "A", held);
            }
            s.config(&format!("names = {names}\n"));
            let before = s.zone(name, "A");
            let ran = s.run(&[]);
            ran.says(&[
                &format!("{name}.example.org A: not changed: the {rrtype} record at {owner}.example.org takes this name"),
                "nobody sees an address here",
            ]);
            ran.exits(78);
            assert_eq!(s.zone(name, "A"), before, "{owner} {rrtype}: {names}");
            let check = s.run(&["check"]);
            assert!(
                check.stdout.contains(&format!("failure  {name}.example.org A: not changed: the {rrtype}")),
                "{check}"
            );
        }
    }
}

#[test]
fn right_address_below_a_delegation_is_a_warning_of_check() {
    for (owner, rrtype, target, name) in DELEGATIONS {
        let s = Sandbox::new();
        set(&s, owner, rrtype, target);
        set(&s, name, "A", ADDRESS);
        s.config(&format!("names = {name}\n"));
        s.run(&[]).is(0, "");
        let check = s.run(&["check"]);
        check.exits(0);
        let line = format!(
            "warning  {name}.example.org A: up to date ({ADDRESS}), but the {rrtype} record at {owner}.example.org takes"
        );
        assert!(check.stdout.contains(&line), "{check}");
    }
}

#[test]
fn name_that_no_delegation_takes_out_is_written() {
    for (owner, rrtype, target, name) in [
        ("@", "NS", "ns-154-a.gandi.net.", "@"),
        ("@", "NS", "ns-154-a.gandi.net.", "home"),
        ("@", "NS", "ns-154-a.gandi.net.", "a.home"),
        ("other", "NS", "ns1.example.net.", "home"),
        ("a.home", "NS", "ns1.example.net.", "home"),
        ("b.home", "NS", "ns1.example.net.", "a.home"),
        ("xhome", "NS", "ns1.example.net.", "home"),
        ("home", "DNAME", "example.net.", "home"),
        ("home", "CNAME", "example.net.", "a.home"),
        ("home", "MX", "10 example.net.", "home"),
        // The address of the other zone's name server (glue).
        ("home", "NS", "ns.home.example.org.", "ns.home"),
        ("home", "NS", "ns.home", "ns.home"),
        ("home", "NS", "home.example.org.", "home"),
    ] {
        for held in ["", STALE] {
            let s = Sandbox::new();
            set(&s, owner, rrtype, target);
            if !held.is_empty() {
                set(&s, name, "A", held);
            }
            s.config(&format!("names = {name}\n"));
            s.run(&[]).exits_without_errors(0);
            assert!(s.zone(name, "A").ends_with(ADDRESS), "{owner} {rrtype} {target}: {name}");
            let check = s.run(&["check"]);
            assert!(!check.stdout.contains("takes this name out"), "{check}");
        }
    }
}

#[test]
fn delegation_costs_a_request_for_each_name_above_before_the_first_write_only() {
    let s = Sandbox::new();
    s.config("names = a.b.home\n");
    s.run(&[]).exits(0);
    assert_eq!(s.count("GET"), 4, "the record, its name, and two names above it");
    s.run(&["--force"]).is(0, "");
    assert_eq!(s.count("GET"), 5, "without a change: the record");
    set(&s, "a.b.home", "A", STALE);
    s.run(&["--force"]).exits(0);
    assert_eq!(s.count("GET"), 6, "not before a later write");
    s.config("names = a.b.home c.b.home\n");
    s.run(&["--force"]).exits(0);
    assert_eq!(s.count("GET"), 9, "the listing, and the absent record and its name");
}

#[test]
fn names_above_that_cannot_be_read_are_no_reason_to_write() {
    for (answer, code) in [
        (Answer::json(500, r#"{"message":"oops"}"#), 75),
        (Answer::json(403, "{}"), 77),
        (Answer::json(200, r#"{"x":1}"#), 75),
    ] {
        let s = Sandbox::new();
        s.config("names = a.home\n");
        s.fake.fault(On::route("GET", "/records/home"), Times::Always, Fault::Answer(answer));
        s.run(&[]).fails(code, &["a.home.example.org A: could not read the record"]);
        assert_eq!(s.count("PUT"), 0);
    }
    // Gandi may say in any way that there is nothing at a name.
    for object in ["dns-record", "HTTPNotFound", "other"] {
        let s = Sandbox::new();
        s.config("names = a.home\n");
        let body = format!(r#"{{"object":"{object}","message":"x"}}"#);
        s.fake.fault(
            On::route("GET", "/records/home"),
            Times::Always,
            Fault::Answer(Answer::json(404, &body)),
        );
        s.run(&[]).exits_without_errors(0);
    }
}

#[test]
fn conflict_names_what_is_at_the_name_or_the_message_of_gandi() {
    let body = r#"{"code":409,"message":"a snapshot is being restored","object":"HTTPConflict","cause":"Duplicate Entry"}"#;
    for (rrtype, target, words) in [
        ("CNAME", "x.example.net.", "not changed: a CNAME record (to x.example.net.) exists at this name"),
        ("ALIAS", "x.example.net.", "not changed: an ALIAS record (to x.example.net.) exists at this name"),
        (
            "NS",
            "x.example.net.",
            "not changed: the NS record at home.example.org takes this name out of the zone",
        ),
        (
            "TXT",
            "x",
            "could not change the record: 127.0.0.1 reports a conflict with another record (409): a snapshot is being restored",
        ),
    ] {
        let s = Sandbox::new();
        set(&s, "home", "A", STALE);
        // Somebody adds a record between our read and our write.
        s.fake.fault(On::route("GET", "/records/home/A"), Times::Once, Fault::Pass);
        s.fake.fault(On::route("GET", "/records/home"), Times::Once, Fault::Answer(Answer::json(200, "[]")));
        set(&s, "home", rrtype, target);
        s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(409, body)));
        let ran = s.run(&[]);
        ran.fails(78, &[words]);
        assert_eq!(ran.stderr.contains("CNAME"), rrtype == "CNAME", "{}", ran.stderr);
        assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    }
    // The name cannot be read: the message of Gandi.
    let s = Sandbox::new();
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(409, body)));
    s.fake.fault(On::route("GET", "/records/home"), Times::Next(2), Fault::Pass);
    s.fake.fault(On::route("GET", "/records/home"), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    s.run(&[]).fails(78, &["(409): a snapshot is being restored"]);
}
