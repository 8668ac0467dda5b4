//! The source `resolve:NAME`: the address of another name, such as one that the router or an ISP updates.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::address::answer::SourceError;
use crate::dns;
use crate::net::resolver::{ResolveError, lookup};
use crate::net::{Device, Family};

/// Reasons for a name to give no address.
#[derive(Debug)]
pub enum NameSourceError {
    /// The name could not be resolved.
    Resolve(ResolveError),
    /// The name does not exist, or has no address of this family.
    None(Family),
    /// The name has these addresses of the family.
    Several(Vec<IpAddr>),
}

impl fmt::Display for NameSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(e) => e.fmt(f),
            Self::None(family) => write!(f, "has no {family} address"),
            Self::Several(addresses) => {
                f.write_str("resolves to several addresses (")?;
                for (i, address) in addresses.iter().enumerate() {
                    write!(f, "{}{address}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("); cannot tell which is this machine's")
            }
        }
    }
}

impl std::error::Error for NameSourceError {}

impl From<NameSourceError> for SourceError {
    fn from(e: NameSourceError) -> Self {
        match e {
            NameSourceError::Resolve(e) => Self::Unresolved(e),
            e => Self::Failed(e.to_string()),
        }
    }
}

/// Looks up `name` with the system's resolver, or by `device`. More than one address of `family` is an error.
pub(crate) fn query(
    name: &str,
    device: Option<&Device>,
    family: Family,
    timeout: Duration,
) -> Result<IpAddr, NameSourceError> {
    let found = match device {
        None => lookup(name, Some(family), timeout),
        Some(device) => dns::lookup::lookup(name, family, device, timeout),
    };
    match found {
        Ok(addresses) => match addresses.as_slice() {
            [address] => Ok(*address),
            _ => Err(NameSourceError::Several(addresses)),
        },
        Err(ResolveError::NotFound) => Err(NameSourceError::None(family)),
        Err(e) => Err(NameSourceError::Resolve(e)),
    }
}
