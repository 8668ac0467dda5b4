//! The state directory: the lock of a run, and the state file. The state is a cache: the zone is the truth, so a lost
//! state costs one read of the zone.
//!
//! By default the directory is in memory (`/run`), since SD cards wear. The file is written only when the state has
//! changed, by atomic replace, in a directory of mode 0700 that belongs to us or root.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{File, FileTimes, Metadata, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::OFlags;

use super::format::Unreadable;
use super::records::State;
use crate::exit::Exit;
use crate::sys::atomic_file;
use crate::sys::directory::{Directory, Missing};
use crate::sys::file_error::FileError;
use crate::sys::hash::ConfigId;
use crate::sys::ownership::{is_ours, is_writable_by_others};
use crate::sys::read_limited;
use crate::sys::time::{DAY, Timestamp};

/// The consequence of a state directory that cannot be used, for warnings.
pub(crate) const WITHOUT_STATE: &str =
    "without it every run queries Gandi and runs are not locked against each other";

/// Size limit of the state file, in bytes: enough for ten thousand records that fail with long texts.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A run that has held the lock for this long hangs, in seconds. `timeout` is an hour at most.
const HUNG_AFTER: u64 = 3600;

/// The problem with a state directory or file.
#[derive(Debug)]
enum StateErrorKind {
    /// An error while we `tried` something, as in "read".
    Io { tried: &'static str, error: FileError },
    /// The directory is owned by another user.
    NotOurs,
    /// Other users can write to the directory, as to /tmp if it `is_sticky`.
    Writable { is_sticky: bool },
    /// Another run holds the lock. `is_told` if a run has complained less than a day ago.
    Locked { since: Option<Timestamp>, is_told: bool },
    /// The file is corrupt.
    Corrupt,
    /// The file was written by another version of this program.
    OtherVersion,
}

/// An error of the state directory or of a file in it. Only a held lock ([`StateError::is_locked`]) ends a run.
#[derive(Debug)]
pub struct StateError {
    path: PathBuf,
    kind: StateErrorKind,
}

impl StateError {
    /// Returns true if another run holds the lock.
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

    fn is_not_found(&self) -> bool {
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
            StateErrorKind::Locked { .. } => write!(f, "another instance is running (lock {path})"),
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

/// The state directory of one config, held open.
#[derive(Debug)]
struct StateDir {
    /// The path, for messages.
    path: PathBuf,
    dir: Directory,
    id: ConfigId,
}

impl StateDir {
    /// Opens the directory, and checks that it belongs to root or this user and that other users cannot write to it.
    fn open(path: &Path, id: ConfigId, missing: Missing) -> Result<Self, StateError> {
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
    fn name(&self, extension: &str) -> OsString {
        format!("{}.{extension}", self.id).into()
    }

    fn error(&self, name: &OsStr, kind: StateErrorKind) -> StateError {
        StateError { path: self.path.join(name), kind }
    }

    /// Opens a file of root or this user in the directory.
    fn open_file(&self, name: &OsStr, tried: &'static str, flags: OFlags) -> Result<File, StateError> {
        let file = self.dir.open_file(name, flags).and_then(|file| {
            let ours = is_ours(&file.metadata()?);
            ours.then_some(file)
                .ok_or_else(|| FileError::Unsafe("another user owns it: remove it".to_owned()))
        });
        file.map_err(|error| self.error(name, StateErrorKind::Io { tried, error }))
    }

    /// Reads the state; an empty one if there is no file.
    fn read(&self) -> Result<State, StateError> {
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
    fn lock(&self, flags: OFlags, now: Option<Timestamp>) -> Result<File, StateError> {
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

/// The state directory, locked for this run.
#[derive(Debug)]
pub struct Store {
    dir: StateDir,
    /// Held until the run ends. A file of its own that is never renamed: otherwise two runs could lock two files.
    lock: File,
    /// False if there is something else in place of the state file, which stays, or after a failed save.
    may_save: bool,
}

impl Store {
    /// Creates the directory if it is missing, takes the lock and notes the time; `None` if the clock is wrong. `id`
    /// distinguishes the configs of one machine.
    ///
    /// # Errors
    /// If the directory cannot be created or is not private, or if another run holds the lock.
    pub fn open(dir: &Path, id: ConfigId, now: Option<Timestamp>) -> Result<Self, StateError> {
        let dir = StateDir::open(dir, id, Missing::Create)?;
        let store = Self { lock: dir.lock(OFlags::CREATE, now)?, dir, may_save: true };
        if let Some(now) = now {
            store.note_run(now);
        }
        Ok(store)
    }

    /// Reads the state that the last run left; an empty state if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read, is corrupt, or was written by another version.
    pub fn load(&mut self) -> Result<State, StateError> {
        self.dir.read().inspect_err(|e| self.may_save = !matches!(e.kind, StateErrorKind::Io { .. }))
    }

    /// Replaces the state file atomically by the text of a [`State`]. Does nothing if [`Store::load`] could not read what
    /// is there, or after an error.
    ///
    /// # Errors
    /// If the new file cannot be written or renamed; the old one is then unchanged.
    pub fn save(&mut self, text: &str) -> Result<(), StateError> {
        let name = self.dir.name("state");
        if !self.may_save {
            return Ok(());
        }
        let result = atomic_file::replace(&self.dir.dir, &name, text, None);
        self.may_save = result.is_ok();
        result.map_err(|error| self.dir.error(&name, StateErrorKind::Io { tried: "write the state", error }))
    }

    /// Records the time of this attempt as the mtime of the lock file, which needs no data write.
    pub fn note_run(&self, now: Timestamp) {
        set_modified(&self.lock, now);
    }
}

/// The status of a state directory that was inspected and not opened.
#[derive(Debug)]
pub enum StoreStatus {
    /// It does not exist yet.
    Missing,
    /// It is private, and no run holds the lock.
    Usable,
    /// It cannot be used, or a run holds the lock.
    Unusable(StateError),
}

/// Inspects the directory and the lock, and creates neither.
#[must_use]
pub fn inspect(dir: &Path, id: ConfigId) -> StoreStatus {
    let dir = match StateDir::open(dir, id, Missing::Fail) {
        Err(e) if e.is_not_found() => return StoreStatus::Missing,
        Err(e) => return StoreStatus::Unusable(e),
        Ok(dir) => dir,
    };
    match dir.lock(OFlags::empty(), None) {
        Err(e) if !e.is_not_found() => StoreStatus::Unusable(e),
        _ => StoreStatus::Usable,
    }
}

/// Reads the state without a lock and creates no directory; an empty state if there is none.
///
/// # Errors
/// As [`Store::load`], and if the directory is not private.
pub fn read_unlocked(dir: &Path, id: ConfigId) -> Result<State, StateError> {
    match StateDir::open(dir, id, Missing::Fail) {
        Err(e) if e.is_not_found() => Ok(State::default()),
        dir => dir?.read(),
    }
}

/// Returns the time of the last run; `None` if none is recorded.
#[must_use]
pub fn last_run(dir: &Path, id: ConfigId) -> Option<Timestamp> {
    modified(&dir.join(format!("{id}.lock")).symlink_metadata().ok()?)
}

/// Sets the time of the lock file. An error is ignored: the time only serves `gandi-ddns status`, and other runs that find
/// the lock held.
fn set_modified(lock: &File, now: Timestamp) {
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

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let since_1970 = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(since_1970.as_secs()))
}
