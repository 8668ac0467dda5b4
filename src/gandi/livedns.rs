//! Reads and writes RRsets by Gandi's LiveDNS API v5 (api.gandi.net/docs/livedns).
//!
//! Only a 404 with `"object": "dns-record"` means that an RRset is absent. Any other unexpected response is an error, and
//! no error leads to a write.

use std::time::Duration;

use super::account::Account;
use super::error::Error;
use super::strict::parse;
use super::transport::{Exchange, JSON, Transport, error_body};
use super::wire::{self, WireRrset};
use crate::dns::{Current, Rrset, RrsetKey, ZoneName};
use crate::http::{Http, Method, Response};
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::hash::fnv;
use crate::sys::random::Random;

/// The base URL of the production API.
pub const PRODUCTION: &str = "https://api.gandi.net/v5/livedns";
/// Maximum size in bytes of a response about one RRset or domain.
const MAX_BODY: u64 = 64 * 1024;
/// Maximum size in bytes of one page of a listing. Gandi sends about 20 KB.
const MAX_PAGE: u64 = 4 * 1024 * 1024;
/// Maximum size in bytes of all pages of a listing.
const MAX_LISTING: u64 = 16 * 1024 * 1024;
/// Maximum number of pages of a listing: 100,000 RRsets, as Gandi's pages hold 100.
const MAX_PAGES: usize = 1000;
/// Maximum number of values in a listing that are kept.
const MAX_VALUES: usize = 250_000;

/// The RRsets of a zone, as far as their types matter for addresses. May be incomplete, see [`LiveDns::find`].
#[derive(Default)]
pub(crate) struct Listing {
    /// The names in lower case.
    names: Texts,
    /// The RRsets at each name.
    rrsets: Vec<(String, Vec<WireRrset>)>,
}

impl Listing {
    fn add(&mut self, rrset: WireRrset) {
        push_grouped(&mut self.rrsets, &mut self.names, &rrset.rrset_name.to_ascii_lowercase(), rrset);
    }

    fn at(&self, name: &str) -> Vec<&WireRrset> {
        let here = self.names.find(name).and_then(|number| self.rrsets.get(number));
        here.map(|(_, rrsets)| rrsets.iter().collect()).unwrap_or_default()
    }

    /// Describes the RRset that takes the name of `key` out of the zone; `None` if the listing has none.
    pub(crate) fn delegation(&self, key: &RrsetKey) -> Option<String> {
        key.name.with_parents().iter().find_map(|owner| wire::delegation(&self.at(owner), owner, key))
    }
}

/// A LiveDNS client with one kept-alive connection per host.
pub(crate) struct LiveDns<'a> {
    pub(super) transport: Transport<'a>,
}

impl<'a> LiveDns<'a> {
    /// Creates a client for the requests of an account. `random` is for the jitter of retries.
    pub(crate) fn new(http: &'a Http, account: &'a Account, random: Random) -> Self {
        Self { transport: Transport::new(http, account, random) }
    }

    /// Makes all further requests those of this account. A rate limit is remembered: it is that of this machine.
    pub(crate) fn switch_to(&mut self, account: &'a Account) {
        self.transport.authorization = account.credential.authorization();
        self.transport.account = account;
    }

    /// Shares the time of the run among this number of APIs: one that does not respond must leave time for the others.
    pub(crate) fn share_time(&mut self, apis: u32) {
        self.transport.apis = apis;
    }

    /// Returns the time until the deadline of the run.
    pub(crate) fn remaining(&self) -> Duration {
        self.transport.http.remaining()
    }

    /// Reads one RRset (`GET …/records/{name}/{type}`). If it is absent, looks for one that excludes it from its name.
    pub(crate) fn rrset(&mut self, key: &RrsetKey) -> Result<Current, Error> {
        let url = self.rrset_url(key);
        let response = self.transport.get(&url, MAX_BODY)?;
        if is_absent(&response) {
            return self.rrset_by_name(key);
        }
        let wire = self.transport.json(&response, &key.domain, "a record", wire::rrset)?;
        wire::read(&wire, key)
            .map(Current::Present)
            .map_err(|problem| self.transport.not_understood(&problem))
    }

    /// Reads all RRsets at a name (`GET …/records/{name}`).
    fn at(&mut self, domain: &ZoneName, name: &str) -> Result<Vec<WireRrset>, Error> {
        let url = [&self.records_url(domain), "/", name].concat();
        let response = self.transport.get(&url, MAX_BODY)?;
        if is_absent(&response) {
            return Ok(Vec::new());
        }
        self.transport.json(&response, domain, "a list of records", wire::rrsets)
    }

    /// Finds one RRset among all of its name.
    fn rrset_by_name(&mut self, key: &RrsetKey) -> Result<Current, Error> {
        let rrsets = self.at(&key.domain, key.name.as_str())?;
        wire::find(&wire::at(&rrsets, key.name.as_str()), key)
            .map_err(|problem| self.transport.not_understood(&problem))
    }

    /// Reads the RRset that excludes `key` from its name, if there is one.
    pub(crate) fn obstacle(&mut self, key: &RrsetKey) -> Result<Option<Current>, Error> {
        let rrsets = self.at(&key.domain, key.name.as_str())?;
        Ok(wire::obstacle(&wire::at(&rrsets, key.name.as_str()), key))
    }

    /// Reads the RRsets at each of `owners`, the name of `key` or names above it. Describes the first one that takes `key`
    /// out of the zone.
    pub(crate) fn delegation(&mut self, key: &RrsetKey, owners: &[&str]) -> Result<Option<String>, Error> {
        for owner in owners {
            let rrsets = match self.at(&key.domain, owner) {
                // The zone itself was read before: there is nothing at this name.
                Err(e) if e.is_not_found() => continue,
                rrsets => rrsets?,
            };
            let found = wire::delegation(&wire::at(&rrsets, owner), owner, key);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Reads a whole zone page by page (`GET …/records`). `Total-Count` is not used: the last page has no link.
    pub(crate) fn listing(&mut self, domain: &ZoneName) -> Result<Listing, Error> {
        let mut url = self.records_url(domain);
        let mut listing = Listing::default();
        let (mut bytes_left, mut values_left) = (MAX_LISTING, MAX_VALUES);
        // The hashes of all URLs and pages: the same page has the same content if its URL is spelled in another way.
        let mut seen = vec![fnv(url.as_bytes())];
        loop {
            let response = self.transport.get(&url, bytes_left.min(MAX_PAGE))?;
            bytes_left = bytes_left.saturating_sub(response.body.len() as u64);
            let page = self.transport.json(&response, domain, "a list of records", wire::rrsets)?;
            let next = next_page(&response.link, self.transport.account.api.origin());
            let is_empty = page.is_empty();
            for rrset in page.into_iter().filter(WireRrset::is_relevant) {
                values_left = values_left.saturating_sub(1 + rrset.rrset_values.len());
                listing.add(rrset);
            }
            let problem = match next {
                Ok(None) if values_left > 0 => return Ok(listing),
                Ok(Some(next)) if values_left > 0 && seen.len() < 2 * MAX_PAGES => {
                    let hashes = [fnv(&response.body), fnv(next.as_bytes())];
                    if is_empty || hashes.iter().any(|hash| seen.contains(hash)) {
                        format!("the link to the next page is `{next}`, which leads in a circle")
                    } else {
                        seen.extend(hashes);
                        url = next;
                        continue;
                    }
                }
                Ok(_) => "a list of too many records".to_owned(),
                // The token is never sent to another host.
                Err(link) => format!("the link to the next page is `{link}`"),
            };
            return Err(self.transport.not_understood(&problem));
        }
    }

    /// Finds one RRset in a listing; reads it alone if the listing does not contain it, or contradicts itself.
    pub(crate) fn find(&mut self, listing: &Listing, key: &RrsetKey) -> Result<Current, Error> {
        match wire::find(&listing.at(key.name.as_str()), key) {
            // A listing can lack an RRset: it moved to another page meanwhile, or a link was not recognized. Only a 404
            // about this very RRset shows that it is absent and may be created.
            Ok(Current::Absent) | Err(_) => self.rrset(key),
            Ok(current) => Ok(current),
        }
    }

    /// Replaces or creates one RRset (`PUT …/records/{name}/{type}`). The request holds the whole RRset, so that it can
    /// be repeated.
    pub(crate) fn write(&mut self, key: &RrsetKey, rrset: &Rrset) -> Result<(), Error> {
        let values: Vec<String> = rrset.values().iter().map(|a| format!("\"{a}\"")).collect();
        let json = format!("{{\"rrset_values\":[{}],\"rrset_ttl\":{}}}", values.join(","), rrset.ttl);
        let url = self.rrset_url(key);
        let Exchange { response, may_have_applied_before } =
            self.transport.send_with_retry(Method::Put(&json), &url, MAX_BODY)?;
        let mut error = if !(200..300).contains(&response.status) {
            self.transport.refused(&response, Some(&key.domain))
        } else if response.body.is_empty() || response.content_type == JSON {
            return Ok(());
        } else {
            // The page of a captive portal or of a gateway.
            self.transport.wrong_type(&response)
        };
        // After a 2xx with the wrong content type, or a 5xx from a gateway, the write may still have been applied.
        error.maybe_applied = may_have_applied_before || !(300..500).contains(&response.status);
        Err(error)
    }

    /// Checks that the token has access to the domain, and that it has a LiveDNS zone (`GET …/domains/{domain}`).
    pub(crate) fn domain(&mut self, domain: &ZoneName) -> Result<(), Error> {
        let response = self.transport.get(&self.domain_url(domain, ""), MAX_BODY)?;
        if response.status == 200 { Ok(()) } else { Err(self.transport.refused(&response, Some(domain))) }
    }

    /// Returns the kind of the domain's nameservers: `livedns`, `classic` or another (`GET …/domain/domains/{domain}/livedns`,
    /// api.gandi.net/docs/domains). `None` if the token may not read it.
    pub(crate) fn nameservers(&mut self, domain: &ZoneName) -> Result<Option<String>, Error> {
        let base = self.transport.account.api.parent("/livedns");
        let url = [base, "/domain/domains/", domain.as_str(), "/livedns"].concat();
        let response = self.transport.get(&url, MAX_BODY)?;
        match response.status {
            401 | 403 | 404 => Ok(None),
            200 => {
                Ok(parse(&response.body).and_then(|mut json| json.text("current")).map(|n| wire::clean(&n)))
            }
            _ => Err(self.transport.refused(&response, Some(domain))),
        }
    }

    fn domain_url(&self, domain: &ZoneName, rest: &str) -> String {
        [self.transport.account.api.as_str(), "/domains/", domain.as_str(), rest].concat()
    }

    fn records_url(&self, domain: &ZoneName) -> String {
        self.domain_url(domain, "/records")
    }

    fn rrset_url(&self, key: &RrsetKey) -> String {
        [&self.records_url(&key.domain), "/", key.name.as_str(), "/", key.rrtype.as_str()].concat()
    }
}

/// Returns true if an RRset is absent and may be created. No other 404 means that.
fn is_absent(response: &Response) -> bool {
    response.status == 404 && error_body(response).object.as_deref() == Some("dns-record")
}

/// Returns the URL of the next page from a `Link` header (RFC 8288); `None` if there is none. `Err` holds a link to
/// another origin, or a header that mentions a next page in a form that is not recognized.
pub(super) fn next_page(link: &str, origin: &str) -> Result<Option<String>, String> {
    // A comma inside a URL would end it here, and the header would then be an error; Gandi's URLs have none.
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
    fn next_page_is_refused_on_another_origin_or_in_an_unknown_form() {
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
