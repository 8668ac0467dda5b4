//! NAT-PMP (RFC 6886): a UDP packet of two bytes to the gateway, and one of twelve back.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

const PORT: u16 = 5351;
/// Version 0, opcode 0: what is the outer address (RFC 6886, 3.2)?
const REQUEST: [u8; 2] = [0, 0];
/// How long to wait after each try, in milliseconds. RFC 6886, 3.1 begins like this and goes on to 64 s; a gateway
/// on the same LAN that has not answered twice never will.
const RETRANSMIT_AFTER: [u64; 2] = [250, 500];

/// The outer address, or the gateway's result code; `None` when it does not speak NAT-PMP.
pub(super) fn query(gateway: Ipv4Addr, time: Duration) -> Option<Result<Ipv4Addr, u16>> {
    let end = Instant::now() + time;
    // Connected, so that the kernel drops what others send.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((gateway, PORT)).ok()?;
    // Longer than any answer of this kind, as PCP's and others' are.
    let mut packet = [0; 64];
    for wait in RETRANSMIT_AFTER {
        socket.send(&REQUEST).ok()?;
        let until = end.min(Instant::now() + Duration::from_millis(wait));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
                break;
            }
            match socket.recv(&mut packet) {
                Ok(length) => {
                    if let Some(answer) = read(packet.get(..length)?) {
                        return Some(answer);
                    }
                }
                // Nobody listens there, and the gateway says so.
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => return None,
                Err(_) => {}
            }
        }
    }
    None
}

/// Reads an answer: version 0, opcode 128 + 0, result code, seconds since the table was made, address. What is not
/// one, such as a PCP server's refusal in version 2, is `None`.
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
    fn answers() {
        let address = Some(Ok(Ipv4Addr::new(81, 2, 69, 142)));
        for (packet, wanted) in [
            (&[0, 128, 0, 0, 0, 0, 1, 0, 81, 2, 69, 142][..], address),
            (&[0, 128, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], Some(Ok(Ipv4Addr::UNSPECIFIED))),
            // Refused, not connected; with and without an address behind it.
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
            assert_eq!(read(packet), wanted, "{packet:?}");
        }
    }
}
