//! The keys that a section may have, and their values read one by one.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::model::MultipleValues;
use super::paths::relative_to;
use super::sources::Sources;
use super::syntax::{self, Entry, Section};
use crate::net::Family;

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
pub(super) const SECTION: [&str; 5] = ["names", "types", "ttl", "multiple_values", "suffix"];

/// Former names of keys, and their names today.
const RENAMED: [(&str, &str); 3] =
    [("agree", "quorum"), ("multiple", "multiple_values"), ("ping", "heartbeat")];

/// Unknown, misplaced and repeated keys are errors: a key that does nothing would be a promise broken.
pub(super) fn check_keys(
    section: &Section,
    known: &[&str],
    elsewhere: &[&str],
    file: Option<&Path>,
) -> Result<(), ConfigError> {
    for (i, entry) in section.entries.iter().enumerate() {
        let key = entry.key.as_str();
        let problem = if section.entries[..i].iter().any(|e| e.key == key) {
            format!("`{key}` stands here a second time")
        } else if known.contains(&key) {
            continue;
        } else if elsewhere.contains(&key) && section.name.is_empty() {
            format!("`{key}` belongs into a section such as [example.org]")
        } else if elsewhere.contains(&key) {
            format!("`{key}` belongs before the first section")
        } else {
            let renamed = RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new);
            let similar =
                || syntax::did_you_mean(key, known).or_else(|| syntax::did_you_mean(key, elsewhere));
            match renamed.or_else(similar) {
                Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
                None => format!("unknown key `{key}`"),
            }
        };
        return Err(ConfigError::at(file, entry.line, problem));
    }
    Ok(())
}

/// Reads a section's values.
pub(super) struct Reader<'a> {
    pub(super) section: &'a Section,
    pub(super) file: Option<&'a Path>,
}

impl Reader<'_> {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.section.entries.iter().find(|e| e.key == key)
    }

    pub(super) fn value<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(entry) = self.entry(key) else { return Ok(None) };
        let result =
            if entry.value.is_empty() { Err("needs a value".to_owned()) } else { read(&entry.value) };
        result
            .map(Some)
            .map_err(|problem| ConfigError::at(self.file, entry.line, format!("`{key}`: {problem}")))
    }

    /// A path, which is relative to the config's own directory.
    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.value(key, |v| Ok(relative_to(self.file, v)))
    }

    pub(super) fn multiple_values(&self) -> Result<Option<MultipleValues>, ConfigError> {
        self.value("multiple_values", |v| match v {
            "refuse" => Ok(MultipleValues::Refuse),
            "replace" => Ok(MultipleValues::Replace),
            _ => Err(format!("`{v}` is neither `refuse` nor `replace`")),
        })
    }

    pub(super) fn sources(&self, key: &str, family: Family) -> Result<Sources, ConfigError> {
        Ok(self.value(key, |v| Sources::parse(&list(v), family, self.file))?.unwrap_or_default())
    }
}

/// The words of a list: blanks or commas between them.
pub(super) fn list(value: &str) -> Vec<&str> {
    value.split([' ', '\t', ',']).filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(list(" A, AAAA,\tx "), ["A", "AAAA", "x"]);
    }
}
