//! The lock, and what the last rounds confirmed. A cache: the zone is the truth, so losing it costs one look.
//!
//! Lives in memory where there is a choice (`/run`), since SD cards wear; is written only when it changed, by
//! temporary file and rename; and lies in a directory of mode 0700 that nobody else can have put there.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::format::Unreadable;
use super::records::State;
use crate::sys::atomic_file;

/// The largest file that we would have written: some ten thousand records.
const MAX_FILE: u64 = 1024 * 1024;

/// What is the matter with a state directory or file.
#[derive(Debug)]
enum Problem {
    Io(io::Error),
    NotOurs,
    Writable,
    Busy,
    Damaged,
    OtherVersion,
}

/// A [`Problem`], where it is, and what was tried. Only [`StateError::is_busy`] ends a run.
#[derive(Debug)]
pub struct StateError {
    path: PathBuf,
    tried: &'static str,
    problem: Problem,
}

impl StateError {
    /// Whether another run holds the lock.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.problem, Problem::Busy)
    }

    /// Whether it is what follows every upgrade, and so no news to anybody.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self.problem, Problem::OtherVersion)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Busy => write!(f, "another run holds the lock {path}: nothing was done"),
            Problem::Damaged => write!(f, "{path} is damaged: starting afresh"),
            Problem::OtherVersion => write!(f, "{path} is of another version: starting afresh"),
            Problem::NotOurs => {
                write!(
                    f,
                    "could not {} {path}: it belongs to somebody else; choose another `state_dir`",
                    self.tried
                )
            }
            Problem::Writable => write!(
                f,
                "could not {} {path}: others may write to it; name a directory of its own in `state_dir`, such as \
                 {path}/gandi-ddns",
                self.tried
            ),
            Problem::Io(e) => write!(f, "could not {} {path}: {e}", self.tried),
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
    /// Makes the directory if need be and takes the lock. `instance` tells the configs of one machine apart;
    /// `uid` is who we are.
    pub fn open(dir: &Path, instance: u64, uid: Option<u32>) -> Result<Self, StateError> {
        let failed = |path: &Path, tried, problem| Err(StateError { path: path.to_owned(), tried, problem });
        // Parents get ordinary modes: `~/.cache` is not ours alone.
        if let Some(parent) = dir.parent()
            && let Err(e) = fs::create_dir_all(parent)
        {
            return failed(parent, "make the directory", Problem::Io(e));
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return failed(dir, "make the state directory", Problem::Io(e));
            }
            _ => {}
        }
        if let Err(problem) = check_dir(dir, uid) {
            return failed(dir, "use the state directory", problem);
        }
        let path = lock_file(dir, instance);
        let lock = match OpenOptions::new().create(true).append(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(e) => return failed(&path, "open the lock", Problem::Io(e)),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: state_file(dir, instance), lock }),
            Err(TryLockError::WouldBlock) => failed(&path, "take", Problem::Busy),
            Err(TryLockError::Error(e)) => failed(&path, "take the lock", Problem::Io(e)),
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
            problem: Problem::Io(e),
        })
    }

    /// Notes when a run was: as the lock's time, which costs no file a write.
    pub fn note_run(&self, now: u64) {
        // Only `gandi-ddns status` looks at it.
        let _ = self.lock.set_modified(UNIX_EPOCH + Duration::from_secs(now));
    }
}

/// What a look at the state directory finds.
#[derive(Debug)]
pub enum Place {
    /// It is not there yet.
    Missing,
    /// It is ours, and no run holds the lock.
    Good,
    /// It is of no use, or a run holds the lock.
    Bad(StateError),
}

/// Looks at the directory and the lock, and makes neither.
#[must_use]
pub fn look(dir: &Path, instance: u64, uid: Option<u32>) -> Place {
    let bad = |path: &Path, tried, problem| Place::Bad(StateError { path: path.to_owned(), tried, problem });
    match check_dir(dir, uid) {
        Err(Problem::Io(e)) if e.kind() == io::ErrorKind::NotFound => return Place::Missing,
        Err(problem) => return bad(dir, "use the state directory", problem),
        Ok(()) => {}
    }
    let path = lock_file(dir, instance);
    match OpenOptions::new().append(true).open(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Place::Good,
        Err(e) => bad(&path, "open the lock", Problem::Io(e)),
        Ok(file) => match file.try_lock() {
            Ok(()) => Place::Good,
            Err(TryLockError::WouldBlock) => bad(&path, "take", Problem::Busy),
            Err(TryLockError::Error(e)) => bad(&path, "take the lock", Problem::Io(e)),
        },
    }
}

/// What the last run left, for a dry run, which takes no lock and makes no directory.
pub fn peek(dir: &Path, instance: u64) -> Result<State, StateError> {
    read(&state_file(dir, instance))
}

/// When the last run was, in seconds since 1970.
#[must_use]
pub fn last_run(dir: &Path, instance: u64) -> Option<u64> {
    let at = lock_file(dir, instance).metadata().and_then(|m| m.modified()).ok()?;
    at.duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| d.as_secs())
}

fn lock_file(dir: &Path, instance: u64) -> PathBuf {
    dir.join(format!("{instance:016x}.lock"))
}

fn state_file(dir: &Path, instance: u64) -> PathBuf {
    dir.join(format!("{instance:016x}.state"))
}

fn read(file: &Path) -> Result<State, StateError> {
    let failed = |problem| StateError { path: file.to_owned(), tried: "read", problem };
    let mut text = String::new();
    match File::open(file).and_then(|f| f.take(MAX_FILE).read_to_string(&mut text)) {
        Ok(_) => State::parse(&text).map_err(|e| match e {
            Unreadable::Damaged => failed(Problem::Damaged),
            Unreadable::OtherVersion => failed(Problem::OtherVersion),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(failed(Problem::Damaged)),
        Err(e) => Err(failed(Problem::Io(e))),
    }
}

/// Whether the directory, and the link that may lead to it, are ours or root's, and only ours to write to.
fn check_dir(dir: &Path, uid: Option<u32>) -> Result<(), Problem> {
    let ours = |m: &fs::Metadata| m.uid() == 0 || Some(m.uid()) == uid;
    let (link, target) =
        (fs::symlink_metadata(dir).map_err(Problem::Io)?, fs::metadata(dir).map_err(Problem::Io)?);
    if !target.is_dir() {
        return Err(Problem::Io(io::ErrorKind::NotADirectory.into()));
    }
    if !ours(&link) || !ours(&target) {
        Err(Problem::NotOurs)
    } else if target.mode() & 0o022 != 0 {
        Err(Problem::Writable)
    } else {
        Ok(())
    }
}
