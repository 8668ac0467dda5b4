//! SSDP (`UPnP` Device Architecture 1.1, section 1.3): searches for the descriptions of the gateway.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use socket2::Type;

use super::head::{self, headers};
use super::location::Location;
use crate::net::{Device, bind, udp};

/// The multicast group and port of SSDP.
const SSDP: (Ipv4Addr, u16) = (Ipv4Addr::new(239, 255, 255, 250), 1900);
/// Maximum number of locations of the gateway, and of other hosts, that are tried.
const MAX_LOCATIONS: usize = 8;
/// Time for packets that arrived while a location was tried.
const DRAIN: Duration = Duration::from_millis(10);

/// The search targets for a gateway, each list with the time for responses in milliseconds. The second list is a last
/// resort, for gateways that do not answer the first. A response may take `MX` seconds; 1 is the shortest possible value.
pub(super) const SEARCHES: [(&[&str], u64); 2] = [
    (
        &[
            "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
            "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        ],
        500,
    ),
    (
        &[
            "urn:schemas-upnp-org:service:WANIPConnection:1",
            "urn:schemas-upnp-org:service:WANPPPConnection:1",
            ROOT_DEVICE,
        ],
        1000,
    ),
];
/// The search target of every device that is not part of another.
const ROOT_DEVICE: &str = "upnp:rootdevice";

/// The sender of a location.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Gateway,
    Other,
}

/// A search in progress.
pub(super) struct Search {
    gateway: Ipv4Addr,
    socket: UdpSocket,
    /// The locations that the gateway has sent.
    own: Vec<Location>,
    /// The locations that other hosts have sent. Gateways that share a virtual address (CARP, VRRP) answer from their
    /// own one. Each is only a hint to a port and path of the gateway; a forged one costs one request to the gateway.
    others: Vec<Location>,
    /// Number of `others` that have been returned.
    hints: usize,
}

impl Search {
    /// Opens a socket whose multicast packets leave by the interface of the gateway: that of the source address towards the
    /// gateway (`IP_MULTICAST_IF` in ip(7)), or `device` if given.
    pub(super) fn new(gateway: Ipv4Addr, device: Option<&Device>) -> io::Result<Self> {
        let peer = (gateway, SSDP.1).into();
        let source = udp::source(peer, device)?;
        let socket = bind::open(Type::DGRAM, peer, device)?;
        if let IpAddr::V4(source) = source {
            // Not every kernel has it, as qemu-user. The gateway is searched for by unicast, too.
            let _ = socket.set_multicast_if_v4(&source);
        }
        Ok(Self { gateway, socket: socket.into(), own: Vec::new(), others: Vec::new(), hints: 0 })
    }

    /// Sends a search for each target by multicast, and by unicast as well, since some networks drop multicast.
    pub(super) fn send(&self, targets: &[&str]) -> io::Result<()> {
        for target in targets {
            let search = format!(
                "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\
                 ST: {target}\r\n\r\n"
            );
            let multicast = self.socket.send_to(search.as_bytes(), SSDP);
            // One copy is enough.
            self.socket.send_to(search.as_bytes(), (self.gateway, SSDP.1)).or(multicast)?;
        }
        Ok(())
    }

    /// Returns the next location and its sender: those that the gateway sends, as they arrive, and those of other hosts
    /// after the deadline. Returns each once; `None` if there are no more.
    pub(super) fn next(&mut self, deadline: Instant) -> Option<(Location, Sender)> {
        let Self { gateway, socket, own, others, .. } = self;
        let known = own.len();
        let handle = &mut |packet: io::Result<(&[u8], SocketAddr)>| {
            // An error belongs to an earlier packet, such as one to a closed port: keep waiting.
            if let Ok((response, sender)) = packet {
                let is_own = sender.ip() == *gateway;
                let list = if is_own { &mut *own } else { &mut *others };
                if list.len() < MAX_LOCATIONS
                    && let Some((location, target)) = read(&String::from_utf8_lossy(response))
                    // Every device on the LAN answers the search for root devices; only the gateway is of interest.
                    && (is_own || target != ROOT_DEVICE)
                    && !list.contains(&location)
                {
                    list.push(location);
                }
            }
            if own.len() > known { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        // A failure to set the timeout ends the search like the deadline.
        let _ = udp::receive_until(deadline.max(Instant::now() + DRAIN), socket, handle);
        if let Some(location) = self.own.get(known) {
            return Some((location.clone(), Sender::Gateway));
        }
        let hint = self.others.get(self.hints)?;
        self.hints += 1;
        Some((hint.clone(), Sender::Other))
    }
}

/// Returns the location in a response to a search, and the search target.
pub(super) fn read(response: &str) -> Option<(Location, &str)> {
    let (mut location, mut target) = (None, "");
    let (status, rest) = head::status(response)?;
    headers(rest, &mut |name, value| {
        if name.eq_ignore_ascii_case("location") {
            location = Location::parse(value);
        } else if name.eq_ignore_ascii_case("st") {
            target = value;
        }
    });
    location.filter(|_| status == 200).map(|location| (location, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_is_read_from_a_response_with_status_200() {
        let location = |text: &str| read(text).map(|(location, _)| location.to_string());
        let good = "http://192.168.1.1:5000/igd/root.xml";
        for text in [
            format!("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: {good}\r\n\r\n"),
            format!("HTTP/1.0 200\nLocation:{good}\n"),
            format!("HTTP/1.1 200 OK\r\nlocation : {good} \r\nST: upnp:rootdevice\r\n"),
            "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.77:5000/igd/root.xml\r\n".to_owned(),
        ] {
            assert_eq!(location(&text).as_deref(), Some(":5000/igd/root.xml"), "{text}");
        }
        for bad in [
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1:5000/igd/root.xml\r\n",
            "NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1:5000/igd/root.xml\r\n",
            "HTTP/1.1 200 OK\r\nLOCATION: https://192.168.1.1:5000/igd/root.xml\r\n",
        ] {
            assert_eq!(location(bad), None, "{bad}");
        }
    }
}
