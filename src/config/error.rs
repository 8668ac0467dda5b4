//! What is wrong with a config, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// Something that a person has to set right; one line, except for an ancestor's config.
#[derive(Debug)]
pub struct ConfigError {
    /// The file, unless the records were named by arguments.
    file: Option<PathBuf>,
    /// The line in it, from 1.
    line: Option<usize>,
    problem: String,
    /// The config that says the same here, when the file is an ancestor's.
    translation: Option<String>,
}

impl ConfigError {
    /// A problem with the whole.
    pub(super) fn new(file: Option<&Path>, problem: impl Into<String>) -> Self {
        Self { file: file.map(Path::to_owned), line: None, problem: problem.into(), translation: None }
    }

    /// A problem in a line.
    pub(super) fn at(file: Option<&Path>, line: usize, problem: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(file, problem) }
    }

    /// An ancestor's config, and what to write instead of it.
    pub(super) fn ancestor(file: Option<&Path>, line: usize, translation: String) -> Self {
        let problem = "this is the config of an older Gandi script; the same for this program is below";
        Self { translation: Some(translation), ..Self::at(file, line, problem) }
    }

    /// What to write instead, as a whole config file.
    #[must_use]
    pub fn translation(&self) -> Option<&str> {
        self.translation.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let Some(line) = self.line.filter(|n| *n > 0) {
                write!(f, "{line}:")?;
            }
            write!(f, " ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ConfigError {}
