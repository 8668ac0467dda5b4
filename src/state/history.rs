//! The last address changes, for `gandi-ddns status`. Written only when there is one more.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::outcome::{Outcome, Success};
use crate::sys::atomic_file;
use crate::sys::hash::ConfigId;
use crate::sys::read_limited;
use crate::sys::time::Timestamp;

/// So many changes are kept.
const MAX_ENTRIES: usize = 50;
/// The largest file that we would have written.
const MAX_FILE: u64 = 64 * 1024;

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryEntry {
    /// Seconds since 1970.
    pub(crate) at: Timestamp,
    /// The record, as in `home.example.org A`.
    pub(crate) record: String,
    /// What it held, or `-`.
    pub(crate) old: String,
    /// What it holds.
    pub(crate) new: String,
}

impl fmt::Display for HistoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.at.as_secs(), self.record, self.old, self.new)
    }
}

impl HistoryEntry {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[at, name, rrtype, old, new] = words.as_slice() else { return None };
        let record = format!("{name} {rrtype}");
        let at = Timestamp::from_secs(at.parse().ok()?);
        Some(Self { at, record, old: old.to_owned(), new: new.to_owned() })
    }
}

/// The changes that a round has made.
#[must_use]
pub(crate) fn changes(outcomes: &[Outcome], now: Timestamp) -> Vec<HistoryEntry> {
    let mut changes = Vec::new();
    for Outcome { keys, result } in outcomes {
        let (old, new) = match result {
            Ok(Success::Created { new, .. }) => ("-".to_owned(), new),
            Ok(Success::Replaced { old, new, .. }) if old.values() != new.values() => {
                (old.addresses().replace(' ', ","), new)
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

/// Where the changes are kept unless the config names a place.
#[must_use]
pub(crate) fn default_path(dir: &Path, id: ConfigId) -> PathBuf {
    dir.join(format!("{id}.history"))
}

/// The changes in the file, oldest first; none where there is no file. Lines that are not ours count for nothing.
pub(crate) fn read(path: &Path) -> io::Result<Vec<HistoryEntry>> {
    match read_limited::read_to_string(path, MAX_FILE) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
        Ok(text) => Ok(text.lines().filter_map(HistoryEntry::parse).collect()),
    }
}

/// Adds changes to the file, of which the last fifty stay.
pub(crate) fn add(path: &Path, new: Vec<HistoryEntry>) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // What cannot be read is not ours to replace.
    let mut changes = read(&path)?;
    changes.extend(new);
    let first = changes.len().saturating_sub(MAX_ENTRIES);
    let lines: Vec<String> = changes[first..].iter().map(|c| format!("{c}\n")).collect();
    atomic_file::replace(&path, &lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_keeps_the_last_fifty_entries_and_refuses_a_foreign_file() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-history-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let change = |at| HistoryEntry {
            at: Timestamp::from_secs(at),
            record: "home.example.org A".to_owned(),
            old: "-".to_owned(),
            new: "81.2.69.142".to_owned(),
        };
        assert_eq!(read(&path).ok(), Some(Vec::new()));
        for at in 1..=60 {
            add(&path, vec![change(at)]).expect("a file");
        }
        let kept = read(&path).expect("the file");
        assert_eq!((kept.len(), kept.first(), kept.last()), (50, Some(&change(11)), Some(&change(60))));
        fs::write(&path, b"\xff\n").expect("damage");
        assert!(add(&path, vec![change(1)]).is_err(), "that was somebody else's");
        fs::remove_file(&path).expect("the file");
    }
}
