//! What one source answered, or why it did not.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use crate::http::HttpError;

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The address.
    pub address: IpAddr,
    /// Why this one, where there was a choice; for `-v`.
    pub note: Option<&'static str>,
}

/// Why one source gave no address.
#[derive(Debug)]
pub enum SourceError {
    /// The exchange failed.
    Http(HttpError),
    /// Any status but 200, redirects included: those pages are somebody else's.
    Status(u16),
    /// The body is not one address and nothing else.
    NoAddress,
    /// An address, but not of the family that was asked for.
    WrongFamily(IpAddr),
    /// An address that nobody on the internet could reach.
    NotPublic(IpAddr, &'static str),
    /// The same, as the router's own outer address.
    BehindNat(IpAddr, &'static str),
    /// What else the source's own file says of it; as text, which is 5 kB less program than a boxed error.
    Failed(String),
}

impl SourceError {
    pub(super) fn failed(e: impl Error) -> Self {
        Self::Failed(e.to_string())
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The provider is named already, and without its host like causes have like words.
            Self::Http(e) => f.write_str(&e.to_string().replace(e.host(), "the server")),
            Self::Status(status) => write!(f, "answered with status {status}"),
            Self::NoAddress => write!(f, "answered with something that is not one address"),
            Self::WrongFamily(a) => write!(f, "answered with {a}, of the wrong family"),
            Self::NotPublic(a, reason) => write!(f, "answered with {a}, {reason}"),
            Self::BehindNat(a, _) if a.is_unspecified() => {
                write!(f, "answered with {a}: it has no public address at the moment")
            }
            Self::BehindNat(a, reason) => write!(
                f,
                "answered with {a}, {reason}: your router is itself behind another NAT; the name would not reach \
                 this machine"
            ),
            Self::Failed(text) => f.write_str(text),
        }
    }
}
