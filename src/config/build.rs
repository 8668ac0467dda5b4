//! Sections -> [`Config`]: each value read, checked, and named by its line when it is wrong.

use std::path::Path;
use std::time::Duration;

use super::lines::{self, Entry, Section};
use super::{Config, ConfigError, Detection, Sources, ancestor, records, roots, secret};
use crate::endpoint::Endpoint;
use crate::environment::Environment;
use crate::gandi::livedns::PRODUCTION;
use crate::plan::Multiple;
use crate::record::RrsetType;

pub(super) const GLOBAL: [&str; 13] = [
    "token",
    "token_file",
    "api_key",
    "api_key_file",
    "api",
    "ca_file",
    "state_dir",
    "timeout",
    "recheck",
    "agree",
    "multiple",
    "ipv4",
    "ipv6",
];
pub(super) const SECTION: [&str; 5] = ["names", "types", "ttl", "multiple", "suffix"];

/// Builds a config from its sections, of which the first is the global one.
pub(super) fn build(
    sections: &[Section],
    file: Option<&Path>,
    env: &Environment,
) -> Result<Config, ConfigError> {
    let (reader, domains) = open(sections, file)?;
    let mut warnings = Vec::new();
    let secrets: Vec<&Entry> =
        reader.section.entries.iter().filter(|e| secret::KEYS.contains(&e.key.as_str())).collect();
    let detection = detection(&reader)?;
    let config = Config {
        api: reader
            .value("api", |v| Endpoint::parse(v).map_err(|e| e.to_string()))?
            .map_or_else(production, Ok)?,
        state_dir: reader
            .value("state_dir", |v| Ok(secret::relative_to(file, v)))?
            .or_else(|| env.state_dir()),
        recheck: reader.value("recheck", |v| duration(v, 0, 2_592_000))?.unwrap_or(Duration::from_secs(3600)),
        records: records::read(domains, file, reader.multiple()?.unwrap_or_default(), &detection)?,
        detection,
        // Last, so that a config's other faults are told before a missing token.
        credential: secret::find(&secrets, file, env, &mut warnings)?,
        warnings,
    };
    for rrtype in RrsetType::ALL {
        check_sources(&config, rrtype, &reader)?;
    }
    Ok(config)
}

/// Reads only how the address is learnt: for that, neither a token nor a record is needed.
pub(super) fn detection_of(sections: &[Section], file: Option<&Path>) -> Result<Detection, ConfigError> {
    detection(&open(sections, file)?.0)
}

/// The global section, its keys checked, and the others.
fn open<'a>(
    sections: &'a [Section],
    file: Option<&'a Path>,
) -> Result<(Reader<'a>, &'a [Section]), ConfigError> {
    if let Some(line) = ancestor::recognise(sections) {
        return Err(ConfigError::ancestor(file, line, ancestor::translate(sections)));
    }
    let [section, domains @ ..] = sections else {
        return Err(ConfigError::new(file, "nothing is there"));
    };
    check_keys(section, &GLOBAL, &SECTION, file)?;
    Ok((Reader { section, file }, domains))
}

fn detection(reader: &Reader) -> Result<Detection, ConfigError> {
    Ok(Detection {
        ipv4: reader.sources("ipv4", RrsetType::A)?,
        ipv6: reader.sources("ipv6", RrsetType::Aaaa)?,
        agree: reader.value("agree", |v| number(v, 1, 5))?.unwrap_or(2) as usize,
        roots: reader.value("ca_file", |v| roots::read(&secret::relative_to(reader.file, v)))?,
        timeout: reader.value("timeout", |v| duration(v, 1, 3600))?.unwrap_or(Duration::from_secs(60)),
    })
}

fn production() -> Result<Endpoint, ConfigError> {
    Endpoint::parse(PRODUCTION).map_err(|e| ConfigError::new(None, e.to_string()))
}

/// Sources that can never come to an agreement would fail at the first change, months from now, and a name that
/// follows itself never changes: say so at once.
fn check_sources(config: &Config, rrtype: RrsetType, reader: &Reader) -> Result<(), ConfigError> {
    let sources = config.detection.sources(rrtype);
    let mut kept = config.records.iter().filter(|r| r.key.rrtype == rrtype).peekable();
    if kept.peek().is_none() {
        return Ok(());
    }
    let names: Vec<String> = kept.map(|r| r.key.host_name()).collect();
    let itself = sources.hosts().find(|host| names.iter().any(|n| n == host));
    let problem = match itself {
        Some(host) => Some(format!("looks up {host}, which is kept here: it would follow itself")),
        None => sources.never_agree(rrtype, config.detection.agree),
    };
    let Some(problem) = problem else { return Ok(()) };
    let key = rrtype.family().to_ascii_lowercase();
    let line = reader.entry(&key).map_or(0, |e| e.line);
    Err(ConfigError::at(reader.file, line, format!("`{key}` {problem}")))
}

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
            match lines::did_you_mean(key, known).or_else(|| lines::did_you_mean(key, elsewhere)) {
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
    fn entry(&self, key: &str) -> Option<&Entry> {
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

    pub(super) fn multiple(&self) -> Result<Option<Multiple>, ConfigError> {
        self.value("multiple", |v| match v {
            "refuse" => Ok(Multiple::Refuse),
            "replace" => Ok(Multiple::Replace),
            _ => Err(format!("`{v}` is neither `refuse` nor `replace`")),
        })
    }

    fn sources(&self, key: &str, rrtype: RrsetType) -> Result<Sources, ConfigError> {
        Ok(self.value(key, |v| Sources::parse(&list(v), rrtype, self.file))?.unwrap_or_default())
    }
}

/// The words of a list: blanks or commas between them.
pub(super) fn list(value: &str) -> Vec<&str> {
    value.split([' ', '\t', ',']).filter(|w| !w.is_empty()).collect()
}

fn number(value: &str, least: u32, most: u32) -> Result<u32, String> {
    let good = value.parse().ok().filter(|n| (least..=most).contains(n));
    good.ok_or_else(|| format!("`{value}` is not a whole number from {least} to {most}"))
}

/// Seconds, or a number with `s`, `m`, `h` or `d`.
fn duration(value: &str, least: u64, most: u64) -> Result<Duration, String> {
    let (digits, unit) = match value.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, value.as_bytes()[digits.len()]),
        None => (value, b's'),
    };
    let unit = match unit {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => 1,
    };
    let seconds = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    let good = seconds.filter(|s| (least..=most).contains(s)).map(Duration::from_secs);
    good.ok_or_else(|| {
        format!("`{value}` is not a time from {least} to {most} seconds, such as 90, 30m or 1h")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(duration(text, 0, 1_000_000), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "-1", "1.5h", "1w", "99999999999999999999", "9999999999999999999d", "1 h"] {
            assert!(duration(text, 0, 1_000_000).is_err(), "{text}");
        }
    }

    #[test]
    fn lists() {
        assert_eq!(list(" A, AAAA,\tx "), ["A", "AAAA", "x"]);
    }
}
