//! NAT-PMP announcements (RFC 6886, section 3.2.1): a gateway sends its external address to all hosts of the LAN when it
//! has a new one, several times, and when it has started.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// All hosts of the link, and the port of announcements. Each host is a member of this group.
const ANNOUNCEMENTS: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 1), 5350);
/// Maximum number of packets that are read at once.
const MAX_PACKETS: usize = 256;
/// The same announcement is no news within this time: the first of the gateway's repetitions, which come after 250 ms and
/// then after twice the time before.
const REPEATED: Duration = Duration::from_secs(10);

/// The socket for announcements.
pub(super) struct Announcements {
    socket: UdpSocket,
    /// The last one that was news, and the time when it came.
    last: Option<(Announcement, Instant)>,
}

/// An announcement of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Announcement {
    gateway: Ipv4Addr,
    address: Ipv4Addr,
    /// Seconds since the gateway started, or lost its table of mappings.
    seconds: u32,
}

/// The meaning of the packets that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    None,
    /// A gateway announces an address.
    Address,
    /// A gateway announces an address, and that it has started anew.
    Restart,
}

impl Announcements {
    /// Listens beside other programs.
    pub(super) fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        // An address of a group: packets to this machine's own addresses do not arrive.
        socket.bind(&SocketAddr::from(ANNOUNCEMENTS).into())?;
        Ok(Self { socket: socket.into(), last: None })
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Reads the packets that wait, up to a limit. Only those of `gateways` count.
    pub(super) fn read(&mut self, gateways: &[Ipv4Addr], now: Instant) -> News {
        let mut news = News::None;
        // One byte more than a valid packet, so that a longer one is known.
        let mut buffer = [0; 13];
        for _ in 0..MAX_PACKETS {
            let Ok((length, SocketAddr::V4(sender))) = self.socket.recv_from(&mut buffer) else { break };
            if gateways.contains(sender.ip())
                && let Some(announcement) = parse(*sender.ip(), buffer.get(..length).unwrap_or_default())
            {
                news = news.max(self.compare(announcement, now));
            }
        }
        news
    }

    /// Compares an announcement with the last one.
    fn compare(&mut self, new: Announcement, now: Instant) -> News {
        let mut news = News::Address;
        if let Some((last, at)) = self.last
            && last.gateway == new.gateway
        {
            if new.seconds < last.seconds {
                news = News::Restart;
            } else if new.address == last.address && now.saturating_duration_since(at) < REPEATED {
                return News::None;
            }
        }
        self.last = Some((new, now));
        news
    }
}

/// Parses the packet: version 0, opcode 128 + 0, result code 0, seconds, address.
fn parse(gateway: Ipv4Addr, packet: &[u8]) -> Option<Announcement> {
    let [0, 128, 0, 0, s1, s2, s3, s4, a1, a2, a3, a4] = *packet else { return None };
    let (seconds, address) = (u32::from_be_bytes([s1, s2, s3, s4]), Ipv4Addr::new(a1, a2, a3, a4));
    Some(Announcement { gateway, address, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

    fn packet(seconds: u32, last: u8) -> Vec<u8> {
        [&[0, 128, 0, 0][..], &seconds.to_be_bytes(), &[81, 2, 69, last]].concat()
    }

    #[test]
    fn announcement_is_a_response_with_an_address() {
        let good = packet(7, 142);
        let expected = Announcement { gateway: GATEWAY, address: Ipv4Addr::new(81, 2, 69, 142), seconds: 7 };
        assert_eq!(parse(GATEWAY, &good), Some(expected));
        let longer = [&good[..], &[0]].concat();
        // PCP's version 2, a mapping, an error code, a request.
        let changed = |index: usize, byte: u8| {
            let mut packet = good.clone();
            packet[index] = byte;
            packet
        };
        let others = [changed(0, 2), changed(1, 129), changed(1, 0), changed(2, 1), changed(3, 3), longer];
        for packet in others.iter().map(Vec::as_slice).chain([&good[..11], &[0, 128, 0, 0], &[]]) {
            assert_eq!(parse(GATEWAY, packet), None, "{packet:?}");
        }
    }

    #[test]
    fn repeated_announcement_is_no_news_for_a_while() {
        let Ok(mut announcements) = Announcements::open() else { return };
        let start = Instant::now();
        let mut news = |at: u64, seconds: u32, last: u8, gateway: Ipv4Addr| {
            let new = parse(gateway, &packet(seconds, last)).expect("an announcement");
            announcements.compare(new, start + Duration::from_millis(at))
        };
        for (at, seconds, last, expected) in [
            (0, 100, 1, News::Address),
            (250, 100, 1, News::None),
            (3750, 103, 1, News::None),
            (4000, 104, 2, News::Address),
            (13_900, 113, 2, News::None),
            (14_000, 114, 2, News::Address),
            (14_500, 0, 2, News::Restart),
            (14_750, 0, 2, News::None),
            (15_000, 1, 3, News::Address),
        ] {
            assert_eq!(news(at, seconds, last, GATEWAY), expected, "{at}");
        }
        assert_eq!(news(15_001, 0, 3, Ipv4Addr::new(10, 0, 0, 1)), News::Address, "another gateway");
    }
}
