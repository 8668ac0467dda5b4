//! The last address changes, for `gandi-ddns status`. Written only when there is one more.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::outcome::{Done, Outcome};
use crate::sys::atomic_file;

/// So many changes are kept.
const MAX_ENTRIES: usize = 50;
/// The largest file that we would have written.
const MAX_FILE: u64 = 64 * 1024;

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// The record, as in `home.example.org A`.
    pub(crate) record: String,
    /// What it held, or `-`.
    pub(crate) old: String,
    /// What it holds.
    pub(crate) new: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.at, self.record, self.old, self.new)
    }
}

impl Change {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[at, name, rrtype, old, new] = words.as_slice() else { return None };
        let record = format!("{name} {rrtype}");
        Some(Self { at: at.parse().ok()?, record, old: old.to_owned(), new: new.to_owned() })
    }
}

/// The changes that a round has made.
#[must_use]
pub(crate) fn changes(outcomes: &[Outcome], now: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    for Outcome { keys, result } in outcomes {
        let (old, new) = match result {
            Ok(Done::Created { new, .. }) => ("-".to_owned(), new),
            Ok(Done::Replaced { old, new, .. }) if old.values() != new.values() => {
                (old.addresses().replace(' ', ","), new)
            }
            _ => continue,
        };
        for key in keys {
            let new = new.addresses();
            changes.push(Change { at: now, record: key.to_string(), old: old.clone(), new });
        }
    }
    changes
}

/// Where the changes are kept unless the config names a place.
#[must_use]
pub(crate) fn with_state(dir: &Path, instance: u64) -> PathBuf {
    dir.join(format!("{instance:016x}.history"))
}

/// The changes in the file, oldest first; none where there is no file. Lines that are not ours count for nothing.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Change>> {
    let mut text = String::new();
    match File::open(path).and_then(|f| f.take(MAX_FILE).read_to_string(&mut text)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
        Ok(_) => Ok(text.lines().filter_map(Change::parse).collect()),
    }
}

/// Adds changes to the file, of which the last fifty stay.
pub(crate) fn add(path: &Path, new: Vec<Change>) -> io::Result<()> {
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
    fn the_last_fifty_stay() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-history-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let change = |at| Change {
            at,
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
