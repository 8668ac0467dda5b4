//! HTTP errors, from name resolution to the response body, as one line that names the host and the cause.

use crate::sys::error_chain::debug_as_display;
use std::fmt;
use std::io;

use rustix::io::Errno;
use rustls::CertificateError;
use ureq::Timeout;

use super::tls_error::{self, timestamp};
use crate::net::Family;
use crate::net::resolver::ResolveError;
use crate::sys::time::Timestamp;

/// Maximum size of the status line and all headers of a response, in bytes. API responses have far less.
pub(super) const MAX_HEADERS: usize = 16 * 1024;

/// There is no complete response.
pub struct HttpError {
    /// Host and port of the request.
    pub(super) host: String,
    /// The reason.
    pub(super) fault: Fault,
}

/// The reason why there is no complete response.
pub(super) enum Fault {
    /// The time limit of the run was reached before anything was sent.
    OutOfTime,
    /// No complete response arrived in time.
    TimedOut {
        /// The step that was under way.
        stage: Stage,
        /// The limit that was reached.
        limit: TimeLimit,
    },
    /// The name has no address of the family, or it could not be resolved.
    NoHost {
        /// The requested family; `None` for either.
        family: Option<Family>,
        /// The error of the lookup.
        cause: ResolveError,
    },
    /// The request was not sent, since no connection could be made or this machine refused to send.
    Unsent(Unsent),
    /// The server's certificate is not valid yet by this machine's clock, which is therefore wrong.
    Clock {
        /// The time that this machine's clock reads.
        reads: Timestamp,
        /// The start of the certificate's validity.
        not_before: Timestamp,
    },
    /// The server's certificate is not trusted.
    Certificate(String),
    /// TLS failed for another reason than the certificate.
    Tls(String),
    /// The connection was lost before the response was complete; with the error of the system or, if the server closed the
    /// connection, of the library.
    Lost(io::Error),
    /// The response body is larger than any valid one; with the maximum size in bytes.
    TooLong(u64),
    /// The response is not valid HTTP, or its end is not stated, so that it may be cut off.
    Invalid(String),
}

/// An action that failed before the whole request was sent.
pub(super) struct Unsent {
    /// `connect to` or `send to`.
    pub(super) action: &'static str,
    /// The system's error.
    pub(super) cause: io::Error,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)
    }
}

debug_as_display!(Unsent);

impl std::error::Error for Unsent {}

/// A step of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// TLS is being negotiated.
    Connect,
    /// The request is being sent, or the response is being received: the server may have the request.
    Response,
}

/// A time limit that ends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeLimit {
    /// The timeout of the request.
    Request,
    /// The time limit of the whole run.
    Run,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::Response => "response",
        })
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.fault {
            Fault::OutOfTime => write!(f, "no time was left to query {host}"),
            Fault::TimedOut { stage, limit: TimeLimit::Run } => {
                write!(f, "the time limit of the run was reached while waiting for {host} ({stage})")
            }
            Fault::TimedOut { stage, .. } => write!(f, "{host} timed out ({stage})"),
            Fault::NoHost { family: None, cause } => {
                write!(f, "could not find an address of {host}: {cause}")
            }
            Fault::NoHost { family: Some(family), cause } => {
                write!(f, "could not find an {family} address of {host}: {cause}")
            }
            Fault::Unsent(Unsent { action, cause }) => {
                write!(f, "could not {action} {host}{}", on_this_machine(cause))
            }
            Fault::Clock { reads, not_before } => write!(
                f,
                "the certificate of {host} is not valid before {not_before}, but this machine's clock reads {reads}: \
                 the clock is wrong; set it by NTP"
            ),
            Fault::Certificate(cause) => write!(f, "the certificate of {host} is not trusted: {cause}"),
            Fault::Tls(cause) => write!(f, "TLS connection to {host} failed: {cause}"),
            Fault::Lost(cause) if is_local(cause) => {
                write!(f, "could not receive the response of {host}{}", on_this_machine(cause))
            }
            Fault::Lost(_) => write!(f, "{host} closed the connection before its response was complete"),
            Fault::TooLong(limit) => write!(f, "the response of {host} is longer than {limit} bytes"),
            Fault::Invalid(cause) => write!(f, "invalid HTTP response from {host}: {cause}"),
        }
    }
}

debug_as_display!(HttpError);

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Unsent(Unsent { cause, .. }) => Some(cause),
            // The texts of libraries repeat that the connection was closed, or name a URL.
            Fault::Lost(cause) if cause.raw_os_error().is_some() => Some(cause),
            _ => None,
        }
    }
}

impl HttpError {
    /// Creates the error of a request that is not made, since the time for this host is over.
    pub(crate) fn out_of_time(host: &str) -> Self {
        Self { host: host.to_owned(), fault: Fault::OutOfTime }
    }

    /// Returns true if no complete response arrived in time.
    pub(crate) const fn is_timeout(&self) -> bool {
        matches!(self.fault, Fault::TimedOut { .. })
    }

    /// Returns the host and port of the request.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns true if no connection was made or it was lost, so that a retry may succeed.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(
            self.fault,
            Fault::Unsent(_)
                | Fault::Lost(_)
                | Fault::NoHost { .. }
                | Fault::Tls(_)
                | Fault::TimedOut { stage: Stage::Connect, .. }
        )
    }

    /// Returns true if the host could not be reached, as without a network.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self.fault, Fault::Unsent(_) | Fault::NoHost { .. })
    }

    /// Returns true if this machine's clock is wrong.
    #[must_use]
    pub fn is_clock(&self) -> bool {
        matches!(self.fault, Fault::Clock { .. })
    }

    /// Returns true if the failure says nothing about the server: it could not be reached, or the time of the run was
    /// up. Then no backoff is needed.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_unreachable()
            || matches!(self.fault, Fault::OutOfTime | Fault::TimedOut { limit: TimeLimit::Run, .. })
    }

    /// Returns a number for the kind of cause. The causes of an outage change from run to run and share one number.
    pub(crate) const fn class(&self) -> u64 {
        match self.fault {
            Fault::Clock { .. } => 2,
            Fault::Certificate(_) => 3,
            Fault::Tls(_) | Fault::TooLong(_) | Fault::Invalid(_) => 4,
            _ => 1,
        }
    }

    /// Returns true if the request may have reached the server: a failed write may then have been applied.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        matches!(
            self.fault,
            Fault::TimedOut { stage: Stage::Response, .. }
                | Fault::Lost(_)
                | Fault::TooLong(_)
                | Fault::Invalid(_)
        )
    }
}

impl Fault {
    /// Translates ureq's error. `limit` is the limit that was reached if the error is a timeout.
    pub(super) fn of(error: ureq::Error, limit: TimeLimit) -> Self {
        match error {
            ureq::Error::Timeout(timeout) => {
                let stage = if timeout == Timeout::Connect { Stage::Connect } else { Stage::Response };
                Self::TimedOut { stage, limit }
            }
            ureq::Error::BodyExceedsLimit(limit) => Self::TooLong(limit.saturating_sub(1)),
            ureq::Error::Rustls(e) => Self::of_rustls(&e),
            ureq::Error::Tls(e) => {
                let is_name = e.contains("invalid dns name");
                let cause = if is_name { "no certificate can be valid for this host name" } else { e };
                Self::Tls(cause.to_owned())
            }
            ureq::Error::Io(cause) => match cause.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(e) => Self::of_rustls(e),
                None => Self::Lost(cause),
            },
            ureq::Error::Other(e) if e.is::<Unsent>() => match e.downcast() {
                Ok(cause) => Self::Unsent(*cause),
                Err(e) => Self::Invalid(e.to_string()),
            },
            other => Self::Invalid(fault_of(&other)),
        }
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(fault) = error else {
            return Self::Tls(tls_error::connection(error));
        };
        match fault {
            CertificateError::NotValidYetContext { time, not_before } => {
                Self::Clock { reads: timestamp(*time), not_before: timestamp(*not_before) }
            }
            fault => Self::Certificate(tls_error::certificate(fault)),
        }
    }
}

/// Describes a response that is not valid HTTP.
fn fault_of(error: &ureq::Error) -> String {
    match error {
        ureq::Error::LargeResponseHeader(..) => {
            format!("its headers are longer than {MAX_HEADERS} bytes")
        }
        // The other levels are names of libraries.
        other => {
            let text = other.to_string();
            // A search from the end would add 1 kB of code.
            let fault = text.split(": ").fold("", |_, part| part);
            fault.strip_prefix("http parse resulted in ").unwrap_or(fault).to_owned()
        }
    }
}

/// Returns true for errors of sockets that this machine causes, not the server.
pub(super) fn is_local(cause: &io::Error) -> bool {
    !on_this_machine(cause).is_empty()
}

/// Explains an error of a socket that this machine causes; empty for other errors. The system's text follows.
fn on_this_machine(cause: &io::Error) -> &'static str {
    match cause.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM | Errno::ACCESS) => ": permission denied on this machine (a firewall, or a sandbox)",
        Some(Errno::MFILE | Errno::NFILE) => ": too many open files on this machine",
        Some(Errno::NOBUFS | Errno::NOMEM) => ": not enough memory on this machine",
        Some(Errno::AFNOSUPPORT) => ": this machine does not support its address family",
        Some(
            Errno::NETUNREACH
            | Errno::HOSTUNREACH
            | Errno::NETDOWN
            | Errno::ADDRNOTAVAIL
            | Errno::ADDRINUSE
            | Errno::NODEV,
        ) => " from this machine",
        _ => "",
    }
}
