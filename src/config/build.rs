//! Builds a [`Config`] from the sections of a config file: reads and checks each value. Each error names its line.

use std::time::Duration;

use super::accounts::{Accounts, stamp};
use super::error::{ConfigError, Errors};
use super::model::{Config, Credentials, Detection, Notifications, Record, Target};
use super::reader::Reader;
use super::syntax::Section;
use super::targets::Targets;
use super::{ca_file, domains};
use crate::exit::Exit;
use crate::gandi::livedns::PRODUCTION;
use crate::http::Endpoint;
use crate::http::endpoint::{NOT_ASCII, USER_INFO};
use crate::sys::environment::Environment;
use crate::sys::secret;
use crate::sys::words;

/// The maximum number of heartbeat URLs, which share 10 s.
const MAX_HEARTBEATS: usize = 5;
/// Their key.
const HEARTBEAT: &str = "heartbeat";

/// Builds a config from its sections. The first one must be the global section. The config has defaults in place of the
/// values that are added to `errors`.
pub(super) fn build(
    sections: &[Section],
    errors: &Errors,
    env: &Environment,
    credentials: Credentials,
) -> Result<Box<Config>, ConfigError> {
    let (reader, domain_sections) = open(sections, errors)?;
    let mut accounts = Accounts::new(&reader, production()?, credentials);
    let mut targets = Targets::read(&reader);
    let default = domains::multiple_values(&reader).unwrap_or_default();
    let records = domains::read(domain_sections, errors, default, (&mut targets, &mut accounts));
    check_sources(&targets, &records, errors);
    let mut config = Box::new(Config {
        accounts: Vec::new(),
        state_dir: reader.path("state_dir").or_else(|| env.state_dir()),
        recheck: reader.duration("recheck", 0, 2_592_000).unwrap_or(Duration::from_secs(3600)),
        records,
        detection: detection(&reader, targets.list),
        notifications: Notifications {
            on_change: reader.path("on_change"),
            on_failure: reader.path("on_failure"),
            heartbeat: heartbeats(&reader),
        },
        history: reader.path("history"),
        fingerprint: errors.file.map_or(0, stamp),
        warnings: Vec::new(),
    });
    config.accounts = accounts.finish(env, &mut config.warnings);
    Ok(config)
}

/// Builds only the settings of address detection, with the targets that are in use. This needs neither a token nor a
/// record.
pub(super) fn detection_of(sections: &[Section], errors: &Errors) -> Result<Detection, ConfigError> {
    let (reader, domain_sections) = open(sections, errors)?;
    let targets = Targets::read(&reader).in_use(&reader, domain_sections, errors);
    Ok(detection(&reader, targets))
}

/// Returns a reader for the global section, whose keys are checked, and the domain sections.
fn open<'a>(sections: &'a [Section], errors: &'a Errors) -> Result<(Reader<'a>, &'a [Section]), ConfigError> {
    let [section, domains @ ..] = sections else {
        return Err(ConfigError::nothing_to_do(Exit::Config));
    };
    Ok((Reader::global(section, errors), domains))
}

fn detection(reader: &Reader, targets: Vec<Target>) -> Detection {
    Detection {
        targets,
        roots: reader
            .path("ca_file")
            .and_then(|path| ca_file::read(&path).map_err(|problem| reader.error("ca_file", problem)).ok()),
        timeout: reader.duration("timeout", 1, 3600).unwrap_or(Duration::from_secs(60)),
    }
}

/// Reads the heartbeat URLs; each one that is not valid is an error of its own. A comma may be part of a URL, so it
/// separates two only where the next one begins. The errors do not repeat the URL: whoever knows it can send heartbeats.
fn heartbeats(reader: &Reader) -> Vec<Endpoint> {
    let (mut urls, mut number) = (Vec::new(), 0);
    let Some(value) = reader.checked(HEARTBEAT) else { return urls };
    let value = value.replace(",http", " http");
    for word in words::split(&value, "") {
        let word = word.trim_end_matches(',');
        if word.is_empty() {
            continue;
        }
        number += 1;
        match Endpoint::parse_private(word) {
            Ok(url) => urls.push(url),
            Err(e) => {
                let (before, problem) = if e == USER_INFO || e == NOT_ASCII {
                    (":", e.as_str())
                } else if secret::starts_with(word, "https://") {
                    ("", "is not a URL such as https://host/path")
                } else {
                    ("", "must begin with https://, or with http:// and a private address")
                };
                reader
                    .error(HEARTBEAT, format!("URL {number}{before} {problem} (not shown: it is a secret)"));
            }
        }
    }
    if number == 0 {
        reader.error(HEARTBEAT, "needs a value");
    } else if number > MAX_HEARTBEATS {
        reader.error(HEARTBEAT, format!("{number} URLs are too many: list at most {MAX_HEARTBEATS}"));
    }
    urls
}

fn production() -> Result<Endpoint, ConfigError> {
    Endpoint::parse(PRODUCTION).map_err(ConfigError::new)
}

/// Checks that the sources of each target can reach the quorum, and that `resolve:` does not look up a record of this
/// config. Both would otherwise show only at the next change of the address, maybe months later.
fn check_sources(targets: &Targets, records: &[Record], errors: &Errors) {
    for (number, Target { family, sources, quorum }) in targets.list.iter().enumerate() {
        if !records.iter().any(|r| r.target == number) {
            continue;
        }
        let is_own = |host: &&str| {
            records.iter().any(|r| r.key.rrtype.family() == *family && r.key.has_host_name(host))
        };
        let problem = match sources.hosts().find(is_own) {
            Some(host) => {
                Some(format!("would look up its own record {host}: use another name in `resolve:`"))
            }
            None => sources.quorum_problem(*family, *quorum),
        };
        if let Some(problem) = problem {
            targets.error(number, &problem, errors);
        }
    }
}
