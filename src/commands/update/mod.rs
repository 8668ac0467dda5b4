//! The update command: one attempt or, with `--wait`, retries of temporary failures.

mod attempt;

use std::time::{Duration, Instant};

use crate::cli::{GlobalOptions, OutputFormat, UpdateOptions};
use crate::commands::context::{Context, load, report_config_error};
use crate::config::Credentials;
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::random::Random;
use attempt::Updater;

/// Upper bound of the first retry delay with `--wait`, in ms. Doubles up to [`RETRY_DELAY_MAX`]. Each delay is from half
/// of the bound to all of it, at random, so that machines do not retry in step.
const RETRY_DELAY_MIN: u32 = 1000;
/// The largest bound of a retry delay, in ms.
const RETRY_DELAY_MAX: u32 = 60_000;

/// Attempts to update all records until they are right, the failure is permanent, or the time of `--wait` is up.
pub fn execute(
    options: &GlobalOptions,
    update: &UpdateOptions,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let (config, id) = match load(options, context, Credentials::Required) {
        Ok(loaded) => loaded,
        Err(e) => return report_config_error(&e, console),
    };
    console.hide(config.credential.expose());
    for warning in &config.warnings {
        console.warn(format_args!("{warning}"));
    }
    if options.format == OutputFormat::Json {
        console.reserve_stdout();
    }
    let mut random = Random::new(context.seed);
    if !update.splay.is_zero() {
        let most = u32::try_from(update.splay.as_millis()).unwrap_or(u32::MAX);
        let delay = Duration::from_millis(random.below(most).into());
        console.debug(format_args!("starting in {} s (--splay)", delay.as_secs()));
        (context.sleep)(delay);
    }
    let started = Instant::now();
    let (mut longest, mut slept) = (RETRY_DELAY_MIN, Duration::ZERO);
    let mut updater = Updater::new(config, id, update, context, random);
    loop {
        // Elapsed time is the larger of the real clock and the sum of our sleeps: tests replace sleep, and real sleeps
        // can overrun.
        if started.elapsed().max(slept) < update.wait {
            console.buffer_errors();
        }
        let attempt = updater.attempt(console);
        let left = update.wait.saturating_sub(started.elapsed().max(slept));
        if attempt.exit() != Exit::TryLater || left.is_zero() {
            console.flush_errors();
            updater.finish_final(&attempt, console);
            if options.format == OutputFormat::Json {
                console.object(&updater.json(&attempt));
            }
            return attempt.exit();
        }
        console.discard_errors();
        updater.finish_intermediate(attempt, console);
        let delay = Duration::from_millis(updater.jitter(longest).into()).min(left);
        // Not `as_millis`: to print a `u128` takes 1.2 kB of code.
        let milliseconds = delay.as_secs() * 1000 + u64::from(delay.subsec_millis());
        console.debug(format_args!("trying again in {milliseconds} ms"));
        (context.sleep)(delay);
        slept += delay;
        longest = RETRY_DELAY_MAX.min(longest * 2);
    }
}
