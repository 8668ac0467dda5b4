//! Name resolution by the system's resolver, one address family at a time, with a timeout.
//!
//! Each family is looked up alone, because musl fails the whole lookup when one half of it fails: behind a name server
//! that answers AAAA with SERVFAIL, or not at all, an A record could not be found.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use socket2::{Domain, Socket, Type};

use super::family::Family;
use crate::sys::grouped::push_if_new;
use crate::sys::oneshot::{Receiver, channel, spawn_detached};
use crate::sys::time::seconds_rounded_up;

/// Maximum wait for the system's resolver. glibc waits 5 s for a silent name server before it queries the next one.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(12);
/// Maximum wait for the other family once one has answered: the other may be the only one that works on this machine.
const GRACE: Duration = Duration::from_secs(2);
/// Maximum number of name servers, as in libc (resolv.conf(5)).
pub(crate) const MAX_RESOLVERS: u32 = 3;
/// Interval of the looks for an answer.
const LOOK: Duration = Duration::from_millis(5);

/// A name could not be resolved.
#[derive(Debug)]
pub enum ResolveError {
    /// The resolver did not answer within this time. Zero if no time was left for this name.
    TimedOut(Duration),
    /// The name does not exist or has no address of the family.
    NotFound,
    /// The name servers gave an error, or did not answer.
    NoAnswer,
    /// This machine failed: no socket, no memory, no thread.
    Local(io::Error),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(Duration::ZERO) => f.write_str("the name server does not answer"),
            Self::TimedOut(timeout) => {
                let seconds = seconds_rounded_up(*timeout);
                write!(f, "the name server did not answer within {seconds} s")
            }
            Self::NotFound => f.write_str("no such name or address"),
            Self::NoAnswer => f.write_str("no name server gave a usable answer"),
            Self::Local(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for ResolveError {}

/// The result of the lookup of one family.
type Lookup = Result<Vec<IpAddr>, ResolveError>;

/// Looks up the addresses of `name` with the system's resolver, within the shorter of `timeout` and 12 s: those of
/// `family`, or with `None` those of any family that answers, IPv4 first. Each address is returned once; there is at
/// least one.
pub(crate) fn lookup(name: &str, family: Option<Family>, timeout: Duration) -> Lookup {
    let timeout = timeout.min(TIMEOUT);
    if timeout.is_zero() {
        return Err(ResolveError::TimedOut(timeout));
    }
    let mut deadline = Instant::now() + timeout;
    let mut error = ResolveError::NotFound;
    let (mut lookups, mut found) = ([None, None], [Vec::new(), Vec::new()]);
    for each in Family::ALL {
        if family.is_none_or(|only| only == each) {
            match start(name, each) {
                Ok(lookup) => lookups[each as usize] = Some(lookup),
                Err(e) => error = ResolveError::Local(e),
            }
        }
    }
    let is_complete = loop {
        for (lookup, found) in lookups.iter_mut().zip(&mut found) {
            match lookup.as_ref().and_then(Receiver::take) {
                None => continue,
                Some(Ok(addresses)) => {
                    *found = addresses;
                    deadline = deadline.min(Instant::now() + GRACE);
                }
                // That the name has no address of one family explains less than that of the other got no answer.
                Some(Err(e)) if matches!(error, ResolveError::NotFound) => error = e,
                Some(Err(_)) => {}
            }
            *lookup = None;
        }
        let is_complete = lookups.iter().all(Option::is_none);
        let left = deadline.saturating_duration_since(Instant::now());
        if is_complete || left.is_zero() {
            break is_complete;
        }
        // Not `park_timeout`: with musl's 64-bit time, std gives the futex of a 32-bit CPU a time that it misreads. A
        // big-endian one returns at once.
        thread::sleep(left.min(LOOK));
    };
    let [mut v4, mut v6] = found;
    v4.append(&mut v6);
    match (v4.is_empty(), is_complete) {
        (false, _) => Ok(v4),
        (true, true) => Err(error),
        (true, false) => Err(ResolveError::TimedOut(timeout)),
    }
}

/// Starts the lookup of one family. `getaddrinfo` takes no timeout: a thread that hangs in it is abandoned.
fn start(name: &str, family: Family) -> io::Result<Receiver<Lookup>> {
    let (sender, receiver) = channel();
    // musl compares the names in /etc/hosts with case.
    let name = name.to_ascii_lowercase();
    spawn_detached(Box::new(move || sender.send(addresses(&name, family))))?;
    Ok(receiver)
}

/// Calls `getaddrinfo`, which reads `/etc/hosts` and `/etc/resolv.conf`, and with glibc what nsswitch.conf(5) names.
fn addresses(name: &str, family: Family) -> Lookup {
    let address = if family == Family::V4 { AddrFamily::Inet } else { AddrFamily::Inet6 };
    let hints = AddrInfoHints {
        address: address.into(),
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|e| match e.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => ResolveError::NotFound,
        // glibc does not tell a machine that lacks sockets from a name server that is silent.
        _ => Socket::new(Domain::IPV4, Type::DGRAM, None)
            .map_or_else(ResolveError::Local, |_| ResolveError::NoAnswer),
    })?;
    let mut addresses = Vec::new();
    for info in found.filter_map(Result::ok) {
        push_if_new(&mut addresses, info.sockaddr.ip());
    }
    if addresses.is_empty() { Err(ResolveError::NotFound) } else { Ok(addresses) }
}

/// Parses the name servers in the text of `/etc/resolv.conf`: the first [`MAX_RESOLVERS`].
/// Those with a scope, such as `fe80::1%eth0`, are skipped.
pub(crate) fn resolvers(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
    });
    servers.take(MAX_RESOLVERS as usize).collect()
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
