//! Where the token comes from, and the mistakes that people make with it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::paths::relative_to;
use super::syntax::Entry;
use crate::dns::is_placeholder;
use crate::gandi::Credential;
use crate::sys::environment::Environment;
use crate::sys::read_limited;

/// The most bytes of a secret file: some dozen tokens.
const MAX_FILE: u64 = 4096;
/// Where a secret may stand in the config.
pub(super) const KEYS: [&str; 4] = ["token", "token_file", "api_key", "api_key_file"];

/// The secret, and the file that it is in if that is all that is in it.
pub(super) struct Found {
    pub(super) credential: Credential,
    pub(super) token_file: Option<PathBuf>,
}

/// Finds the one secret: `GANDI_TOKEN`, then systemd's credential, then the config, since what is nearer to the
/// process was said more lately.
pub(super) fn find(
    entries: &[&Entry],
    file: Option<&Path>,
    env: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Found, ConfigError> {
    let found = |credential| Found { credential, token_file: None };
    let by_config = match entries {
        [] => None,
        [one] => Some(*one),
        [one, two, ..] => {
            let problem = format!("`{}` and `{}` both name a secret: keep one of them", one.key, two.key);
            return Err(ConfigError::at(file, two.line, problem));
        }
    };
    if let Some(token) = &env.token {
        return token_of(token, "GANDI_TOKEN").map(found).map_err(|p| ConfigError::new(None, p));
    }
    let credential = env.credentials_directory.as_ref().map(|d| d.join("token")).filter(|p| p.exists());
    if let Some(path) = credential {
        // systemd's own files: their mode is not the user's business.
        let text = read(&path).map_err(|p| ConfigError::new(None, p))?;
        let token = token_of(&text, &path.display().to_string());
        return token.map(found).map_err(|p| ConfigError::new(None, p));
    }
    let Some(entry) = by_config else {
        return Err(ConfigError::new(
            file,
            "no token: name its file with `token_file = /etc/gandi-ddns/token`, or set GANDI_TOKEN; make one at \
             admin.gandi.net with the permission \"Manage domain name technical configurations\"",
        ));
    };
    let at = |problem| ConfigError::at(file, entry.line, problem);
    let (text, origin, holder) = if entry.key.ends_with("_file") {
        let path = relative_to(file, &entry.value);
        let text = read(&path).map_err(at)?;
        let origin = format!("`{}` {}", entry.key, path.display());
        (text, origin, Some(path))
    } else {
        (entry.value.clone(), format!("`{}`", entry.key), file.map(Path::to_owned))
    };
    warnings.extend(holder.as_deref().and_then(readable_by_others));
    let credential =
        if entry.key.starts_with("api_key") { key_of(&text, &origin) } else { token_of(&text, &origin) };
    let token_file = holder.filter(|_| entry.key == "token_file");
    Ok(Found { credential: credential.map_err(at)?, token_file })
}

fn read(path: &Path) -> Result<String, String> {
    read_limited::read_to_string(path, MAX_FILE).map_err(|e| {
        // People write `~`, which only a shell understands.
        let hint =
            if path.iter().any(|part| part == "~") { "; write the whole path instead of `~`" } else { "" };
        format!("could not read the secret file {}: {e}{hint}", path.display())
    })
}

fn readable_by_others(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.mode();
    let path = path.display();
    (mode & 0o004 != 0).then(|| format!("{path} holds a secret and everybody can read it: chmod 600 {path}"))
}

/// The mistakes that any secret can have.
fn clean<'a>(text: &'a str, origin: &str, kind: &str) -> Result<&'a str, String> {
    let text = text.trim();
    if text.is_empty() {
        Err(format!("{origin} is empty: put the {kind} in it"))
    } else if is_placeholder(text) {
        Err(format!("{origin} still holds the example's placeholder: put your own {kind} there"))
    } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
        Err(format!("{origin} holds more than a {kind}: it is one line without blanks"))
    } else {
        Ok(text)
    }
}

/// Gandi's old keys, and nothing else, look like this.
fn looks_like_key(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn token_of(text: &str, origin: &str) -> Result<Credential, String> {
    let text = clean(text, origin, "personal access token")?;
    if looks_like_key(text) {
        return Err(format!(
            "{origin} has 24 characters, like Gandi's deprecated API keys: if it is one, give it as `api_key` or \
             `api_key_file`; better, make a personal access token at admin.gandi.net"
        ));
    }
    Ok(Credential::Token(text.to_owned()))
}

fn key_of(text: &str, origin: &str) -> Result<Credential, String> {
    let text = clean(text, origin, "API key")?;
    if !looks_like_key(text) {
        return Err(format!(
            "{origin} is not an API key, which has 24 characters of a-z and 0-9: if it is a personal access token, \
             give it as `token` or `token_file`"
        ));
    }
    Ok(Credential::ApiKey(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_keys_are_told_apart() {
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
    fn common_mistakes() {
        for (text, word) in
            [("", "empty"), (" \n", "empty"), ("<change me>", "placeholder"), ("a b", "one line")]
        {
            assert!(token_of(text, "x").is_err_and(|e| e.contains(word)), "{text:?}");
        }
        assert!(token_of("two\nlines", "x").is_err());
        assert_eq!(token_of(" pat_1\n", "x"), Ok(Credential::Token("pat_1".to_owned())));
    }
}
