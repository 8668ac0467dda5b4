//! The history: a file with the last address changes, for `gandi-ddns status`. It is written only after a change.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::outcome::{Outcome, Success};
use crate::sys::atomic_file;
use crate::sys::directory::Directory;
use crate::sys::file_error::FileError;
use crate::sys::hash::ConfigId;
use crate::sys::read_limited;
use crate::sys::time::Timestamp;

/// Number of changes that are kept.
const MAX_ENTRIES: usize = 50;
/// Size limit of the file, in bytes: far more than [`MAX_ENTRIES`] lines need.
const MAX_FILE: u64 = 64 * 1024;

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    /// The time of the change.
    pub(crate) at: Timestamp,
    /// The record, as in `home.example.org A`.
    pub(crate) record: String,
    /// The former addresses, separated by commas; `None` if the record was created.
    pub(crate) old: Option<String>,
    /// The new address.
    pub(crate) new: String,
}

/// The word in the file for an absent former address.
const NO_ADDRESS: &str = "-";

impl fmt::Display for HistoryEntry {
    /// Writes the line of the file, without the line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let old = self.old.as_deref().unwrap_or(NO_ADDRESS);
        write!(f, "{} {} {old} {}", self.at.as_secs(), self.record, self.new)
    }
}

impl HistoryEntry {
    /// Parses a line of the file; `None` for a line of another format.
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[at, name, rrtype, old, new] = words.as_slice() else { return None };
        let record = format!("{name} {rrtype}");
        let at = Timestamp::from_secs(at.parse().ok()?);
        let old = (old != NO_ADDRESS).then(|| old.to_owned());
        Some(Self { at, record, old, new: new.to_owned() })
    }
}

/// Returns the changed addresses of a pass. A changed TTL is not a changed address.
#[must_use]
pub(crate) fn changes(outcomes: &[Outcome], now: Timestamp) -> Vec<HistoryEntry> {
    let mut changes = Vec::new();
    for Outcome { keys, result } in outcomes {
        let (old, new) = match result {
            Ok(Success::Created { new, .. }) => (None, new),
            Ok(Success::Replaced { old, new, .. }) if old.values() != new.values() => {
                (Some(old.addresses().replace(' ', ",")), new)
            }
            _ => continue,
        };
        for key in keys {
            let new = new.addresses();
            changes.push(HistoryEntry { at: now, record: key.to_string(), old: old.clone(), new });
        }
    }
    changes
}

/// Returns the path of the history in the state directory, used unless `history` is configured.
#[must_use]
pub(crate) fn default_path(dir: &Path, id: ConfigId) -> PathBuf {
    dir.join(format!("{id}.history"))
}

/// Reads the changes, oldest first; an empty list if there is no file. Lines of another format are skipped.
pub(crate) fn read(path: &Path) -> Result<Vec<HistoryEntry>, FileError> {
    let text = read_limited::if_exists(read_limited::read_to_string(path, MAX_FILE))?.unwrap_or_default();
    Ok(text.lines().filter_map(HistoryEntry::parse).collect())
}

/// Adds changes to the file and keeps the last [`MAX_ENTRIES`]. Owner and mode stay; a symlink that root or this user
/// owns stays too, and its target is replaced. A file that is no history is an error and stays as it is.
pub(crate) fn add(path: &Path, new: Vec<HistoryEntry>) -> Result<(), FileError> {
    let (dir, name) = Directory::of(path)?;
    let old = read_limited::if_exists(dir.open_file(&name, OFlags::RDONLY))?;
    let mut changes = Vec::new();
    if let Some(file) = &old {
        let text = read_limited::text_of(read_limited::read_open(file, MAX_FILE)?)?;
        for line in text.lines() {
            changes.push(HistoryEntry::parse(line).ok_or(FileError::NotText("it is not a history"))?);
        }
    }
    changes.extend(new);
    let first = changes.len().saturating_sub(MAX_ENTRIES);
    let lines: Vec<String> = changes[first..].iter().map(|c| format!("{c}\n")).collect();
    let old = old.map(|f| f.metadata()).transpose()?;
    atomic_file::replace(&dir, &name, &lines.concat(), old.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn history_keeps_the_last_fifty_entries_and_refuses_a_foreign_file() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-history-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let change = |at| HistoryEntry {
            at: Timestamp::from_secs(at),
            record: "home.example.org A".to_owned(),
            old: None,
            new: "81.2.69.142".to_owned(),
        };
        assert_eq!(read(&path).ok(), Some(Vec::new()));
        for at in 1..=60 {
            add(&path, vec![change(at)]).expect("a file");
        }
        let kept = read(&path).expect("the file");
        assert_eq!((kept.len(), kept.first(), kept.last()), (50, Some(&change(11)), Some(&change(60))));
        fs::write(&path, b"\xff\n").expect("damage");
        assert!(add(&path, vec![change(1)]).is_err(), "a file of another program stays");
        fs::remove_file(&path).expect("the file");
    }
}
