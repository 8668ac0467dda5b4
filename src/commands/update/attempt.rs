//! One attempt of the update command: reconcile all records, then save state and history, maintain the token, send
//! notifications.

use std::time::Duration;

use super::memory::Memory;
use super::telling::classes;
use crate::cli::{CachePolicy, UpdateOptions, WriteMode};
use crate::commands::context::Context;
use crate::config::Config;
use crate::console::Console;
use crate::console::syslog::Severity;
use crate::exit::Exit;
use crate::gandi::nameservers::LONGEST_LOOKUP;
use crate::http::Http;
use crate::notify::heartbeat;
use crate::notify::hooks::{self, Hooks};
use crate::outcome::{Failure, Outcome, Success};
use crate::reconcile::{PassContext, reconcile};
use crate::report::{failure_lines, json, report, report_failures};
use crate::state::notices::id_of;
use crate::state::{Attempts, State};
use crate::sys::grouped::push_if_new;
use crate::sys::hash::ConfigId;
use crate::sys::random::Random;
use crate::sys::subprocess::KILL_GRACE;
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
struct Blocked {
    text: String,
    /// True if there is no heartbeat: another run holds the lock, and sends its own; or the clock is wrong, with which
    /// there is no TLS, as rustls refuses each certificate, and aborts before 1970.
    is_silent: bool,
}

/// Makes the attempts of one run, or the passes of a watcher. Holds everything that lasts from one attempt to the next.
pub(crate) struct Updater<'a> {
    /// The config. A renewal changes a token in it.
    pub(crate) config: Box<Config>,
    /// The identifier of the config.
    pub(crate) id: ConfigId,
    options: &'a UpdateOptions,
    context: &'a Context<'a>,
    random: Random,
    memory: Memory,
    /// The changes of earlier attempts.
    changed: Vec<Outcome>,
    hooks: Hooks,
    /// The identities of the messages that this run has printed.
    printed: Vec<u64>,
    /// The warnings of this run, printed or not.
    warnings: Vec<String>,
    attempts: u32,
}

impl<'a> Updater<'a> {
    /// The longest time of an attempt beyond its `timeout`, which ends every request: the last look at name servers, the
    /// end of a program that is killed, hooks and heartbeats. Disks and a busy processor add to it.
    pub(crate) const LONGEST_AFTER_TIMEOUT: Duration = LONGEST_LOOKUP
        .saturating_add(KILL_GRACE.saturating_mul(2))
        .saturating_add(hooks::BUDGET)
        .saturating_add(HEARTBEAT_TIMEOUT);

    #[inline(never)]
    pub(crate) fn new(
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
            memory: Memory::default(),
            changed: Vec::new(),
            hooks: Hooks::new(),
            printed: Vec::new(),
            warnings: Vec::new(),
            attempts: 0,
        }
    }

    /// Makes one attempt and prints its changes.
    #[inline(never)]
    pub(super) fn attempt(&mut self, console: &mut Console) -> Attempt {
        let now = (self.context.now)();
        let blocked = |text, is_silent| Attempt { now, result: Err(Blocked { text, is_silent }) };
        let wrong_clock = time::implausible(now);
        let mut opened = Ok(());
        if !self.memory.is_open() {
            // The state knows whether the clock's complaint was printed.
            let time = wrong_clock.is_none().then_some(now);
            opened = self.memory.open(&self.config, self.id, self.options.mode, time, console);
        }
        if let Some(text) = wrong_clock {
            console.error(format_args!("{text}"));
            return blocked(text, true);
        }
        if let Err(locked) = opened {
            if let Some(text) = locked.hung(now) {
                if !locked.is_told() || self.is_by_hand(console) {
                    console.warn(format_args!("{text}"));
                }
                return blocked(text, false);
            }
            console.debug(format_args!("{locked}"));
            return blocked(locked.to_string(), true);
        }
        self.memory.note_run(now);
        let http = self.config.detection.client();
        if self.options.mode == WriteMode::Apply
            && token::resume_renewals(&mut self.config, &http, &mut self.random, console)
        {
            // With another token, the backoffs of its account end.
            self.memory.state.adapt(&self.config);
        }
        let modified = self.modified_state();
        let (mode, random) = (self.options.mode, self.random.split());
        self.attempts += 1;
        let state = modified.as_ref().unwrap_or(&self.memory.state);
        let context = PassContext { state, now, mode, random };
        let outcomes = reconcile(&self.config, &http, context, console);
        let apis = self.config.apis();
        let is_known = |account: usize, key: &_| {
            self.memory.state.record(apis[account], key).is_some_and(|r| r.confirmed.is_some())
        };
        let exit = report(&outcomes, &is_known, console);
        Attempt { now, result: Ok(Completed { exit, outcomes, http }) }
    }

    /// Returns the part of the state that a pass may rely on; `None` if that is all of it.
    fn modified_state(&self) -> Option<State> {
        let force = self.options.cache == CachePolicy::Ignore;
        // Retries of `--wait`, `--force` and dry runs ignore backoff.
        if !force && self.options.mode == WriteMode::Apply && self.attempts == 0 {
            return None;
        }
        let mut known = self.memory.state.clone();
        known.end_backoffs();
        if force {
            known.doubt();
        }
        Some(known)
    }

    /// Finishes an attempt that will be retried, which prints its failures with this text at the end of each line. They
    /// bring no backoff: they may be gone at the next attempt.
    pub(super) fn finish_intermediate(&mut self, attempt: Attempt, suffix: &str, console: &mut Console) {
        self.record(&attempt, Attempts::Retried, suffix, console);
        if let Ok(completed) = attempt.result {
            self.changed.extend(completed.outcomes.into_iter().filter(is_change));
        }
    }

    /// Finishes the last attempt of the run, which also maintains the token and sends notifications.
    #[inline(never)]
    pub(super) fn finish_final(&mut self, attempt: &Attempt, console: &mut Console) {
        self.record(attempt, Attempts::Last, "", console);
        if self.options.mode == WriteMode::DryRun {
            return;
        }
        self.maintain_tokens(attempt, console);
        self.report_failures(attempt, console);
        self.hooks.report_skipped(console);
        self.print_held(attempt.now, "", console);
        self.memory.save(console);
        self.print_held(attempt.now, "", console);
        let is_silent = attempt.result.as_ref().is_err_and(|blocked| blocked.is_silent);
        if !is_silent && !self.config.notifications.heartbeat.is_empty() {
            let http = Http::new(self.config.detection.roots.as_deref(), HEARTBEAT_TIMEOUT);
            let notifications = &self.config.notifications;
            let timeout = self.config.detection.timeout;
            heartbeat::send(notifications, &http, timeout, (attempt.exit(), &attempt.message()), console);
        }
    }

    /// Prepares the next pass: releases the lock, and forgets everything but the config, and a state that is not saved.
    #[inline(never)]
    pub(super) fn start_anew(&mut self) {
        self.memory.close();
        self.hooks = Hooks::new();
        self.printed.clear();
        self.warnings.clear();
        self.attempts = 0;
    }

    /// Returns the run as one JSON object.
    pub(super) fn json(&self, attempt: &Attempt) -> String {
        json::run(&json::RunReport {
            now: attempt.now,
            exit: attempt.exit(),
            mode: self.options.mode,
            error: attempt.result.as_ref().err().map(|blocked| blocked.text.as_str()),
            outcomes: attempt.outcomes(),
            earlier: &self.changed,
            token_expires: self.memory.state.tokens.iter().filter_map(|token| token.expires_at).min(),
            warnings: &self.warnings,
        })
    }

    /// Saves the outcomes, prints what is news, adds the changes to the history and runs `on_change`.
    fn record(&mut self, attempt: &Attempt, which: Attempts, suffix: &str, console: &mut Console) {
        let (now, outcomes, apis) = (attempt.now, attempt.outcomes(), self.config.apis());
        self.memory.state.apply(&apis, outcomes, which, now);
        let classes = classes(outcomes, &apis, &self.memory.noted, &self.memory.state);
        let (mut due, mut has_changed) = (Vec::new(), false);
        for class in &classes {
            let has_ended = self.memory.state.notices.has_ended(class.code, class.continuing());
            has_changed |= has_ended && class.changed > 0;
            if has_ended && self.options.mode == WriteMode::Apply {
                class.report_end(console);
            }
            if class.is_failing && self.is_news(class.code, class.failing, now, console) {
                due.push(class.code);
            }
        }
        for class in classes.iter().filter(|class| has_changed && class.is_failing) {
            self.memory.state.notices.assume_known(class.code, class.failing);
        }
        report_failures(outcomes, &due, suffix, console);
        self.print_held(now, suffix, console);
        self.memory.save(console);
        if self.options.mode == WriteMode::Apply {
            self.memory.write_history(&self.config, self.id, outcomes, now, console);
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
        let is_due = self.memory.state.notices.is_due(id, count, now);
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

    /// Maintains the tokens of the accounts for which a pass reached Gandi, if the result can be saved.
    #[inline(never)]
    fn maintain_tokens(&mut self, attempt: &Attempt, console: &mut Console) {
        let Ok(Completed { outcomes, http, .. }) = &attempt.result else { return };
        if !self.memory.is_saved() {
            return;
        }
        let mut exits = vec![None; self.config.accounts.len()];
        for Outcome { account, result, .. } in outcomes {
            let exit = result.as_ref().map_or_else(Failure::exit, |_| Exit::Ok);
            exits[*account] = exits[*account].max(Some(exit));
        }
        for (number, exit) in exits.into_iter().enumerate() {
            if let (Some(Exit::Ok | Exit::Config), Some(token)) =
                (exit, self.memory.state.tokens.get_mut(number))
            {
                *token = token::maintain(
                    &self.config,
                    number,
                    http,
                    *token,
                    attempt.now,
                    &mut self.random,
                    console,
                );
            }
        }
    }

    /// Runs `on_failure` for the failures that are new or a day old. A hook that was not started is tried again by the
    /// next run.
    #[inline(never)]
    fn report_failures(&mut self, attempt: &Attempt, console: &mut Console) {
        let Some(program) = &self.config.notifications.on_failure else { return };
        let apis = self.config.apis();
        let unreported = self.memory.state.unreported(&apis, attempt.outcomes(), attempt.now);
        let mut distinct = Vec::new();
        for api in apis {
            push_if_new(&mut distinct, api);
        }
        for key in self.hooks.failures(program, &unreported, console) {
            for api in &distinct {
                self.memory.state.mark_reported(api, key, attempt.now);
            }
        }
    }
}

/// Returns true if a record was written.
const fn is_change(outcome: &Outcome) -> bool {
    matches!(outcome.result, Ok(Success::Created { .. } | Success::Replaced { .. }))
}

impl Attempt {
    /// Returns the exit code of a run that ends with this attempt.
    pub(super) fn exit(&self) -> Exit {
        self.result.as_ref().map_or(Exit::TryLater, |completed| completed.exit)
    }

    fn outcomes(&self) -> &[Outcome] {
        self.result.as_ref().map_or(&[], |completed| &completed.outcomes)
    }

    /// Returns true if a record was written.
    pub(super) fn has_changed(&self) -> bool {
        self.outcomes().iter().any(is_change)
    }

    /// Returns the time and the result: the failures, one per line, if there are any.
    pub(super) fn summary(&self) -> String {
        let failed = self.message();
        let result = if failed.is_empty() { "all records up to date" } else { &failed };
        [&self.now.to_string(), ": ", result].concat()
    }

    /// Returns the failures, one per line.
    fn message(&self) -> String {
        match &self.result {
            Ok(completed) => failure_lines(&completed.outcomes).join("\n"),
            Err(blocked) => blocked.text.clone(),
        }
    }
}
