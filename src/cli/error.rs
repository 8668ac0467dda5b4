//! The error of this folder: an invalid command line.

use crate::sys::secret;

/// An invalid command line.
#[derive(Debug)]
pub struct Invalid {
    /// The problem, and what to do. It contains no text that may be a secret.
    pub text: String,
    /// The command whose JSON object tells the problem, empty for an update; `None` if `--json` is not given.
    pub json_command: Option<&'static str>,
}

/// The result of reading a part of the command line. The error is on the heap, since it passes through several functions.
pub(super) type Parsed<T> = Result<T, Box<Invalid>>;

impl Invalid {
    /// Returns the error with this text, which is given in parts.
    #[inline(never)]
    pub(super) fn new(problem: &[&str]) -> Box<Self> {
        let text = secret::hide(&problem.concat()) + "; see gandi-ddns --help";
        Box::new(Self { text, json_command: None })
    }

    /// Returns the error for an option or argument that would contain a secret, given without it.
    pub(super) fn secret(option: &str) -> Box<Self> {
        Self::new(&[
            option,
            " is not supported, because other users can see arguments: put the secret in the file of `token_file`, or in \
             $GANDI_TOKEN",
        ])
    }

    /// Returns the error for an option whose value is invalid for this reason.
    pub(super) fn value(option: &str, problem: &str) -> Box<Self> {
        Self::new(&[option, ": ", problem])
    }
}

/// Returns the argument; if it is empty, the reason why it is not shown.
pub(super) const fn shown(argument: &str) -> &str {
    if argument.is_empty() { "(not shown: it may be a secret)" } else { argument }
}
