//! The listings of the zones as read during one pass. Each is read at most once.

use std::rc::Rc;

use crate::config::{Config, Record};
use crate::console::Console;
use crate::dns::Current;
use crate::gandi;
use crate::gandi::livedns::{Listing, LiveDns};
use crate::http::Http;
use crate::sys::grouped::{Texts, push_if_new};
use crate::sys::random::Random;

/// The description of the record that takes an RRset out of its zone, if there is one.
pub(super) type Delegation = Result<Option<String>, Rc<gandi::Error>>;

/// The zones of a pass. Two accounts may have a zone of the same domain, at two APIs.
pub(super) struct ZoneCache<'a> {
    config: &'a Config,
    livedns: LiveDns<'a>,
    /// The number of the account that the requests of `livedns` are for.
    account: usize,
    /// The numbers of accounts, each with a domain.
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
    /// Creates a cache without zones. `random` is for the jitter of retries.
    pub(super) fn new(config: &'a Config, http: &'a Http, random: Random) -> Self {
        let mut livedns = LiveDns::new(http, &config.accounts[0], random);
        let mut origins = Vec::new();
        for account in &config.accounts {
            push_if_new(&mut origins, account.api.origin());
        }
        livedns.share_time(u32::try_from(origins.len()).unwrap_or(1));
        Self { config, livedns, account: 0, domains: Texts::default(), zones: Vec::new() }
    }

    /// Returns the client for requests about a record: with its account.
    pub(super) fn livedns(&mut self, record: &Record) -> &mut LiveDns<'a> {
        if self.account != record.account {
            self.account = record.account;
            self.livedns.switch_to(&self.config.accounts[record.account]);
        }
        &mut self.livedns
    }

    /// Notes that a record will be read: several RRsets of one domain are read by one listing.
    pub(super) fn want(&mut self, record: &Record) {
        let number = self.domains.number(&zone_of(record));
        if number == self.zones.len() {
            self.zones.push(Zone::default());
        }
        self.zones[number].wanted += 1;
    }

    /// Describes the record that takes an RRset out of its zone, if there is one: in the listing, or by one request for each
    /// name of `owners`, the name of the RRset and those above it.
    pub(super) fn delegation(
        &mut self,
        record: &Record,
        owners: &[&str],
        console: &mut Console,
    ) -> Delegation {
        let key = &record.key;
        let number = self.domains.find(&zone_of(record));
        if let Some(Zone { listing: Some(Ok(listing)), .. }) = number.and_then(|n| self.zones.get(n)) {
            return Ok(listing.delegation(key));
        }
        if !owners.is_empty() {
            console.debug(format_args!("{key}: querying delegation of {}", owners.join(", ")));
        }
        self.livedns(record).delegation(key, owners).map_err(Rc::new)
    }

    /// Reads the content of a record.
    pub(super) fn read(
        &mut self,
        record: &Record,
        console: &mut Console,
    ) -> Result<Current, Rc<gandi::Error>> {
        let key = &record.key;
        self.livedns(record);
        let known = self.domains.find(&zone_of(record)).and_then(|number| self.zones.get_mut(number));
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

/// Returns the identifier of the zone of a record.
fn zone_of(record: &Record) -> String {
    [&record.account.to_string(), " ", record.key.domain.as_str()].concat()
}
