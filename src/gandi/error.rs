//! What may be wrong with an answer of Gandi's, in words for a cron mail, and the exit code that it calls for.

use crate::sys::error_chain::debug_as_display;
use std::fmt;

use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::http::HttpError;

/// Why Gandi's answer was no use.
pub enum ErrorKind {
    /// No whole answer.
    Http(HttpError),
    /// 401 or 403.
    Refused {
        /// The status.
        status: u16,
        /// `token` or `API key`.
        kind: &'static str,
        /// Whether the request went to the sandbox.
        sandbox: bool,
    },
    /// 404 `HTTPNotFound`: the domain is unknown to the token's owner.
    UnknownDomain(ZoneName),
    /// 404 `Unknown domain`: the domain has no LiveDNS zone.
    NoZone(ZoneName),
    /// 404 of nobody's: the base URL is not LiveDNS.
    NotLiveDns,
    /// 400, with its list of errors.
    Invalid(String),
    /// 409.
    Conflict(String),
    /// 429, with the wait in seconds that it asks for.
    RateLimited(Option<u64>),
    /// 5xx, with an excerpt.
    Server(u16, String),
    /// Any other status, with an excerpt.
    Status(u16, String),
    /// A good status with something else in it than its documentation says.
    NotUnderstood(String),
}

/// A [`ErrorKind`], and with whom.
pub struct Error {
    pub(super) host: String,
    pub(super) kind: ErrorKind,
    /// Whether a write may have happened all the same.
    pub(crate) maybe_applied: bool,
}

impl Error {
    /// Whether there was no whole answer, so that every other question would end alike.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        matches!(self.kind, ErrorKind::Http(_) | ErrorKind::RateLimited(_))
    }

    /// Whether nothing left this machine's own network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(&self.kind, ErrorKind::Http(e) if e.is_local())
    }

    /// The exit code that it calls for.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self.kind {
            ErrorKind::Refused { .. } => Exit::Token,
            ErrorKind::UnknownDomain(_)
            | ErrorKind::NoZone(_)
            | ErrorKind::NotLiveDns
            | ErrorKind::Invalid(_)
            | ErrorKind::Conflict(_) => Exit::Config,
            ErrorKind::Http(_)
            | ErrorKind::RateLimited(_)
            | ErrorKind::Server(..)
            | ErrorKind::Status(..)
            | ErrorKind::NotUnderstood(_) => Exit::TryLater,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.kind {
            ErrorKind::Http(e) => e.fmt(f),
            ErrorKind::Refused { status, kind: "token", sandbox } => {
                let made = if *sandbox { "not made in the sandbox" } else { "made in the sandbox" };
                write!(
                    f,
                    "{host} refused the token ({status}): it is wrong, expired, {made}, or lacks \"Manage domain \
                     name technical configurations\" for this domain; make one at admin.gandi.net"
                )
            }
            ErrorKind::Refused { status, kind, .. } => write!(
                f,
                "{host} refused the {kind} ({status}): it is wrong or no longer served, as Gandi has deprecated \
                 API keys; make a personal access token at admin.gandi.net and give it as `token_file`"
            ),
            ErrorKind::UnknownDomain(domain) => write!(
                f,
                "{host} does not know the domain {domain}, or the token may not see it (404): check its spelling \
                 and the token's domains; for a subdomain, name the registered domain and put the rest under names"
            ),
            ErrorKind::NoZone(domain) => write!(
                f,
                "{host} has no LiveDNS zone for {domain} (404): choose LiveDNS as its nameservers at admin.gandi.net"
            ),
            ErrorKind::NotLiveDns => {
                write!(f, "{host} answered 404 like no LiveDNS does: check `api` in the config")
            }
            ErrorKind::Invalid(text) => write!(f, "{host} refused the request (400): {text}"),
            ErrorKind::Conflict(text) => write!(
                f,
                "{host} says that another record is in the way (409): {text}; a CNAME at this name must go first"
            ),
            ErrorKind::RateLimited(Some(s)) => write!(f, "{host} asks to slow down for {s} s (429)"),
            ErrorKind::RateLimited(None) => write!(f, "{host} asks to slow down (429)"),
            ErrorKind::Server(status, text) => write!(f, "{host} is out of order ({status}): {text}"),
            ErrorKind::Status(status, text) => {
                write!(f, "{host} answered with unexpected status {status}: {text}")
            }
            ErrorKind::NotUnderstood(text) => write!(f, "{host} sent {text} where LiveDNS data was expected"),
        }
    }
}

debug_as_display!(Error);

impl std::error::Error for Error {}
