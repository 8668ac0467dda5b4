//! Configs of older Gandi scripts: recognises them by their keys and translates them into a config of this program. The
//! translation never contains their secrets, and nothing that has not been checked.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::syntax::{Entry, Section};
use crate::dns::{NameError, RrsetName, Ttl, ZoneName, host_name};
use crate::sys::hash::fnv;
use crate::sys::index::Index;
use crate::sys::secret;
use crate::sys::words;

/// Section keys that only the older Gandi scripts have.
const KEYS: [&str; 6] = ["apikey", "a_name", "gandi_api", "ipify_api", "pat", "retries"];
/// Section keys that the older Gandi scripts have too.
const WEAK_KEYS: [&str; 3] = ["domain", "host", "key"];
/// Keys for names of records.
const NAMES: [&str; 7] = ["a_name", "records", "record", "names", "name", "subdomains", "subdomain"];
/// The maximum number of sections that are translated.
const MAX_SECTIONS: usize = 100;

/// Parses a text by the rules of Python's `configparser`, which the older scripts use: `:` as well as `=`, and comments
/// with `;`. Lines that are not valid there are skipped.
pub(super) fn read(text: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (line, text) = (index + 1, raw.trim());
        let name = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        if let Some(name) = name {
            sections.push(Section { line, name: name.trim().to_owned(), entries: Vec::new() });
        } else if !text.starts_with(['#', ';'])
            && let Some((key, value)) = text.split_once(['=', ':'])
            && let Some(section) = sections.last_mut()
        {
            let value = value.trim().to_owned();
            section.entries.push(Entry { line, key: key.trim().to_ascii_lowercase(), value });
        } else if raw.starts_with([' ', '\t'])
            && !text.starts_with(['#', ';'])
            && let Some(entry) = sections.last_mut().and_then(|section| section.entries.last_mut())
        {
            // A value of several lines.
            entry.value.push(' ');
            entry.value.push_str(text);
        }
    }
    sections
}

/// Returns the line of the first entry with one of the older scripts' keys. `None` if there is none, or if the text has
/// a key that only this program has.
pub(super) fn recognise(sections: &[Section]) -> Option<usize> {
    let mut line = None;
    for section in sections {
        // A section whose name is a domain may be one of this program, with a mistake.
        let may_be_ours = section.line == 0 || section.name.contains('.');
        for entry in &section.entries {
            let key = entry.key.as_str();
            if ["token_file", "names", "types"].contains(&key) {
                return None;
            }
            if KEYS.contains(&key) || !may_be_ours && WEAK_KEYS.contains(&key) {
                line = line.or(Some(entry.line));
            }
        }
    }
    line
}

/// Translates the sections into a config of this program. A domain or
/// name that is missing, or not valid, becomes a placeholder, with which no config loads.
pub(super) fn translate(sections: &[Section]) -> String {
    let (mut text, mut hosts, mut index) = (String::new(), Vec::new(), Index::default());
    let relevant = || sections.iter().filter(|s| !s.entries.is_empty());
    for section in relevant().take(MAX_SECTIONS) {
        translate_section(section, &mut text, &mut |host| {
            let found = index.find_or_add(fnv(host.as_bytes()), hosts.len(), &|i| hosts[i] == host);
            hosts.push(host);
            found.is_none()
        });
    }
    let more = relevant().count().saturating_sub(MAX_SECTIONS);
    if more > 0 {
        let _ = writeln!(text, "\n# and {more} more sections, which are not translated");
    }
    let mut head = String::from(
        "# create a personal access token at admin.gandi.net and save it in this file (chmod 600). An API key is\n\
         # deprecated by Gandi; if yours still works, use `api_key_file`. Other settings are not needed\n\
         token_file = /etc/gandi-ddns/token\n",
    );
    for section in sections {
        for entry in &section.entries {
            let host = plain(&entry.value);
            if entry.key == "host" && is_other_host(host) {
                let host = host.to_ascii_lowercase();
                if !hosts.contains(&["A ", &host].concat()) {
                    // One name is one vote.
                    head.push_str(&["ipv4 = resolve:", &host, "\nquorum = 1\n"].concat());
                }
                return head + &text;
            }
        }
    }
    head + &text
}

/// Returns a value without quotes and without a comment after it.
fn plain(value: &str) -> &str {
    let value = value.split([';', '#']).next().unwrap_or_default();
    value.trim().trim_matches(['"', '\''])
}

/// Returns true for the name of another host, whose address the script published.
fn is_other_host(value: &str) -> bool {
    value.contains('.')
        && value.parse::<IpAddr>().is_err()
        && host_name(value).is_ok()
        && !secret::is_in(value)
}

/// Appends the translation of one section to `text`. `is_new` returns false for an absolute name that it has seen.
fn translate_section(section: &Section, text: &mut String, is_new: &mut dyn FnMut(String) -> bool) {
    let value = |key: &str| section.entries.iter().find(|e| e.key == key).map(|e| plain(&e.value));
    let domain = value("domain").or_else(|| value("zone")).unwrap_or(&section.name).trim_end_matches('.');
    let domain = domain.strip_prefix("www.").unwrap_or(domain);
    // Before its letters become lower case: letters of both cases are the form of a secret.
    let domain = ZoneName::parse(domain).ok().filter(|_| !secret::is_in(domain));
    let words = NAMES.iter().find_map(|key| value(key)).unwrap_or_default();
    if domain.is_none() && words.is_empty() && value("domain").is_none() {
        // Settings of the other sections.
        return;
    }
    let types = value("type").unwrap_or_default().to_ascii_uppercase();
    let types = words::split(&types, ",;/+&|()[]{}\"'");
    let types: &[&str] = match (types.contains(&"A"), types.contains(&"AAAA")) {
        (true, true) => &["A", "AAAA"],
        (false, true) => &["AAAA"],
        _ => &["A"],
    };
    let (mut names, mut repeated) = (String::new(), false);
    for word in words::split(words, ",[]\"'") {
        let name = domain.as_ref().and_then(|domain| relative(word, domain));
        let (name, new) = match (&name, &domain) {
            (Some(name), Some(domain)) => {
                let host = format!("{name}.{domain}").replace("@.", "");
                let mut new = false;
                for rrtype in types {
                    new |= is_new(format!("{rrtype} {host}"));
                }
                (name.typed(), new)
            }
            _ => ("<name>", !names.contains("<name>")),
        };
        repeated |= !new;
        if new {
            names.push(' ');
            names.push_str(name);
        }
    }
    if names.is_empty() && repeated {
        return;
    }
    if names.is_empty() {
        names.push_str(" <name>  # the names to update, such as home; @ is the domain itself");
    }
    let domain = domain.as_ref().map_or("<domain>", ZoneName::typed);
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "\n[{domain}]\nnames ={names}\ntypes = {}", types.join(" "));
    match value("ttl").and_then(|t| words::number::<u32>(t, 10)) {
        Some(ttl) if Ttl::new(ttl).is_some() => {
            let _ = writeln!(text, "ttl = {ttl}");
        }
        Some(ttl) => {
            let nearest = if ttl < Ttl::MIN.seconds() { Ttl::MIN } else { Ttl::MAX };
            let _ = writeln!(text, "ttl = {}  # {ttl} is not allowed: use 300 to 2592000", nearest.seconds());
        }
        None => {}
    }
}

/// Returns a name relative to its domain, from a relative or an absolute one. `None` if it is not valid.
fn relative(word: &str, domain: &ZoneName) -> Option<RrsetName> {
    if secret::is_in(word) {
        return None;
    }
    match RrsetName::parse(word.trim_end_matches('.'), domain) {
        Err(NameError::NotRelative(rest)) => RrsetName::parse(&rest, domain).ok(),
        parsed => parsed.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(old: &str) -> String {
        let sections = read(old);
        assert!(recognise(&sections).is_some(), "{old}");
        let new = translate(&sections);
        assert!(recognise(&read(&new)).is_none(), "{new}");
        new
    }

    #[track_caller]
    fn has_line(text: &str, line: &str) {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }

    #[test]
    fn legacy_config_is_translated_without_its_api_key() {
        let new = translated(
            "[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\na_name = raspbian\nttl = 60\n\
             api = https://rpc.gandi.net/xmlrpc/\nhost = localhost\nretries = 3\nipify_api = https://x\n",
        );
        assert!(!new.contains("abcdefghijklmnopqrstuvwx"));
        for line in ["[example.org]", "names = raspbian", "types = A", "token_file = /etc/gandi-ddns/token"] {
            has_line(&new, line);
        }
        assert!(new.contains("ttl = 300 ") && !new.contains("resolve"), "{new}");
    }

    #[test]
    fn legacy_host_becomes_a_resolve_source_unless_it_is_a_record() {
        let old = "[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\na_name = @\n";
        let host = |host: &str| translated(&format!("{old}host = {host}\n"));
        has_line(&host("Box.example.net"), "ipv4 = resolve:box.example.net");
        for host in [host("example.org"), host("localhost"), host("192.168.1.2"), host("")] {
            assert!(!host.contains("resolve"), "{host}");
        }
    }

    #[test]
    fn configparser_syntax_is_read() {
        let old = "; made in 2016\n[local]\napikey: abcdefghijklmnopqrstuvwx ; mine\ndomain: example.org # it\n\
                   a_name = \"home\"\n";
        assert_eq!(recognise(&read(old)), Some(3));
        assert!(translated(old).contains("[example.org]\nnames = home\n"));
    }

    #[test]
    fn names_come_from_every_key_and_missing_ones_are_placeholders() {
        for (lines, names) in [
            ("domain = example.org\nrecords = home, *.home", "names = home *.home"),
            ("domain = example.org\nname = home.example.org.", "names = home"),
            ("domain = example.org\nsubdomains = [\"home\", '@', 'HOME']", "names = home @"),
            ("domain = example.org\na_name = example.org", "names = @"),
            ("domain = example.org\na_name = <CHANGE ME>", "names = <name>"),
            ("domain = example.org\na_name = home AbCdEfGhIjKlMnOpQrStUvWx1Yz2", "names = home <name>"),
            ("domain = example.org\nrecords =\n  home\n  ; not this\n\tnas\n", "names = home nas"),
            ("zone = example.org\nrecord = home", "names = home"),
            ("domain = example.org\na_name = h\u{1b}[0mome", "names = <name> 0mome"),
            ("a_name = home", "names = <name>"),
            ("[x]\ndomain = example.org\na_name = home", "names = home"),
            ("domain = müller.de\na_name = tür.müller.de xn--mller-kva.de", "names = tür @"),
        ] {
            has_line(&translated(&format!("[local]\napikey = x\n{lines}\n")), names);
        }
        for lines in ["domain = example.org", "domain = example.org\na_name =", "domain = \u{1b}"] {
            assert!(
                translated(&format!("[local]\nkey = x\n{lines}\n")).contains("names = <name>  # "),
                "{lines}"
            );
        }
    }

    #[test]
    fn config_without_a_section_is_translated() {
        has_line(&translated("a_name = home\ndomain = example.org\napikey = x\n"), "[example.org]");
    }

    #[test]
    fn sections_are_domains_and_global_ones_are_skipped() {
        let new = translated(
            "[DEFAULT]\npat = x\nttl = 300\n[example.org]\na_name = home\n[example.net]\nrecord = @\ntype = aaaa\n\
             [again]\ndomain = example.org\nname = home www\n",
        );
        let sections: Vec<_> = new.split("\n\n").skip(1).collect();
        assert_eq!(
            sections,
            [
                "[example.org]\nnames = home\ntypes = A",
                "[example.net]\nnames = @\ntypes = AAAA",
                "[example.org]\nnames = www\ntypes = A\n"
            ]
        );
        let new = translated(
            "[a]\napikey = x\ndomain = example.org\na_name = home\ntype = AAAA\n[b]\ndomain = example.org\na_name = home\n\
             [c]\ndomain = example.net\na_name = home\ntype = [\"a\", \"aaaa\"]\n",
        );
        let sections: Vec<_> = new.split("\n\n").skip(1).collect();
        assert_eq!(
            sections,
            [
                "[example.org]\nnames = home\ntypes = AAAA",
                "[example.org]\nnames = home\ntypes = A",
                "[example.net]\nnames = home\ntypes = A AAAA\n"
            ]
        );
        let many = (0..5000)
            .fold(String::new(), |text, n| text + &format!("[s{n}]\ndomain = d{n}.org\napikey = x\n"));
        let new = translated(&many);
        assert!(new.len() < 20_000 && new.ends_with("# and 4900 more sections, which are not translated\n"));
    }

    #[test]
    fn config_of_this_program_is_not_recognised_as_legacy() {
        for text in [
            "api = https://x\n[example.org]\nnames = @\n",
            "token = x\n[example.org]\nnames = @\ndomain = example.org\n",
            "[example.org]\ndomain = example.org\nttl = 300\n",
            "token_file = x\n[local]\ndomain = example.org\n",
            "token = x\nhost = localhost\n[example.org]\nname = home\n",
        ] {
            assert_eq!(recognise(&read(text)), None, "{text}");
        }
    }
}
