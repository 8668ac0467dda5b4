//! `host:NAME`: the address of another name, such as the one that the router or a provider keeps.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use crate::record::RrsetType;
use crate::sys::oneshot::{Letter, leave_behind};

/// The longest wait for the system's resolver.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no address.
#[derive(Debug)]
pub enum HostError {
    /// The resolver gave no answer in this time.
    TooSlow(Duration),
    /// The resolver's own words.
    Unresolved(io::Error),
    /// It has addresses, but of the other family.
    None(RrsetType),
    /// It has these.
    Several(Vec<IpAddr>),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSlow(time) => {
                // Rounded up: what was left of the run's time is seldom whole.
                let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
                write!(f, "the name server did not answer within {seconds} s")
            }
            Self::Unresolved(e) => e.fmt(f),
            Self::None(family) => write!(f, "has no {} address", family.family()),
            Self::Several(addresses) => {
                f.write_str("has several addresses (")?;
                for (i, address) in addresses.iter().enumerate() {
                    write!(f, "{}{address}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("): which is this machine's is unknown")
            }
        }
    }
}

impl std::error::Error for HostError {}

/// The one address of `name` by the system's resolver.
pub(crate) fn ask(name: &str, family: RrsetType, time: Duration) -> Result<IpAddr, HostError> {
    let mut addresses = lookup(name, time)?;
    addresses.retain(|a| RrsetType::of(*a) == family);
    match addresses.as_slice() {
        [] => Err(HostError::None(family)),
        [address] => Ok(*address),
        _ => Err(HostError::Several(addresses)),
    }
}

/// All addresses of `name` by the system's resolver, each once.
pub(crate) fn lookup(name: &str, time: Duration) -> Result<Vec<IpAddr>, HostError> {
    let time = time.min(PATIENCE);
    let deadline = Instant::now() + time;
    let answer = Letter::new();
    let (sender, target) = (answer.clone(), (name.to_owned(), 0));
    // The resolver has no limit of its own: a thread that it holds up is left behind.
    leave_behind(Box::new(move || sender.send(target.to_socket_addrs()))).map_err(HostError::Unresolved)?;
    let found = answer.receive(deadline).ok_or(HostError::TooSlow(time))?.map_err(HostError::Unresolved)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|a| a.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
