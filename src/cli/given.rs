//! Takes the options and their values out of the arguments; the words are left.

use std::ffi::OsString;

use pico_args::Arguments;

use super::error::Invalid;
use super::table::{self, COMMANDS, OPTIONS, Spec, Times};
use super::unknown;

/// The arguments as given, and the first errors in them.
#[derive(Default)]
pub(super) struct Given {
    /// Each option with its value, which is empty for a flag.
    options: Vec<(&'static Spec, String)>,
    /// The arguments that are neither an option nor its value.
    pub(super) words: Vec<String>,
    /// An option that is unknown, or an argument without a meaning.
    pub(super) unknown: Option<Box<Invalid>>,
    /// An option that is repeated, or without its value, or with one that it does not take.
    pub(super) misused: Option<Box<Invalid>>,
}

impl Given {
    /// Parses the arguments, without the program name. `--` ends the options.
    #[inline(never)]
    pub(super) fn scan(arguments: &mut dyn Iterator<Item = OsString>) -> Self {
        let mut given = Self::default();
        let mut options = Arguments::from_vec(given.known(arguments));
        // Options with a value come first: otherwise the flag `-f` would be found in `-c=f`. They also come last: `-nc FILE`
        // is then `-c FILE`.
        for is_flag in [false, true, false] {
            for option in OPTIONS.iter().filter(|o| o.value.is_empty() == is_flag) {
                for key in [option.name, option.short] {
                    if !key.is_empty() {
                        given.take(&mut options, option, key);
                    }
                }
            }
        }
        given
    }

    /// Returns the options, all of them known, with their values, and keeps the words. pico-args finds an option
    /// anywhere, also as the value of another one or in an unknown one (`-n` in `-config`); an option without its value
    /// gets an empty one here, so that it takes no other argument.
    fn known(&mut self, arguments: &mut dyn Iterator<Item = OsString>) -> Vec<OsString> {
        let mut options = Vec::new();
        let (mut needs_value, mut are_options_over) = (false, false);
        for (index, argument) in arguments.enumerate() {
            let Some(text) = argument.to_str() else {
                self.unknown.get_or_insert_with(|| of_position(index, " is not UTF-8"));
                continue;
            };
            if !are_options_over && unknown::is_option(text) {
                if needs_value {
                    options.push(OsString::new());
                }
                needs_value = false;
                if text == "--" {
                    are_options_over = true;
                    continue;
                }
                let name = unknown::key(text);
                let Some(option) = table::find(name) else {
                    self.unknown.get_or_insert_with(|| unknown::option(name));
                    continue;
                };
                if name.len() == text.len() {
                    needs_value = !option.value.is_empty();
                } else if option.value.is_empty() || name != option.name && name != option.short {
                    self.misused.get_or_insert_with(|| Invalid::new(&[name, " takes no value"]));
                    continue;
                }
            } else if needs_value {
                needs_value = false;
            } else if text.is_empty() {
                let problem = " is empty (a variable without a value, in quotes?)";
                self.unknown.get_or_insert_with(|| of_position(index, problem));
                continue;
            } else {
                self.words.push(text.to_owned());
                continue;
            }
            options.push(argument);
        }
        options
    }

    /// Takes an option, each time that it is given as `key`.
    fn take(&mut self, options: &mut Arguments, option: &'static Spec, key: &'static str) {
        let Spec { name, value: noun, .. } = option;
        let is_flag = noun.is_empty();
        let mut is_last = false;
        while !is_last {
            let value = if is_flag {
                options.contains(key).then(String::new)
            } else {
                // An option without its value is an error, and stays where it is.
                options.opt_value_from_str(key).unwrap_or_else(|_| {
                    is_last = true;
                    Some(String::new())
                })
            };
            let Some(value) = value else { return };
            if !is_flag && value.is_empty() {
                let problem = [name, " needs a value: ", name, " ", noun];
                self.misused.get_or_insert_with(|| Invalid::new(&problem));
            } else if option.times == Times::Once && self.has(name) {
                self.misused.get_or_insert_with(|| Invalid::new(&[name, " is given twice"]));
            }
            self.options.push((option, value));
        }
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

/// Returns the error for the argument with this number, counted from 0, which is not shown.
fn of_position(index: usize, problem: &str) -> Box<Invalid> {
    Invalid::new(&["argument ", &(index + 1).to_string(), problem])
}
