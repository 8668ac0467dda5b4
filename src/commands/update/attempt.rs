//! One attempt of the update command: reconcile all records, then save state and history, maintain the token, send
//! notifications.

use std::time::Duration;

use super::telling::classes;
use crate::cli::{CachePolicy, UpdateOptions, WriteMode};
use crate::commands::context::Context;
use crate::config::Config;
use crate::console::Console;
use crate::console::syslog::Severity;
use crate::exit::Exit;
use crate::http::Http;
use crate::notify::heartbeat;
use crate::notify::hooks::Hooks;
use crate::outcome::{Outcome, Success};
use crate::reconcile::{PassContext, reconcile};
use crate::report::{failure_lines, json, report, report_failures};
use crate::state::notices::id_of;
use crate::state::{self, Attempts, State, StateError, Store, history};
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::random::Random;
use crate::sys::time::{self, Timestamp};
use crate::token;

/// Time limit of the client that sends the heartbeats, in addition to that of the attempt. Each request has a shorter one.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);

/// The result of an attempt.
pub(super) struct Attempt {
    now: Timestamp,
    result: Result<Completed, Blocked>,
}

/// The result of a pass.
struct Completed {
    exit: Exit,
    outcomes: Vec<Outcome>,
    http: Http,
}

/// The reason why no pass was made.
enum Blocked {
    /// The clock is wrong.
    Clock(String),
    /// Another run holds the lock; it will send its own heartbeat.
    Locked(String),
    /// The run that holds the lock hangs.
    Hung(String),
}

/// The last save of the state in this run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Saving {
    /// None has failed.
    Works,
    /// It failed; no further one is tried.
    Failed,
}

/// The state directory, as far as this run uses it.
enum StateAccess {
    /// Not opened yet.
    Unopened,
    /// Read, or not available; nothing is saved.
    ReadOnly,
    /// Locked by this run.
    Locked(Store),
}

/// Makes the attempts of one run. Holds everything that lasts from one attempt to the next.
pub(super) struct Updater<'a> {
    config: Box<Config>,
    id: ConfigId,
    options: &'a UpdateOptions,
    context: &'a Context<'a>,
    random: Random,
    access: StateAccess,
    state: State,
    /// The state as it was read or last saved.
    noted: State,
    /// The changes of earlier attempts.
    changed: Vec<Outcome>,
    hooks: Hooks,
    saving: Saving,
    /// The identities of the messages that this run has printed.
    printed: Vec<u64>,
    /// The warnings of this run, printed or not.
    warnings: Vec<String>,
    attempts: u32,
}

impl<'a> Updater<'a> {
    pub(super) fn new(
        config: Box<Config>,
        id: ConfigId,
        options: &'a UpdateOptions,
        context: &'a Context<'a>,
        random: Random,
    ) -> Self {
        Self {
            config,
            id,
            options,
            context,
            random,
            access: StateAccess::Unopened,
            state: State::default(),
            noted: State::default(),
            changed: Vec::new(),
            hooks: Hooks::new(),
            saving: Saving::Works,
            printed: Vec::new(),
            warnings: Vec::new(),
            attempts: 0,
        }
    }

    /// Makes one attempt and prints its changes.
    pub(super) fn attempt(&mut self, console: &mut Console) -> Attempt {
        let now = (self.context.now)();
        let blocked = |reason| Attempt { now, result: Err(reason) };
        let wrong_clock = time::implausible(now);
        let opened = match self.access {
            // The state knows whether the clock's complaint was printed.
            StateAccess::Unopened => self.open_state(wrong_clock.is_none().then_some(now), console),
            _ => Ok(()),
        };
        if let Some(text) = wrong_clock {
            console.error(format_args!("{text}"));
            return blocked(Blocked::Clock(text));
        }
        if let Err(locked) = opened {
            if let Some(text) = locked.hung(now) {
                if !locked.is_told() || self.is_by_hand(console) {
                    console.warn(format_args!("{text}"));
                }
                return blocked(Blocked::Hung(text));
            }
            console.debug(format_args!("{locked}"));
            return blocked(Blocked::Locked(locked.to_string()));
        }
        if let StateAccess::Locked(store) = &self.access {
            store.note_run(now);
        }
        let http = Http::new(self.config.detection.roots.as_deref(), self.config.detection.timeout);
        if self.options.mode == WriteMode::Apply
            && let Some(token) = token::resume_renewal(&self.config, &http, self.random.split(), console)
        {
            self.config.accounts[0].credential = token;
            // With another token, every backoff ends.
            self.config.fingerprint = self.config.fingerprint.wrapping_add(1);
            self.state = std::mem::take(&mut self.state).with_fingerprint(self.config.fingerprint);
        }
        let modified = self.modified_state();
        let (mode, random) = (self.options.mode, self.random.split());
        self.attempts += 1;
        let state = modified.as_ref().unwrap_or(&self.state);
        let context = PassContext { state, now, mode, random };
        let outcomes = reconcile(&self.config, &http, context, console);
        let api = self.config.accounts[0].api.as_str();
        let is_known = |key: &_| self.state.record(api, key).is_some_and(|r| r.confirmed.is_some());
        let exit = report(&outcomes, &is_known, console);
        Attempt { now, result: Ok(Completed { exit, outcomes, http }) }
    }

    /// Returns the part of the state that a pass may rely on; `None` if that is all of it.
    fn modified_state(&self) -> Option<State> {
        let force = self.options.cache == CachePolicy::Ignore;
        // Retries of `--wait`, `--force` and dry runs ignore backoff.
        let ignores_backoff = force || self.options.mode == WriteMode::DryRun || self.attempts > 0;
        let known = ignores_backoff.then(|| self.state.clone().without_backoff());
        if force { known.map(State::unconfirmed) } else { known }
    }

    /// Finishes an attempt that will be retried, which prints its failures with this text at the end of each line. They
    /// bring no backoff: they may be gone at the next attempt.
    pub(super) fn finish_intermediate(&mut self, attempt: Attempt, suffix: &str, console: &mut Console) {
        self.record(&attempt, Attempts::Retried, suffix, console);
        let is_change =
            |o: &Outcome| matches!(o.result, Ok(Success::Created { .. } | Success::Replaced { .. }));
        if let Ok(completed) = attempt.result {
            self.changed.extend(completed.outcomes.into_iter().filter(is_change));
        }
    }

    /// Finishes the last attempt of the run, which also maintains the token and sends notifications.
    pub(super) fn finish_final(&mut self, attempt: &Attempt, console: &mut Console) {
        self.record(attempt, Attempts::Last, "", console);
        if self.options.mode == WriteMode::DryRun {
            return;
        }
        self.maintain_token(attempt, console);
        self.report_failures(attempt, console);
        self.hooks.report_skipped(console);
        self.print_held(attempt.now, "", console);
        self.save(console);
        self.print_held(attempt.now, "", console);
        // With a wrong clock there is no TLS: rustls refuses each certificate, and aborts before 1970.
        let is_silent = matches!(attempt.result, Err(Blocked::Locked(_) | Blocked::Clock(_)));
        if !is_silent && !self.config.notifications.heartbeat.is_empty() {
            let http = Http::new(self.config.detection.roots.as_deref(), HEARTBEAT_TIMEOUT);
            let notifications = &self.config.notifications;
            let timeout = self.config.detection.timeout;
            heartbeat::send(notifications, &http, timeout, (attempt.exit(), &attempt.message()), console);
        }
    }

    /// Returns the run as one JSON object.
    pub(super) fn json(&self, attempt: &Attempt) -> String {
        json::run(&json::RunReport {
            now: attempt.now,
            exit: attempt.exit(),
            mode: self.options.mode,
            error: attempt.result.as_ref().err().map(Blocked::text),
            outcomes: attempt.outcomes(),
            earlier: &self.changed,
            token_expires: self.state.token.expires_at,
            warnings: &self.warnings,
        })
    }

    /// Saves the outcomes, prints what is news, adds the changes to the history and runs `on_change`.
    fn record(&mut self, attempt: &Attempt, which: Attempts, suffix: &str, console: &mut Console) {
        let (now, outcomes, api) = (attempt.now, attempt.outcomes(), self.config.accounts[0].api.as_str());
        self.state = std::mem::take(&mut self.state).apply(api, outcomes, which, now);
        let classes = classes(outcomes, api, &self.noted, &self.state);
        let (mut due, mut has_changed) = (Vec::new(), false);
        for class in &classes {
            let has_ended = self.state.notices.has_ended(class.code, class.continuing());
            has_changed |= has_ended && class.changed > 0;
            if has_ended && self.options.mode == WriteMode::Apply {
                class.report_end(console);
            }
            if class.is_failing && self.is_news(class.code, class.failing, now, console) {
                due.push(class.code);
            }
        }
        for class in classes.iter().filter(|class| has_changed && class.is_failing) {
            self.state.notices.assume_known(class.code, class.failing);
        }
        report_failures(outcomes, &due, suffix, console);
        self.print_held(now, suffix, console);
        self.save(console);
        if self.options.mode == WriteMode::Apply {
            self.write_history(attempt, console);
            self.hooks.changes(&self.config.notifications, outcomes, console);
        }
        self.print_held(now, suffix, console);
    }

    /// Returns true if a person has started this run, who wants to know everything.
    fn is_by_hand(&self, console: &Console) -> bool {
        console.is_verbose()
            || console.is_terminal()
            || self.options.mode == WriteMode::DryRun
            || self.options.cache == CachePolicy::Ignore
    }

    /// Returns true if a message is to be printed: it is new, has changed or is a day old; or this run prints everything,
    /// with `-v` in each attempt.
    fn is_news(&mut self, id: u64, count: u64, now: Timestamp, console: &Console) -> bool {
        let is_due = self.state.notices.is_due(id, count, now);
        let is_repeated = self.printed.contains(&id) && !console.is_verbose();
        let is_printed = is_due || self.is_by_hand(console) && !is_repeated;
        if is_printed {
            self.printed.push(id);
        }
        is_printed
    }

    /// Prints the held warnings and errors that are news. Errors get the suffix.
    fn print_held(&mut self, now: Timestamp, suffix: &str, console: &mut Console) {
        for (severity, text) in console.take_held() {
            let is_news = self.is_news(id_of(&text), 1, now, console);
            // With `-v` the console has printed it already.
            if is_news && !console.is_verbose() {
                let suffix = if severity == Severity::Error { suffix } else { "" };
                console.print(severity, &format!("{text}{suffix}"));
            }
            if severity == Severity::Warning {
                self.warnings.push(text);
            }
        }
    }

    // Not inlined: it is called twice, and 2 kB long.
    #[inline(never)]
    fn save(&mut self, console: &mut Console) {
        if self.state == self.noted {
            return;
        }
        self.noted = self.state.clone();
        if let StateAccess::Locked(store) = &self.access
            && self.saving == Saving::Works
            && let Err(e) = store.save(&self.state)
        {
            self.saving = Saving::Failed;
            console.warn(format_args!("{}", chain(&e)));
        }
    }

    fn write_history(&self, attempt: &Attempt, console: &mut Console) {
        let changes = history::changes(attempt.outcomes(), attempt.now);
        if changes.is_empty() {
            return;
        }
        let path = match (&self.config.history, &self.config.state_dir, &self.access) {
            (Some(path), ..) => path.clone(),
            (None, Some(dir), StateAccess::Locked(_)) => history::default_path(dir, self.id),
            _ => return,
        };
        if let Err(e) = history::add(&path, changes) {
            console.warn(format_args!("could not write the history {}: {e}", path.display()));
        }
    }

    /// Maintains the token, if a pass reached Gandi and the result can be saved.
    fn maintain_token(&mut self, attempt: &Attempt, console: &mut Console) {
        if let Ok(Completed { exit: Exit::Ok | Exit::Config, http, .. }) = &attempt.result
            && let StateAccess::Locked(_) = self.access
        {
            let random = &mut self.random;
            self.state.token =
                token::maintain(&self.config, http, self.state.token, attempt.now, random, console);
        }
    }

    /// Runs `on_failure` for the failures that are new or a day old. A hook that was not started is tried again by the
    /// next run.
    fn report_failures(&mut self, attempt: &Attempt, console: &mut Console) {
        let Some(program) = &self.config.notifications.on_failure else { return };
        let api = self.config.accounts[0].api.as_str();
        let unreported = self.state.unreported(api, attempt.outcomes(), attempt.now);
        for key in self.hooks.failures(program, &unreported, console) {
            self.state.mark_reported(api, key, attempt.now);
        }
    }

    /// Opens, locks and reads the state. Only another run's lock is an error: without a state, each run queries Gandi.
    /// `now` is `None` if the clock is wrong.
    fn open_state(&mut self, now: Option<Timestamp>, console: &mut Console) -> Result<(), StateError> {
        let mut access = StateAccess::ReadOnly;
        let loaded = match &self.config.state_dir {
            Some(dir) if self.options.mode == WriteMode::DryRun => state::read_unlocked(dir, self.id),
            None => {
                console.warn(format_args!("no directory for the state: set `state_dir`, or HOME"));
                Ok(State::default())
            }
            Some(dir) => match Store::open(dir, self.id, now) {
                Ok(mut store) => {
                    let loaded = store.load();
                    access = StateAccess::Locked(store);
                    loaded
                }
                Err(e) if e.is_locked() => return Err(e),
                Err(e) => {
                    console.warn(format_args!("{}; {}", chain(&e), state::WITHOUT_STATE));
                    Ok(State::default())
                }
            },
        };
        let state = loaded.unwrap_or_else(|e| {
            if e.is_other_version() {
                console.debug(format_args!("{}", chain(&e)));
            } else {
                console.warn(format_args!("{}", chain(&e)));
            }
            State::default()
        });
        self.state = state.with_fingerprint(self.config.fingerprint);
        self.noted = self.state.clone();
        self.access = access;
        // Not while another run holds the lock: only the state knows if they are news.
        for warning in &self.config.warnings {
            console.warn(format_args!("{warning}"));
        }
        Ok(())
    }
}

impl Attempt {
    /// Returns the exit code of a run that ends with this attempt.
    pub(super) fn exit(&self) -> Exit {
        self.result.as_ref().map_or(Exit::TryLater, |completed| completed.exit)
    }

    fn outcomes(&self) -> &[Outcome] {
        self.result.as_ref().map_or(&[], |completed| &completed.outcomes)
    }

    /// Returns the failures, one per line.
    fn message(&self) -> String {
        match &self.result {
            Ok(completed) => failure_lines(&completed.outcomes).join("\n"),
            Err(blocked) => blocked.text().to_owned(),
        }
    }
}

impl Blocked {
    fn text(&self) -> &str {
        match self {
            Self::Clock(text) | Self::Locked(text) | Self::Hung(text) => text,
        }
    }
}
