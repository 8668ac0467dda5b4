//! Finds the config file, reads it and builds the config.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::error::{ConfigError, Errors, OPTION, Problem};
use super::given;
use super::model::{Config, Credentials, Detection, Loaded};
use super::syntax::{self, Entry, Section};
use super::{account, build, foreign, legacy};
use crate::cli::{ConfigSource, GlobalOptions, Inline};
use crate::sys::environment::Environment;
use crate::sys::hash::{ConfigId, fnv};
use crate::sys::ownership::{self, Check, follow};
use crate::sys::read_limited;

/// The maximum size of a config file in bytes: enough for some ten thousand names.
const MAX_FILE: u64 = 1024 * 1024;
/// The name of the config on stdin in messages. Its directory is the working directory.
const STDIN: &str = "<stdin>";
/// The bits of the hash of a text that may have a secret in it: the fingerprint is stored on disk, and more would help to
/// guess the secret.
const SHORT: u64 = 0xffff;

/// Reads the config on stdin, for [`Environment::stdin`]. It can be read once only.
pub fn read_stdin() -> Result<String, String> {
    let stdin = rustix::stdio::stdin();
    let problem = if stdin.is_terminal() {
        "it is a terminal".to_owned()
    } else {
        let read = |file| read_limited::read_stream(&File::from(file), MAX_FILE);
        match stdin.try_clone_to_owned().map_err(Into::into).and_then(read) {
            // std opens /dev/null in place of a stream that is closed.
            Ok(text) if text.is_empty() => "it is empty or closed".to_owned(),
            Ok(text) => return Ok(text),
            Err(e) => e.to_string(),
        }
    };
    Err(format!("could not read the config from stdin: {problem}; use `-c - < FILE`, or a pipe"))
}

/// Loads the config from the file or the arguments that the options name. The error has all problems.
pub fn load(
    options: &GlobalOptions,
    env: &Environment,
    credentials: Credentials,
) -> Result<Loaded, ConfigError> {
    match &options.source {
        ConfigSource::Inline(inline) => {
            let errors = Errors::new(None);
            let config = build(sections_of(inline), options, &errors, env, credentials)?;
            errors.finish()?;
            Ok(Loaded { config, id: ConfigId::of(joined(inline).as_bytes()) })
        }
        source => {
            if let Some((text, path)) = find(source, env)? {
                return from_text(&text, &path, options, env, credentials);
            }
            let mut candidates = String::new();
            for path in env.config_files() {
                candidates.push_str(if candidates.is_empty() { "" } else { " and " });
                candidates.push_str(&path.to_string_lossy());
            }
            let problem = format!(
                "no config file found (looked for {candidates}): run `gandi-ddns setup`, or use --domain and \
                 --name"
            );
            Err(ConfigError::new(problem))
        }
    }
}

/// Loads only the settings of address detection, for `ip`. Without a config file, it returns the defaults. Also if this
/// user may not read the default one, whose error it returns then: an address is no secret.
pub fn detection(
    options: &GlobalOptions,
    env: &Environment,
) -> Result<(Detection, Option<ConfigError>), ConfigError> {
    let is_denied = |path: &PathBuf| access(path, Access::READ_OK) == Err(Errno::ACCESS);
    let (found, unread) = match find(&options.source, env) {
        Err(e) if options.source == ConfigSource::File(None) && env.config_files().iter().any(is_denied) => {
            (None, Some(e))
        }
        found => (found?, None),
    };
    let (text, path) = found.unzip();
    let text = text.unwrap_or_default();
    let errors = Errors::new(path.as_deref());
    let mut sections = syntax::parse(&text, &errors);
    override_global(&mut sections, options, &errors);
    let detection = build::detection_of(&sections, &errors)?;
    // The sections are not read here, where an old config has its keys.
    if let Some(line) = legacy::recognise(&legacy::read(&text)) {
        errors.add(line, "a key of an older Gandi script");
    }
    errors.finish().map_err(|e| recognised(e, &text))?;
    Ok((detection, unread))
}

/// Replaces the global settings that `--option` gives, and `off` if `--address` gives an address. One way to give the
/// secret replaces every other.
fn override_global(sections: &mut [Section], options: &GlobalOptions, errors: &Errors) {
    let Some(global) = sections.first_mut() else { return };
    for mut new in syntax::parse_from(OPTION, &options.overrides.join("\n"), errors) {
        global.entries.retain(|old| {
            let is_secret = account::is_key(&old.key);
            !new.entries.iter().any(|new| new.key == old.key || is_secret && account::is_key(&new.key))
        });
        global.entries.append(&mut new.entries);
    }
    given::switch_on(global, options.addresses);
}

/// Builds the config of these sections and of `--option` and `--address`.
fn build(
    mut sections: Vec<Section>,
    options: &GlobalOptions,
    errors: &Errors,
    env: &Environment,
    credentials: Credentials,
) -> Result<Box<Config>, ConfigError> {
    override_global(&mut sections, options, errors);
    let mut config = build::build(&sections, errors, env, credentials)?;
    given::publish(&mut config, options.addresses)?;
    // Another value of an option ends every backoff, too.
    if credentials == Credentials::Required && !options.overrides.is_empty() {
        let hash = fnv(options.overrides.join("\n").as_bytes());
        config.fingerprint = config.fingerprint.wrapping_add(hash & SHORT);
    }
    Ok(config)
}

/// Returns the domains and record names as typed, separated by spaces, even if the config is invalid. For
/// `check --redact`, since the error may mention them.
#[must_use]
pub fn names(source: &ConfigSource, env: &Environment) -> String {
    let sections = match source {
        ConfigSource::Inline(inline) => sections_of(inline),
        source => match find(source, env) {
            // It skips the lines that it does not understand.
            Ok(Some((text, _))) => legacy::read(&text),
            _ => return String::new(),
        },
    };
    syntax::names(&sections)
}

/// Returns the text and the path of the config: of the named file, of the first default file that exists, or of stdin.
/// `None` if there is no default file, or if arguments take its place; a file that exists and cannot be read is an error.
fn find(source: &ConfigSource, env: &Environment) -> Result<Option<(String, PathBuf)>, ConfigError> {
    let path = match (source, &env.stdin) {
        (ConfigSource::File(path), _) => path.as_deref(),
        (ConfigSource::Stdin, Some(Ok(text))) => return Ok(Some((text.clone(), STDIN.into()))),
        (ConfigSource::Stdin, Some(Err(problem))) => return Err(ConfigError::new(problem.as_str())),
        (ConfigSource::Stdin, None) | (ConfigSource::Inline(_), _) => return Ok(None),
    };
    let candidates = path.map_or_else(|| env.config_files(), |path| vec![path.to_owned()]);
    for candidate in candidates {
        ownership::check(&candidate).map_err(ConfigError::new)?;
        let e = match read_limited::read_to_string(&candidate, MAX_FILE) {
            Ok(text) => return Ok(Some((text, candidate))),
            Err(e) => e,
        };
        let hint = match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if path.is_none() => continue,
            io::ErrorKind::PermissionDenied => "; run it as root (sudo), or use --config",
            io::ErrorKind::NotFound => "; name a config that exists, or let `gandi-ddns setup -c` write it",
            _ => "",
        };
        let problem = format!("could not read the config {}: {e}{hint}", candidate.display());
        return Err(ConfigError::new(Problem::reading(problem, &e)));
    }
    Ok(None)
}

/// Says in the error what kind of file it is, if it is no config of this program.
fn recognised(error: ConfigError, text: &str) -> ConfigError {
    let old = legacy::read(text);
    let kind = foreign::recognise(text);
    match legacy::recognise(&old) {
        // Without a section it could be a script.
        Some(line) if old.len() > 1 || kind.is_none_or(|kind| kind == foreign::INI) => {
            error.legacy(line, legacy::translate(&old))
        }
        _ => match kind {
            Some(kind) => error.foreign(kind),
            None => error,
        },
    }
}

/// Builds the config of a file. Its identifier is derived from the absolute path; that of the config on stdin from its
/// records, so that it is the same while they are.
pub(crate) fn from_text(
    text: &str,
    path: &Path,
    options: &GlobalOptions,
    env: &Environment,
    credentials: Credentials,
) -> Result<Loaded, ConfigError> {
    let errors = Errors::new(Some(path));
    let mut config = build(syntax::parse(text, &errors), options, &errors, env, credentials)?;
    errors.finish().map_err(|e| recognised(e, text))?;
    if path != Path::new(STDIN) {
        let absolute = follow(path, Check::Links).unwrap_or_else(|_| path.to_owned());
        return Ok(Loaded { config, id: ConfigId::of(absolute.as_os_str().as_encoded_bytes()) });
    }
    if credentials == Credentials::Required {
        config.fingerprint = config.fingerprint.wrapping_add(fnv(text.as_bytes()) & SHORT);
    }
    let mut names = STDIN.to_owned();
    for record in &config.records {
        names.push('\n');
        names.push_str(&record.key.to_string());
    }
    Ok(Loaded { config, id: ConfigId::of(names.as_bytes()) })
}

/// Returns the sections of a config, whose values are not checked; the global one comes first.
pub(crate) fn sections_in(text: &str) -> Vec<Section> {
    syntax::parse(text, &Errors::new(None))
}

/// Joins the arguments that name the records, for the config id.
fn joined(inline: &Inline) -> String {
    let Inline { domain, names, types, ttl } = inline;
    [domain.as_str(), &names.join(" "), &types.join(" "), ttl.as_deref().unwrap_or_default()].join(" / ")
}

/// Returns the sections of the config file that would have the same meaning as the arguments.
fn sections_of(inline: &Inline) -> Vec<Section> {
    let mut section = Section { line: 0, name: inline.domain.clone(), entries: Vec::new() };
    let mut push =
        |key: &str, value: String| section.entries.push(Entry { line: 0, key: key.to_owned(), value });
    push("names", inline.names.join(" "));
    if !inline.types.is_empty() {
        push("types", inline.types.join(" "));
    }
    if let Some(ttl) = &inline.ttl {
        push("ttl", ttl.clone());
    }
    vec![Section::default(), section]
}

#[cfg(test)]
mod tests;
