//! NAT-PMP announcements (RFC 6886, section 3.2.1): a gateway sends its external address to all hosts of the LAN when it
//! has a new one, several times, and when it has started.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use super::gena::Routers;

/// All hosts of the link, and the port of announcements. Each host is a member of this group.
const ANNOUNCEMENTS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 1), 5350);
/// Maximum number of packets that are read at once.
const MAX_PACKETS: usize = 256;

/// The socket for announcements.
pub(super) struct Announcements {
    socket: UdpSocket,
    /// The gateway and the address of the last one: it is repeated.
    last: (Ipv4Addr, Ipv4Addr),
}

impl Announcements {
    /// Listens beside other programs.
    pub(super) fn open() -> Result<Self, Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
        set_socket_reuseaddr(&socket, true)?;
        // An address of a group: packets to this machine's own addresses do not arrive.
        bind(&socket, &ANNOUNCEMENTS)?;
        Ok(Self { socket: socket.into(), last: (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST) })
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Reads the packets that wait, up to a limit. Returns true if one of the gateways announces another address than the
    /// last one.
    #[inline(never)]
    pub(super) fn read(&mut self, routers: &Routers) -> bool {
        let mut is_news = false;
        // One byte more than a valid packet, so that a longer one is known.
        let mut buffer = [0; 13];
        for _ in 0..MAX_PACKETS {
            let Ok((length, SocketAddr::V4(sender))) = self.socket.recv_from(&mut buffer) else { break };
            if let Some(address) = parse(buffer.get(..length).unwrap_or_default()) {
                let new = (*sender.ip(), address);
                if new != self.last && routers.has(new.0) {
                    self.last = new;
                    is_news = true;
                }
            }
        }
        is_news
    }
}

/// Parses the packet: version 0, opcode 128 + 0, result code 0, seconds, address.
fn parse(packet: &[u8]) -> Option<Ipv4Addr> {
    let [0, 128, 0, 0, _, _, _, _, a, b, c, d] = *packet else { return None };
    Some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcement_is_a_response_with_an_address() {
        let good = [0, 128, 0, 0, 0, 0, 0, 7, 81, 2, 69, 142];
        assert_eq!(parse(&good), Some(Ipv4Addr::new(81, 2, 69, 142)));
        let longer = [&good[..], &[0]].concat();
        // PCP's version 2, a mapping, an error code, a request.
        let changed = |index: usize, byte: u8| {
            let mut packet = good.to_vec();
            packet[index] = byte;
            packet
        };
        let others = [changed(0, 2), changed(1, 129), changed(1, 0), changed(2, 1), changed(3, 3), longer];
        for packet in others.iter().map(Vec::as_slice).chain([&good[..11], &[0, 128, 0, 0], &[]]) {
            assert_eq!(parse(packet), None, "{packet:?}");
        }
    }
}
