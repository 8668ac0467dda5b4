//! Requests to Gandi: authorization, one more try, and what an answer of any but a good status means.

use std::thread;
use std::time::Duration;

use super::credential::Credential;
use super::error::{Error, ErrorKind};
use super::wire::{self, WireError};
use crate::dns::ZoneName;
use crate::http::{Endpoint, Http, HttpError, Method, RESPONSE_TIMEOUT, Request, Response};
use crate::sys::random::Random;

/// The type of everything that Gandi says about a zone.
pub(super) const JSON: &str = "application/json";

/// Requests to Gandi over one kept-alive connection.
pub(super) struct Transport<'a> {
    pub(super) http: &'a Http,
    pub(super) api: &'a Endpoint,
    credential: &'a Credential,
    pub(super) authorization: String,
    random: Random,
    /// Whether Gandi has asked to slow down, and for how many seconds.
    slow_down: bool,
    wait: Option<u64>,
}

impl<'a> Transport<'a> {
    pub(super) fn new(http: &'a Http, api: &'a Endpoint, credential: &'a Credential, random: Random) -> Self {
        let (authorization, slow_down, wait) = (credential.authorization(), false, None);
        Self { http, api, credential, authorization, random, slow_down, wait }
    }

    /// Sends a request, and once more after a pause when the connection failed, or the server says 502, 503,
    /// 504 or, with a `Retry-After` that the deadline allows, 429.
    ///
    /// Also tells whether a first try may have arrived, although it brought no good answer.
    pub(super) fn exchange_counting(
        &mut self,
        method: Method,
        url: &str,
        limit: u64,
    ) -> Result<(Response, bool), Error> {
        if self.slow_down {
            return Err(self.error(ErrorKind::RateLimited(self.wait)));
        }
        let http = self.http;
        let authorization = Some(self.authorization.as_str());
        let request = Request { method, url, authorization, family: None, limit, timeout: RESPONSE_TIMEOUT };
        let first = http.send(&request);
        // Half a second to one and a half, so that a thousand clients do not come back as one.
        let jitter = Duration::from_millis(u64::from(500 + self.random.below(1000)));
        let pause = match &first {
            Err(e) if e.is_connection() => Some(jitter),
            Ok(a) if matches!(a.status, 502..=504) => Some(a.retry_after.map_or(jitter, Duration::from_secs)),
            Ok(a) if a.status == 429 => a.retry_after.map(|s| Duration::from_secs(s).saturating_add(jitter)),
            _ => None,
        };
        let (result, arrived) = match pause {
            Some(pause) if pause < http.remaining() => {
                let arrived = first.as_ref().map_or_else(HttpError::may_have_arrived, |a| a.status >= 500);
                thread::sleep(pause);
                (http.send(&request), arrived)
            }
            _ => (first, false),
        };
        match result {
            Ok(answer) => {
                if answer.status == 429 {
                    // Whoever asks on after that is banned: what else this run wanted waits for the next one.
                    (self.slow_down, self.wait) = (true, answer.retry_after);
                }
                Ok((answer, arrived))
            }
            Err(e) => {
                let maybe_applied = arrived || e.may_have_arrived();
                Err(Error { maybe_applied, ..self.error(ErrorKind::Http(e)) })
            }
        }
    }

    pub(super) fn exchange(&mut self, method: Method, url: &str, limit: u64) -> Result<Response, Error> {
        self.exchange_counting(method, url, limit).map(|(answer, _)| answer)
    }

    /// Reads the JSON of a good answer; anything else becomes an error.
    pub(super) fn json<T: miniserde::Deserialize>(
        &self,
        answer: &Response,
        domain: &ZoneName,
        expected: &str,
    ) -> Result<T, Error> {
        if answer.status != 200 {
            return Err(self.refuse(answer, Some(domain)));
        }
        if answer.content_type != JSON {
            return Err(self.wrong_type(answer));
        }
        wire::parse(&answer.body).ok_or_else(|| {
            self.not_understood(&format!("{}, which is not {expected},", self.excerpt(answer)))
        })
    }

    pub(super) fn wrong_type(&self, answer: &Response) -> Error {
        self.not_understood(&format!("{} of type `{}`", self.excerpt(answer), answer.content_type))
    }

    /// What an answer of any but a good status means.
    pub(super) fn refuse(&self, answer: &Response, domain: Option<&ZoneName>) -> Error {
        let body = error_body(answer);
        let text = || match body.text() {
            text if text.is_empty() => self.excerpt(answer),
            text => wire::clean(&self.credential.redact(&text)),
        };
        let kind = match answer.status {
            status @ (401 | 403) => ErrorKind::Refused {
                status,
                kind: self.credential.kind(),
                sandbox: self.api.host().contains("sandbox"),
            },
            404 => match (body.object.as_deref(), domain) {
                (_, None) => ErrorKind::Status(404, text()),
                (Some("HTTPNotFound"), Some(domain)) => ErrorKind::UnknownDomain(domain.clone()),
                (Some("LocalizedHTTPNotFound"), Some(domain)) => ErrorKind::NoZone(domain.clone()),
                _ => ErrorKind::NotLiveDns,
            },
            400 => ErrorKind::Invalid(text()),
            409 => ErrorKind::Conflict(text()),
            429 => ErrorKind::RateLimited(answer.retry_after),
            status @ 500.. => ErrorKind::Server(status, text()),
            status => ErrorKind::Status(status, text()),
        };
        self.error(kind)
    }

    fn excerpt(&self, answer: &Response) -> String {
        // First the secret, then the cut: else a part of it could stay.
        wire::excerpt(&self.credential.redact(&String::from_utf8_lossy(&answer.body)))
    }

    pub(super) fn not_understood(&self, what: &str) -> Error {
        self.error(ErrorKind::NotUnderstood(wire::clean(&self.credential.redact(what))))
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { host: self.api.host().to_owned(), kind, maybe_applied: false }
    }
}

pub(super) fn error_body(answer: &Response) -> WireError {
    wire::parse(&answer.body).unwrap_or_default()
}
