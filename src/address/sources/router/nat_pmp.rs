//! NAT-PMP (RFC 6886): a UDP request of two bytes to the gateway, and a response of twelve.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::net::{Device, udp};

const PORT: u16 = 5351;
/// Version 0, opcode 0: the request for the external address (RFC 6886, section 3.2).
const REQUEST: [u8; 2] = [0, 0];
/// Wait after each request, in milliseconds. RFC 6886, section 3.1 begins like this and continues to 64 s; a gateway on
/// the same LAN that has not answered twice is taken as silent.
const RETRANSMIT_AFTER: [u64; 2] = [250, 500];

/// The result of a query.
#[derive(Debug)]
pub(super) enum NatPmp {
    /// The external address. It may be a private one, or 0.0.0.0.
    Address(Ipv4Addr),
    /// The gateway refuses, with this result code (RFC 6886, section 3.5).
    Refused(u16),
    /// The gateway does not speak NAT-PMP.
    Silent,
    /// This machine could not send the request.
    NotSent(io::Error),
}

/// Asks the gateway for its external address, by `device` if given.
pub(super) fn query(gateway: Ipv4Addr, device: Option<&Device>, timeout: Duration) -> NatPmp {
    exchange(gateway, device, Instant::now() + timeout).unwrap_or_else(NatPmp::NotSent)
}

fn exchange(gateway: Ipv4Addr, device: Option<&Device>, end: Instant) -> io::Result<NatPmp> {
    let socket = udp::connected((gateway, PORT).into(), device)?;
    for wait in RETRANSMIT_AFTER {
        // Refused: the gateway has the port closed, so that another request is useless.
        let is_closed = |e: &io::Error| e.kind() == ErrorKind::ConnectionRefused;
        match socket.send(&REQUEST) {
            Err(e) if is_closed(&e) => break,
            sent => sent?,
        };
        let deadline = end.min(Instant::now() + Duration::from_millis(wait));
        let mut response = None;
        udp::receive_until(deadline, &socket, &mut |packet| {
            response = match packet {
                Err(e) if is_closed(&e) => Some(NatPmp::Silent),
                Err(_) => None,
                Ok((packet, _)) => read(packet),
            };
            if response.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(response) = response {
            return Ok(response);
        }
    }
    Ok(NatPmp::Silent)
}

/// Parses a response: version 0, opcode 128 + 0, result code, seconds since the table was created, address (RFC 6886,
/// section 3.2). Returns `None` for other packets, such as the refusal of a PCP server in version 2.
pub(super) fn read(packet: &[u8]) -> Option<NatPmp> {
    match *packet {
        [0, 128, 0, 0, _, _, _, _, a, b, c, d] => Some(NatPmp::Address(Ipv4Addr::new(a, b, c, d))),
        [0, 128, high, low, ..] if (high, low) != (0, 0) => {
            Some(NatPmp::Refused(u16::from_be_bytes([high, low])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_takes_an_address_or_a_result_code_only_from_a_response() {
        let read = |packet: &[u8]| match read(packet) {
            Some(NatPmp::Address(address)) => address.to_string(),
            Some(NatPmp::Refused(code)) => code.to_string(),
            _ => "none".to_owned(),
        };
        for (packet, expected) in [
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142][..], "81.2.69.142"),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], "0.0.0.0"),
            // Refused and not connected, with and without an address.
            (&[0, 128, 0, 2, 0, 0, 1, 0, 81, 2, 69, 142], "2"),
            (&[0, 128, 0, 3, 0, 0, 1, 0], "3"),
            (&[0, 128, 1, 0, 0, 0, 1, 0], "256"),
            // Too short, too long, another version, another opcode, a request.
            (&[], "none"),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69], "none"),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142, 0], "none"),
            (&[2, 128, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "none"),
            (&[0, 129, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142], "none"),
            (&[0, 0], "none"),
        ] {
            assert_eq!(read(packet), expected, "{packet:?}");
        }
    }
}
