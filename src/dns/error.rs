//! Why a DNS query failed.

use std::fmt;
use std::io;
use std::net::IpAddr;

/// The most bytes of a message over UDP, RFC 1035, 4.2.1. We offer no EDNS, so nobody may send more.
pub const MAX_MESSAGE: usize = 512;

/// Why there is no address.
#[derive(Debug)]
pub enum DnsError {
    /// The question did not get out, or the server's machine refused it.
    Io(io::Error),
    /// The whole run's time was up first.
    RunOver,
    /// No answer came.
    Silent {
        /// The port asked, which a firewall may block.
        port: u16,
        /// How many packets came that do not belong to the question.
        unrelated: u32,
    },
    /// A response code that is no success, RFC 1035, 4.1.1.
    Code(u8),
    /// The answer does not fit into a UDP message.
    Truncated,
    /// The answer is longer than a UDP message may be.
    TooLong,
    /// The answer is no DNS message, or says something else.
    Malformed(&'static str),
    /// A good answer that says nothing.
    NoAddress,
    /// The answer says two things.
    Ambiguous(IpAddr, IpAddr),
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "could not be asked: {e}"),
            Self::RunOver => f.write_str("did not answer before the time for the whole run ended"),
            Self::Silent { port, unrelated } => {
                f.write_str("did not answer within 2 s, asked twice; ")?;
                match unrelated {
                    0 => write!(f, "UDP to port {port} may be blocked"),
                    _ => write!(f, "packets that came and were no answer to the question: {unrelated}"),
                }
            }
            Self::Code(code) => {
                let mnemonics = ["FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
                let mnemonic = usize::from(*code).checked_sub(1).and_then(|i| mnemonics.get(i));
                write!(f, "answered with {} ({code})", mnemonic.unwrap_or(&"error"))
            }
            Self::Truncated => f.write_str("gave a truncated answer"),
            Self::TooLong => write!(f, "gave an answer longer than {MAX_MESSAGE} bytes"),
            Self::Malformed(what) => write!(f, "gave a malformed answer: {what}"),
            Self::NoAddress => f.write_str("gave an answer without an address"),
            Self::Ambiguous(a, b) => write!(f, "answered with two addresses, {a} and {b}"),
        }
    }
}

impl std::error::Error for DnsError {}
