//! The HTTP client: CA certificates, TLS, limits of time and size.
//!
//! It never follows a redirect, never uses a proxy from the environment, never reads a body beyond its limit, and never
//! waits beyond the deadline of the run, even if a server sends its response very slowly.

mod connect;
pub mod endpoint;
mod error;
mod provider;
mod tls_error;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::header;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::net::{Device, Family};
use crate::sys::words::number;
use connect::{Connect, Names};
pub use endpoint::Endpoint;
pub use error::HttpError;
use error::{Fault, MAX_HEADERS, TimeLimit};
pub use rustls::pki_types::CertificateDer;

/// Maximum time for TCP to all addresses of a host, and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for one request to the API and its response, name resolution excluded. Gandi can take 20 s.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("gandi-ddns/", env!("CARGO_PKG_VERSION"));

/// The method of a request, with its body.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    /// GET.
    Get,
    /// PUT with this JSON body.
    Put(&'a str),
    /// POST with a body.
    Post {
        /// `Content-Type`.
        content_type: &'a str,
        /// The body.
        body: &'a str,
    },
}

/// One request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method and body.
    pub method: Method<'a>,
    /// The URL. Must be that of an [`Endpoint`] or lie below one.
    pub url: &'a str,
    /// The `Authorization` header. A secret, hence no `Debug` here.
    pub authorization: Option<&'a str>,
    /// The address family to connect over; `None` for either.
    pub family: Option<Family>,
    /// Maximum size of the response body in bytes; a larger one is an error.
    pub limit: u64,
    /// Timeout for the whole request, response body included, from the moment that the name is resolved. The deadline of
    /// the run may end it earlier.
    pub timeout: Duration,
    /// Timeout for the name and the request together; [`Duration::MAX`] for none but the deadline of the run.
    pub total: Duration,
}

/// A complete response of any status.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type` without parameters, in lower case; empty if there is none.
    pub content_type: String,
    /// `Retry-After` in seconds (RFC 9110, 10.2.3); `None` if it is absent or a date.
    pub retry_after: Option<u64>,
    /// All `Link` headers, joined by commas (RFC 8288); empty if there are none.
    pub link: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The client. One agent per address family and interface: ureq's pool is keyed by host, so that a shared agent could
/// reuse an IPv4 connection for an IPv6 request, or that of another line.
#[derive(Clone, Debug)]
pub struct Http(Arc<Shared>);

/// The parts of a client, which its copies share.
#[derive(Debug)]
struct Shared {
    tls: TlsConfig,
    /// Those that have been needed.
    agents: Mutex<Vec<Way>>,
    deadline: Instant,
}

/// An agent for one way to servers.
#[derive(Clone, Debug)]
struct Way {
    /// The family and the interface of its requests.
    names: Names,
    agent: Agent,
}

impl Http {
    /// Creates a client that trusts these CA certificates, or the built-in ones, and sends nothing after `timeout`.
    #[must_use]
    pub fn new(roots: Option<&[CertificateDer<'static>]>, timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        let roots = match roots {
            None => RootCerts::WebPki,
            Some(list) => {
                RootCerts::from(list.iter().map(|c| Certificate::from_der(c).to_owned()).collect::<Vec<_>>())
            }
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(provider::provider()))
            .build();
        Self(Arc::new(Shared { tls, agents: Mutex::default(), deadline }))
    }

    /// Returns the agent for requests over `family` by `device`.
    #[inline(never)]
    fn way(&self, family: Option<Family>, device: Option<&Device>) -> Way {
        let mut agents = self.0.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = agents.iter().find(|way| way.names.is_of(family, device)) {
            return way.clone();
        }
        let names = Names::new(family, device.cloned());
        let config = Agent::config_builder()
            .tls_config(self.0.tls.clone())
            .user_agent(USER_AGENT)
            .proxy(None)
            // A redirect is a response like any other: the token is never sent to another URL.
            .max_redirects(0)
            .http_status_as_error(false)
            // Buffers sized for API responses, not for web pages.
            .max_response_header_size(MAX_HEADERS)
            // One byte more: ureq takes a full buffer for the end of the connection.
            .input_buffer_size(MAX_HEADERS + 1)
            .output_buffer_size(4 * 1024)
            .build();
        let agent = Agent::with_parts(config, Connect::new(names.clone()), names.clone());
        let way = Way { names, agent };
        agents.push(way.clone());
        way
    }

    /// Returns the time until the deadline of the run; zero if it has passed. Elapsed time is what counts, so this reads
    /// the monotonic clock.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Sends one request and reads the whole response. A status such as 404 is not an error here.
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.send_by(request, None)
    }

    /// Does the same as [`Http::send`] by `device`, if there is one: the connection leaves by that interface.
    pub(crate) fn send_by(&self, request: &Request, device: Option<&Device>) -> Result<Response, HttpError> {
        let host = host_of(request.url);
        let failed = |fault| HttpError { host: host.to_owned(), fault };
        if self.remaining().is_zero() {
            return Err(failed(Fault::OutOfTime));
        }
        let family = request.family;
        let deadline = Instant::now() + self.remaining().min(request.total);
        let left = || deadline.saturating_duration_since(Instant::now());
        let Way { names, agent } = self.way(family, device);
        names.resolve(host, left()).map_err(|cause| failed(Fault::NoHost { family, cause }))?;
        let timeout = left().min(request.timeout);
        let wrap = |e| {
            // Its share of the run counts like the run: a slow line needs no backoff.
            let limit = if left().is_zero() { TimeLimit::Run } else { TimeLimit::Request };
            failed(Fault::of(e, limit))
        };
        let mut received = start(&agent, request, timeout).map_err(wrap)?;
        let scheme = request.url.as_bytes().get(..6).unwrap_or_default();
        if scheme.eq_ignore_ascii_case(b"https:") && !is_framed(&received) {
            let cause = "neither its length nor its end is stated, so that it may be cut off";
            return Err(failed(Fault::Invalid(cause.to_owned())));
        }
        let text = |name| received.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let content_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
        let mut link = String::new();
        for value in received.headers().get_all(header::LINK) {
            link.push_str(if link.is_empty() { "" } else { ", " });
            link.push_str(value.to_str().unwrap_or_default());
        }
        let mut response = Response {
            status: received.status().as_u16(),
            content_type: content_type.trim().to_ascii_lowercase(),
            retry_after: number(text(header::RETRY_AFTER).trim(), 10),
            link,
            body: Vec::new(),
        };
        // ureq rejects a body of exactly the limit.
        response.body =
            received.body_mut().with_config().limit(request.limit + 1).read_to_vec().map_err(wrap)?;
        Ok(response)
    }
}

/// Sends a request, and reads the head of the response.
#[inline(never)]
fn start(
    agent: &Agent,
    request: &Request,
    timeout: Duration,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let (method, content_type, body) = match request.method {
        Method::Get => (ureq::http::Method::GET, None, ""),
        Method::Put(json) => (ureq::http::Method::PUT, Some("application/json"), json),
        Method::Post { content_type, body } => (ureq::http::Method::POST, Some(content_type), body),
    };
    let mut message = ureq::http::Request::new(());
    *message.method_mut() = method;
    *message.uri_mut() = request.url.parse().map_err(ureq::http::Error::from)?;
    for (name, value) in
        [(header::CONTENT_TYPE, content_type), (header::AUTHORIZATION, request.authorization)]
    {
        if let Some(value) = value {
            message.headers_mut().insert(name, value.parse().map_err(ureq::http::Error::from)?);
        }
    }
    // Less than the whole, so that a connection that was not made never counts as a response that did not come.
    let connect = (timeout * 4 / 5).min(CONNECT_TIMEOUT);
    let message =
        agent.configure_request(message).timeout_global(Some(timeout)).timeout_connect(Some(connect));
    let message = message.build();
    // The types of bodies meet as late as possible: ureq's builder would be compiled for each.
    if content_type.is_none() { agent.run(message) } else { agent.run(message.map(|()| body)) }
}

/// Returns the host and port of a URL.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Returns true if the end of the body is known: by `Content-Length`, by chunks, or because there is none. Otherwise it
/// ends with the connection, and anybody on the way can end that: ureq accepts a TLS connection that is cut off. A status
/// that needs no body to be understood counts as well.
fn is_framed(received: &ureq::http::Response<ureq::Body>) -> bool {
    // HTTP/1.0 has no chunks.
    let is_chunked = received.version() == ureq::http::Version::HTTP_11
        && received
            .headers()
            .get(header::TRANSFER_ENCODING)
            .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"chunked"));
    is_chunked
        || received.headers().contains_key(header::CONTENT_LENGTH)
        || matches!(received.status().as_u16(), 204 | 304 | 401 | 403 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn host_of_returns_host_and_port() {
        assert_eq!(host_of("https://api.gandi.net/v5"), "api.gandi.net");
        assert_eq!(host_of("http://[::1]:80?x"), "[::1]:80");
    }
}
