//! Errors of requests to Gandi: one line for each kind of response, and its exit code.

use std::fmt;

use super::account::SHARING_ID;
use super::credential::{CREATE_TOKEN, Credential, USE_TOKEN};
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::http::{Endpoint, HttpError};
use crate::sys::error_chain::debug_as_display;

/// The kind of an [`Error`].
pub enum ErrorKind {
    /// There is no complete response.
    Http(HttpError),
    /// Status 401 or 403: the credential was refused.
    Refused {
        /// The status.
        status: u16,
        /// The credential.
        credential: RefusedCredential,
        /// The place that the credential was read from.
        source: String,
        /// The domain of the request; `None` if it had none.
        domain: Option<ZoneName>,
    },
    /// 404 `HTTPNotFound`: no domain that the token has access to.
    UnknownDomain {
        /// The domain.
        domain: ZoneName,
        /// The place that the credential was read from.
        source: String,
        /// The way to set `sharing_id`.
        advice: &'static str,
    },
    /// 404 `LocalizedHTTPNotFound`: the domain has no LiveDNS zone.
    NoZone(ZoneName),
    /// Another 404: the base URL is not that of LiveDNS.
    NotLiveDns,
    /// 400, with the errors that Gandi lists.
    Invalid(String),
    /// 409: another record is in conflict, with Gandi's message.
    Conflict(String),
    /// 429, with its `Retry-After` in seconds, if any.
    RateLimited(Option<u64>),
    /// 5xx, with Gandi's message or an excerpt of the body.
    Server(u16, String),
    /// Any other status, with Gandi's message or an excerpt of the body.
    Status(u16, String),
    /// Status 2xx with unexpected content, which the text describes.
    NotUnderstood(String),
}

/// The credential that Gandi refused, as far as the advice depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedCredential {
    /// A token, refused by the production API.
    Token,
    /// A token, refused by the sandbox, which has tokens of its own.
    SandboxToken,
    /// An API key.
    ApiKey,
}

impl RefusedCredential {
    pub(super) fn of(credential: &Credential, api: &Endpoint) -> Self {
        match credential {
            Credential::ApiKey(_) => Self::ApiKey,
            Credential::Token(_) if api.host().contains("sandbox") => Self::SandboxToken,
            Credential::Token(_) => Self::Token,
        }
    }
}

/// An error of a request to Gandi.
pub struct Error {
    pub(super) host: String,
    /// Boxed, since moving it takes much code.
    pub(super) kind: Box<ErrorKind>,
    /// True if a write may have been applied although it failed.
    pub(crate) maybe_applied: bool,
}

impl Error {
    /// Returns true if every other request would fail for the same reason: no complete response, or a rate limit.
    #[must_use]
    pub fn affects_every_request(&self) -> bool {
        matches!(*self.kind, ErrorKind::Http(_) | ErrorKind::RateLimited(_))
    }

    /// Returns true if Gandi could not be reached, or the time of the run was up.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(&*self.kind, ErrorKind::Http(e) if e.is_local())
    }

    /// Returns true for a 404.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(*self.kind, ErrorKind::UnknownDomain { .. } | ErrorKind::NoZone(_) | ErrorKind::NotLiveDns)
    }

    /// Returns true for a 409.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(*self.kind, ErrorKind::Conflict(_))
    }

    /// Returns a number for the kind of error. It does not depend on texts of the server, such as request IDs.
    pub(crate) fn class(&self) -> u64 {
        match &*self.kind {
            ErrorKind::Http(e) => e.class(),
            ErrorKind::RateLimited { .. } => 8,
            ErrorKind::Server { .. } => 9,
            ErrorKind::UnknownDomain { .. } => 10,
            ErrorKind::NoZone { .. } => 11,
            ErrorKind::Invalid { .. } => 12,
            ErrorKind::Conflict { .. } => 13,
            ErrorKind::Status(status, _) => u64::from(*status),
            _ => 14,
        }
    }

    /// Returns the exit code of a run that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match *self.kind {
            ErrorKind::Refused { .. } => Exit::Token,
            ErrorKind::UnknownDomain { .. }
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

/// Returns the advice for a domain that may be a subdomain, as the end of a sentence. `example.co.uk` is a domain, so it
/// does not say that this one is a subdomain.
fn subdomain_hint(domain: Option<&ZoneName>) -> &'static str {
    if domain.is_some_and(ZoneName::may_be_subdomain) {
        "; the section must be the registered domain: a subdomain goes into `names`"
    } else {
        ""
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &*self.kind {
            ErrorKind::Http(e) => e.fmt(f),
            ErrorKind::Refused { status, credential, source, domain } => {
                if *credential == RefusedCredential::ApiKey {
                    write!(
                        f,
                        "{host} refused the API key from {source} ({status}): it is mistyped or disabled (Gandi has \
                         deprecated API keys); {USE_TOKEN}"
                    )?;
                } else {
                    let not = if *credential == RefusedCredential::SandboxToken { "not " } else { "" };
                    write!(
                        f,
                        "{host} refused the token from {source} ({status}): it is mistyped, expired, {not}created in \
                         the sandbox, or lacks the permission for this domain; check it, or {CREATE_TOKEN}"
                    )?;
                }
                f.write_str(subdomain_hint(domain.as_ref()))
            }
            ErrorKind::UnknownDomain { domain, source, advice } => write!(
                f,
                "{host} does not find the domain {domain} (404): check that it is registered at Gandi, spelled \
                 correctly, and accessible to the token from {source}; if it is not of the token's default \
                 organization, {advice} {SHARING_ID}{}",
                subdomain_hint(Some(domain))
            ),
            ErrorKind::NoZone(domain) => write!(
                f,
                "{host} has no LiveDNS zone for {domain} (404): choose LiveDNS as its nameservers at admin.gandi.net"
            ),
            ErrorKind::NotLiveDns => {
                write!(f, "{host} does not look like a LiveDNS API (404): check `api` in the config")
            }
            ErrorKind::Invalid(text) => write!(f, "{host} refused the request (400): {text}"),
            ErrorKind::Conflict(text) => {
                write!(f, "{host} reports a conflict with another record (409): {text}")
            }
            ErrorKind::RateLimited(Some(seconds)) => {
                write!(f, "rate limit of {host} exceeded, retry after {seconds} s (429)")
            }
            ErrorKind::RateLimited(None) => write!(f, "rate limit of {host} exceeded (429)"),
            ErrorKind::Server(status, text) => write!(f, "{host} has a server error ({status}): {text}"),
            ErrorKind::Status(status, text) => write!(f, "unexpected status {status} from {host}: {text}"),
            ErrorKind::NotUnderstood(text) => write!(f, "unexpected response from {host}: {text}"),
        }
    }
}

debug_as_display!(Error);

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            // Its text is that of the HTTP error.
            ErrorKind::Http(e) => e.source(),
            _ => None,
        }
    }
}
