//! The nameservers of a domain, queried via DNS. Used when the token may not read them from Gandi's API.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::client;
use super::name::ZoneName;
use crate::net::resolver::resolvers;
use crate::sys::error_chain::chain;
use crate::sys::read_limited;

/// The list of the system's resolvers, resolv.conf(5).
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Size limit of [`RESOLV_CONF`], in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Returns the nameservers of `domain` from the first resolver that answers within `timeout`; an empty list if there are
/// none. The error is that of the last resolver.
pub(crate) fn nameservers(domain: &ZoneName, timeout: Duration) -> Result<Vec<String>, String> {
    let mut error = format!("no nameserver in {RESOLV_CONF}");
    for resolver in system_resolvers()? {
        match client::name_servers((resolver, 53).into(), domain.as_str(), timeout) {
            Ok(names) => return Ok(names),
            Err(e) => error = format!("{} {}", SocketAddr::from((resolver, 53)), chain(&e)),
        }
    }
    Err(error)
}

/// Returns the system's resolvers.
pub(super) fn system_resolvers() -> Result<Vec<IpAddr>, String> {
    let text = read_limited::read_to_string(Path::new(RESOLV_CONF), MAX_FILE);
    text.map(|text| resolvers(&text)).map_err(|e| format!("{RESOLV_CONF}: {e}"))
}

/// Returns true for the names of LiveDNS, such as `ns-154-a.gandi.net`. Classic DNS uses `a.dns.gandi.net`.
pub(crate) fn is_livedns(name: &str) -> bool {
    name.strip_suffix(".gandi.net").is_some_and(|n| n.starts_with("ns-") && !n.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_livedns_accepts_only_the_names_of_livedns() {
        assert!(is_livedns("ns-154-a.gandi.net"));
        for other in ["a.dns.gandi.net", "ns-1.example.org", "gandi.net", "ns-1.a.gandi.net"] {
            assert!(!is_livedns(other), "{other}");
        }
    }
}
