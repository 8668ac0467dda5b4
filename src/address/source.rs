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
use crate::net::{Device, Family};

/// The interface that a question leaves by, as in `web@eth1`; `None` for the system's choice.
pub type Line = Option<Device>;

/// A source of the public address.
#[derive(Clone, Debug)]
pub enum Source {
    /// `interface:NAME`, or `interface` (`None`) for the interface of the default route.
    Interface(Option<String>),
    /// `router`: the default gateway, or that of an interface.
    Router(Line),
    /// One service of `dns`.
    Dns(dns::Service, Line),
    /// `resolve:NAME`, with the name.
    Resolve(String, Line),
    /// `command:PATH`, with the path.
    Command(PathBuf),
    /// One service of `web`, or a URL.
    Web(web::Service, Line),
    /// `--address`: the address that another program knows.
    Given(IpAddr),
}

impl Source {
    /// Returns its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Interface(_) => Kind::Interface,
            Self::Router(_) => Kind::Router,
            Self::Dns(..) => Kind::Dns,
            Self::Resolve(..) => Kind::Resolve,
            Self::Command(_) | Self::Given(_) => Kind::Command,
            Self::Web(..) => Kind::Web,
        }
    }

    /// Returns the interface that its question leaves by.
    #[must_use]
    pub const fn line(&self) -> Option<&Device> {
        match self {
            Self::Interface(_) | Self::Command(_) | Self::Given(_) => None,
            Self::Router(line) | Self::Dns(_, line) | Self::Resolve(_, line) | Self::Web(_, line) => {
                line.as_ref()
            }
        }
    }

    /// Returns true if `other`, whose answers are votes, has the same provider, by whatever line: who lies by one lies by
    /// another.
    pub(crate) fn has_provider_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Web(a, _), Self::Web(b, _)) => a.provider == b.provider,
            (Self::Dns(a, _), Self::Web(b, _)) => a.provider == b.provider,
            (Self::Resolve(a, _), Self::Resolve(b, _)) => a == b,
            (Self::Router(_), Self::Router(_)) => true,
            _ => false,
        }
    }

    /// Returns the server in parentheses, for `-v`; empty if the source has none.
    pub(crate) fn location(&self) -> String {
        match self {
            Self::Dns(service, _) => format!(" ({})", service.server),
            Self::Web(service, _) => format!(" ({})", service.url),
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
    ) -> Result<Detected, SourceError> {
        let line = self.line();
        if let Some(problem) = line.and_then(|device| interface::problem(device.as_str(), family)) {
            return Err(SourceError::Line(problem));
        }
        let without_note = |address| Detected { address, note: None, trust: self.kind().trust() };
        let detected = match self {
            Self::Interface(name) => {
                let detected = interface::query(name.as_deref(), family, timeout);
                Detected { trust: self.kind().trust(), ..detected.map_err(|e| SourceError::failed(&e))? }
            }
            Self::Router(_) => router::query(line, timeout, purpose).map_err(|e| SourceError::failed(&e))?,
            Self::Dns(service, _) => {
                without_note(dns::query(service, line, timeout).map_err(|e| SourceError::failed(&e))?)
            }
            Self::Resolve(name, _) => without_note(resolve::query(name, line, family, timeout)?),
            Self::Command(path) => without_note(command::query(path, family, timeout)?),
            Self::Web(service, _) => without_note(web::query(http, service, line, family, timeout)?),
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

/// Sources are equal if kind, name, line and server are. Their texts tell, with less code than comparing each part; most
/// differ in their kinds already.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.to_string() == other.to_string()
            && self.location() == other.location()
    }
}

impl Eq for Source {}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Interface(None) => ("interface", ""),
            Self::Interface(Some(name)) => ("interface:", name.as_str()),
            Self::Router(_) => ("router", ""),
            Self::Dns(service, _) => ("dns:", service.provider),
            Self::Resolve(name, _) => ("resolve:", name.as_str()),
            Self::Command(path) => return write!(f, "command:{}", path.display()),
            Self::Web(service, _) => (service.provider.as_str(), ""),
            Self::Given(_) => ("--address", ""),
        };
        let (at, line) = self.line().map_or(("", ""), |device| ("@", device.as_str()));
        write!(f, "{kind}{name}{at}{line}")
    }
}
