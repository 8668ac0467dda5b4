//! The state directory of one config: opens the files in it, and takes the lock of a run.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileTimes, Metadata, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use rustix::process::geteuid;

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

/// A lock in the state directory: the extension of its file, and its holder in messages.
pub(super) type Lock = (&'static str, &'static str);

/// The lock of a run.
pub(super) const RUN: Lock = ("lock", "instance");

/// The number of further attempts to take a lock that nobody has taken, but some inspect.
const RETRIES: u32 = 40;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// The use of a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Takes it. Its file is created if it is missing.
    Take,
    /// Finds out if somebody has taken it. Several processes can do this at once.
    Inspect,
}

/// The state directory of one config, held open.
#[derive(Debug)]
pub(super) struct StateDir {
    /// The path, for messages.
    path: PathBuf,
    pub(super) dir: Directory,
    id: ConfigId,
    /// The user who owns it, and may own the files in it.
    owner: u32,
}

impl StateDir {
    /// Opens the directory, and checks that it belongs to root or this user and that other users cannot write to it. One
    /// that must exist is only read, and root may read that of another user: a systemd service has a user of its own.
    pub(super) fn open(path: &Path, id: ConfigId, missing: Missing) -> Result<Self, StateError> {
        let opened = Directory::open(path, missing).and_then(|dir| Ok((dir.metadata()?, dir)));
        let kind = match opened {
            Err(error) => StateErrorKind::Io { tried: "use the state directory", error },
            Ok((metadata, _)) if !(is_ours(&metadata) || missing == Missing::Fail && geteuid().is_root()) => {
                StateErrorKind::NotOurs
            }
            Ok((metadata, _)) if is_writable_by_others(&metadata) => {
                StateErrorKind::Writable { is_sticky: metadata.mode() & 0o1000 != 0 }
            }
            Ok((metadata, dir)) => return Ok(Self { path: path.to_owned(), dir, id, owner: metadata.uid() }),
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

    /// Opens a file of root, this user or the owner of the directory.
    pub(super) fn open_file(
        &self,
        name: &OsStr,
        tried: &'static str,
        flags: OFlags,
    ) -> Result<File, StateError> {
        let file = self.dir.open_file(name, flags).and_then(|file| {
            let metadata = file.metadata()?;
            (is_ours(&metadata) || metadata.uid() == self.owner)
                .then_some(file)
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

    /// Opens the lock file and takes or inspects the lock. Waits only for those who inspect it. The lock is released when the
    /// file is closed. `now` corrects the time of a lock that another run has taken when the clock was ahead: its age would
    /// never grow.
    #[inline(never)]
    pub(super) fn lock(
        &self,
        (extension, holder): Lock,
        usage: Use,
        now: Option<Timestamp>,
    ) -> Result<File, StateError> {
        let name = self.name(extension);
        let create = if usage == Use::Take { OFlags::CREATE } else { OFlags::empty() };
        // A lock on NFS needs a file that is open for writing.
        let file = self.open_file(&name, "open the lock", OFlags::RDWR | create)?;
        let kind = match try_lock(&file, usage) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                let metadata = file.metadata().ok();
                let since = metadata.as_ref().and_then(modified);
                let mut is_told = false;
                if let Some(now) = now {
                    if since > Some(now) {
                        set_times(&file, None, Some(now));
                    } else if since.and_then(|since| now.since(since)).is_some_and(|age| age > HUNG_AFTER) {
                        is_told = metadata.is_some_and(|m| is_told_at(&m, now));
                        if !is_told {
                            // Notes the time of this complaint.
                            set_times(&file, Some(now), None);
                        }
                    }
                }
                StateErrorKind::Locked { holder, since, is_told }
            }
            Err(TryLockError::Error(e)) => StateErrorKind::Io { tried: "take the lock", error: e.into() },
        };
        Err(self.error(&name, kind))
    }
}

/// Takes the lock of a file, or inspects it by a shared one. That keeps nobody else who inspects it from the truth, and those
/// who take it try again.
fn try_lock(file: &File, usage: Use) -> Result<(), TryLockError> {
    let mut left = RETRIES;
    loop {
        let locked = if usage == Use::Take { file.try_lock() } else { file.try_lock_shared() };
        if !matches!(locked, Err(TryLockError::WouldBlock)) || left == 0 || file.try_lock_shared().is_err() {
            return locked;
        }
        let _ = file.unlock();
        left -= 1;
        sleep(PAUSE);
    }
}

/// Sets the access time and the modification time of a lock file. An error is ignored: the times only serve `gandi-ddns
/// status`, and other runs that find the lock held.
#[inline(never)]
pub(super) fn set_times(lock: &File, accessed: Option<Timestamp>, modified: Option<Timestamp>) {
    let mut times = FileTimes::new();
    if let Some(time) = accessed.and_then(system_time) {
        times = times.set_accessed(time);
    }
    if let Some(time) = modified.and_then(system_time) {
        times = times.set_modified(time);
    }
    let _ = lock.set_times(times);
}

fn system_time(time: Timestamp) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()))
}

/// Returns true if a run has complained about this lock less than a day ago: then its access time has whole seconds. The
/// state of the run that holds the lock cannot be written to.
fn is_told_at(lock: &Metadata, now: Timestamp) -> bool {
    lock.atime_nsec() == 0 && accessed(lock).and_then(|at| now.since(at)).is_some_and(|age| age < DAY)
}

/// Inspects the file of a lock.
#[inline(never)]
pub(super) fn metadata(dir: &Path, id: ConfigId, (extension, _): Lock) -> Option<Metadata> {
    dir.join(format!("{id}.{extension}")).symlink_metadata().ok()
}

pub(super) fn accessed(metadata: &Metadata) -> Option<Timestamp> {
    u64::try_from(metadata.atime()).ok().map(Timestamp::from_secs)
}

pub(super) fn modified(metadata: &Metadata) -> Option<Timestamp> {
    u64::try_from(metadata.mtime()).ok().map(Timestamp::from_secs)
}
