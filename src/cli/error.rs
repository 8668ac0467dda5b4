//! The error of this folder: an invalid command line.

use std::fmt;

/// An invalid command line. Its texts contain no argument that may be a secret.
#[derive(Debug)]
pub(super) enum UsageError {
    /// An option that is unknown, without its value, and the one that was probably meant. The option is empty if it may
    /// be a secret.
    UnknownOption(String, Option<&'static str>),
    /// An argument that is neither an option nor a command, with advice. The argument is empty if it may be a secret.
    UnexpectedArgument(String, Advice),
    /// An option or argument that would contain a secret, without it.
    Secret(String),
    /// The position of an argument that is not UTF-8, from 1.
    NotUtf8(usize),
    /// The position of an empty argument, from 1.
    Empty(usize),
    /// An option that may be given once only.
    Repeated(&'static str),
    /// An option without its value, and the word for the value.
    NoValue(&'static str, &'static str),
    /// A flag with a value.
    TakesNoValue(String),
    /// Two options that cannot be used together.
    Conflict(&'static str, &'static str),
    /// An option and the option that it requires.
    Requires(&'static str, &'static str),
    /// An option that is not for this command; empty for an update. The last one is the only command that it is for,
    /// empty for an update; `None` if there are several.
    NotFor(&'static str, &'static str, Option<&'static str>),
    /// An option and the reason why its value is invalid.
    Value(&'static str, String),
}

/// The advice for a word that is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// It comes after this command.
    After(&'static str),
    /// This was probably meant.
    Meant(&'static str),
    /// An update was probably meant.
    Update,
    /// It may set an environment variable.
    Variable,
    /// It may be the path of a config.
    Config,
    /// It may be the name of a record.
    Name,
    /// Nothing is like it.
    Commands,
}

impl UsageError {
    /// Moves it to the heap: it is large, and passed through several functions.
    #[inline(never)]
    pub(super) fn boxed(self) -> Box<Self> {
        Box::new(self)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOption(option, meant) => {
                write!(f, "unknown option {}", shown(option))?;
                meant.map_or(Ok(()), |meant| write!(f, " (did you mean {meant}?)"))
            }
            Self::UnexpectedArgument(argument, advice) => {
                write!(f, "unexpected argument {} ({advice})", shown(argument))
            }
            Self::Secret(option) => write!(
                f,
                "{option} is not supported, because other users can see arguments: put the secret in the file of `token_file`, or in $GANDI_TOKEN"
            ),
            Self::NotUtf8(position) => write!(f, "argument {position} is not UTF-8"),
            Self::Empty(position) => {
                write!(f, "argument {position} is empty (a variable without a value, in quotes?)")
            }
            Self::Repeated(option) => write!(f, "{option} is given twice"),
            Self::NoValue(option, value) => write!(f, "{option} needs a value: {option} {value}"),
            Self::TakesNoValue(option) => write!(f, "{option} takes no value"),
            Self::Conflict(a, b) => write!(f, "{a} and {b} cannot be used together"),
            Self::Requires(option, other) => write!(f, "{option} requires {other}"),
            Self::NotFor(option, command, only) => {
                write!(f, "{option} cannot be used with {}", named(command))?;
                only.map_or(Ok(()), |only| write!(f, ", only with {}", named(only)))
            }
            Self::Value(option, problem) => write!(f, "{option}: {problem}"),
        }?;
        f.write_str("; see gandi-ddns --help")
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(command) => write!(f, "nothing but options may follow `{command}`"),
            Self::Meant(word) => write!(f, "did you mean {word}?"),
            Self::Update => f.write_str("without a command, gandi-ddns makes a run: it updates the records"),
            Self::Variable => f.write_str("to set a variable, write it before gandi-ddns"),
            Self::Config => f.write_str("to read a config file, use --config FILE"),
            Self::Name => f.write_str("to name a record, use --domain and --name"),
            Self::Commands => f.write_str(
                "commands are check, status, ip, get and setup; without one, the records are updated",
            ),
        }
    }
}

/// Returns the argument, or the reason why it is not shown.
const fn shown(argument: &str) -> &str {
    if argument.is_empty() { "(not shown: it may be a secret)" } else { argument }
}

/// Returns a command as messages name it; an empty one is the update.
const fn named(command: &str) -> &str {
    if command.is_empty() { "an update (a run without a command)" } else { command }
}
