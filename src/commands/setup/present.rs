//! The config that is there already: what a new one takes over from it, and what it would lose.

use std::path::Path;

use super::addresses::{self, Types};
use super::files::{PATHS, Records, has_key, has_relative_path};
use crate::config::{Config, Entry, Record, is_secret_key, sections_in};
use crate::dns::ZoneName;
use crate::net::Family;
use crate::sys::grouped::push_if_new;
use crate::sys::secret;
use crate::sys::words::split;

/// Returns the file of a token or key with this source, if `token_file` names it.
pub(super) fn token_file(source: &str) -> Option<&Path> {
    source.strip_prefix("token_file ").map(Path::new)
}

/// Returns the token file of a config that has no other one.
pub(super) fn only_token_file(config: &Config) -> Option<&Path> {
    let source = config.accounts[0].credential.source();
    let has_others = config.accounts.iter().any(|account| account.credential.source() != source);
    token_file(source).filter(|_| !has_others)
}

/// Returns the records that a new config would keep as they are, in this domain, or in the first one. The names and types
/// are empty if there are none. Not proposed are those of other machines or lines: they would get this machine's address.
pub(super) fn proposed(config: &Config, domain: Option<&ZoneName>) -> Records {
    let domain = domain.unwrap_or(&config.records[0].key.domain);
    records(config, domain, |record| record.suffix.is_none() && record.target < Family::ALL.len())
}

fn records(config: &Config, domain: &ZoneName, is_wanted: impl Fn(&Record) -> bool) -> Records {
    let (mut names, mut types): (Vec<&str>, Types) = (Vec::new(), [false; 2]);
    for record in config.records.iter().filter(|record| record.key.domain == *domain && is_wanted(record)) {
        push_if_new(&mut names, record.key.name.typed());
        types[record.key.rrtype as usize] = true;
    }
    Records {
        domain: domain.typed().to_owned(),
        names: names.join(" "),
        types: addresses::words(types),
        ttl: String::new(),
    }
}

/// Returns true if a config has all of these names, with these types.
pub(super) fn has(config: &Config, wanted: &Records) -> bool {
    let Ok(domain) = ZoneName::parse(&wanted.domain) else { return false };
    let held = records(config, &domain, |_| true);
    let words = split(&held.names, "");
    wanted.types == held.types && split(&wanted.names, "").iter().all(|word| words.contains(word))
}

/// Adds the global settings of the config in this directory to `options`, unless they have the key. The secret has another
/// way. A relative path becomes an absolute one; a program of `command:` with such a path is left out.
pub(super) fn carry(text: &str, directory: &Path, options: &mut Vec<String>) {
    for Entry { key, value, .. } in &sections_in(text)[0].entries {
        if is_secret_key(key) || options.iter().any(|option| has_key(option, key)) {
            continue;
        }
        let is_path = PATHS.contains(&key.as_str()) && !value.starts_with('/') && !value.is_empty();
        let directory = if is_path { directory.to_str().unwrap_or_default() } else { "" };
        let option = [key.as_str(), "=", directory, if is_path { "/" } else { "" }, value].concat();
        if !has_relative_path(&option) {
            options.push(option);
        }
    }
}

/// Returns the keys, sections and names of the old config that the new one lacks, each after a space. The secret was asked
/// for.
pub(super) fn lost(old: &str, new: &str) -> String {
    let new = sections_in(new);
    let mut lost = String::new();
    for section in sections_in(old) {
        let Some(kept) = new.iter().find(|kept| kept.name.eq_ignore_ascii_case(&section.name)) else {
            for part in [" [", &section.name, "]"] {
                lost.push_str(part);
            }
            continue;
        };
        for Entry { key, value, .. } in &section.entries {
            let kept = kept.entries.iter().find(|kept| kept.key == *key);
            let mut push_missing = |words: &[&str], kept: &[&str]| {
                for word in
                    words.iter().filter(|word| !kept.iter().any(|kept| kept.eq_ignore_ascii_case(word)))
                {
                    lost.push(' ');
                    lost.push_str(word);
                }
            };
            match kept {
                Some(kept) if key == "names" => push_missing(&split(value, ""), &split(&kept.value, "")),
                None if !is_secret_key(key) => push_missing(&[key], &[]),
                _ => {}
            }
        }
    }
    secret::hide(&lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# mine\nipv6 = command:ask\ntoken_file = t\nipv4 = web  # mine\nHistory = h\nca_file = /ca\nheartbeat =\n\
         [Example.org]\nnames = home\nttl = 5m\n\n[example.net]\nnames = www\nsuffix = ::1\n";

    #[test]
    fn global_settings_are_carried_unless_they_are_given() {
        let mut options = vec!["IPv4 = dns".to_owned()];
        carry(OLD, Path::new("/etc/x"), &mut options);
        assert_eq!(options, ["IPv4 = dns", "history=/etc/x/h", "ca_file=/ca", "heartbeat="]);
    }

    #[test]
    fn lost_keys_and_sections_are_named_once_and_no_secret() {
        let new = "token_file = t2\nca_file = /ca\n[example.org]\nnames = www\ntypes = A\n";
        assert_eq!(lost(OLD, new), " ipv6 ipv4 history heartbeat home ttl [example.net]");
        assert_eq!(lost(new, new), "");
        assert_eq!(lost("# mine\n", new), "");
        assert!(!lost("[pat_0123456789abcdefABCDEF]\n", new).contains("0123456789abcdef"));
    }
}
