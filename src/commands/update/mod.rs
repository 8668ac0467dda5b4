//! One run: from what was asked for to the exit code, by one try or, under `--wait`, as many as it takes.

mod attempt;

use std::time::{Duration, Instant};

use crate::cli::{Common, Run};
use crate::commands::context::{World, load, unusable};
use crate::config::Token;
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::random::Random;
use attempt::Runner;

/// The first pause of a run that waits, in milliseconds; each further one is twice as long, up to the longest, and
/// none is as long as another machine's.
const RETRY_DELAY_MIN: u32 = 1000;
const RETRY_DELAY_MAX: u32 = 60_000;

/// Runs until all is right, nothing can be done about it, or the time for waiting is up.
pub fn run(common: &Common, asked: &Run, world: &World, console: &mut Console) -> Exit {
    let (config, instance) = match load(common, world, Token::Needed) {
        Ok(loaded) => loaded,
        Err(e) => return unusable(&e, console),
    };
    for warning in &config.warnings {
        console.warn(format_args!("{warning}"));
    }
    if common.json {
        console.keep_for_json();
    }
    let mut random = Random::new(world.seed);
    if !asked.splay.is_zero() {
        let most = u32::try_from(asked.splay.as_millis()).unwrap_or(u32::MAX);
        let pause = Duration::from_millis(random.below(most).into());
        console.step(format_args!("beginning in {} s", pause.as_secs()));
        (world.pause)(pause);
    }
    let begun = Instant::now();
    let (mut longest, mut paused) = (RETRY_DELAY_MIN, Duration::ZERO);
    let mut runner = Runner::new(config, instance, asked, world, random);
    loop {
        // Whatever pauses, whoever counts: the longer of the two has passed.
        if begun.elapsed().max(paused) < asked.wait {
            console.hold();
        }
        let attempt = runner.attempt(console);
        let left = asked.wait.saturating_sub(begun.elapsed().max(paused));
        let again = attempt.exit == Exit::TryLater && !left.is_zero();
        console.release(!again);
        runner.settle(&attempt, !again, console);
        if !again {
            if common.json {
                console.object(&runner.json(&attempt));
            }
            return attempt.exit;
        }
        runner.keep_changes(attempt);
        let pause = Duration::from_millis(runner.jitter(longest).into()).min(left);
        console.step(format_args!("trying again in {} ms", pause.as_millis()));
        (world.pause)(pause);
        paused += pause;
        longest = RETRY_DELAY_MAX.min(longest * 2);
    }
}
