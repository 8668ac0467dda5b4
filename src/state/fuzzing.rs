//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use std::net::IpAddr;

use super::history::{self, HistoryEntry};
use super::records::State;

/// Parses the state file. `None` if it is corrupt or was written by another version.
#[must_use]
pub fn state(text: &str) -> Option<State> {
    State::parse(text).ok()
}

/// A confirmed record of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// API, domain, name and type, separated by spaces.
    pub id: String,
    /// The address.
    pub address: IpAddr,
    /// The TTL in seconds.
    pub ttl: u32,
    /// The time of the confirmation.
    pub at: u64,
    /// False if the next run may rely on it.
    pub doubtful: bool,
}

/// Returns the confirmed records of a state.
#[must_use]
pub fn confirmations(state: &State) -> Vec<Confirmation> {
    let records = state.records.iter().filter_map(|(id, record)| Some((id, record.confirmed.as_ref()?)));
    records
        .map(|(id, c)| Confirmation {
            id: id.clone(),
            address: c.address,
            ttl: c.ttl,
            at: c.at.as_secs(),
            doubtful: c.doubtful,
        })
        .collect()
}

/// Parses a history, and returns the lines that are kept. `None` if it is no history.
#[must_use]
pub fn history(text: &str) -> Option<Vec<String>> {
    Some(history::parse(text).ok()?.iter().map(ToString::to_string).collect())
}

/// Returns the lines after the change in the line `new`. `None` if the text is no history, or the line no change.
#[must_use]
pub fn history_with(text: &str, new: &str) -> Option<Vec<String>> {
    let mut entries = history::parse(text).ok()?;
    history::push_newest(&mut entries, HistoryEntry::parse(new)?);
    Some(entries.iter().map(ToString::to_string).collect())
}
