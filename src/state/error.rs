//! The errors of the state directory and of the files in it.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::sys::file_error::FileError;
use crate::sys::time::Timestamp;

/// A run that has held the lock for this long hangs, in seconds. `timeout` is an hour at most.
pub(super) const HUNG_AFTER: u64 = 3600;

/// The problem with a state directory or file.
#[derive(Debug)]
pub(super) enum StateErrorKind {
    /// An error while we `tried` something, as in "read".
    Io { tried: &'static str, error: FileError },
    /// The directory is owned by another user.
    NotOurs,
    /// Other users can write to the directory, as to /tmp if it `is_sticky`.
    Writable { is_sticky: bool },
    /// Another run or watcher, the `holder`, has the lock. `is_told` if a run has complained less than a day ago.
    Locked { holder: &'static str, since: Option<Timestamp>, is_told: bool },
    /// The file is corrupt.
    Corrupt,
    /// The file was written by another version of this program.
    OtherVersion,
}

/// An error of the state directory or of a file in it. Only a held lock ([`StateError::is_locked`]) ends a run.
#[derive(Debug)]
pub struct StateError {
    pub(super) path: PathBuf,
    pub(super) kind: StateErrorKind,
}

impl StateError {
    /// Returns true if another run or watcher holds the lock.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        matches!(self.kind, StateErrorKind::Locked { .. })
    }

    /// Returns the text for a lock that another run has held for too long: it hangs, or somebody has stopped it.
    #[must_use]
    pub fn hung(&self, now: Timestamp) -> Option<String> {
        let StateErrorKind::Locked { since: Some(since), .. } = self.kind else { return None };
        let age = now.since(since).filter(|age| *age > HUNG_AFTER)?;
        let (minutes, lock) = (age / 60, self.path.display());
        Some(format!(
            "{self} and has not moved for {minutes} minutes; nothing is updated until you end it: `fuser -k {lock}`"
        ))
    }

    /// Returns true if a run has complained about this lock less than a day ago.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        matches!(self.kind, StateErrorKind::Locked { is_told: true, .. })
    }

    /// Returns the exit code of a command that needs the state.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match &self.kind {
            StateErrorKind::NotOurs | StateErrorKind::Writable { .. } => Exit::Config,
            StateErrorKind::Io { error, .. } if !error.is_temporary() => Exit::Config,
            _ => Exit::TryLater,
        }
    }

    /// Returns true if the file has another format version, which is expected after an upgrade and not worth a warning.
    #[must_use]
    pub const fn is_other_version(&self) -> bool {
        matches!(self.kind, StateErrorKind::OtherVersion)
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(&self.kind, StateErrorKind::Io { error, .. } if error.kind() == ErrorKind::NotFound)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            StateErrorKind::Io { tried, .. } => write!(f, "could not {tried} {path}"),
            StateErrorKind::NotOurs => {
                write!(f, "the state directory {path} is owned by another user; set `state_dir`")
            }
            StateErrorKind::Writable { is_sticky } => {
                write!(f, "other users can write to the state directory {path}; ")?;
                match is_sticky {
                    true => write!(f, "set `state_dir`, such as {path}/gandi-ddns"),
                    false => write!(f, "run `chmod go-w {path}`, or set `state_dir`"),
                }
            }
            StateErrorKind::Locked { holder, .. } => write!(f, "another {holder} is running (lock {path})"),
            StateErrorKind::Corrupt => write!(f, "{path} is corrupt; ignoring it"),
            StateErrorKind::OtherVersion => write!(f, "{path} was written by another version; ignoring it"),
        }
    }
}

impl std::error::Error for StateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            StateErrorKind::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
