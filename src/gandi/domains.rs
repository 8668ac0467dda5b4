//! Lists the domains that a token can see.

use super::error::Error;
use super::livedns::{LiveDns, next_page};
use super::strict::{Json, parse};
use crate::dns::ZoneName;

/// Maximum size in bytes of one page. Gandi sends about 200 bytes for each domain.
const MAX_PAGE: u64 = 1024 * 1024;
/// Maximum number of pages.
const MAX_PAGES: usize = 100;

impl LiveDns<'_> {
    /// Returns the domains in alphabetical order: those with a zone (`GET …/domains`) or, if the token may not read that,
    /// all domains (`GET …/domain/domains`, api.gandi.net/docs/domains).
    pub(crate) fn domains(&mut self) -> Result<Vec<ZoneName>, Error> {
        let api = &self.transport.account.api;
        let (zones, all) =
            ([api.as_str(), "/domains"].concat(), [api.parent("/livedns"), "/domain/domains"].concat());
        let domains = self.list(zones);
        match &domains {
            Ok(domains) if !domains.is_empty() => {}
            Err(e) if e.affects_every_request() => {}
            // Either may need another permission, and a domain may have no zone yet.
            _ => return self.list(all).or(domains),
        }
        domains
    }

    fn list(&mut self, mut url: String) -> Result<Vec<ZoneName>, Error> {
        let mut domains: Vec<ZoneName> = Vec::new();
        for _ in 0..MAX_PAGES {
            let response = self.transport.get(&url, MAX_PAGE)?;
            if response.status != 200 {
                return Err(self.transport.refused(&response, None));
            }
            let Some(names) = parse(&response.body).and_then(names) else {
                let problem = format!("{} is not a list of domains", self.transport.excerpt(&response));
                return Err(self.transport.not_understood(&problem));
            };
            for name in names {
                if let Ok(domain) = ZoneName::parse(&name)
                    && let Err(index) = domains.binary_search_by(|known| known.as_str().cmp(domain.as_str()))
                {
                    domains.insert(index, domain);
                }
            }
            match next_page(&response.link, self.transport.account.api.origin()) {
                Ok(Some(next)) if next != url => url = next,
                _ => break,
            }
        }
        Ok(domains)
    }
}

fn names(json: Json) -> Option<Vec<String>> {
    let Json::List(items) = json else { return None };
    let mut names = Vec::with_capacity(items.len());
    for mut item in items {
        names.push(item.text("fqdn")?);
    }
    Some(names)
}
