//! The content of the zones as read during one pass. Each RRset or listing is read at most once.

use std::rc::Rc;

use crate::console::Console;
use crate::dns::{Current, RrsetKey, ZoneName};
use crate::gandi;
use crate::gandi::livedns::{Listing, LiveDns};

/// The description of the record that takes an RRset out of its zone, if there is one.
type Delegation = Result<Option<String>, Rc<gandi::Error>>;

/// The RRsets and listings read so far. In lists, since a tree would add 9 kB of code.
pub(super) struct ZoneCache<'a> {
    pub(super) livedns: LiveDns<'a>,
    /// The domain of each RRset that will be read: once per RRset, so that several RRsets of one domain are read by
    /// one listing.
    pub(super) wanted: Vec<ZoneName>,
    listings: Vec<(ZoneName, Result<Listing, Rc<gandi::Error>>)>,
    rrsets: Vec<(RrsetKey, Result<Current, Rc<gandi::Error>>)>,
    /// The records that take an RRset out of its zone, for RRsets that are not read by a listing.
    delegations: Vec<(RrsetKey, Delegation)>,
}

impl<'a> ZoneCache<'a> {
    pub(super) fn new(livedns: LiveDns<'a>) -> Self {
        Self {
            livedns,
            wanted: Vec::new(),
            listings: Vec::new(),
            rrsets: Vec::new(),
            delegations: Vec::new(),
        }
    }

    /// Returns the content at `key`, from the cache or from Gandi. A failed read is cached as well.
    pub(super) fn rrset(
        &mut self,
        key: &RrsetKey,
        console: &mut Console,
    ) -> Result<Current, Rc<gandi::Error>> {
        if let Some((_, current)) = self.rrsets.iter().find(|(k, _)| k == key) {
            return current.clone();
        }
        let current = self.read(key, console);
        self.rrsets.push((key.clone(), current.clone()));
        current
    }

    /// Describes the record that takes an RRset out of its zone, if there is one: in the listing, or by one request for each
    /// name of `owners`, the name of the RRset and those above it.
    pub(super) fn delegation(
        &mut self,
        key: &RrsetKey,
        owners: &[&str],
        console: &mut Console,
    ) -> Delegation {
        if let Some((_, Ok(listing))) = self.listings.iter().find(|(domain, _)| *domain == key.domain) {
            return Ok(listing.delegation(key));
        }
        if let Some((_, known)) = self.delegations.iter().find(|(k, _)| k == key) {
            return known.clone();
        }
        if !owners.is_empty() {
            console.debug(format_args!("{key}: querying delegation of {}", owners.join(", ")));
        }
        let found = self.livedns.delegation(key, owners).map_err(Rc::new);
        self.delegations.push((key.clone(), found.clone()));
        found
    }

    fn read(&mut self, key: &RrsetKey, console: &mut Console) -> Result<Current, Rc<gandi::Error>> {
        if self.wanted.iter().filter(|domain| **domain == key.domain).count() < 2 {
            console.debug(format_args!("{key}: querying record"));
            return self.livedns.rrset(key).map_err(Rc::new);
        }
        let known = self.listings.iter().position(|(domain, _)| *domain == key.domain);
        let index = known.unwrap_or_else(|| {
            console.debug(format_args!("{}: querying zone", key.domain));
            let listing = self.livedns.listing(&key.domain).map_err(Rc::new);
            self.listings.push((key.domain.clone(), listing));
            self.listings.len() - 1
        });
        match &self.listings[index].1 {
            Ok(listing) => self.livedns.find(listing, key).map_err(Rc::new),
            Err(e) => Err(Rc::clone(e)),
        }
    }
}
