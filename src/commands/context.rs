//! The common start of all commands: the injected environment, clock, sleep and seed, and the loaded config.

use std::time::Duration;

use crate::cli::{ConfigSource, GlobalOptions};
use crate::config::{self, Config, ConfigError, Credentials, Loaded};
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::environment::Environment;
use crate::sys::hash::ConfigId;
use crate::sys::time::{Timestamp, implausible};

/// The environment, clock, sleep and seed that `main` injects into every command. Tests pass their own.
pub struct Context<'a> {
    /// The environment variables and the effective user.
    pub env: Environment,
    /// Reads the clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Sleeps for the given time.
    pub sleep: &'a dyn Fn(Duration),
    /// Seed for jitter and shuffling. Must differ between runs.
    pub seed: u64,
}

/// Loads the config, and restricts it to the families of `-4` and `-6`. Fails if the config is invalid, or if no record
/// of these families is left.
pub(crate) fn load(
    options: &GlobalOptions,
    context: &Context,
    credentials: Credentials,
) -> Result<(Box<Config>, ConfigId), ConfigError> {
    let Loaded { mut config, id } = config::load(options, &context.env, credentials)?;
    restrict(&mut config, options)?;
    Ok((config, id))
}

/// Restricts a config to the families of `-4` and `-6`. Fails if no record of these families is left.
pub(crate) fn restrict(config: &mut Config, options: &GlobalOptions) -> Result<(), ConfigError> {
    let is_inline = matches!(options.source, ConfigSource::Inline(_));
    config.restrict(options.families, if is_inline { Exit::Usage } else { Exit::Config })
}

/// Hides the token or API key of every account in what the console prints.
pub(crate) fn hide_credentials(config: &Config, console: &mut Console) {
    for account in &config.accounts {
        console.hide(account.credential.expose());
    }
}

/// Fails if the clock must be wrong: no certificate is valid then, and TLS refuses a time before 1970 by a panic.
pub(crate) fn check_clock(context: &Context) -> Result<(), ConfigError> {
    implausible((context.now)()).map_or(Ok(()), |problem| Err(ConfigError::other(Exit::TryLater, problem)))
}

/// Prints a config error with this text at the end of each problem, and returns its exit code.
pub(crate) fn report_config_error(e: &ConfigError, suffix: &str, console: &mut Console) -> Exit {
    if let Some(heading) = e.heading() {
        console.error(format_args!("{heading}"));
    }
    for line in e.lines() {
        console.error(format_args!("{line}{suffix}"));
    }
    e.exit()
}
