//! Names behind name servers with faults, and hosts with several addresses: a fault of one address family leaves the
//! other one alone.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, ADDRESS6, STALE, STALE6, Sandbox};
use fake_gandi::{Family, NameAnswer, NameServer, Setup, Tls};

/// The longest time in which a record must be right, whatever a name server does. libc and this program have timeouts
/// of 5 and 12 s per name.
const IN_TIME: Duration = Duration::from_secs(15);

/// Each fault, and a label for its names.
fn faults() -> [(&'static str, NameAnswer); 10] {
    [
        ("servfail", NameAnswer::Code(2)),
        ("nxdomain", NameAnswer::Code(3)),
        ("notimp", NameAnswer::Code(4)),
        ("refused", NameAnswer::Code(5)),
        ("formerr", NameAnswer::Code(1)),
        ("silent", NameAnswer::Silent),
        ("truncated", NameAnswer::Truncated),
        ("wrong-id", NameAnswer::WrongId),
        ("garbage", NameAnswer::Garbage),
        ("late", NameAnswer::Late(Duration::from_secs(60), Vec::new())),
    ]
}

/// Enters a namespace whose `/etc/resolv.conf` has these lines, and whose `/etc/hosts` has none.
fn enter(test: &str, resolv_conf: &str) -> Option<Namespace> {
    let net = Namespace::enter(test)?;
    for (name, text) in [("resolv.conf", resolv_conf), ("hosts", "")] {
        fs::write(format!("/run/{name}"), text).expect(name);
        net.run(&format!("mount --bind /run/{name} $(readlink -m /etc/{name})"));
    }
    Some(net)
}

/// A sandbox whose fake and only echo service are on loopback addresses of the family, with stale records. The config
/// has one record of the family, and gives both servers this name.
fn sandbox(family: Family, name: &str) -> Sandbox {
    let address = if family == Family::V4 { "127.0.0.1" } else { "[::1]" };
    let s = Sandbox::with(Setup { address, ..Setup::default() });
    let echo = s.fake.echo_tls(1, family, Tls::default()).url();
    let port = echo.rsplit(':').next().expect("a port");
    let (key, other, types) =
        if family == Family::V4 { ("ipv4", "ipv6", "A") } else { ("ipv6", "ipv4", "AAAA") };
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.set("example.org", "home", "AAAA", 600, &[STALE6]);
    let head: String = s
        .head()
        .lines()
        .filter(|l| !l.starts_with("ipv"))
        .fold(String::new(), |head, line| head + line + "\n");
    let head = head.replace(&format!("https://{address}"), &format!("https://{name}"));
    s.raw_config(&format!(
        "{head}quorum = 1\n{key} = https://echo-{name}:{port}\n{other} = off\n[example.org]\nnames = home\ntypes = {types}\n"
    ));
    s
}

/// Sets the addresses of the names in [`sandbox`]: those of a family that works, and the answers for the other.
fn set(dns: &NameServer, family: Family, name: &str, other: &NameAnswer) {
    for (name, v4) in [(name.to_owned(), "127.0.0.1"), (format!("echo-{name}"), "127.0.0.2")] {
        match family {
            Family::V4 => dns.set(&name, NameAnswer::of(&[v4]), other.clone()),
            Family::V6 => dns.set(&name, other.clone(), NameAnswer::of(&["::1"])),
        }
    }
}

fn replaced(family: Family) -> String {
    match family {
        Family::V4 => format!("home.example.org A: {STALE} -> {ADDRESS}\n"),
        Family::V6 => format!("home.example.org AAAA: {STALE6} -> {ADDRESS6}\n"),
    }
}

#[track_caller]
fn runs_in_time(s: &Sandbox) -> RunOutput {
    let started = Instant::now();
    let ran = s.run(&[]);
    assert!(started.elapsed() < IN_TIME, "{:?}\n{ran}", started.elapsed());
    ran
}

#[test]
fn record_is_updated_whatever_the_name_server_does_to_the_other_family() {
    let name = "name_resolution::record_is_updated_whatever_the_name_server_does_to_the_other_family";
    let Some(_net) = enter(name, "nameserver 127.0.0.1\n") else { return };
    let dns = NameServer::start("127.0.0.1:53");
    // In two threads, because the faults take seconds.
    thread::scope(|scope| {
        for (family, label) in [(Family::V4, "a"), (Family::V6, "aaaa")] {
            let dns = &dns;
            scope.spawn(move || {
                for (fault, answer) in faults() {
                    let name = format!("{fault}-{label}.names.example");
                    set(dns, family, &name, &answer);
                    let s = sandbox(family, &name);
                    runs_in_time(&s).is(0, &replaced(family));
                    // The other family of the echo service is never asked for.
                    let other = if family == Family::V4 { 28 } else { 1 };
                    assert_eq!(dns.count(&format!("echo-{name}"), other), 0, "{name}");
                }
            });
        }
    });
}

#[test]
fn record_is_updated_when_the_first_of_two_name_servers_is_silent() {
    let name = "name_resolution::record_is_updated_when_the_first_of_two_name_servers_is_silent";
    let Some(_net) = enter(name, "nameserver 127.0.0.53\nnameserver 127.0.0.1\n") else { return };
    let _silent = UdpSocket::bind("127.0.0.53:53").expect("the port of name servers");
    let dns = NameServer::start("127.0.0.1:53");
    for family in [Family::V4, Family::V6] {
        set(&dns, family, "two.names.example", &NameAnswer::Silent);
        runs_in_time(&sandbox(family, "two.names.example")).is(0, &replaced(family));
    }
}

#[test]
fn family_without_a_name_server_leaves_time_for_the_other() {
    let name = "name_resolution::family_without_a_name_server_leaves_time_for_the_other";
    let Some(_net) = enter(name, "nameserver 127.0.0.1\n") else { return };
    let dns = NameServer::start("127.0.0.1:53");
    let s = sandbox(Family::V4, "both.names.example");
    set(&dns, Family::V4, "both.names.example", &NameAnswer::Silent);
    let mut services = String::new();
    for n in 1..=5 {
        dns.set(&format!("six-{n}.names.example"), NameAnswer::of(&[]), NameAnswer::Silent);
        write!(services, " https://six-{n}.names.example").expect("memory");
    }
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    s.raw_config(
        &config.replace("ipv6 = off", &format!("ipv6 ={services}")).replace("types = A", "types = A AAAA"),
    );
    let started = Instant::now();
    let ran = s.run(&[]);
    ran.prints(75, &replaced(Family::V4));
    ran.says(&["home.example.org AAAA: could not determine", "find an IPv6 address of the server"]);
    // 12 s for all names of the family together, where five services could take 60 s.
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn address_that_cannot_be_reached_does_not_end_the_attempt() {
    let name = "name_resolution::address_that_cannot_be_reached_does_not_end_the_attempt";
    if !Namespace::has(name, &["nft"]) {
        return;
    }
    let Some(net) = enter(name, "nameserver 127.0.0.1\n") else { return };
    net.run(
        "ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip link set eth1 up
         ip route add prohibit 192.0.2.2; ip route add blackhole 192.0.2.3; ip route add unreachable 192.0.2.4
         ip route add 192.0.2.5 dev eth0
         nft add table inet t
         nft add chain inet t out '{ type filter hook output priority 0; }'
         nft add rule inet t out ip daddr 192.0.2.5 drop",
    );
    let dns = NameServer::start("127.0.0.1:53");
    // No route, EACCES, EINVAL, EHOSTUNREACH, no answer, ECONNREFUSED, and all of them.
    let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "127.0.0.77", "192.0.2.5"];
    for bad in all.iter().map(std::slice::from_ref).chain([&all[..]]) {
        let (six, echo) = ("hosts.names.example", "echo-hosts.names.example");
        let s = sandbox(Family::V6, six);
        dns.set(six, NameAnswer::of(bad), NameAnswer::of(&["::1"]));
        dns.set(echo, NameAnswer::Silent, NameAnswer::of(&["2001:db8::1", "::1"]));
        runs_in_time(&s).is(0, &replaced(Family::V6));
    }
}

#[test]
fn slow_address_counts_when_the_quick_one_cannot_be_reached() {
    let name = "name_resolution::slow_address_counts_when_the_quick_one_cannot_be_reached";
    let Some(_net) = enter(name, "nameserver 127.0.0.1\n") else { return };
    let dns = NameServer::start("127.0.0.1:53");
    let s = sandbox(Family::V4, "slow.names.example");
    set(&dns, Family::V4, "slow.names.example", &NameAnswer::Silent);
    let late = NameAnswer::Late(Duration::from_millis(500), vec!["127.0.0.1".parse().expect("an address")]);
    dns.set("slow.names.example", late, NameAnswer::of(&["2001:db8::1"]));
    runs_in_time(&s).is(0, &replaced(Family::V4));
}

#[test]
fn name_without_an_address_is_told_from_one_without_an_answer() {
    let name = "name_resolution::name_without_an_address_is_told_from_one_without_an_answer";
    let Some(_net) = enter(name, "nameserver 127.0.0.1\n") else { return };
    let dns = NameServer::start("127.0.0.1:53");
    let s = sandbox(Family::V4, "none.names.example");
    set(&dns, Family::V4, "none.names.example", &NameAnswer::Code(3));
    for (answer, words) in [
        (NameAnswer::Code(3), "no such name or address"),
        (NameAnswer::of(&[]), "no such name or address"),
        (NameAnswer::Code(2), "no name server gave a usable answer"),
    ] {
        dns.set("none.names.example", answer.clone(), answer);
        let words = format!("could not find an address of none.names.example:{}: {words}", s.fake.port());
        for _ in 0..3 {
            s.forget_notices();
            let ran = s.run(&[]);
            ran.fails(75, &["could not read the record", &words]);
            assert!(!ran.stderr.contains("next try at"), "there is no backoff: {ran}");
        }
    }
    // Nor does a later failure at Gandi find a long row of failures.
    let dead = s.run(&["status"]);
    assert!(!dead.stdout.contains("in a row"), "{dead}");
}

#[test]
fn name_without_an_answer_leaves_time_for_other_names() {
    let name = "name_resolution::name_without_an_answer_leaves_time_for_other_names";
    // With two name servers, libc waits longer for a name than this program.
    let Some(_net) = enter(name, "nameserver 127.0.0.1\nnameserver 127.0.0.53\n") else { return };
    let _silent = UdpSocket::bind("127.0.0.53:53").expect("the port of name servers");
    let dns = NameServer::start("127.0.0.1:53");
    let s = sandbox(Family::V4, "live.names.example");
    set(&dns, Family::V4, "live.names.example", &NameAnswer::of(&[]));
    dns.set("dead.names.example", NameAnswer::Silent, NameAnswer::Silent);
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    // The first service, and with little time the second opinion.
    s.raw_config(&config.replace("ipv4 = ", "ipv4 = https://dead.names.example "));
    s.run(&[]).is(0, &replaced(Family::V4));
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.raw_config(&config.replace("\nipv6", " https://dead.names.example\ntimeout = 8\nipv6"));
    s.run(&["--force"]).is(0, &replaced(Family::V4));
}
