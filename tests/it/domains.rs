//! Sections that are no domain of the token, and domains that do not use LiveDNS.

use std::time::{Duration, Instant};

use crate::sandbox::{API_KEY, STALE, Sandbox, TOKEN};
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;
/// The advice for a section that may be a subdomain.
const HINT: &str = "; the section must be the registered domain: a subdomain goes into `names`";
const FORBIDDEN: &str = r#"{"object":"HTTPForbidden","cause":"Forbidden","code":403,"message":"Access was denied to this resource."}"#;

/// Returns the domains whose nameservers were queried.
fn asked(s: &Sandbox) -> Vec<String> {
    let of_domain = |target: String| target.split('/').nth(4).map(str::to_owned);
    s.fake
        .requests()
        .into_iter()
        .filter(|r| r.listener == "domain")
        .filter_map(|r| of_domain(r.target))
        .collect()
}

#[test]
fn section_that_is_a_subdomain_gets_the_same_hint_with_403_and_404() {
    for names in ["@", "@ www", "a.b"] {
        for (status, words, code) in [
            (403, "refused the token from token_file token (403)", 77),
            (404, "does not find the domain home.example.org (404)", 78),
        ] {
            let s = Sandbox::new();
            s.config_with("", &format!("[home.example.org]\nnames = {names}\n"));
            if status == 403 {
                s.fake.fault(
                    On::path("/home.example.org"),
                    Times::Always,
                    Fault::Answer(Answer::json(403, FORBIDDEN)),
                );
            }
            let ran = s.run(&[]);
            ran.fails(code, &[words, HINT]);
            let check = s.run(&["check"]);
            assert!(check.code == Some(code) && check.stdout.contains(HINT), "{check}");
        }
    }
}

#[test]
fn hint_is_given_only_where_it_may_fit() {
    for (domain, fits) in [("example.com", false), ("example.co.uk", true)] {
        for status in [403, 404] {
            let s = Sandbox::new();
            s.config_with("", &format!("[{domain}]\nnames = @\n"));
            if status == 403 {
                s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::json(403, FORBIDDEN)));
            }
            let ran = s.run(&[]);
            assert_eq!(ran.stderr.contains(HINT), fits, "{domain} {status}: {ran}");
        }
    }
    // A write that is refused.
    let s = Sandbox::new();
    s.fake.add_domain("home.example.org");
    s.config_with("", "[home.example.org]\nnames = @\n");
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(403, FORBIDDEN)));
    s.run(&[]).fails(77, &["could not change the record", HINT]);
    // The same for an API key.
    s.write("key", API_KEY);
    let head = s.head().replace("token_file = token", "api_key_file = key");
    s.raw_config(&format!("{head}[home.example.org]\nnames = @\n"));
    s.fake.clear_faults();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the API key from api_key_file key (401)", HINT]);
}

#[test]
fn check_blames_the_section_if_the_token_has_access_to_another_one() {
    let s = Sandbox::new();
    s.config_with("", "[example.org]\nnames = nas\n[home.example.org]\nnames = @\n");
    s.fake.fault(On::path("/home.example.org"), Times::Always, Fault::Answer(Answer::json(403, FORBIDDEN)));
    let check = s.run(&["check"]);
    check.exits(77);
    for line in
        ["ok       token: accepted", "failure  domain home.example.org: 127.0.0.1 refused the token", HINT]
    {
        assert!(check.stdout.contains(line), "{check}");
    }
}

#[test]
fn unknown_domain_may_be_of_another_organization() {
    let s = Sandbox::new();
    s.config_with("", "[example.com]\nnames = @\n");
    let words = ["not of the token's default organization", "`sharing_id`", "token_file token"];
    s.run(&[]).fails(78, &words);
    let check = s.run(&["check"]);
    assert!(words.iter().all(|word| check.stdout.contains(word)), "{check}");
    // Without a config there is no key to set.
    let api = format!("api={}", s.fake.api());
    let mut inline = s.command();
    inline.env("GANDI_TOKEN", TOKEN).args(["-o", &api, "-o", "ca_file=ca.pem", "--domain", "example.com"]);
    let ran = s.finish(inline.args(["get", "home"]));
    ran.fails(78, &["organization, add `-o sharing_id=ID`: ID is the second hex string in the URL of"]);
}

#[test]
fn domain_on_other_nameservers_is_a_warning_once_a_day() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.set_current("example.org", "classic");
    let warning = "gandi-ddns: warning: nameservers of example.org: domain uses `classic` nameservers: updates here have no effect until you switch to LiveDNS at admin.gandi.net\n";
    let ran = s.run(&[]);
    ran.prints(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!((ran.stderr.as_str(), asked(&s).len()), (warning, 1));
    s.run(&[]).is(0, "");
    s.age(DAY - 60);
    s.run(&["--force"]).is(0, "");
    assert_eq!(asked(&s).len(), 1);
    s.age(60);
    let ran = s.run(&[]);
    assert_eq!((ran.code, ran.stderr.as_str(), asked(&s).len()), (Some(0), warning, 2));
    s.age(DAY);
    s.fake.set_current("example.org", "livedns");
    s.run(&[]).is(0, "");
    s.run(&["--dry-run"]).is(0, "");
    assert_eq!(asked(&s).len(), 3);
}

#[test]
fn nameservers_of_each_domain_are_read_once() {
    let s = Sandbox::new();
    for domain in ["example.net", "example.com"] {
        s.fake.add_domain(domain);
    }
    s.fake.set_current("example.net", "other");
    s.config_with("", "[example.org]\nnames = a b\n[example.net]\nnames = @\n[example.com]\nnames = @\n[example.org]\nnames = c\n");
    let ran = s.run(&[]);
    ran.exits(0);
    ran.says(&["warning: nameservers of example.net: domain uses `other` nameservers"]);
    assert_eq!(
        (ran.stderr.lines().count(), asked(&s)),
        (1, ["example.org", "example.net", "example.com"].map(str::to_owned).to_vec())
    );
}

#[test]
fn nameservers_that_cannot_be_read_change_nothing() {
    for fault in [
        Fault::Answer(Answer::html(500, "<p>no")),
        Fault::Answer(Answer::json(429, "{}")),
        Fault::DropBefore,
        Fault::Truncate,
        Fault::flood(),
    ] {
        let s = Sandbox::new();
        s.fake.add_domain("example.net");
        s.config_with("", "[example.org]\nnames = home\n[example.net]\nnames = @\n");
        s.fake.fault(On::path("/v5/domain/"), Times::Always, fault.clone());
        let ran = s.run(&[]);
        assert!(ran.code == Some(0) && !ran.stderr.contains("127.0.0.1"), "{fault:?}: {ran}");
        s.run(&[]).is(0, "");
        assert!(s.fake.requests().iter().any(|r| r.listener == "id"), "the token is looked at");
    }
}

#[test]
fn question_about_nameservers_leaves_time_for_the_token() {
    let s = Sandbox::new();
    s.config_with("timeout = 6", "[example.org]\nnames = home\n");
    s.fake.set_left(TOKEN, 5 * DAY);
    s.fake.fault(On::path("/v5/domain/"), Times::Always, Fault::Hang);
    let start = Instant::now();
    let ran = s.run(&[]);
    ran.exits(0);
    ran.says(&["the token expires"]);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn nameservers_are_also_read_with_an_api_key() {
    let s = Sandbox::new();
    s.fake.set_current("example.org", "classic");
    s.write("key", API_KEY);
    let head = s.head().replace("token_file = token", "api_key_file = key");
    s.raw_config(&format!("{head}[example.org]\nnames = home\n"));
    let ran = s.run(&[]);
    ran.exits(0);
    ran.says(&["warning: nameservers of example.org: domain uses `classic` nameservers"]);
    let again = s.run(&[]);
    assert!(!again.stderr.contains("nameservers"), "{again}");
    s.fake.set_left(TOKEN, DAY);
}
