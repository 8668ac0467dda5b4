//! Sockets whose packets leave by a chosen interface: the one place that binds.
//!
//! A socket is bound by `SO_BINDTODEVICE` (socket(7)). Since Linux 5.7 any user may do that. Where the kernel refuses, the
//! socket is bound to the interface's address, and it depends on the routing rules for that address where its packets leave.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use if_addrs::{IfAddr, IfOperStatus, Interface};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::family::Family;
use crate::sys::read_limited;

/// The interfaces. Below /proc/self, because `ProcSubset=pid` hides /proc/net (systemd.exec(5)).
pub(crate) const DEVICES: &str = "/proc/self/net/dev";

/// The bits that mwan3 of `OpenWrt` marks packets with, such as `0x3f00`.
const MWAN3_MASK: &str = "/var/run/mwan3/mmx_mask";

/// The name of an interface that packets leave by. It need not exist: a modem comes and goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    /// Parses a name that the kernel would accept (`dev_valid_name` in `net/core/dev.c`), but without `@`, which `ip link`
    /// prints after the name. The error is the text after the name.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        // IFNAMSIZ is 16, including the final zero byte.
        let is_name = (1..16).contains(&name.len())
            && !matches!(name, "." | "..")
            && !name.contains(|c: char| matches!(c, '/' | ':' | '@') || !c.is_ascii_graphic());
        match name {
            _ if name.parse::<IpAddr>().is_ok() => Err("is an address: write the name of its interface"),
            _ if is_name => Ok(Self(name.to_owned())),
            "" => Err("needs the name of an interface after `@`, as in web@eth1"),
            _ if name.contains('@') => Err("is not an interface name: leave out `@` and what follows it"),
            _ if name.contains(':') => {
                Err("is not an interface name: leave out `:` and what follows it, the label of an address")
            }
            _ => Err("is not an interface name, which has at most 15 characters and no `/`"),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the reason why no packet of `family` can leave by this interface; `None` if there is none.
    pub(crate) fn problem(&self, family: Family) -> Option<String> {
        // A sandbox may forbid netlink: sending tells.
        let listed = if_addrs::get_if_addrs().ok()?;
        let name = &self.0;
        if is_down(name, &listed) {
            return Some(format!("{name} is down or has no link"));
        }
        if self.address(family, &listed).is_some() {
            return None;
        }
        // `getifaddrs` omits interfaces without addresses.
        let devices = fs::read_to_string(DEVICES).ok()?;
        let names = names(&devices);
        Some(if names.contains(&name.as_str()) {
            format!("{name} has no {family} address")
        } else {
            format!("there is no interface {name} (available: {})", names.join(", "))
        })
    }

    /// Returns an address of this interface, which is not link-local.
    fn address(&self, family: Family, listed: &[Interface]) -> Option<IpAddr> {
        let mut own = listed.iter().filter(|i| device(i) == self.0).map(Interface::ip);
        own.find(|ip| Family::of(*ip) == family)
    }

    /// Returns true if `server` is on the link of this interface: in the network of one of its addresses.
    pub(crate) fn is_on_link(&self, server: IpAddr) -> bool {
        let listed = if_addrs::get_if_addrs().unwrap_or_default();
        listed.iter().filter(|i| device(i) == self.0).any(|i| match (&i.addr, server) {
            (IfAddr::V4(own), IpAddr::V4(server)) => {
                let mask = own.netmask.to_bits();
                mask != 0 && own.ip.to_bits() & mask == server.to_bits() & mask
            }
            (IfAddr::V6(own), IpAddr::V6(server)) => {
                // Without u128, which takes much code: the first 64 bits are the network (RFC 4291, 2.5.4).
                own.ip.segments()[..4] == server.segments()[..4]
            }
            _ => false,
        })
    }

    /// Binds a new socket of `family`.
    fn bind(&self, socket: &Socket, family: Family) -> io::Result<()> {
        if let Some(mark) = exempt_mark() {
            // An ordinary user may not.
            let _ = socket.set_mark(mark);
        }
        match socket.bind_device(Some(self.0.as_bytes())) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                let listed = if_addrs::get_if_addrs()?;
                let own = self.address(family, &listed).ok_or(Errno::ADDRNOTAVAIL)?;
                socket.bind(&SocketAddr::new(own, 0).into())
            }
            bound => bound,
        }
    }
}

/// Returns the mark of packets that mwan3 leaves to the main table, which is its mask; `None` if it does not run. It would
/// mark them for a line of its choice, and refuse to route them by another (`mwan3_create_iface_rules` in its mwan3.sh).
fn exempt_mark() -> Option<u32> {
    let mask = read_limited::read_to_string(Path::new(MWAN3_MASK), 64).ok()?;
    u32::from_str_radix(mask.trim().strip_prefix("0x")?, 16).ok()
}

/// Returns a new socket of the family of `peer`, bound to `device`.
fn socket(kind: Type, peer: SocketAddr, device: &Device) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(peer), kind, None)?;
    device.bind(&socket, Family::of(peer.ip()))?;
    Ok(socket)
}

/// Opens a UDP socket on a free port for packets to `peer`, which leave by `device` if there is one.
pub(crate) fn udp(peer: SocketAddr, device: Option<&Device>) -> io::Result<UdpSocket> {
    if let Some(device) = device {
        return Ok(socket(Type::DGRAM, peer, device)?.into());
    }
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((any, 0))
}

/// Opens a UDP socket on a free port of the address `source`, whose packets leave by `device` if there is one.
pub(crate) fn udp_from(source: IpAddr, device: Option<&Device>) -> io::Result<UdpSocket> {
    let source = SocketAddr::new(source, 0);
    let Some(device) = device else { return UdpSocket::bind(source) };
    let socket = Socket::new(Domain::for_address(source), Type::DGRAM, None)?;
    match socket.bind_device(Some(device.0.as_bytes())) {
        // The address alone is what there is.
        Err(e) if e.kind() != io::ErrorKind::PermissionDenied => return Err(e),
        _ => socket.bind(&source.into())?,
    }
    Ok(socket.into())
}

/// Connects to `peer` by TCP within `timeout`, by way of `device` if there is one.
pub(crate) fn tcp(peer: SocketAddr, device: Option<&Device>, timeout: Duration) -> io::Result<TcpStream> {
    let Some(device) = device else { return TcpStream::connect_timeout(&peer, timeout) };
    let socket = socket(Type::STREAM, peer, device)?;
    socket.connect_timeout(&peer.into(), timeout)?;
    Ok(socket.into())
}

/// Returns true if an interface is known to be down. `listed` has no interface without addresses.
pub(crate) fn is_down(name: &str, listed: &[Interface]) -> bool {
    // `IFF_RUNNING` is unset without a carrier, too (netdevice(7)). Addresses remain in both cases.
    listed.iter().any(|i| (i.name == name || device(i) == name) && i.oper_status != IfOperStatus::Up)
}

/// Returns the name of the device. An IPv4 address may have a label such as `eth0:1` instead (ip-address(8)).
pub(crate) fn device(interface: &Interface) -> &str {
    interface.name.split(':').next().unwrap_or_default()
}

/// Parses the names in [`DEVICES`]: two lines of heading, then lines such as `  eth0: 1 2 3`.
pub(crate) fn names(text: &str) -> Vec<&str> {
    text.lines().skip(2).filter_map(|l| l.split(':').next()).map(str::trim_ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_read_without_the_heading() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes\n\
                    \x20   lo: 1936 22 0 0\n  eth0:99999 1 0 0\nbr-lan: 0 0\n";
        assert_eq!(names(text), ["lo", "eth0", "br-lan"]);
        assert!(names("").is_empty());
    }

    #[test]
    fn device_name_is_parsed_as_the_kernel_does() {
        for name in ["eth0", "wwan0", "eth1.2", "pppoe-wan", "br-lan", "123456789012345", "a+b_c"] {
            assert_eq!(Device::parse(name).map(|d| d.0).as_deref(), Ok(name));
        }
        for (name, problem) in [
            ("", "needs the name"),
            ("1234567890123456", "at most 15"),
            ("a/b", "at most 15"),
            ("..", "at most 15"),
            ("eth 0", "at most 15"),
            ("ethé", "at most 15"),
            ("eth0:1", "label of an address"),
            ("eth0@if5", "leave out `@`"),
        ] {
            assert!(Device::parse(name).is_err_and(|e| e.contains(problem)), "{name}");
        }
    }

    #[test]
    fn socket_of_an_interface_that_does_not_exist_is_an_error() {
        let device = Device::parse("nosuch0").expect("a name");
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let codes = [
            udp(peer, Some(&device)).map(drop).map_err(|e| e.raw_os_error()),
            tcp(peer, Some(&device), Duration::from_secs(1)).map(drop).map_err(|e| e.raw_os_error()),
        ];
        assert_eq!(codes, [Err(Some(Errno::NODEV.raw_os_error())); 2]);
        assert!(
            device
                .problem(Family::V4)
                .is_some_and(|p| p.starts_with("there is no interface nosuch0 (available: "))
        );
    }

    #[test]
    fn server_is_on_link_in_the_network_of_an_address() {
        let lo = Device::parse("lo").expect("a name");
        let is_on_link = |device: &Device, server: &str| device.is_on_link(server.parse().expect(server));
        assert!(is_on_link(&lo, "127.1.2.3"));
        assert!(!is_on_link(&lo, "192.0.2.1"));
        assert!(!is_on_link(&Device::parse("nosuch0").expect("a name"), "127.0.0.1"));
    }
}
