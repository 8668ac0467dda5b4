//! Reads records without a plan to change them, for `get`.

use super::plan::refusal_of;
use super::zone_cache::ZoneCache;
use crate::config::Config;
use crate::console::Console;
use crate::dns::{Current, Rrset};
use crate::exit::Exit;
use crate::http::Http;
use crate::outcome::Failure;
use crate::sys::random::Random;

/// The content of a record, `None` if it does not exist; or the exit code and the text of an error.
pub(crate) type Content = Result<Option<Rrset>, (Exit, String)>;

/// Reads every record of the config, and returns its content, or `None` if there is no such record. Another record that
/// excludes an address from the name is an error, as it is for an update. Several records of a domain are read by one
/// listing.
pub(crate) fn read(config: &Config, http: &Http, random: &mut Random, console: &mut Console) -> Vec<Content> {
    let mut zones = ZoneCache::new(config, http, random.split());
    let mut results = Vec::with_capacity(config.records.len());
    for record in &config.records {
        zones.want(record);
    }
    for record in &config.records {
        results.push(match zones.read(record, console) {
            Ok(Current::Present(rrset)) => Ok(Some(rrset)),
            Ok(current) => match refusal_of(&current) {
                Some(refusal) => Err((Exit::Config, refusal.to_string())),
                None => Ok(None),
            },
            Err(e) => Err((e.exit(), Failure::Read(e).text())),
        });
    }
    results
}
