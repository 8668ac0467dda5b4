//! `interface:NAME`: an address that this machine holds itself. Sends nothing: `/proc` and netlink tell the
//! addresses, and a UDP socket that is never used tells which of them the kernel would take.

mod inet6;

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use if_addrs::{IfOperStatus, Interface};

use crate::address::answer::Detected;
use crate::address::global;
use crate::net::{Family, udp};
use inet6::{Held, OUT6};

// Not by /proc/net, which `ProcSubset=pid` hides (systemd.exec(5)).
const DEVICES: &str = "/proc/self/net/dev";
const INET6: &str = "/proc/self/net/if_inet6";
/// A public resolver, which stands for the internet: the way to it is the way out.
const OUT4: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);

/// Why there is no address.
#[derive(Debug)]
pub struct InterfaceError {
    /// The interface, where the default route named it.
    routed: Option<String>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// The system would not say.
    Unread(&'static str, io::Error),
    /// IPv6 is not in the kernel, or switched off in it.
    NoIpv6,
    /// No default route, and no interface was named.
    NoRoute(Family),
    /// No interface has this name; holds those there are.
    Absent(String),
    /// It is there and does nothing.
    Down,
    /// It has none of either family.
    Bare,
    /// It has none of this family.
    None(Family),
    /// It has only those of these kinds.
    Unfit(String),
}

impl fmt::Display for InterfaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.routed {
            write!(f, "{name}, which has the default route, ")?;
        }
        match &self.problem {
            Problem::Unread(what, e) => write!(f, "could not read {what}: {e}"),
            Problem::NoIpv6 => write!(f, "IPv6 is off on this machine"),
            Problem::NoRoute(family) => {
                write!(f, "no default route for {family}: is the network up?")
            }
            Problem::Absent(there) => write!(f, "is not there; there are {there}"),
            Problem::Down => write!(f, "is down, or nothing is plugged in"),
            Problem::Bare => write!(f, "has no address at all: is it up?"),
            Problem::None(family) => write!(f, "has no {family} address"),
            Problem::Unfit(kinds) => write!(f, "has only {kinds} addresses"),
        }
    }
}

impl std::error::Error for InterfaceError {}

impl From<Problem> for InterfaceError {
    fn from(problem: Problem) -> Self {
        Self { routed: None, problem }
    }
}

/// The address of the interface of this name, or of the one that the default route leads through.
pub(crate) fn query(name: Option<&str>, family: Family) -> Result<Detected, InterfaceError> {
    let kernel = towards_the_internet(family);
    let listed = if_addrs::get_if_addrs();
    let held = fs::read_to_string(INET6).map(|text| inet6::parse(&text));
    // Each family can do without what only the other one needs: a sandbox may forbid netlink, and IPv6 be off.
    let (listed, held) = match (listed, held, family) {
        (Err(e), _, Family::V4) => return Err(Problem::Unread("the addresses of interfaces", e).into()),
        (_, Err(e), Family::V6) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Problem::NoIpv6.into());
        }
        (_, Err(e), Family::V6) => return Err(Problem::Unread(INET6, e).into()),
        (listed, held, _) => (listed.unwrap_or_default(), held.unwrap_or_default()),
    };
    if let Some(name) = name {
        return Ok(of(name, family, kernel, &listed, held)?);
    }
    let routed = match kernel {
        Some(IpAddr::V6(a)) => held.iter().find(|h| h.address == a).map(|h| h.name.clone()),
        Some(a) => listed.iter().find(|i| i.ip() == a).map(|i| device(i).to_owned()),
        None => None,
    };
    let name = routed.ok_or(Problem::NoRoute(family))?;
    match of(&name, family, kernel, &listed, held) {
        Ok(answer) => Ok(answer),
        Err(problem) => Err(InterfaceError { routed: Some(name), problem }),
    }
}

/// The address of one interface, by the addresses of all of them.
fn of(
    name: &str,
    family: Family,
    kernel: Option<IpAddr>,
    listed: &[Interface],
    mut held: Vec<Held>,
) -> Result<Detected, Problem> {
    let ours = || listed.iter().filter(|i| i.name == name || device(i) == name);
    // IFF_RUNNING is off without a carrier too (netdevice(7)). An address outlives both.
    if ours().any(|i| i.oper_status != IfOperStatus::Up) {
        return Err(Problem::Down);
    }
    held.retain(|h| h.name == name);
    // The list has no link-local ones.
    let bare = held.is_empty() && ours().next().is_none();
    let chosen = if family == Family::V4 {
        let addresses: Vec<Ipv4Addr> = ours().filter_map(|i| v4(i.ip())).collect();
        choose(&addresses, kernel.and_then(v4)).map(|(a, note)| (a.into(), note))
    } else {
        let kinds = inet6::unfit(&held);
        held.retain(|h| h.unfit().is_none());
        let kernel = kernel.and_then(|a| if let IpAddr::V6(a) = a { Some(a) } else { None });
        match inet6::choose(&held, kernel) {
            None if !kinds.is_empty() => return Err(Problem::Unfit(kinds)),
            chosen => chosen.map(|(a, note)| (a.into(), note)),
        }
    };
    match chosen {
        Some((address, note)) => Ok(Detected { address, note: note.map(str::to_owned) }),
        None if !bare => Err(Problem::None(family)),
        // An interface without addresses is named here alone.
        None => {
            let devices = fs::read_to_string(DEVICES).map_err(|e| Problem::Unread(DEVICES, e))?;
            let names = device_names(&devices);
            Err(if names.contains(&name) { Problem::Bare } else { Problem::Absent(names.join(", ")) })
        }
    }
}

/// The public one; of several the kernel's choice, or else the lowest, which at least is always the same. A
/// private one where there is nothing else: its refusal says most.
fn choose(addresses: &[Ipv4Addr], kernel: Option<Ipv4Addr>) -> Option<(Ipv4Addr, Option<&'static str>)> {
    let private = |a: &Ipv4Addr| global::reason_not_global((*a).into()).is_some();
    let best = *addresses.iter().min_by_key(|a| (private(a), kernel != Some(**a), **a))?;
    let note = match addresses.iter().filter(|a| private(a) == private(&best)).count() {
        1 => None,
        _ if kernel == Some(best) => Some("of several, the one that the kernel uses"),
        _ => Some("of several, none of which the kernel uses, the lowest"),
    };
    Some((best, note))
}

/// The source address that the kernel takes towards the internet. `connect` on a UDP socket only looks the route
/// up (udp(7)); nothing is sent.
fn towards_the_internet(family: Family) -> Option<IpAddr> {
    let internet: IpAddr = if family == Family::V4 { OUT4.into() } else { OUT6.into() };
    udp::connected((internet, 53).into()).ok()?.local_addr().ok().map(|a| a.ip())
}

const fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(a) => Some(a),
        IpAddr::V6(_) => None,
    }
}

/// An IPv4 address may have a label such as `eth0:1` for a name (ip-address(8)); the device is what stands before.
fn device(interface: &Interface) -> &str {
    interface.name.split(':').next().unwrap_or_default()
}

/// The names in `/proc/net/dev`: two lines of heading, then `  eth0: 1 2 3`.
fn device_names(text: &str) -> Vec<&str> {
    text.lines().skip(2).filter_map(|l| l.split(':').next()).map(str::trim_ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_ipv4_addresses() {
        const A: &str = "81.2.69.10";
        const B: &str = "81.2.69.20";
        let several = Some("of several, the one that the kernel uses");
        let lowest = Some("of several, none of which the kernel uses, the lowest");
        for (addresses, kernel, wanted) in [
            (&[][..], Some(A), None),
            (&[A], None, Some((A, None))),
            (&[A], Some(B), Some((A, None))),
            (&[B, A], Some(B), Some((B, several))),
            (&[B, A], None, Some((A, lowest))),
            (&[B, A], Some("192.168.1.2"), Some((A, lowest))),
            // What the kernel uses inside is not what others see.
            (&["10.0.0.1", B], Some("10.0.0.1"), Some((B, None))),
            (&["100.64.0.1"], None, Some(("100.64.0.1", None))),
            (&["192.168.1.2", "10.0.0.1"], Some("192.168.1.2"), Some(("192.168.1.2", several))),
        ] {
            let ip = |text: &str| text.parse::<Ipv4Addr>().expect(text);
            let list: Vec<_> = addresses.iter().map(|a| ip(a)).collect();
            let wanted = wanted.map(|(a, note)| (ip(a), note));
            assert_eq!(choose(&list, kernel.map(ip)), wanted, "{addresses:?} {kernel:?}");
        }
    }

    #[test]
    fn devices() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes\n\
                    \x20   lo: 1936 22 0 0\n  eth0:99999 1 0 0\nbr-lan: 0 0\n";
        assert_eq!(device_names(text), ["lo", "eth0", "br-lan"]);
        assert!(device_names("").is_empty());
    }
}
