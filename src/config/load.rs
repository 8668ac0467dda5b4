//! Finds the config file, reads it and builds the config.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

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
                "no config file found (looked for {candidates}): copy gandi-ddns.conf.example there, or use --domain and \
                 --name"
            );
            Err(ConfigError::new(problem))
        }
    }
}

/// Loads only the settings of address detection, for `ip`. Without a config file, it returns the defaults.
pub fn detection(options: &GlobalOptions, env: &Environment) -> Result<Detection, ConfigError> {
    let (text, path) = find(&options.source, env)?.unzip();
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
    Ok(detection)
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
            io::ErrorKind::PermissionDenied => "; run it with sudo, or use --config",
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
mod tests {
    use super::*;
    use crate::address::consensus::Quorum;
    use crate::config::model::{Config, MultipleValues};
    use crate::dns::Ttl;
    use crate::net::Family;

    fn env() -> Environment {
        Environment { token: Some("pat_1".to_owned()), ..Environment::default() }
    }

    fn config(text: &str) -> Result<Box<Config>, String> {
        from_text(text, Path::new("x.conf"), &GlobalOptions::default(), &env(), Credentials::Required)
            .map(|l| l.config)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn optional_keys_have_defaults() {
        let config = config("[example.org]\nnames = @\n").expect("a good config");
        assert_eq!(config.accounts[0].api.as_str(), "https://api.gandi.net/v5/livedns");
        assert_eq!(
            (
                config.detection.timeout.as_secs(),
                config.recheck.as_secs(),
                config.detection.global(Family::V4).quorum
            ),
            (60, 3600, Quorum::default())
        );
        assert_eq!(config.records.len(), 1);
        assert_eq!(config.records[0].key.to_string(), "example.org A");
        assert_eq!(
            (config.records[0].ttl, config.records[0].multiple_values),
            (None, MultipleValues::Refuse)
        );
        assert!(config.warnings.is_empty() && config.detection.roots.is_none());
    }

    #[test]
    fn sections_of_one_domain_have_their_own_settings() {
        let text = "multiple_values = replace\n[example.org]\nnames = @, www *.home\ntypes = A AAAA\nttl = 300\n\
                    [example.org]\nnames = slow\nttl = 86400\nmultiple_values = refuse\n[example.net]\nnames = @";
        let config = config(text).expect("a good config");
        let records: Vec<String> = config
            .records
            .iter()
            .map(|r| format!("{} {:?} {:?}", r.key, r.ttl.map(Ttl::seconds), r.multiple_values))
            .collect();
        assert_eq!(records.len(), 8);
        assert_eq!(records[0], "example.org A Some(300) Replace");
        assert_eq!(records[5], "*.home.example.org AAAA Some(300) Replace");
        assert_eq!(records[6], "slow.example.org A Some(86400) Refuse");
        assert_eq!(records[7], "example.net A None Replace");
    }

    #[test]
    fn config_error_has_line_and_remedy() {
        let section = "[example.org]\nnames = @\n";
        for (text, line, word) in [
            ("frob = 1\n".to_owned() + section, 1, "unknown key `frob`"),
            ("tokenfile = x\n".to_owned() + section, 1, "did you mean `token_file`"),
            (
                "names = @\n".to_owned() + section,
                1,
                "belongs in a section: put it below a line such as [example.org]",
            ),
            (
                section.to_owned() + "timeout = 5",
                3,
                "`timeout` is a global setting: move it above the first [section]",
            ),
            (section.to_owned() + "names = www", 3, "`names` is set twice"),
            (section.to_owned() + section, 4, "example.org A is listed twice"),
            (
                section.to_owned() + "ttl = 60",
                3,
                "`ttl`: invalid duration `60`: use seconds or 90s, 30m, 1h (from 300 to 2592000 seconds)",
            ),
            (section.to_owned() + "types = MX", 3, "unknown record type `MX`: use A"),
            ("[example.org]\nname = @".to_owned(), 2, "did you mean `names`"),
            ("[example.org]\nttl = 300".to_owned(), 1, "no `names`"),
            ("[www.example.org]\nnames = @".to_owned(), 1, "add `www` to names"),
            ("[example.org.]\nnames = @".to_owned(), 1, "write `example.org`"),
            ("[https://example.org]\nnames = @".to_owned(), 1, "no scheme"),
            ("[example]\nnames = @".to_owned(), 1, "not a full domain name"),
            ("[<change me>]\nnames = @".to_owned(), 1, "placeholder"),
            ("[example.org]\nnames = www.example.org".to_owned(), 2, "write `www`"),
            ("timeout = 0\n".to_owned() + section, 1, "1 to 3600"),
            ("agree = 2\n".to_owned() + section, 1, "did you mean `quorum`"),
            ("multiple = refuse\n".to_owned() + section, 1, "did you mean `multiple_values`"),
            ("ping = https://a.example\n".to_owned() + section, 1, "did you mean `heartbeat`"),
            ("ipv4 = host:a.example\n".to_owned() + section, 1, "did you mean `resolve`"),
            ("quorum = 0\n".to_owned() + section, 1, "1 to 5"),
            ("multiple_values = maybe\n".to_owned() + section, 1, "use `refuse` or `replace`"),
            ("api = http://api.gandi.net\n".to_owned() + section, 1, "https://"),
            ("ipv4 = https://a.example\n".to_owned() + section, 1, "quorum = 1"),
            ("ipv4 = dns\n".to_owned() + section, 1, "no source that can be published"),
            ("ipv4 = web resolve:example.org\n".to_owned() + section, 1, "look up its own record"),
            ("ipv4 = wbe\n".to_owned() + section, 1, "did you mean `web`"),
            (section.to_owned() + "suffix = ::1", 3, "add `types = AAAA`"),
            (section.to_owned() + "types = AAAA\nsuffix = eth0", 4, "`suffix`: "),
            ("ipv4 =\n".to_owned() + section, 1, "needs a value"),
            ("renew_token = yes\n".to_owned() + section, 1, "`token_file`"),
            ("renew_token = maybe\n".to_owned() + section, 1, "use `yes` or `no`"),
            ("ca_file = /nonexistent\n".to_owned() + section, 1, "could not use /nonexistent"),
        ] {
            let error = config(&text).expect_err(&text);
            assert!(error.starts_with(&format!("x.conf:{line}: ")) && error.contains(word), "{error}");
        }
        assert!(config("").is_err_and(|e| e.contains("no domain configured: add a section")));
        assert!(config(&("ipv4 = off\n".to_owned() + section)).is_err_and(|e| e.contains("nothing to do")));
    }

    #[test]
    fn records_of_a_family_that_is_off_are_removed_unless_types_lists_them() {
        let off = |types: &str| {
            config(&format!(
                "ipv4 = off\n[example.org]\nnames = @\n[example.net]\nnames = @\ntypes = {types}\n"
            ))
        };
        assert_eq!(off("AAAA").expect("a good config").records.len(), 1);
        let error = off("AAAA A").expect_err("a contradiction");
        assert!(error.starts_with("x.conf:6: `types`: `ipv4` is off"), "{error}");
    }

    #[test]
    fn suffix_applies_to_aaaa_records_only() {
        let config =
            config("[example.org]\nnames = nas\ntypes = A AAAA\nsuffix = ::5").expect("a good config");
        let detected = ["81.2.69.142", "2a01:e0a:1:2::3"].map(|a| a.parse().expect(a));
        let wanted: Vec<_> =
            config.records.iter().zip(detected).map(|(r, a)| r.desired_address(a).to_string()).collect();
        assert_eq!(wanted, ["81.2.69.142", "2a01:e0a:1:2::5"]);
    }

    #[test]
    fn heartbeat_urls_are_separated_by_spaces_or_commas() {
        let read = |value: &str| {
            let config = config(&format!("heartbeat = {value}\n[example.org]\nnames = @\n")).expect(value);
            let urls: Vec<_> =
                config.notifications.heartbeat.iter().map(|url| url.as_str().to_owned()).collect();
            urls.join(" ")
        };
        for (value, urls) in [
            ("https://a.example/x/", "https://a.example/x"),
            ("https://a.example/x,y?z=1,2", "https://a.example/x,y?z=1,2"),
            ("https://a.example https://b.example", "https://a.example https://b.example"),
            ("https://a.example/, https://b.example ,", "https://a.example https://b.example"),
            ("https://a.example/?x,http://10.0.0.1/y", "https://a.example/?x http://10.0.0.1/y"),
        ] {
            assert_eq!(read(value), urls);
        }
        for (value, problem) in [
            ("http://a.example", "URL 1 must begin with https://"),
            ("https://a.example/?x=1 http://81.2.69.142/", "URL 2 must begin with https://"),
            ("https://a.example;https://b.example", "URL 1 is not a URL such as https://host/path"),
            ("https://müller.de/x", "write the host in its `xn--` form"),
            (",", "needs a value"),
            (&"https://a.example/,".repeat(6), "6 URLs are too many: list at most 5"),
        ] {
            let error = config(&format!("heartbeat = {value}\n[example.org]\nnames = @\n")).expect_err(value);
            assert!(error.contains("x.conf:1: `heartbeat`: ") && error.contains(problem), "{error}");
        }
    }

    #[test]
    fn detection_needs_neither_token_nor_records() {
        let path = Path::new("x.conf");
        let read = |text: &str| {
            let errors = Errors::new(Some(path));
            let detection = build::detection_of(&syntax::parse(text, &errors), &errors)?;
            errors.finish().map(|()| detection)
        };
        assert!(read("ipv4 = router\n[example.org]\n").is_ok_and(|d| !d.global(Family::V4).sources.is_off()));
        assert!(read("ipv4 = rooter").is_err_and(|e| e.to_string().contains("did you mean")));
    }

    #[test]
    fn arguments_give_the_same_config_as_a_file() {
        let inline = Inline {
            domain: "example.org".to_owned(),
            names: vec!["home".to_owned(), "*.home".to_owned()],
            types: vec!["a".to_owned(), "AAAA".to_owned()],
            ttl: Some("300".to_owned()),
        };
        let load = |inline| {
            let options = GlobalOptions { source: ConfigSource::Inline(inline), ..GlobalOptions::default() };
            load(&options, &env(), Credentials::Required)
        };
        let loaded = load(inline.clone()).expect("good arguments");
        assert_eq!(loaded.config.records.len(), 4);
        let bad = Inline { ttl: Some("60".to_owned()), ..inline };
        let error = load(bad).expect_err("a short TTL").to_string();
        assert!(error.starts_with("--ttl: "), "{error}");
    }

    #[test]
    fn missing_token_is_an_error_only_if_required() {
        let source = Path::new("x.conf");
        let (options, env) = (GlobalOptions::default(), Environment::default());
        let load = |token| from_text("[example.org]\nnames = @", source, &options, &env, token);
        assert!(load(Credentials::Required).is_err_and(|e| e.to_string().contains("admin.gandi.net")));
        assert!(load(Credentials::Optional).is_ok());
    }
}
