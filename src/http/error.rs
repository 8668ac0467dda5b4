//! HTTP errors, from name resolution to the response body, as one line that names the host and the cause.

use crate::sys::error_chain::debug_as_display;
use std::fmt;
use std::io;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use ureq::Timeout;

use crate::net::Family;
use crate::sys::time::Timestamp;

/// The reason why there is no complete response. Each variant carries the host and port of the request.
pub enum HttpError {
    /// The time limit of the run was reached before anything was sent.
    OutOfTime {
        /// Host of the request.
        host: String,
    },
    /// No complete response arrived in time.
    TimedOut {
        /// Host of the request.
        host: String,
        /// The step that was under way.
        stage: Stage,
        /// The limit that was reached.
        limit: TimeLimit,
    },
    /// The name has no address of the family, or no name server could be reached.
    NoHost {
        /// The name that was looked up.
        host: String,
        /// The requested family; `None` for either.
        family: Option<Family>,
    },
    /// The connection could not be made.
    Connect {
        /// Host of the request.
        host: String,
        /// The system's error.
        cause: io::Error,
    },
    /// The server's certificate is not valid yet by this machine's clock, which is therefore wrong.
    Clock {
        /// Host of the request.
        host: String,
        /// The time that this machine's clock reads.
        reads: Timestamp,
        /// The start of the certificate's validity.
        not_before: Timestamp,
    },
    /// The server's certificate is not trusted.
    Certificate {
        /// Host of the request.
        host: String,
        /// The reason.
        cause: String,
    },
    /// TLS failed for another reason than the certificate.
    Tls {
        /// Host of the request.
        host: String,
        /// The reason.
        cause: String,
    },
    /// The connection was closed before the response was complete.
    Lost {
        /// Host of the request.
        host: String,
        /// The system's error.
        cause: io::Error,
    },
    /// The response body is larger than any valid one.
    TooLong {
        /// Host of the request.
        host: String,
        /// Maximum size in bytes.
        limit: u64,
    },
    /// The response is not HTTP.
    Invalid {
        /// Host of the request.
        host: String,
        /// The parser's error.
        cause: String,
    },
}

/// A step of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The name is being resolved.
    Resolve,
    /// TCP and TLS are being connected.
    Connect,
    /// The request is being sent, or the response is being received: the server may have the request.
    Response,
}

/// A time limit that ends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// The timeout of the request.
    Request,
    /// The time limit of the whole run.
    Run,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "name resolution",
            Self::Connect => "connection",
            Self::Response => "response",
        })
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfTime { host } => write!(f, "no time was left to query {host}"),
            Self::TimedOut { host, stage, limit: TimeLimit::Run } => {
                write!(f, "the time limit of the run was reached while waiting for {host} ({stage})")
            }
            Self::TimedOut { host, stage, .. } => write!(f, "{host} timed out ({stage})"),
            Self::NoHost { host, family: None } => write!(f, "could not find an address of {host}"),
            Self::NoHost { host, family: Some(family) } => {
                write!(f, "could not find an {family} address of {host}")
            }
            Self::Connect { host, .. } => write!(f, "could not connect to {host}"),
            Self::Clock { host, reads, not_before } => write!(
                f,
                "the certificate of {host} is not valid before {not_before}, but this machine's clock reads {reads}: \
                 the clock is wrong; set it by NTP"
            ),
            Self::Certificate { host, cause } => {
                write!(f, "the certificate of {host} is not trusted: {cause}")
            }
            Self::Tls { host, cause } => write!(f, "TLS connection to {host} failed: {cause}"),
            Self::Lost { host, .. } => {
                write!(f, "{host} closed the connection before its response was complete")
            }
            Self::TooLong { host, limit } => write!(f, "the response of {host} is longer than {limit} bytes"),
            Self::Invalid { host, cause } => write!(f, "invalid HTTP response from {host}: {cause}"),
        }
    }
}

debug_as_display!(HttpError);

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect { cause, .. } | Self::Lost { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

impl HttpError {
    /// Returns the host and port of the request.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::OutOfTime { host }
            | Self::TimedOut { host, .. }
            | Self::NoHost { host, .. }
            | Self::Connect { host, .. }
            | Self::Clock { host, .. }
            | Self::Certificate { host, .. }
            | Self::Tls { host, .. }
            | Self::Lost { host, .. }
            | Self::TooLong { host, .. }
            | Self::Invalid { host, .. } => host,
        }
    }

    /// Returns true if no connection was made or it was lost, so that a retry may succeed.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Lost { .. }
                | Self::NoHost { .. }
                | Self::TimedOut { stage: Stage::Resolve | Stage::Connect, .. }
        )
    }

    /// Returns true if the host could not be reached, as without a network.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::NoHost { .. })
    }

    /// Returns true if the fault is in this network: no name resolution, no route or no address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkDown, NetworkUnreachable};
        match self {
            Self::NoHost { .. } => true,
            Self::Connect { cause, .. } => {
                matches!(cause.kind(), AddrNotAvailable | HostUnreachable | NetworkDown | NetworkUnreachable)
            }
            _ => false,
        }
    }

    /// Returns true if the request may have reached the server: a failed write may then have been applied.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        matches!(
            self,
            Self::TimedOut { stage: Stage::Response, .. }
                | Self::Lost { .. }
                | Self::TooLong { .. }
                | Self::Invalid { .. }
        )
    }

    /// Translates ureq's error. `limit` is the limit that was reached if the error is a timeout.
    pub(super) fn of(error: ureq::Error, host: String, family: Option<Family>, limit: TimeLimit) -> Self {
        match error {
            ureq::Error::Timeout(timeout) => {
                let stage = match timeout {
                    Timeout::Resolve => Stage::Resolve,
                    Timeout::Connect => Stage::Connect,
                    // The global timeout can end any stage: assume that the request was sent.
                    _ => Stage::Response,
                };
                Self::TimedOut { host, stage, limit }
            }
            ureq::Error::HostNotFound => Self::NoHost { host, family },
            ureq::Error::BodyExceedsLimit(limit) => Self::TooLong { host, limit: limit.saturating_sub(1) },
            ureq::Error::Rustls(e) => Self::of_rustls(&e, host),
            ureq::Error::Tls(e) => Self::Tls { host, cause: e.to_owned() },
            ureq::Error::Io(e) => Self::of_io(e, host, family),
            other => Self::Invalid { host, cause: other.to_string() },
        }
    }

    fn of_io(cause: io::Error, host: String, family: Option<Family>) -> Self {
        if let Some(e) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::of_rustls(e, host);
        }
        match cause.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Self::Connect { host, cause },
            // std reports an error of getaddrinfo by a private `ErrorKind` and without an OS error code.
            _ if cause.to_string().starts_with("failed to lookup address") => Self::NoHost { host, family },
            _ => Self::Lost { host, cause },
        }
    }

    fn of_rustls(error: &rustls::Error, host: String) -> Self {
        let rustls::Error::InvalidCertificate(fault) = error else {
            return Self::Tls { host, cause: error.to_string() };
        };
        let cause = match fault {
            CertificateError::NotValidYetContext { time, not_before } => {
                return Self::Clock { host, reads: timestamp(*time), not_before: timestamp(*not_before) };
            }
            CertificateError::ExpiredContext { time, not_after } => expired(*time, *not_after),
            CertificateError::NotValidForNameContext { presented, .. } => {
                format!("it is for {}", presented.join(", "))
            }
            // A forged certificate may name a trusted issuer, but its signature is not the issuer's.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "unknown issuer (to trust another CA, set `ca_file`)".to_owned()
            }
            other => other.to_string(),
        };
        Self::Certificate { host, cause }
    }
}

fn expired(time: UnixTime, not_after: UnixTime) -> String {
    format!("it expired on {} (this machine's clock reads {})", timestamp(not_after), timestamp(time))
}

fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp::from_secs(time.as_secs())
}
