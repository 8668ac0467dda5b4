//! A machine with two lines: `eth0` and `wwan0`, each behind a gateway of its own that translates addresses, and the
//! built-in services at public addresses beyond both.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use crate::default_sources::V4;
use crate::interface_source::until;
use crate::namespace::Namespace;
use crate::router_source::{Daemon, start_in};
use crate::run_output::RunOutput;
use crate::sandbox::Sandbox;
use fake_gandi::{Dns, Fake, NameAnswer, NameServer};

/// The public address of the line at `eth0`, which has the default route with the lowest metric.
pub(super) const FIRST: &str = "81.2.69.142";
/// The public address of the line at `wwan0`.
pub(super) const SECOND: &str = "62.4.99.20";
/// The address in stale records.
pub(super) const STALE: &str = "81.2.69.1";
/// The variable with the path of the CA certificates, for the process of the services.
const CA: &str = "GANDI_DDNS_TEST_INTERNET";
/// The sections of most tests: `home` follows the line at `eth0`, `backup` that at `wwan0`.
pub(super) const TWO_GROUPS: &str = "ipv4 = dns@eth0 web@eth0\n[example.org]\nnames = home\n[example.org]\nnames = backup\nipv4 = dns@wwan0 web@wwan0\n";

pub(super) struct Home {
    pub(super) net: Namespace,
    pub(super) s: Sandbox,
    _internet: Daemon,
}

impl Home {
    /// Enters a namespace with these name servers in `/etc/resolv.conf`.
    pub(super) fn enter(test: &str, resolv_conf: &str) -> Option<Self> {
        if !Namespace::has(test, &["nft", "ip"]) {
            return None;
        }
        let net = Namespace::enter(test)?;
        for (name, text) in [("resolv.conf", resolv_conf), ("hosts", "")] {
            fs::write(format!("/run/{name}"), text).expect(name);
            net.run(&format!("mount --bind /run/{name} $(readlink -m /etc/{name})"));
        }
        net.run(
            "ip netns add internet; ip -n internet link set lo up
             for a in 1.1.1.1 216.239.32.10 8.8.8.8 9.9.9.9 46.4.0.1 46.4.0.2 46.4.0.3 46.4.0.4 46.4.0.5 46.4.0.6; do
                 ip -n internet addr add $a/32 dev lo
             done
             line() {
                 ip netns add $1
                 ip link add $2 type veth peer name lan0 netns $1
                 ip addr add $3.2/24 dev $2; ip link set $2 up
                 ip -n $1 addr add $3.1/24 dev lan0; ip -n $1 link set lan0 up; ip -n $1 link set lo up
                 ip -n $1 link add wan0 type veth peer name $1 netns internet
                 ip -n $1 addr add $5/24 dev wan0; ip -n $1 link set wan0 up
                 ip -n internet addr add $4/24 dev $1; ip -n internet link set $1 up
                 ip -n $1 route add default via $4
                 ip netns exec $1 sh -ec 'echo 1 >/proc/sys/net/ipv4/ip_forward
                     nft add table ip t
                     nft add chain ip t p \"{ type nat hook postrouting priority srcnat; }\"
                     nft add rule ip t p oifname wan0 masquerade'
             }
             line one eth0 192.168.1 81.2.69.3 81.2.69.142
             line two wwan0 192.168.2 62.4.99.3 62.4.99.20
             ip route add default via 192.168.1.1 dev eth0 metric 100
             ip route add default via 192.168.2.1 dev wwan0 metric 200
             for i in eth0 wwan0 all; do echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done
             nft add table ip count
             nft add chain ip count out '{ type filter hook output priority 0; }'
             for i in eth0 wwan0; do
                 nft add counter ip count ${i}_udp; nft add counter ip count ${i}_tcp
                 nft add rule ip count out oifname $i meta l4proto udp counter name ${i}_udp
                 nft add rule ip count out oifname $i 'tcp flags & (syn | ack) == syn' counter name ${i}_tcp
             done",
        );
        let s = Sandbox::new();
        let internet =
            start_in("internet", "lines::home::services", CA, &s.path("internet.pem").display().to_string());
        let authorities =
            s.fake.ca_pem() + &fs::read_to_string(s.path("internet.pem")).expect("the certificate");
        s.write("ca.pem", &authorities);
        let home = Self { net, s, _internet: internet };
        home.config(TWO_GROUPS);
        Some(home)
    }

    /// Writes a config with the usual files, and these lines in place of the sources.
    pub(super) fn config(&self, lines: &str) {
        let head = self.s.head();
        let mut text = String::new();
        for line in head.lines().filter(|l| !l.starts_with("ipv")) {
            writeln!(text, "{line}").expect("memory");
        }
        self.s.raw_config(&(text + lines));
    }

    /// Sets both records to a stale address.
    pub(super) fn stale(&self) {
        for name in ["home", "backup"] {
            self.s.fake.set("example.org", name, "A", 600, &[STALE]);
        }
    }

    /// Runs after [`Home::stale`], whatever the state has.
    pub(super) fn update(&self) -> RunOutput {
        self.stale();
        self.s.forget_notices();
        self.s.run(&["--force"])
    }

    /// Asserts the addresses of both records, and prints them.
    #[track_caller]
    pub(super) fn holds(&self, case: &str, home: &str, backup: &str) {
        let address =
            |name| self.s.zone(name, "A").split_once(' ').map(|(_, a)| a.to_owned()).unwrap_or_default();
        let got = [address("home"), address("backup")];
        let _ = writeln!(std::io::stdout(), "| {case} | {} | {} |", got[0], got[1]);
        assert_eq!(got, [home, backup], "{case}");
    }

    /// Returns the packets so far: UDP and the first ones of TCP connections by `eth0`, then those by `wwan0`.
    pub(super) fn counted(&self) -> [u64; 4] {
        let Self { .. } = self;
        let output =
            Command::new("sh").args(["-ec", "nft list counters table ip count"]).output().expect("nft");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        ["eth0_udp", "eth0_tcp", "wwan0_udp", "wwan0_tcp"].map(|name| {
            let (_, after) = text.split_once(&format!("counter {name} ")).expect(name);
            let (_, after) = after.split_once("packets ").expect("packets");
            after.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
        })
    }

    /// Starts miniupnpd in the gateway with this name, and waits until it listens.
    pub(super) fn miniupnpd(&self, line: &str) -> Daemon {
        let config = self.s.path(&format!("{line}.conf"));
        let text = "ext_ifname=wan0\nlistening_ip=lan0\nport=5000\nsecure_mode=yes\nenable_natpmp=yes\n\
                    enable_upnp=yes\nuuid=00000000-0000-0000-0000-000000000001\n";
        fs::write(&config, text).expect("its config");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", line, "miniupnpd", "-d", "-f"]).arg(config);
        command.arg("-P").arg(self.s.path(&format!("{line}.pid")));
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let daemon = Daemon::new(daemon.expect("miniupnpd starts"));
        // NAT-PMP comes last.
        until(&format!("ip netns exec {line} cat /proc/net/udp"), |sockets| sockets.contains(":14E7 "));
        daemon
    }

    /// Runs, and returns the packets of this run as [`Home::counted`] does.
    pub(super) fn cost(&self, arguments: &[&str]) -> (RunOutput, [u64; 4]) {
        let before = self.counted();
        let ran = self.s.run(arguments);
        let after = self.counted();
        (ran, std::array::from_fn(|i| after[i] - before[i]))
    }
}

/// The process of the services, not a test.
#[test]
#[ignore = "started by other tests, in a namespace of its own"]
fn services() {
    let path = std::env::var(CA).expect("a path");
    let fake = Fake::start();
    let whoami = ["1.1.1.1:53", "216.239.32.10:53"].map(Dns::start);
    let resolvers = ["8.8.8.8:53", "9.9.9.9:53"].map(NameServer::start);
    for (n, name) in (1..).zip(V4) {
        let address = format!("46.4.0.{n}");
        fake.mirror(address.parse::<IpAddr>().expect("an address"));
        for resolver in &resolvers {
            resolver.set(name, NameAnswer::of(&[&address]), NameAnswer::of(&[]));
            resolver.set("my.names.example", NameAnswer::of(&["46.4.0.1"]), NameAnswer::of(&[]));
        }
    }
    // Each resolver knows another address of it, so that the answer shows which one was asked.
    resolvers[0].set("line.names.example", NameAnswer::of(&["46.4.0.8"]), NameAnswer::of(&[]));
    resolvers[1].set("line.names.example", NameAnswer::of(&["46.4.0.9"]), NameAnswer::of(&[]));
    fs::write(path, fake.ca_pem()).expect("the certificate");
    let _ = writeln!(std::io::stdout(), "the router listens");
    loop {
        std::thread::park();
        std::hint::black_box(&whoami);
    }
}
