//! A neighbour who forges the answers of the gateway via NAT-PMP: no record gets the address in them.

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};

use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE};
use crate::trust::{Liars, WRONG, changed};

/// A process that is killed at the end of the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The ports of the host in the namespace, few enough to send a packet to each.
const PORTS: std::ops::RangeInclusive<u16> = 50_000..=50_127;

#[test]
fn forged_nat_pmp_answer_is_not_written() {
    let test = "forged_nat_pmp::forged_nat_pmp_answer_is_not_written";
    if !Namespace::has(test, &["nft"]) {
        return;
    }
    let Some(net) = Namespace::enter(test) else { return };
    // The gateway drops requests via NAT-PMP, so that only the forged answers arrive.
    net.run(&format!(
        "ip netns add router
         ip link add eth0 type veth peer name lan0 netns router
         ip addr add 192.168.1.2/24 dev eth0; ip link set eth0 up
         ip -n router addr add 192.168.1.1/24 dev lan0; ip -n router link set lan0 up
         ip route add default via 192.168.1.1
         echo {} {} >/proc/sys/net/ipv4/ip_local_port_range
         ip netns exec router nft add table t
         ip netns exec router nft add chain t i '{{ type filter hook input priority 0; }}'
         ip netns exec router nft add rule t i udp dport 5351 drop",
        PORTS.start(),
        PORTS.end()
    ));
    let l = Liars::new();
    let mut command = Command::new("ip");
    command.args(["netns", "exec", "router"]).arg(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "forged_nat_pmp::forger", "--ignored"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let _forger = Process(command.stderr(Stdio::null()).spawn().expect("the forger starts"));
    // The answers do arrive.
    loop {
        let ran = l.s.run(&["ip", "-4"]);
        if ran.stdout.contains(WRONG) {
            assert!(ran.stdout.contains("(not in use)"), "{}", ran.stdout);
            break;
        }
    }
    l.sources("router", "");
    let words = [
        "no IPv4 address was reported by 2 providers and a majority; nothing was changed: router: reported 81.2.69.66",
        "NAT-PMP is only a vote: enable UPnP on the router, add `web`, or set `quorum = 1`",
    ];
    l.s.run(&["--force"]).fails(75, &words);
    for sources in ["router a b c", "a router b c", "router dns a b"] {
        l.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        l.sources(sources, "");
        l.s.run(&["--force"]).prints(0, &changed(STALE, ADDRESS));
        // Nor in a run that only compares.
        l.s.run(&[]).prints(0, "");
        l.zone_is(ADDRESS);
    }
    l.sources("router a", "");
    l.s.run(&["--force"]).fails(75, &["no IPv4 address was reported by 2 providers and a majority"]);
    l.zone_is(ADDRESS);
    let ran = l.s.run(&["ip", "-4"]);
    let row = ran.stdout.lines().find(|line| line.starts_with("router ")).expect("the router");
    assert!(row.contains(" vote ") && row.ends_with(WRONG), "{row}");
}

/// The process of the neighbour who forges, not a test: sends answers with the gateway's address to all ports.
#[test]
#[ignore = "started by another test, in a namespace of its own"]
fn forger() {
    let socket = UdpSocket::bind("192.168.1.1:5351").expect("the port of NAT-PMP");
    let answer = [0, 128, 0, 0, 0, 0, 0, 9, 81, 2, 69, 66];
    loop {
        for port in PORTS {
            // An error is the host's, about a closed port.
            let _ = socket.send_to(&answer, ("192.168.1.2", port));
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
