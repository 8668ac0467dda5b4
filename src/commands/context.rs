//! What every command begins with: the process's surroundings, and the config.

use std::time::Duration;

use crate::cli::Common;
use crate::config::{self, Config, ConfigError, Loaded, Token};
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::environment::Environment;
use crate::sys::hash::fnv;

/// What `main` knows of the world.
pub struct World<'a> {
    /// The environment.
    pub env: Environment,
    /// Reads the clock, in seconds since 1970.
    pub clock: &'a dyn Fn() -> u64,
    /// Lets time pass.
    pub pause: &'a dyn Fn(Duration),
    /// Any number that differs from run to run.
    pub seed: u64,
}

/// The config, and the number that tells it from others.
pub(crate) fn load(common: &Common, world: &World, token: Token) -> Result<(Config, u64), ConfigError> {
    let Loaded { mut config, identity } = config::load(&common.source, &world.env, token)?;
    config.restrict(common.families)?;
    Ok((config, fnv(&identity)))
}

/// Tells what is wrong with the config.
pub(crate) fn unusable(e: &ConfigError, console: &mut Console) -> Exit {
    console.error(format_args!("{e}"));
    if let Some(text) = e.translation() {
        console.error(format_args!("write this instead:\n\n{text}"));
    }
    Exit::Config
}
