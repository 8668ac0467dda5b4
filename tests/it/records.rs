//! Records are created, replaced, kept or refused.

use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Answer, Family, Fault, On, Times};

#[test]
fn stale_record_is_replaced_and_the_second_run_is_silent() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
    let writes = s.count("PUT");
    s.run(&[]).is(0, "");
    assert_eq!((writes, s.count("PUT")), (1, 1));
}

#[test]
fn missing_record_is_created_and_other_records_stay() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "MX", 600, &["10 mail.example.org."]);
    s.fake.set("example.org", "www", "A", 600, &[STALE]);
    s.run(&[]).is(0, "home.example.org A: created: 81.2.69.142 (TTL 300)\n");
    assert_eq!(s.zone("home", "A"), "300 81.2.69.142");
    assert_eq!(s.zone("home", "MX"), "600 10 mail.example.org.");
    assert_eq!(s.zone("www", "A"), "600 81.2.69.1");
}

#[test]
fn apex_wildcard_and_several_sections_are_updated() {
    let s = Sandbox::new();
    s.fake.add_domain("example.net");
    s.fake.set("example.net", "@", "A", 900, &[STALE]);
    s.config_with(
        "",
        "[example.org]\nnames = @ *\nttl = 600\n[example.net]\nnames = @\n[example.org]\nnames = *.home\nttl = 1200\n",
    );
    let ran = s.run(&[]);
    ran.is(
        0,
        "example.org A: created: 81.2.69.142 (TTL 600)\n\
         *.example.org A: created: 81.2.69.142 (TTL 600)\n\
         example.net A: 81.2.69.1 -> 81.2.69.142\n\
         *.home.example.org A: created: 81.2.69.142 (TTL 1200)\n",
    );
    assert_eq!(s.zone("@", "A"), "600 81.2.69.142");
    assert_eq!(s.zone("*", "A"), "600 81.2.69.142");
    assert_eq!(s.zone("*.home", "A"), "1200 81.2.69.142");
    s.run(&["--force"]).is(0, "");
}

#[test]
fn ttl_is_kept_unless_configured() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 1800, &[ADDRESS]);
    s.run(&[]).is(0, "");
    s.config("names = home\nttl = 900\n");
    s.run(&[]).is(0, "home.example.org A: 81.2.69.142 (TTL 1800 -> 900)\n");
    assert_eq!(s.zone("home", "A"), "900 81.2.69.142");
}

#[test]
fn several_values_are_refused_unless_replacing_is_configured() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS, STALE]);
    s.run(&[]).fails(
        78,
        &[
            "home.example.org A: not changed",
            "2 addresses (81.2.69.1 81.2.69.142)",
            "multiple_values = replace",
        ],
    );
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS} {STALE}"));
    s.config("names = home\nmultiple_values = replace\n");
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 81.2.69.142 -> 81.2.69.142\n");
    assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
}

#[test]
fn put_is_refused_when_a_cname_exists() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "CNAME", 600, &["other.example.net."]);
    let words = ["home.example.org A: not changed", "CNAME record (to other.example.net.)"];
    s.run(&[]).fails(78, &words);
    s.config("names = home www\n");
    let ran = s.run(&[]);
    ran.says(&words);
    ran.prints(78, "www.example.org A: created: 81.2.69.142 (TTL 300)\n");
    assert_eq!(s.zone("home", "A"), "");
}

#[test]
fn second_record_is_updated_when_the_first_fails() {
    let s = Sandbox::new();
    for name in ["one", "two"] {
        s.fake.set("example.org", name, "A", 600, &[STALE]);
    }
    s.config("names = one two\n");
    let answer = Answer::json(500, r#"{"message":"oops"}"#);
    s.fake.fault(On::route("PUT", "/one/"), Times::Always, Fault::Answer(answer));
    let ran = s.run(&[]);
    ran.says(&["one.example.org A: could not confirm the change", "500"]);
    ran.prints(75, "two.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!(s.zone("one", "A"), "600 81.2.69.1");
    assert_eq!(s.zone("two", "A"), "600 81.2.69.142");
    s.fake.clear_faults();
    s.run(&[]).is(0, "one.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn record_edited_by_hand_is_repaired_by_force_and_by_recheck() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.run(&[]).is(0, "");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&[]).is(0, "");
    assert_eq!(s.zone("home", "A"), "600 81.2.69.1", "no check of the zone within `recheck`");
    s.run(&["--force"]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.config_with("recheck = 0", "[example.org]\nnames = home\n");
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn dry_run_prints_changes_and_writes_nothing() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.config("names = home new\nttl = 300\n");
    s.run(&["--dry-run"]).is(
        0,
        "home.example.org A: would replace 81.2.69.1, which this program has not written as far as it knows, with 81.2.69.142 (TTL 300)\n\
         new.example.org A: would be created: 81.2.69.142 (TTL 300)\n",
    );
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (0, "600 81.2.69.1".to_owned()));
    assert!(!s.path("state").exists());
}

#[test]
fn listing_is_read_page_by_page() {
    let s = Sandbox::new();
    for i in 0..250 {
        s.fake.set("example.org", &format!("n{i:03}"), "TXT", 600, &["\"x\""]);
    }
    s.fake.set("example.org", "zz", "A", 600, &[STALE]);
    s.fake.set("example.org", "zzz", "A", 600, &[ADDRESS]);
    s.config("names = zz zzz\n");
    s.run(&[]).is(0, "zz.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!((s.count("GET"), s.count("PUT")), (3, 1));
}

#[test]
fn most_severe_failure_gives_the_exit_code() {
    for names in ["many broken", "broken many"] {
        let s = Sandbox::new();
        s.fake.set("example.org", "many", "A", 600, &[ADDRESS, STALE]);
        s.fake.set("example.org", "broken", "A", 600, &[STALE]);
        s.config(&format!("names = {names}\n"));
        let answer = Answer::json(500, "{}");
        s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(answer));
        let ran = s.run(&[]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (Some(78), 2), "{names}: {}", ran.stderr);
    }
}

#[test]
fn aaaa_with_a_suffix_follows_the_prefix() {
    let s = Sandbox::new();
    s.config_with(
        "",
        "[example.org]\nnames = nas\ntypes = A AAAA\nsuffix = ::aa:0:0:0:5/56\n\
         [example.org]\nnames = home\ntypes = AAAA\nttl = 600\n\
         [example.org]\nnames = cam\ntypes = AAAA\nsuffix = mac 00:11:22:33:44:55\n",
    );
    let ran = s.run(&[]);
    ran.exits_without_errors(0);
    assert_eq!(s.zone("nas", "A"), "300 81.2.69.142");
    assert_eq!(s.zone("nas", "AAAA"), "300 2a01:e0a:1:aa::5");
    assert_eq!(s.zone("home", "AAAA"), "600 2a01:e0a:1:2::3");
    assert_eq!(s.zone("cam", "AAAA"), "300 2a01:e0a:1:2:211:22ff:fe33:4455");
    // The address with the suffix is cached, and changes with the prefix.
    let requests = s.fake.requests().len();
    s.run(&["-6"]).is(0, "");
    assert_eq!(s.fake.requests().len(), requests + 1);
    s.fake.set_address(Family::V6, "2a01:e0a:9:102::3");
    s.run(&["-6"]).exits(0);
    assert_eq!(s.zone("nas", "AAAA"), "300 2a01:e0a:9:1aa::5");
}

#[test]
fn family_option_updates_only_that_family() {
    let s = Sandbox::new();
    s.config("names = home\ntypes = A AAAA\n");
    s.run(&["-6"]).is(0, "home.example.org AAAA: created: 2a01:e0a:1:2::3 (TTL 300)\n");
    s.run(&["-4"]).is(0, "home.example.org A: created: 81.2.69.142 (TTL 300)\n");
    s.run(&["-4", "-6"]).is(0, "");
    s.config("names = home\n");
    s.run(&["-6"]).fails(78, &["nothing to do: no record of the chosen address family is configured"]);
}
