//! The default routes of the kernel's main routing table, parsed from `/proc`. Routes of other tables (`ip rule`) are
//! not among them, and neither are the two halves of the address space that a VPN may have: they show another way than
//! this machine's own line.

use std::io;
use std::net::Ipv4Addr;

use super::bind::Device;
use super::family::Family;
use crate::sys::read_limited;
use crate::sys::words::number;

/// The IPv4 routes of this process's network namespace: the main table only. Of a multipath route, only the first next
/// hop is listed (`fib_route_seq_show` in `net/ipv4/fib_trie.c`).
pub(crate) const ROUTES4: &str = "/proc/self/net/route";
/// The IPv6 routes: all tables.
pub(crate) const ROUTES6: &str = "/proc/self/net/ipv6_route";

// Flags of a route (linux/route.h).
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;
/// The first hexadecimal digit of the flags of a local route.
const LOCAL: char = '8';

/// A default route that leads to an interface other than `lo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DefaultRoute<'a> {
    /// The name of the interface.
    pub(crate) device: &'a str,
    /// The kernel uses the route with the lowest metric.
    pub(crate) metric: u32,
    /// The IPv4 gateway; `0.0.0.0` if there is none, as on a point-to-point link, and for IPv6.
    pub(crate) gateway: Ipv4Addr,
}

impl<'a> DefaultRoute<'a> {
    /// Returns the route, unless it is down or leads nowhere: an unreachable or prohibited route has its flag, and a
    /// blackhole the device `*`. For IPv6 all of these are on `lo`.
    fn usable(device: &'a str, metric: u32, flags: &str, gateway: Ipv4Addr) -> Option<Self> {
        let flags: u32 = number(flags, 16)?;
        let is_usable = flags & (UP | REJECT) == UP && !matches!(device, "*" | "lo");
        is_usable.then_some(Self { device, metric, gateway })
    }
}

/// Returns the present default gateway, that of `device` if given.
#[inline(never)]
pub(crate) fn default_gateway(device: Option<&Device>) -> io::Result<Option<Ipv4Addr>> {
    Ok(gateway(&read_limited::proc(ROUTES4)?, device))
}

/// Returns the gateway of the default route with the lowest metric, among those that have one, by `device` if given.
fn gateway(routes: &str, device: Option<&Device>) -> Option<Ipv4Addr> {
    let mut best: Option<DefaultRoute> = None;
    for route in defaults(Family::V4, routes) {
        let is_wanted = !route.gateway.is_unspecified() && device.is_none_or(|d| d.as_str() == route.device);
        if is_wanted && best.as_ref().is_none_or(|best| route.metric < best.metric) {
            best = Some(route);
        }
    }
    best.map(|route| route.gateway)
}

/// Parses the usable default routes in the text of [`ROUTES4`] or [`ROUTES6`].
pub(crate) fn defaults(family: Family, routes: &str) -> Vec<DefaultRoute<'_>> {
    if family == Family::V4 { routes.lines().filter_map(parse4).collect() } else { defaults6(routes) }
}

fn parse4(line: &str) -> Option<DefaultRoute<'_>> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[device, "00000000", gateway, flags, _, _, metric, "00000000", ..] = fields.as_slice() else {
        return None;
    };
    // The kernel prints addresses as hexadecimal numbers in the byte order of the machine.
    let gateway = number::<u32>(gateway, 16)?.to_ne_bytes().into();
    DefaultRoute::usable(device, number(metric, 10)?, flags, gateway)
}

/// Parses the default routes of the main table. The lines do not name the table, but their order tells it: table by
/// table, the local one after the main one. The default routes are the last lines of a table, and a local `::1` is the
/// first line of the local one (`ipv6_route_seq_next_table` and `fib6_walk_continue` in `net/ipv6/ip6_fib.c`). A table
/// without a default route has one that rejects. A kernel without policy routing has a single table.
///
/// Routes for one source prefix, as `OpenWrt` makes them, come first in their table. They count if the main table has
/// no other.
fn defaults6(routes: &str) -> Vec<DefaultRoute<'_>> {
    let (mut plain, mut of_prefix) = (Vec::new(), Vec::new());
    let mut after_default = false;
    for line in routes.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[destination, length, _, source, _, metric, _, _, flags, device] = fields.as_slice() else {
            continue;
        };
        if length != "00" {
            // The local `::1`. Under systemd, the main table has one as well.
            if after_default
                && length == "80"
                && flags.starts_with(LOCAL)
                && destination.trim_start_matches('0') == "1"
            {
                break;
            }
            after_default = false;
            continue;
        }
        if !after_default {
            plain.clear();
        }
        after_default = true;
        let metric = number(metric, 16).unwrap_or(u32::MAX);
        if let Some(route) = DefaultRoute::usable(device, metric, flags, Ipv4Addr::UNSPECIFIED) {
            if source == "00" { &mut plain } else { &mut of_prefix }.push(route);
        }
    }
    if plain.is_empty() { of_prefix } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    /// Returns the address as the kernel prints it on this machine.
    fn hex(address: &str) -> String {
        let address: Ipv4Addr = address.parse().expect(address);
        format!("{:08X}", u32::from_ne_bytes(address.octets()))
    }

    fn route(to: &str, via: &str, flags: u32, metric: u32, mask: &str) -> String {
        let (to, via, mask) = (hex(to), hex(via), hex(mask));
        format!("eth0\t{to}\t{via}\t{flags:04X}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n")
    }

    #[test]
    fn gateway_is_that_of_the_default_route_with_the_lowest_metric() {
        const ANY: &str = "0.0.0.0";
        let lan = route("192.168.1.0", ANY, 1, 0, "255.255.255.0");
        let default = |via: &str, metric| route(ANY, via, 3, metric, ANY);
        for (routes, expected) in [
            (String::new(), None),
            (lan.clone(), None),
            (lan.clone() + &default("192.168.1.1", 0), Some("192.168.1.1")),
            (default("192.168.1.1", 600) + &default("10.0.0.1", 100), Some("10.0.0.1")),
            (default("10.0.0.1", 100) + &default("192.168.1.1", 600), Some("10.0.0.1")),
            // The halves of the address space of a VPN, a route without a gateway, one that is down, one that rejects.
            (route(ANY, "10.8.0.1", 3, 0, "128.0.0.0"), None),
            (route("128.0.0.0", "10.8.0.1", 3, 0, "128.0.0.0"), None),
            (route(ANY, ANY, 1, 0, ANY), None),
            (route(ANY, "10.0.0.1", 2, 0, ANY), None),
            (route(ANY, "10.0.0.1", 0x203, 0, ANY), None),
            ("eth0\t00000000\t0101A8C0\t0003\n".to_owned(), None),
            ("eth0 x y z 0 0 0 w 0 0 0\n".to_owned(), None),
        ] {
            let address = gateway(&(HEAD.to_owned() + &routes), None).map(|a| a.to_string());
            assert_eq!(address.as_deref(), expected, "{routes}");
        }
        // Each interface has its own, whatever the metric.
        let by = |name: &str| {
            let other = default("10.0.0.1", 700).replace("eth0", "eth1");
            let routes = HEAD.to_owned() + &default("192.168.1.1", 600) + &other;
            gateway(&routes, Device::parse(name).ok().as_ref()).map(|a| a.to_string())
        };
        assert_eq!(by("eth0").as_deref(), Some("192.168.1.1"));
        assert_eq!(by("eth1").as_deref(), Some("10.0.0.1"));
        assert_eq!(by("eth"), None);
    }

    /// Returns device and metric of each route.
    fn listed(family: Family, text: &str) -> String {
        let routes = defaults(family, text);
        routes.iter().map(|r| format!("{} {}", r.device, r.metric)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn ipv4_default_routes_are_those_that_lead_to_an_interface() {
        // Lines of Linux 6.18: of a blackhole, an unreachable, a multipath, a throw and a prohibited route.
        let text = "wg0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n\
                    *\t00000000\t00000000\t0001\t0\t0\t5\t00000000\t0\t0\t0\n\
                    *\t00000000\t00000000\t0201\t0\t0\t6\t00000000\t0\t0\t0\n\
                    eth0\t00000000\t02450251\t0003\t0\t0\t7\t00000000\t0\t0\t0\n\
                    *\t00000000\t00000000\t0001\t0\t0\t16\t00000000\t0\t0\t0\n\
                    *\t00000000\t00000000\t0201\t0\t0\t26\t00000000\t0\t0\t0\n\
                    lo\t00000000\t00000000\t0001\t0\t0\t27\t00000000\t0\t0\t0\n\
                    wg0\t01010101\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n\
                    tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n";
        assert_eq!(listed(Family::V4, &(HEAD.to_owned() + text)), "wg0 0, eth0 7");
    }

    #[test]
    fn ipv6_default_routes_are_those_of_the_main_table() {
        const ANY: &str = "00000000000000000000000000000000";
        let of = |to: &str, length: &str, source: &str, metric: &str, flags: &str, device: &str| {
            format!("{to} {length} {ANY} {source} {ANY} {metric} 00000001 00000000 {flags} {device:>8}\n")
        };
        let default = |metric: &str, device: &str| of(ANY, "00", "00", metric, "00000003", device);
        let prefixed = |device: &str| of(ANY, "00", "40", "00000200", "00000003", device);
        // The entry of a table without a default route.
        let none = of(ANY, "00", "00", "ffffffff", "00200200", "lo");
        let lan = of("fe800000000000000000000000000000", "40", "00", "00000100", "00000001", "eth0");
        let local = of("00000000000000000000000000000001", "80", "00", "00000000", "80200001", "lo")
            + &of("2a010e0a000100020000000000000001", "80", "00", "00000000", "80200001", "eth0")
            + &none;
        let vpn = default("00000001", "wg0");
        let line = default("00000400", "eth0");
        // The prefix of the address that systemd gives to `lo`.
        let lo = of("00000000000000000000000000000001", "80", "00", "00000100", "00000001", "lo");
        for (before_local, expected) in [
            (lan.clone() + &none, ""),
            (lan.clone() + &line, "eth0 1024"),
            (lan.clone() + &line + &default("00000064", "eth1"), "eth0 1024, eth1 100"),
            (lan.clone() + &of(ANY, "00", "00", "00000001", "00200200", "lo") + &line, "eth0 1024"),
            (lan.clone() + &of(ANY, "00", "00", "00000001", "00000001", "lo"), ""),
            // Another table comes first.
            (vpn.clone() + &lan + &none, ""),
            (vpn.clone() + &lan + &line, "eth0 1024"),
            (lan.clone() + &vpn + &lan + &line, "eth0 1024"),
            (vpn.clone() + &lo + &lan + &none, ""),
            (vpn.clone() + &lo + &lan + &line, "eth0 1024"),
            (none.clone() + &lo + &lan + &line, "eth0 1024"),
            // Routes for one source prefix.
            (prefixed("eth0") + &lan + &none, "eth0 512"),
            (prefixed("eth0") + &lan + &line, "eth0 1024"),
            (vpn.clone() + &prefixed("eth0") + &lan + &none, "eth0 512"),
        ] {
            let text = before_local + &local;
            assert_eq!(listed(Family::V6, &text), expected, "{text}");
        }
        // A single table, in which the local routes come first.
        let first = local.lines().next().expect("a line");
        assert_eq!(listed(Family::V6, &format!("{first}\n{lan}{line}")), "eth0 1024");
        assert_eq!(listed(Family::V6, ""), "");
    }
}
