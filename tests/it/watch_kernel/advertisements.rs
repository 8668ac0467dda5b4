//! Real router advertisements (RFC 4861, 4.2), sent from the other end of a line in the same namespace.

use std::net::{Ipv6Addr, SocketAddrV6};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Home, KERNEL, V4, V6};
use crate::interface_source::until;

/// The router at the other end of `wan`.
struct Router {
    socket: Socket,
    all_nodes: SocketAddrV6,
}

impl Router {
    /// Adds the line `wan` and its router.
    fn new(h: &Home) -> Self {
        h.net.run(
            "ip link add wan type veth peer name router
             echo 1 >/proc/sys/net/ipv6/conf/wan/accept_ra_from_local
             echo 2 >/proc/sys/net/ipv6/conf/wan/accept_ra
             echo 0 >/proc/sys/net/ipv6/conf/wan/use_tempaddr
             ip link set dev wan address 02:00:00:00:00:03
             ip link set router up; ip link set wan up",
        );
        until("ip -6 addr show dev router; ip -6 addr show dev wan", |output| {
            output.matches("inet6 fe80:").count() == 2 && !output.contains("tentative")
        });
        let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).expect("root here");
        socket.bind_device(Some(b"router")).expect("the interface");
        socket.set_multicast_hops_v6(255).expect("the hop limit");
        let listed = until("ip -o link show dev router", |output| !output.is_empty());
        let index = listed.split(':').next().expect("a number").trim().parse().expect("a number");
        let all_nodes = SocketAddrV6::new(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 0, 0, index);
        Self { socket, all_nodes }
    }

    /// Advertises itself as the default router, and these prefixes with their preferred lifetimes.
    fn advertise(&self, lifetime: u16, prefixes: &[(&str, u32)]) {
        let mut packet = vec![134, 0, 0, 0, 64, 0];
        packet.extend(lifetime.to_be_bytes());
        packet.extend([0; 8]);
        for (prefix, preferred) in prefixes {
            // 64 bits, on link and for autoconfiguration.
            packet.extend([3, 4, 64, 0xc0]);
            packet.extend((preferred + 7200).to_be_bytes());
            packet.extend(preferred.to_be_bytes());
            packet.extend([0; 4]);
            packet.extend(prefix.parse::<Ipv6Addr>().expect(prefix).octets());
        }
        self.socket.send_to(&packet, &self.all_nodes.into()).expect("sent");
    }
}

/// The addresses of `wan` with the prefixes a and b.
const A: &str = "2a01:e0a:1:a:0:ff:fe00:3";
const B: &str = "2a01:e0a:1:b:0:ff:fe00:3";

#[test]
fn advertisements_that_refresh_lifetimes_make_no_pass_but_a_new_prefix_does() {
    let test = "watch_kernel::advertisements::\
                advertisements_that_refresh_lifetimes_make_no_pass_but_a_new_prefix_does";
    let Some(mut h) = Home::enter(test) else { return };
    h.sources("ipv4 = interface:eth0\nipv6 = interface:wan", "A AAAA");
    let router = Router::new(&h);
    router.advertise(1800, &[("2a01:e0a:1:a::", 3600)]);
    until("ip -6 addr show dev wan", |output| output.contains(A) && !output.contains("tentative"));
    h.s.fake.set("example.org", "home", "AAAA", 600, &[V6]);
    let command = h.s.command();
    h.watch_for(command, V4, A);
    let requests = h.s.fake.requests().len();
    for round in 0..500 {
        router.advertise(1800 + round, &[("2a01:e0a:1:a::", 3600 + u32::from(round))]);
    }
    until("ip -6 addr show dev wan", |output| output.contains(A));
    // The pass after these would be followed by the next only ten seconds later.
    router.advertise(1800, &[("2a01:e0a:1:a::", 0), ("2a01:e0a:1:b::", 3600)]);
    h.follows("AAAA", B);
    h.was_woken(1, KERNEL);
    assert_eq!(h.written("AAAA"), [A, B]);
    // At most two reads for the two records, a write, and a read of what was written.
    assert!(h.s.fake.requests().len() <= requests + 8, "{}", h.log());
    h.end();
}
