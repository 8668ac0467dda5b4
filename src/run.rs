//! One run: from what was asked for to the exit code.

use std::time::Instant;

use crate::cli::Run;
use crate::config::{self, Config, ConfigError, Loaded};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::http::Http;
use crate::random::Random;
use crate::report::{Console, report};
use crate::round::{Circumstances, round};
use crate::state::{self, State, StateError, Store};

/// What `main` has read of the world.
pub struct World {
    /// The environment.
    pub env: Environment,
    /// Seconds since 1970.
    pub now: u64,
    /// When the run began, which its deadline counts from.
    pub started: Instant,
    /// Any number that differs from run to run.
    pub seed: u64,
}

/// Runs once.
pub fn run(asked: &Run, world: &World, console: &mut Console) -> Exit {
    let loaded = config::load(&asked.source, &world.env).and_then(|mut loaded| {
        loaded.config.restrict(asked.families)?;
        Ok(loaded)
    });
    let Loaded { config, identity } = match loaded {
        Ok(loaded) => loaded,
        Err(e) => return unusable(&e, console),
    };
    for warning in &config.warnings {
        console.warn(format_args!("{warning}"));
    }
    let instance = state::instance(&identity);
    let store = match open(&config, instance, asked.dry_run, world, console) {
        Ok(store) => store,
        Err(busy) => {
            console.step(format_args!("{busy}"));
            return Exit::TryLater;
        }
    };
    let before = remember(&config, store.as_ref(), instance, asked.dry_run, console);
    let forgotten = State::default();
    let http = Http::new(config.detection.roots.as_deref(), world.started + config.detection.timeout);
    let circumstances = Circumstances {
        state: if asked.force { &forgotten } else { &before },
        now: world.now,
        dry_run: asked.dry_run,
        random: Random::new(world.seed),
    };
    let outcomes = round(&config, &http, circumstances, console);
    let exit = report(&outcomes, console);
    if let Some(store) = store {
        let after = before.clone().after(config.api.as_str(), &outcomes, world.now, config.recheck.as_secs());
        if after != before
            && let Err(e) = store.save(&after)
        {
            console.warn(format_args!("{e}"));
        }
    }
    exit
}

/// Tells what is wrong with the config.
pub(crate) fn unusable(e: &ConfigError, console: &mut Console) -> Exit {
    console.error(format_args!("{e}"));
    if let Some(text) = e.translation() {
        console.error(format_args!("write this instead:\n\n{text}"));
    }
    Exit::Config
}

/// Opens and locks the state. Only another run's lock is an error: without a state, each run asks Gandi.
fn open(
    config: &Config,
    instance: u64,
    dry_run: bool,
    world: &World,
    console: &mut Console,
) -> Result<Option<Store>, StateError> {
    if dry_run {
        return Ok(None);
    }
    let Some(dir) = &config.state_dir else {
        console.warn(format_args!("no place for the state: set `state_dir`, or HOME"));
        return Ok(None);
    };
    match Store::open(dir, instance, world.env.uid) {
        Ok(store) => Ok(Some(store)),
        Err(e) if e.is_busy() => Err(e),
        Err(e) => {
            console.warn(format_args!("{e}; each run asks Gandi, and two runs may meet"));
            Ok(None)
        }
    }
}

/// What earlier runs confirmed; whatever cannot be read counts as nothing.
fn remember(
    config: &Config,
    store: Option<&Store>,
    instance: u64,
    dry_run: bool,
    console: &mut Console,
) -> State {
    let loaded = match (store, &config.state_dir) {
        (Some(store), _) => store.load(),
        (None, Some(dir)) if dry_run => state::peek(dir, instance),
        (None, _) => return State::default(),
    };
    loaded.unwrap_or_else(|e| {
        if e.is_harmless() {
            console.step(format_args!("{e}"));
        } else {
            console.warn(format_args!("{e}"));
        }
        State::default()
    })
}
