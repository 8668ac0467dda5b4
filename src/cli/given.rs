//! Takes the options and their values out of the arguments; the words are left.

use std::ffi::OsString;

use super::error::UsageError;
use super::table::{self, COMMANDS, Spec, Times};
use super::unknown;

/// The arguments as given, and the first errors in them.
#[derive(Default)]
pub(super) struct Given {
    /// Each option with its value, which is empty for a flag.
    options: Vec<(&'static Spec, String)>,
    /// The arguments that are neither an option nor its value.
    pub(super) words: Vec<String>,
    /// An option that is unknown, or an argument without a meaning.
    pub(super) unknown: Option<Box<UsageError>>,
    /// An option that is repeated, or without its value, or with one that it does not take.
    pub(super) misused: Option<Box<UsageError>>,
}

impl Given {
    /// Parses the arguments, without the program name. `--` ends the options.
    pub(super) fn scan(arguments: &mut dyn Iterator<Item = OsString>) -> Self {
        let mut given = Self::default();
        // The option whose value comes next.
        let mut waiting: Option<&Spec> = None;
        let mut are_options_over = false;
        for (index, argument) in arguments.enumerate() {
            let Ok(text) = argument.into_string() else {
                given.unknown.get_or_insert(UsageError::NotUtf8(index + 1).boxed());
                waiting = None;
                continue;
            };
            if !are_options_over && unknown::is_option(&text) {
                given.end(waiting.take());
                are_options_over = text == "--";
                if !are_options_over {
                    waiting = given.option(&text);
                }
            } else if let Some(option) = waiting.take() {
                given.add(option, text);
            } else if text.is_empty() {
                given.unknown.get_or_insert(UsageError::Empty(index + 1).boxed());
            } else {
                given.words.push(text);
            }
        }
        given.end(waiting);
        given
    }

    /// Takes an option, with its value after `=`. Returns it if its value is the next argument.
    fn option(&mut self, text: &str) -> Option<&'static Spec> {
        let name = unknown::key(text);
        let Some(option) = table::find(name) else {
            self.unknown.get_or_insert(unknown::option(name).boxed());
            return None;
        };
        match text.get(name.len() + 1..) {
            Some(_) if option.value.is_empty() || name != option.name && name != option.short => {
                self.misused.get_or_insert(UsageError::TakesNoValue(name.to_owned()).boxed());
                return None;
            }
            Some(value) => {
                // In a file without a shell, as a crontab may be, quotes are a part of the argument.
                let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
                self.add(option, inner('"').or_else(|| inner('\'')).unwrap_or(value).to_owned());
            }
            None => {
                // Several letters: the last one alone may have a value.
                if !name.starts_with("--") {
                    for letter in name.as_bytes().iter().skip(1).take(name.len() - 2) {
                        if let Some(flag) = table::short(*letter) {
                            self.add(flag, String::new());
                        }
                    }
                }
                if !option.value.is_empty() {
                    return Some(option);
                }
                self.add(option, String::new());
            }
        }
        None
    }

    /// Adds an option that still lacks its value.
    fn end(&mut self, waiting: Option<&'static Spec>) {
        if let Some(option) = waiting {
            self.add(option, String::new());
        }
    }

    #[inline(never)]
    fn add(&mut self, option: &'static Spec, value: String) {
        let Spec { name, value: noun, .. } = option;
        if value.is_empty() && !noun.is_empty() {
            self.misused.get_or_insert(UsageError::NoValue(name, noun).boxed());
        } else if option.times == Times::Once && self.has(name) {
            self.misused.get_or_insert(UsageError::Repeated(name).boxed());
        }
        self.options.push((option, value));
    }

    /// Returns the command of a command line that asks for JSON, empty for an update; `None` if it does not ask for it. It
    /// need not be a valid one: this is for the form of the error.
    pub(super) fn json_command(&self) -> Option<&'static str> {
        let known = |word: &String| COMMANDS.iter().map(|(known, _)| *known).find(|known| known == word);
        self.has("--json").then(|| self.words.iter().find_map(known).unwrap_or_default())
    }

    /// Returns true if the option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
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
