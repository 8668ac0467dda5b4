//! Sends requests to Gandi with authorization and one retry, and translates error responses.

use std::thread;
use std::time::Duration;

use super::account::Account;
use super::error::{Error, ErrorKind, RefusedCredential};
use super::strict::{Json, parse};
use super::wire::{self, WireError};
use crate::dns::ZoneName;
use crate::http::{Http, HttpError, Method, RESPONSE_TIMEOUT, Request, Response};
use crate::sys::random::Random;

/// The content type of every LiveDNS response.
pub(super) const JSON: &str = "application/json";

/// Sends requests to Gandi over one kept-alive connection per host.
pub(super) struct Transport<'a> {
    pub(super) http: &'a Http,
    /// The account of the next request.
    pub(super) account: &'a Account,
    pub(super) authorization: String,
    random: Random,
    /// The number of APIs that share the time of the run, without those that did not respond.
    pub(super) apis: u32,
    /// The origins that get no more requests.
    closed: Vec<(&'a str, Closed)>,
}

/// The reason why an API gets no more requests.
#[derive(Clone, Copy)]
enum Closed {
    /// It has reported a rate limit, with this `Retry-After` in seconds, if any.
    RateLimited(Option<u64>),
    /// It did not respond in its share of the time.
    Silent,
}

/// A response, and the attempt before it.
pub(super) struct Exchange {
    pub(super) response: Response,
    /// True if there was an attempt before, which failed but may have reached the server.
    pub(super) may_have_applied_before: bool,
}

impl<'a> Transport<'a> {
    pub(super) fn new(http: &'a Http, account: &'a Account, random: Random) -> Self {
        let authorization = account.credential.authorization();
        Self { http, account, authorization, random, apis: 1, closed: Vec::new() }
    }

    /// Sends a request. Retries it once after a pause if the connection failed or the status is 502, 503, 504 or, with
    /// a `Retry-After`, 429; not if the deadline of the run comes first.
    pub(super) fn send_with_retry(
        &mut self,
        method: Method,
        url: &str,
        limit: u64,
    ) -> Result<Exchange, Error> {
        let origin = self.account.api.origin();
        if let Some((_, closed)) = self.closed.iter().find(|(closed, _)| *closed == origin) {
            return Err(self.error(match closed {
                Closed::RateLimited(retry_after) => ErrorKind::RateLimited(*retry_after),
                Closed::Silent => ErrorKind::Http(HttpError::out_of_time(self.account.api.host())),
            }));
        }
        let (http, url) = (self.http, &with_sharing_id(url, &self.account.sharing_id));
        let authorization = Some(self.authorization.as_str());
        let (timeout, total) = (RESPONSE_TIMEOUT.min(http.remaining() / self.apis), Duration::MAX);
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
                    // Stops all further requests of this run, of any account: continuing risks a ban.
                    self.closed.push((origin, Closed::RateLimited(response.retry_after)));
                }
                Ok(Exchange { response, may_have_applied_before })
            }
            Err(e) => {
                if self.apis > 1 && e.is_timeout() {
                    self.apis -= 1;
                    self.closed.push((origin, Closed::Silent));
                }
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
            text => wire::clean(&self.account.credential.redact(text)),
        };
        let kind = match response.status {
            status @ (401 | 403) => ErrorKind::Refused {
                status,
                credential: RefusedCredential::of(&self.account.credential, &self.account.api),
                source: self.account.credential.source().to_owned(),
                domain: domain.cloned(),
            },
            404 => match (body.object.as_deref(), domain) {
                (_, None) => ErrorKind::Status(404, text()),
                (Some("HTTPNotFound"), Some(domain)) => ErrorKind::UnknownDomain {
                    domain: domain.clone(),
                    source: self.account.credential.source().to_owned(),
                    advice: self.account.organization_advice,
                },
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
        wire::excerpt(&self.account.credential.redact(&String::from_utf8_lossy(&response.body)))
    }

    /// Reports a response with unexpected content, which `problem` describes.
    pub(super) fn not_understood(&self, problem: &str) -> Error {
        self.error(ErrorKind::NotUnderstood(wire::clean(&self.account.credential.redact(problem))))
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { host: self.account.api.host().to_owned(), kind: Box::new(kind), maybe_applied: false }
    }
}

/// Returns a URL with the organization as its query parameter, unless it has one already, or there is no `sharing_id`.
fn with_sharing_id(url: &str, sharing_id: &str) -> String {
    const PARAMETER: &str = "sharing_id=";
    let query = url.split_once('?').map(|(_, query)| query);
    if sharing_id.is_empty() || query.is_some_and(|q| q.split('&').any(|p| p.starts_with(PARAMETER))) {
        return url.to_owned();
    }
    let separator = if query.is_some() { "&" } else { "?" };
    [url, separator, PARAMETER, sharing_id].concat()
}

pub(super) fn error_body(response: &Response) -> WireError {
    wire::error(&response.body)
}

#[cfg(test)]
mod tests {
    use super::with_sharing_id;

    #[test]
    fn sharing_id_is_added_once() {
        for (url, with) in [
            ("https://a/v5", "https://a/v5?sharing_id=1-f"),
            ("https://a/v5?page=2", "https://a/v5?page=2&sharing_id=1-f"),
            ("https://a/v5?page=2&sharing_id=1-f", "https://a/v5?page=2&sharing_id=1-f"),
            ("https://a/v5?sharing_id=1-f&page=2", "https://a/v5?sharing_id=1-f&page=2"),
            ("https://a/sharing_id=?x_sharing_id=", "https://a/sharing_id=?x_sharing_id=&sharing_id=1-f"),
        ] {
            assert_eq!(with_sharing_id(url, "1-f"), with);
            assert_eq!(with_sharing_id(url, ""), url);
        }
    }
}
