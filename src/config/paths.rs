//! Paths as the config writes them.

use std::path::{Path, PathBuf};

/// A path in the config is relative to the config's own directory.
pub(super) fn relative_to(file: Option<&Path>, path: &str) -> PathBuf {
    file.and_then(Path::parent).map_or_else(|| PathBuf::from(path), |dir| dir.join(path))
}
