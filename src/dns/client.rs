//! One DNS query over UDP, repeated once.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::error::DnsError;
use super::message::{self, IN, NS, Question};
use crate::net::udp;
use crate::sys::random::Random;

/// The wait for one answer, and how often to ask: a packet may get lost, two seldom do.
const TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: u8 = 2;

/// The names of the servers of the zone `name`, by the resolver at `server`.
pub(crate) fn name_servers(
    server: SocketAddr,
    zone: &str,
    timeout: Duration,
    random: &mut Random,
) -> Result<Vec<String>, DnsError> {
    let name = message::wire(zone);
    let question = Question { name: &name, rrtype: NS, class: IN, recursion: true };
    let mut names = None;
    exchange(server, &question, timeout, random, &mut |id, message| {
        names = question.read_names(id, message)?;
        Ok(names.is_some())
    })?;
    Ok(names.unwrap_or_default())
}

/// Says whether a packet belongs to the question of this id, or why its answer is none.
type Reader<'a> = dyn FnMut(u16, &[u8]) -> Result<bool, DnsError> + 'a;

pub(crate) fn exchange(
    server: SocketAddr,
    question: &Question,
    timeout: Duration,
    random: &mut Random,
    read: &mut Reader,
) -> Result<(), DnsError> {
    let started = Instant::now();
    let mut unrelated = 0;
    for _ in 0..ATTEMPTS {
        let left = timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(DnsError::RunOver);
        }
        // A new id each time, and of a new socket a new port: a forger must guess both.
        let id = u16::try_from(random.below(0x1_0000)).unwrap_or_default();
        let mut read = |message: &[u8]| read(id, message);
        if attempt(server, &question.query(id), left.min(TIMEOUT), &mut unrelated, &mut read)? {
            return Ok(());
        }
    }
    if started.elapsed() >= timeout {
        return Err(DnsError::RunOver);
    }
    Err(DnsError::Silent { port: server.port(), unrelated })
}

/// One question; whether it was answered before its time was up.
fn attempt(
    server: SocketAddr,
    query: &[u8],
    timeout: Duration,
    unrelated: &mut u32,
    read: &mut dyn FnMut(&[u8]) -> Result<bool, DnsError>,
) -> Result<bool, DnsError> {
    let deadline = Instant::now() + timeout;
    let socket = udp::connected(server).map_err(DnsError::Io)?;
    socket.send(query).map_err(DnsError::Io)?;
    let mut result = Ok(false);
    udp::receive_until(deadline, &socket, &mut |packet| {
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
