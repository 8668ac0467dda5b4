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
    name: &str,
    time: Duration,
    random: &mut Random,
) -> Result<Vec<String>, DnsError> {
    let name = message::wire(name);
    let question = Question { name: &name, rrtype: NS, class: IN, recursion: true };
    let mut found = None;
    exchange(server, &question, time, random, &mut |id, message| {
        found = question.read_names(id, message)?;
        Ok(found.is_some())
    })?;
    Ok(found.unwrap_or_default())
}

/// Says whether a packet belongs to the question of this id, or why its answer is none.
type Reader<'a> = dyn FnMut(u16, &[u8]) -> Result<bool, DnsError> + 'a;

pub(crate) fn exchange(
    server: SocketAddr,
    question: &Question,
    time: Duration,
    random: &mut Random,
    read: &mut Reader,
) -> Result<(), DnsError> {
    let started = Instant::now();
    let mut strays = 0;
    for _ in 0..ATTEMPTS {
        let left = time.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(DnsError::RunOver);
        }
        // A new id each time, and of a new socket a new port: a forger must guess both.
        let id = u16::try_from(random.below(0x1_0000)).unwrap_or_default();
        let mut ours = |message: &[u8]| read(id, message);
        if once(server, &question.query(id), left.min(TIMEOUT), &mut strays, &mut ours)? {
            return Ok(());
        }
    }
    if started.elapsed() >= time {
        return Err(DnsError::RunOver);
    }
    Err(DnsError::Silent { port: server.port(), strays })
}

/// One question; whether it was answered before its time was up.
fn once(
    server: SocketAddr,
    query: &[u8],
    time: Duration,
    strays: &mut u32,
    read: &mut dyn FnMut(&[u8]) -> Result<bool, DnsError>,
) -> Result<bool, DnsError> {
    let deadline = Instant::now() + time;
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
            *strays += 1;
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(())
    })
    .map_err(DnsError::Io)?;
    result
}
