//! Builds a [`Config`] from the sections of a config file: reads and checks each value. Each error names its line.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use super::account;
use super::error::{ConfigError, Errors};
use super::model::{Account, Config, Credentials, Detection, Notifications, Record, Target};
use super::reader::Reader;
use super::syntax::Section;
use super::targets::Targets;
use super::{ca_file, domains};
use crate::exit::Exit;
use crate::gandi::livedns::PRODUCTION;
use crate::gandi::{Credential, Secret};
use crate::http::Endpoint;
use crate::http::endpoint::EndpointError;
use crate::sys::environment::Environment;
use crate::sys::hash::fnv;

/// The maximum number of heartbeat URLs, which share 10 s.
const MAX_HEARTBEATS: usize = 5;

/// Builds a config from its sections. The first one must be the global section. The config has defaults in place of the
/// values that are added to `errors`.
pub(super) fn build(
    sections: &[Section],
    errors: &Errors,
    env: &Environment,
    credentials: Credentials,
) -> Result<Box<Config>, ConfigError> {
    let (reader, domain_sections) = open(sections, errors)?;
    let mut targets = Targets::read(&reader);
    let default = domains::multiple_values(&reader).unwrap_or_default();
    let records = domains::read(domain_sections, errors, default, &mut targets);
    check_sources(&targets, &records, errors);
    let mut config = Box::new(Config {
        accounts: vec![Account {
            api: reader.value("api", api).map_or_else(production, Ok)?,
            credential: Credential::Token(Secret::new("", "")),
            token_file: None,
            renew_token: renew_token(&reader),
        }],
        state_dir: reader.path("state_dir").or_else(|| env.state_dir()),
        recheck: reader.duration("recheck", 0, 2_592_000).unwrap_or(Duration::from_secs(3600)),
        records,
        detection: detection(&reader, targets.list),
        notifications: Notifications {
            on_change: reader.path("on_change"),
            on_failure: reader.path("on_failure"),
            heartbeat: reader.value("heartbeat", heartbeat).unwrap_or_default(),
        },
        history: reader.path("history"),
        fingerprint: 0,
        warnings: Vec::new(),
    });
    // A wrong argument is reported alone: its exit code is another one.
    if credentials == Credentials::Required
        && (errors.file.is_some() || errors.is_empty())
        && let Some(account) = account::find(reader.section, errors, env, &mut config.warnings)
    {
        config.fingerprint = fingerprint(errors.file, &account);
        let Some(global) = config.accounts.first_mut() else { return Ok(config) };
        (global.credential, global.token_file) = (account.credential, account.token_file);
    }
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

/// Reads the base URL of LiveDNS. Paths are appended to it, so a query is refused.
fn api(value: &str) -> Result<Endpoint, String> {
    if value.contains('?') {
        return Err("must not contain `?`, because paths are appended to it".to_owned());
    }
    Endpoint::parse(value).map_err(|e| e.to_string())
}

/// Reads the heartbeat URLs. A comma may be part of a URL, so it separates two only where the next one begins. The errors
/// do not repeat the URL: whoever knows it can send heartbeats.
fn heartbeat(value: &str) -> Result<Vec<Endpoint>, String> {
    let value = value.replace(",http", " http");
    let mut urls = Vec::new();
    for word in
        value.split_whitespace().map(|word| word.trim_end_matches(',')).filter(|word| !word.is_empty())
    {
        let url = Endpoint::parse_private(word).map_err(|e| match e {
            EndpointError::UserInfo => e.to_string(),
            _ => format!(
                "URL {} must begin with https://, or with http:// and a private address (not shown: it is a secret)",
                urls.len() + 1
            ),
        })?;
        urls.push(url);
    }
    match urls.len() {
        0 => Err("needs a value".to_owned()),
        1..=MAX_HEARTBEATS => Ok(urls),
        number => Err(format!("{number} URLs are too many: list at most {MAX_HEARTBEATS}")),
    }
}

/// Reads `renew_token`. It requires `token_file`: a token in the config itself, in the environment or in a systemd
/// credential cannot be replaced by this program.
fn renew_token(reader: &Reader) -> bool {
    let renew = reader.value("renew_token", |v| match v {
        "no" => Ok(false),
        "yes" if reader.entry("token_file").is_none() => {
            Err("requires `token_file`: only a token in a file of its own can be renewed".to_owned())
        }
        "yes" => Ok(true),
        _ => Err(format!("unknown value `{v}`: use `yes` or `no`")),
    });
    renew.unwrap_or(false)
}

/// Returns a hash of the config file and the token, for [`Config::fingerprint`]. Files count by modification time, size
/// and inode. A token that is not in a file counts by 16 bits of its hash only: the fingerprint is stored on disk, and
/// more bits would help to guess the token.
fn fingerprint(file: Option<&Path>, account: &account::Found) -> u64 {
    let stamp = |path: &Path| {
        path.metadata().map_or(0, |m| {
            let parts = [m.mtime(), m.mtime_nsec()].map(i64::cast_unsigned);
            fnv(&[parts[0], parts[1], m.size(), m.ino()].map(u64::to_ne_bytes).concat())
        })
    };
    let secret = match &account.token_file {
        Some(path) => stamp(path),
        None => fnv(account.credential.authorization().as_bytes()) & 0xffff,
    };
    fnv(&[file.map_or(0, stamp), secret].map(u64::to_ne_bytes).concat())
}

fn production() -> Result<Endpoint, ConfigError> {
    Endpoint::parse(PRODUCTION).map_err(|e| ConfigError::new(e.to_string()))
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
