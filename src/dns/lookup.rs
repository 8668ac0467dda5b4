//! Name resolution through a chosen interface, which the system's resolver cannot do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::client::exchange;
use super::delegation::system_resolvers;
use super::error::DnsError;
use super::message::{self, A, AAAA, IN, Question};
use crate::net::resolver::ResolveError;
use crate::net::{Device, Family};

/// Wait for the answer of one server. Each is asked twice.
const WAIT: Duration = Duration::from_secs(1);
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
pub(crate) fn lookup(
    name: &str,
    family: Family,
    device: &Device,
    timeout: Duration,
) -> Result<Vec<IpAddr>, ResolveError> {
    let name = message::wire(name.trim_end_matches('.'));
    let rrtype = if family == Family::V4 { A } else { AAAA };
    let question = Question { name: &name, rrtype, class: IN, recursion: true };
    let mut error = ResolveError::NoAnswer;
    let started = Instant::now();
    let servers = servers(family, device);
    for server in servers.iter().chain(&servers) {
        let left = timeout.saturating_sub(started.elapsed()).min(WAIT);
        let mut found = Vec::new();
        let asked = exchange((*server, 53).into(), Some(device), &question, left, &mut |id, message| {
            let addresses = question.read_addresses(id, message)?;
            let is_answer = addresses.is_some();
            found = addresses.unwrap_or_default();
            Ok(is_answer)
        });
        match asked {
            Ok(()) if !found.is_empty() => return Ok(found),
            Ok(()) | Err(DnsError::Code(NXDOMAIN)) => return Err(ResolveError::NotFound),
            Err(DnsError::Io(e)) => error = ResolveError::Local(e),
            // As servers do that are for the customers of another line.
            Err(_) => {}
        }
    }
    Err(error)
}

/// Returns the servers to ask: first the system's resolvers that the interface may reach, those on its link and those with
/// a public address; then public ones, since the resolvers of a second line are mostly unknown; then the others. One on
/// loopback, such as systemd-resolved, would ask by another interface.
fn servers(family: Family, device: &Device) -> Vec<IpAddr> {
    let (mut servers, mut others) = (Vec::new(), PUBLIC.to_vec());
    for ip in system_resolvers().unwrap_or_default() {
        if !ip.is_loopback() {
            let may_reach = is_public(ip) || device.is_on_link(ip);
            if may_reach { &mut servers } else { &mut others }.push(ip);
        }
    }
    servers.append(&mut others);
    servers.retain(|ip| Family::of(*ip) == family);
    servers
}

/// Returns true if an address is not one of a local network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => !a.is_private() && !a.is_link_local(),
        IpAddr::V6(a) => !a.is_unique_local() && !a.is_unicast_link_local(),
    }
}
