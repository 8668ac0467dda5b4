//! Splits the arguments into options with their values, and words.

use std::ffi::OsString;

use super::error::UsageError;
use super::table::{self, Spec, Times};
use super::unknown;

/// The arguments as given, and the first error of each kind.
#[derive(Default)]
pub(super) struct Given {
    /// Each option with its value, which is empty for a flag.
    options: Vec<(&'static Spec, String)>,
    /// The arguments that are neither an option nor its value.
    pub(super) words: Vec<String>,
    /// An argument that is unknown: an error even with `--help`.
    pub(super) unknown: Option<UsageError>,
    /// An option that is repeated, or without its value, or with one that it does not take.
    pub(super) misused: Option<UsageError>,
}

/// The arguments that an option takes.
enum Taken {
    /// One: a flag, or an option with `=`.
    One,
    /// The next one as well, as its value.
    Next,
}

impl Given {
    /// Splits the arguments, without the program name. `--` ends the options.
    pub(super) fn scan(arguments: Vec<OsString>) -> Self {
        let mut given = Self::default();
        let mut are_options_over = false;
        let mut position = 0;
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            position += 1;
            match argument.to_str() {
                None => given.is_unknown(UsageError::NotUtf8(position)),
                Some("") => given.is_unknown(UsageError::Empty(position)),
                Some("--") => are_options_over = true,
                Some(text) if are_options_over || !unknown::is_option(text) => {
                    given.words.push(text.to_owned());
                }
                Some(text) => {
                    if let Taken::Next = given.option(text, rest.as_slice().first()) {
                        rest.next();
                        position += 1;
                    }
                }
            }
        }
        given
    }

    /// Adds the options of one argument. `next` is the argument after it.
    fn option(&mut self, argument: &str, next: Option<&OsString>) -> Taken {
        let (name, mut value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(unquoted(value))),
            None => (argument, None),
        };
        let Some(options) = table::find(name) else {
            self.is_unknown(unknown::option(name));
            return Taken::One;
        };
        let mut taken = Taken::One;
        for option in options {
            let Spec { name, value: noun, .. } = option;
            if self.has(name) && option.times == Times::Once {
                self.is_misused(UsageError::Repeated(name));
            }
            if noun.is_empty() {
                self.options.push((option, String::new()));
                continue;
            }
            // The next option is not the value of this one.
            let next = next.and_then(|n| n.to_str()).filter(|n| value.is_none() && !unknown::is_option(n));
            if next.is_some() {
                taken = Taken::Next;
            }
            match value.take().or(next) {
                None | Some("") => self.is_misused(UsageError::NoValue(name, noun)),
                Some(value) => self.options.push((option, value.to_owned())),
            }
        }
        if value.is_some() {
            self.is_misused(UsageError::TakesNoValue(name.to_owned()));
        }
        taken
    }

    fn is_unknown(&mut self, error: UsageError) {
        self.unknown.get_or_insert(error);
    }

    fn is_misused(&mut self, error: UsageError) {
        self.misused.get_or_insert(error);
    }

    /// Returns true if the option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| option.name == name)
    }

    /// Returns the value of an option, if it is given.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option.name == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of an option.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.options.iter().filter(|(option, _)| option.name == name).map(|(_, v)| v.clone()).collect()
    }

    /// Returns the first option that is not for `command`, a bit of the table.
    pub(super) fn not_for(&self, command: u8) -> Option<&'static Spec> {
        self.options.iter().map(|(option, _)| *option).find(|option| option.commands & command == 0)
    }
}

/// Returns a value without the quotes around it: not every caller removes them as a shell does.
fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|v: &str| v.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
