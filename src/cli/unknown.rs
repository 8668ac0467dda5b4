//! Explains an argument that is unknown: the argument itself unless it may be a secret, and what was probably meant.

use super::error::{Advice, UsageError};
use super::table::{COMMANDS, OPTIONS};
use crate::sys::secret;
use crate::sys::words::did_you_mean;

/// Minus signs and dashes: text that was copied from a web page often has another one.
const DASHES: [char; 4] = ['-', '\u{2013}', '\u{2014}', '\u{2212}'];
/// Words for a secret.
const SECRETS: [&str; 9] =
    ["token", "gandi-token", "api-key", "apikey", "key", "password", "passwd", "pat", "secret"];
/// The longest sequence of letters and digits that is shown. A longer one may be a secret.
const MAX_WORD: usize = 20;
/// The longest word with digits that is shown if it has no dot and no slash, in bytes without dashes.
const MAX_NUMBER: usize = 4;

/// Words of other programs for what an option does here, each with the option. One text is smaller than a list.
const OTHER_OPTIONS: &str = "?=--help usage=--help file=--config configuration=--config debug=--verbose \
    silent=--quiet ipv4=-4 ip4=-4 ipv6=-6 ip6=-6 test=--dry-run noop=--dry-run host=--name hostname=--name \
    subdomain=--name zone=--domain delay=--splay";

/// Words of other programs for what a command does here, each with the command. An empty one stands for an update.
const OTHER_COMMANDS: &str = "run= update= start= sync= once= now= test=check verify=check validate=check \
    diagnose=check show=status list=status history=status log=status address=ip detect=ip";

/// Returns what a word of another program is here.
fn translated(list: &'static str, word: &str) -> Option<&'static str> {
    list.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .find(|(other, _)| *other == word)
        .map(|(_, own)| own)
}

/// Returns true for an argument of the form of an option.
pub(super) fn is_option(argument: &str) -> bool {
    argument.starts_with(DASHES) && argument.len() > 1
}

/// Returns the error for an unknown option, given without its value.
pub(super) fn option(name: &str) -> UsageError {
    let word = folded(name);
    if SECRETS.contains(&word.as_str()) {
        return UsageError::Secret(format!(
            "{}{word}",
            &name[..name.len() - name.trim_start_matches('-').len()]
        ));
    }
    UsageError::UnknownOption(shown(name), meant(&word))
}

/// Returns the option that was probably meant by a word without dashes.
fn meant(word: &str) -> Option<&'static str> {
    let other = translated(OTHER_OPTIONS, word);
    // One letter: the other form, or in the other case.
    let letter = || {
        OPTIONS.iter().find(|o| word.len() == 1 && o.short[1.min(o.short.len())..].eq_ignore_ascii_case(word))
    };
    let start =
        || OPTIONS.iter().find(|o| word.len() > 2 && o.name[1..].trim_start_matches('-').starts_with(word));
    let similar = || {
        let names: Vec<&str> = OPTIONS.iter().map(|o| o.name.trim_start_matches('-')).collect();
        let name = did_you_mean(word, &names).filter(|_| word.len() > 2)?;
        OPTIONS.iter().find(|o| o.name.trim_start_matches('-') == name)
    };
    // `-cFILE`.
    let attached = || {
        OPTIONS.iter().find(|o| !o.value.is_empty() && !o.short.is_empty() && word.starts_with(&o.short[1..]))
    };
    other
        .or_else(|| letter().map(|o| o.short))
        .or_else(|| start().or_else(similar).map(|o| o.name))
        .or_else(|| attached().map(|o| o.short))
}

/// Returns the error for a word that is no command, or comes after `command`, unless that is empty.
pub(super) fn word(word: &str, command: &'static str) -> UsageError {
    let (key, is_assignment) = (word.split('=').next().unwrap_or_default(), word.contains('='));
    let name = folded(key);
    if secret::is_in(word) {
        return UsageError::Secret("a secret as an argument".to_owned());
    }
    if SECRETS.contains(&name.as_str()) {
        return UsageError::Secret(format!("`{name}`"));
    }
    let shown = shown(key);
    let windows = name.strip_prefix('/').filter(|n| matches!(*n, "?" | "h" | "help"));
    if !command.is_empty() && windows.is_none() {
        return UsageError::UnexpectedArgument(shown, Advice::After(command));
    }
    let other = translated(OTHER_COMMANDS, &name);
    let similar = || did_you_mean(&name, &COMMANDS.map(|(command, _)| command)).filter(|_| name.len() > 2);
    let is_path = || {
        word.contains('/')
            || [".conf", ".ini", ".cfg", ".toml", ".json", ".yaml", ".yml"].iter().any(|e| name.ends_with(e))
    };
    let advice = if windows.is_some() {
        Advice::Meant("--help")
    } else if let Some(command) = other.or_else(similar) {
        if command.is_empty() { Advice::Update } else { Advice::Meant(command) }
    } else if let Some(option) = OPTIONS.iter().find(|o| o.name.trim_start_matches('-') == name) {
        Advice::Meant(option.name)
    } else if is_assignment && !key.contains(|c: char| c.is_ascii_lowercase()) {
        Advice::Variable
    } else if is_path() {
        Advice::Config
    } else if word.contains('.') {
        Advice::Name
    } else {
        Advice::Commands
    };
    UsageError::UnexpectedArgument(shown, advice)
}

/// Returns a word without dashes at its start, in lower case, with `-` for `_`.
fn folded(word: &str) -> String {
    word.trim_start_matches(DASHES).replace('_', "-").to_ascii_lowercase()
}

/// Returns an argument as messages show it; empty if it may be a secret. A word of digits and letters may be one, unless
/// it is very short, or a path or a name with dots.
fn shown(word: &str) -> String {
    let may_have_digits = word.contains(['.', '/']) || word.trim_start_matches(DASHES).len() <= MAX_NUMBER;
    let mut run = 0;
    let is_shown = word.chars().all(|c| {
        let (is_letter, is_digit) = (c.is_ascii_alphabetic() || !c.is_ascii(), c.is_ascii_digit());
        run = if is_letter && !DASHES.contains(&c) || is_digit { run + 1 } else { 0 };
        run <= MAX_WORD && (is_letter || may_have_digits && is_digit || "-./:~_*@%+,?".contains(c))
    });
    if is_shown && !secret::is_in(word) && !word.to_ascii_lowercase().contains("pat_") {
        word.to_owned()
    } else {
        String::new()
    }
}
