//! The state directory of one config: opens the files in it, and takes the lock of a run.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileTimes, Metadata, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::OFlags;

use super::error::{HUNG_AFTER, StateError, StateErrorKind};
use super::format::Unreadable;
use super::records::State;
use crate::sys::directory::{Directory, Missing};
use crate::sys::file_error::FileError;
use crate::sys::hash::ConfigId;
use crate::sys::ownership::{is_ours, is_writable_by_others};
use crate::sys::read_limited;
use crate::sys::time::{DAY, Timestamp};

/// Size limit of the state file, in bytes: enough for ten thousand records that fail with long texts.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The state directory of one config, held open.
#[derive(Debug)]
pub(super) struct StateDir {
    /// The path, for messages.
    path: PathBuf,
    pub(super) dir: Directory,
    id: ConfigId,
}

impl StateDir {
    /// Opens the directory, and checks that it belongs to root or this user and that other users cannot write to it.
    pub(super) fn open(path: &Path, id: ConfigId, missing: Missing) -> Result<Self, StateError> {
        let opened = Directory::open(path, missing).and_then(|dir| Ok((dir.metadata()?, dir)));
        let kind = match opened {
            Err(error) => StateErrorKind::Io { tried: "use the state directory", error },
            Ok((metadata, _)) if !is_ours(&metadata) => StateErrorKind::NotOurs,
            Ok((metadata, _)) if is_writable_by_others(&metadata) => {
                StateErrorKind::Writable { is_sticky: metadata.mode() & 0o1000 != 0 }
            }
            Ok((_, dir)) => return Ok(Self { path: path.to_owned(), dir, id }),
        };
        Err(StateError { path: path.to_owned(), kind })
    }

    /// Returns the name of a file of this config in the directory.
    pub(super) fn name(&self, extension: &str) -> OsString {
        format!("{}.{extension}", self.id).into()
    }

    pub(super) fn error(&self, name: &OsStr, kind: StateErrorKind) -> StateError {
        StateError { path: self.path.join(name), kind }
    }

    /// Opens a file of root or this user in the directory.
    pub(super) fn open_file(
        &self,
        name: &OsStr,
        tried: &'static str,
        flags: OFlags,
    ) -> Result<File, StateError> {
        let file = self.dir.open_file(name, flags).and_then(|file| {
            let ours = is_ours(&file.metadata()?);
            ours.then_some(file)
                .ok_or_else(|| FileError::Unsafe("another user owns it: remove it".to_owned()))
        });
        file.map_err(|error| self.error(name, StateErrorKind::Io { tried, error }))
    }

    /// Reads the state; an empty one if there is no file.
    pub(super) fn read(&self) -> Result<State, StateError> {
        let name = self.name("state");
        let file = match self.open_file(&name, "read", OFlags::RDONLY) {
            Err(e) if e.is_not_found() => return Ok(State::default()),
            file => file?,
        };
        let kind = match read_limited::read_open(&file, MAX_FILE).and_then(read_limited::text_of) {
            Ok(text) => match State::parse(&text) {
                Ok(state) => return Ok(state),
                Err(Unreadable::Corrupt) => StateErrorKind::Corrupt,
                Err(Unreadable::OtherVersion) => StateErrorKind::OtherVersion,
            },
            Err(FileError::NotText(_) | FileError::TooLarge(_)) => StateErrorKind::Corrupt,
            Err(error) => StateErrorKind::Io { tried: "read", error },
        };
        Err(self.error(&name, kind))
    }

    /// Opens the lock file and takes the lock without waiting. It is released when the file is closed. `now` corrects the
    /// time of a lock that another run has taken when the clock was ahead: its age would never grow.
    pub(super) fn lock(&self, flags: OFlags, now: Option<Timestamp>) -> Result<File, StateError> {
        let name = self.name("lock");
        // A lock on NFS needs a file that is open for writing.
        let file = self.open_file(&name, "open the lock", OFlags::RDWR | flags)?;
        let kind = match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                let metadata = file.metadata().ok();
                let since = metadata.as_ref().and_then(modified);
                let mut is_told = false;
                if let Some(now) = now {
                    if since > Some(now) {
                        set_modified(&file, now);
                    } else if since.and_then(|since| now.since(since)).is_some_and(|age| age > HUNG_AFTER) {
                        is_told = metadata.is_some_and(|m| is_told_at(&m, now));
                        if !is_told {
                            note_told(&file, now);
                        }
                    }
                }
                StateErrorKind::Locked { since, is_told }
            }
            Err(TryLockError::Error(e)) => StateErrorKind::Io { tried: "take the lock", error: e.into() },
        };
        Err(self.error(&name, kind))
    }
}

/// Sets the time of the lock file. An error is ignored: the time only serves `gandi-ddns status`, and other runs that find
/// the lock held.
pub(super) fn set_modified(lock: &File, now: Timestamp) {
    if let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(now.as_secs())) {
        let _ = lock.set_modified(time);
    }
}

/// Returns true if a run has complained about this lock less than a day ago: then its access time has whole seconds. The
/// state of the run that holds the lock cannot be written to.
fn is_told_at(lock: &Metadata, now: Timestamp) -> bool {
    let at = u64::try_from(lock.atime()).map(Timestamp::from_secs);
    lock.atime_nsec() == 0 && at.is_ok_and(|at| now.since(at).is_some_and(|age| age < DAY))
}

/// Notes the time of a complaint as the access time of the lock file. An error is ignored: the complaint is repeated then.
fn note_told(lock: &File, now: Timestamp) {
    if let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(now.as_secs())) {
        let _ = lock.set_times(FileTimes::new().set_accessed(time));
    }
}

pub(super) fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let since_1970 = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(since_1970.as_secs()))
}
