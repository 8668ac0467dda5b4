//! The error of a DNS query.

use std::fmt;
use std::io;
use std::net::IpAddr;

use crate::sys::words::count;

/// Maximum size of a message over UDP, in bytes (RFC 1035, section 4.2.1). Our queries have no EDNS, so a server must
/// not send more.
pub const MAX_MESSAGE: usize = 512;

/// A DNS query failed.
#[derive(Debug)]
pub enum DnsError {
    /// The query could not be sent, or the server's port is closed.
    Io(io::Error),
    /// The time for it passed first: the run has a timeout, and some queries get only a part of it.
    RunOver,
    /// No response arrived.
    Silent {
        /// The port of the server, which a firewall may block.
        port: u16,
        /// Number of packets received that are no response to the query.
        unrelated: u32,
    },
    /// The server answered with this response code (RFC 1035, section 4.1.1).
    Code(u8),
    /// The response is marked as truncated: it does not fit into a UDP message.
    Truncated,
    /// The response is longer than [`MAX_MESSAGE`].
    TooLong,
    /// The response is not a valid DNS message, or its data is not an address; with the fault.
    Malformed(&'static str),
    /// The response has no address.
    NoAddress,
    /// The response has two different addresses.
    Ambiguous(IpAddr, IpAddr),
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("could not be queried"),
            Self::RunOver => f.write_str("did not answer in the time left"),
            Self::Silent { port, unrelated } => {
                f.write_str("did not answer within 2 s, queried twice; ")?;
                match unrelated {
                    0 => write!(f, "UDP to port {port} may be blocked"),
                    _ => write!(f, "received {}", count(u64::from(*unrelated), "unrelated packet")),
                }
            }
            Self::Code(code) => {
                let mnemonics = ["FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
                let mnemonic = usize::from(*code).checked_sub(1).and_then(|i| mnemonics.get(i));
                write!(f, "answered with {} ({code})", mnemonic.unwrap_or(&"error"))
            }
            Self::Truncated => f.write_str("sent a truncated response"),
            Self::TooLong => write!(f, "sent a response longer than {MAX_MESSAGE} bytes"),
            Self::Malformed(fault) => write!(f, "sent a malformed response: {fault}"),
            Self::NoAddress => f.write_str("sent a response without an address"),
            Self::Ambiguous(a, b) => write!(f, "answered with two addresses, {a} and {b}"),
        }
    }
}

impl std::error::Error for DnsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}
