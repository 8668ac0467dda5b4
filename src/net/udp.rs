//! UDP sockets: one way to open them, and one wait for packets, shared by DNS, NAT-PMP and SSDP.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::time::Instant;

use socket2::Type;

use super::bind::{self, Device};

/// Size of the receive buffer, in bytes; a longer packet is cut to it. No protocol here accepts a longer one.
const BUFFER: usize = 2048;

/// Handles a packet with its sender, or the error of receiving one; breaks to end the wait.
pub(crate) type Handler<'a> = dyn FnMut(io::Result<(&[u8], SocketAddr)>) -> ControlFlow<()> + 'a;

/// Opens a socket on a free port, for packets that leave by `device` if there is one, and connects it to `peer`; sends
/// nothing (udp(7)). The kernel then drops packets from other senders, reports the peer's ICMP errors, and chooses the
/// source address.
pub(crate) fn connected(peer: SocketAddr, device: Option<&Device>) -> io::Result<UdpSocket> {
    let socket = bind::open(Type::DGRAM, peer, device)?;
    socket.connect(&peer.into())?;
    Ok(socket.into())
}

/// Returns the address of this machine that packets to `peer` have, by `device` if given (source address selection, RFC
/// 6724, section 5). Sends nothing. An error without a route.
#[inline(never)]
pub(crate) fn source(peer: SocketAddr, device: Option<&Device>) -> io::Result<IpAddr> {
    Ok(connected(peer, device)?.local_addr()?.ip())
}

/// Receives packets until `handle` breaks or the deadline has passed. Errors of receiving go to `handle`; the returned
/// error means that the timeout could not be set.
pub(crate) fn receive_until(deadline: Instant, socket: &UdpSocket, handle: &mut Handler) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        socket.set_read_timeout(Some(left))?;
        let packet = match socket.recv_from(&mut buffer) {
            Ok((length, sender)) => Ok((buffer.get(..length).unwrap_or_default(), sender)),
            // The deadline decides. Interrupted: the process was stopped and continued (signal(7)).
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                continue;
            }
            Err(e) => Err(e),
        };
        if handle(packet).is_break() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn loopback() -> (UdpSocket, UdpSocket) {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let client = connected(server.local_addr().expect("its address"), None).expect("a socket");
        (server, client)
    }

    fn in_time() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn receive_until_ends_when_the_handler_breaks() {
        let (server, client) = loopback();
        for packet in [&b"one"[..], b"", b"two", b"three"] {
            server.send_to(packet, client.local_addr().expect("its address")).expect("sent");
        }
        let mut packets = Vec::new();
        receive_until(in_time(), &client, &mut |packet| {
            let (packet, sender) = packet.expect("a packet");
            assert_eq!(Some(sender), server.local_addr().ok());
            packets.push(packet.to_vec());
            if packet == b"two" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .expect("no error");
        assert_eq!(packets, [&b"one"[..], b"", b"two"]);
    }

    #[test]
    fn receive_until_ends_at_the_deadline() {
        let (_server, client) = loopback();
        for milliseconds in [0, 20] {
            let deadline = Instant::now() + Duration::from_millis(milliseconds);
            receive_until(deadline, &client, &mut |packet| panic!("{packet:?}")).expect("no error");
            assert!(Instant::now() >= deadline);
        }
    }

    #[test]
    fn receive_until_passes_the_error_of_a_closed_port() {
        let (server, client) = loopback();
        drop(server);
        client.send(b"query").expect("sent");
        let mut kind = None;
        receive_until(in_time(), &client, &mut |packet| {
            kind = packet.err().map(|e| e.kind());
            ControlFlow::Break(())
        })
        .expect("no error");
        assert_eq!(kind, Some(ErrorKind::ConnectionRefused));
    }
}
