//! What may go wrong between us and a server, in words for a cron mail.

use std::fmt;
use std::io;

use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use ureq::Timeout;

use crate::net::Family;
use crate::sys::time::Timestamp;

/// Why there is no whole answer. Each variant carries the host it is about.
#[derive(Debug)]
pub enum HttpError {
    /// The run's time was up before anything was sent.
    OutOfTime {
        /// Who was to be asked.
        host: String,
    },
    /// Nothing, or not everything, came in time.
    Slow {
        /// Who was asked.
        host: String,
        /// What was waited for.
        stage: &'static str,
        /// Whether the request may have been sent.
        sent: bool,
        /// Whether it was the whole run's time that ended.
        run_over: bool,
    },
    /// The name has no address of the family, or nobody could be asked.
    NoHost {
        /// Whose address was looked up.
        host: String,
        /// The family asked for, as `IPv4 `, `IPv6 ` or nothing.
        family: &'static str,
    },
    /// No connection.
    Connect {
        /// Who was called.
        host: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// The server's certificate begins in what this machine takes for the future.
    Clock {
        /// Whose certificate.
        host: String,
        /// What this machine's clock reads, in seconds since 1970.
        reads: Timestamp,
        /// When the certificate begins, in seconds since 1970.
        not_before: Timestamp,
    },
    /// The server's certificate is not to be trusted.
    Certificate {
        /// Whose certificate.
        host: String,
        /// What is wrong with it.
        cause: String,
    },
    /// TLS failed otherwise.
    Tls {
        /// With whom.
        host: String,
        /// Why.
        cause: String,
    },
    /// The connection ended before the answer did.
    Lost {
        /// Who hung up.
        host: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// The answer is longer than any right answer.
    TooLong {
        /// Who sent it.
        host: String,
        /// The most bytes taken.
        limit: u64,
    },
    /// What came is not HTTP.
    Garbled {
        /// Who sent it.
        host: String,
        /// What the parser says.
        cause: String,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfTime { host } => write!(f, "no time was left to ask {host}"),
            Self::Slow { host, stage, run_over: true, .. } => {
                write!(f, "the time for the whole run ended while waiting for {host} ({stage})")
            }
            Self::Slow { host, stage, .. } => write!(f, "{host} was too slow ({stage})"),
            Self::NoHost { host, family } => write!(f, "could not find an {family}address of {host}"),
            Self::Connect { host, cause } => write!(f, "could not connect to {host}: {cause}"),
            Self::Clock { host, reads, not_before } => write!(
                f,
                "the certificate of {host} is not valid before {not_before}, but this machine's clock reads {reads}: \
                 the clock is wrong, let NTP set it"
            ),
            Self::Certificate { host, cause } => {
                write!(f, "the certificate of {host} is not to be trusted: {cause}")
            }
            Self::Tls { host, cause } => write!(f, "no secure connection to {host}: {cause}"),
            Self::Lost { host, cause } => write!(f, "{host} ended the connection before its answer: {cause}"),
            Self::TooLong { host, limit } => write!(f, "the answer of {host} is longer than {limit} bytes"),
            Self::Garbled { host, cause } => write!(f, "the answer of {host} is not HTTP: {cause}"),
        }
    }
}

impl std::error::Error for HttpError {}

impl HttpError {
    /// Who it is about.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::OutOfTime { host }
            | Self::Slow { host, .. }
            | Self::NoHost { host, .. }
            | Self::Connect { host, .. }
            | Self::Clock { host, .. }
            | Self::Certificate { host, .. }
            | Self::Tls { host, .. }
            | Self::Lost { host, .. }
            | Self::TooLong { host, .. }
            | Self::Garbled { host, .. } => host,
        }
    }

    /// Whether the connection failed, so that another try soon may do.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Lost { .. } | Self::NoHost { .. } | Self::Slow { sent: false, .. }
        )
    }

    /// Whether nobody was reached at all, as without a network.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::NoHost { .. })
    }

    /// Whether nothing left this machine's own network, so that nobody was bothered.
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

    /// Whether the request may have reached the server: a write is then "could not confirm", not "failed".
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Slow { sent, .. } => *sent,
            Self::Lost { .. } | Self::TooLong { .. } | Self::Garbled { .. } => true,
            _ => false,
        }
    }

    /// Translates ureq's error.
    pub(super) fn of(error: ureq::Error, host: String, family: Option<Family>, run_over: bool) -> Self {
        match error {
            ureq::Error::Timeout(t) => {
                let (stage, sent) = match t {
                    Timeout::Resolve => ("name resolution", false),
                    Timeout::Connect => ("connection", false),
                    // The global limit may end any stage: assume the worst.
                    _ => ("answer", true),
                };
                Self::Slow { host, stage, sent, run_over }
            }
            ureq::Error::HostNotFound => Self::no_host(host, family),
            ureq::Error::BodyExceedsLimit(limit) => Self::TooLong { host, limit: limit.saturating_sub(1) },
            ureq::Error::Rustls(e) => Self::of_rustls(&e, host),
            ureq::Error::Tls(e) => Self::Tls { host, cause: e.to_owned() },
            ureq::Error::Io(e) => Self::of_io(e, host, family),
            other => Self::Garbled { host, cause: other.to_string() },
        }
    }

    fn no_host(host: String, family: Option<Family>) -> Self {
        let family = match family {
            None => "",
            Some(Family::V4) => "IPv4 ",
            Some(Family::V6) => "IPv6 ",
        };
        Self::NoHost { host, family }
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
            // std hands on what getaddrinfo says under a kind of its own, without an OS error code.
            _ if cause.to_string().starts_with("failed to lookup address") => Self::no_host(host, family),
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
            // A forger may borrow an authority's name, but not its key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "nobody that this program trusts has issued it".to_owned()
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
