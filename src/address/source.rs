//! One source of the public address: dispatches a query to the kind of source, and checks the address.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::answer::{Detected, SourceError};
use super::global;
use super::sources::{command, dns, interface, resolve, router, web};
use super::trust::{Kind, Purpose};
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// A source of the public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `interface:NAME`, or `interface` (`None`) for the interface of the default route.
    Interface(Option<String>),
    /// `router`: the default gateway.
    Router,
    /// One service of `dns`.
    Dns(dns::Service),
    /// `resolve:NAME`, with the name.
    Resolve(String),
    /// `command:PATH`, with the path.
    Command(PathBuf),
    /// One service of `web`, or a URL.
    Web(web::Service),
    /// `--address`: the address that another program knows.
    Given(IpAddr),
}

impl Source {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Interface(_) => Kind::Interface,
            Self::Router => Kind::Router,
            Self::Dns(_) => Kind::Dns,
            Self::Resolve(_) => Kind::Resolve,
            Self::Command(_) | Self::Given(_) => Kind::Command,
            Self::Web(_) => Kind::Web,
        }
    }

    /// Returns true if `other`, whose answers are votes, has the same provider.
    pub(crate) fn has_provider_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Web(a), Self::Web(b)) => a.provider == b.provider,
            (Self::Dns(a), Self::Web(b)) => a.provider == b.provider,
            (Self::Resolve(a), Self::Resolve(b)) => a == b,
            (Self::Router, Self::Router) => true,
            _ => false,
        }
    }

    /// Returns the server in parentheses, for `-v`; empty if the source has none.
    pub(crate) fn location(&self) -> String {
        match self {
            Self::Dns(service) => format!(" ({})", service.server),
            Self::Web(service) => format!(" ({})", service.url),
            _ => String::new(),
        }
    }

    /// Queries it for this `purpose`, within `timeout`. Returns a public address of `family`; any other address is an
    /// error.
    pub(crate) fn query(
        &self,
        family: Family,
        purpose: Purpose,
        timeout: Duration,
        http: &Http,
        random: &mut Random,
    ) -> Result<Detected, SourceError> {
        let without_note = |address| Detected { address, note: None, trust: self.kind().trust() };
        let detected = match self {
            Self::Interface(name) => {
                let detected = interface::query(name.as_deref(), family, timeout);
                Detected { trust: self.kind().trust(), ..detected.map_err(|e| SourceError::failed(&e))? }
            }
            Self::Router => router::query(timeout, purpose).map_err(|e| SourceError::failed(&e))?,
            Self::Dns(service) => {
                without_note(dns::query(service, timeout, random).map_err(|e| SourceError::failed(&e))?)
            }
            Self::Resolve(name) => without_note(resolve::query(name, family, timeout)?),
            Self::Command(path) => without_note(command::query(path, family, timeout)?),
            Self::Web(service) => without_note(web::query(http, service, family, timeout)?),
            Self::Given(address) => without_note(*address),
        };
        self.accept(detected, family)
    }

    /// Returns the address if it is a public one of `family`.
    pub(super) fn accept(&self, detected: Detected, family: Family) -> Result<Detected, SourceError> {
        if Family::of(detected.address) != family {
            return Err(SourceError::WrongFamily(detected.address));
        }
        match global::reason_not_global(detected.address) {
            Some(reason) if self.kind() == Kind::Router => {
                Err(SourceError::BehindNat(detected.address, reason))
            }
            Some(reason) => Err(SourceError::NotPublic(detected.address, reason)),
            None => Ok(detected),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(None) => f.pad("interface"),
            Self::Interface(Some(name)) => f.pad(&format!("interface:{name}")),
            Self::Router => f.pad("router"),
            Self::Dns(service) => f.pad(&format!("dns:{}", service.provider)),
            Self::Resolve(name) => f.pad(&format!("resolve:{name}")),
            Self::Command(path) => f.pad(&format!("command:{}", path.display())),
            Self::Web(service) => f.pad(&service.provider),
            Self::Given(_) => f.pad("--address"),
        }
    }
}
