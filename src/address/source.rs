//! One source of an address, and how it is asked.

use std::fmt;
use std::path::PathBuf;

use super::answer::{Answer, Cause};
use super::global;
use super::sources::{command, dns, interface, resolve, router, web};
use super::trust::Kind;
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// One source of an address, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `interface:NAME`, or `interface` for the one of the default route.
    Interface(Option<String>),
    /// `router`.
    Router,
    /// `dns`, one service of it.
    Dns(dns::Service),
    /// `host:NAME`.
    Host(String),
    /// `command:PATH`.
    Command(PathBuf),
    /// `web`, one service of it, or a URL.
    Web(web::Service),
}

impl Source {
    /// What kind it is of.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Interface(_) => Kind::Interface,
            Self::Router => Kind::Router,
            Self::Dns(_) => Kind::Dns,
            Self::Host(_) => Kind::Host,
            Self::Command(_) => Kind::Command,
            Self::Web(_) => Kind::Web,
        }
    }

    /// Where it is asked, for `-v`: in parentheses, or nothing.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Dns(service) => format!(" ({})", service.server),
            Self::Web(service) => format!(" ({})", service.url),
            _ => String::new(),
        }
    }

    /// Asks it. An answer is a public address of `family`; anything else is a [`Cause`].
    pub(crate) fn ask(&self, family: Family, http: &Http, random: &mut Random) -> Result<Answer, Cause> {
        let plain = |address| Answer { address, note: None };
        let time = http.remaining();
        let answer = match self {
            Self::Interface(name) => interface::ask(name.as_deref(), family).map_err(Cause::failed)?,
            Self::Router => plain(router::ask(http).map_err(Cause::failed)?.into()),
            Self::Dns(service) => plain(dns::ask(service, time, random).map_err(Cause::failed)?),
            Self::Host(name) => plain(resolve::ask(name, family, time).map_err(Cause::failed)?),
            Self::Command(path) => plain(command::ask(path, family, time).map_err(Cause::failed)?),
            Self::Web(service) => plain(web::ask(http, service, family)?),
        };
        if Family::of(answer.address) != family {
            return Err(Cause::WrongFamily(answer.address));
        }
        match global::reason_not_global(answer.address) {
            Some(why) if self.kind() == Kind::Router => Err(Cause::BehindNat(answer.address, why)),
            Some(why) => Err(Cause::NotPublic(answer.address, why)),
            None => Ok(answer),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(None) => f.pad("interface"),
            Self::Interface(Some(name)) => f.pad(&format!("interface:{name}")),
            Self::Router => f.pad("router"),
            Self::Dns(service) => f.pad(&format!("dns:{}", service.operator)),
            Self::Host(name) => f.pad(&format!("host:{name}")),
            Self::Command(path) => f.pad(&format!("command:{}", path.display())),
            Self::Web(service) => f.pad(&service.operator),
        }
    }
}
