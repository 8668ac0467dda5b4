//! DNS servers as a hint: an unchanged address makes every request unnecessary; no other response has any effect.

use std::thread;

use crate::sandbox::{ADDRESS, Sandbox};
use fake_gandi::{Dns, DnsFault, Family};

/// The words of the error that a fault leads to; `None` if the address is found.
type Words = Option<&'static [&'static str]>;

/// The program sends the query twice and waits 2 s each time.
const SILENT: Words = Some(&["did not answer within 2 s, queried twice", "may be blocked"]);
const UNRELATED: Words = Some(&["did not answer within 2 s, queried twice", "received 2 unrelated packets"]);

const FAULTS: [(DnsFault, usize, Words); 16] = [
    // The fault, the number of queries in one run, the words of the error.
    (DnsFault::ClientSubnet, 1, None),
    (DnsFault::WrongIdFirst, 1, None),
    (DnsFault::SilentOnce, 2, None),
    (DnsFault::Silent, 2, SILENT),
    (DnsFault::OtherPort, 2, SILENT),
    (DnsFault::WrongId, 2, UNRELATED),
    (DnsFault::WrongQuestion, 2, UNRELATED),
    (DnsFault::Garbage, 2, UNRELATED),
    (DnsFault::Truncated, 1, Some(&["sent a truncated response"])),
    (DnsFault::Loop, 1, Some(&["sent a malformed response: a compression pointer does not point backwards"])),
    (DnsFault::Oversized, 1, Some(&["sent a response longer than 512 bytes"])),
    (DnsFault::WrongClass, 1, Some(&["sent a response without an address"])),
    (DnsFault::OtherOwner, 1, Some(&["sent a response without an address"])),
    (DnsFault::Refused, 1, Some(&["answered with REFUSED (5)"])),
    (DnsFault::TwoAddresses, 1, Some(&["answered with two addresses, 81.2.69.142 and 81.2.69.143"])),
    (DnsFault::Empty, 1, Some(&["sent a malformed response: a string is not an address"])),
];

/// A sandbox with a confirmed A record and a DNS server as the first source.
fn confirmed(provider: &str) -> (Sandbox, Dns) {
    let (s, dns) = (Sandbox::new(), Dns::start("127.0.0.1:0"));
    dns.set_address(ADDRESS);
    let source = format!("ipv4 = dns:{provider}@{}", dns.address());
    s.raw_config(&format!("{}\n[example.org]\nnames = home\n", s.head().replace("ipv4 =", &source)));
    let ran = s.run(&[]);
    ran.exits_without_errors(0);
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (1, format!("300 {ADDRESS}")));
    (s, dns)
}

/// Returns the number of requests to echo services and to Gandi.
fn requests(s: &Sandbox) -> (usize, usize) {
    let all = s.fake.requests();
    let gandi = all.iter().filter(|r| r.listener == "livedns").count();
    (all.len() - gandi, gandi)
}

#[test]
fn unchanged_hint_makes_every_request_unnecessary() {
    for (provider, name, rrtype, class, recursion) in [
        ("cloudflare", "whoami.cloudflare", 16, 3, true),
        ("google", "o-o.myaddr.l.google.com", 16, 1, false),
        ("opendns", "myip.opendns.com", 1, 1, true),
    ] {
        let (s, dns) = confirmed(provider);
        let (before, queried) = (requests(&s), dns.count());
        s.run(&[]).is(0, "");
        assert_eq!((requests(&s), dns.count()), (before, queried + 1), "{provider}");
        assert_eq!(dns.violations(), [""; 0]);
        let query = dns.queries().pop().expect("a query");
        let queried = (query.name.as_str(), query.rrtype, query.class, query.recursion);
        assert_eq!(queried, (name, rrtype, class, recursion));
    }
}

#[test]
fn query_ids_and_ports_are_random() {
    let (s, dns) = confirmed("cloudflare");
    for _ in 0..6 {
        s.run(&[]).is(0, "");
    }
    let queries = dns.queries();
    let differ = |key: fn(&fake_gandi::DnsQuery) -> u16| {
        queries.iter().map(key).collect::<std::collections::BTreeSet<_>>().len() > 3
    };
    assert!(differ(|q| q.id) && differ(|q| q.from.port()), "{queries:?}");
}

#[test]
fn changed_hint_alone_changes_no_record() {
    let (s, dns) = confirmed("cloudflare");
    dns.set_address("81.2.69.200");
    let before = requests(&s);
    s.run(&[]).is(0, "");
    assert_eq!(
        requests(&s),
        (before.0 + 2, before.1),
        "the first service contradicts the hint: a second is queried"
    );
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (1, format!("300 {ADDRESS}")));
}

#[test]
fn wrong_hint_equal_to_the_record_holds_only_until_recheck() {
    let (s, dns) = confirmed("cloudflare");
    s.fake.set_address(Family::V4, "81.2.69.180");
    for seconds in [0, 3000] {
        s.age(seconds);
        let before = requests(&s);
        s.run(&[]).is(0, "");
        assert_eq!(requests(&s), before, "no request before `recheck` has passed");
    }
    let queried = dns.count();
    s.age(600);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.142 -> 81.2.69.180\n");
    assert_eq!(dns.count(), queried + 1, "the hint is only a second opinion, and contradicts");
    // The wrong hint now differs from the record, and still changes nothing.
    let puts = s.count("PUT");
    s.run(&[]).is(0, "");
    s.age(3600);
    s.run(&[]).is(0, "");
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (puts, "300 81.2.69.180".to_owned()));
}

#[test]
fn wrong_hint_is_not_written_when_the_address_changes() {
    let (s, dns) = confirmed("google");
    dns.set_address("81.2.69.66");
    s.fake.set_address(Family::V4, "81.2.69.180");
    s.run(&[]).is(0, "home.example.org A: 81.2.69.142 -> 81.2.69.180\n");
    // It is not written either when no other source answers.
    for echo in &s.v4 {
        echo.refuse();
    }
    let words = [
        "could not determine a public IPv4 address; nothing was changed: dns:google: reported 81.2.69.66 (only a hint); ",
    ];
    s.run(&[]).fails(75, &words);
    assert_eq!(s.zone("home", "A"), "300 81.2.69.180");
}

#[test]
fn web_services_are_queried_after_each_fault_of_the_name_server() {
    // In parallel, because the timeouts take long.
    thread::scope(|scope| {
        for (fault, queries, words) in FAULTS {
            let test = move || check(fault, queries, words);
            thread::Builder::new().name(format!("{fault:?}")).spawn_scoped(scope, test).expect("a thread");
        }
    });
}

fn check(fault: DnsFault, expected: usize, words: Words) {
    let (s, dns) = confirmed("cloudflare");
    for arguments in [&[][..], &["-v"]] {
        dns.fault(fault);
        let (before, queried) = (requests(&s), dns.count());
        let ran = s.run(arguments);
        ran.prints(0, "");
        let echoes = usize::from(words.is_some());
        assert_eq!(requests(&s), (before.0 + echoes, before.1), "{fault:?}: {}", ran.stderr);
        assert_eq!(dns.count(), queried + expected, "{fault:?}");
        if arguments.is_empty() {
            assert_eq!(ran.stderr, "", "{fault:?}");
        } else if let Some(words) = words {
            let says = |line: &str| line.contains("dns:cloudflare") && words.iter().all(|w| line.contains(w));
            assert!(ran.stderr.lines().any(says), "{fault:?}: {words:?} is not in: {}", ran.stderr);
        }
    }
    assert_eq!((s.count("PUT"), dns.violations()), (1, Vec::new()), "{fault:?}");
}

#[test]
fn closed_port_of_the_name_server_costs_only_the_hint() {
    let (s, dns) = confirmed("cloudflare");
    drop(dns);
    let before = requests(&s);
    s.run(&[]).is(0, "");
    let ran = s.run(&["-v"]);
    assert_eq!(requests(&s), (before.0 + 2, before.1));
    let says = |line: &str| line.contains("dns:cloudflare") && line.contains("could not be queried: ");
    assert!(ran.stderr.lines().any(says), "{}", ran.stderr);
}
