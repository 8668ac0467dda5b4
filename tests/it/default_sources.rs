//! The built-in DNS servers and web services, at their real addresses and names in a network namespace: the cost of a
//! run without a change, and `gandi-ddns ip`.

use std::fmt::Write as _;
use std::fs;

use crate::namespace::Namespace;
use crate::run_output::same_text;
use crate::sandbox::{ADDRESS, ADDRESS6, Sandbox, with_its_numbers};
use fake_gandi::{Dns, Echo, Family, Tls};

const MAN: &str = include_str!("../../packaging/man/gandi-ddns.1");
/// The built-in echo services for IPv4.
pub(crate) const V4: [&str; 6] = [
    "api4.ipify.org",
    "ipv4.icanhazip.com",
    "v4.ident.me",
    "checkip.amazonaws.com",
    "checkipv4.dedyn.io",
    "ipv4.seeip.org",
];
const V6: [&str; 5] =
    ["api6.ipify.org", "ipv6.icanhazip.com", "v6.ident.me", "checkipv6.dedyn.io", "ipv6.seeip.org"];

/// A network namespace with the built-in DNS servers and web services.
pub(crate) struct Internet {
    pub(crate) s: Sandbox,
    pub(crate) net: Namespace,
    name_servers: Vec<Dns>,
    v4: Vec<Echo>,
}

impl Internet {
    pub(crate) fn enter(test: &str) -> Option<Self> {
        let net = Namespace::enter(test)?;
        let servers = ["1.1.1.1", "216.239.32.10", "2606:4700:4700::1111", "2001:4860:4802:32::a"];
        for address in servers {
            let length = if address.contains(':') { "128 nodad" } else { "32" };
            net.ip(&format!("addr add {address}/{length} dev lo"));
        }
        let s = Sandbox::new();
        let name_servers = servers.map(|a| {
            let dns = Dns::start(&if a.contains(':') { format!("[{a}]:53") } else { format!("{a}:53") });
            dns.set_address(if a.contains(':') { ADDRESS6 } else { ADDRESS });
            dns
        });
        let v4 = (1..=6).map(|n| s.fake.echo_https(n, Family::V4, Tls::default())).collect();
        // One service for all names, because ::1 is the only loopback address.
        s.fake.echo_https(1, Family::V6, Tls::default());
        let mut hosts = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
        for (i, name) in V4.iter().enumerate() {
            writeln!(hosts, "127.0.0.{} {name}", i + 2).expect("memory");
        }
        for name in V6 {
            writeln!(hosts, "::1 {name}").expect("memory");
        }
        fs::write(s.path("hosts"), hosts).expect("hosts");
        net.run(&format!("mount --bind {} /etc/hosts", s.path("hosts").display()));
        let internet = Self { s, net, name_servers: name_servers.into(), v4 };
        internet.sources("");
        Some(internet)
    }

    /// Writes a config with these lines in place of `ipv4` and `ipv6`. Without lines, the defaults apply.
    fn sources(&self, lines: &str) {
        let head = self.s.head();
        let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
        let head = head.join("\n");
        self.s.raw_config(&format!("{head}\n{lines}\n[example.org]\nnames = home\ntypes = A AAAA\n"));
    }

    fn queries(&self) -> usize {
        self.name_servers.iter().map(Dns::count).sum()
    }
}

/// Returns the kernel's counters of this namespace: sent UDP packets of both families, and opened TCP connections.
pub(crate) fn counted() -> (u64, u64) {
    let read = |file| fs::read_to_string(file).expect(file);
    let (v4, v6) = (read("/proc/self/net/snmp"), read("/proc/self/net/snmp6"));
    let column = |protocol: &str, name: &str| -> u64 {
        let mut lines = v4.lines().filter(|l| l.starts_with(protocol)).map(str::split_whitespace);
        let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
        names.zip(values).find(|(n, _)| *n == name).expect(name).1.parse().expect(name)
    };
    let six = v6.lines().find_map(|l| l.strip_prefix("Udp6OutDatagrams")).expect("IPv6").trim();
    (column("Udp:", "OutDatagrams") + six.parse::<u64>().expect("a number"), column("Tcp:", "ActiveOpens"))
}

#[test]
fn run_without_a_change_costs_one_udp_exchange_per_family() {
    let name = "default_sources::run_without_a_change_costs_one_udp_exchange_per_family";
    let Some(i) = Internet::enter(name) else { return };
    let created = |kind, address| format!("home.example.org {kind}: created: {address} (TTL 300)\n");
    i.s.run(&[]).is(0, &(created("A", ADDRESS) + &created("AAAA", ADDRESS6)));
    assert_eq!(i.queries(), 2, "one hint per family before a write");
    for (arguments, exchanges) in [(&["-4"][..], 1), (&["-6"], 1), (&[], 2)] {
        let (before, queries, requests) = (counted(), i.queries(), i.s.fake.requests().len());
        i.s.run(arguments).is(0, "");
        let (udp, tcp) = counted();
        // Each exchange is two packets, since the server is in the same namespace.
        assert_eq!((udp - before.0, tcp - before.1), (2 * exchanges, 0), "{arguments:?}");
        assert_eq!((i.queries() - queries) as u64, exchanges);
        assert_eq!(i.s.fake.requests().len(), requests);
    }
    // The kernel does count TCP connections.
    let before = counted();
    i.s.run(&["--force", "-4"]).is(0, "");
    assert_eq!(counted().1 - before.1, 2, "one connection to an echo service and one to Gandi");
}

#[test]
fn web_services_answer_when_the_name_servers_do_not() {
    let Some(i) = Internet::enter("default_sources::web_services_answer_when_the_name_servers_do_not") else {
        return;
    };
    i.s.run(&["-4"]).is(0, &format!("home.example.org A: created: {ADDRESS} (TTL 300)\n"));
    i.net.ip("addr del 1.1.1.1/32 dev lo");
    i.net.ip("addr del 216.239.32.10/32 dev lo");
    let requests = i.s.fake.requests().len();
    i.s.run(&["-4"]).is(0, "");
    assert_eq!(i.s.fake.requests().len(), requests + 1);
}

/// Returns the table without the column of milliseconds, which differ from run to run.
fn timeless(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split("  ").filter(|w| !w.is_empty()).map(str::trim).collect();
        let timed = words.get(2).is_some_and(|w| w.parse::<u64>().is_ok());
        let kept = words.iter().enumerate().filter(|(i, _)| !timed || *i != 2).map(|(_, w)| *w);
        lines.push(kept.collect::<Vec<_>>().join("|"));
    }
    lines.join("\n")
}

#[test]
fn ip_output_is_as_in_the_readme() {
    let Some(i) = Internet::enter("default_sources::ip_output_is_as_in_the_readme") else { return };
    i.net.run(
        "ip netns add router
         ip link add eth0 type veth peer name lan0 netns router
         ip link set eth0 up; ip -n router link set lan0 up
         ip addr add 192.168.1.2/24 dev eth0; ip -6 addr add 2a01:e0a:1:2::3/64 dev eth0 nodad
         ip -n router addr add 192.168.1.1/24 dev lan0; ip -n router -6 addr add fe80::1/64 dev lan0 nodad
         ip route add default via 192.168.1.1; ip -6 route add default via fe80::1 dev eth0",
    );
    i.v4[3].refuse();
    i.sources("ipv4 = interface:eth0 dns web\nipv6 = interface:eth0 dns web");
    let ran = i.s.run(&["ip"]);
    ran.exits_without_errors(0);
    let (_, rest) = MAN.split_once("$ gandi-ddns ip\n").expect("the man page shows it");
    let (shown, _) = rest.split_once(".Ed").expect("its end");
    same_text("`gandi-ddns ip` in the man page", &timeless(&ran.stdout), &with_its_numbers(&timeless(shown)));
    let four = i.s.run(&["ip", "-4"]);
    assert!(four.stdout.contains("IPv4: 81.2.69.142: ") && !four.stdout.contains("IPv6"), "{}", four.stdout);
    // No request needed the token.
    assert_eq!(i.s.count("GET"), 0);
}

#[test]
fn ip_json_lists_sources_and_verdicts() {
    let Some(i) = Internet::enter("default_sources::ip_json_lists_sources_and_verdicts") else { return };
    i.sources("ipv4 = dns:google web\nipv6 = off");
    let ran = i.s.run(&["ip", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.lines().count()), (Some(0), "", 1));
    for part in [
        "{\"sources\":[{\"source\":\"dns:google\",\"family\":\"IPv4\",\"address\":\"81.2.69.142\",\"error\":null,",
        "\"counts_as\":\"hint\"},{\"source\":\"ipify\",",
        "\"counts_as\":\"vote\"},{\"source\":\"router\",\"family\":\"IPv4\",\"address\":null,\"error\":\"no default gateway",
        "\"counts_as\":null}],\"verdicts\":[{\"family\":\"IPv4\",\"sources\":\"dns:google web\",\"address\":\"81.2.69.142\",\"reason\":\"reported by ipify, ",
    ] {
        assert!(ran.stdout.contains(part), "{part} is not in: {}", ran.stdout);
    }
    // No address is known if the family is off or no source answers.
    i.s.run(&["ip", "-6"]).exits(75);
    i.sources("ipv4 = command:/nonexistent\nipv6 = off");
    let ran = i.s.run(&["ip"]);
    ran.exits(75);
    assert!(ran.stdout.ends_with("IPv4: none: no usable public address\n"), "{}", ran.stdout);
    // Without a config, the defaults apply.
    let ran = i.s.finish(i.s.command().arg("ip"));
    assert!(ran.stdout.contains("dns:cloudflare") && ran.stdout.contains("seeip"), "{}", ran.stdout);
}
