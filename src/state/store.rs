//! The state directory: the lock of a run, and the state file. The state is a cache: the zone is the truth, so a lost
//! state costs one read of the zone.
//!
//! By default the directory is in memory (`/run`), since SD cards wear. The file is written only when the state has
//! changed, by atomic replace, in a directory of mode 0700 that belongs to us or root.

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

/// Size limit of the state file, in bytes: enough for ten thousand records that fail with long texts.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The problem with a state directory or file.
#[derive(Debug)]
enum StateErrorKind {
    /// An I/O error while we `tried` something, as in "read".
    Io { tried: &'static str, error: io::Error },
    /// The directory is owned by another user.
    NotOurs,
    /// Other users can write to the directory.
    Writable,
    /// Another run holds the lock.
    Locked,
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
    fn new(path: &Path, kind: StateErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// Returns true if another run holds the lock.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        matches!(self.kind, StateErrorKind::Locked)
    }

    /// Returns true if the file has another format version, which is expected after an upgrade and not worth a warning.
    #[must_use]
    pub const fn is_other_version(&self) -> bool {
        matches!(self.kind, StateErrorKind::OtherVersion)
    }

    fn is_not_found(&self) -> bool {
        matches!(&self.kind, StateErrorKind::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
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
            StateErrorKind::Writable => write!(
                f,
                "other users can write to the state directory {path}; set `state_dir`, such as {path}/gandi-ddns"
            ),
            StateErrorKind::Locked => write!(f, "another instance is running (lock {path})"),
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

/// The state directory, locked for this run.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    /// Held until the run ends. A file of its own that is never renamed: otherwise two runs could lock two files.
    lock: File,
}

impl Store {
    /// Creates the directory if it is missing, and takes the lock. `id` distinguishes the configs of one machine;
    /// `uid` is the effective user ID.
    ///
    /// # Errors
    /// If the directory cannot be created or is not private, or if another run holds the lock.
    pub fn open(dir: &Path, id: ConfigId, uid: Option<u32>) -> Result<Self, StateError> {
        let io = |path, tried, error| StateError::new(path, StateErrorKind::Io { tried, error });
        // Parents get the default mode: `~/.cache` is shared with other programs.
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(|e| io(parent, "create the directory", e))?;
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io(dir, "create the state directory", e));
            }
            _ => {}
        }
        check_private(dir, uid)?;
        let lock = take_lock(&lock_file(dir, id), OpenOptions::new().create(true).append(true).mode(0o600))?;
        Ok(Self { file: state_file(dir, id), lock })
    }

    /// Reads the state that the last run left; an empty state if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read, is corrupt, or was written by another version.
    pub fn load(&self) -> Result<State, StateError> {
        read(&self.file)
    }

    /// Replaces the state file atomically.
    ///
    /// # Errors
    /// If the new file cannot be written or renamed; the old one is then unchanged.
    pub fn save(&self, state: &State) -> Result<(), StateError> {
        atomic_file::replace(&self.file, &state.to_string()).map_err(|error| {
            StateError::new(&self.file, StateErrorKind::Io { tried: "write the state", error })
        })
    }

    /// Records the time of this run as the mtime of the lock file, which needs no data write.
    pub fn note_run(&self, now: Timestamp) {
        // An error is ignored: only `gandi-ddns status` reads this time.
        let _ = self.lock.set_modified(UNIX_EPOCH + Duration::from_secs(now.as_secs()));
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
pub fn inspect(dir: &Path, id: ConfigId, uid: Option<u32>) -> StoreStatus {
    match check_private(dir, uid) {
        Err(e) if e.is_not_found() => return StoreStatus::Missing,
        Err(e) => return StoreStatus::Unusable(e),
        Ok(()) => {}
    }
    match take_lock(&lock_file(dir, id), OpenOptions::new().append(true)) {
        Err(e) if !e.is_not_found() => StoreStatus::Unusable(e),
        _ => StoreStatus::Usable,
    }
}

/// Reads the state without a lock and creates no directory; an empty state if there is no file.
///
/// # Errors
/// As [`Store::load`].
pub fn read_unlocked(dir: &Path, id: ConfigId) -> Result<State, StateError> {
    read(&state_file(dir, id))
}

/// Returns the time of the last run; `None` if none is recorded.
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

fn read(path: &Path) -> Result<State, StateError> {
    let kind = match read_limited::read_to_string(path, MAX_FILE) {
        Ok(text) => match State::parse(&text) {
            Ok(state) => return Ok(state),
            Err(Unreadable::Corrupt) => StateErrorKind::Corrupt,
            Err(Unreadable::OtherVersion) => StateErrorKind::OtherVersion,
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge) => {
            StateErrorKind::Corrupt
        }
        Err(error) => StateErrorKind::Io { tried: "read", error },
    };
    Err(StateError::new(path, kind))
}

/// Opens the lock file and takes the lock without waiting. It is released when the file is closed.
fn take_lock(path: &Path, options: &OpenOptions) -> Result<File, StateError> {
    let kind = match options.open(path) {
        Err(error) => StateErrorKind::Io { tried: "open the lock", error },
        Ok(file) => match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => StateErrorKind::Locked,
            Err(TryLockError::Error(error)) => StateErrorKind::Io { tried: "take the lock", error },
        },
    };
    Err(StateError::new(path, kind))
}

/// Checks that the directory, and the symlink that may lead to it, belong to `uid` or root, and that other users cannot
/// write to the directory.
fn check_private(dir: &Path, uid: Option<u32>) -> Result<(), StateError> {
    let is_ours = |m: &fs::Metadata| m.uid() == 0 || Some(m.uid()) == uid;
    let fail = |kind| Err(StateError::new(dir, kind));
    let io = |error| StateErrorKind::Io { tried: "use the state directory", error };
    match fs::symlink_metadata(dir).and_then(|link| Ok((link, fs::metadata(dir)?))) {
        Err(e) => fail(io(e)),
        Ok((_, target)) if !target.is_dir() => fail(io(io::ErrorKind::NotADirectory.into())),
        Ok((link, target)) if !is_ours(&link) || !is_ours(&target) => fail(StateErrorKind::NotOurs),
        Ok((_, target)) if target.mode() & 0o022 != 0 => fail(StateErrorKind::Writable),
        Ok(_) => Ok(()),
    }
}
