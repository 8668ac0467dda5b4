//! Removes names and addresses from texts, for `--redact`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::config::Config;
use crate::sys::grouped::push_if_new;

/// The names to hide. Addresses, and names that are not listed, are recognised by their form.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// Each name with its replacement, the longest name first: a name may contain another one.
    replacements: Vec<(String, String)>,
}

impl Redactor {
    /// Creates a redactor that hides the names in this config, and the path of the home directory.
    pub(super) fn new(config: &Config, home: Option<&Path>) -> Self {
        let mut redactor = Self::default();
        let mut domains: Vec<&str> = Vec::new();
        for record in &config.records {
            push_if_new(&mut domains, record.key.domain.as_str());
        }
        for (i, record) in config.records.iter().enumerate() {
            let domain =
                domains.iter().position(|d| *d == record.key.domain.as_str()).unwrap_or_default() + 1;
            if record.key.name.as_str() != "@" {
                let host = format!("{}.{}", record.key.name, record.key.domain);
                redactor.hide(&host, format!("[name {}].[domain {domain}]", i + 1));
            }
        }
        for (i, domain) in domains.iter().enumerate() {
            redactor.hide(domain, format!("[domain {}]", i + 1));
        }
        for name in &config.detection.names() {
            if address_kind(name.trim_matches(['[', ']'])).is_none() {
                redactor.hide(name, "[another name]".to_owned());
            }
        }
        if let Some(home) = home.and_then(Path::to_str).filter(|h| h.len() > 1) {
            redactor.hide(home, "~".to_owned());
        }
        redactor
    }

    fn hide(&mut self, name: &str, replacement: String) {
        if !self.replacements.iter().any(|(known, _)| known == name) {
            let longer = self.replacements.iter().take_while(|(known, _)| known.len() >= name.len()).count();
            self.replacements.insert(longer, (name.to_owned(), replacement));
        }
    }

    /// Returns the text without names and addresses.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, replacement) in &self.replacements {
            text = text.replace(name, replacement);
        }
        without_names(&without_addresses(&text))
    }
}

/// Replaces each word of the form of a host name by `[a name]`, unless it is a well-known one: the target of a CNAME,
/// the names in a certificate, or the content of a config that could not be read.
fn without_names(text: &str) -> String {
    const WELL_KNOWN: [&str; 2] = ["gandi.net", "ident.me"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.*/~".contains(c);
    let is_host_name = |word: &str| {
        let last = word.rsplit_once('.').map_or("", |(_, last)| last);
        last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let mut result = String::with_capacity(text.len());
    for run in text.split_inclusive(|c| !is_part(c)) {
        let word = run.trim_end_matches(|c| !is_part(c)).trim_end_matches('.');
        // Paths stay: they show only the location of the config.
        if is_host_name(word) && !word.contains('/') && !WELL_KNOWN.iter().any(|known| word.ends_with(known))
        {
            result.push_str("[a name]");
            result.push_str(&run[word.len()..]);
        } else {
            result.push_str(run);
        }
    }
    result
}

/// Replaces each IP address, with or without a port, by `[IPv4]` or `[IPv6]`.
fn without_addresses(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        result.push_str(before);
        // A full stop or colon at the end belongs to the sentence.
        let word = run.trim_end_matches(['.', ':']);
        let word = if word.is_empty() || run.ends_with("::") { run } else { word };
        match address_kind(word) {
            Some(kind) => {
                result.push_str(kind);
                result.push_str(&run[word.len()..]);
            }
            None => result.push_str(run),
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// Returns the replacement for a word that is an IP address.
fn address_kind(word: &str) -> Option<&'static str> {
    let parsed: Option<IpAddr> = word.parse().ok();
    let address = parsed.or_else(|| word.parse::<SocketAddr>().ok().map(|s| s.ip()))?;
    Some(if address.is_ipv4() { "[IPv4]" } else { "[IPv6]" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_addresses_replaces_each_address_and_keeps_other_numbers() {
        for (text, wanted) in [
            ("81.2.69.142: reported by ipify", "[IPv4]: reported by ipify"),
            ("2a01:e0a::3.", "[IPv6]."),
            ("via ::", "via [IPv6]"),
            ("127.0.0.1:8443 and [::1]:53 (10.0.0.1)", "[IPv4] and [[IPv6]]:53 ([IPv4])"),
            (
                "2026-11-24 01:55:10 UTC, version 0.1.0, face: bad.",
                "2026-11-24 01:55:10 UTC, version 0.1.0, face: bad.",
            ),
            ("", ""),
            ("ä 1.2.3.4 ö", "ä [IPv4] ö"),
        ] {
            assert_eq!(without_addresses(text), wanted);
        }
    }

    #[test]
    fn without_names_replaces_host_names_and_keeps_paths_and_well_known_names() {
        for (text, wanted) in [
            ("a CNAME record (to Elsewhere.example.net.) exists", "a CNAME record (to [a name].) exists"),
            ("x.conf:3: section [www.example.org]: put", "[a name]:3: section [[a name]]: put"),
            ("it is for *.example.org, b.example", "it is for [a name], [a name]"),
            ("make one at admin.gandi.net, says ident.me", "make one at admin.gandi.net, says ident.me"),
            (
                "/etc/gandi-ddns/token.new, version 0.1.0, e.g. this",
                "/etc/gandi-ddns/token.new, version 0.1.0, e.g. this",
            ),
        ] {
            assert_eq!(without_names(text), wanted);
        }
    }

    #[test]
    fn redact_replaces_the_longest_name_first() {
        let mut redactor = Redactor::default();
        redactor.hide("example.org", "[domain 1]".to_owned());
        redactor.hide("home.example.org", "[name 1].[domain 1]".to_owned());
        redactor.hide("org", "[top]".to_owned());
        redactor.hide("/home/pi", "~".to_owned());
        assert_eq!(
            redactor.redact("home.example.org A in /home/pi/x, of example.org"),
            "[name 1].[domain 1] A in ~/x, of [domain 1]"
        );
    }
}
