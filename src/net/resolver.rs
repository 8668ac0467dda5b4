//! Name resolution by the system's resolver, with a timeout.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use crate::sys::grouped::push_if_new;
use crate::sys::oneshot::{channel, spawn_detached};
use crate::sys::time::seconds_rounded_up;

/// Maximum wait for the system's resolver.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A name could not be resolved.
#[derive(Debug)]
pub enum ResolveError {
    /// The resolver did not answer within this time.
    TimedOut(Duration),
    /// The resolver failed, or its thread could not be started.
    Failed(io::Error),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timeout) => {
                let seconds = seconds_rounded_up(*timeout);
                write!(f, "the name server did not answer within {seconds} s")
            }
            Self::Failed(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for ResolveError {}

/// Looks up all addresses of `name` with the system's resolver, within the shorter of `timeout` and 5 s. Each address
/// is returned once.
pub(crate) fn lookup(name: &str, timeout: Duration) -> Result<Vec<IpAddr>, ResolveError> {
    let timeout = timeout.min(TIMEOUT);
    let deadline = Instant::now() + timeout;
    let (sender, receiver) = channel();
    let target = (name.to_owned(), 0);
    // `getaddrinfo` takes no timeout: a thread that hangs in it is abandoned.
    spawn_detached(Box::new(move || sender.send(target.to_socket_addrs()))).map_err(ResolveError::Failed)?;
    let results =
        receiver.receive(deadline).ok_or(ResolveError::TimedOut(timeout))?.map_err(ResolveError::Failed)?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for result in results {
        push_if_new(&mut addresses, result.ip());
    }
    Ok(addresses)
}

/// Parses the name servers in the text of `/etc/resolv.conf`: the first three, as libc uses them (resolv.conf(5)).
/// Those with a scope, such as `fe80::1%eth0`, are skipped.
pub(crate) fn resolvers(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
    });
    servers.take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_the_first_three_name_servers_without_a_scope() {
        let text = "# by hand\nsearch lan\nnameserver 127.0.0.53\nnameserver ::1 # second\nnameserver fe80::1%eth0\n\
                    nameserver 9.9.9.9\nnameserver 1.1.1.1\noptions edns0";
        let servers: Vec<String> = resolvers(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["127.0.0.53", "::1", "9.9.9.9"]);
    }
}
