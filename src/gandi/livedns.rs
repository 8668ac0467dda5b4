//! Gandi's LiveDNS v5: read and write RRsets (api.gandi.net/docs/livedns).
//!
//! Only a 404 that says `"object": "dns-record"` means that an RRset is absent. Every other surprise is an
//! error, and no error leads to a write.

use super::credential::Credential;
use super::error::Error;
use super::transport::{JSON, Transport, error_body};
use super::wire::{self, WireRrset};
use crate::dns::{Current, Rrset, RrsetKey, ZoneName};
use crate::http::{Endpoint, Http, Method, Response};
use crate::sys::random::Random;

/// The base of the production API.
pub const PRODUCTION: &str = "https://api.gandi.net/v5/livedns";
/// The most bytes of one RRset's answer.
const MAX_BODY: u64 = 64 * 1024;
/// The most bytes of all pages of a listing.
const MAX_LISTING: u64 = 4 * 1024 * 1024;
/// The most pages of a listing: far beyond any zone, but not endless.
const MAX_PAGES: usize = 200;

/// Every RRset of a zone.
pub(crate) struct Listing {
    rrsets: Vec<WireRrset>,
}

/// LiveDNS over one kept-alive connection.
pub(crate) struct LiveDns<'a> {
    pub(super) transport: Transport<'a>,
}

impl<'a> LiveDns<'a> {
    pub(crate) fn new(http: &'a Http, api: &'a Endpoint, credential: &'a Credential, random: Random) -> Self {
        Self { transport: Transport::new(http, api, credential, random) }
    }

    /// Reads one RRset. When it is absent, looks for a CNAME at the same name before saying so.
    pub(crate) fn rrset(&mut self, key: &RrsetKey) -> Result<Current, Error> {
        let url = self.rrset_url(key);
        let answer = self.transport.exchange(Method::Get, &url, MAX_BODY)?;
        if is_absent(&answer) {
            return self.at_name(key);
        }
        let wire: WireRrset = self.transport.json(&answer, &key.domain, "an RRset")?;
        wire::read(&wire, key).map(Current::Present).map_err(|what| self.transport.not_understood(&what))
    }

    /// Reads every type at the name of `key`.
    fn at_name(&mut self, key: &RrsetKey) -> Result<Current, Error> {
        let url = format!("{}/{}", self.records_url(&key.domain), key.name);
        let answer = self.transport.exchange(Method::Get, &url, MAX_BODY)?;
        if is_absent(&answer) {
            return Ok(Current::Absent);
        }
        let rrsets: Vec<WireRrset> = self.transport.json(&answer, &key.domain, "a list of RRsets")?;
        wire::find(&rrsets, key).map_err(|what| self.transport.not_understood(&what))
    }

    /// Reads a whole zone, page by page.
    pub(crate) fn listing(&mut self, domain: &ZoneName) -> Result<Listing, Error> {
        let mut url = self.records_url(domain);
        let mut rrsets = Vec::new();
        let mut left = MAX_LISTING;
        for _ in 0..MAX_PAGES {
            let answer = self.transport.exchange(Method::Get, &url, left)?;
            left = left.saturating_sub(answer.body.len() as u64);
            let mut page: Vec<WireRrset> = self.transport.json(&answer, domain, "a list of RRsets")?;
            rrsets.append(&mut page);
            match next_page(&answer.link, self.transport.api.origin()) {
                Ok(None) => return Ok(Listing { rrsets }),
                Ok(Some(next)) => url = next,
                // The token never goes to another host.
                Err(link) => {
                    return Err(self.transport.not_understood(&format!("the link to a next page `{link}`")));
                }
            }
        }
        Err(self.transport.not_understood(&format!("more than {MAX_PAGES} pages")))
    }

    /// Finds one RRset in a listing.
    pub(crate) fn find(&mut self, listing: &Listing, key: &RrsetKey) -> Result<Current, Error> {
        match wire::find(&listing.rrsets, key).map_err(|what| self.transport.not_understood(&what))? {
            // A listing may be less than the zone: an RRset slips from page to page, a link is not understood.
            // Only Gandi's own word about this one RRset means that it may be created.
            Current::Absent => self.rrset(key),
            current => Ok(current),
        }
    }

    /// Replaces or creates one RRset; the request says the whole of it, so repeating it does no harm.
    pub(crate) fn write(&mut self, key: &RrsetKey, rrset: &Rrset) -> Result<(), Error> {
        let values: Vec<String> = rrset.values().iter().map(|a| format!("\"{a}\"")).collect();
        let json = format!("{{\"rrset_values\":[{}],\"rrset_ttl\":{}}}", values.join(","), rrset.ttl);
        let url = self.rrset_url(key);
        let (answer, first_may_have_arrived) =
            self.transport.exchange_counting(Method::Put(&json), &url, MAX_BODY)?;
        let mut error = if !(200..300).contains(&answer.status) {
            self.transport.refuse(&answer, Some(&key.domain))
        } else if answer.body.is_empty() || answer.content_type == JSON {
            return Ok(());
        } else {
            // A page of somebody else's: a portal, or a gateway under repair.
            self.transport.wrong_type(&answer)
        };
        // A good status of the wrong kind and a gateway's error say nothing of what stands behind them.
        error.maybe_applied = first_may_have_arrived || !(300..500).contains(&answer.status);
        Err(error)
    }

    /// Whether the domain is there, and has a zone.
    pub(crate) fn domain(&mut self, domain: &ZoneName) -> Result<(), Error> {
        let answer = self.transport.exchange(
            Method::Get,
            &format!("{}/domains/{domain}", self.transport.api),
            MAX_BODY,
        )?;
        if answer.status == 200 { Ok(()) } else { Err(self.transport.refuse(&answer, Some(domain))) }
    }

    /// Who serves the domain, as Gandi's registry knows it: `livedns`, `classic` or others (api.gandi.net/docs/domains).
    /// `None` where the token may not see that.
    pub(crate) fn served_by(&mut self, domain: &ZoneName) -> Result<Option<String>, Error> {
        #[derive(miniserde::Deserialize)]
        struct WireServed {
            current: String,
        }
        let base = self.transport.api.as_str();
        let base = base.strip_suffix("/livedns").unwrap_or(base);
        let answer = self.transport.exchange(
            Method::Get,
            &format!("{base}/domain/domains/{domain}/livedns"),
            MAX_BODY,
        )?;
        match answer.status {
            401 | 403 | 404 => Ok(None),
            200 => Ok(wire::parse::<WireServed>(&answer.body).map(|s| wire::clean(&s.current))),
            _ => Err(self.transport.refuse(&answer, Some(domain))),
        }
    }

    fn records_url(&self, domain: &ZoneName) -> String {
        format!("{}/domains/{domain}/records", self.transport.api)
    }

    fn rrset_url(&self, key: &RrsetKey) -> String {
        format!("{}/{}/{}", self.records_url(&key.domain), key.name, key.rrtype)
    }
}

/// Of the things that a 404 may be about, only this one means that an RRset may be created.
fn is_absent(answer: &Response) -> bool {
    answer.status == 404 && error_body(answer).object.as_deref() == Some("dns-record")
}

/// The URL that a `Link` header calls `next` (RFC 8288). `Err` holds a link that leads to another origin, or one
/// that speaks of a next page in words that are not understood.
fn next_page(link: &str, origin: &str) -> Result<Option<String>, String> {
    // Good for the URLs that Gandi sends; a comma inside one would end it, and then it is not understood.
    let next = link.split(',').find_map(|part| {
        let (url, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then_some(url)
    });
    match next {
        None if link.to_ascii_lowercase().contains("next") => Err(link.to_owned()),
        None => Ok(None),
        Some(path) if path.starts_with('/') && !path.starts_with("//") => Ok(Some(format!("{origin}{path}"))),
        Some(url) => match url.strip_prefix(origin) {
            Some(rest) if rest.starts_with(['/', '?']) => Ok(Some(url.to_owned())),
            _ => Err(url.to_owned()),
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
        for strange in [
            "</v5?page=2>; rel=\"next last\"",
            "</v5?page=2>; REL=\"Next\"",
            "</v5?page=2>; rel='next'",
            "</v5?a=1,2>; rel=\"next\"",
        ] {
            assert!(next(strange).is_err(), "{strange}");
        }
        for elsewhere in ["https://evil.example/", "//evil.example/", "https://api.gandi.net.evil.example/"] {
            assert!(next(&format!("<{elsewhere}>; rel=\"next\"")).is_err(), "{elsewhere}");
        }
    }
}
