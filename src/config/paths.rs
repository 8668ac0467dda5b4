//! Paths in the config file.

use std::path::{Path, PathBuf};

/// Returns `path` relative to the directory of the config `file`, or to the working directory if there is no file.
pub(super) fn relative_to(file: Option<&Path>, path: &str) -> PathBuf {
    file.and_then(Path::parent).map_or_else(|| PathBuf::from(path), |dir| dir.join(path))
}
