//! Configs of older Gandi scripts: recognises them by their keys and translates them into a config of this program. The
//! translation never contains their secrets.

use std::fmt::Write as _;

use super::syntax::{Entry, Section};
use crate::dns::Ttl;

/// Section keys that only the older Gandi scripts have.
const KEYS: [&str; 7] = ["apikey", "domain", "a_name", "gandi_api", "host", "retries", "ipify_api"];

/// Parses a text by the rules of Python's `configparser`, which the older scripts use: `:` as well as `=`, and comments
/// with `;`. Quotes around a value are removed. Lines that are not valid there are skipped.
pub(super) fn read(text: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    for (index, raw) in text.lines().enumerate() {
        let (line, text) = (index + 1, raw.trim());
        let name = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        if let Some(name) = name {
            sections.push(Section { line, name: name.to_owned(), entries: Vec::new() });
        } else if !text.starts_with(['#', ';'])
            && let Some((key, value)) = text.split_once(['=', ':'])
            && let Some(section) = sections.last_mut()
        {
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            section.entries.push(Entry { line, key: key.trim().to_ascii_lowercase(), value });
        }
    }
    sections
}

/// Returns the line of the first entry with one of the older scripts' keys. `None` if there is none.
pub(super) fn recognise(sections: &[Section]) -> Option<usize> {
    let mut entries = sections.iter().skip(1).flat_map(|s| &s.entries);
    entries.find(|e| KEYS.contains(&e.key.as_str())).map(|e| e.line)
}

/// Translates the sections into a config of this program. Comments explain the keys that have no equivalent.
pub(super) fn translate(sections: &[Section]) -> String {
    let mut text = String::from(
        "# create a personal access token at admin.gandi.net and save it in this file (chmod 600)\n\
         token_file = /etc/gandi-ddns/token\n",
    );
    let hosts = || sections.iter().skip(1).flat_map(|s| &s.entries).filter(|e| e.key == "host");
    if let Some(host) = hosts().find(|e| e.value != "localhost" && !e.value.is_empty()) {
        let _ = writeln!(text, "ipv4 = resolve:{}", host.value);
    }
    for section in sections.iter().skip(1).filter(|s| !s.entries.is_empty()) {
        translate_section(section, &mut text);
    }
    text
}

/// Appends the translation of one section to `text`.
fn translate_section(section: &Section, text: &mut String) {
    let value = |key: &str| section.entries.iter().find(|e| e.key == key).map(|e| e.value.as_str());
    let mut notes = String::new();
    let mut note = |line: &str| {
        notes.push_str("# ");
        notes.push_str(line);
        notes.push('\n');
    };
    if value("apikey").is_some() {
        note("apikey: deprecated by Gandi; if yours still works, use `api_key_file` instead of `token_file`");
    }
    if value("api").or_else(|| value("gandi_api")).is_some() {
        note("api, gandi_api: not needed");
    }
    if value("host").is_some_and(|h| h != "localhost") {
        note("host: see `ipv4` above");
    }
    if value("retries").is_some() {
        note("retries: not needed");
    }
    if value("ipify_api").is_some() {
        note("ipify_api: not needed; for a service of your own use `ipv4 = https://…`");
    }
    let domain = value("domain").filter(|d| !crate::dns::is_placeholder(d)).unwrap_or("example.org");
    let domain = domain.trim_start_matches("www.").trim_end_matches('.');
    let names = value("a_name").filter(|n| !n.is_empty()).unwrap_or("@");
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "\n[{domain}]\nnames = {names}\ntypes = A");
    match value("ttl").and_then(|t| t.parse::<u32>().ok()) {
        Some(ttl) if Ttl::new(ttl).is_some() => {
            let _ = writeln!(text, "ttl = {ttl}");
        }
        Some(ttl) => {
            let nearest = if ttl < Ttl::MIN.seconds() { Ttl::MIN } else { Ttl::MAX };
            let _ = writeln!(text, "ttl = {}  # {ttl} is not allowed: use 300 to 2592000", nearest.seconds());
        }
        None => {}
    }
    text.push_str(&notes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::syntax;

    #[test]
    fn legacy_config_is_translated_without_its_api_key() {
        let old = "[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\na_name = raspbian\nttl = 60\n\
                   api = https://rpc.gandi.net/xmlrpc/\nhost = localhost\nretries = 3\nipify_api = https://x\n";
        let sections = syntax::parse(old, None).expect("good lines");
        assert_eq!(recognise(&sections), Some(2));
        let new = translate(&sections);
        assert!(!new.contains("abcdefghijklmnopqrstuvwx"));
        for line in ["[example.org]", "names = raspbian", "types = A", "token_file = /etc/gandi-ddns/token"] {
            assert!(new.lines().any(|l| l == line), "{line} in\n{new}");
        }
        assert!(new.contains("ttl = 300 "), "{new}");
        assert!(recognise(&syntax::parse(&new, None).expect("good lines")).is_none());
    }

    #[test]
    fn legacy_host_becomes_a_resolve_source() {
        let old =
            "[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = example.org\nhost = box.example.net\n";
        let new = translate(&syntax::parse(old, None).expect("good lines"));
        assert!(new.lines().any(|l| l == "ipv4 = resolve:box.example.net"), "{new}");
    }

    #[test]
    fn configparser_syntax_is_read() {
        let old = "; made in 2016\n[local]\napikey: abcdefghijklmnopqrstuvwx\ndomain: example.org\na_name = \"home\"\n";
        assert!(syntax::parse(old, None).is_err());
        let sections = read(old);
        assert_eq!(recognise(&sections), Some(3));
        assert!(translate(&sections).contains("[example.org]\nnames = home\n"));
    }

    #[test]
    fn config_of_this_program_is_not_recognised_as_legacy() {
        let sections =
            syntax::parse("api = https://x\n[example.org]\nnames = @\n", None).expect("good lines");
        assert_eq!(recognise(&sections), None);
    }
}
