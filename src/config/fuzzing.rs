//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use std::path::Path;

use super::error::ConfigError;
use super::load::from_text;
use super::model::{Credentials, Loaded};
use crate::cli::GlobalOptions;
use crate::sys::environment::Environment;

/// Loads the text of the config file at `path`, which need not exist.
///
/// # Errors
/// The first problem in the text.
pub fn load(
    text: &str,
    path: &Path,
    env: &Environment,
    credentials: Credentials,
) -> Result<Loaded, ConfigError> {
    from_text(text, path, &GlobalOptions::default(), env, credentials)
}

/// Returns the lines of an error.
#[must_use]
pub fn lines(error: &ConfigError) -> Vec<String> {
    error.lines()
}
