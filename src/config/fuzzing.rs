//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use std::path::Path;

use rustls::pki_types::CertificateDer;

use super::ca_file;
use super::error::ConfigError;
use super::load::from_text;
use super::model::{Credentials, Loaded};
use crate::cli::GlobalOptions;
use crate::sys::environment::Environment;

/// Loads the text of the config file at `path`, which need not exist, with the settings of `--option` and `--address`.
///
/// # Errors
/// The problems in the text or in these settings.
pub fn load_text(
    text: &str,
    path: &Path,
    options: &GlobalOptions,
    env: &Environment,
    credentials: Credentials,
) -> Result<Loaded, ConfigError> {
    from_text(text, path, options, env, credentials)
}

/// Returns the certificates of a `ca_file`.
///
/// # Errors
/// The problem with the file.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    ca_file::certificates(pem)
}

/// Returns the lines of an error.
#[must_use]
pub fn lines(error: &ConfigError) -> Vec<String> {
    error.lines()
}
