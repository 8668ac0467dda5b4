//! The source `resolve:NAME`: the address of another name, such as one that the router or an ISP updates.

use std::net::IpAddr;
use std::time::Duration;

use crate::address::answer::SourceError;
use crate::dns;
use crate::net::resolver::{ResolveError, lookup};
use crate::net::{Device, Family};

/// Looks up `name` with the system's resolver, or by `device`. More than one address of `family` is an error.
pub(crate) fn query(
    name: &str,
    device: Option<&Device>,
    family: Family,
    timeout: Duration,
) -> Result<IpAddr, SourceError> {
    let found = match device {
        None => lookup(name, Some(family), timeout),
        Some(device) => dns::lookup::lookup(name, family, device, timeout),
    };
    let addresses = match found {
        Ok(addresses) => addresses,
        Err(ResolveError::NotFound) => {
            return Err(SourceError::Failed(format!("has no {family} address")));
        }
        Err(e) => return Err(SourceError::Unresolved(e)),
    };
    let mut text = String::new();
    for address in &addresses {
        text.push_str(if text.is_empty() { "resolves to several addresses (" } else { ", " });
        text.push_str(&address.to_string());
    }
    match addresses.as_slice() {
        [address] => Ok(*address),
        _ => Err(SourceError::Failed(text + "); cannot tell which is this machine's")),
    }
}
