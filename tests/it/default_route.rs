//! `interface` without a name: the interface of the default route of the main table, in a network namespace.

use std::process::Command;

use crate::interface_source::{ANOTHER, Home, NO_ROUTE, until};

/// Adds the interface of the line, with the addresses that the tests expect, and an interface of a VPN.
fn line_and_vpn(test: &str) -> Option<Home> {
    let h = Home::enter(test)?;
    for name in ["ppp0", "wg0"] {
        h.add(name);
    }
    h.net.run(
        "ip addr add 81.2.69.160/32 dev ppp0
         ip addr add 62.4.99.9/32 dev wg0
         ip -6 addr add 2a01:e0a:1:2::3/64 dev ppp0 nodad
         ip -6 addr add 2a01:e0a:1:9::9/64 dev wg0 nodad",
    );
    Some(h)
}

/// Both families give the addresses of `ppp0`.
#[track_caller]
fn is_line(h: &Home) {
    h.follows("interface", "81.2.69.160", "");
    h.follows("interface", "2a01:e0a:1:2::3", "");
}

/// Neither family has a default route.
#[track_caller]
fn has_no_route(h: &Home) {
    h.fails("interface", "A", &format!("no IPv4 {NO_ROUTE}"));
    h.fails("interface", "AAAA", &format!("no IPv6 {NO_ROUTE}"));
}

#[test]
fn routes_to_single_hosts_and_of_a_vpn_are_not_the_default_route() {
    let test = "default_route::routes_to_single_hosts_and_of_a_vpn_are_not_the_default_route";
    let Some(h) = line_and_vpn(test) else { return };
    h.net.run(
        "for to in 1.1.1.1 1.0.0.1 8.8.8.8 9.9.9.9 199.7.83.42; do ip route add $to/32 dev wg0; done
         ip -6 route add 2606:4700:4700::1111/128 dev wg0
         ip -6 route add 2606:4700:4700::1/128 dev wg0",
    );
    has_no_route(&h);
    h.net.run("ip route add default dev ppp0; ip -6 route add default dev ppp0");
    is_line(&h);
    // The halves of the address space.
    h.net.run(
        "ip route add 0.0.0.0/1 dev wg0; ip route add 128.0.0.0/1 dev wg0
         ip -6 route add ::/1 dev wg0; ip -6 route add 8000::/1 dev wg0; ip -6 route add 2000::/3 dev wg0",
    );
    is_line(&h);
    h.net.run("ip route del default; ip -6 route del default");
    has_no_route(&h);
}

#[test]
fn address_on_lo_is_never_used() {
    let Some(h) = line_and_vpn("default_route::address_on_lo_is_never_used") else { return };
    h.net.run(
        "for a in 1.1.1.1 199.7.83.42 62.4.99.1; do ip addr add $a/32 dev lo; done
         for a in 2606:4700:4700::1111 2606:4700:4700::1 2a01:e0a:1:5::1; do ip -6 addr add $a/128 dev lo; done
         ip route add default dev lo metric 1; ip -6 route add default dev lo metric 1",
    );
    has_no_route(&h);
    h.net.run("ip route add default dev ppp0 metric 10; ip -6 route add default dev ppp0 metric 10");
    is_line(&h);
    // An interface without addresses: the kernel takes those of lo.
    h.net.run(
        "ip addr flush dev ppp0
         ip route replace default dev ppp0 src 62.4.99.1; ip -6 route replace default dev ppp0 metric 10",
    );
    let bare =
        format!("ppp0 (interface of the default route) has no addresses; check that it is up{ANOTHER}");
    h.fails("interface", "A", &bare);
    h.fails("interface", "AAAA", &bare);
}

#[test]
fn default_route_with_the_lowest_metric_that_is_up_counts() {
    let test = "default_route::default_route_with_the_lowest_metric_that_is_up_counts";
    let Some(h) = line_and_vpn(test) else { return };
    h.net.run(
        "ip route add default dev wg0 metric 200; ip route add default dev ppp0 metric 100
         ip -6 route add default dev wg0 metric 200; ip -6 route add default dev ppp0 metric 100",
    );
    is_line(&h);
    // Addresses and routes remain without a carrier.
    h.net.ip("-n far link set ppp0 down");
    until("ip link show dev ppp0", |output| !output.contains("state UP"));
    h.follows("interface", "62.4.99.9", "");
    h.follows("interface", "2a01:e0a:1:9::9", "");
    h.net.ip("-n far link set wg0 down");
    until("ip link show dev wg0", |output| !output.contains("state UP"));
    let down = format!("ppp0 (interface of the default route) is down or has no link{ANOTHER}");
    h.fails("interface", "A", &down);
    h.fails("interface", "AAAA", &down);
}

#[test]
fn default_routes_of_other_tables_do_not_count() {
    let test = "default_route::default_routes_of_other_tables_do_not_count";
    let Some(h) = line_and_vpn(test) else { return };
    // 51820 is that of wg-quick. The route to ::1 is that of systemd, in the main table.
    h.net.run(
        "ip -6 route add ::1 dev lo metric 256
         for table in 51820 100 1 200; do
             for family in -4 -6; do
                 ip $family route add default dev wg0 table $table metric 1
                 ip $family rule add from all lookup $table priority 100
             done
         done",
    );
    has_no_route(&h);
    h.net.run("ip route add default dev ppp0 metric 500; ip -6 route add default dev ppp0 metric 2000");
    is_line(&h);
}

#[test]
fn default_route_that_leads_nowhere_does_not_count() {
    let test = "default_route::default_route_that_leads_nowhere_does_not_count";
    let Some(h) = line_and_vpn(test) else { return };
    h.net.run(
        "for family in -4 -6; do
             ip $family route add unreachable default metric 3
             ip $family route add blackhole default metric 4
             ip $family route add prohibit default metric 5
         done",
    );
    has_no_route(&h);
    h.net.run("ip route add default dev ppp0 metric 500; ip -6 route add default dev ppp0 metric 2000");
    is_line(&h);
}

#[test]
fn first_hop_of_a_multipath_route_or_the_kernels_choice_counts() {
    let test = "default_route::first_hop_of_a_multipath_route_or_the_kernels_choice_counts";
    let Some(h) = line_and_vpn(test) else { return };
    h.net.run(
        "ip route add default nexthop dev ppp0 nexthop dev wg0
         ip -6 route add default nexthop via fe80::1 dev ppp0 nexthop via fe80::1 dev wg0",
    );
    h.follows("interface", "81.2.69.160", "");
    let ran = h.run("interface", "AAAA");
    let either = ["2a01:e0a:1:2::3\n", "2a01:e0a:1:9::9\n"];
    assert!(ran.code == Some(0) && either.iter().any(|a| ran.stdout.ends_with(a)), "{ran}");
    // A next hop that is down is not used.
    h.net.ip("link set wg0 down");
    is_line(&h);
}

#[test]
fn default_route_for_one_source_prefix_counts_without_another() {
    let test = "default_route::default_route_for_one_source_prefix_counts_without_another";
    let Some(h) = line_and_vpn(test) else { return };
    // As OpenWrt makes it. The kernel may have no such routes (CONFIG_IPV6_SUBTREES).
    let add = "ip -6 route add default from 2a01:e0a:1:2::/64 via fe80::1 dev ppp0 metric 512";
    if !Command::new("sh").args(["-c", add]).status().is_ok_and(|s| s.success()) {
        return;
    }
    h.net.ip("-6 route add default dev wg0 table 100");
    h.follows("interface", "2a01:e0a:1:2::3", "");
    h.net.ip("-6 route add default dev wg0 metric 5000");
    h.follows("interface", "2a01:e0a:1:9::9", "");
}
