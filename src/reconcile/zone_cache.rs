//! The listings of the zones as read during one pass. Each is read at most once.

use std::rc::Rc;

use crate::console::Console;
use crate::dns::{Current, RrsetKey};
use crate::gandi;
use crate::gandi::livedns::{Listing, LiveDns};
use crate::sys::grouped::Texts;

/// The description of the record that takes an RRset out of its zone, if there is one.
pub(super) type Delegation = Result<Option<String>, Rc<gandi::Error>>;

/// The zones of a pass.
pub(super) struct ZoneCache<'a> {
    pub(super) livedns: LiveDns<'a>,
    domains: Texts,
    /// The zones, by the numbers of their domains.
    zones: Vec<Zone>,
}

#[derive(Default)]
struct Zone {
    /// The number of RRsets that will be read.
    wanted: u32,
    /// The result of reading the listing; `None` if it has not been read.
    listing: Option<Result<Listing, Rc<gandi::Error>>>,
}

impl<'a> ZoneCache<'a> {
    pub(super) fn new(livedns: LiveDns<'a>) -> Self {
        Self { livedns, domains: Texts::default(), zones: Vec::new() }
    }

    /// Notes that the RRset at `key` will be read: several RRsets of one domain are read by one listing.
    pub(super) fn want(&mut self, key: &RrsetKey) {
        let number = self.domains.number(key.domain.as_str());
        if number == self.zones.len() {
            self.zones.push(Zone::default());
        }
        self.zones[number].wanted += 1;
    }

    /// Describes the record that takes an RRset out of its zone, if there is one: in the listing, or by one request for each
    /// name of `owners`, the name of the RRset and those above it.
    pub(super) fn delegation(
        &mut self,
        key: &RrsetKey,
        owners: &[&str],
        console: &mut Console,
    ) -> Delegation {
        if let Some(Zone { listing: Some(Ok(listing)), .. }) = self.zone(key) {
            return Ok(listing.delegation(key));
        }
        if !owners.is_empty() {
            console.debug(format_args!("{key}: querying delegation of {}", owners.join(", ")));
        }
        self.livedns.delegation(key, owners).map_err(Rc::new)
    }

    fn zone(&mut self, key: &RrsetKey) -> Option<&mut Zone> {
        self.zones.get_mut(self.domains.find(key.domain.as_str())?)
    }

    /// Reads the content at `key`.
    pub(super) fn read(
        &mut self,
        key: &RrsetKey,
        console: &mut Console,
    ) -> Result<Current, Rc<gandi::Error>> {
        let known = self.domains.find(key.domain.as_str()).and_then(|number| self.zones.get_mut(number));
        let Some(zone) = known.filter(|zone| zone.wanted > 1) else {
            console.debug(format_args!("{key}: querying record"));
            return self.livedns.rrset(key).map_err(Rc::new);
        };
        let listing = zone.listing.get_or_insert_with(|| {
            console.debug(format_args!("{}: querying zone", key.domain.both()));
            self.livedns.listing(&key.domain).map_err(Rc::new)
        });
        match listing {
            Ok(listing) => self.livedns.find(listing, key).map_err(Rc::new),
            Err(e) => Err(Rc::clone(e)),
        }
    }
}
