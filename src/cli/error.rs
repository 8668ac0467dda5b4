//! Why arguments make no sense.

use std::fmt;

/// Why the arguments make no sense.
#[derive(Debug)]
pub enum UsageError {
    /// pico-args' own complaint, such as a missing value.
    Parse(pico_args::Error),
    /// Nothing of ours; its value is cut off, since it may be a secret.
    Unknown(String),
    /// Like a secret; holds the option.
    Secret(String),
    /// Two options that exclude each other.
    Both(&'static str, &'static str),
    /// An option that only makes sense with another.
    Needs(&'static str, &'static str),
    /// An option that a command has no use for.
    NotFor(&'static str, &'static str),
    /// An option's value that is none.
    Value(&'static str, String),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = match self {
            Self::Parse(pico_args::Error::OptionWithoutAValue(option)) => {
                write!(f, "{option} needs a value")
            }
            Self::Parse(e) => write!(f, "{e}"),
            Self::Unknown(word) => write!(f, "unknown or repeated argument {word}"),
            Self::Secret(option) => {
                return write!(
                    f,
                    "{option} is refused: everybody can read arguments, so a secret never goes there; put it in the \
                     file that `token_file` names in the config, or in $GANDI_TOKEN"
                );
            }
            Self::Both(a, b) => write!(f, "{a} and {b} exclude each other"),
            Self::Needs(a, b) => write!(f, "{a} goes with {b}"),
            Self::NotFor(option, command) => write!(f, "{option} does not go with `{command}`"),
            Self::Value(option, problem) => write!(f, "{option}: {problem}"),
        };
        told?;
        write!(f, "; see gandi-ddns --help")
    }
}

impl std::error::Error for UsageError {}

impl From<pico_args::Error> for UsageError {
    fn from(e: pico_args::Error) -> Self {
        Self::Parse(e)
    }
}
