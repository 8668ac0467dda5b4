//! NAT-PMP (RFC 6886): a UDP request of two bytes to the gateway, and a response of twelve.

use std::io;
use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::net::udp;

const PORT: u16 = 5351;
/// Version 0, opcode 0: the request for the external address (RFC 6886, section 3.2).
const REQUEST: [u8; 2] = [0, 0];
/// Wait after each request, in milliseconds. RFC 6886, section 3.1 begins like this and continues to 64 s; a gateway on
/// the same LAN that has not answered twice is taken as silent.
const RETRANSMIT_AFTER: [u64; 2] = [250, 500];

/// Asks the gateway for its external address. Returns `Some(Err)` with its result code if it refuses, and `None` if it
/// does not speak NAT-PMP.
pub(super) fn query(gateway: Ipv4Addr, timeout: Duration) -> Option<Result<Ipv4Addr, u16>> {
    let end = Instant::now() + timeout;
    let socket = udp::connected((gateway, PORT).into()).ok()?;
    for wait in RETRANSMIT_AFTER {
        socket.send(&REQUEST).ok()?;
        let deadline = end.min(Instant::now() + Duration::from_millis(wait));
        let (mut response, mut is_closed) = (None, false);
        let handle = &mut |packet: io::Result<(&[u8], _)>| {
            // Refused: the gateway has the port closed, so that another request is useless.
            is_closed = matches!(&packet, Err(e) if e.kind() == io::ErrorKind::ConnectionRefused);
            response = packet.ok().and_then(|(packet, _)| read(packet));
            if is_closed || response.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        udp::receive_until(deadline, &socket, handle).ok()?;
        if is_closed || response.is_some() {
            return response;
        }
    }
    None
}

/// Parses a response: version 0, opcode 128 + 0, result code, seconds since the table was created, address (RFC 6886,
/// section 3.2). Returns `None` for other packets, such as the refusal of a PCP server in version 2.
fn read(packet: &[u8]) -> Option<Result<Ipv4Addr, u16>> {
    match *packet {
        [0, 128, 0, 0, _, _, _, _, a, b, c, d] => Some(Ok(Ipv4Addr::new(a, b, c, d))),
        [0, 128, high, low, ..] if (high, low) != (0, 0) => Some(Err(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_takes_an_address_or_a_result_code_only_from_a_response() {
        let address = Some(Ok(Ipv4Addr::new(81, 2, 69, 142)));
        for (packet, expected) in [
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142][..], address),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], Some(Ok(Ipv4Addr::UNSPECIFIED))),
            // Refused and not connected, with and without an address.
            (&[0, 128, 0, 2, 0, 0, 1, 0, 81, 2, 69, 142], Some(Err(2))),
            (&[0, 128, 0, 3, 0, 0, 1, 0], Some(Err(3))),
            (&[0, 128, 1, 0, 0, 0, 1, 0], Some(Err(256))),
            // Too short, too long, another version, another opcode, a request.
            (&[], None),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69], None),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142, 0], None),
            (&[2, 128, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], None),
            (&[0, 129, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142], None),
            (&[0, 0], None),
        ] {
            assert_eq!(read(packet), expected, "{packet:?}");
        }
    }
}
