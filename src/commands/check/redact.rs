//! Removes names and addresses from texts, for `--redact`.

use std::path::Path;

use crate::config::Config;
use crate::sys::grouped::Texts;

/// The shortest part of a configured name that is hidden: a shorter one would be a word of most messages.
const MIN_PART: usize = 2;
/// The replacement for a name that is not a record of the config.
const A_NAME: &str = "[a name]";

/// The names to hide. Addresses, and names that are not listed, are recognised by their form.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// The names in lower case.
    names: Texts,
    /// The replacements, by the numbers of the names.
    replacements: Vec<String>,
    /// The path of the home directory; empty if it is not known.
    home: String,
}

impl Redactor {
    /// Creates a redactor that hides the path of the home directory.
    pub(super) fn new(home: Option<&Path>) -> Self {
        let home = home.and_then(Path::to_str).filter(|h| h.len() > 1).unwrap_or_default();
        Self { home: home.to_owned(), ..Self::default() }
    }

    /// Hides the names in this config, but those of interfaces.
    #[inline(never)]
    pub(super) fn hide_names_of(&mut self, config: &Config) {
        let mut domains = Texts::default();
        for (i, record) in config.records.iter().enumerate() {
            let (domain, name) = (&record.key.domain, &record.key.name);
            let a_domain = ["[domain ", &(domains.number(domain.as_str()) + 1).to_string(), "]"].concat();
            let a_name = ["[name ", &(i + 1).to_string(), "]"].concat();
            let a_host = [a_name.as_str(), ".", &a_domain].concat();
            for (name, domain) in [(name.as_str(), domain.as_str()), (name.typed(), domain.typed())] {
                self.hide(domain, &a_domain);
                self.hide(&[name, ".", domain].concat(), &a_host);
                self.hide(name.strip_prefix("*.").unwrap_or(name), &a_name);
            }
        }
        for (name, is_line) in &config.detection.names() {
            self.hide(name, if *is_line { name } else { "[another name]" });
        }
    }

    /// Hides every label of these names: those in a config that could not be loaded.
    pub(super) fn hide_labels(&mut self, names: &str) {
        let mut rest = names;
        while let Some((_, word, after)) = next_word(rest) {
            for label in word.split('.') {
                self.hide(label, A_NAME);
            }
            rest = after;
        }
    }

    #[inline(never)]
    fn hide(&mut self, name: &str, replacement: &str) {
        let name = name.to_ascii_lowercase();
        if name.len() >= MIN_PART && self.names.number(&name) == self.replacements.len() {
            self.replacements.push(replacement.to_owned());
        }
    }

    fn replacement(&self, name: &str) -> Option<&str> {
        self.replacements.get(self.names.find(&name.to_ascii_lowercase())?).map(String::as_str)
    }

    /// Returns the text without names and addresses.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = if self.home.is_empty() { text.to_owned() } else { text.replace(self.home.as_str(), "~") };
        self.without_names(&without_addresses(&text))
    }

    /// Replaces each known name, and each word of the form of a host name: the target of a CNAME, the names in a
    /// certificate, or the content of a config that could not be read.
    fn without_names(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, word, after)) = next_word(rest) {
            result.push_str(before);
            let name = word.trim_end_matches('.');
            let is_host = ["//", "@", "resolve:"].iter().any(|before| result.ends_with(before));
            if let Some(replacement) = self.replacement(name) {
                result.push_str(replacement);
            } else if result.ends_with('/') && !is_host {
                // Paths stay, without the names in them: they show only the location of the config.
                let (stem, extension) = name.split_at(name.rfind('.').unwrap_or(name.len()));
                result.push_str(self.replacement(stem).unwrap_or(stem));
                result.push_str(extension);
            } else if is_host && !name.is_empty() && !is_well_known(name) || is_host_name(name) {
                result.push_str(&self.without_domain(name));
            } else {
                result.push_str(name);
            }
            result.push_str(&word[name.len()..]);
            rest = after;
        }
        result.push_str(rest);
        result
    }

    /// Returns the replacement for a name that is not configured itself, but maybe its domain is.
    fn without_domain(&self, name: &str) -> String {
        let mut rest = name;
        while let Some((_, domain)) = rest.split_once('.') {
            if let Some(replacement) = self.replacement(domain).filter(|_| domain.contains('.')) {
                return format!("{A_NAME}.{replacement}");
            }
            rest = domain;
        }
        A_NAME.to_owned()
    }
}

/// Splits a text before and after the first word that may be a name. `None` if there is none.
#[inline(never)]
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let (before, from) = text.split_at(text.find(is_name_part)?);
    let (word, after) = from.split_at(from.find(|c| !is_name_part(c)).unwrap_or(from.len()));
    Some((before, word, after))
}

/// Returns true for a character of a host name, ASCII or not. Typographic signs and arrows are no part of a name.
fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '.' | '*' | '·')
        || c >= '\u{c0}' && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{2190}'..='\u{21ff}')
}

/// Returns true for the name of a host of others that messages need.
fn is_well_known(name: &str) -> bool {
    ["gandi.net", "ident.me"].iter().any(|known| {
        name.strip_suffix(known).is_some_and(|subdomain| subdomain.is_empty() || subdomain.ends_with('.'))
    })
}

/// Returns true for a word of the form of a host name, but not for a well-known one.
fn is_host_name(word: &str) -> bool {
    let is_dotted = word.rsplit_once('.').is_some_and(|(_, last)| {
        last.len() > 1
            && last.starts_with(|c: char| c.is_ascii_alphabetic())
            && last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let is_international = !word.is_ascii() || word.len() > 4 && word.to_ascii_lowercase().contains("xn--");
    (is_dotted || is_international) && !is_well_known(word)
}

/// Replaces each IP address by `[IPv4]` or `[IPv6]`, whatever surrounds it. Too much is better than too little.
fn without_addresses(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut rest, mut previous) = (text, ' ');
    while let Some(c) = rest.chars().next() {
        let at_start = !previous.is_ascii_alphanumeric() || rest.starts_with("::");
        let (kind, length) = match ipv6(rest.as_bytes()) {
            Some(length) if at_start => ("[IPv6]", length),
            _ => match ipv4(rest.as_bytes()) {
                Some(length) if !previous.is_ascii_digit() => ("[IPv4]", length),
                _ => ("", c.len_utf8()),
            },
        };
        result.push_str(if kind.is_empty() { &rest[..length] } else { kind });
        rest = &rest[length..];
        previous = if kind.is_empty() { c } else { ' ' };
    }
    result
}

/// Returns the length of the IPv6 address at the start of a text; `None` if there is none.
fn ipv6(text: &[u8]) -> Option<usize> {
    let (mut end, mut colons, mut is_short) = (0, 0, false);
    while let Some(&byte) = text.get(end) {
        match byte {
            b':' if end > 0 || text.get(1) == Some(&b':') => {
                colons += 1;
                is_short |= end > 0 && text[end - 1] == b':';
            }
            // An embedded IPv4 address.
            b'.' if colons >= 2 && text.get(end + 1).is_some_and(u8::is_ascii_digit) => {}
            _ if byte.is_ascii_hexdigit() => {}
            _ => break,
        }
        end += 1;
    }
    // A time has two colons. A colon at the end belongs to the sentence.
    if text[..end].ends_with(b":") && !text[..end].ends_with(b"::") {
        end -= 1;
        colons -= 1;
    }
    (colons >= 3 || is_short && colons == 2).then_some(end)
}

/// Returns the length of the IPv4 address at the start of a text, with its port; `None` if there is none.
fn ipv4(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut end = 0;
    for part in 0..4 {
        if part > 0 {
            if text.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
        match digits(end) {
            0 => return None,
            number => end += number,
        }
    }
    if text.get(end) == Some(&b':') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    Some(end)
}

#[cfg(test)]
mod tests;
