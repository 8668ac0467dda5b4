//! The number and the content of requests, and the number of connections.

use std::fmt::Write as _;

use crate::sandbox::{ADDRESS, STALE, Sandbox};

/// Returns the number of requests to echo services, GETs and PUTs to LiveDNS, and connections.
fn counts(s: &Sandbox) -> (usize, usize, usize, usize) {
    let echoes = s.fake.requests().iter().filter(|r| r.listener.starts_with("echo")).count();
    (echoes, s.count("GET"), s.count("PUT"), s.fake.connections())
}

#[test]
fn stale_record_costs_four_requests_and_one_more_before_the_first_write() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&[]).exits(0);
    assert_eq!(counts(&s), (2, 2, 1, 3), "2 echoes, 1 GET and 1 for the delegation, 1 PUT, 3 connections");
    s.run(&[]).is(0, "");
    assert_eq!(counts(&s), (3, 2, 1, 4), "1 echo more, no request to Gandi");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force"]).exits(0);
    assert_eq!(counts(&s), (5, 3, 2, 7), "2 echoes, 1 GET, 1 PUT, 3 connections more");
}

#[test]
fn hundred_names_cost_one_listing_and_one_put_per_stale_record() {
    let s = Sandbox::new();
    let mut names = String::from("names =");
    for i in 0..100 {
        s.fake.set("example.org", &format!("n{i}"), "A", 600, &[if i % 40 == 7 { STALE } else { ADDRESS }]);
        write!(names, " n{i}").expect("memory");
    }
    s.config(&names);
    let ran = s.run(&[]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(0), 3));
    let (echoes, gets, puts, connections) = counts(&s);
    assert_eq!((echoes, puts, connections), (2, 3, 3));
    assert!(echoes + gets + puts <= 8, "{gets} GETs");
    s.run(&[]).is(0, "");
    assert_eq!(counts(&s), (3, gets, 3, 4));
}

#[test]
fn requests_have_a_user_agent_and_only_gandi_gets_the_token() {
    let s = Sandbox::new();
    s.run(&[]).exits(0);
    for request in s.fake.requests() {
        let agent = request.header("User-Agent").unwrap_or_default();
        assert!(agent.starts_with("gandi-ddns/"), "{agent}");
        let is_gandi = ["livedns", "id", "domain"].contains(&request.listener.as_str());
        assert_eq!(request.header("Authorization").is_some(), is_gandi);
    }
}

#[test]
fn put_has_values_and_ttl() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&[]).exits(0);
    let put = s.fake.requests().into_iter().find(|r| r.method == "PUT").expect("a write");
    assert_eq!(put.target, "/v5/livedns/domains/example.org/records/home/A");
    assert_eq!(put.body, r#"{"rrset_values":["81.2.69.142"],"rrset_ttl":600}"#);
    assert_eq!(put.header("Content-Type"), Some("application/json"));
}

#[test]
fn proxy_of_the_environment_is_ignored() {
    let s = Sandbox::new();
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf"]);
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
        // Nothing listens there.
        command.env(name, "http://127.0.0.1:1");
    }
    s.finish(&mut command).is(0, "home.example.org A: created: 81.2.69.142 (TTL 300)\n");
}

/// The sandbox of every test checks this for that test's own requests.
#[test]
fn every_request_to_livedns_reads_or_replaces() {
    let s = Sandbox::new();
    let methods = |s: &Sandbox| -> Vec<String> {
        let requests = s.fake.requests().into_iter().filter(|r| r.listener == "livedns");
        requests.map(|r| r.method).filter(|m| m != "GET" && m != "PUT").collect()
    };
    // A new record, a wrong one, a right one, and one whose address cannot be detected.
    s.run(&[]).exits(0);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force"]).exits(0);
    s.run(&["--force"]).exits(0);
    s.fake.set_address(fake_gandi::Family::V4, "no address\n");
    s.run(&["--force"]).exits(75);
    s.run(&["check"]).exits(75);
    assert_eq!(methods(&s), [""; 0]);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}
