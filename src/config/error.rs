//! The error of this folder: a problem in the config, with file and line.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::sys::file_error::FileError;
use crate::sys::secret;

/// A problem in the config. Its text is one line; for the config of an older Gandi script, [`translation`] has the
/// config to use instead.
///
/// [`translation`]: ConfigError::translation
#[derive(Debug)]
pub struct ConfigError {
    /// The config file; `None` if the records were given as arguments, or the problem is elsewhere.
    file: Option<PathBuf>,
    /// The line in the file, from 1; 0 or `None` if the problem has no line.
    line: Option<usize>,
    /// The problem and its remedy.
    problem: Problem,
    /// The equivalent config for this program, if the file is the config of an older Gandi script.
    translation: Option<String>,
}

/// The text of a problem, and its consequence.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    /// True if the next run may not have the problem.
    is_temporary: bool,
}

impl Problem {
    /// Creates a problem with a file that could not be read.
    pub(super) fn reading(text: String, cause: &FileError) -> Self {
        Self { text, is_temporary: cause.is_temporary() }
    }

    /// Puts the config key in front of the text.
    pub(super) fn of_key(self, key: &str) -> Self {
        Self { text: format!("`{key}`: {}", self.text), ..self }
    }
}

impl<T: Into<String>> From<T> for Problem {
    fn from(text: T) -> Self {
        Self { text: text.into(), is_temporary: false }
    }
}

impl ConfigError {
    /// Creates an error about the whole file, or about no file.
    pub(super) fn new(file: Option<&Path>, problem: impl Into<Problem>) -> Self {
        Self { file: file.map(Path::to_owned), line: None, problem: problem.into(), translation: None }
    }

    /// Creates an error about a line; line 0 stands for arguments and is not printed.
    pub(super) fn at(file: Option<&Path>, line: usize, problem: impl Into<Problem>) -> Self {
        Self { line: Some(line), ..Self::new(file, problem) }
    }

    /// Creates the error for the config of an older Gandi script: the line of the first key of such a script, and the
    /// equivalent config.
    pub(super) fn legacy(file: Option<&Path>, line: usize, translation: String) -> Self {
        let problem =
            "this looks like the config of an older Gandi script; the equivalent for gandi-ddns is below";
        Self { translation: Some(translation), ..Self::at(file, line, problem) }
    }

    /// Returns the exit code of a run that ends with this error.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        if self.problem.is_temporary { Exit::TryLater } else { Exit::Config }
    }

    /// Returns the text of a config file that replaces the config of an older Gandi script.
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
        f.write_str(&secret::hide(&self.problem.text))
    }
}

impl std::error::Error for ConfigError {}
