//! The keys that each section may have, and access to their values.

use std::path::{Path, PathBuf};

use super::error::{ConfigError, Problem};
use super::model::MultipleValues;
use super::paths::relative_to;
use super::sources::Sources;
use super::syntax::{self, Entry, Section};
use crate::net::Family;
use crate::sys::ownership;
use crate::sys::secret;

/// The keys of the global section.
pub(super) const GLOBAL: [&str; 18] = [
    "token",
    "token_file",
    "api_key",
    "api_key_file",
    "api",
    "ca_file",
    "state_dir",
    "timeout",
    "recheck",
    "quorum",
    "multiple_values",
    "ipv4",
    "ipv6",
    "renew_token",
    "history",
    "on_change",
    "on_failure",
    "heartbeat",
];
/// The keys of a domain section.
pub(super) const SECTION: [&str; 5] = ["names", "types", "ttl", "multiple_values", "suffix"];

/// The keys that name a program which runs with the rights of this user, or a file that decides whom to trust.
const TRUSTED: [&str; 3] = ["ca_file", "on_change", "on_failure"];

/// Former and present names of renamed keys.
const RENAMED: [(&str, &str); 3] =
    [("agree", "quorum"), ("multiple", "multiple_values"), ("ping", "heartbeat")];

/// Checks the keys of a section: unknown, misplaced and repeated keys are errors, because an ignored key would mislead
/// the user. `known` are the keys of this kind of section, `elsewhere` those of the other kind.
pub(super) fn check_keys(
    section: &Section,
    known: &[&str],
    elsewhere: &[&str],
    file: Option<&Path>,
) -> Result<(), ConfigError> {
    let mut set = [false; GLOBAL.len()];
    for entry in &section.entries {
        let key = entry.key.as_str();
        let problem = if let Some(place) = known.iter().position(|known| *known == key) {
            if !std::mem::replace(&mut set[place], true) {
                continue;
            }
            format!("`{key}` is set twice")
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
        return Err(ConfigError::at(file, entry.line, problem));
    }
    Ok(())
}

/// Reads the values of one section.
pub(super) struct Reader<'a> {
    pub(super) section: &'a Section,
    /// The config file, for errors and relative paths; `None` for arguments.
    pub(super) file: Option<&'a Path>,
}

impl Reader<'_> {
    /// Returns the entry of a key, if it is set.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.section.entries.iter().find(|e| e.key == key)
    }

    /// Reads the value of a key with `read`. `None` if the key is not set; an empty value is an error.
    pub(super) fn value<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.checked(key)? else { return Ok(None) };
        read(value).map(Some).map_err(|problem| self.error(key, problem.into()))
    }

    /// Returns the value of a key. Refuses an empty one, and a secret under a key that is not for one: it would become
    /// part of a path or of a name.
    fn checked(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        let Some(Entry { value, .. }) = self.entry(key) else { return Ok(None) };
        // The URL of a service may have a key in it. That of the heartbeat has one, and is not repeated by any error.
        let may_be_secret = key == "heartbeat" || key.starts_with("ipv") && value.contains("://");
        // A directory may be named by a machine ID.
        let name = if value.starts_with('/') { value.rsplit('/').next().unwrap_or_default() } else { value };
        if value.is_empty() {
            Err(self.error(key, "needs a value".into()))
        } else if !may_be_secret && secret::is_in(name) {
            let problem = "this looks like the token itself, which belongs in the file of `token_file`";
            Err(self.error(key, problem.into()))
        } else {
            Ok(Some(value))
        }
    }

    /// Returns an error about the value of a key.
    pub(super) fn error(&self, key: &str, problem: Problem) -> ConfigError {
        ConfigError::at(self.file, self.entry(key).map_or(0, |e| e.line), problem.of_key(key))
    }

    /// Reads a path. A relative one is relative to the directory of the config. Only root and this user may be able to
    /// change the files of [`TRUSTED`].
    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.value(key, |v| {
            let path = relative_to(self.file, v);
            if TRUSTED.contains(&key) {
                ownership::check(&path)?;
            }
            Ok(path)
        })
    }

    /// Reads `multiple_values`.
    pub(super) fn multiple_values(&self) -> Result<Option<MultipleValues>, ConfigError> {
        self.value("multiple_values", |v| match v {
            "refuse" => Ok(MultipleValues::Refuse),
            "replace" => Ok(MultipleValues::Replace),
            _ => Err(format!("unknown value `{v}`: use `refuse` or `replace`")),
        })
    }

    /// Reads `ipv4` or `ipv6`, or returns the default sources.
    pub(super) fn sources(&self, key: &str, family: Family) -> Result<Sources, ConfigError> {
        Ok(self.value(key, |v| Sources::parse(&list(v), family, self.file))?.unwrap_or_default())
    }
}

/// Splits a list at spaces, tabs and commas.
pub(super) fn list(value: &str) -> Vec<&str> {
    value.split([' ', '\t', ',']).filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_split_at_spaces_tabs_and_commas() {
        assert_eq!(list(" A, AAAA,\tx "), ["A", "AAAA", "x"]);
    }
}
