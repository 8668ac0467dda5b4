//! Sources that lie: one service or one forged packet neither writes an address nor keeps an old one, and a hint that
//! contradicts makes a write need one more vote.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Dns, DnsFault, Echo, Family, Fault, Times};

/// An address that is not this machine's.
pub(crate) const WRONG: &str = "81.2.69.66";

/// A stale A record, echo services of six providers, and a name server. The machine has [`ADDRESS`].
pub(crate) struct Liars {
    pub(crate) s: Sandbox,
    echoes: Vec<Echo>,
    dns: Dns,
}

impl Liars {
    pub(crate) fn new() -> Self {
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let mut echoes = s.v4.clone();
        for n in 4..=6 {
            let echo = s.fake.echo(n, Family::V4);
            echo.set(&format!("{ADDRESS}\n"));
            echoes.push(echo);
        }
        let dns = Dns::start("127.0.0.1:0");
        dns.set_address(ADDRESS);
        Self { s, echoes, dns }
    }

    /// Writes a config with these sources. `dns` stands for the name server, and `a` to `f` for the echo services.
    pub(crate) fn sources(&self, words: &str, more: &str) {
        let url = |word: &str| match word {
            "dns" => format!("dns:google@{}", self.dns.address()),
            _ => match word.as_bytes() {
                [letter @ b'a'..=b'f'] => self.echoes[usize::from(letter - b'a')].url(),
                _ => word.to_owned(),
            },
        };
        let words = words.split(' ').map(url).collect::<Vec<_>>().join(" ");
        let head = self.s.head();
        let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv4")).collect();
        let head = head.join("\n");
        self.s.raw_config(&format!("{head}\nipv4 = {words}\n{more}\n[example.org]\nnames = home\n"));
    }

    /// The echo services with these letters answer with `address`.
    fn lie(&self, letters: &str, address: &str) {
        for letter in letters.bytes() {
            self.echoes[usize::from(letter - b'a')].set(address);
        }
    }

    /// Returns the number of requests to echo services, of GETs and PUTs to LiveDNS, and of queries to the name server.
    fn counts(&self) -> (usize, usize, usize, usize) {
        let echoes = self.s.fake.requests().iter().filter(|r| r.listener.starts_with("echo")).count();
        (echoes, self.s.count("GET"), self.s.count("PUT"), self.dns.count())
    }

    /// Makes a run and returns the numbers of its requests, as [`Liars::counts`].
    #[track_caller]
    fn costs(&self, code: i32, stdout: &str) -> (usize, usize, usize, usize) {
        let before = self.counts();
        self.s.run(&[]).is(code, stdout);
        let after = self.counts();
        (after.0 - before.0, after.1 - before.1, after.2 - before.2, after.3 - before.3)
    }

    #[track_caller]
    pub(crate) fn zone_is(&self, address: &str) {
        assert_eq!(self.s.zone("home", "A"), format!("600 {address}"));
    }
}

pub(crate) fn changed(from: &str, to: &str) -> String {
    format!("home.example.org A: {from} -> {to}\n")
}

#[test]
fn each_run_asks_as_few_sources_as_its_result_needs() {
    let l = Liars::new();
    l.sources("dns a b c", "");
    // Echo services, GETs, PUTs, UDP exchanges. A write: two votes, and the hint before it.
    assert_eq!(l.costs(0, &changed(STALE, ADDRESS)), (2, 2, 1, 1), "the first write looks for a delegation");
    assert_eq!(l.costs(0, ""), (0, 0, 0, 1), "without a change: the hint");
    l.s.age(3700);
    assert_eq!(l.costs(0, ""), (1, 1, 0, 1), "after `recheck`: one vote, and the hint as second opinion");
    l.dns.set_address(STALE);
    l.lie("abcdef", STALE);
    assert_eq!(l.costs(0, &changed(ADDRESS, STALE)), (2, 1, 1, 1), "a changed address");
    // Without a hint.
    l.sources("a b c", "");
    assert_eq!(l.costs(0, ""), (1, 0, 0, 0));
    l.s.age(3700);
    assert_eq!(l.costs(0, ""), (2, 1, 0, 0), "after `recheck`: another provider as second opinion");
    l.lie("abc", ADDRESS);
    assert_eq!(l.costs(0, &changed(STALE, ADDRESS)), (2, 1, 1, 0));
}

#[test]
fn one_service_with_the_old_address_does_not_keep_it() {
    for (sources, quorum) in [("dns a b c", 2), ("a dns b c", 2), ("dns a b c", 1), ("dns web:a b c d", 3)] {
        let sources = sources.replace("web:", "");
        let l = Liars::new();
        l.sources(&sources, &format!("quorum = {quorum}"));
        l.dns.set_address(STALE);
        l.lie("abcdef", STALE);
        l.s.run(&[]).is(0, "");
        // The address changes, and `a` does not see it.
        l.dns.set_address(ADDRESS);
        l.lie("bcdef", ADDRESS);
        l.s.run(&[]).is(0, &changed(STALE, ADDRESS));
        l.s.run(&[]).is(0, "");
        // The same without any knowledge of the zone.
        l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        l.s.run(&["--force"]).is(0, &changed(STALE, ADDRESS));
    }
}

#[test]
fn one_service_with_the_old_address_keeps_it_until_recheck_when_there_is_no_hint() {
    for words in ["a b c", "dns a b c"] {
        let l = Liars::new();
        l.dns.fault(DnsFault::Refused);
        l.sources(words, "");
        l.lie("abcdef", STALE);
        l.s.run(&[]).is(0, "");
        l.lie("bcdef", ADDRESS);
        assert_eq!((l.costs(0, "").0, l.s.count("PUT")), (1, 0), "{words}");
        l.s.age(3700);
        l.s.run(&[]).is(0, &changed(STALE, ADDRESS));
        // At the first look at a zone, too.
        l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        l.s.run(&["--force"]).is(0, &changed(STALE, ADDRESS));
    }
}

#[test]
fn name_with_the_old_address_does_not_keep_it() {
    let Some(net) = Namespace::enter("trust::name_with_the_old_address_does_not_keep_it") else { return };
    fs::write("/run/hosts", format!("{STALE} box.example\n{WRONG} liar.example\n")).expect("the hosts");
    net.run("mount --bind /run/hosts /etc/hosts");
    let l = Liars::new();
    l.sources("resolve:box.example a b c", "");
    l.s.run(&[]).is(0, &changed(STALE, ADDRESS));
    l.sources("resolve:box.example a", "");
    l.s.run(&["--force"]).fails(75, &["no IPv4 address was reported by 2 providers and a majority"]);
    l.sources("resolve:box.example a b c", "");
    l.s.run(&["--force"]).works_again();
    // A lying name writes nothing: it is one vote.
    for (sources, code) in [
        ("resolve:liar.example a b", 0),
        ("a resolve:liar.example b", 0),
        ("resolve:liar.example a", 75),
        ("resolve:liar.example resolve:box.example", 75),
    ] {
        l.sources(sources, "");
        l.s.run(&["--force"]).prints(code, "");
        l.zone_is(ADDRESS);
    }
    l.lie("a", WRONG);
    l.sources("resolve:liar.example a", "");
    l.s.run(&["--force"]).is(0, &changed(ADDRESS, WRONG));
}

#[test]
fn contradiction_is_settled_without_a_request_to_gandi() {
    let l = Liars::new();
    l.sources("dns a b c", "");
    l.s.run(&[]).exits_without_errors(0);
    // The vote contradicts the confirmed record, with and without a hint that agrees with it.
    l.lie("a", WRONG);
    l.sources("a b c", "");
    assert_eq!(l.costs(0, ""), (3, 0, 0, 0));
    l.sources("dns a b c", "");
    l.dns.set_address(WRONG);
    assert_eq!(l.costs(0, ""), (3, 0, 0, 1));
    // Nothing is believed if no second provider answers.
    for echo in &l.echoes[1..] {
        echo.fault(Times::Always, Fault::DropBefore);
    }
    l.s.run(&[])
        .fails(75, &["no IPv4 address was reported by 2 providers and a majority; nothing was changed"]);
    l.dns.set_address(ADDRESS);
    l.lie("a", ADDRESS);
    l.s.run(&[]).works_again();
    l.zone_is(ADDRESS);
}

#[test]
fn two_services_of_six_that_collude_change_nothing() {
    let l = Liars::new();
    l.s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    l.sources("dns a b c d e f", "");
    for first in 0..6 {
        for second in first + 1..6 {
            for (i, echo) in l.echoes.iter().enumerate() {
                echo.set(if i == first || i == second { WRONG } else { ADDRESS });
            }
            l.s.run(&["--force"]).is(0, "");
            l.zone_is(ADDRESS);
        }
    }
    assert_eq!(l.s.count("PUT"), 0);
    // Against a hint that is wrong, three are enough.
    l.dns.set_address(WRONG);
    l.lie("abcdef", STALE);
    l.s.run(&["--force"]).is(0, &changed(ADDRESS, STALE));
}

#[test]
fn hint_that_contradicts_needs_one_more_vote() {
    let l = Liars::new();
    l.dns.set_address(WRONG);
    for (sources, quorum, providers) in
        [("dns a", 1, 2), ("dns a b", 2, 3), ("a b dns", 2, 3), ("dns a b c", 3, 4)]
    {
        l.sources(sources, &format!("quorum = {quorum}"));
        let words = [
            &format!(
                "no IPv4 address was reported by {providers} providers and a majority; nothing was changed"
            ),
            "dns:google: reported 81.2.69.66 (only a hint)",
            "`dns` contradicts, so one more must agree: add a source, or remove `dns`",
        ];
        l.s.run(&["--force"]).fails(75, &words);
        l.zone_is(STALE);
    }
    // `ip` comes to the same decision.
    let ran = l.s.run(&["ip", "-4"]);
    ran.exits(75);
    assert!(ran.stdout.contains("IPv4: none: no address was reported by 4 providers"), "{}", ran.stdout);
    assert!(ran.stdout.contains("; `dns` contradicts, so one more must agree"), "{}", ran.stdout);
    // A record that is right needs no write.
    l.s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    l.s.run(&["--force"]).works_again();
    l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
    l.sources("dns a b c", "");
    l.s.run(&["--force"]).is(0, &changed(STALE, ADDRESS));
    // A hint that lies as the first service does is no vote for it.
    l.lie("a", WRONG);
    l.s.run(&["--force"]).is(0, "");
    l.zone_is(ADDRESS);
    // A silent hint has no effect.
    l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
    l.lie("a", ADDRESS);
    l.sources("dns a b", "");
    l.dns.fault(DnsFault::Refused);
    l.s.run(&["--force"]).is(0, &changed(STALE, ADDRESS));
}

#[test]
fn hint_does_not_hold_up_a_trusted_source() {
    let l = Liars::new();
    l.dns.set_address(WRONG);
    l.sources("command:address dns a b", "");
    l.s.write("address", &format!("#!/bin/sh\necho {ADDRESS}\n"));
    assert!(Command::new("chmod").arg("700").arg(l.s.path("address")).status().is_ok_and(|s| s.success()));
    assert_eq!(l.costs(0, &changed(STALE, ADDRESS)), (0, 2, 1, 0));
}

#[test]
fn sources_that_cannot_reach_the_quorum_are_an_error_in_the_config() {
    let l = Liars::new();
    let one = "`ipv4` has sources of 1 provider, but 2 must agree before a change";
    let url = |path: &str| format!("{}{path}", l.echoes[0].url());
    for (sources, more, words) in [
        ("resolve:box.example".to_owned(), "", one),
        ("resolve:box.example dns".to_owned(), "", one),
        (format!("{} {}", url("one"), url("two")), "", one),
        ("a b".to_owned(), "quorum = 3", "`ipv4` has sources of 2 providers, but 3 must agree"),
        ("resolve:box.example a".to_owned(), "quorum = 3", "has sources of 2 providers"),
        ("dns".to_owned(), "", "has no source that can be published"),
    ] {
        l.sources(&sources, more);
        l.s.run(&[]).fails(78, &[words]);
    }
    assert_eq!(l.s.fake.requests().len(), 0);
}

#[test]
fn silent_hints_and_names_leave_time_for_the_votes() {
    let Some(net) = Namespace::enter("trust::silent_hints_and_names_leave_time_for_the_votes") else {
        return;
    };
    fs::write("/run/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:2\n").expect("its file");
    net.run("mount --bind /run/resolv.conf /etc/resolv.conf");
    let _silent = UdpSocket::bind("127.0.0.1:53").expect("the port of name servers");
    let l = Liars::new();
    l.dns.fault(DnsFault::Silent);
    let second = Dns::start("127.0.0.1:0");
    second.fault(DnsFault::Silent);
    let six = Dns::start("[::1]:0");
    six.fault(DnsFault::Silent);
    let (head, v4, v6) = (l.s.head(), second.address(), six.address());
    let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("ipv4")).collect();
    let head = head.join("\n").replace("ipv6 =", &format!("ipv6 = dns:google@{v6} dns:cloudflare@{v6}"));
    let echoes = l.echoes[..3].iter().map(Echo::url).collect::<Vec<_>>().join(" ");
    for sources in [
        format!("dns:google@{} dns:cloudflare@{v4} {echoes}", l.dns.address()),
        format!("resolve:box.example dns:google@{v4} resolve:other.example {echoes}"),
    ] {
        l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        l.s.raw_config(&format!(
            "{head}\nipv4 = {sources}\ntimeout = 8\n[example.org]\nnames = home\ntypes = A AAAA\n"
        ));
        let ran = l.s.run(&["--force"]);
        ran.exits_without_errors(0);
        l.zone_is(ADDRESS);
        // Without a change, and after one.
        l.s.run(&[]).is(0, "");
        l.lie("abc", WRONG);
        l.s.run(&[]).is(0, &changed(ADDRESS, WRONG));
        l.lie("abc", ADDRESS);
    }
}

#[test]
fn silent_hint_is_queried_once_in_a_run() {
    let l = Liars::new();
    l.dns.fault(DnsFault::Silent);
    l.sources("dns dns a b a c", "");
    // Twice, since a packet may get lost.
    assert_eq!(l.costs(0, &changed(STALE, ADDRESS)), (2, 2, 1, 2));
    l.lie("a", WRONG);
    assert_eq!(l.costs(0, ""), (3, 0, 0, 2));
}
