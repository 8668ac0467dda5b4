//! Sections -> [`Config`]: each value read, checked, and named by its line when it is wrong.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use super::account::{self, Found};
use super::error::ConfigError;
use super::model::{Config, Credentials, Detection, Notifications};
use super::paths::relative_to;
use super::reader::{GLOBAL, Reader, SECTION, check_keys};
use super::syntax::{Entry, Section};
use super::{ca_file, domains, legacy};
use crate::address::consensus::Quorum;
use crate::gandi::Credential;
use crate::gandi::livedns::PRODUCTION;
use crate::http::Endpoint;
use crate::net::Family;
use crate::sys::environment::Environment;
use crate::sys::hash::fnv;
use crate::sys::time::duration;

/// Builds a config from its sections, of which the first is the global one.
pub(super) fn build(
    sections: &[Section],
    file: Option<&Path>,
    env: &Environment,
    credentials: Credentials,
) -> Result<Config, ConfigError> {
    let (reader, domain_sections) = open(sections, file)?;
    let mut warnings = Vec::new();
    let secrets: Vec<&Entry> =
        reader.section.entries.iter().filter(|e| account::KEYS.contains(&e.key.as_str())).collect();
    let detection = detection(&reader)?;
    let mut config = Config {
        api: reader
            .value("api", |v| Endpoint::parse(v).map_err(|e| e.to_string()))?
            .map_or_else(production, Ok)?,
        state_dir: reader.path("state_dir")?.or_else(|| env.state_dir()),
        recheck: reader.value("recheck", |v| duration(v, 0, 2_592_000))?.unwrap_or(Duration::from_secs(3600)),
        records: domains::read(
            domain_sections,
            file,
            reader.multiple_values()?.unwrap_or_default(),
            &detection,
        )?,
        detection,
        notifications: Notifications {
            on_change: reader.path("on_change")?,
            on_failure: reader.path("on_failure")?,
            heartbeat: reader.value("heartbeat", heartbeat)?,
        },
        history: reader.path("history")?,
        renew_token: renew_token(&reader)?,
        credential: Credential::Token(String::new()),
        token_file: None,
        fingerprint: 0,
        warnings: Vec::new(),
    };
    // Last, so that a config's other faults are told before a missing token.
    if credentials == Credentials::Required {
        let found = account::find(&secrets, file, env, &mut warnings)?;
        config.fingerprint = fingerprint(file, &found);
        (config.credential, config.token_file, config.warnings) =
            (found.credential, found.token_file, warnings);
    }
    for family in Family::ALL {
        check_sources(&config, family, &reader)?;
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
    if let Some(line) = legacy::recognise(sections) {
        return Err(ConfigError::ancestor(file, line, legacy::translate(sections)));
    }
    let [section, domains @ ..] = sections else {
        return Err(ConfigError::new(file, "nothing is there"));
    };
    check_keys(section, &GLOBAL, &SECTION, file)?;
    Ok((Reader { section, file }, domains))
}

fn detection(reader: &Reader) -> Result<Detection, ConfigError> {
    Ok(Detection {
        ipv4: reader.sources("ipv4", Family::V4)?,
        ipv6: reader.sources("ipv6", Family::V6)?,
        quorum: reader.value("quorum", quorum)?.unwrap_or_default(),
        roots: reader.value("ca_file", |v| ca_file::read(&relative_to(reader.file, v)))?,
        timeout: reader.value("timeout", |v| duration(v, 1, 3600))?.unwrap_or(Duration::from_secs(60)),
    })
}

fn quorum(value: &str) -> Result<Quorum, String> {
    let quorum = value.parse().ok().and_then(Quorum::new);
    quorum.ok_or_else(|| format!("`{value}` is not a whole number from {} to {}", Quorum::MIN, Quorum::MAX))
}

/// For a good run and, with `/fail` behind it, for a bad one.
fn heartbeat(value: &str) -> Result<Endpoint, String> {
    if value.contains('?') {
        return Err("must be a URL without `?`, since `/fail` is put behind it".to_owned());
    }
    Endpoint::parse(value).map_err(|e| e.to_string())
}

/// Only a token in a file of its own can be renewed: nobody edits the config, and an environment is not ours.
fn renew_token(reader: &Reader) -> Result<bool, ConfigError> {
    let renew = reader.value("renew_token", |v| match v {
        "no" => Ok(false),
        "yes" if reader.entry("token_file").is_none() => {
            Err("renews the token in the file that `token_file` names, and none is named".to_owned())
        }
        "yes" => Ok(true),
        _ => Err(format!("`{v}` is neither `yes` nor `no`")),
    });
    Ok(renew?.unwrap_or(false))
}

/// A number for the config file and the token as they are. Of files, what the file system says of them; of a token in
/// the environment so few bits that they are no help to anybody.
fn fingerprint(file: Option<&Path>, found: &Found) -> u64 {
    let stamp = |path: &Path| {
        path.metadata().map_or(0, |m| {
            let parts = [m.mtime(), m.mtime_nsec()].map(i64::cast_unsigned);
            fnv(&[parts[0], parts[1], m.size(), m.ino()].map(u64::to_ne_bytes).concat())
        })
    };
    let secret = match &found.token_file {
        Some(path) => stamp(path),
        None => fnv(found.credential.authorization().as_bytes()) & 0xffff,
    };
    fnv(&[file.map_or(0, stamp), secret].map(u64::to_ne_bytes).concat())
}

fn production() -> Result<Endpoint, ConfigError> {
    Endpoint::parse(PRODUCTION).map_err(|e| ConfigError::new(None, e.to_string()))
}

/// Sources that can never come to an agreement would fail at the first change, months from now, and a name that
/// follows itself never changes: say so at once.
fn check_sources(config: &Config, family: Family, reader: &Reader) -> Result<(), ConfigError> {
    let sources = config.detection.sources(family);
    let mut kept = config.records.iter().filter(|r| r.key.rrtype.family() == family).peekable();
    if kept.peek().is_none() {
        return Ok(());
    }
    let names: Vec<String> = kept.map(|r| r.key.host_name()).collect();
    let itself = sources.hosts().find(|host| names.iter().any(|n| n == host));
    let problem = match itself {
        Some(host) => Some(format!("looks up {host}, which is kept here: it would follow itself")),
        None => sources.quorum_problem(family, config.detection.quorum),
    };
    let Some(problem) = problem else { return Ok(()) };
    let key = family.as_str().to_ascii_lowercase();
    let line = reader.entry(&key).map_or(0, |e| e.line);
    Err(ConfigError::at(reader.file, line, format!("`{key}` {problem}")))
}
