//! The history: a file with the last address changes, for `gandi-ddns status`. It is written only after a change.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::outcome::{Outcome, Success};
use crate::sys::atomic_file;
use crate::sys::directory::Directory;
use crate::sys::file_error::FileError;
use crate::sys::hash::ConfigId;
use crate::sys::read_limited::{if_exists, read_open, text_of};
use crate::sys::time::Timestamp;
use crate::sys::words::number;

/// Number of changes that are kept.
const MAX_ENTRIES: usize = 50;
/// Size limit of the file, in bytes: far more than [`MAX_ENTRIES`] lines need, as others may have added lines.
const MAX_FILE: u64 = 16 * 1024 * 1024;

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

const NOT_A_HISTORY: FileError =
    FileError::NotText("it has lines that are no history; move it away, or set another `history`");

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
    pub(super) fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[at, name, rrtype, old, new] = words.as_slice() else { return None };
        let address: IpAddr = new.parse().ok()?;
        if rrtype != if address.is_ipv4() { "A" } else { "AAAA" } {
            return None;
        }
        let record = format!("{name} {rrtype}");
        let at = Timestamp::from_secs(number(at, 10)?);
        let old = (old != NO_ADDRESS).then(|| old.to_owned());
        Some(Self { at, record, old, new: new.to_owned() })
    }
}

/// Returns the changed addresses of a pass. A changed TTL is not a changed address.
#[must_use]
pub(crate) fn changes(outcomes: &[Outcome], now: Timestamp) -> Vec<HistoryEntry> {
    let mut changes = Vec::new();
    for Outcome { keys, result, .. } in outcomes {
        let (old, new) = match result {
            Ok(Success::Created { new, .. }) => (None, new),
            Ok(Success::Replaced { old, new, .. }) if old.values() != new.values() => {
                (Some(old.addresses().replace(' ', ",")), new)
            }
            _ => continue,
        };
        for key in keys {
            let new = new.addresses();
            changes.push(HistoryEntry { at: now, record: key.label(), old: old.clone(), new });
        }
    }
    changes
}

/// Returns the path of the history in the state directory, used unless `history` is configured.
#[must_use]
pub(crate) fn default_path(dir: &Path, id: ConfigId) -> PathBuf {
    dir.join(format!("{id}.history"))
}

/// Reads the changes, oldest first; an empty list if there is no file or no directory.
pub(crate) fn read(path: &Path) -> Result<Vec<HistoryEntry>, FileError> {
    let file = Directory::of(path).and_then(|(dir, name)| dir.open_file(&name, OFlags::RDONLY));
    if_exists(file)?.map_or(Ok(Vec::new()), |file| entries(&file))
}

/// Adds changes to the file and keeps the last [`MAX_ENTRIES`]. Owner and mode stay; a symlink that root or this user
/// owns stays too, and its target is replaced. A file that is not a history is an error and stays as it is.
pub(crate) fn add(path: &Path, new: Vec<HistoryEntry>) -> Result<(), FileError> {
    let (dir, name) = Directory::of(path)?;
    let (mut changes, mut old) = (Vec::new(), None);
    if let Some(file) = if_exists(dir.open_file(&name, OFlags::RDONLY))? {
        changes = entries(&file)?;
        old = Some(file.metadata()?);
    }
    for change in new {
        push_newest(&mut changes, change);
    }
    let mut text = String::new();
    for change in &changes {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{change}");
    }
    atomic_file::replace(&dir, &name, &text, old.as_ref())
}

/// Reads the changes in a file.
fn entries(file: &File) -> Result<Vec<HistoryEntry>, FileError> {
    parse(&text_of(read_open(file, MAX_FILE)?)?)
}

/// Parses the last [`MAX_ENTRIES`] lines of a text, which must all be lines of a history or empty.
pub(super) fn parse(text: &str) -> Result<Vec<HistoryEntry>, FileError> {
    let mut entries = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        push_newest(&mut entries, HistoryEntry::parse(line).ok_or(NOT_A_HISTORY)?);
    }
    Ok(entries)
}

/// Adds a change, and drops the oldest one if there are too many.
pub(super) fn push_newest(entries: &mut Vec<HistoryEntry>, entry: HistoryEntry) {
    if entries.len() == MAX_ENTRIES {
        entries.remove(0);
    }
    entries.push(entry);
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
        // Larger than 64 KiB.
        let many: Vec<String> = (1..=3000).map(|at| format!("{}\n", change(at))).collect();
        let many = many.concat();
        fs::write(&path, &many).expect("a long history");
        add(&path, vec![change(3001)]).expect("a longer one");
        let kept = read(&path).expect("the file");
        assert_eq!((kept.len(), kept.first(), kept.last()), (50, Some(&change(2952)), Some(&change(3001))));
        let family = "1 home.example.org A - 2a01::1\n";
        for foreign in
            ["\u{fffd}\n", "1 a b c d\n", family, "text", &(many + "1 2 3 4 5"), &"x".repeat(200_000)]
        {
            fs::write(&path, foreign).expect("a file of another program");
            assert!(add(&path, vec![change(1)]).is_err() && read(&path).is_err());
            assert!(fs::read_to_string(&path).is_ok_and(|text| text == foreign), "it stays");
        }
        fs::remove_file(&path).expect("the file");
    }
}
