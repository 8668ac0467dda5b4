//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use super::history::{self, HistoryEntry};
use super::records::State;

/// Parses the state file. `None` if it is corrupt or was written by another version.
#[must_use]
pub fn state(text: &str) -> Option<State> {
    State::parse(text).ok()
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
