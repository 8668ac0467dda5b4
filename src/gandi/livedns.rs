//! Gandi's LiveDNS v5: read and write RRsets (api.gandi.net/docs/livedns).
//!
//! Only a 404 that says `"object": "dns-record"` means that an RRset is absent. Every other surprise is an
//! error, and no error leads to a write.

use std::fmt;
use std::thread;
use std::time::Duration;

use super::Credential;
use super::wire::{self, WireError, WireRrset};
use crate::endpoint::Endpoint;
use crate::exit::Exit;
use crate::http::{Answer, Http, HttpError, IpFamily, Method, Request};
use crate::plan::Current;
use crate::random::Random;
use crate::record::{Fqdn, Rrset, RrsetKey};

/// The base of the production API.
pub const PRODUCTION: &str = "https://api.gandi.net/v5/livedns";
/// The most bytes of one RRset's answer.
const LIMIT: u64 = 64 * 1024;
/// The most bytes of all pages of a listing.
const LISTING_LIMIT: u64 = 4 * 1024 * 1024;
/// The most pages of a listing: far beyond any zone, but not endless.
const MOST_PAGES: usize = 200;

/// Why Gandi's answer was no use.
#[derive(Debug)]
pub enum Fault {
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
    UnknownDomain(Fqdn),
    /// 404 `Unknown domain`: the domain has no LiveDNS zone.
    NoZone(Fqdn),
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

/// A [`Fault`], and with whom.
#[derive(Debug)]
pub struct LiveDnsError {
    host: String,
    fault: Fault,
    /// Whether a write may have happened all the same.
    pub(crate) maybe_applied: bool,
}

impl LiveDnsError {
    /// The exit code that it calls for.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self.fault {
            Fault::Refused { .. } => Exit::Token,
            Fault::UnknownDomain(_)
            | Fault::NoZone(_)
            | Fault::NotLiveDns
            | Fault::Invalid(_)
            | Fault::Conflict(_) => Exit::Config,
            Fault::Http(_)
            | Fault::RateLimited(_)
            | Fault::Server(..)
            | Fault::Status(..)
            | Fault::NotUnderstood(_) => Exit::TryLater,
        }
    }
}

impl fmt::Display for LiveDnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.fault {
            Fault::Http(e) => e.fmt(f),
            Fault::Refused { status, kind: "token", sandbox } => {
                let made = if *sandbox { "not made in the sandbox" } else { "made in the sandbox" };
                write!(
                    f,
                    "{host} refused the token ({status}): it is wrong, expired, {made}, or lacks \"Manage domain \
                     name technical configurations\" for this domain; make one at admin.gandi.net"
                )
            }
            Fault::Refused { status, kind, .. } => write!(
                f,
                "{host} refused the {kind} ({status}): it is wrong or no longer served, as Gandi has deprecated \
                 API keys; make a personal access token at admin.gandi.net and give it as `token_file`"
            ),
            Fault::UnknownDomain(domain) => write!(
                f,
                "{host} does not know the domain {domain}, or the token may not see it (404): check its spelling \
                 and the token's domains; for a subdomain, name the registered domain and put the rest under names"
            ),
            Fault::NoZone(domain) => write!(
                f,
                "{host} has no LiveDNS zone for {domain} (404): choose LiveDNS as its nameservers at admin.gandi.net"
            ),
            Fault::NotLiveDns => {
                write!(f, "{host} answered 404 like no LiveDNS does: check `api` in the config")
            }
            Fault::Invalid(text) => write!(f, "{host} refused the request (400): {text}"),
            Fault::Conflict(text) => write!(
                f,
                "{host} says that another record is in the way (409): {text}; a CNAME at this name must go first"
            ),
            Fault::RateLimited(Some(s)) => write!(f, "{host} asks to slow down for {s} s (429)"),
            Fault::RateLimited(None) => write!(f, "{host} asks to slow down (429)"),
            Fault::Server(status, text) => write!(f, "{host} is out of order ({status}): {text}"),
            Fault::Status(status, text) => {
                write!(f, "{host} answered with unexpected status {status}: {text}")
            }
            Fault::NotUnderstood(text) => write!(f, "{host} sent {text} where LiveDNS data was expected"),
        }
    }
}

impl std::error::Error for LiveDnsError {}

/// Every RRset of a zone.
pub(crate) struct Listing {
    rrsets: Vec<WireRrset>,
    /// Whether it came in one piece, so that nothing can have moved between two pages.
    one_page: bool,
}

/// LiveDNS over one kept-alive connection.
pub(crate) struct LiveDns<'a> {
    http: &'a Http,
    api: &'a Endpoint,
    credential: &'a Credential,
    authorization: String,
    random: Random,
}

impl<'a> LiveDns<'a> {
    pub(crate) fn new(http: &'a Http, api: &'a Endpoint, credential: &'a Credential, random: Random) -> Self {
        Self { http, api, credential, authorization: credential.authorization(), random }
    }

    /// Reads one RRset. When it is absent, looks for a CNAME at the same name before saying so.
    pub(crate) fn rrset(&mut self, key: &RrsetKey) -> Result<Current, LiveDnsError> {
        let url = self.rrset_url(key);
        let answer = self.exchange(Method::Get, &url, LIMIT)?;
        if answer.status == 404 && error_body(&answer).object.as_deref() == Some("dns-record") {
            return self.at_name(key);
        }
        let wire: WireRrset = self.json(&answer, &key.domain, "an RRset")?;
        wire::read(&wire, key).map(Current::Present).map_err(|what| self.not_understood(&what))
    }

    /// Reads every type at the name of `key`.
    fn at_name(&mut self, key: &RrsetKey) -> Result<Current, LiveDnsError> {
        let url = format!("{}/{}", self.records_url(&key.domain), key.name);
        let answer = self.exchange(Method::Get, &url, LIMIT)?;
        if answer.status == 404 && error_body(&answer).object.as_deref() == Some("dns-record") {
            return Ok(Current::Absent);
        }
        let rrsets: Vec<WireRrset> = self.json(&answer, &key.domain, "a list of RRsets")?;
        wire::find(&rrsets, key).map_err(|what| self.not_understood(&what))
    }

    /// Reads a whole zone, page by page.
    pub(crate) fn listing(&mut self, domain: &Fqdn) -> Result<Listing, LiveDnsError> {
        let mut url = self.records_url(domain);
        let mut listing = Listing { rrsets: Vec::new(), one_page: true };
        let mut left = LISTING_LIMIT;
        for _ in 0..MOST_PAGES {
            let answer = self.exchange(Method::Get, &url, left)?;
            left = left.saturating_sub(answer.body.len() as u64);
            let mut page: Vec<WireRrset> = self.json(&answer, domain, "a list of RRsets")?;
            listing.rrsets.append(&mut page);
            match next_page(&answer.link, self.api.origin()) {
                Ok(None) => return Ok(listing),
                Ok(Some(next)) => url = next,
                // The token never goes to another host.
                Err(elsewhere) => return Err(self.not_understood(&format!("a next page at `{elsewhere}`"))),
            }
            listing.one_page = false;
        }
        Err(self.not_understood(&format!("more than {MOST_PAGES} pages")))
    }

    /// Finds one RRset in a listing.
    pub(crate) fn find(&mut self, listing: &Listing, key: &RrsetKey) -> Result<Current, LiveDnsError> {
        match wire::find(&listing.rrsets, key).map_err(|what| self.not_understood(&what))? {
            // Between two pages an RRset may have slipped through: "absent" wants a look of its own.
            Current::Absent if !listing.one_page => self.rrset(key),
            current => Ok(current),
        }
    }

    /// Replaces or creates one RRset; the request says the whole of it, so repeating it does no harm.
    pub(crate) fn write(&mut self, key: &RrsetKey, rrset: &Rrset) -> Result<(), LiveDnsError> {
        let values: Vec<String> = rrset.values().iter().map(|a| format!("\"{a}\"")).collect();
        let json = format!("{{\"rrset_values\":[{}],\"rrset_ttl\":{}}}", values.join(","), rrset.ttl);
        let url = self.rrset_url(key);
        let answer = self.exchange(Method::Put(&json), &url, LIMIT)?;
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let mut error = self.refuse(&answer, &key.domain);
        // A gateway's error says nothing of what stands behind it.
        error.maybe_applied |= answer.status >= 500;
        Err(error)
    }

    fn records_url(&self, domain: &Fqdn) -> String {
        format!("{}/domains/{domain}/records", self.api)
    }

    fn rrset_url(&self, key: &RrsetKey) -> String {
        format!("{}/{}/{}", self.records_url(&key.domain), key.name, key.rrtype)
    }

    /// Sends a request, and once more after a pause when the connection failed, or the server says 502, 503,
    /// 504 or, with a `Retry-After` that the deadline allows, 429.
    fn exchange(&mut self, method: Method, url: &str, limit: u64) -> Result<Answer, LiveDnsError> {
        let http = self.http;
        let authorization = Some(self.authorization.as_str());
        let request = Request { method, url, authorization, family: IpFamily::Any, limit };
        let first = http.send(&request);
        // Half a second to one and a half, so that a thousand clients do not come back as one.
        let jitter = Duration::from_millis(u64::from(500 + self.random.below(1000)));
        let pause = match &first {
            Err(e) if e.is_connection() => Some(jitter),
            Ok(a) if matches!(a.status, 502..=504) => Some(a.retry_after.map_or(jitter, Duration::from_secs)),
            Ok(a) if a.status == 429 => a.retry_after.map(|s| Duration::from_secs(s) + jitter),
            _ => None,
        };
        let arrived = first.as_ref().map_or_else(HttpError::may_have_arrived, |a| a.status >= 500);
        let result = match pause {
            Some(pause) if pause < http.remaining() => {
                thread::sleep(pause);
                http.send(&request)
            }
            _ => first,
        };
        result.map_err(|e| {
            let maybe_applied = arrived || e.may_have_arrived();
            LiveDnsError { host: self.api.host().to_owned(), fault: Fault::Http(e), maybe_applied }
        })
    }

    /// Reads the JSON of a good answer; anything else becomes an error.
    fn json<T: miniserde::Deserialize>(
        &self,
        answer: &Answer,
        domain: &Fqdn,
        expected: &str,
    ) -> Result<T, LiveDnsError> {
        if answer.status != 200 {
            return Err(self.refuse(answer, domain));
        }
        if answer.content_type != "application/json" {
            let (kind, text) = (&answer.content_type, self.excerpt(answer));
            return Err(self.not_understood(&format!("{text} of type `{}`", self.credential.redact(kind))));
        }
        wire::parse(&answer.body).ok_or_else(|| {
            self.not_understood(&format!("{}, which is not {expected},", self.excerpt(answer)))
        })
    }

    /// What an answer of any but a good status means.
    fn refuse(&self, answer: &Answer, domain: &Fqdn) -> LiveDnsError {
        let body = error_body(answer);
        let text = || match body.text() {
            text if text.is_empty() => self.excerpt(answer),
            text => self.credential.redact(&text),
        };
        let fault = match answer.status {
            status @ (401 | 403) => Fault::Refused {
                status,
                kind: self.credential.kind(),
                sandbox: self.api.host().contains("sandbox"),
            },
            404 => match body.object.as_deref() {
                Some("HTTPNotFound") => Fault::UnknownDomain(domain.clone()),
                Some("LocalizedHTTPNotFound") => Fault::NoZone(domain.clone()),
                _ => Fault::NotLiveDns,
            },
            400 => Fault::Invalid(text()),
            409 => Fault::Conflict(text()),
            429 => Fault::RateLimited(answer.retry_after),
            status @ 500.. => Fault::Server(status, text()),
            status => Fault::Status(status, text()),
        };
        self.error(fault)
    }

    fn excerpt(&self, answer: &Answer) -> String {
        self.credential.redact(&wire::excerpt(&answer.body))
    }

    fn not_understood(&self, what: &str) -> LiveDnsError {
        self.error(Fault::NotUnderstood(self.credential.redact(what)))
    }

    fn error(&self, fault: Fault) -> LiveDnsError {
        LiveDnsError { host: self.api.host().to_owned(), fault, maybe_applied: false }
    }
}

fn error_body(answer: &Answer) -> WireError {
    wire::parse(&answer.body).unwrap_or_default()
}

/// The URL that a `Link` header calls `next` (RFC 8288): `Err` holds it when it leads to another origin.
fn next_page(link: &str, origin: &str) -> Result<Option<String>, String> {
    // Good for the URLs that Gandi sends: a comma inside one would end it, and then `>` is missing.
    let next = link.split(',').find_map(|part| {
        let (url, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then_some(url)
    });
    match next {
        None => Ok(None),
        Some(path) if path.starts_with('/') && !path.starts_with("//") => Ok(Some(format!("{origin}{path}"))),
        Some(url) => match url.strip_prefix(origin) {
            Some(rest) if rest.starts_with(['/', '?']) => Ok(Some(url.to_owned())),
            _ => Err(url.chars().take(80).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn next_page_stays_on_its_origin() {
        let next = |link: &str| next_page(link, "https://api.gandi.net");
        let page = |n| Ok(Some(format!("https://api.gandi.net/v5?page={n}")));
        assert_eq!(next(""), Ok(None));
        assert_eq!(next("<https://api.gandi.net/v5?page=1>; rel=\"first\""), Ok(None));
        assert_eq!(next("<https://api.gandi.net/v5?page=2>; rel=\"next\""), page(2));
        assert_eq!(next("</v5?page=2>; rel=next"), page(2));
        assert_eq!(
            next(
                "<https://api.gandi.net/v5?page=1>; rel=\"first\", <https://api.gandi.net/v5?page=3>; rel=\"next\""
            ),
            page(3)
        );
        for elsewhere in ["https://evil.example/", "//evil.example/", "https://api.gandi.net.evil.example/"] {
            assert!(next(&format!("<{elsewhere}>; rel=\"next\"")).is_err(), "{elsewhere}");
        }
    }
}
