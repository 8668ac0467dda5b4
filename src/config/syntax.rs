//! The syntax of the config file: `key = value` lines in `[sections]`. The meaning of keys is checked elsewhere.

use super::error::Errors;
use crate::sys::secret;
pub(super) use crate::sys::words::did_you_mean;

/// The maximum length of a key that a message repeats.
const MAX_KEY: usize = 40;

/// One `key = value` line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The line number, from 1; 0 for an argument, [`super::error::OPTION`] for a value of `--option`.
    pub(super) line: usize,
    /// The key in lower case.
    pub(crate) key: String,
    /// The value without comment and surrounding spaces; may be empty.
    pub(crate) value: String,
}

/// The value of an entry whose own value has been reported as a problem.
pub(super) const IN_ERROR: &str = "\0";

/// The global section, or one `[name]` with the entries below it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// The line of the header, from 1; 0 for the global section and for arguments.
    pub(super) line: usize,
    /// The text in the brackets; empty for the global section.
    pub(crate) name: String,
    /// The entries in their order.
    pub(crate) entries: Vec<Entry>,
}

/// Splits a config text into the global section, which always comes first, and the named sections in their order.
/// Errors never repeat a value or a line without a key, because it may be a secret.
pub(super) fn parse(text: &str, errors: &Errors) -> Vec<Section> {
    parse_from(1, text, errors)
}

/// Does the same for a text whose first line has this number; see also [`super::error::OPTION`].
pub(super) fn parse_from(first: usize, text: &str, errors: &Errors) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    // Some Windows editors write a byte order mark at the start of a file.
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = first + index;
        let text = without_comment(raw).trim();
        if text.is_empty() {
            continue;
        }
        if let Some(rest) = text.strip_prefix('[') {
            let name = rest.strip_suffix(']').unwrap_or_else(|| {
                errors.add(line, "a section header must end with `]`, as in [example.org]");
                rest.split(']').next().unwrap_or_default()
            });
            sections.push(Section { line, name: name.trim().to_owned(), entries: Vec::new() });
            continue;
        }
        let is_comment = text.starts_with(';') || text.starts_with("//");
        let Some((key, value)) = text.split_once('=').filter(|_| !is_comment) else {
            errors.add(
                line,
                if is_comment {
                    "comments start with `#`"
                } else if text.contains(':') {
                    "expected `key = value`: use `=` instead of `:`"
                } else {
                    "expected `key = value`, `[domain]` or `# comment`"
                },
            );
            continue;
        };
        // Before the case is lost, by which a token is recognised. It may end in `=`.
        let (mut key, mut value) = (secret::hide(key.trim()).to_ascii_lowercase(), value.trim());
        // A line of a key file or of a script, with whatever is in it.
        if key.len() > MAX_KEY || key.contains(['"', '\'']) {
            secret::HIDDEN.clone_into(&mut key);
        }
        let without = match value.as_bytes() {
            [b'"' | b'\'', _, ..] => "quotes",
            [b'[' | b'{', _, ..] => "brackets",
            _ if value.starts_with(['\u{2018}', '\u{201c}', '\u{201e}']) => "quotes",
            _ => "",
        };
        if !without.is_empty() {
            errors.add(line, format!("`{key}`: write the value without {without}"));
            // No value that is read below: one line has one problem.
            value = IN_ERROR;
        }
        if let Some(section) = sections.last_mut() {
            section.entries.push(Entry { line, key, value: value.to_owned() });
        }
    }
    sections
}

/// Returns the names of sections and records as typed, separated by spaces.
pub(super) fn names(sections: &[Section]) -> String {
    let mut names = String::new();
    for section in sections {
        names.push_str(&section.name);
        for entry in &section.entries {
            names.push(' ');
            if entry.key == "names" {
                names.push_str(&entry.value);
            }
        }
        names.push(' ');
    }
    names
}

/// Returns the line without its comment. A `#` starts a comment only at the start of the line or after white space, so
/// that secrets and URLs may contain one.
fn without_comment(line: &str) -> &str {
    let mut previous = ' ';
    for (index, c) in line.char_indices() {
        if c == '#' && previous.is_whitespace() {
            return &line[..index];
        }
        previous = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(text: &str) -> (Vec<Section>, Vec<String>) {
        let errors = Errors::new(Some(Path::new("x.conf")));
        let sections = parse(text, &errors);
        (sections, errors.finish().map_or_else(|e| e.lines(), |()| Vec::new()))
    }

    #[test]
    fn parse_returns_entries_and_sections_without_comments() {
        let text = "\u{feff}# head\r\nToken = a#b # rest\r\n\n[ example.org ]\nnames=@ www\n  # end";
        let (sections, errors) = parsed(text);
        assert!(errors.is_empty(), "{errors:?}");
        let entry =
            |line, key: &str, value: &str| Entry { line, key: key.to_owned(), value: value.to_owned() };
        assert_eq!(sections[0].entries, [entry(2, "token", "a#b")]);
        assert_eq!((sections[1].line, sections[1].name.as_str()), (4, "example.org"));
        assert_eq!(sections[1].entries, [entry(5, "names", "@ www")]);
    }

    #[test]
    fn parse_error_does_not_repeat_the_line() {
        for (text, words) in [
            ("s3cr3t", "expected `key = value`, `[domain]` or `# comment`"),
            ("[example.org", "must end with `]`"),
            ("token = \"s3cr3t\"", "without quotes"),
            ("token = 's3cr3t'", "without quotes"),
            ("token = \u{201c}s3cr3t\u{201d}", "without quotes"),
            ("names = \u{201e}s3cr3t\u{201c}", "without quotes"),
            ("[example.org] names = s3cr3t", "must end with `]`"),
            ("names = [\"s3cr3t\"]", "without brackets"),
            ("token = {s3cr3t}", "without brackets"),
            ("token: s3cr3t", "use `=` instead of `:`"),
            ("; s3cr3t", "comments start with `#`"),
            ("// s3cr3t", "comments start with `#`"),
            ("; token = s3cr3t", "comments start with `#`"),
            ("//token = s3cr3t", "comments start with `#`"),
        ] {
            let (_, errors) = parsed(text);
            let [error] = &errors[..] else { panic!("{text}: {errors:?}") };
            assert!(error.starts_with("x.conf:1: ") && error.contains(words), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn token_in_place_of_a_key_is_hidden() {
        for line in [
            "AbCdEfGhIjKlMnOpQrStUvWx1Yz=",
            "AbCdEfGhIjKlMnOpQrStUvWx1Yz = x",
            "pat_0123456789 =",
            "curl -u \"me:hunter2\" x?a=b",
            "$conf['hunter2'] = x",
            "y/abcdefghijklm/nopqrstuvw/xyzABCDEFGH/IJK==",
        ] {
            assert_eq!(parsed(line).0[0].entries[0].key, "[secret]", "{line}");
        }
    }

    #[test]
    fn did_you_mean_finds_keys_at_distance_two() {
        let keys = ["names", "types", "ttl", "token_file"];
        assert_eq!(did_you_mean("name", &keys), Some("names"));
        assert_eq!(did_you_mean("tokenfile", &keys), Some("token_file"));
        assert_eq!(did_you_mean("ttlll", &keys), Some("ttl"));
        assert_eq!(did_you_mean("frobnicate", &keys), None);
    }
}
