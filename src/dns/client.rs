//! One DNS query over UDP, repeated once without a response.

use std::net::{SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::error::DnsError;
use super::message::{self, IN, NS, Question};
use crate::net::{Device, udp};
use crate::sys::random;

/// Wait for a response after each query.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Number of queries. One packet may get lost; two seldom do.
const ATTEMPTS: u8 = 2;

/// Asks the resolver at `server` for the name servers of `zone`. Returns their names in lower case.
pub(crate) fn name_servers(
    server: SocketAddr,
    zone: &str,
    timeout: Duration,
) -> Result<Vec<String>, DnsError> {
    let name = message::wire(zone);
    let question = Question { name: &name, rrtype: NS, class: IN, recursion: true };
    let mut names = None;
    exchange(server, None, &question, timeout, &mut |id, message| {
        names = question.read_names(id, message)?;
        Ok(names.is_some())
    })?;
    Ok(names.unwrap_or_default())
}

/// Handles one packet, given the id of the query: `Ok(true)` if it answers the query, `Ok(false)` if it is unrelated,
/// `Err` if it answers with an error.
type Reader<'a> = dyn FnMut(u16, &[u8]) -> Result<bool, DnsError> + 'a;

/// Sends a query, by `device` if there is one, and waits for its response, twice if necessary. `timeout` is what is left
/// of the run.
pub(crate) fn exchange(
    server: SocketAddr,
    device: Option<&Device>,
    question: &Question,
    timeout: Duration,
    read: &mut Reader,
) -> Result<(), DnsError> {
    let started = Instant::now();
    let mut unrelated = 0;
    for _ in 0..ATTEMPTS {
        let left = timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(DnsError::RunOver);
        }
        // A new id for each query, and a new port, since the socket is new: a spoofer must guess both (RFC 5452).
        let id = u16::try_from(random::number() & 0xffff).unwrap_or_default();
        let socket = udp::connected(server, device).map_err(DnsError::Io)?;
        let mut read = |message: &[u8]| read(id, message);
        if attempt(&socket, &question.query(id), left.min(TIMEOUT), &mut unrelated, &mut read)? {
            return Ok(());
        }
    }
    if started.elapsed() >= timeout {
        return Err(DnsError::RunOver);
    }
    Err(DnsError::Silent { port: server.port(), unrelated })
}

/// Sends one query. Returns false if no response arrived in time, and counts unrelated packets.
fn attempt(
    socket: &UdpSocket,
    query: &[u8],
    timeout: Duration,
    unrelated: &mut u32,
    read: &mut dyn FnMut(&[u8]) -> Result<bool, DnsError>,
) -> Result<bool, DnsError> {
    let deadline = Instant::now() + timeout;
    socket.send(query).map_err(DnsError::Io)?;
    let mut result = Ok(false);
    udp::receive_until(deadline, socket, &mut |packet| {
        result = match packet {
            Ok((message, _)) => read(message),
            Err(e) => Err(DnsError::Io(e)),
        };
        if matches!(result, Ok(false)) {
            // Unrelated packet. Keep waiting: otherwise a spoofed packet could abort the query.
            *unrelated += 1;
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(())
    })
    .map_err(DnsError::Io)?;
    result
}
