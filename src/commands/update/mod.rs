//! The update command: one attempt or, with `--wait`, retries of temporary failures.

mod attempt;
mod memory;
mod telling;

use std::time::{Duration, Instant};

use crate::cli::{GlobalOptions, OutputFormat, UpdateOptions, WriteMode};
use crate::commands::context::{Context, hide_credentials, load, report_config_error};
use crate::config::Credentials;
use crate::console::Console;
use crate::exit::Exit;
use crate::report::json;
use crate::sys::random::Random;
use crate::sys::time::{Timestamp, seconds_rounded_up};
pub(crate) use attempt::Updater;

/// Upper bound of the first retry delay with `--wait`, in ms. Doubles up to [`RETRY_DELAY_MAX`]. Each delay is from half
/// of the bound to all of it, at random, so that machines do not retry in step.
const RETRY_DELAY_MIN: u32 = 1000;
/// The largest bound of a retry delay, in ms.
const RETRY_DELAY_MAX: u32 = 60_000;

/// The retries of one run with `--wait`.
struct Retries<'a> {
    wait: Duration,
    sleep: &'a dyn Fn(Duration),
    random: Random,
    started: Instant,
    slept: Duration,
    /// The upper bound of the next delay, in ms.
    longest: u32,
}

impl Retries<'_> {
    /// Returns the rest of the time of `--wait`.
    fn left(&self) -> Duration {
        // Elapsed time is the larger of the real clock and the sum of our sleeps: tests replace sleep, and real sleeps
        // can overrun.
        self.wait.saturating_sub(self.started.elapsed().max(self.slept))
    }

    /// Returns the end of the message of a failure after which there is another attempt: with the whole time of `--wait`,
    /// which does not depend on the duration of the first attempt.
    fn suffix(&self) -> String {
        format!("; retrying for up to {} s", seconds_rounded_up(self.wait))
    }

    /// Sleeps before the next attempt.
    fn pause(&mut self, console: &mut Console) {
        let left = self.left();
        let half = self.longest / 2;
        let delay = Duration::from_millis((half + self.random.below(half + 1)).into()).min(left);
        // Not `as_millis`: to print a `u128` takes 1.2 kB of code.
        let milliseconds = delay.as_secs() * 1000 + u64::from(delay.subsec_millis());
        console.debug(format_args!("trying again in {milliseconds} ms"));
        (self.sleep)(delay);
        self.slept += delay;
        self.longest = RETRY_DELAY_MAX.min(self.longest * 2);
    }
}

/// A pass of `watch`.
pub(crate) struct Pass {
    /// The exit code of a run that ends with this pass.
    pub(crate) exit: Exit,
    /// True if a record was written.
    pub(crate) has_changed: bool,
    /// The time and the result.
    pub(crate) summary: String,
}

/// Makes one pass, as a run without `--wait` does.
#[inline(never)]
pub(crate) fn pass(updater: &mut Updater, console: &mut Console) -> Pass {
    console.hold();
    let attempt = updater.attempt(console);
    updater.finish_final(&attempt, console);
    console.release();
    updater.start_anew();
    Pass { exit: attempt.exit(), has_changed: attempt.has_changed(), summary: attempt.summary() }
}

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(now: Timestamp, text: &str) -> String {
    json::early_end(now, Exit::Usage, WriteMode::Apply, text)
}

/// Attempts to update all records until they are right, the failure is permanent, or the time of `--wait` is up.
pub fn execute(
    options: &GlobalOptions,
    update: &UpdateOptions,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let mut random = Random::new(context.seed);
    let mut retries = Retries {
        wait: update.wait,
        sleep: context.sleep,
        random: random.split(),
        started: Instant::now(),
        slept: Duration::ZERO,
        longest: RETRY_DELAY_MIN,
    };
    if options.format == OutputFormat::Json {
        console.reserve_stdout();
    }
    let mut told = String::new();
    let (config, id) = loop {
        let e = match load(options, context, Credentials::Required) {
            Ok(loaded) => break loaded,
            Err(e) => e,
        };
        let is_retried = e.exit() == Exit::TryLater && !retries.left().is_zero();
        let text = e.to_string();
        if text != told {
            let suffix = if is_retried { retries.suffix() } else { String::new() };
            report_config_error(&e, &suffix, console);
        }
        if !is_retried {
            if options.format == OutputFormat::Json {
                console.object(&json::early_end((context.now)(), e.exit(), update.mode, &text));
            }
            return e.exit();
        }
        told = text;
        retries.pause(console);
    };
    hide_credentials(&config, console);
    console.hold();
    if !update.splay.is_zero() {
        let most = u32::try_from(update.splay.as_millis()).unwrap_or(u32::MAX);
        let delay = Duration::from_millis(random.below(most).into());
        console.debug(format_args!("starting in {} s (--splay)", delay.as_secs()));
        let before = Instant::now();
        (context.sleep)(delay);
        // This time is none of that of `--wait`.
        retries.started += before.elapsed();
    }
    let mut updater = Updater::new(config, id, update, context, random);
    loop {
        let attempt = updater.attempt(console);
        if attempt.exit() != Exit::TryLater || retries.left().is_zero() {
            updater.finish_final(&attempt, console);
            if options.format == OutputFormat::Json {
                console.object(&updater.json(&attempt));
            }
            return attempt.exit();
        }
        updater.finish_intermediate(attempt, &retries.suffix(), console);
        retries.pause(console);
    }
}
