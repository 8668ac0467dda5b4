//! The result of querying one source.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use super::global;
use super::trust::Trust;
use crate::http::HttpError;
use crate::net::resolver::ResolveError;
use crate::sys::error_chain::chain;

/// A detected address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The address.
    pub address: IpAddr,
    /// The reason for this address, if the source had several to choose from; shown by `-v`.
    pub note: Option<&'static str>,
    /// The trust in this answer. One source may have answers of different trust: a router's by `UPnP` and by NAT-PMP.
    pub trust: Trust,
}

/// Reasons for a source to give no address.
#[derive(Debug)]
pub enum SourceError {
    /// The HTTP exchange failed.
    Http(HttpError),
    /// The service answered with another status than 200. Redirects are not followed: they lead to another provider.
    Status(u16),
    /// The response is not exactly one address.
    NoAddress,
    /// The address is not of the requested family.
    WrongFamily(IpAddr),
    /// The address is not reachable from the internet; with the reason, such as `a private address (RFC 1918)`.
    NotPublic(IpAddr, &'static str),
    /// The router's external address is not public, with the reason: the router is behind another NAT (CGNAT or a
    /// second router).
    BehindNat(IpAddr, &'static str),
    /// No question can leave by the interface of this source; with the reason.
    Line(String),
    /// The name of the source `resolve:` could not be resolved.
    Unresolved(ResolveError),
    /// The error of another kind of source, as text: a boxed error would add 5 kB of code.
    Failed(String),
}

impl SourceError {
    /// Returns true if the address is one behind the carrier's NAT.
    pub(super) fn is_carrier_nat(&self) -> bool {
        matches!(self, Self::NotPublic(address, _) if global::is_carrier_nat(*address))
    }

    /// Converts the error of a kind of source.
    pub(in crate::address) fn failed(e: &impl Error) -> Self {
        Self::Failed(chain(e))
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The provider is printed already. Without its host, the same cause has the same text and is grouped.
            Self::Http(e) => f.write_str(&chain(e).replace(e.host(), "the server")),
            Self::Status(status) => write!(f, "answered with status {status}"),
            Self::NoAddress => write!(f, "did not answer with exactly one address"),
            Self::WrongFamily(a) => write!(f, "answered with {a}, an address of the wrong family"),
            Self::NotPublic(a, reason) => write!(f, "answered with {a}, {reason}"),
            Self::BehindNat(a, _) if a.is_unspecified() => {
                write!(f, "answered with {a}: the router is not connected to the internet")
            }
            Self::BehindNat(a, reason) => write!(
                f,
                "answered with {a}, {reason}: the router is behind another NAT (carrier-grade or a second router); the \
                 name would not reach this machine"
            ),
            Self::Unresolved(e) => e.fmt(f),
            Self::Failed(text) | Self::Line(text) => f.write_str(text),
        }
    }
}
