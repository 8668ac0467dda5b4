//! Name resolution through a chosen interface, which the system's resolver cannot do.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::delegation::system_resolvers;
use super::error::DnsError;
use super::message::{self, A, AAAA, IN, Question};
use crate::net::resolver::ResolveError;
use crate::net::{Device, Family, bind, udp};

/// Wait after each round of queries.
const ROUNDS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(2)];
/// The response code for a name that does not exist (RFC 1035, section 4.1.1).
const NXDOMAIN: u8 = 3;
/// Resolvers for everybody, by Cloudflare and Google.
const PUBLIC: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
];

/// Looks up the addresses of `name` of one family, by queries that leave by `device`, within `timeout`. Each address is
/// returned once; there is at least one.
///
/// The first round asks the system's resolvers that the interface may reach: those on its link, and those with a public
/// address. One on loopback, such as systemd-resolved, would ask by another interface. Without an answer, the resolvers of
/// the line are unknown, as are those of a second line mostly, and public ones are asked as well.
pub(crate) fn lookup(
    name: &str,
    family: Family,
    device: &Device,
    timeout: Duration,
) -> Result<Vec<IpAddr>, ResolveError> {
    let name = message::wire(name.trim_end_matches('.'));
    let rrtype = if family == Family::V4 { A } else { AAAA };
    let question = Question { name: &name, rrtype, class: IN, recursion: true };
    let mut servers: Vec<SocketAddr> = Vec::new();
    for ip in system_resolvers().unwrap_or_default() {
        let may_reach = !ip.is_loopback() && (device.is_on_link(ip) || is_public(ip));
        if Family::of(ip) == family && may_reach {
            servers.push((ip, 53).into());
        }
    }
    let own = servers.len();
    servers
        .extend(PUBLIC.iter().filter(|ip| Family::of(**ip) == family).map(|ip| SocketAddr::from((*ip, 53))));
    let deadline = Instant::now() + timeout;
    let socket = bind::udp(servers[0], Some(device)).map_err(ResolveError::Local)?;
    let mut id = RandomState::new().build_hasher().finish();
    for (round, wait) in ROUNDS.into_iter().enumerate() {
        let asked = if round == 0 && own > 0 { &servers[..own] } else { &servers };
        id >>= 16;
        let number = u16::try_from(id & 0xffff).unwrap_or_default();
        let query = question.query(number);
        let mut waiting = 0_usize;
        for server in asked {
            waiting += usize::from(socket.send_to(&query, server).is_ok());
        }
        if waiting == 0 {
            continue;
        }
        let mut found = None;
        let until = deadline.min(Instant::now() + wait);
        udp::receive_until(until, &socket, &mut |packet| {
            let Some((message, _)) = packet.ok().filter(|(_, sender)| asked.contains(sender)) else {
                return ControlFlow::Continue(());
            };
            match question.read_addresses(number, message) {
                Ok(None) => return ControlFlow::Continue(()),
                Ok(addresses) => found = addresses,
                Err(DnsError::Code(NXDOMAIN)) => found = Some(Vec::new()),
                // As servers do that are for the customers of another line.
                Err(_) => waiting = waiting.saturating_sub(1),
            }
            if found.is_some() || waiting == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(ResolveError::Local)?;
        match found {
            Some(addresses) if addresses.is_empty() => return Err(ResolveError::NotFound),
            Some(addresses) => return Ok(addresses),
            None => {}
        }
    }
    Err(ResolveError::NoAnswer)
}

/// Returns true if an address is not one of a local network. Whatever else it is, only time is lost by asking it.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => !a.is_private() && !a.is_link_local(),
        IpAddr::V6(a) => !a.is_unique_local() && !a.is_unicast_link_local(),
    }
}
