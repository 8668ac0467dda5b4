//! Name resolution by the system.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use crate::sys::oneshot::{channel, spawn_detached};
use crate::sys::time::seconds_rounded_up;

/// The longest wait for the system's resolver.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a name has no address.
#[derive(Debug)]
pub enum ResolveError {
    /// The resolver gave no answer in this time.
    TimedOut(Duration),
    /// The resolver's own words.
    Failed(io::Error),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(time) => {
                let seconds = seconds_rounded_up(*time);
                write!(f, "the name server did not answer within {seconds} s")
            }
            Self::Failed(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for ResolveError {}

/// All addresses of `name` by the system's resolver, each once.
pub(crate) fn lookup(name: &str, time: Duration) -> Result<Vec<IpAddr>, ResolveError> {
    let time = time.min(TIMEOUT);
    let deadline = Instant::now() + time;
    let (sender, receiver) = channel();
    let target = (name.to_owned(), 0);
    // The resolver has no limit of its own: a thread that it holds up is left behind.
    spawn_detached(Box::new(move || sender.send(target.to_socket_addrs()))).map_err(ResolveError::Failed)?;
    let found =
        receiver.receive(deadline).ok_or(ResolveError::TimedOut(time))?.map_err(ResolveError::Failed)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|a| a.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// The first three are used, as by everybody; those with a zone, such as `fe80::1%eth0`, are left out.
pub(crate) fn resolvers(text: &str) -> Vec<IpAddr> {
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
    });
    named.take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_of_a_file() {
        let text = "# by hand\nsearch lan\nnameserver 127.0.0.53\nnameserver ::1 # second\nnameserver fe80::1%eth0\n\
                    nameserver 9.9.9.9\nnameserver 1.1.1.1\noptions edns0";
        let found: Vec<String> = resolvers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["127.0.0.53", "::1", "9.9.9.9"]);
    }
}
