//! Sends requests to Gandi with authorization and one retry, and translates error responses.

use std::thread;
use std::time::Duration;

use super::credential::Credential;
use super::error::{Error, ErrorKind, RefusedCredential};
use super::strict::{Json, parse};
use super::wire::{self, WireError};
use crate::dns::ZoneName;
use crate::http::{Endpoint, Http, HttpError, Method, RESPONSE_TIMEOUT, Request, Response};
use crate::sys::random::Random;

/// The content type of every LiveDNS response.
pub(super) const JSON: &str = "application/json";

/// Sends requests to Gandi over one kept-alive connection.
pub(super) struct Transport<'a> {
    pub(super) http: &'a Http,
    pub(super) api: &'a Endpoint,
    credential: &'a Credential,
    pub(super) authorization: String,
    random: Random,
    /// The rate limit that a response has reported; `None` until then.
    rate_limit: Option<RateLimit>,
}

/// A rate limit: a response of status 429.
#[derive(Clone, Copy)]
struct RateLimit {
    /// `Retry-After` in seconds; `None` if there is none.
    retry_after: Option<u64>,
}

/// A response, and the attempt before it.
pub(super) struct Exchange {
    pub(super) response: Response,
    /// True if there was an attempt before, which failed but may have reached the server.
    pub(super) may_have_applied_before: bool,
}

impl<'a> Transport<'a> {
    pub(super) fn new(http: &'a Http, api: &'a Endpoint, credential: &'a Credential, random: Random) -> Self {
        let authorization = credential.authorization();
        Self { http, api, credential, authorization, random, rate_limit: None }
    }

    /// Sends a request. Retries it once after a pause if the connection failed or the status is 502, 503, 504 or, with
    /// a `Retry-After`, 429; not if the deadline of the run comes first.
    pub(super) fn send_with_retry(
        &mut self,
        method: Method,
        url: &str,
        limit: u64,
    ) -> Result<Exchange, Error> {
        if let Some(RateLimit { retry_after }) = self.rate_limit {
            return Err(self.error(ErrorKind::RateLimited(retry_after)));
        }
        let http = self.http;
        let authorization = Some(self.authorization.as_str());
        let (timeout, total) = (RESPONSE_TIMEOUT, Duration::MAX);
        let request = Request { method, url, authorization, family: None, limit, timeout, total };
        let first = http.send(&request);
        // 0.5 to 1.5 s, so that many clients do not retry at the same moment.
        let jitter = Duration::from_millis(u64::from(500 + self.random.below(1000)));
        let pause = match &first {
            Err(e) if e.is_connection() => Some(jitter),
            Ok(r) if matches!(r.status, 502..=504) => Some(r.retry_after.map_or(jitter, Duration::from_secs)),
            Ok(r) if r.status == 429 => r.retry_after.map(|s| Duration::from_secs(s).saturating_add(jitter)),
            _ => None,
        };
        let (result, may_have_applied_before) = match pause {
            Some(pause) if pause < http.remaining() => {
                let may_have_applied =
                    first.as_ref().map_or_else(HttpError::may_have_arrived, |r| r.status >= 500);
                thread::sleep(pause);
                (http.send(&request), may_have_applied)
            }
            _ => (first, false),
        };
        match result {
            Ok(response) => {
                if response.status == 429 {
                    // Stops all further requests of this run: continuing risks a ban.
                    self.rate_limit = Some(RateLimit { retry_after: response.retry_after });
                }
                Ok(Exchange { response, may_have_applied_before })
            }
            Err(e) => {
                let maybe_applied = may_have_applied_before || e.may_have_arrived();
                Err(Error { maybe_applied, ..self.error(ErrorKind::Http(e)) })
            }
        }
    }

    /// Reads a URL, with one retry.
    pub(super) fn get(&mut self, url: &str, limit: u64) -> Result<Response, Error> {
        self.send_with_retry(Method::Get, url, limit).map(|exchange| exchange.response)
    }

    /// Parses the JSON of a response of status 200. Another status, type or shape is an error; `expected` is a noun
    /// for its message, and `read` returns `None` for another shape.
    pub(super) fn json<T>(
        &self,
        response: &Response,
        domain: &ZoneName,
        expected: &str,
        read: fn(Json) -> Option<T>,
    ) -> Result<T, Error> {
        if response.status != 200 {
            return Err(self.refused(response, Some(domain)));
        }
        if response.content_type != JSON {
            return Err(self.wrong_type(response));
        }
        parse(&response.body)
            .and_then(read)
            .ok_or_else(|| self.not_understood(&format!("{} is not {expected}", self.excerpt(response))))
    }

    pub(super) fn wrong_type(&self, response: &Response) -> Error {
        self.not_understood(&format!("{} of type `{}`", self.excerpt(response), response.content_type))
    }

    /// Translates a response of another status than 2xx. `domain` is the domain of the request, if it has one.
    pub(super) fn refused(&self, response: &Response, domain: Option<&ZoneName>) -> Error {
        let body = error_body(response);
        let text = || match &body.text {
            text if text.is_empty() => self.excerpt(response),
            text => wire::clean(&self.credential.redact(text)),
        };
        let kind = match response.status {
            status @ (401 | 403) => ErrorKind::Refused {
                status,
                credential: RefusedCredential::of(self.credential, self.api),
                source: self.credential.source().to_owned(),
                domain: domain.cloned(),
            },
            404 => match (body.object.as_deref(), domain) {
                (_, None) => ErrorKind::Status(404, text()),
                (Some("HTTPNotFound"), Some(domain)) => ErrorKind::UnknownDomain(domain.clone()),
                (Some("LocalizedHTTPNotFound"), Some(domain)) => ErrorKind::NoZone(domain.clone()),
                _ => ErrorKind::NotLiveDns,
            },
            400 => ErrorKind::Invalid(text()),
            409 => ErrorKind::Conflict(text()),
            429 => ErrorKind::RateLimited(response.retry_after),
            status @ 500.. => ErrorKind::Server(status, text()),
            status => ErrorKind::Status(status, text()),
        };
        self.error(kind)
    }

    pub(super) fn excerpt(&self, response: &Response) -> String {
        // Redacts before it truncates: otherwise a part of the secret could remain.
        wire::excerpt(&self.credential.redact(&String::from_utf8_lossy(&response.body)))
    }

    /// Reports a response with unexpected content, which `problem` describes.
    pub(super) fn not_understood(&self, problem: &str) -> Error {
        self.error(ErrorKind::NotUnderstood(wire::clean(&self.credential.redact(problem))))
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { host: self.api.host().to_owned(), kind, maybe_applied: false }
    }
}

pub(super) fn error_body(response: &Response) -> WireError {
    wire::error(&response.body)
}
