//! Config text -> lines of `key = value` under their sections, before anything is known of their meaning.

use std::path::Path;

use super::error::ConfigError;

/// One `key = value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// The entries under one `[name]`, or before the first one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
}

/// The global section, which has no name, and then the others in their order.
pub(super) fn parse(text: &str, file: Option<&Path>) -> Result<Vec<Section>, ConfigError> {
    let mut sections = vec![Section::default()];
    // Windows' editors begin a file with a byte order mark.
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = index + 1;
        let text = without_comment(raw).trim();
        if text.is_empty() {
            continue;
        }
        if let Some(rest) = text.strip_prefix('[') {
            let Some(name) = rest.strip_suffix(']') else {
                return Err(ConfigError::at(file, line, "a section ends with `]`, as in [example.org]"));
            };
            sections.push(Section { line, name: name.trim().to_owned(), entries: Vec::new() });
            continue;
        }
        // The text itself is not repeated: it may be a secret that lost its key.
        let Some((key, value)) = text.split_once('=') else {
            return Err(ConfigError::at(file, line, "expected `key = value`, `[domain]` or `# comment`"));
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        if value.len() >= 2 && (value.starts_with('"') || value.starts_with('\'')) {
            return Err(ConfigError::at(file, line, format!("`{key}`: write the value without quotes")));
        }
        if let Some(section) = sections.last_mut() {
            section.entries.push(Entry { line, key, value: value.to_owned() });
        }
    }
    Ok(sections)
}

/// A `#` begins a comment at the start of a line or after a blank, so that secrets and URLs may hold one.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (index, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return &line[..index];
        }
        before = c;
    }
    line
}

/// The entry of `keys` that was probably meant: at most two letters away.
pub(super) fn did_you_mean<'a>(word: &str, keys: &[&'a str]) -> Option<&'a str> {
    keys.iter().map(|k| (distance(word, k), *k)).min().filter(|(d, _)| *d <= 2).map(|(_, k)| k)
}

/// Levenshtein's distance, by one row.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_comments_and_sections() {
        let text = "\u{feff}# head\r\nToken = a#b # rest\r\n\n[ example.org ]\nnames=@ www\n  # end";
        let sections = parse(text, None).expect("good lines");
        let entry =
            |line, key: &str, value: &str| Entry { line, key: key.to_owned(), value: value.to_owned() };
        assert_eq!(sections[0].entries, [entry(2, "token", "a#b")]);
        assert_eq!((sections[1].line, sections[1].name.as_str()), (4, "example.org"));
        assert_eq!(sections[1].entries, [entry(5, "names", "@ www")]);
    }

    #[test]
    fn stray_text_is_an_error_and_not_repeated() {
        for text in ["s3cr3t", "[example.org", "token = \"s3cr3t\"", "token = 's3cr3t'"] {
            let error = parse(text, Some(Path::new("x.conf"))).expect_err(text).to_string();
            assert!(error.starts_with("x.conf:1: ") && !error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn near_misses() {
        let keys = ["names", "types", "ttl", "token_file"];
        assert_eq!(did_you_mean("name", &keys), Some("names"));
        assert_eq!(did_you_mean("tokenfile", &keys), Some("token_file"));
        assert_eq!(did_you_mean("ttlll", &keys), Some("ttl"));
        assert_eq!(did_you_mean("frobnicate", &keys), None);
    }
}
