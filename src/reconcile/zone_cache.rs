//! What a pass has read of the zones: everything at most once.

use std::rc::Rc;

use crate::console::Console;
use crate::dns::{Current, RrsetKey, ZoneName};
use crate::gandi;
use crate::gandi::livedns::{Listing, LiveDns};

/// What has been read of the zones in this round: everything at most once. Lists and not maps, as in the state.
pub(super) struct Zones<'a> {
    pub(super) livedns: LiveDns<'a>,
    /// The domain of each RRset that wants a look.
    pub(super) looks: Vec<ZoneName>,
    listings: Vec<(ZoneName, Result<Listing, Rc<gandi::Error>>)>,
    seen: Vec<(RrsetKey, Result<Current, Rc<gandi::Error>>)>,
}

impl<'a> Zones<'a> {
    pub(super) fn new(livedns: LiveDns<'a>) -> Self {
        Self { livedns, looks: Vec::new(), listings: Vec::new(), seen: Vec::new() }
    }

    pub(super) fn look(
        &mut self,
        key: &RrsetKey,
        console: &mut Console,
    ) -> Result<Current, Rc<gandi::Error>> {
        if let Some((_, current)) = self.seen.iter().find(|(k, _)| k == key) {
            return current.clone();
        }
        let current = self.read(key, console);
        self.seen.push((key.clone(), current.clone()));
        current
    }

    fn read(&mut self, key: &RrsetKey, console: &mut Console) -> Result<Current, Rc<gandi::Error>> {
        if self.looks.iter().filter(|d| **d == key.domain).count() < 2 {
            console.step(format_args!("{key}: looking at the zone"));
            return self.livedns.rrset(key).map_err(Rc::new);
        }
        let known = self.listings.iter().position(|(d, _)| *d == key.domain);
        let place = known.unwrap_or_else(|| {
            console.step(format_args!("{}: looking at the whole zone", key.domain));
            let listing = self.livedns.listing(&key.domain).map_err(Rc::new);
            self.listings.push((key.domain.clone(), listing));
            self.listings.len() - 1
        });
        match &self.listings[place].1 {
            Ok(listing) => self.livedns.find(listing, key).map_err(Rc::new),
            Err(e) => Err(Rc::clone(e)),
        }
    }
}
