//! The accounts of a config: the API, the token or API key, and the organization of each section.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::account::{self, Found};
use super::model::Credentials;
use super::reader::Reader;
use super::syntax::{Entry, Section};
use crate::gandi::{Account, Credential, SHARING_ID, Secret};
use crate::http::Endpoint;
use crate::sys::environment::Environment;
use crate::sys::grouped::Texts;
use crate::sys::hash::fnv;

/// The accounts, while the sections are read. Sections with the same settings share one.
pub(super) struct Accounts<'a> {
    /// The reader of the global section.
    global: &'a Reader<'a>,
    /// The settings of a section that has none.
    defaults: Account,
    credentials: Credentials,
    /// The settings of each account, as typed.
    settings: Texts,
    /// The tokens that are to be renewed, as typed: a token may be that of several accounts.
    renewed: Texts,
    list: Vec<Account>,
    /// The first section of each account, and its entry of the token or key; `None` for the global one.
    origins: Vec<(&'a Section, Option<&'a Entry>)>,
}

impl<'a> Accounts<'a> {
    /// Reads the global settings. `production` is the API without `api`.
    pub(super) fn new(global: &'a Reader<'a>, production: Endpoint, credentials: Credentials) -> Self {
        let mut defaults = Account::new(production, Credential::Token(Secret::new("", "")));
        if global.errors.file.is_none() {
            defaults.organization_advice = "add `-o sharing_id=ID`: ID is";
        }
        read_settings(global, &mut defaults);
        let (settings, renewed) = (Texts::default(), Texts::default());
        Self { global, defaults, credentials, settings, renewed, list: Vec::new(), origins: Vec::new() }
    }

    /// Returns the number of the account of a section. The section inherits each setting that it lacks, but the token or
    /// key only if it has none of the four keys for one.
    pub(super) fn number(&mut self, reader: &Reader<'a>) -> usize {
        if self.credentials == Credentials::Required && account::contradicts(reader.section, reader.errors) {
            // The config is discarded.
            return 0;
        }
        let entry = account::entry_of(reader.section);
        let mut account = self.defaults.clone();
        let renews = read_settings(reader, &mut account);
        if renews && !is_renewable(entry.or_else(|| account::entry_of(self.global.section))) {
            reader.error("renew_token", RENEWABLE);
        }
        let token = as_typed(entry);
        if account.renew_token {
            self.renewed.number(&token);
        }
        let number = self.settings.number(&[account.api.as_str(), &account.sharing_id, &token].join(" "));
        if number == self.list.len() {
            self.list.push(account);
            self.origins.push((reader.section, entry));
        }
        number
    }

    /// Returns the accounts, with their tokens and keys if these are required. A file that all users can read is added to
    /// `warnings`.
    #[inline(never)]
    pub(super) fn finish(mut self, env: &Environment, warnings: &mut Vec<String>) -> Vec<Account> {
        let (section, errors) = (self.global.section, self.global.errors);
        let global = account::entry_of(section);
        if self.defaults.renew_token && !self.origins.iter().any(|(_, own)| is_renewable(own.or(global))) {
            self.global.error("renew_token", RENEWABLE);
        }
        // A wrong argument is reported alone: its exit code is another one.
        let is_required =
            self.credentials == Credentials::Required && (errors.file.is_some() || errors.is_empty());
        // The section that lacks a token, if others have one.
        let has_own = self.origins.iter().any(|(_, own)| own.is_some());
        let lacking = self.origins.iter().find(|(_, own)| own.is_none()).filter(|_| has_own);
        let needs_global = self.origins.is_empty() || self.origins.iter().any(|(_, own)| own.is_none());
        let shared = if is_required && needs_global {
            account::find(section, lacking.map(|(section, _)| *section), errors, env, warnings)
        } else {
            None
        };
        for (account, (section, own)) in self.list.iter_mut().zip(&self.origins) {
            let name = if own.is_some() { section.name.as_str() } else { "" };
            // The same with and without a token in the environment, and not derived from a secret.
            let place = match own {
                Some(own) if !own.key.ends_with("_file") => own.line.to_string(),
                Some(_) => as_typed(*own),
                None => String::new(),
            };
            account.id = fnv([account.api.as_str(), " ", &place].concat().as_bytes());
            let found = match own {
                None => shared.clone(),
                Some(own) if is_required => account::of_section(own, name, errors, warnings),
                Some(_) => None,
            };
            if let Some(Found { credential, token_file }) = found {
                (account.credential, account.token_file) = (credential, token_file);
                account.fingerprint = fingerprint(account);
            } else {
                let source = own.or(global).map(|entry| account::source_of(entry, name, errors));
                let source = source.as_deref().unwrap_or("the environment");
                account.credential = Credential::Token(Secret::new("", source));
            }
            account.renew_token = self.renewed.find(&as_typed(*own)).is_some();
        }
        self.list
    }
}

/// The problem with `renew_token`: a token in the config itself, in the environment or in a systemd credential cannot be
/// replaced by this program.
const RENEWABLE: &str = "requires `token_file`: only a token in a file of its own can be renewed";

/// Returns the token or key of a section as typed; a space for the global one.
fn as_typed(entry: Option<&Entry>) -> String {
    let [key, value] = entry.map_or(["", ""], |entry| [entry.key.as_str(), &entry.value]);
    [key, value].join(" ")
}

fn is_renewable(entry: Option<&Entry>) -> bool {
    entry.is_some_and(|entry| entry.key == "token_file")
}

/// Reads the settings that a section has besides the token. Returns true if it has `renew_token = yes` itself.
fn read_settings(reader: &Reader, account: &mut Account) -> bool {
    if let Some(api) = reader.value("api", api) {
        account.api = api;
    }
    if let Some(id) = reader.value("sharing_id", sharing_id) {
        account.sharing_id = id;
    }
    let renews = reader.value("renew_token", |v| match v {
        "no" => Ok(false),
        "yes" => Ok(true),
        _ => Err(format!("unknown value `{v}`: use `yes` or `no`")),
    });
    account.renew_token = renews.unwrap_or(account.renew_token);
    renews == Some(true)
}

/// Reads the base URL of LiveDNS. Paths are appended to it, so a query is refused.
fn api(value: &str) -> Result<Endpoint, String> {
    if value.contains('?') {
        return Err("must not contain `?`, because paths are appended to it".to_owned());
    }
    Endpoint::parse(value)
}

/// Reads the ID of an organization, which is a UUID. The error does not repeat the value: it may be a token.
fn sharing_id(value: &str) -> Result<String, String> {
    if (8..=36).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        return Ok(value.to_ascii_lowercase());
    }
    Err(format!("not the ID of an organization: use {SHARING_ID}"))
}

/// Returns a hash of the token or key, for [`Account::fingerprint`]. A token file counts by modification time, size and
/// inode. Another secret counts by 16 bits of its hash only: the fingerprint is stored on disk, and more bits would help
/// to guess the secret.
fn fingerprint(account: &Account) -> u64 {
    match &account.token_file {
        Some(path) => stamp(path),
        None => fnv(account.credential.authorization().as_bytes()) & 0xffff,
    }
}

/// Returns a hash of modification time, size and inode of a file; 0 if there is none.
pub(super) fn stamp(path: &Path) -> u64 {
    path.metadata().map_or(0, |m| {
        let parts = [m.mtime(), m.mtime_nsec()].map(i64::cast_unsigned);
        fnv(&[parts[0], parts[1], m.size(), m.ino()].map(u64::to_ne_bytes).concat())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_id_is_the_id_of_an_organization() {
        for id in [
            "6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40",
            "6F1C5C2E-6C9C-11E8-B5F0-00163EC31F40",
            "0123456789abcdef",
        ] {
            assert_eq!(sharing_id(id), Ok(id.to_ascii_lowercase()));
        }
        for other in [
            "",
            "default",
            "1234567",
            "6f1c5c2e-6c9c-11e8-b5f0-00163ec31f400",
            "6f1c5c2e 6c9c",
            "6f1c5c2e&page=2",
            "https://admin.gandi.net/6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40",
            "0123456789abcdef0123456789abcdef01234567",
            "abcdefghijkl0123456789xy",
            "pat_0123456789abcdef",
        ] {
            let error = sharing_id(other).expect_err(other);
            assert!(
                error.contains("admin.gandi.net") && (other.is_empty() || !error.contains(other)),
                "{error}"
            );
        }
    }
}
