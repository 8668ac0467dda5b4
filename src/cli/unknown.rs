//! Explains an argument that is unknown: the argument itself unless it may be a secret, and what was probably meant.

use super::error::{Invalid, shown};
use super::table::{COMMANDS, OPTIONS, Spec};
use crate::sys::secret;
use crate::sys::words::did_you_mean;

/// Minus signs and dashes: text that was copied from a web page often has another one.
const DASHES: [char; 4] = ['-', '\u{2013}', '\u{2014}', '\u{2212}'];
/// Words for a secret, in the form of the lists below.
const SECRETS: &str = "token= gandi-token= api-key= apikey= key= password= passwd= pat= secret=";
/// Endings of the names of configs, in the form of the lists below.
const ENDINGS: &str = "conf= ini= cfg= toml= json= yaml= yml=";
/// The longest sequence of letters and digits that is shown. A longer one may be a secret.
const MAX_WORD: usize = 20;
/// The longest word with digits that is shown if it has no dot and no slash, in bytes without dashes.
const MAX_NUMBER: usize = 4;

/// Words of other programs for what an option does here, each with the option. One text is smaller than a list.
const OTHER_OPTIONS: &str = "?=--help usage=--help file=--config configuration=--config debug=--verbose \
    silent=--quiet ipv4=-4 ip4=-4 ipv6=-6 ip6=-6 test=--dry-run noop=--dry-run host=--name hostname=--name \
    subdomain=--name zone=--domain delay=--splay every=--interval ip=--address set=--option \
    ipv4-only=-4 no-ipv6=-4 ipv6-only=-6 no-ipv4=-6";

/// Words of other programs for what a command does here, each with the command. An empty one stands for an update.
const OTHER_COMMANDS: &str = "run= update= start= sync= once= now= test=check verify=check validate=check \
    diagnose=check daemon=watch monitor=watch service=watch show=status list=status history=status log=status address=ip detect=ip \
    /?=--help /h=--help /help=--help";

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

/// Returns an argument up to its `=`.
#[inline(never)]
pub(super) fn key(argument: &str) -> &str {
    argument.split('=').next().unwrap_or_default()
}

/// Returns true for the name of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    translated(SECRETS, &folded(name)).is_some()
}

/// Returns the error for an unknown option, given without its value.
pub(super) fn option(name: &str) -> Box<Invalid> {
    let word = folded(name);
    if translated(SECRETS, &word).is_some() {
        return Invalid::secret(&[&name[..name.len() - word.len()], &word].concat());
    }
    let name_shown = if translated(OTHER_OPTIONS, &word).is_some() { name } else { harmless(name) };
    let (before, meant, after) = match meant(name, &word) {
        Some(meant) => (" (did you mean ", meant, "?)"),
        None => ("", "", ""),
    };
    Invalid::new(&["unknown option ", shown(name_shown), before, meant, after])
}

/// Returns the option that was probably meant by an argument. `word` is the argument without dashes.
fn meant(name: &str, word: &str) -> Option<&'static str> {
    let mut found = translated(OTHER_OPTIONS, word);
    if found.is_none() && word.len() > 2 {
        let names = OPTIONS.each_ref().map(|o| o.name.trim_start_matches(DASHES));
        let start = || names.iter().find(|name| name.starts_with(word)).copied();
        found = start().or_else(|| did_you_mean(word, &names)).and_then(named);
    }
    // One letter: the other form, or in the other case. Several: `-cFILE`.
    let is_meant = |o: &&Spec| match o.short.get(1..) {
        Some(letter) if word.len() == 1 => letter.eq_ignore_ascii_case(word),
        Some(letter) => !name.starts_with("--") && !o.value.is_empty() && word.starts_with(letter),
        None => false,
    };
    found.or_else(|| OPTIONS.iter().find(is_meant).map(|o| o.short))
}

/// Returns the option with this name, which has no dashes.
fn named(name: &str) -> Option<&'static str> {
    OPTIONS.iter().map(|o| o.name).find(|known| known.trim_start_matches(DASHES) == name)
}

/// Returns the error for a word that is a secret, or begins with the name of one and `=`.
pub(super) fn secret(word: &str) -> Option<Box<Invalid>> {
    let name = folded(key(word));
    if secret::is_in(word) {
        return Some(Invalid::secret("a secret as an argument"));
    }
    is_secret(&name).then(|| Invalid::secret(&["`", &name, "`"].concat()))
}

/// Returns the error for a word that is no command, or comes after `command`, unless that is empty.
pub(super) fn word(word: &str, command: &str) -> Box<Invalid> {
    let (key, is_assignment) = (key(word), word.contains('='));
    let name = folded(key);
    if let Some(e) = secret(word) {
        return e;
    }
    let other = translated(OTHER_COMMANDS, &name);
    let is_file = word.contains('/')
        || name.rsplit_once('.').is_some_and(|(_, ending)| translated(ENDINGS, ending).is_some());
    let similar = || did_you_mean(&name, &COMMANDS.map(|(command, _)| command)).filter(|_| name.len() > 2);
    let is_after = !command.is_empty() && other != Some("--help");
    let meant = if is_after { None } else { other.or_else(similar).or_else(|| named(&name)) };
    let advice = if is_after && !is_file {
        ["nothing but options may follow `", command, "`"]
    } else if let Some(word) = meant {
        match word {
            "" => ["without a command, gandi-ddns makes a run: it updates the records", "", ""],
            _ => ["did you mean ", word, "?"],
        }
    } else if !is_after && is_assignment && !key.contains(|c: char| c.is_ascii_lowercase()) {
        ["to set a variable, write it before gandi-ddns", "", ""]
    } else if is_file {
        ["to read a config file, use --config FILE", "", ""]
    } else if word.contains('.') {
        ["to name a record, use --domain and --name", "", ""]
    } else {
        ["commands are watch, check, status, ip, get and setup; without one, the records are updated", "", ""]
    };
    Invalid::new(&["unexpected argument ", shown(harmless(key)), " (", &advice.concat(), ")"])
}

/// Returns a word without dashes at its start, in lower case, with `-` for `_`.
fn folded(word: &str) -> String {
    word.trim_start_matches(DASHES).replace('_', "-").to_ascii_lowercase()
}

/// Returns an argument as messages show it; empty if it may be a secret. A word of digits and letters may be one, unless
/// it is very short, or a path or a name with dots.
fn harmless(word: &str) -> &str {
    let may_have_digits = word.contains(['.', '/']) || word.trim_start_matches(DASHES).len() <= MAX_NUMBER;
    let mut run = 0;
    let is_shown = word.chars().all(|c| {
        let (is_letter, is_digit) = (c.is_ascii_alphabetic() || !c.is_ascii(), c.is_ascii_digit());
        run = if is_letter && !DASHES.contains(&c) || is_digit { run + 1 } else { 0 };
        run <= MAX_WORD && (is_letter || may_have_digits && is_digit || "-./:~_*@%+,?".contains(c))
    });
    if is_shown && !secret::is_in(word) && !word.to_ascii_lowercase().contains("pat_") { word } else { "" }
}
