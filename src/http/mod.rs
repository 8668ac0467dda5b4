//! The one HTTP client: TLS roots and provider, limits of time and size, and errors in words. Knows no DNS.
//!
//! Never a redirect, never a proxy from the environment, never an answer beyond its limit, and never a moment
//! beyond the deadline of the whole run, however slowly a server drips.

pub mod endpoint;
mod error;
mod provider;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::IpFamily;
use ureq::http::header;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::net::Family;
pub use endpoint::Endpoint;
pub use error::HttpError;
pub use rustls::pki_types::CertificateDer;

/// The longest wait for name resolution, and again for TCP and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait for one whole answer that somebody has to think about.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("gandi-ddns/", env!("CARGO_PKG_VERSION"));

/// What to send.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    /// GET.
    Get,
    /// PUT with this JSON.
    Put(&'a str),
    /// POST.
    Post {
        /// `Content-Type`.
        content_type: &'a str,
        /// One more header, as its name and value.
        header: Option<(&'a str, &'a str)>,
        /// What to send.
        body: &'a str,
    },
}

/// One request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What to do there.
    pub method: Method<'a>,
    /// Where.
    pub url: &'a str,
    /// The `Authorization` header. A secret, hence no `Debug` here.
    pub authorization: Option<&'a str>,
    /// The address family to connect over; `None` for either.
    pub family: Option<Family>,
    /// The most bytes of body to take.
    pub limit: u64,
    /// The longest wait for the whole answer.
    pub timeout: Duration,
}

/// A whole answer, of whatever status.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type` without parameters, in lower case; empty when there is none.
    pub content_type: String,
    /// `Retry-After` in seconds (RFC 9110, 10.2.3); its date form counts as none.
    pub retry_after: Option<u64>,
    /// Every `Link` header, joined by commas (RFC 8288).
    pub link: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The client. One agent per family, because a pooled connection does not remember which family it is of.
#[derive(Debug)]
pub struct Http {
    any: Agent,
    v4: Agent,
    v6: Agent,
    deadline: Instant,
}

impl Http {
    /// A client that trusts `roots`, or the built-in ones, and gives up after `time`.
    #[must_use]
    pub fn new(roots: Option<&[CertificateDer<'static>]>, time: Duration) -> Self {
        let deadline = Instant::now() + time;
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
        let agent = |family| {
            Agent::config_builder()
                .tls_config(tls.clone())
                .ip_family(family)
                .user_agent(USER_AGENT)
                .proxy(None)
                // A redirect is an answer like any other; the token never goes onwards.
                .max_redirects(0)
                .max_redirects_will_error(false)
                .http_status_as_error(false)
                .timeout_resolve(Some(CONNECT_TIMEOUT))
                .timeout_connect(Some(CONNECT_TIMEOUT))
                // Headers and buffers sized for what these servers send, not for web pages.
                .max_response_header_size(16 * 1024)
                .input_buffer_size(16 * 1024)
                .output_buffer_size(4 * 1024)
                .build()
                .new_agent()
        };
        Self {
            any: agent(IpFamily::Any),
            v4: agent(IpFamily::Ipv4Only),
            v6: agent(IpFamily::Ipv6Only),
            deadline,
        }
    }

    /// What is left of the time. A deadline is a promise about elapsed time, so this reads the monotonic
    /// clock itself.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Sends one request and reads the whole answer.
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let host = || host_of(request.url);
        let time = self.remaining().min(request.timeout);
        if time.is_zero() {
            return Err(HttpError::OutOfTime { host: host() });
        }
        let wrap = |e| HttpError::of(e, host(), request.family, self.remaining().is_zero());
        let mut response = self.start(request, time).map_err(wrap)?;
        let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let content_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
        let links = response.headers().get_all(header::LINK).iter().filter_map(|v| v.to_str().ok());
        let mut answer = Response {
            status: response.status().as_u16(),
            content_type: content_type.trim().to_ascii_lowercase(),
            retry_after: text(header::RETRY_AFTER).trim().parse().ok(),
            link: links.collect::<Vec<_>>().join(", "),
            body: Vec::new(),
        };
        // ureq counts a body of exactly the limit as too long.
        answer.body =
            response.body_mut().with_config().limit(request.limit + 1).read_to_vec().map_err(wrap)?;
        Ok(answer)
    }

    fn start(
        &self,
        request: &Request,
        time: Duration,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let agent = match request.family {
            None => &self.any,
            Some(Family::V4) => &self.v4,
            Some(Family::V6) => &self.v6,
        };
        let authorization = request.authorization;
        match request.method {
            Method::Get => {
                let mut get = agent.get(request.url);
                if let Some(value) = authorization {
                    get = get.header(header::AUTHORIZATION, value);
                }
                get.config().timeout_global(Some(time)).build().call()
            }
            Method::Put(json) => {
                let mut put = agent.put(request.url).header(header::CONTENT_TYPE, "application/json");
                if let Some(value) = authorization {
                    put = put.header(header::AUTHORIZATION, value);
                }
                put.config().timeout_global(Some(time)).build().send(json)
            }
            Method::Post { content_type, header: more, body } => {
                let mut post = agent.post(request.url).header(header::CONTENT_TYPE, content_type);
                if let Some((name, value)) = more {
                    post = post.header(name, value);
                }
                if let Some(value) = authorization {
                    post = post.header(header::AUTHORIZATION, value);
                }
                post.config().timeout_global(Some(time)).build().send(body)
            }
        }
    }
}

/// The host and port of a URL, for messages.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn hosts_for_messages() {
        assert_eq!(host_of("https://api.gandi.net/v5"), "api.gandi.net");
        assert_eq!(host_of("http://[::1]:80?x"), "[::1]:80");
    }
}
