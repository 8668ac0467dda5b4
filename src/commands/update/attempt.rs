//! One try to have every record right, and what follows from it: state, history, the token, and whoever is to hear.

use std::time::Duration;

use crate::cli::Run;
use crate::commands::context::World;
use crate::config::Config;
use crate::console::Console;
use crate::exit::Exit;
use crate::gandi::Credential;
use crate::http::Http;
use crate::notify::{heartbeat, hooks};
use crate::outcome::{Done, Outcome};
use crate::reconcile::{Circumstances, round};
use crate::report::{failure_lines, json, report};
use crate::state::{self, State, StateError, Store, history};
use crate::sys::random::Random;
use crate::sys::time;
use crate::token;

/// The longest that telling the monitor may take, whatever is left of the run's own time.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);

/// What came of a try.
pub(super) struct Attempt {
    pub(super) exit: Exit,
    outcomes: Vec<Outcome>,
    /// When it was, in seconds since 1970.
    now: u64,
    /// Why there are no outcomes.
    problem: Option<Problem>,
    http: Option<Http>,
}

/// Why a try could not even begin.
enum Problem {
    /// The clock is wrong.
    Clock(String),
    /// Another run is at it, and will tell of itself.
    Busy(String),
}

/// What lasts from try to try.
pub(super) struct Runner<'a> {
    config: Config,
    instance: u64,
    asked: &'a Run,
    world: &'a World<'a>,
    random: Random,
    /// Whether the state has been read, and whether it can be written.
    opened: bool,
    store: Option<Store>,
    state: State,
    /// What earlier tries have changed.
    changed: Vec<Outcome>,
    tries: u32,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        config: Config,
        instance: u64,
        asked: &'a Run,
        world: &'a World<'a>,
        random: Random,
    ) -> Self {
        let (opened, store, state, changed) = (false, None, State::default(), Vec::new());
        Self { config, instance, asked, world, random, opened, store, state, changed, tries: 0 }
    }

    /// Half of `most` to all of it.
    pub(super) fn jitter(&mut self, most: u32) -> u32 {
        most / 2 + self.random.below(most / 2 + 1)
    }

    /// Tries once, and tells what came of it.
    pub(super) fn attempt(&mut self, console: &mut Console) -> Attempt {
        let now = (self.world.clock)();
        let failed = |problem| Attempt {
            exit: Exit::TryLater,
            outcomes: Vec::new(),
            now,
            problem: Some(problem),
            http: None,
        };
        if let Some(complaint) = time::implausible(now) {
            console.error(format_args!("{complaint}"));
            return failed(Problem::Clock(complaint));
        }
        if !self.opened
            && let Err(busy) = self.open(console)
        {
            console.step(format_args!("{busy}"));
            return failed(Problem::Busy(busy.to_string()));
        }
        if let Some(store) = &self.store {
            store.note_run(now);
        }
        let http = Http::new(self.config.detection.roots.as_deref(), self.config.detection.timeout);
        if !self.asked.dry_run
            && let Some(token) = token::resume_renewal(&self.config, &http, console)
        {
            self.config.credential = token;
            // Another token: what failed is tried again at once.
            self.config.origin = self.config.origin.wrapping_add(1);
            self.state = std::mem::take(&mut self.state).of_origin(self.config.origin);
        }
        let mut known = self.state.clone();
        // Whoever waits, or looks by hand, wants it tried.
        if self.asked.force || self.asked.dry_run || self.tries > 0 {
            known = known.tried_again();
        }
        if self.asked.force {
            known = known.distrusted();
        }
        self.tries += 1;
        let (dry_run, random) = (self.asked.dry_run, self.random.split());
        let circumstances = Circumstances { state: &known, now, dry_run, random };
        let outcomes = round(&self.config, &http, circumstances, console);
        let exit = report(&outcomes, console);
        Attempt { exit, outcomes, now, problem: None, http: Some(http) }
    }

    /// What follows from a try; from the last one, also what is only to be done once.
    pub(super) fn settle(&mut self, attempt: &Attempt, last: bool, console: &mut Console) {
        let now = attempt.now;
        let api = self.config.api.as_str().to_owned();
        let before = self.state.clone();
        // A failure that may be gone at the next try is not remembered yet.
        let counts = attempt.outcomes.iter().filter(|o| last || o.result.is_ok());
        self.state = std::mem::take(&mut self.state).after(&api, counts, now);
        self.save(&before, console);
        if self.asked.dry_run {
            return;
        }
        self.write_history(attempt, console);
        hooks::changes(&self.config.hearing, &attempt.outcomes, console);
        if !last {
            return;
        }
        let before = self.state.clone();
        let is_token = matches!(self.config.credential, Credential::Token(_));
        if let (Some(http), Exit::Ok | Exit::Config, true) =
            (&attempt.http, attempt.exit, is_token && self.store.is_some())
        {
            self.state.token = token::maintain(&self.config, http, self.state.token, now, console);
        }
        if let Some(program) = &self.config.hearing.on_failure {
            let unreported = self.state.unreported(&api, &attempt.outcomes, now);
            hooks::failures(program, &unreported, console);
            for key in unreported.iter().flat_map(|(_, keys)| keys) {
                self.state.told(&api, key, now);
            }
        }
        self.save(&before, console);
        if !matches!(attempt.problem, Some(Problem::Busy(_))) && self.config.hearing.ping.is_some() {
            let http = Http::new(self.config.detection.roots.as_deref(), HEARTBEAT_TIMEOUT);
            heartbeat::ping(&self.config.hearing, &http, attempt.exit, &attempt.message(), console);
        }
    }

    /// Keeps what a try has changed, for the end.
    pub(super) fn keep_changes(&mut self, attempt: Attempt) {
        let is_change = |o: &Outcome| matches!(o.result, Ok(Done::Created { .. } | Done::Replaced { .. }));
        self.changed.extend(attempt.outcomes.into_iter().filter(is_change));
    }

    /// The run as one object.
    pub(super) fn json(&self, attempt: &Attempt) -> String {
        json::run(&json::Told {
            now: attempt.now,
            exit: attempt.exit,
            dry_run: self.asked.dry_run,
            problem: attempt.problem.as_ref().map(Problem::text),
            outcomes: &attempt.outcomes,
            earlier: &self.changed,
            token_expires: self.state.token.expires,
        })
    }

    fn save(&self, before: &State, console: &mut Console) {
        if let Some(store) = &self.store
            && self.state != *before
            && let Err(e) = store.save(&self.state)
        {
            console.warn(format_args!("{e}"));
        }
    }

    fn write_history(&self, attempt: &Attempt, console: &mut Console) {
        let changes = history::changes(&attempt.outcomes, attempt.now);
        if changes.is_empty() {
            return;
        }
        let place = match (&self.config.history, &self.config.state_dir, &self.store) {
            (Some(path), ..) => path.clone(),
            (None, Some(dir), Some(_)) => history::with_state(dir, self.instance),
            _ => return,
        };
        if let Err(e) = history::add(&place, changes) {
            console.warn(format_args!("could not write the history {}: {e}", place.display()));
        }
    }

    /// Opens, locks and reads the state. Only another run's lock is an error: without a state, each run asks Gandi.
    fn open(&mut self, console: &mut Console) -> Result<(), StateError> {
        let loaded = match &self.config.state_dir {
            Some(dir) if self.asked.dry_run => state::peek(dir, self.instance),
            None => {
                console.warn(format_args!("no place for the state: set `state_dir`, or HOME"));
                Ok(State::default())
            }
            Some(dir) => match Store::open(dir, self.instance, self.world.env.uid) {
                Ok(store) => {
                    let loaded = store.load();
                    self.store = Some(store);
                    loaded
                }
                Err(e) if e.is_busy() => return Err(e),
                Err(e) => {
                    console.warn(format_args!("{e}; each run asks Gandi, and two runs may meet"));
                    Ok(State::default())
                }
            },
        };
        let state = loaded.unwrap_or_else(|e| {
            if e.is_harmless() {
                console.step(format_args!("{e}"));
            } else {
                console.warn(format_args!("{e}"));
            }
            State::default()
        });
        self.state = state.of_origin(self.config.origin);
        self.opened = true;
        Ok(())
    }
}

impl Attempt {
    /// What went wrong, a line for each thing.
    fn message(&self) -> String {
        match &self.problem {
            Some(problem) => problem.text().to_owned(),
            None => failure_lines(&self.outcomes).join("\n"),
        }
    }
}

impl Problem {
    fn text(&self) -> &str {
        match self {
            Self::Clock(text) | Self::Busy(text) => text,
        }
    }
}
