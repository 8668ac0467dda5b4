//! The source `interface`: an address of this machine itself. It sends no packet: `/proc` and netlink list the
//! addresses and routes, and a UDP socket that sends nothing shows the kernel's preferred source address.
//!
//! Without a name in the config, it is an address of the interface of the default route, and of no other: the kernel's
//! route to one public host may lead elsewhere, and its source address may be one of `lo`.

mod inet6;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;
use std::time::{Duration, Instant};

use if_addrs::Interface;

use crate::address::answer::Detected;
use crate::address::global;
use crate::address::trust::Trust;
use crate::net::bind::{self, DEVICES, device, is_down};
use crate::net::route::{ROUTES4, ROUTES6, defaults};
use crate::net::{Family, udp};
use crate::sys::hash::{FNV_START, extend};
use crate::sys::read_limited;
use inet6::{INTERNET6, InterfaceAddr, PREFERRED, TENTATIVE};

/// The IPv6 addresses, in the same directory as [`DEVICES`].
const INET6: &str = "/proc/self/net/if_inet6";
/// A public address, to look up the kernel's source address for it: a root server, since routes to single resolvers such
/// as 1.1.1.1 are common.
const INTERNET4: Ipv4Addr = Ipv4Addr::new(199, 7, 83, 42);
/// Maximum wait for tentative IPv6 addresses. Duplicate address detection takes one to two seconds (RFC 4862, 5.4).
const TENTATIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// The state of a link with a carrier, and of one without. Ends the name of a device.
const UP: &str = " up ";
const DOWN: &str = " down ";
/// Interval of the looks at a tentative address.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The addresses and default routes of this machine at one moment, as far as they decide which address is published:
/// lifetimes, for example, do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The hash of all of them, in the order of the kernel.
    hash: u64,
    /// The number of addresses that await the end of duplicate address detection on a link that is up.
    pub(crate) tentative: u32,
}

impl Snapshot {
    /// Adds an address or route of `device`, whose link is [`UP`] or not.
    #[inline(never)]
    fn add(&mut self, device: &str, link: &str, kind: &str, detail: &[u8]) {
        // Not the sum of their hashes: two addresses that change alike can cancel each other out.
        for part in [device.as_bytes(), link.as_bytes(), kind.as_bytes(), detail] {
            self.hash = extend(self.hash, part);
        }
        self.tentative += u32::from(link == UP && kind == TENTATIVE);
    }
}

/// An interface has no suitable address.
#[derive(Debug)]
pub struct InterfaceError {
    /// The name of the interface of the default route; `None` if the config names the interface, or if there is no such
    /// route.
    routed: Option<String>,
    kind: InterfaceErrorKind,
}

/// The reason for the error.
#[derive(Debug)]
enum InterfaceErrorKind {
    /// The addresses or interfaces could not be read; with what was read.
    Unreadable(&'static str, io::Error),
    /// The kernel has no IPv6, or it is disabled.
    Ipv6Disabled,
    /// The config names no interface, and there is no default route for this family.
    NoRoute(Family),
    /// No interface has this name; with the names that exist, separated by commas.
    Absent(String),
    /// The interface is down, or has no carrier.
    Down,
    /// The interface has no address of either family.
    Bare,
    /// The interface has no address of this family.
    None(Family),
    /// The interface has only addresses of these kinds, as in `link-local, temporary`.
    Unsuitable(String),
    /// The same, and one of them is suitable as soon as duplicate address detection has finished.
    Tentative(String),
}

impl fmt::Display for InterfaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.routed {
            write!(f, "{name} (interface of the default route) ")?;
        }
        match &self.kind {
            InterfaceErrorKind::Unreadable(what, _) => write!(f, "could not read {what}"),
            InterfaceErrorKind::Ipv6Disabled => write!(f, "IPv6 is disabled on this machine"),
            InterfaceErrorKind::NoRoute(family) => {
                write!(
                    f,
                    "no {family} default route in the main table; check the network connection, or set `interface:NAME`"
                )
            }
            InterfaceErrorKind::Absent(names) => write!(f, "does not exist (available: {names})"),
            InterfaceErrorKind::Down => write!(f, "is down or has no link"),
            InterfaceErrorKind::Bare => write!(f, "has no addresses; check that it is up"),
            InterfaceErrorKind::None(family) => write!(f, "has no {family} address"),
            InterfaceErrorKind::Unsuitable(kinds) | InterfaceErrorKind::Tentative(kinds) => {
                write!(f, "has only {kinds} addresses (none suitable)")
            }
        }?;
        if self.routed.is_some() { f.write_str("; to use another, set `interface:NAME`") } else { Ok(()) }
    }
}

impl std::error::Error for InterfaceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            InterfaceErrorKind::Unreadable(_, e) => Some(e),
            _ => None,
        }
    }
}

impl From<InterfaceErrorKind> for InterfaceError {
    fn from(kind: InterfaceErrorKind) -> Self {
        Self { routed: None, kind }
    }
}

/// Returns the address of the interface `name`; without a name, of the interface of the default route. Waits up to
/// `timeout` for a tentative address if there is no other.
pub(crate) fn query(
    name: Option<&str>,
    family: Family,
    timeout: Duration,
) -> Result<Detected, InterfaceError> {
    let deadline = Instant::now() + timeout.min(TENTATIVE_TIMEOUT);
    loop {
        match look(name, family) {
            Err(InterfaceError { kind: InterfaceErrorKind::Tentative(_), .. })
                if Instant::now() < deadline =>
            {
                thread::sleep(POLL_INTERVAL);
            }
            result => return result,
        }
    }
}

/// Returns the reason why no question of `family` can leave by the interface `name`; `None` if there is none. An address that
/// must not be published is enough, and if nothing can be read, sending tells.
pub(crate) fn problem(name: &str, family: Family) -> Option<String> {
    use InterfaceErrorKind::{Absent, Bare, Down, None as Lacking};
    let e = look(Some(name), family).err()?;
    matches!(e.kind, Absent(_) | Down | Bare | Lacking(_)).then(|| [name, &e.to_string()].join(" "))
}

/// Does the same as [`query`] without the wait.
fn look(name: Option<&str>, family: Family) -> Result<Detected, InterfaceError> {
    let preferred = preferred_source(family);
    let listed = if_addrs::get_if_addrs();
    let addresses6 = read_limited::proc(INET6).map(|text| inet6::parse(&text));
    // An error that concerns the other family only is ignored: a sandbox may forbid netlink, and IPv6 may be disabled.
    let (listed, addresses6) = match (listed, addresses6, family) {
        (Err(e), _, Family::V4) => {
            return Err(InterfaceErrorKind::Unreadable("the addresses of interfaces", e).into());
        }
        (_, Err(e), Family::V6) if e.kind() == io::ErrorKind::NotFound => {
            return Err(InterfaceErrorKind::Ipv6Disabled.into());
        }
        (_, Err(e), Family::V6) => return Err(InterfaceErrorKind::Unreadable(INET6, e).into()),
        (listed, addresses6, _) => (listed.unwrap_or_default(), addresses6.unwrap_or_default()),
    };
    if let Some(name) = name {
        return Ok(address_of(name, family, preferred, &listed, addresses6)?);
    }
    let path = if family == Family::V4 { ROUTES4 } else { ROUTES6 };
    let routes = read_limited::proc(path).map_err(|e| InterfaceErrorKind::Unreadable(path, e))?;
    // Of several routes, the one that is up and has the lowest metric; of those that are alike, the kernel's choice.
    let is_kernels = |name: &str| match preferred {
        Some(IpAddr::V6(source)) => addresses6.iter().any(|a| a.address == source && a.name == name),
        Some(source) => listed.iter().any(|i| i.ip() == source && device(i) == name),
        None => false,
    };
    // One number, since comparing tuples takes more code.
    let best = defaults(family, &routes).into_iter().min_by_key(|r| {
        let (is_down, is_others) = (is_down(r.device, &listed), !is_kernels(r.device));
        u64::from(is_down) << 33 | u64::from(r.metric) << 1 | u64::from(is_others)
    });
    let name = best.ok_or(InterfaceErrorKind::NoRoute(family))?.device;
    match address_of(name, family, preferred, &listed, addresses6) {
        Ok(detected) => Ok(detected),
        Err(kind) => Err(InterfaceError { routed: Some(name.to_owned()), kind }),
    }
}

/// Returns the address of one interface. `listed` and `addresses6` are the addresses of all interfaces.
fn address_of(
    name: &str,
    family: Family,
    preferred: Option<IpAddr>,
    listed: &[Interface],
    mut addresses6: Vec<InterfaceAddr>,
) -> Result<Detected, InterfaceErrorKind> {
    if is_down(name, listed) {
        return Err(InterfaceErrorKind::Down);
    }
    let listed = || listed.iter().filter(|i| i.name == name || device(i) == name);
    addresses6.retain(|a| a.name == name);
    // `listed` has no link-local addresses.
    let is_bare = addresses6.is_empty() && listed().next().is_none();
    let chosen = if family == Family::V4 {
        let addresses: Vec<Ipv4Addr> = listed().filter_map(|i| v4(i.ip())).collect();
        choose(&addresses, preferred.and_then(v4)).map(|(a, note)| (a.into(), note))
    } else {
        let kinds = inet6::rejections(&addresses6);
        let is_tentative = addresses6.iter().any(InterfaceAddr::is_tentative);
        addresses6.retain(|a| a.rejection().is_none());
        let preferred = preferred.and_then(|a| if let IpAddr::V6(a) = a { Some(a) } else { None });
        match inet6::choose(&addresses6, preferred) {
            None if is_tentative => return Err(InterfaceErrorKind::Tentative(kinds)),
            None if !kinds.is_empty() => return Err(InterfaceErrorKind::Unsuitable(kinds)),
            chosen => chosen.map(|(a, note)| (a.into(), note)),
        }
    };
    match chosen {
        Some((address, note)) => Ok(Detected { address, note, trust: Trust::Trusted }),
        None if !is_bare => Err(InterfaceErrorKind::None(family)),
        // `getifaddrs` omits interfaces without addresses; /proc/net/dev lists them.
        None => {
            let devices =
                read_limited::proc(DEVICES).map_err(|e| InterfaceErrorKind::Unreadable(DEVICES, e))?;
            let names = bind::names(&devices);
            Err(if names.contains(&name) {
                InterfaceErrorKind::Bare
            } else {
                InterfaceErrorKind::Absent(names.join(", "))
            })
        }
    }
}

/// Returns the present addresses and default routes. What cannot be read is left out: a sandbox may forbid netlink.
pub(crate) fn snapshot() -> Snapshot {
    let listed = if_addrs::get_if_addrs().unwrap_or_default();
    let mut snapshot = Snapshot { hash: FNV_START, tentative: 0 };
    let mut add = |device: &str, kind: &str, detail: &[u8]| {
        snapshot.add(device, if is_down(device, &listed) { DOWN } else { UP }, kind, detail);
    };
    for own in &listed {
        // The others are in the next list.
        if let IpAddr::V4(address) = own.ip() {
            add(&own.name, "", &address.octets());
        }
    }
    // Those of a link, and of lo, are never published and never send to the internet.
    let addresses6 = inet6::parse(&read_limited::proc(INET6).unwrap_or_default());
    for own in addresses6.iter().filter(|a| a.is_of_global_scope()) {
        add(&own.name, own.rejection().unwrap_or_default(), &own.address.octets());
    }
    for (family, path) in [(Family::V4, ROUTES4), (Family::V6, ROUTES6)] {
        for route in defaults(family, &read_limited::proc(path).unwrap_or_default()) {
            add(route.device, "", &[route.gateway.octets(), route.metric.to_ne_bytes()].concat());
        }
    }
    snapshot
}

/// Chooses the address to publish, and explains the choice if there are several: a public one; of several, the kernel's
/// preferred source address, else the lowest, so that the choice is the same in each run. A private address is returned
/// if there is no public one: the error about it is more helpful than none.
fn choose(addresses: &[Ipv4Addr], preferred: Option<Ipv4Addr>) -> Option<(Ipv4Addr, Option<&'static str>)> {
    let is_private = |a: &Ipv4Addr| global::reason_not_global((*a).into()).is_some();
    let best = *addresses.iter().min_by_key(|a| {
        let is_other = preferred != Some(**a);
        u64::from(is_private(a)) << 33 | u64::from(is_other) << 32 | u64::from(a.to_bits())
    })?;
    let note = match addresses.iter().filter(|a| is_private(a) == is_private(&best)).count() {
        1 => None,
        _ if preferred == Some(best) => Some(PREFERRED),
        _ => Some("chosen from several (the lowest)"),
    };
    Some((best, note))
}

/// Returns the source address that the kernel uses towards the internet; `None` without a route. Sends nothing.
fn preferred_source(family: Family) -> Option<IpAddr> {
    let internet: IpAddr = if family == Family::V4 { INTERNET4.into() } else { INTERNET6.into() };
    udp::source((internet, 53).into(), None).ok()
}

/// Returns the address if it is an IPv4 address.
const fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(a) => Some(a),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the snapshot of these addresses on `eth0`, each with its kind.
    fn snapshot_of(addresses: &[(&str, &str)], link: &str) -> Snapshot {
        let mut snapshot = Snapshot { hash: FNV_START, tentative: 0 };
        for (address, kind) in addresses {
            snapshot.add("eth0", link, kind, address.as_bytes());
        }
        snapshot
    }

    #[test]
    fn snapshot_differs_if_an_address_does() {
        let mut seen = Vec::new();
        for host in 0..=255 {
            // One address, as that of the interface and as the preferred one.
            let address = format!("81.2.69.{host}");
            let prefix = format!("2a01:e0a:1:{host:x}::3");
            for address in [&address, &prefix] {
                seen.push(snapshot_of(&[(address, ""), (address, "")], UP).hash);
                seen.push(snapshot_of(&[(address, "deprecated"), (address, "")], UP).hash);
                seen.push(snapshot_of(&[(address, ""), (address, "")], DOWN).hash);
            }
        }
        let number = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), number);
    }

    #[test]
    fn snapshot_counts_tentative_addresses_on_links_that_are_up() {
        let addresses = [("2a01:e0a:1:2::3", TENTATIVE), ("2a01:e0a:1:2::4", ""), ("2a01::5", TENTATIVE)];
        assert_eq!(snapshot_of(&addresses, UP).tentative, 2);
        assert_eq!(snapshot_of(&addresses, DOWN).tentative, 0);
    }

    #[test]
    fn problem_names_the_interface() {
        let problem = problem("nosuch0", Family::V4).expect("a problem");
        assert!(problem.starts_with("nosuch0 does not exist (available: "), "{problem}");
        assert_eq!(super::problem("lo", Family::V4), None);
    }

    #[test]
    fn choose_prefers_public_addresses_and_the_kernels_source() {
        const A: &str = "81.2.69.10";
        const B: &str = "81.2.69.20";
        let preferred_note = Some(PREFERRED);
        let lowest = Some("chosen from several (the lowest)");
        for (addresses, preferred, expected) in [
            (&[][..], Some(A), None),
            (&[A], None, Some((A, None))),
            (&[A], Some(B), Some((A, None))),
            (&[B, A], Some(B), Some((B, preferred_note))),
            (&[B, A], None, Some((A, lowest))),
            (&[B, A], Some("192.168.1.2"), Some((A, lowest))),
            // A private address is not chosen, even if the kernel prefers it.
            (&["10.0.0.1", B], Some("10.0.0.1"), Some((B, None))),
            (&["100.64.0.1"], None, Some(("100.64.0.1", None))),
            (&["192.168.1.2", "10.0.0.1"], Some("192.168.1.2"), Some(("192.168.1.2", preferred_note))),
        ] {
            let ip = |text: &str| text.parse::<Ipv4Addr>().expect(text);
            let list: Vec<_> = addresses.iter().map(|a| ip(a)).collect();
            let expected = expected.map(|(a, note)| (ip(a), note));
            assert_eq!(choose(&list, preferred.map(ip)), expected, "{addresses:?} {preferred:?}");
        }
    }
}
