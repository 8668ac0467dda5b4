//! The keys that each section may have, and access to their values.

use std::path::PathBuf;
use std::time::Duration;

use super::error::{Errors, OPTION, Problem};
use super::paths::relative_to;
use super::syntax::{self, Entry, Section};
use crate::sys::ownership;
use crate::sys::secret;
use crate::sys::time::duration;
use crate::sys::words;

/// All keys: those of the global section alone, those of both kinds of section, and those of a domain section alone.
const KEYS: [&str; 23] = [
    "ca_file",
    "state_dir",
    "timeout",
    "recheck",
    "history",
    "on_change",
    "on_failure",
    "heartbeat",
    "token",
    "token_file",
    "api_key",
    "api_key_file",
    "api",
    "sharing_id",
    "renew_token",
    "ipv4",
    "ipv6",
    "quorum",
    "multiple_values",
    "names",
    "types",
    "ttl",
    "suffix",
];
/// The keys of the global section.
const GLOBAL: &[&str] = KEYS.split_at(19).0;
/// The keys of a domain section.
const SECTION: &[&str] = KEYS.split_at(8).1;

/// The keys that name a program which runs with the rights of this user, or a file that decides whom to trust.
const TRUSTED: [&str; 3] = ["ca_file", "on_change", "on_failure"];

/// The problem with a value or a name that has the form of a secret.
pub(crate) const MISPLACED: &str =
    "this looks like the token itself, which belongs in the file of `token_file`";

/// Former and present names of renamed keys.
const RENAMED: [(&str, &str); 3] =
    [("agree", "quorum"), ("multiple", "multiple_values"), ("ping", "heartbeat")];

/// Returns true for a key of this program, in lower case.
pub(super) fn is_key(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Checks the keys of a section: unknown, misplaced and repeated keys are errors, because an ignored key would mislead
/// the user. `known` are the keys of this kind of section, `elsewhere` those of the other kind.
fn check_keys(section: &Section, known: &[&str], elsewhere: &[&str], errors: &Errors) {
    let mut set = [false; KEYS.len()];
    for entry in &section.entries {
        let key = entry.key.as_str();
        let problem = if let Some(place) = known.iter().position(|known| *known == key) {
            if !std::mem::replace(&mut set[place], true) {
                continue;
            }
            format!("`{key}` is set twice")
        } else if !errors.shows(entry.line) {
            // The search for a similar key takes long.
            String::new()
        } else if elsewhere.contains(&key) && entry.line >= OPTION {
            format!("`{key}` is a setting of a section, and not a global one")
        } else if elsewhere.contains(&key) && section.name.is_empty() {
            format!("`{key}` belongs in a section: put it below a line such as [example.org]")
        } else if elsewhere.contains(&key) {
            format!("`{key}` is a global setting: move it above the first [section]")
        } else {
            let renamed = RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new);
            let similar =
                || syntax::did_you_mean(key, known).or_else(|| syntax::did_you_mean(key, elsewhere));
            match renamed.or_else(similar) {
                Some(name) => format!("unknown key `{key}`: did you mean `{name}`?"),
                None => format!("unknown key `{key}`"),
            }
        };
        errors.add(entry.line, problem);
    }
}

/// Reads the values of one section. A value that is not valid is added to the errors, and counts as not set.
pub(super) struct Reader<'a> {
    pub(super) section: &'a Section,
    pub(super) errors: &'a Errors<'a>,
}

impl<'a> Reader<'a> {
    /// Creates a reader for the global section, and checks its keys.
    pub(super) fn global(section: &'a Section, errors: &'a Errors) -> Self {
        check_keys(section, GLOBAL, SECTION, errors);
        Self { section, errors }
    }

    /// Creates a reader for the section of a domain, and checks its keys.
    pub(super) fn of_domain(section: &'a Section, errors: &'a Errors) -> Self {
        check_keys(section, SECTION, GLOBAL, errors);
        Self { section, errors }
    }

    /// Returns the first entry of a key, if it is set.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.section.entries.iter().find(|e| e.key == key)
    }

    /// Reads the value of a key with `read`. `None` if the key is not set; an empty value is an error.
    pub(super) fn value<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        read(self.checked(key)?).map_err(|problem| self.error(key, problem)).ok()
    }

    /// Reads the list of a key with `read`; each item that is not valid is an error of its own. `None` if the key is not
    /// set, or if there was an error.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        let is_valid = self.for_each(key, &mut |word| read(word).map(|item| items.push(item)));
        is_valid.then_some(items)
    }

    /// Reads each item of the list of a key. Returns false if the key is not set, or if there was an error.
    // Not generic, so that all lists share it.
    #[inline(never)]
    fn for_each(&self, key: &str, read: &mut dyn FnMut(&str) -> Result<(), String>) -> bool {
        let words = self.checked(key).map(list);
        let Some(words) = words else { return false };
        let mut is_valid = !words.is_empty();
        if !is_valid {
            self.error(key, "needs a value");
        }
        for word in words {
            if let Err(problem) = read(word) {
                self.error(key, problem);
                is_valid = false;
            }
        }
        is_valid
    }

    /// Returns the value of a key. Refuses an empty one, and a secret under a key that is not for one: it would become
    /// part of a path or of a name.
    pub(super) fn checked(&self, key: &str) -> Option<&'a str> {
        let value = self.entry(key)?.value.as_str();
        let looks_like_secret = match key {
            // The URL of the heartbeat has a key in it, and is not repeated by any error. An organization's ID is
            // hexadecimal, too; one that is not valid is not repeated either.
            "heartbeat" | "sharing_id" => false,
            // The URL of a service may have a key in it.
            "names" | "ipv4" | "ipv6" => {
                list(value).into_iter().any(|word| !word.contains("://") && secret::is_secret_name(word))
            }
            // A directory may be named by a machine ID.
            _ if value.starts_with('/') => secret::is_in(value.rsplit('/').next().unwrap_or_default()),
            _ => secret::is_in(value),
        };
        if value == syntax::IN_ERROR {
            return None;
        } else if value.is_empty() {
            self.error(key, "needs a value");
        } else if looks_like_secret {
            self.error(key, MISPLACED);
        } else {
            return Some(value);
        }
        None
    }

    /// Adds an error about the value of a key.
    pub(super) fn error(&self, key: &str, problem: impl Into<Problem>) {
        self.errors.add_of_key(self.entry(key).map_or(0, |e| e.line), key, problem.into());
    }

    /// Reads a path. A relative one is relative to the directory of the config, or to the working directory if `--option`
    /// gives it. Only root and this user may be able to
    /// change the files of [`TRUSTED`].
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        self.value(key, |v| {
            let line = self.entry(key).map_or(0, |e| e.line);
            let path = relative_to(self.errors.base(line), v);
            if TRUSTED.contains(&key) {
                ownership::check(&path)?;
            }
            Ok(path)
        })
    }

    /// Reads a duration from `min` to `max` seconds.
    pub(super) fn duration(&self, key: &str, min: u64, max: u64) -> Option<Duration> {
        self.value(key, |v| duration(v, min, max))
    }
}

/// Splits a list at white space, also that of web pages, and at commas.
fn list(value: &str) -> Vec<&str> {
    words::split(value, ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_split_at_spaces_tabs_and_commas() {
        assert_eq!(list(" A, AAAA,\tx "), ["A", "AAAA", "x"]);
    }
}
