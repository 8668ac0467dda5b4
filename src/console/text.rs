//! Texts from outside as printable lines: file names, configs and answers of servers may have control characters, which
//! a terminal obeys.

use std::fmt::Write as _;

/// Maximum length of a printed line, in characters.
const MAX_LINE: usize = 1000;

/// Returns true for the characters that a terminal obeys, or that change the order or the look of the text after them:
/// control characters, line separators, marks and embeddings of bidirectional text, and the byte order mark.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Replaces each unsafe character but the line end by a space.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_unsafe(c) { ' ' } else { c }).collect()
}

/// Replaces each unsafe character, line ends included, by a space.
pub(crate) fn one_line(text: &str) -> String {
    clean(&text.replace('\n', " "))
}

/// Cleans a text of several lines, and cuts each at [`MAX_LINE`].
pub(super) fn lines(text: &str) -> String {
    let (mut cut, mut length) = (String::with_capacity(text.len()), 0);
    for c in clean(text).chars() {
        length = if c == '\n' { 0 } else { length + 1 };
        match length {
            ..=MAX_LINE => cut.push(c),
            _ if length == MAX_LINE + 1 => cut.push('…'),
            _ => {}
        }
    }
    cut
}

/// Returns the text as one line without unsafe characters, cut at [`MAX_LINE`].
pub(super) fn printed_line(text: &str) -> String {
    lines(&text.replace('\n', " "))
}

/// Writes each unsafe character of a JSON text as an escape sequence. In a JSON text, they are in strings only.
pub(super) fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_become_spaces_or_escapes() {
        let unsafe_ones =
            "\u{1b}\u{7}\r\t\u{7f}\u{85}\u{9b}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\0";
        for c in unsafe_ones.chars() {
            assert_eq!(printed_line(&format!("ä{c}[31mé")), "ä [31mé", "{c:?}");
            assert_eq!(escape(&format!("\"{c}\"")), format!("\"\\u{:04x}\"", u32::from(c)));
        }
        assert_eq!((printed_line("a\nb"), lines("a\nb\u{1b}")), ("a b".to_owned(), "a\nb ".to_owned()));
        assert_eq!(one_line("a\nb\u{202e}"), "a b ");
        assert_eq!(escape("{\"a\":\"ü\\n\"}"), "{\"a\":\"ü\\n\"}");
    }

    #[test]
    fn line_is_cut_at_a_character_and_the_next_one_is_not() {
        let longest = "é".repeat(MAX_LINE);
        assert_eq!(printed_line(&longest), longest);
        assert_eq!(printed_line(&format!("{longest}éé")), format!("{longest}…"));
        assert_eq!(lines(&format!("{longest}x\n{longest}")), format!("{longest}…\n{longest}"));
    }
}
