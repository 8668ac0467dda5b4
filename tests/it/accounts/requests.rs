//! The requests of several accounts: organizations, APIs, the rate limit, and numbers of requests and connections.

use std::fmt::Write as _;

use super::{
    DAY, NEW, ORGANIZATION, SECOND, head_without_token, queried, replaced, requests_with, run, sections, two,
};
use crate::sandbox::{ADDRESS, API_KEY, STALE, Sandbox, TOKEN};
use fake_gandi::{Answer, Fake, Family, Fault, On, Setup, Times, Tls};

#[test]
fn rate_limit_of_one_account_stops_the_others_at_this_api() {
    let s = two("");
    s.fake.fault(On::path("example.org"), Times::Always, Fault::Answer(Answer::json(429, "{}")));
    let ran = run(&s, &[]);
    ran.prints(75, "");
    ran.says(&["rate limit of 127.0.0.1 exceeded"]);
    assert_eq!((requests_with(&s, "example.net").len(), requests_with(&s, "example.org").len()), (0, 1));
}

#[test]
fn sharing_id_is_in_each_request_of_its_account() {
    let s = two(&format!("sharing_id = {ORGANIZATION}\n"));
    s.fake.set_organization("example.net", ORGANIZATION);
    run(&s, &[]).is(0, &(replaced("example.org") + &replaced("example.net")));
    run(&s, &["check"]).exits_without_errors(0);
    let query = format!("?sharing_id={ORGANIZATION}");
    let ours = requests_with(&s, "example.net");
    assert!(ours.iter().any(|r| r.method == "PUT") && ours.iter().any(|r| r.listener == "domain"));
    for request in &s.fake.requests() {
        let is_ours = request.target.contains("example.net");
        assert_eq!(request.target.ends_with(&query), is_ours, "{request}");
        assert_eq!(request.target.matches("sharing_id").count(), usize::from(is_ours), "{request}");
    }
}

#[test]
fn sharing_id_is_in_the_link_to_the_next_page_once() {
    for repeats in [false, true] {
        let s = two(&format!("sharing_id = {ORGANIZATION}\n"));
        if repeats {
            s.fake.links_repeat_sharing_id();
        }
        s.fake.set_organization("example.net", ORGANIZATION);
        for number in 0..250 {
            s.fake.set("example.net", &format!("n{number}"), "A", 600, &[STALE]);
        }
        s.raw_config(&format!(
            "{}[example.net]\nnames = home n9\ntoken_file = token-b\nsharing_id = {ORGANIZATION}\n",
            head_without_token(&s)
        ));
        let ran = run(&s, &[]);
        ran.exits_without_errors(0);
        assert_eq!(ran.stdout.lines().count(), 2, "{ran}");
        // The sandbox checks that no parameter is repeated.
        let pages = requests_with(&s, "/records?");
        assert_eq!(pages.len(), 3, "{pages:?}");
        assert!(pages.iter().all(|r| r.target.matches(ORGANIZATION).count() == 1), "{pages:?}");
    }
}

#[test]
fn wrong_or_missing_sharing_id_is_explained() {
    let other = "00000000-6c9c-11e8-b5f0-00163ec31f40";
    for (head, keys, code) in [
        ("", String::new(), 78),
        ("", format!("sharing_id = {other}\n"), 78),
        ("", format!("sharing_id = {ORGANIZATION}\n"), 0),
        // The global one is inherited, with a token of its own or without; that of the section comes first.
        (&format!("sharing_id = {ORGANIZATION}\n"), String::new(), 0),
        (&format!("sharing_id = {other}\n"), format!("sharing_id = {ORGANIZATION}\n"), 0),
        (&format!("sharing_id = {ORGANIZATION}\n"), format!("sharing_id = {other}\n"), 78),
    ] {
        let s = two("");
        s.fake.set_organization("example.net", ORGANIZATION);
        s.raw_config(&format!(
            "{}{head}[example.net]\nnames = home\ntoken_file = token-b\n{keys}",
            head_without_token(&s)
        ));
        let ran = run(&s, &[]);
        if code == 0 {
            ran.is(0, &replaced("example.net"));
            continue;
        }
        ran.fails(
            code,
            &[
                "127.0.0.1 does not find the domain example.net (404): ",
                "accessible to the token from token_file token-b",
                "set `sharing_id` to the second hex string in the URL of the organization's page at admin.gandi.net",
            ],
        );
    }
}

#[test]
fn sharing_id_that_is_none_is_refused_and_not_repeated() {
    let s = two("");
    for value in ["My organization", "6f1c5c2e&page=2", "https://admin.gandi.net/x", TOKEN, API_KEY, "abc"] {
        for config in [
            format!("{}sharing_id = {value}\n[example.org]\nnames = home\n", s.head()),
            format!("{}\n[example.org]\nsharing_id = {value}\nnames = home\n", s.head()),
        ] {
            s.raw_config(&config);
            let ran = run(&s, &[]);
            let line = config.lines().position(|l| l.starts_with("sharing_id")).map_or(0, |l| l + 1);
            let place = format!(
                "gandi-ddns.conf:{line}: `sharing_id`: not the ID of an organization: use the second hex string"
            );
            ran.fails(78, &[&place, "admin.gandi.net"]);
            assert!(!ran.stderr.contains(value), "{ran}");
        }
    }
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn one_token_for_two_organizations_is_maintained_once() {
    let s = Sandbox::new();
    s.fake.add_domain("example.net");
    s.fake.set_organization("example.net", ORGANIZATION);
    s.fake.set_left(TOKEN, 20 * DAY + 100);
    sections(&s, "", &format!("sharing_id = {ORGANIZATION}\n"));
    let ran = run(&s, &[]);
    ran.says(&["warning: the token from token_file token expires on 20"]);
    assert_eq!((ran.code, ran.stderr.lines().count(), queried(&s).len()), (Some(0), 1, 1), "{ran}");
    // The nameservers of both domains are looked at.
    assert_eq!(requests_with(&s, "/v5/domain/").len(), 2);
    s.fake.set_left(TOKEN, 10 * DAY + 100);
    sections(&s, "", &format!("sharing_id = {ORGANIZATION}\nrenew_token = yes\n"));
    run(&s, &[]).exits_without_errors(0);
    assert_eq!(s.fake.renewals(), 1);
    run(&s, &["--force"]).is(0, "");
}

#[test]
fn section_may_have_another_api() {
    let s = two("");
    let other = Fake::start_with(Setup { tls: Tls::None, ..Setup::default() });
    other.accept_bearer(SECOND);
    other.add_domain("example.org");
    s.fake.revoke(SECOND);
    // The same domain at both.
    s.config_with(
        "",
        &format!(
            "[example.org]\nnames = home\n[example.org]\nnames = www nas\ntoken_file = token-b\napi = {}\n",
            other.api()
        ),
    );
    let created = |name: &str| format!("{name}.example.org A: created: {ADDRESS} (TTL 300)\n");
    let both = created("www") + &created("nas");
    run(&s, &[]).is(0, &(replaced("example.org") + &both));
    assert!(
        other.get("example.org", "www", "A").is_some() && s.fake.get("example.org", "www", "A").is_none()
    );
    let sent = |fake: &Fake, token: &str| {
        fake.requests().iter().any(|r| r.header("Authorization").is_some_and(|a| a.ends_with(token)))
    };
    assert!(!sent(&s.fake, SECOND) && !sent(&other, TOKEN));
    assert_eq!(other.violations(), [""; 0]);
    run(&s, &[]).is(0, "");
    // One is down.
    other.refuse();
    s.fake.set_address(Family::V4, NEW);
    let ran = run(&s, &[]);
    ran.prints(75, &format!("home.example.org A: {ADDRESS} -> {NEW}\n"));
    ran.says(&["www.example.org A, nas.example.org A: "]);
    let check = run(&s, &["check"]);
    check.exits_without_errors(75);
    for line in [
        "failure  gandi: could not",
        "ok       gandi: 127.0.0.1 is reachable",
        "home.example.org A: up to date",
    ] {
        assert!(check.stdout.contains(line), "`{line}`\n{check}");
    }
    assert!(!check.stdout.contains("nas.example.org A:"), "{check}");
}

#[test]
fn api_that_hangs_leaves_time_for_the_others() {
    let s = two("");
    let [first, last] = [(), ()].map(|()| {
        let fake = Fake::start_with(Setup { tls: Tls::None, ..Setup::default() });
        fake.accept_bearer(SECOND);
        for domain in ["example.org", "example.net", "example.com"] {
            fake.add_domain(domain);
        }
        fake
    });
    first.fault(On::method("GET"), Times::Always, Fault::Hang);
    let section = |domain: &str, fake: &Fake| {
        format!("[{domain}]\nnames = home www\ntoken_file = token-b\napi = {}\n", fake.api())
    };
    s.config_with(
        "timeout = 6\n",
        &format!(
            "{}{}{}[example.org]\nnames = home\n[example.net]\nnames = nas\ntoken_file = token-b\napi = {}\n",
            section("example.org", &first).replace("home www", "a b"),
            section("example.net", &first),
            section("example.com", &first),
            last.api()
        ),
    );
    let ran = run(&s, &[]);
    ran.prints(75, &format!("{}nas.example.net A: created: {ADDRESS} (TTL 300)\n", replaced("example.org")));
    // It is asked once, and its other zones not at all.
    assert_eq!(first.requests().len(), 1);
    ran.says(&["a.example.org A, b.example.org A: ", "no time was left to query 127.0.0.1"]);
    assert_eq!(ran.stderr.lines().count(), 2, "{ran}");
}

#[test]
fn sharing_id_in_capitals_is_sent_in_lower_case() {
    let s = two(&format!("sharing_id = {}\n", ORGANIZATION.to_ascii_uppercase()));
    s.fake.set_organization("example.net", ORGANIZATION);
    run(&s, &[]).is(0, &(replaced("example.org") + &replaced("example.net")));
    sections(&s, "", &format!("sharing_id = {{{ORGANIZATION}}}\n"));
    run(&s, &[]).fails(78, &["gandi-ddns.conf:12: `sharing_id`: write the value without brackets"]);
}

#[test]
fn token_file_by_two_paths_is_renewed_if_either_section_wants_it() {
    for (first, second, expiries) in [
        ("renew_token = yes\n", "", 1),
        ("", "renew_token = yes\n", 2),
        ("renew_token = yes\n", "renew_token = yes\n", 1),
    ] {
        let s = two("");
        s.fake.accept_bearer(TOKEN);
        s.fake.set_left(TOKEN, 10 * DAY + 100);
        s.raw_config(&format!(
            "{}[example.org]\nnames = home\ntoken_file = token\n{first}[example.net]\nnames = home\n\
             token_file = ./token\n{second}",
            head_without_token(&s)
        ));
        let ran = run(&s, &[]);
        assert_eq!((ran.code, s.fake.renewals(), queried(&s).len()), (Some(0), 1, expiries), "{ran}");
        // Both use the new one.
        s.fake.revoke(TOKEN);
        run(&s, &["--force"]).exits_without_errors(0);
    }
}

/// Requests to LiveDNS by method, about tokens and nameservers, and connections to Gandi.
#[derive(Debug, PartialEq)]
struct Counts {
    gets: usize,
    puts: usize,
    tokens: usize,
    nameservers: usize,
    connections: usize,
}

/// Returns the counts of a run with this config.
fn counts_of(s: &Sandbox) -> Counts {
    let before = s.fake.requests().len();
    run(s, &[]).exits_without_errors(0);
    let requests = &s.fake.requests()[before..];
    let count = |listener: &str, method: &str| {
        requests.iter().filter(|r| r.listener == listener && r.method == method).count()
    };
    let mut connections: Vec<usize> =
        requests.iter().filter(|r| !r.listener.starts_with("echo")).map(|r| r.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    Counts {
        gets: count("livedns", "GET"),
        puts: count("livedns", "PUT"),
        tokens: count("id", "GET"),
        nameservers: count("domain", "GET"),
        connections: connections.len(),
    }
}

#[test]
fn twelve_domains_in_three_accounts_share_one_connection() {
    // With one name per domain, a domain costs one read; with two names, one listing. Before the first write, one more
    // request per domain and name looks for a delegation, unless there is a listing.
    for (names, first_gets) in [("home", 24), ("home www", 12)] {
        let mut counted = Vec::new();
        for accounts in [1, 3] {
            let s = Sandbox::new();
            let mut text = String::new();
            for number in 0..12 {
                let (domain, account) = (format!("d{number}.example"), number % accounts);
                s.fake.add_domain(&domain);
                for name in names.split(' ') {
                    s.fake.set(&domain, name, "A", 600, &[STALE]);
                }
                let token = format!("pat_account{account}0123456789SECRET");
                s.fake.accept_bearer(&token);
                s.write(&format!("token{account}"), &token);
                writeln!(text, "[{domain}]\nnames = {names}\ntoken_file = token{account}").expect("memory");
            }
            s.raw_config(&format!("{}{text}", head_without_token(&s)));
            let all = 12 * names.split(' ').count();
            let first = counts_of(&s);
            let wanted =
                Counts { gets: first_gets, puts: all, tokens: accounts, nameservers: 12, connections: 1 };
            assert_eq!(first, wanted, "first run, {names}");
            let none = Counts { gets: 0, puts: 0, tokens: 0, nameservers: 0, connections: 0 };
            assert_eq!(counts_of(&s), none, "quiet run, {names}");
            s.fake.set_address(Family::V4, NEW);
            let wanted = Counts { gets: 12, puts: all, connections: 1, ..none };
            assert_eq!(counts_of(&s), wanted, "changing run, {names}");
            counted.push(first.gets);
        }
        assert_eq!(counted[0], counted[1], "as many as in one account");
    }
}
