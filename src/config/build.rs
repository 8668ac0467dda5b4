//! Sections -> [`Config`]: each value read, checked, and named by its line when it is wrong.

use std::path::Path;
use std::time::Duration;

use super::lines::{self, Entry, Section};
use super::{Config, ConfigError, Record, Sources, ancestor, roots, secret};
use crate::endpoint::Endpoint;
use crate::environment::Environment;
use crate::gandi::livedns::PRODUCTION;
use crate::plan::Multiple;
use crate::record::{Fqdn, RrsetKey, RrsetName, RrsetType, Ttl};

const GLOBAL: [&str; 13] = [
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
const SECTION: [&str; 4] = ["names", "types", "ttl", "multiple"];

/// Builds a config from its sections, of which the first is the global one.
pub(super) fn build(
    sections: &[Section],
    file: Option<&Path>,
    env: &Environment,
) -> Result<Config, ConfigError> {
    if let Some(line) = ancestor::recognise(sections) {
        return Err(ConfigError::ancestor(file, line, ancestor::translate(sections)));
    }
    let [global, domains @ ..] = sections else {
        return Err(ConfigError::new(file, "nothing is there"));
    };
    check_keys(global, &GLOBAL, &SECTION, file)?;
    let reader = Reader { section: global, file };
    let mut warnings = Vec::new();
    let secrets: Vec<&Entry> =
        global.entries.iter().filter(|e| secret::KEYS.contains(&e.key.as_str())).collect();
    let multiple = reader.multiple()?.unwrap_or_default();
    let [ipv4, ipv6] = [reader.sources("ipv4", RrsetType::A)?, reader.sources("ipv6", RrsetType::Aaaa)?];
    let config = Config {
        api: reader
            .value("api", |v| Endpoint::parse(v).map_err(|e| e.to_string()))?
            .map_or_else(production, Ok)?,
        roots: reader.value("ca_file", |v| roots::read(&secret::relative_to(file, v)))?,
        state_dir: reader
            .value("state_dir", |v| Ok(secret::relative_to(file, v)))?
            .or_else(|| env.state_dir()),
        timeout: reader.value("timeout", |v| duration(v, 1, 3600))?.unwrap_or(Duration::from_secs(60)),
        recheck: reader.value("recheck", |v| duration(v, 0, 2_592_000))?.unwrap_or(Duration::from_secs(3600)),
        agree: reader.value("agree", |v| number(v, 1, 5))?.unwrap_or(2) as usize,
        records: records(domains, file, multiple, [&ipv4, &ipv6])?,
        ipv4,
        ipv6,
        // Last, so that a config's other faults are told before a missing token.
        credential: secret::find(&secrets, file, env, &mut warnings)?,
        warnings,
    };
    for rrtype in RrsetType::ALL {
        check_agreement(&config, rrtype, &reader)?;
    }
    Ok(config)
}

fn production() -> Result<Endpoint, ConfigError> {
    Endpoint::parse(PRODUCTION).map_err(|e| ConfigError::new(None, e.to_string()))
}

/// A config that can never come to an agreement would fail at the first change, months from now: say so at once.
fn check_agreement(config: &Config, rrtype: RrsetType, reader: &Reader) -> Result<(), ConfigError> {
    let operators = config.sources(rrtype).operators(rrtype);
    if operators >= config.agree || !config.records.iter().any(|r| r.key.rrtype == rrtype) {
        return Ok(());
    }
    let key = rrtype.family().to_ascii_lowercase();
    let problem = format!(
        "`{key}` has sources of {operators} operator(s), but {} must agree before a write: add another, such as \
         `web`, or set `agree = {operators}`",
        config.agree
    );
    Err(ConfigError::at(reader.file, reader.entry(&key).map_or(0, |e| e.line), problem))
}

/// Unknown, misplaced and repeated keys are errors: a key that does nothing would be a promise broken.
fn check_keys(
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
struct Reader<'a> {
    section: &'a Section,
    file: Option<&'a Path>,
}

impl Reader<'_> {
    fn entry(&self, key: &str) -> Option<&Entry> {
        self.section.entries.iter().find(|e| e.key == key)
    }

    fn value<T>(
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

    fn multiple(&self) -> Result<Option<Multiple>, ConfigError> {
        self.value("multiple", |v| match v {
            "refuse" => Ok(Multiple::Refuse),
            "replace" => Ok(Multiple::Replace),
            _ => Err(format!("`{v}` is neither `refuse` nor `replace`")),
        })
    }

    fn sources(&self, key: &str, rrtype: RrsetType) -> Result<Sources, ConfigError> {
        Ok(self.value(key, |v| Sources::parse(&list(v), rrtype))?.unwrap_or_default())
    }
}

/// The words of a list: blanks or commas between them.
fn list(value: &str) -> Vec<&str> {
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

/// Every record of every section.
fn records(
    domains: &[Section],
    file: Option<&Path>,
    multiple: Multiple,
    families: [&Sources; 2],
) -> Result<Vec<Record>, ConfigError> {
    let mut records: Vec<Record> = Vec::new();
    let mut wanted = 0;
    for section in domains {
        let at = |line: usize, problem: String| ConfigError::at(file, line, problem);
        let domain = Fqdn::parse(&section.name)
            .map_err(|e| at(section.line, format!("section [{}]: {e}", section.name)))?;
        check_keys(section, &SECTION, &GLOBAL, file)?;
        let reader = Reader { section, file };
        let names = reader.value("names", |v| {
            let name = |word| RrsetName::parse(word, &domain).map_err(|e| e.to_string());
            list(v).into_iter().map(name).collect::<Result<Vec<_>, _>>()
        })?;
        let Some(names) = names.filter(|n| !n.is_empty()) else {
            let problem =
                format!("section [{domain}] has no `names`: write `names = @` for the domain itself");
            return Err(at(section.line, problem));
        };
        let types = reader.value("types", |v| {
            let rrtype =
                |word| RrsetType::parse(word).ok_or_else(|| format!("`{word}` is neither A nor AAAA"));
            list(v).into_iter().map(rrtype).collect::<Result<Vec<_>, _>>()
        })?;
        let ttl = reader.value("ttl", |v| {
            let good = v.parse().ok().and_then(Ttl::new);
            good.ok_or_else(|| format!("`{v}` is not a number of seconds from 300 to 2592000"))
        })?;
        let multiple = reader.multiple()?.unwrap_or(multiple);
        for name in &names {
            for rrtype in types.as_deref().unwrap_or(&[RrsetType::A]) {
                let key = RrsetKey { domain: domain.clone(), name: name.clone(), rrtype: *rrtype };
                if records.iter().any(|r| r.key == key) {
                    return Err(at(section.line, format!("{key} is named twice")));
                }
                wanted += 1;
                // A family that is off is not ours to keep.
                if !families[usize::from(*rrtype == RrsetType::Aaaa)].is_off() {
                    records.push(Record { key, ttl, multiple });
                }
            }
        }
    }
    match (wanted, records.len()) {
        (0, _) => Err(ConfigError::new(file, "names no domain: add a section such as [example.org]")),
        (_, 0) => Err(ConfigError::new(file, "nothing to do: the address families of all records are `off`")),
        _ => Ok(records),
    }
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
