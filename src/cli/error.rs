//! The error of this folder: an invalid command line.

use std::fmt;

/// An invalid command line. No variant contains a value that may be a secret.
#[derive(Debug)]
pub enum UsageError {
    /// An error of pico-args, such as a missing value.
    Parse(pico_args::Error),
    /// An option that is unknown or was given twice, without its value.
    UnknownOption(String),
    /// An argument that is neither an option nor a command. It is not kept, because it may be a secret.
    UnexpectedArgument,
    /// An option that would contain a secret, without its value.
    Secret(String),
    /// Two options that cannot be used together.
    Conflict(&'static str, &'static str),
    /// An option and the option that it requires.
    Requires(&'static str, &'static str),
    /// `--redact` without the command `check`.
    RedactWithoutCheck,
    /// An option and the command that does not support it.
    NotFor(&'static str, &'static str),
    /// An option and the reason why its value is invalid.
    Value(&'static str, String),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(pico_args::Error::OptionWithoutAValue(option)) => write!(f, "{option} needs a value"),
            Self::Parse(e) => write!(f, "{e}"),
            Self::UnknownOption(option) => write!(f, "unknown or repeated option {option}"),
            Self::UnexpectedArgument => f.write_str(
                "unexpected argument (not shown: it may be a secret); commands are check, status and ip",
            ),
            Self::Secret(option) => write!(
                f,
                "{option} is not supported, because other users can see arguments: put the secret in the file of `token_file`, or in $GANDI_TOKEN"
            ),
            Self::Conflict(a, b) => write!(f, "{a} and {b} cannot be used together"),
            Self::Requires(option, other) => write!(f, "{option} requires {other}"),
            Self::RedactWithoutCheck => f.write_str("--redact can only be used with `check`"),
            Self::NotFor(option, command) => write!(f, "{option} cannot be used with `{command}`"),
            Self::Value(option, problem) => write!(f, "{option}: {problem}"),
        }?;
        write!(f, "; see gandi-ddns --help")
    }
}

impl std::error::Error for UsageError {}

impl From<pico_args::Error> for UsageError {
    fn from(e: pico_args::Error) -> Self {
        Self::Parse(e)
    }
}
