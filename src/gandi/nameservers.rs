//! Finds out if a domain uses LiveDNS: otherwise nobody asks its zone there. The answer is Gandi's, or that of the DNS if
//! the token may not read it.

use std::time::Duration;

use super::livedns::LiveDns;
use crate::dns::{ZoneName, delegation};
use crate::net::resolver::MAX_RESOLVERS;
use crate::sys::error_chain::chain;

/// Timeout for each resolver.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time that all resolvers take together.
pub(crate) const LONGEST_LOOKUP: Duration = TIMEOUT.saturating_mul(MAX_RESOLVERS);

/// Returns a warning if the domain has other nameservers than LiveDNS. The error tells why that is unknown.
pub(crate) fn warning(livedns: &mut LiveDns, domain: &ZoneName) -> Result<Option<String>, String> {
    let unknown = |e: &str| format!("could not be determined{e}");
    let current = livedns.nameservers(domain).map_err(|e| unknown(&format!(": {}", chain(&e))))?;
    let other = match current {
        Some(current) if current == "livedns" => return Ok(None),
        Some(current) => format!("uses `{current}` nameservers"),
        // Many tokens may not read it.
        None => {
            let timeout = TIMEOUT.min(livedns.remaining());
            let names = delegation::nameservers(domain, timeout)
                .map_err(|e| unknown(&format!(", neither from Gandi nor via DNS: {e}")))?;
            match names.as_slice() {
                [] => "has no nameservers".to_owned(),
                names if names.iter().any(|name| delegation::is_livedns(name)) => return Ok(None),
                names => format!("uses {}, not LiveDNS", names.join(", ")),
            }
        }
    };
    Ok(Some(format!(
        "domain {other}: updates here have no effect until you switch to LiveDNS at admin.gandi.net"
    )))
}
