//! The lock of `gandi-ddns watch`, held for its life: one watcher per config. The times of its empty file tell `gandi-ddns
//! status` since when it watches (access time), and when it last woke up (modification time).

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::directory::{Lock, StateDir, accessed, metadata, modified, set_times};
use super::error::StateError;
use crate::sys::directory::Missing;
use crate::sys::hash::ConfigId;
use crate::sys::time::{EARLIEST, Timestamp};

/// The lock of a watcher.
const WATCH: Lock = ("watch", "`gandi-ddns watch` with this config");
/// The number of further attempts to take the lock: `gandi-ddns status` holds it for a moment.
const RETRIES: u32 = 2;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// This process as the watcher of a config.
#[derive(Debug)]
pub struct Watcher {
    since: Timestamp,
    started: Instant,
    /// The lock. `None` if the state directory cannot be used.
    lock: Option<File>,
}

impl Watcher {
    /// Begins to watch, without the lock: the first [`Watcher::note`] takes it.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, started: Instant::now(), lock: None }
    }

    /// Notes a wake-up. Takes the lock if it is not held, if its file has been removed, or if the state directory is another
    /// one. Writes nothing but times, since flash wears.
    ///
    /// # Errors
    /// If the file cannot be used or belongs to another user, or if there is another watcher.
    pub fn note(&mut self, dir: &Path, id: ConfigId, now: Timestamp) -> Result<(), StateError> {
        if self.since < EARLIEST || self.since > now {
            // The clock was wrong then, as after the boot of a machine without a battery.
            self.since = Timestamp::from_secs(now.as_secs().saturating_sub(self.started.elapsed().as_secs()));
        }
        // The next pass tells of a directory that cannot be used.
        let Ok(dir) = StateDir::open(dir, id, Missing::Create) else { return Ok(()) };
        let mut left = RETRIES;
        loop {
            match dir.lock(WATCH, OFlags::CREATE, None) {
                Ok(file) => self.lock = Some(file),
                Err(e) if !e.is_locked() => return Err(e),
                // By this process itself: a second open file cannot lock it.
                Err(_) if self.lock.is_some() => {}
                Err(e) if left == 0 => return Err(e),
                Err(_) => {
                    left -= 1;
                    sleep(PAUSE);
                    continue;
                }
            }
            if let Some(lock) = &self.lock {
                set_times(lock, Some(self.since), Some(now));
            }
            return Ok(());
        }
    }
}

/// The last watcher of a config.
#[derive(Debug)]
pub struct WatcherStatus {
    /// True if it still watches.
    pub is_running: bool,
    /// The time of its start.
    pub since: Option<Timestamp>,
    /// The time of its last wake-up.
    pub woken: Option<Timestamp>,
}

/// Inspects the lock of the watcher; `None` if there was none, or if the state directory cannot be used.
#[must_use]
pub fn last_watcher(dir: &Path, id: ConfigId) -> Option<WatcherStatus> {
    let is_running = match StateDir::open(dir, id, Missing::Fail).ok()?.lock(WATCH, OFlags::empty(), None) {
        Ok(_) => false,
        Err(e) if e.is_locked() => true,
        Err(_) => return None,
    };
    let metadata = metadata(dir, id, WATCH)?;
    Some(WatcherStatus { is_running, since: accessed(&metadata), woken: modified(&metadata) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    const NOW: Timestamp = EARLIEST.plus(1_000_000);

    fn id() -> ConfigId {
        ConfigId::of(b"config")
    }

    /// A path for a state directory, which does not exist.
    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("gandi-ddns-watcher-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    /// Returns true if it runs, its start and its last wake-up.
    fn status(dir: &Path) -> Option<(bool, Option<Timestamp>, Option<Timestamp>)> {
        last_watcher(dir, id()).map(|s| (s.is_running, s.since, s.woken))
    }

    #[test]
    fn watcher_is_shown_with_its_start_and_last_wakeup() {
        let dir = dir("shown");
        assert_eq!(status(&dir), None);
        assert!(!dir.exists(), "an inspection creates nothing");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), NOW).expect("the lock");
        assert_eq!(status(&dir), Some((true, Some(NOW), Some(NOW))));
        for seconds in [50, 350, 650] {
            let now = NOW.plus(seconds);
            watcher.note(&dir, id(), now).expect("the lock");
            assert_eq!(status(&dir), Some((true, Some(NOW), Some(now))));
        }
        drop(watcher);
        let last = Some((false, Some(NOW), Some(NOW.plus(650))));
        // A program that another test starts has the lock until it is executed.
        let is_last = |_| {
            std::thread::yield_now();
            status(&dir) == last
        };
        assert!((0..100_000).any(is_last), "{:?}", status(&dir));
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn second_watcher_is_refused_until_the_first_one_ends() {
        let dir = dir("second");
        let (mut first, mut second) = (Watcher::new(NOW), Watcher::new(NOW));
        first.note(&dir, id(), NOW).expect("the lock");
        let error = second.note(&dir, id(), NOW).expect_err("there is one");
        assert!(error.is_locked(), "{error}");
        assert!(second.lock.is_none());
        second.note(&dir, ConfigId::of(b"other"), NOW).expect("another config");
        drop(first);
        second.note(&dir, id(), NOW).expect("the lock");
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn removed_directory_is_made_anew_and_an_unusable_one_keeps_the_lock() {
        let dir = dir("removed");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), NOW).expect("the lock");
        fs::remove_dir_all(&dir).expect("the directory");
        watcher.note(&dir, id(), NOW.plus(9)).expect("a new lock");
        assert_eq!(status(&dir), Some((true, Some(NOW), Some(NOW.plus(9)))));
        let aside = dir.with_extension("aside");
        fs::rename(&dir, &aside).expect("another name");
        fs::write(&dir, "").expect("a file in its place");
        watcher.note(&dir, id(), NOW).expect("the pass tells of it");
        fs::remove_file(&dir).expect("the file");
        fs::rename(&aside, &dir).expect("its name");
        assert!(status(&dir).is_some_and(|(is_running, ..)| is_running));
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn wakeups_write_nothing_but_times() {
        let dir = dir("written");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), NOW).expect("the lock");
        let file = dir.join(format!("{}.watch", id()));
        fs::write(&file, "text").expect("a text");
        watcher.note(&dir, id(), NOW.plus(300)).expect("the lock");
        assert_eq!(fs::read_to_string(&file).expect("a text"), "text");
        assert_eq!(last_watcher(&dir, id()).and_then(|s| s.woken), Some(NOW.plus(300)));
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn start_is_corrected_once_the_clock_is_right() {
        let dir = dir("clock");
        for wrong in [Timestamp::from_secs(0), NOW.plus(1_000_000)] {
            let mut watcher = Watcher::new(wrong);
            watcher.note(&dir, id(), wrong).expect("the lock");
            watcher.note(&dir, id(), NOW).expect("the lock");
            let since = last_watcher(&dir, id()).and_then(|s| s.since).expect("a start");
            assert!(since <= NOW && NOW.left(since) < 60, "{since}");
        }
        fs::remove_dir_all(&dir).expect("the directory");
    }
}
