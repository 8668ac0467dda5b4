//! Changes of addresses, prefixes, default routes and links, each followed by one pass and the right record.

use rustix::process::{Signal, kill_process};

use super::{Home, KERNEL, V4, V6};
use crate::namespace::Namespace;

#[test]
fn changed_ipv4_address_is_written_after_one_pass() {
    let Some(mut h) = Home::enter("watch_kernel::changes::changed_ipv4_address_is_written_after_one_pass")
    else {
        return;
    };
    h.watch();
    for (round, address) in ["81.2.69.161", "81.2.69.162"].into_iter().enumerate() {
        h.net.run(&format!(
            "ip addr flush dev eth0 scope global to 81.2.69.0/24
             ip addr add {address}/24 dev eth0; ip route add default via 81.2.69.2"
        ));
        h.follows("A", address);
        h.was_woken(round + 1, KERNEL);
    }
    assert_eq!(h.written("A"), [V4, "81.2.69.161", "81.2.69.162"]);
    assert_eq!(h.written("AAAA"), [V6]);
    h.end();
}

#[test]
fn new_ipv6_prefix_is_written_in_one_pass_when_duplicate_address_detection_ends() {
    let test = "watch_kernel::changes::\
                new_ipv6_prefix_is_written_in_one_pass_when_duplicate_address_detection_ends";
    let Some(mut h) = Home::enter(test) else { return };
    h.watch();
    // Detection takes one to two seconds, in which the old address is gone.
    h.net.run(&format!("ip -6 addr add 2a01:e0a:1:a::3/64 dev eth0; ip -6 addr del {V6}/64 dev eth0"));
    h.follows("AAAA", "2a01:e0a:1:a::3");
    // The old one stays, but the kernel prefers the new one as soon as it may be used (RFC 6724, section 5, rule 8). A pass
    // before that would find nothing.
    Home::until_rested(|| ());
    h.net.ip("-6 addr add 2606:1:2:3::3/64 dev eth0");
    h.follows("AAAA", "2606:1:2:3::3");
    // It is deprecated, as routers that know of a change ask for.
    h.net.ip("-6 addr change 2606:1:2:3::3/64 dev eth0 preferred_lft 0");
    h.follows("AAAA", "2a01:e0a:1:a::3");
    h.was_woken(3, KERNEL);
    assert_eq!(h.written("AAAA"), [V6, "2a01:e0a:1:a::3", "2606:1:2:3::3", "2a01:e0a:1:a::3"]);
    assert_eq!(h.written("A"), [V4]);
    h.end();
}

#[test]
fn address_that_stays_tentative_delays_no_other() {
    let test = "watch_kernel::changes::address_that_stays_tentative_delays_no_other";
    let Some(mut h) = Home::enter(test) else { return };
    h.watch();
    // With 10,000 probes for duplicates, the address stays tentative.
    h.net.run(&format!(
        "echo 10000 >/proc/sys/net/ipv6/conf/eth0/dad_transmits
         ip -6 addr add 2a01:e0a:1:a::4/64 dev eth0
         ip addr del {V4}/24 dev eth0; ip addr add 81.2.69.161/24 dev eth0
         ip route replace default via 81.2.69.2"
    ));
    h.follows("A", "81.2.69.161");
    assert_eq!(h.written("AAAA"), [V6]);
    h.end();
}

#[test]
fn moved_default_route_is_followed() {
    let Some(mut h) = Home::enter("watch_kernel::changes::moved_default_route_is_followed") else { return };
    h.add("eth1");
    h.net.run("ip addr add 62.4.99.9/24 dev eth1; ip -6 addr add 2a01:e0a:1:9::9/64 dev eth1 nodad");
    h.watch();
    h.net.run("ip route replace default via 62.4.99.1; ip -6 route replace default via fe80::1 dev eth1");
    h.follows("A", "62.4.99.9");
    h.follows("AAAA", "2a01:e0a:1:9::9");
    // The table that a rule leads to does not count for `interface`, and of a route to one host there is nothing to say.
    h.net.run(
        "ip route add 192.0.2.1/32 dev eth0; ip -6 route add 2001:db8::/48 dev eth0
         ip route del 192.0.2.1/32; ip -6 route del 2001:db8::/48",
    );
    h.net.run("ip route replace default via 81.2.69.2; ip -6 route replace default via fe80::1 dev eth0");
    h.follows("A", V4);
    h.follows("AAAA", V6);
    h.was_woken(2, KERNEL);
    h.end();
}

#[test]
fn link_that_is_lost_and_returns_is_followed() {
    let test = "watch_kernel::changes::link_that_is_lost_and_returns_is_followed";
    let Some(mut h) = Home::enter(test) else { return };
    // A spare line, for the time without the first one.
    h.add("eth1");
    h.net.run(
        "ip addr add 62.4.99.9/24 dev eth1; ip -6 addr add 2a01:e0a:1:9::9/64 dev eth1 nodad
         ip route add default via 62.4.99.1 dev eth1 metric 900
         ip -6 route add default via fe80::1 dev eth1 metric 9000",
    );
    h.watch();
    // The kernel reports nothing but the link: addresses and routes stay.
    h.net.ip("-n far link set eth0 down");
    h.follows("A", "62.4.99.9");
    h.follows("AAAA", "2a01:e0a:1:9::9");
    h.net.ip("-n far link set eth0 up");
    h.follows("A", V4);
    h.follows("AAAA", V6);
    // It is switched off: the IPv4 routes go without a report.
    h.net.run("echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down; ip link set eth0 down");
    h.follows("A", "62.4.99.9");
    h.follows("AAAA", "2a01:e0a:1:9::9");
    assert!(h.reasons().iter().all(|reason| reason == KERNEL), "{}", h.log());
    h.end();
}

#[test]
fn changes_are_noticed_where_a_sandbox_forbids_netlink() {
    let test = "watch_kernel::changes::changes_are_noticed_where_a_sandbox_forbids_netlink";
    // The tracer would trace qemu.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return;
    }
    let Some(mut h) = Home::enter(test) else { return };
    // Only the addresses of IPv6 can be read without netlink.
    h.sources("ipv6 = interface", "AAAA");
    h.s.fake.set("example.org", "home", "A", 600, &[V4]);
    // Netlink sockets, those of the list of addresses as well, are the only ones that are bound.
    let plain = h.s.command();
    let mut traced = std::process::Command::new("strace");
    traced
        .args(["-f", "-qq", "-o", "trace", "-e", "inject=bind:error=EAFNOSUPPORT"])
        .arg(plain.get_program());
    traced.env_clear().env("HOME", h.s.path("")).current_dir(h.s.path(""));
    h.watch_for(traced, V4, V6);
    for (round, address) in ["2a01:e0a:1:a::3", "2a01:e0a:1:b::3"].into_iter().enumerate() {
        h.net.run(&format!(
            "ip -6 addr flush dev eth0 scope global; ip -6 addr add {address}/64 dev eth0 nodad
             ip -6 route replace default via fe80::1 dev eth0"
        ));
        h.follows("AAAA", address);
        h.was_woken(round + 1, "an address or route of this machine has changed");
    }
    let trace = std::fs::read_to_string(h.s.path("trace")).expect("the trace");
    assert!(trace.contains("AF_NETLINK") && trace.contains("(INJECTED)"), "{trace}");
    // The watcher ends, and strace with it. strace itself would leave it behind.
    kill_process(h.watcher().id_of_child(), Signal::TERM).expect("the signal");
    h.watcher.take().expect("a watcher").ended().exits(0);
}
