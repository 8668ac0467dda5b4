//! The content of the report, printed as text or as JSON.

use crate::config::Config;
use crate::exit::Exit;
use crate::state::history::HistoryEntry;
use crate::state::{State, WatcherStatus};
use crate::sys::time::Timestamp;

/// The saved state, and what is known of the last runs.
pub(super) struct Report<'a> {
    pub(super) now: Timestamp,
    pub(super) exit: Exit,
    /// The reason why the state could not be read; otherwise `None`.
    pub(super) error: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) last_run: Option<Timestamp>,
    /// The config and the state; `None` after an error.
    pub(super) saved: Option<(&'a Config, &'a State)>,
    /// True if a run is under way.
    pub(super) is_running: bool,
    /// The last watcher; `None` if there was none.
    pub(super) watcher: Option<WatcherStatus>,
    /// The changes, oldest first; `None` if the history could not be read.
    pub(super) changes: Option<Vec<HistoryEntry>>,
}

impl Report<'_> {
    /// Creates the report of a command that has read nothing.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            now,
            exit: Exit::Ok,
            error: None,
            warnings: Vec::new(),
            last_run: None,
            saved: None,
            is_running: false,
            watcher: None,
            changes: None,
        }
    }
}
