//! Finds a token or API key, and detects common mistakes in it.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::{Errors, OPTION, OUTSIDE, Problem};
use super::paths::relative_to;
use super::syntax::{Entry, IN_ERROR, Section};
use crate::dns::is_placeholder;
use crate::gandi::{CREATE_TOKEN, Credential, Secret};
use crate::sys::environment::Environment;
use crate::sys::grouped::push_if_new;
use crate::sys::ownership::{self, Check, follow};
use crate::sys::read_limited;
use crate::sys::secret;

/// The maximum size of a token or key file in bytes.
const MAX_FILE: u64 = 4096;
/// The maximum length of a token in bytes: the HTTP client has room for 4 KiB of headers.
const MAX_TOKEN: usize = 3072;
/// The config keys that give a secret, of which at most one may be set.
const KEYS: [&str; 4] = ["token", "token_file", "api_key", "api_key_file"];

/// The credential of an account, and its file.
#[derive(Clone)]
pub(super) struct Found {
    /// The token or API key.
    pub(super) credential: Credential,
    /// The value of `token_file`, if the token was read from there; otherwise `None`.
    pub(super) token_file: Option<PathBuf>,
}

/// Returns true for a key that gives a secret, or the file of one.
pub(crate) fn is_key(key: &str) -> bool {
    KEYS.contains(&key)
}

fn entries_of(section: &Section) -> impl Iterator<Item = &Entry> {
    section.entries.iter().filter(|e| is_key(&e.key))
}

/// Returns the first entry of a section that gives a secret, if there is one.
pub(super) fn entry_of(section: &Section) -> Option<&Entry> {
    entries_of(section).next()
}

/// Returns true if a section has several entries that give a secret, which is an error.
pub(super) fn contradicts(section: &Section, errors: &Errors) -> bool {
    let mut entries = entries_of(section);
    let (Some(first), Some(second)) = (entries.next(), entries.next()) else { return false };
    // A repeated key is an error already.
    if first.key != second.key {
        let problem = format!("`{}` and `{}` cannot be used together: remove one", first.key, second.key);
        errors.add(second.line, problem);
    }
    true
}

/// Reads the secret of the global section. Precedence: `--option`, `GANDI_TOKEN` or the file of `GANDI_TOKEN_FILE`, the
/// systemd credential `token`, the config. `lacking` is a section that needs it while others have a secret of their own. A
/// file that all users can read is added to `warnings`.
pub(super) fn find(
    global: &Section,
    lacking: Option<&Section>,
    errors: &Errors,
    env: &Environment,
    warnings: &mut Vec<String>,
) -> Option<Found> {
    if contradicts(global, errors) {
        return None;
    }
    let configured = entry_of(global);
    let (mut token, mut token_file, mut systemd) = (None, None, None);
    if configured.is_none_or(|e| e.line < OPTION) {
        (token, token_file, systemd) = (env.token.as_ref(), env.token_file.as_ref(), systemd_credential(env));
    }
    let mut line = OUTSIDE;
    let found = if let Some(token) = token {
        if token_file.is_some() {
            Err("$GANDI_TOKEN and $GANDI_TOKEN_FILE are both set: unset one".into())
        } else {
            outside(token, "$GANDI_TOKEN", configured)
        }
    } else if let Some(path) = token_file {
        // Never renewed: such a file is one of a container, which can usually not be written.
        let (key, value) = ("GANDI_TOKEN_FILE".to_owned(), path.to_string_lossy().into_owned());
        return of_section(&Entry { line, key, value }, "", errors, warnings);
    } else if let Some(path) = systemd {
        // systemd sets the mode of this file, so it is not checked.
        let source = format!("the systemd credential {}", path.display());
        read(&path, "token").and_then(|text| outside(&text, &source, configured))
    } else if let Some(entry) = configured {
        return of_section(entry, "", errors, warnings);
    } else if errors.is_empty() {
        let of = lacking.map_or_else(String::new, |section| [" for [", &section.name, "]"].concat());
        line = lacking.map_or(0, |section| section.line);
        let problem = format!(
            "no token configured{of}: set `token_file = /etc/gandi-ddns/token`, or the variable GANDI_TOKEN; \
             {CREATE_TOKEN}"
        );
        Err(problem.into())
    } else {
        // Other errors are fixed first, and the token may come from the environment of another run.
        return None;
    };
    found.map_err(|problem| errors.add(line, problem)).ok()
}

/// Reads the secret of an entry in the section with this name, which is empty for the global one.
#[inline(never)]
pub(super) fn of_section(
    entry: &Entry,
    name: &str,
    errors: &Errors,
    warnings: &mut Vec<String>,
) -> Option<Found> {
    // It is an error already.
    if entry.value == IN_ERROR {
        return None;
    }
    inside(entry, name, errors, warnings).map_err(|problem| errors.add(entry.line, problem)).ok()
}

/// Returns true if the value is the path of a file: that of a key, or of the variable that stands for one.
fn names_file(entry: &Entry) -> bool {
    entry.key.ends_with("_file") || entry.line == OUTSIDE
}

/// Describes the place of a secret, for messages. `section` is the name of its section, empty for the global one.
pub(super) fn source_of(entry: &Entry, section: &str, errors: &Errors) -> String {
    let (key, file) = (&entry.key, errors.base(entry.line));
    if names_file(entry) {
        return format!("{key} {}", relative_to(file, &entry.value).display());
    }
    let of = if section.is_empty() { String::new() } else { format!(" of [{section}]") };
    format!("`{key}`{of} in {}", file.unwrap_or(Path::new("")).display())
}

/// Returns the path of the systemd credential `token`, if there is one.
fn systemd_credential(env: &Environment) -> Option<PathBuf> {
    let path = env.credentials_directory.as_ref()?.join("token");
    path.metadata().map_or_else(|e| e.kind() != io::ErrorKind::NotFound, |_| true).then_some(path)
}

/// Reads the secret of an entry of the config, or of the variable that stands for one.
fn inside(
    entry: &Entry,
    section: &str,
    errors: &Errors,
    warnings: &mut Vec<String>,
) -> Result<Found, Problem> {
    let file = errors.base(entry.line);
    let is_api_key = entry.key.starts_with("api_key");
    let source = source_of(entry, section, errors);
    let (text, secret_file) = if names_file(entry) {
        if secret::is_in(&entry.value) || looks_like_key(&entry.value) {
            let key = &entry.key;
            return Err(format!("`{key}` must name a file: this looks like the token itself").into());
        }
        let path = relative_to(file, &entry.value);
        let kind = if is_api_key { "API key" } else { "token" };
        let checked = ownership::check(&path).map_err(Problem::from).and_then(|()| read(&path, kind));
        let text = checked.map_err(|e| if entry.line == OUTSIDE { e.of_key(&entry.key) } else { e })?;
        (text, Some(path))
    } else {
        (entry.value.clone(), file.map(Path::to_owned))
    };
    if let Some(warning) = secret_file.as_deref().and_then(readable_by_others) {
        push_if_new(warnings, warning);
    }
    let credential = if is_api_key { key_of(&text, &source) } else { token_of(&text, &source) };
    let token_file = secret_file.filter(|_| entry.key == "token_file");
    Ok(Found { credential: credential?, token_file })
}

/// Checks a token from outside the config. Its source tells if it takes precedence over one in the config.
fn outside(text: &str, source: &str, configured: Option<&Entry>) -> Result<Found, Problem> {
    let overriding = configured.map(|entry| format!("{source}, which overrides `{}`", entry.key));
    let credential = token_of(text, overriding.as_deref().unwrap_or(source))?;
    Ok(Found { credential, token_file: None })
}

/// Reads a token or API key file; `kind` names which. The error says how to create a missing file.
fn read(path: &Path, kind: &str) -> Result<String, Problem> {
    // Bytes that are not UTF-8 are found when the secret is checked.
    let bytes = read_limited::read(path, MAX_FILE).map_err(|e| {
        let name = path.to_string_lossy();
        // Only a shell expands `~`.
        let text = if ["/", &name, "/"].concat().contains("/~/") {
            format!("could not read {kind} file {name}: write the whole path instead of `~`")
        } else if e.kind() == io::ErrorKind::NotFound {
            // An editor would create it with a mode that all users can read, and no machine has all of them.
            format!(
                "{kind} file {name} does not exist: create it with `sh -c 'umask 077; cat > {name}'`, paste the {kind}, \
                 and press Enter and Ctrl-D"
            )
        } else {
            format!("could not read {kind} file {name}: {e}")
        };
        Problem::reading(text, &e)
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns a warning if all users can read the file of the secret: by its mode, and by those of the directories above.
fn readable_by_others(path: &Path) -> Option<String> {
    let has_mode = |path: &Path, bit| path.metadata().is_ok_and(|m| m.mode() & bit != 0);
    let mut directories = follow(path, Check::Links).ok()?;
    let mut is_readable = has_mode(path, 0o004);
    while is_readable && directories.pop() {
        is_readable = has_mode(&directories, 0o001);
    }
    let path = path.display();
    is_readable
        .then(|| format!("{path} contains a secret and is readable by all users: run `chmod 600 {path}`"))
}

/// Trims a secret and refuses mistakes that are possible with each kind of secret. `source` is the place that it was
/// read from and `kind` its name, both for the error, which never repeats the secret.
fn clean<'a>(text: &'a str, source: &str, kind: &str) -> Result<&'a str, String> {
    // Some Windows editors write a byte order mark at the start of a file.
    let text = text.trim();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let source = subject(source);
    if text.is_empty() {
        Err(format!("{source} is empty: put your {kind} in it"))
    } else if is_placeholder(text) {
        Err(format!("{source} still contains a placeholder: replace it with your {kind}"))
    } else if let Some(surplus) = surplus(text) {
        Err(format!("{source} must contain only the {kind}: {surplus}"))
    } else {
        Ok(text)
    }
}

/// Returns a source as the subject of a sentence: its relative clause ends with a comma.
fn subject(source: &str) -> String {
    let comma = if source.contains(", which ") { "," } else { "" };
    [source, comma].concat()
}

/// Returns how to get from a text to the secret in it; `None` if it has the syntax of a token (RFC 6750, section 2.1).
fn surplus(text: &str) -> Option<&'static str> {
    let has = |set: &str| text.chars().any(|c| set.contains(c));
    let starts = |word| secret::starts_with(text, word);
    Some(if text.contains("\0\0") || text == "\0" {
        "it has zero bytes, as after a power cut: write it again"
    } else if has("\0") {
        "save it as UTF-8, not as UTF-16"
    } else if starts("{") || starts("[") {
        "remove the JSON around it"
    } else if has("\r\n") {
        "remove the other lines"
    } else if has("\"'`\u{201c}\u{201d}\u{2018}\u{2019}\u{ab}\u{bb}") {
        "remove the quotes"
    } else if starts("authorization") {
        "remove `Authorization:` and the word after it"
    } else if starts("$") {
        "variables such as `$TOKEN` are not expanded here"
    } else if text.split_once('=').is_some_and(|(_, value)| value.bytes().any(|b| b != b'=')) {
        "remove the name and the `=` before it"
    } else if has(":") {
        "remove the name and the `:` before it"
    } else if starts("bearer") || starts("apikey") {
        "remove the word `Bearer` or `Apikey`"
    } else if starts("~/") || starts("/etc/") {
        "a path goes into `token_file`"
    } else if has(" \t") {
        "remove the spaces and the other words"
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)) {
        "remove punctuation and characters that are not ASCII, or copy it again"
    } else if text.len() > MAX_TOKEN {
        "it is longer than 3072 characters"
    } else {
        return None;
    })
}

/// Returns true for 24 characters of a-z and 0-9: Gandi's API keys have this form, and no personal access token has.
fn looks_like_key(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Checks a personal access token.
pub(crate) fn token_of(text: &str, source: &str) -> Result<Credential, String> {
    let text = clean(text, source, "personal access token")?;
    if looks_like_key(text) {
        return Err(subject(source)
            + " looks like a deprecated API key (24 characters): use `api_key` or `api_key_file`, or better a \
               personal access token");
    }
    Ok(Credential::Token(Secret::new(text, source)))
}

/// Checks an API key.
fn key_of(text: &str, source: &str) -> Result<Credential, String> {
    let text = clean(text, source, "API key")?;
    if !looks_like_key(text) {
        return Err(subject(source)
            + " is not an API key (24 characters of a-z and 0-9): use `token` or `token_file` for a personal \
               access token");
    }
    Ok(Credential::ApiKey(Secret::new(text, source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
    const KEY: &str = "abcdefghijklmnopqrstuvwx";

    fn token(text: &str) -> Result<String, String> {
        token_of(text, "x").map(|c| c.expose().to_owned())
    }

    #[test]
    fn token_and_api_key_are_distinguished_by_form() {
        for token in ["pat_0123456789", TOKEN, "ABCDEFGHIJKLMNOPQRSTUVWX", "a-b.c_d~e+f/g=="] {
            assert_eq!(token_of(token, "x"), Ok(Credential::Token(Secret::new(token, "x"))));
            assert!(key_of(token, "x").is_err_and(|e| e.contains("token_file") && !e.contains(token)));
        }
        assert_eq!(key_of(KEY, "x"), Ok(Credential::ApiKey(Secret::new(KEY, "x"))));
        assert!(token(KEY).is_err_and(|e| e.contains("`api_key`") && !e.contains(KEY)));
    }

    #[test]
    fn surrounding_white_space_and_byte_order_marks_are_dropped() {
        for (before, after) in [
            ("", "\n"),
            (" \t", "\r\n\r\n"),
            ("\u{feff}", "\r\n"),
            ("\u{a0}\u{feff} ", "\u{a0}"),
            ("\u{3000}", "\u{b}\u{c}"),
        ] {
            assert_eq!(token(&format!("{before}{TOKEN}{after}")).as_deref(), Ok(TOKEN));
        }
    }

    #[test]
    fn each_mistake_is_named_and_the_secret_not_repeated() {
        let utf16: String = TOKEN.chars().flat_map(|c| [c, '\0']).collect();
        let long = "a".repeat(3073);
        for (text, words) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("\u{feff}", "is empty"),
            ("<change me>", "placeholder"),
            (&utf16, "not as UTF-16"),
            ("\0", "power cut"),
            (&"\0".repeat(41), "power cut"),
            (&format!("TOKEN{}", "\0".repeat(9)), "power cut"),
            ("~/token", "a path goes into `token_file`"),
            ("/etc/gandi-ddns/token", "a path goes into `token_file`"),
            ("two\nlines", "remove the other lines"),
            ("# my token\r\nTOKEN", "remove the other lines"),
            ("\"TOKEN\"", "remove the quotes"),
            ("'TOKEN'", "remove the quotes"),
            ("`TOKEN`", "remove the quotes"),
            ("\u{201c}TOKEN\u{201d}", "remove the quotes"),
            ("\"TOKEN", "remove the quotes"),
            ("token=TOKEN", "the name and the `=`"),
            ("token = TOKEN", "the name and the `=`"),
            ("GANDI_TOKEN=TOKEN", "the name and the `=`"),
            ("export GANDI_TOKEN=TOKEN", "the name and the `=`"),
            ("export GANDI_TOKEN='TOKEN'", "remove the quotes"),
            ("token: TOKEN", "the name and the `:`"),
            ("Bearer TOKEN", "remove the word `Bearer`"),
            ("bearer\tTOKEN", "remove the word `Bearer`"),
            ("Apikey TOKEN", "remove the word `Bearer`"),
            ("Authorization: Bearer TOKEN", "`Authorization:` and the word"),
            ("{\"token\": \"TOKEN\"}", "remove the JSON"),
            ("[TOKEN]", "remove the JSON"),
            ("$GANDI_TOKEN", "are not expanded"),
            ("${TOKEN}", "are not expanded"),
            ("a b", "the spaces and the other words"),
            ("TOKEN # home", "the spaces and the other words"),
            ("0123456789\u{430}bcdef", "that are not ASCII"),
            ("pat_\u{2013}0123", "that are not ASCII"),
            ("pat\u{200b}_0123", "that are not ASCII"),
            ("TOKEN\u{fffd}", "that are not ASCII"),
            ("TOKEN,", "punctuation"),
            ("TOKEN;", "punctuation"),
            ("TOKEN\u{1b}[0m", "punctuation"),
            ("*****", "punctuation"),
            (&long, "longer than 3072"),
        ] {
            let text = text.replace("TOKEN", TOKEN);
            let error = token(&text).expect_err(&text);
            assert!(error.contains(words), "{text:?}: {error}");
            assert!(!error.contains(TOKEN) && !error.contains('\u{1b}'), "{error}");
            assert!(key_of(&text.replace(TOKEN, KEY), "x").is_err_and(|e| !e.contains(KEY)), "{text:?}");
        }
    }
}
