//! Which public address do we have? One file per kind of source; what their answers amount to is decided in
//! [`detect`], by pure functions over the answers.

pub mod command;
pub mod detect;
pub mod dns;
mod error;
pub mod host;
pub mod interface;
pub mod public;
pub mod router;
pub mod suffix;
pub mod web;

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::http::{Http, HttpError};
use crate::record::RrsetType;
use crate::sys::random::Random;
pub use error::AddressError;

/// What the answer of a source may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It may show that nothing has changed; it never counts for a write.
    Hint,
    /// It counts for its operator: `agree` operators, and most of those that answered, decide.
    Vote,
    /// The machine's own network says it: one answer decides.
    Knowledge,
}

impl Belief {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Vote, Self::Knowledge];

    /// As people read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Vote => "vote",
            Self::Knowledge => "own knowledge",
        }
    }
}

/// The kinds of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of a network interface.
    Interface,
    /// The router, by NAT-PMP or `UPnP`.
    Router,
    /// A name server that tells the asker's address, over UDP.
    Dns,
    /// The address of another name.
    Host,
    /// A program's output.
    Command,
    /// An HTTPS echo service.
    Web,
}

/// The one table of belief: each kind, the word that the config knows it by, and what its answer may do. The
/// cheapest stands first: this is the order in which they are asked whether anything has changed.
pub const BELIEF: [(Kind, &str, Belief); 6] = [
    (Kind::Interface, "interface", Belief::Knowledge),
    (Kind::Router, "router", Belief::Knowledge),
    // One UDP answer is easily forged, and its operator easily mistaken.
    (Kind::Dns, "dns", Belief::Hint),
    (Kind::Host, "host", Belief::Knowledge),
    (Kind::Command, "command", Belief::Knowledge),
    (Kind::Web, "web", Belief::Vote),
];

impl Kind {
    /// Its place in [`BELIEF`]: less is cheaper.
    #[must_use]
    pub fn cost(self) -> usize {
        BELIEF.iter().position(|(kind, ..)| *kind == self).unwrap_or(BELIEF.len())
    }

    /// What its answers may do.
    #[must_use]
    pub fn belief(self) -> Belief {
        BELIEF.iter().find(|(kind, ..)| *kind == self).map_or(Belief::Hint, |(.., belief)| *belief)
    }
}

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
    pub(crate) fn ask(&self, family: RrsetType, http: &Http, random: &mut Random) -> Result<Answer, Cause> {
        let plain = |address| Answer { address, note: None };
        let time = http.remaining();
        let answer = match self {
            Self::Interface(name) => interface::ask(name.as_deref(), family).map_err(Cause::failed)?,
            Self::Router => plain(router::ask(http).map_err(Cause::failed)?.into()),
            Self::Dns(service) => plain(dns::ask(service, time, random).map_err(Cause::failed)?),
            Self::Host(name) => plain(host::ask(name, family, time).map_err(Cause::failed)?),
            Self::Command(path) => plain(command::ask(path, family, time).map_err(Cause::failed)?),
            Self::Web(service) => plain(web::ask(http, service, family)?),
        };
        if RrsetType::of(answer.address) != family {
            return Err(Cause::WrongFamily(answer.address));
        }
        match public::refusal(answer.address) {
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

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The address.
    pub address: IpAddr,
    /// Why this one, where there was a choice; for `-v`.
    pub note: Option<String>,
}

/// Why one source gave no address.
#[derive(Debug)]
pub enum Cause {
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

impl Cause {
    fn failed(e: impl Error) -> Self {
        Self::Failed(e.to_string())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The operator is named already, and without its host like causes have like words.
            Self::Http(e) => f.write_str(&e.to_string().replace(e.host(), "the server")),
            Self::Status(status) => write!(f, "answered with status {status}"),
            Self::NoAddress => write!(f, "answered with something that is not one address"),
            Self::WrongFamily(a) => write!(f, "answered with {a}, of the wrong family"),
            Self::NotPublic(a, why) => write!(f, "answered with {a}, {why}"),
            Self::BehindNat(a, _) if a.is_unspecified() => {
                write!(f, "answered with {a}: it has no public address at the moment")
            }
            Self::BehindNat(a, why) => write!(
                f,
                "answered with {a}, {why}: your router is itself behind another NAT; the name would not reach \
                 this machine"
            ),
            Self::Failed(words) => f.write_str(words),
        }
    }
}
