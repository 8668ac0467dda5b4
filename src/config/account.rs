//! Finds the token or API key, and detects common mistakes in it.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Problem};
use super::paths::relative_to;
use super::syntax::Entry;
use crate::dns::is_placeholder;
use crate::gandi::{CREATE_TOKEN, Credential};
use crate::sys::environment::Environment;
use crate::sys::ownership;
use crate::sys::read_limited;

/// The maximum size of a token or key file in bytes.
const MAX_FILE: u64 = 4096;
/// The config keys that give a secret, of which at most one may be set.
pub(super) const KEYS: [&str; 4] = ["token", "token_file", "api_key", "api_key_file"];

/// The secret and its file.
pub(super) struct Secret {
    /// The token or API key.
    pub(super) credential: Credential,
    /// The value of `token_file`, if the token was read from there; otherwise `None`.
    pub(super) token_file: Option<PathBuf>,
}

/// Reads the secret. Precedence: `GANDI_TOKEN`, the systemd credential `token`, the config. `entries` are the entries of
/// the config whose key is one of [`KEYS`]. A file that all users can read is added to `warnings`.
pub(super) fn find(
    entries: &[&Entry],
    file: Option<&Path>,
    env: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Secret, ConfigError> {
    let without_file = |credential| Secret { credential, token_file: None };
    let configured = match entries {
        [] => None,
        [entry] => Some(*entry),
        [first, second, ..] => {
            let problem = format!("`{}` and `{}` cannot be used together: remove one", first.key, second.key);
            return Err(ConfigError::at(file, second.line, problem));
        }
    };
    if let Some(token) = &env.token {
        return token_of(token, "GANDI_TOKEN").map(without_file).map_err(|p| ConfigError::new(None, p));
    }
    let systemd_credential =
        env.credentials_directory.as_ref().map(|d| d.join("token")).filter(|p| p.exists());
    if let Some(path) = systemd_credential {
        // systemd sets the mode of this file, so it is not checked.
        let text = read(&path, "token").map_err(|p| ConfigError::new(None, p))?;
        let token = token_of(&text, &path.display().to_string());
        return token.map(without_file).map_err(|p| ConfigError::new(None, p));
    }
    let Some(entry) = configured else {
        return Err(ConfigError::new(
            file,
            format!(
                "no token configured: set `token_file = /etc/gandi-ddns/token`, or the variable GANDI_TOKEN; \
                 {CREATE_TOKEN}"
            ),
        ));
    };
    let at = |problem: String| ConfigError::at(file, entry.line, problem);
    let is_api_key = entry.key.starts_with("api_key");
    let (text, location, secret_file) = if entry.key.ends_with("_file") {
        let path = relative_to(file, &entry.value);
        ownership::check(&path).map_err(at)?;
        let text = read(&path, if is_api_key { "API key" } else { "token" })
            .map_err(|problem| ConfigError::at(file, entry.line, problem))?;
        let location = format!("`{}` {}", entry.key, path.display());
        (text, location, Some(path))
    } else {
        (entry.value.clone(), format!("`{}`", entry.key), file.map(Path::to_owned))
    };
    warnings.extend(secret_file.as_deref().and_then(readable_by_others));
    let credential = if is_api_key { key_of(&text, &location) } else { token_of(&text, &location) };
    let token_file = secret_file.filter(|_| entry.key == "token_file");
    Ok(Secret { credential: credential.map_err(at)?, token_file })
}

/// Reads a token or API key file; `kind` names which. The error says how to create a missing file.
fn read(path: &Path, kind: &str) -> Result<String, Problem> {
    read_limited::read_to_string(path, MAX_FILE).map_err(|e| {
        let name = path.display();
        // Only a shell expands `~`.
        let text = if path.iter().any(|part| part == "~") {
            format!("could not read {kind} file {name}: write the whole path instead of `~`")
        } else if e.kind() == io::ErrorKind::NotFound {
            format!("{kind} file {name} does not exist: create it with `sudo nano {name}`")
        } else {
            format!("could not read {kind} file {name}: {e}")
        };
        Problem::reading(text, &e)
    })
}

/// Returns a warning if all users can read the file of the secret.
fn readable_by_others(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.mode();
    let path = path.display();
    (mode & 0o004 != 0)
        .then(|| format!("{path} contains a secret and is readable by all users: run `chmod 600 {path}`"))
}

/// Trims a secret and refuses mistakes that are possible with each kind of secret. `location` is the place that it was
/// read from and `kind` its name, both for the error, which never repeats the secret.
fn clean<'a>(text: &'a str, location: &str, kind: &str) -> Result<&'a str, String> {
    let text = text.trim();
    if text.is_empty() {
        Err(format!("{location} is empty: put your {kind} in it"))
    } else if is_placeholder(text) {
        Err(format!("{location} still contains a placeholder: replace it with your {kind}"))
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        Err(format!("{location} must contain only the {kind}, on one line without spaces"))
    } else {
        Ok(text)
    }
}

/// Returns true for 24 characters of a-z and 0-9: Gandi's API keys have this form, and no personal access token has.
fn looks_like_key(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Checks a personal access token.
fn token_of(text: &str, location: &str) -> Result<Credential, String> {
    let text = clean(text, location, "personal access token")?;
    if looks_like_key(text) {
        return Err(format!(
            "{location} looks like a deprecated API key (24 characters): use `api_key` or `api_key_file`, or better a \
             personal access token"
        ));
    }
    Ok(Credential::Token(text.to_owned()))
}

/// Checks an API key.
fn key_of(text: &str, location: &str) -> Result<Credential, String> {
    let text = clean(text, location, "API key")?;
    if !looks_like_key(text) {
        return Err(format!(
            "{location} is not an API key (24 characters of a-z and 0-9): use `token` or `token_file` for a personal \
             access token"
        ));
    }
    Ok(Credential::ApiKey(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_and_api_key_are_distinguished_by_form() {
        let key = "abcdefghijklmnopqrstuvwx";
        for token in
            ["pat_0123456789", "0123456789abcdef0123456789abcdef01234567", "ABCDEFGHIJKLMNOPQRSTUVWX"]
        {
            assert_eq!(token_of(token, "x"), Ok(Credential::Token(token.to_owned())));
            assert!(key_of(token, "x").is_err_and(|e| e.contains("token_file") && !e.contains(token)));
        }
        assert_eq!(key_of(key, "x"), Ok(Credential::ApiKey(key.to_owned())));
        assert!(token_of(key, "x").is_err_and(|e| e.contains("`api_key`") && !e.contains(key)));
    }

    #[test]
    fn empty_placeholder_or_several_words_are_refused() {
        for (text, word) in
            [("", "empty"), (" \n", "empty"), ("<change me>", "placeholder"), ("a b", "one line")]
        {
            assert!(token_of(text, "x").is_err_and(|e| e.contains(word)), "{text:?}");
        }
        assert!(token_of("two\nlines", "x").is_err());
        assert_eq!(token_of(" pat_1\n", "x"), Ok(Credential::Token("pat_1".to_owned())));
    }
}
