//! The state of a run: opens it, saves what has changed, and adds the changes to the history.

use std::mem::take;

use crate::cli::WriteMode;
use crate::config::Config;
use crate::console::Console;
use crate::outcome::Outcome;
use crate::state::{self, State, StateError, Store, history};
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::time::Timestamp;

/// The state, and the directory that it is from.
#[derive(Default)]
pub(super) struct Memory {
    is_open: bool,
    /// The state directory, locked by this run. `None` if it is not available or only read: then nothing is saved.
    store: Option<Store>,
    pub(super) state: State,
    /// The state as it was read or last saved.
    pub(super) noted: State,
}

impl Memory {
    /// Returns true if the state was opened, or is not available.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Returns true if changes of the state are saved.
    pub(super) const fn is_saved(&self) -> bool {
        self.store.is_some()
    }

    /// Releases the lock. A state that is not saved is kept, in case that no directory is available to the next pass either.
    pub(super) fn close(&mut self) {
        if self.store.take().is_some() {
            self.state = State::default();
        }
        self.noted = State::default();
        self.is_open = false;
    }

    /// Opens, locks and reads the state; a dry run only reads it. Only another run's lock is an error: without a
    /// state, each run queries Gandi. `now` is `None` if the clock is wrong.
    #[inline(never)]
    pub(super) fn open(
        &mut self,
        config: &Config,
        id: ConfigId,
        mode: WriteMode,
        now: Option<Timestamp>,
        console: &mut Console,
    ) -> Result<(), StateError> {
        let loaded = match &config.state_dir {
            Some(dir) if mode == WriteMode::DryRun => state::read_unlocked(dir, id),
            None => {
                console.warn(format_args!("no directory for the state: set `state_dir`, or HOME"));
                Ok(take(&mut self.state))
            }
            Some(dir) => match Store::open(dir, id, now) {
                Ok(store) => self.store.insert(store).load(),
                Err(e) if e.is_locked() => return Err(e),
                Err(e) => {
                    console.warn(format_args!("{}; {}", chain(&e), state::WITHOUT_STATE));
                    Ok(take(&mut self.state))
                }
            },
        };
        match loaded {
            Ok(state) => self.state = state,
            Err(e) if e.is_other_version() => console.debug(format_args!("{}", chain(&e))),
            Err(e) => console.warn(format_args!("{}", chain(&e))),
        }
        self.state.adapt(config);
        self.noted = self.state.clone();
        self.is_open = true;
        // Not while another run holds the lock: only the state knows if they are news.
        for warning in &config.warnings {
            console.warn(format_args!("{warning}"));
        }
        Ok(())
    }

    /// Notes that this run is under way.
    pub(super) fn note_run(&self, now: Timestamp) {
        if let Some(store) = &self.store {
            store.note_run(now);
        }
    }

    /// Saves the state if it has changed. After an error, nothing is saved any more.
    // Not inlined: it is called twice.
    #[inline(never)]
    pub(super) fn save(&mut self, console: &mut Console) {
        if self.state == self.noted {
            return;
        }
        self.noted = self.state.clone();
        if let Some(store) = &mut self.store
            && let Err(e) = store.save(&self.state.to_string())
        {
            console.warn(format_args!("{}", chain(&e)));
        }
    }

    /// Adds the changes among these outcomes to the history.
    pub(super) fn write_history(
        &self,
        config: &Config,
        id: ConfigId,
        outcomes: &[Outcome],
        now: Timestamp,
        console: &mut Console,
    ) {
        let changes = history::changes(outcomes, now);
        if changes.is_empty() {
            return;
        }
        let path = match (&config.history, &config.state_dir, &self.store) {
            (Some(path), ..) => path.clone(),
            (None, Some(dir), Some(_)) => history::default_path(dir, id),
            _ => return,
        };
        if let Err(e) = history::add(&path, changes) {
            console.warn(format_args!("could not write the history {}: {e}", path.display()));
        }
    }
}
