//! The lock of `gandi-ddns watch`, held for its life: one watcher per config. Its file tells `gandi-ddns status` since
//! when it watches, and the reason of its last wake-up; the file's modification time is the time of that.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::directory::{StateDir, modified, set_modified};
use super::error::{StateError, StateErrorKind};
use crate::sys::directory::Missing;
use crate::sys::file_limit;
use crate::sys::hash::ConfigId;
use crate::sys::time::{EARLIEST, Timestamp};
use crate::sys::words::number;

/// Maximum size of the file in bytes. The rest is ignored.
const MAX_FILE: usize = 64;
/// The number of attempts to take the lock: `gandi-ddns status` holds it for a moment.
const ATTEMPTS: usize = 3;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// This process as the watcher of a config.
#[derive(Debug)]
pub struct Watcher {
    since: Timestamp,
    started: Instant,
    /// The lock, and the text in its file. `None` if the state directory cannot be used.
    held: Option<(File, String)>,
}

impl Watcher {
    /// Begins to watch, without the lock: the first [`Watcher::note`] takes it.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, started: Instant::now(), held: None }
    }

    /// Notes a wake-up for this reason, a word. Takes the lock if it is not held, if its file has been removed, or if the
    /// state directory is another one. Writes to the file only if the text has changed, since flash wears.
    ///
    /// # Errors
    /// If the file cannot be used or belongs to another user, or if there is another watcher.
    pub fn note(&mut self, dir: &Path, id: ConfigId, reason: &str, now: Timestamp) -> Result<(), StateError> {
        if self.since < EARLIEST || self.since > now {
            // The clock was wrong then, as after the boot of a machine without a battery.
            self.since = Timestamp::from_secs(now.as_secs().saturating_sub(self.started.elapsed().as_secs()));
        }
        // Of one width, so that no reader sees parts of two texts.
        let text = format!("since {:<20} {reason:<20}\n", self.since.as_secs());
        // The next pass tells of a directory that cannot be used.
        let Ok(dir) = StateDir::open(dir, id, Missing::Create) else { return Ok(()) };
        let name = dir.name("watch");
        // A lock on NFS needs a file that is open for writing.
        let file = dir.open_file(&name, "open the lock", OFlags::RDWR | OFlags::CREATE)?;
        if !self.held.as_ref().is_some_and(|(held, _)| is_same(held, &file)) {
            take(&file).map_err(|kind| dir.error(&name, kind))?;
            self.held = Some((file, String::new()));
        }
        let Some((file, written)) = &mut self.held else { return Ok(()) };
        // An error is ignored: the text only serves `gandi-ddns status`.
        if *written != text && file_limit::check(text.len() as u64).is_ok() {
            let _ = file.write_all_at(text.as_bytes(), 0);
        }
        set_modified(file, now);
        *written = text;
        Ok(())
    }
}

/// Takes the lock of a watcher.
fn take(file: &File) -> Result<(), StateErrorKind> {
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if left > 0 => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StateErrorKind::Watched),
            Err(TryLockError::Error(e)) => {
                return Err(StateErrorKind::Io { tried: "take the lock", error: e.into() });
            }
        }
    }
}

/// Returns true if both are the same file.
fn is_same(a: &File, b: &File) -> bool {
    let place = |file: &File| file.metadata().map(|m| (m.dev(), m.ino())).ok();
    place(a) == place(b)
}

/// The last watcher of a config.
#[derive(Debug)]
pub struct WatcherStatus {
    /// True if it still watches.
    pub is_running: bool,
    /// The time of its start; `None` if its file does not have it.
    pub since: Option<Timestamp>,
    /// The time of its last wake-up.
    pub woken: Option<Timestamp>,
    /// The reason of the last wake-up, a word; empty if the file does not have it.
    pub reason: String,
}

/// Inspects the lock of the watcher; `None` if there was none, or if the state directory cannot be used.
#[must_use]
pub fn last_watcher(dir: &Path, id: ConfigId) -> Option<WatcherStatus> {
    let dir = StateDir::open(dir, id, Missing::Fail).ok()?;
    let file = dir.open_file(&dir.name("watch"), "open the lock", OFlags::RDWR).ok()?;
    // A shared lock, so that two inspections at a time do not take each other for a watcher.
    let is_running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut text = [0; MAX_FILE];
    let length = file.read_at(&mut text, 0).unwrap_or(0);
    let text = str::from_utf8(&text[..length]).unwrap_or_default();
    let mut words = text.split_ascii_whitespace().skip(1);
    Some(WatcherStatus {
        is_running,
        since: words.next().and_then(|word| number(word, 10)).map(Timestamp::from_secs),
        woken: modified(&file.metadata().ok()?),
        reason: words.next().unwrap_or_default().to_owned(),
    })
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

    /// Returns true if it runs, its start, its last wake-up and the reason.
    fn status(dir: &Path) -> Option<(bool, Option<Timestamp>, Option<Timestamp>, String)> {
        last_watcher(dir, id()).map(|s| (s.is_running, s.since, s.woken, s.reason))
    }

    #[test]
    fn watcher_is_shown_with_its_start_and_last_wakeup() {
        let dir = dir("shown");
        assert_eq!(status(&dir), None);
        assert!(!dir.exists(), "an inspection creates nothing");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), "start", NOW).expect("the lock");
        assert_eq!(status(&dir), Some((true, Some(NOW), Some(NOW), "start".to_owned())));
        for (reason, seconds) in [("announcement", 50), ("timer", 350), ("timer", 650)] {
            let now = NOW.plus(seconds);
            watcher.note(&dir, id(), reason, now).expect("the lock");
            assert_eq!(status(&dir), Some((true, Some(NOW), Some(now), reason.to_owned())));
        }
        drop(watcher);
        let last = Some((false, Some(NOW), Some(NOW.plus(650)), "timer".to_owned()));
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
        first.note(&dir, id(), "start", NOW).expect("the lock");
        let error = second.note(&dir, id(), "start", NOW).expect_err("there is one");
        assert!(error.is_watched() && !error.is_locked(), "{error}");
        second.note(&dir, ConfigId::of(b"other"), "start", NOW).expect("another config");
        drop(first);
        second.note(&dir, id(), "timer", NOW).expect("the lock");
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn removed_directory_is_made_anew_and_an_unusable_one_keeps_the_lock() {
        let dir = dir("removed");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), "start", NOW).expect("the lock");
        fs::remove_dir_all(&dir).expect("the directory");
        watcher.note(&dir, id(), "timer", NOW.plus(9)).expect("a new lock");
        assert_eq!(status(&dir), Some((true, Some(NOW), Some(NOW.plus(9)), "timer".to_owned())));
        let aside = dir.with_extension("aside");
        fs::rename(&dir, &aside).expect("another name");
        fs::write(&dir, "").expect("a file in its place");
        watcher.note(&dir, id(), "timer", NOW).expect("the pass tells of it");
        fs::remove_file(&dir).expect("the file");
        fs::rename(&aside, &dir).expect("its name");
        assert!(status(&dir).is_some_and(|(is_running, ..)| is_running));
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn text_is_written_only_when_it_has_changed() {
        let dir = dir("written");
        let mut watcher = Watcher::new(NOW);
        watcher.note(&dir, id(), "timer", NOW).expect("the lock");
        let file = dir.join(format!("{}.watch", id()));
        fs::write(&file, "since 7 other\n").expect("another text");
        watcher.note(&dir, id(), "timer", NOW.plus(300)).expect("the lock");
        assert_eq!(fs::read_to_string(&file).expect("a text"), "since 7 other\n");
        watcher.note(&dir, id(), "kernel", NOW.plus(300)).expect("the lock");
        assert!(fs::read_to_string(&file).is_ok_and(|text| text.contains(" kernel ")));
        // Text of another version or of a damaged disk.
        for text in ["", "since", "since x y", "\0\0", "since 99999999999999999999 timer", "\u{e4} \u{e4}"] {
            fs::write(&file, text).expect("another text");
            assert!(last_watcher(&dir, id()).is_some_and(|s| s.is_running && s.since.is_none()), "{text}");
        }
        fs::remove_dir_all(&dir).expect("the directory");
    }

    #[test]
    fn start_is_corrected_once_the_clock_is_right() {
        let dir = dir("clock");
        for wrong in [Timestamp::from_secs(0), NOW.plus(1_000_000)] {
            let mut watcher = Watcher::new(wrong);
            watcher.note(&dir, id(), "start", wrong).expect("the lock");
            watcher.note(&dir, id(), "timer", NOW).expect("the lock");
            let since = last_watcher(&dir, id()).and_then(|s| s.since).expect("a start");
            assert!(since <= NOW && NOW.left(since) < 60, "{since}");
        }
        fs::remove_dir_all(&dir).expect("the directory");
    }
}
