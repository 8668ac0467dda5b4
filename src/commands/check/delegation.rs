//! Which name servers the context asks for a domain, by the system's own resolver.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use crate::dns::ZoneName;
use crate::dns::client;
use crate::net::resolver::resolvers;
use crate::sys::random::Random;

/// Where the system names its resolvers, resolv.conf(5).
const RESOLVERS: &str = "/etc/resolv.conf";
/// The longest wait for each.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks one resolver after the other, until one answers.
pub(super) fn name_servers(domain: &ZoneName, random: &mut Random) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(RESOLVERS).map_err(|e| format!("{RESOLVERS}: {e}"))?;
    let mut problem = format!("{RESOLVERS} names no name server");
    for resolver in resolvers(&text) {
        match client::name_servers((resolver, 53).into(), domain.as_str(), TIMEOUT, random) {
            Ok(names) => return Ok(names),
            Err(e) => problem = format!("{} {e}", SocketAddr::from((resolver, 53))),
        }
    }
    Err(problem)
}

/// LiveDNS' are called `ns-154-a.gandi.net`, the old Classic DNS' `a.dns.gandi.net`.
pub(super) fn is_livedns(name: &str) -> bool {
    name.strip_suffix(".gandi.net").is_some_and(|n| n.starts_with("ns-") && !n.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn livedns_by_its_names() {
        assert!(is_livedns("ns-154-a.gandi.net"));
        for other in ["a.dns.gandi.net", "ns-1.example.org", "gandi.net", "ns-1.a.gandi.net"] {
            assert!(!is_livedns(other), "{other}");
        }
    }
}
