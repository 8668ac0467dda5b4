//! The lock, and what the last rounds confirmed. A cache: the zone is the truth, so losing it costs one look.
//!
//! Lives in memory where there is a choice (`/run`), since SD cards wear; is written only when it changed, by
//! temporary file and rename; and lies in a directory of mode 0700 that nobody else can have put there.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::format::Unreadable;
use super::records::State;
use crate::sys::atomic_file;
use crate::sys::hash::ConfigId;
use crate::sys::read_limited;
use crate::sys::time::Timestamp;

/// The consequence of a state directory that cannot be used, for warnings.
pub(crate) const WITHOUT_STATE: &str =
    "without it every run queries Gandi and runs are not locked against each other";

/// The largest file that we would have written: some ten thousand records.
const MAX_FILE: u64 = 1024 * 1024;

/// What is the matter with a state directory or file.
#[derive(Debug)]
enum StateErrorKind {
    Io(io::Error),
    NotOurs,
    Writable,
    Locked,
    Corrupt,
    OtherVersion,
}

/// A [`StateErrorKind`], where it is, and what was tried. Only [`StateError::is_locked`] ends a run.
#[derive(Debug)]
pub struct StateError {
    path: PathBuf,
    tried: &'static str,
    kind: StateErrorKind,
}

impl StateError {
    /// Whether another run holds the lock.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        matches!(self.kind, StateErrorKind::Locked)
    }

    /// Whether it is what follows every upgrade, and so no news to anybody.
    #[must_use]
    pub const fn is_other_version(&self) -> bool {
        matches!(self.kind, StateErrorKind::OtherVersion)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            StateErrorKind::Locked => write!(f, "another instance is running (lock {path})"),
            StateErrorKind::Corrupt => write!(f, "{path} is corrupt; ignoring it"),
            StateErrorKind::OtherVersion => write!(f, "{path} was written by another version; ignoring it"),
            StateErrorKind::NotOurs => {
                write!(f, "could not {} {path}: it is owned by another user; set `state_dir`", self.tried)
            }
            StateErrorKind::Writable => write!(
                f,
                "could not {} {path}: other users can write to it; name a private directory in `state_dir`, such as \
                 {path}/gandi-ddns",
                self.tried
            ),
            StateErrorKind::Io(e) => write!(f, "could not {} {path}: {e}", self.tried),
        }
    }
}

impl std::error::Error for StateError {}

/// The state directory, locked for this run.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    /// Held until the run ends. A file of its own, never renamed, or else two runs could lock two files.
    lock: File,
}

impl Store {
    /// Makes the directory if need be and takes the lock. `id` tells the configs of one machine apart;
    /// `uid` is who we are.
    pub fn open(dir: &Path, id: ConfigId, uid: Option<u32>) -> Result<Self, StateError> {
        let failed = |path: &Path, tried, kind| Err(StateError { path: path.to_owned(), tried, kind });
        // Parents get ordinary modes: `~/.cache` is not ours alone.
        if let Some(parent) = dir.parent()
            && let Err(e) = fs::create_dir_all(parent)
        {
            return failed(parent, "make the directory", StateErrorKind::Io(e));
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return failed(dir, "make the state directory", StateErrorKind::Io(e));
            }
            _ => {}
        }
        if let Err(kind) = check_dir(dir, uid) {
            return failed(dir, "use the state directory", kind);
        }
        let path = lock_file(dir, id);
        let lock = match OpenOptions::new().create(true).append(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(e) => return failed(&path, "open the lock", StateErrorKind::Io(e)),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: state_file(dir, id), lock }),
            Err(TryLockError::WouldBlock) => failed(&path, "take", StateErrorKind::Locked),
            Err(TryLockError::Error(e)) => failed(&path, "take the lock", StateErrorKind::Io(e)),
        }
    }

    /// What the last run left. No file is an empty state.
    pub fn load(&self) -> Result<State, StateError> {
        read(&self.file)
    }

    /// Puts `state` in the file's place, all of it or nothing.
    pub fn save(&self, state: &State) -> Result<(), StateError> {
        atomic_file::replace(&self.file, &state.to_string()).map_err(|e| StateError {
            path: self.file.clone(),
            tried: "write the state",
            kind: StateErrorKind::Io(e),
        })
    }

    /// Notes when a run was: as the lock's time, which costs no file a write.
    pub fn note_run(&self, now: Timestamp) {
        // Only `gandi-ddns status` looks at it.
        let _ = self.lock.set_modified(UNIX_EPOCH + Duration::from_secs(now.as_secs()));
    }
}

/// What a look at the state directory finds.
#[derive(Debug)]
pub enum StoreStatus {
    /// It is not there yet.
    Missing,
    /// It is ours, and no run holds the lock.
    Usable,
    /// It is of no use, or a run holds the lock.
    Unusable(StateError),
}

/// Looks at the directory and the lock, and makes neither.
#[must_use]
pub fn inspect(dir: &Path, id: ConfigId, uid: Option<u32>) -> StoreStatus {
    let bad =
        |path: &Path, tried, kind| StoreStatus::Unusable(StateError { path: path.to_owned(), tried, kind });
    match check_dir(dir, uid) {
        Err(StateErrorKind::Io(e)) if e.kind() == io::ErrorKind::NotFound => return StoreStatus::Missing,
        Err(kind) => return bad(dir, "use the state directory", kind),
        Ok(()) => {}
    }
    let path = lock_file(dir, id);
    match OpenOptions::new().append(true).open(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => StoreStatus::Usable,
        Err(e) => bad(&path, "open the lock", StateErrorKind::Io(e)),
        Ok(file) => match file.try_lock() {
            Ok(()) => StoreStatus::Usable,
            Err(TryLockError::WouldBlock) => bad(&path, "take", StateErrorKind::Locked),
            Err(TryLockError::Error(e)) => bad(&path, "take the lock", StateErrorKind::Io(e)),
        },
    }
}

/// What the last run left, for a dry run, which takes no lock and makes no directory.
pub fn read_unlocked(dir: &Path, id: ConfigId) -> Result<State, StateError> {
    read(&state_file(dir, id))
}

/// When the last run was, in seconds since 1970.
#[must_use]
pub fn last_run(dir: &Path, id: ConfigId) -> Option<Timestamp> {
    let at = lock_file(dir, id).metadata().and_then(|m| m.modified()).ok()?;
    at.duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| Timestamp::from_secs(d.as_secs()))
}

fn lock_file(dir: &Path, id: ConfigId) -> PathBuf {
    dir.join(format!("{id}.lock"))
}

fn state_file(dir: &Path, id: ConfigId) -> PathBuf {
    dir.join(format!("{id}.state"))
}

fn read(file: &Path) -> Result<State, StateError> {
    let failed = |kind| StateError { path: file.to_owned(), tried: "read", kind };
    match read_limited::read_to_string(file, MAX_FILE) {
        Ok(text) => State::parse(&text).map_err(|e| match e {
            Unreadable::Corrupt => failed(StateErrorKind::Corrupt),
            Unreadable::OtherVersion => failed(StateErrorKind::OtherVersion),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) => {
            Err(failed(StateErrorKind::Corrupt))
        }
        Err(e) => Err(failed(StateErrorKind::Io(e))),
    }
}

/// Whether the directory, and the link that may lead to it, are ours or root's, and only ours to write to.
fn check_dir(dir: &Path, uid: Option<u32>) -> Result<(), StateErrorKind> {
    let ours = |m: &fs::Metadata| m.uid() == 0 || Some(m.uid()) == uid;
    let (link, target) = (
        fs::symlink_metadata(dir).map_err(StateErrorKind::Io)?,
        fs::metadata(dir).map_err(StateErrorKind::Io)?,
    );
    if !target.is_dir() {
        return Err(StateErrorKind::Io(io::ErrorKind::NotADirectory.into()));
    }
    if !ours(&link) || !ours(&target) {
        Err(StateErrorKind::NotOurs)
    } else if target.mode() & 0o022 != 0 {
        Err(StateErrorKind::Writable)
    } else {
        Ok(())
    }
}
