//! Sockets whose packets leave by a chosen interface: the one place that binds.
//!
//! A socket is bound by `SO_BINDTODEVICE` (socket(7)). Since Linux 5.7 any user may do that. Where the kernel refuses, the
//! socket is bound to the interface's address if the routing rules lead packets from that address to the interface. If they
//! do not, it is an error: another line's address would be published.

use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use if_addrs::{IfAddr, IfOperStatus, Interface};
use rustix::io::Errno;
use socket2::{Domain, SockRef, Socket, Type};

use crate::sys::read_limited;
use crate::sys::words::number;

/// The interfaces. Below /proc/self, because `ProcSubset=pid` hides /proc/net (systemd.exec(5)).
pub(crate) const DEVICES: &str = "/proc/self/net/dev";

/// The bits that mwan3 of `OpenWrt` marks packets with, such as `0x3f00`.
const MWAN3_MASK: &str = "/var/run/mwan3/mmx_mask";

/// Netlink (`AF_NETLINK` in `linux/socket.h`).
const AF_NETLINK: i32 = 16;
/// The error where neither the interface nor its address can be bound to.
const REFUSED: &str = "this kernel lets only root choose the interface: run as root, or add a rule for its address (ip rule add from ADDRESS)";

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
            && !name.bytes().any(|b| matches!(b, b'/' | b':' | b'@' | 0..=b' ' | 127));
        match name {
            "" => Err("needs the name of an interface after `@`, as in web@eth1"),
            _ if is_name && name.parse::<IpAddr>().is_err() => Ok(Self(name.to_owned())),
            _ => Err("is not an interface name, which has at most 15 characters and no `/`, `:` or `@`"),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

    /// Returns an address of this interface that a socket to `peer` can be bound to instead: one whose packets leave by it.
    fn address(&self, peer: IpAddr) -> io::Result<IpAddr> {
        for own in if_addrs::get_if_addrs()? {
            let (ip, number) = (own.ip(), own.index.unwrap_or_default());
            if device(&own) == self.0 && ip.is_ipv4() == peer.is_ipv4() && is_routed(ip, peer, number)? {
                return Ok(ip);
            }
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, REFUSED))
    }
}

/// Returns the mark of packets that mwan3 leaves to the main table, which is its mask; `None` if it does not run. It would
/// mark them for a line of its choice, and refuse to route them by another (`mwan3_create_iface_rules` in its mwan3.sh).
fn exempt_mark() -> Option<u32> {
    let mask = read_limited::read_to_string(Path::new(MWAN3_MASK), 64).ok()?;
    number(mask.trim().strip_prefix("0x")?, 16)
}

/// Opens a socket for packets to `peer`, which leave by `device` if there is one.
pub(crate) fn open(kind: Type, peer: SocketAddr, device: Option<&Device>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(peer), kind, None)?;
    let Some(device) = device else { return Ok(socket) };
    if let Some(mark) = exempt_mark() {
        // An ordinary user may not.
        let _ = socket.set_mark(mark);
    }
    match socket.bind_device(Some(device.0.as_bytes())) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            socket.bind(&SocketAddr::new(device.address(peer.ip())?, 0).into())
        }
        bound => bound,
    }?;
    Ok(socket)
}

/// Connects to `peer` by TCP within `timeout`, which is not zero, by way of `device` if there is one.
pub(crate) fn tcp(peer: SocketAddr, device: Option<&Device>, timeout: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::from(open(Type::STREAM, peer, device)?);
    // The kernel waits as long for the connection (socket(7)), with less code than poll(2).
    stream.set_write_timeout(Some(timeout))?;
    loop {
        match SockRef::from(&stream).connect(&peer.into()) {
            Ok(()) => return Ok(stream),
            // The process was stopped and continued (signal(7)). The next call waits on.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                let is_over = matches!(Errno::from_io_error(&e), Some(Errno::INPROGRESS | Errno::ALREADY));
                return Err(if is_over { io::ErrorKind::TimedOut.into() } else { e });
            }
        }
    }
}

/// Returns true if the kernel routes packets from `own` to `peer` by the interface of this number, as `ip route get PEER
/// from OWN` shows: `RTM_GETROUTE` of rtnetlink(7). Numbers have the byte order of this machine.
fn is_routed(own: IpAddr, peer: IpAddr, interface: u32) -> io::Result<bool> {
    let octets = |address| match address {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    };
    let (own, peer) = (octets(own), octets(peer));
    let (family, bytes): (u8, u8) = if own.len() == 4 { (2, 4) } else { (10, 16) };
    // nlmsghdr: length, RTM_GETROUTE, NLM_F_REQUEST. rtmsg: family and bits of both addresses. Then RTA_DST and RTA_SRC.
    let length = u32::from(36 + 2 * bytes).to_ne_bytes();
    let bits = 8 * bytes;
    let pair = |first: u16, second: u16| [first.to_ne_bytes(), second.to_ne_bytes()].concat();
    let attribute = |kind| pair(u16::from(4 + bytes), kind);
    let route = [family, bits, bits, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (of_peer, of_own) = (attribute(1), attribute(2));
    let request = [&length[..], &pair(26, 1), &[0; 8], &route, &of_peer, &peer, &of_own, &own].concat();
    let mut socket = Socket::new(Domain::from(AF_NETLINK), Type::RAW, None)?;
    socket.send(&request)?;
    let mut reply = [0; 256];
    let length = socket.read(&mut reply)?;
    // RTA_OIF: length, kind, number. The other attributes of a route cannot look like it, and an error has none.
    let wanted = [&pair(8, 4)[..], &interface.to_ne_bytes()].concat();
    Ok(reply[..length].windows(wanted.len()).any(|part| part == wanted))
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
    use std::net::Ipv4Addr;

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
        for name in ["eth0", "wwan0", "eth1.2", "pppoe-wan", "br-lan", "123456789012345", "a+b_c", "ethé"] {
            assert_eq!(Device::parse(name).map(|d| d.0).as_deref(), Ok(name));
        }
        for (name, problem) in [
            ("", "needs the name"),
            ("1234567890123456", "at most 15"),
            ("a/b", "at most 15"),
            ("..", "at most 15"),
            ("eth 0", "at most 15"),
            ("eth0:1", "no `/`, `:` or `@`"),
            ("eth0@if5", "no `/`, `:` or `@`"),
            ("192.168.1.2", "is not an interface name"),
            ("fe80::1", "is not an interface name"),
        ] {
            assert!(Device::parse(name).is_err_and(|e| e.contains(problem)), "{name}");
        }
    }

    #[test]
    fn socket_of_an_interface_that_does_not_exist_is_an_error() {
        let device = Device::parse("nosuch0").expect("a name");
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let codes = [
            open(Type::DGRAM, peer, Some(&device)).map(drop).map_err(|e| e.raw_os_error()),
            tcp(peer, Some(&device), Duration::from_secs(1)).map(drop).map_err(|e| e.raw_os_error()),
        ];
        assert_eq!(codes, [Err(Some(Errno::NODEV.raw_os_error())); 2]);
    }

    #[test]
    fn route_of_a_packet_is_known() {
        let lo = if_addrs::get_if_addrs().expect("the interfaces").into_iter().find(|i| i.name == "lo");
        let number = lo.and_then(|lo| lo.index).expect("lo");
        let is_routed = |own: &str, peer: &str, number| {
            is_routed(own.parse().expect(own), peer.parse().expect(peer), number).expect("an answer")
        };
        assert!(is_routed("127.0.0.1", "127.1.2.3", number));
        assert!(!is_routed("127.0.0.1", "127.1.2.3", number + 1));
        assert!(!is_routed("127.0.0.1", "127.1.2.3", 0));
        // The kernel answers with an error: no address of this machine.
        assert!(!is_routed("192.0.2.1", "127.1.2.3", number));
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
