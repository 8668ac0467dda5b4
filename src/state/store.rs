//! The state directory: the lock of a run, and the state file. The state is a cache: the zone is the truth, so a lost
//! state costs one read of the zone.
//!
//! By default the directory is in memory (`/run`), since SD cards wear. The file is written only when the state has
//! changed, by atomic replace, in a directory of mode 0700 that belongs to us or root.

use std::fs::File;
use std::path::Path;

use super::directory::{RUN, StateDir, Use, metadata, modified, set_times};
use super::error::{StateError, StateErrorKind};
use super::records::State;
use crate::sys::atomic_file;
use crate::sys::directory::Missing;
use crate::sys::hash::ConfigId;
use crate::sys::time::Timestamp;

/// The consequence of a state directory that cannot be used, for warnings.
pub(crate) const WITHOUT_STATE: &str =
    "without it every run queries Gandi and runs are not locked against each other";

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
        let store = Self { lock: dir.lock(RUN, Use::Take, now)?, dir, may_save: true };
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
        set_times(&self.lock, None, Some(now));
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
    match dir.lock(RUN, Use::Inspect, None) {
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
    modified(&metadata(dir, id, RUN)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn run_that_starts_during_an_inspection_waits_for_its_end() {
        let dir = std::env::temp_dir().join(format!("gandi-ddns-inspected-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let id = ConfigId::of(b"config");
        drop(Store::open(&dir, id, None).expect("the lock"));
        let opened = StateDir::open(&dir, id, Missing::Fail).expect("the directory");
        let inspection = opened.lock(RUN, Use::Inspect, None).expect("nobody has taken it");
        assert!(matches!(inspect(&dir, id), StoreStatus::Usable), "others may inspect it");
        let ((sender, result), path) = (channel(), dir.clone());
        let run = std::thread::spawn(move || sender.send(Store::open(&path, id, None).map(drop).is_ok()));
        let early = result.recv_timeout(Duration::from_millis(70));
        assert!(early.is_err(), "it neither fails nor takes the lock: {early:?}");
        inspection.unlock().expect("its end");
        assert_eq!(result.recv(), Ok(true));
        run.join().expect("a run").expect("a receiver");
        std::fs::remove_dir_all(&dir).expect("the directory");
    }
}
