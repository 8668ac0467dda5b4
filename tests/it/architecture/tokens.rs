//! Rust source text as tokens without comments and literals, and its string literals.

/// An identifier, a number, `::`, or one other character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Line number, from 1.
    pub(super) line: usize,
}

/// The kind of a piece of source text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A token.
    Token,
    /// A string literal, with its quotes.
    Text,
    /// White space, a comment, or another literal.
    Other,
}

/// Splits a source text into tokens. Comments, strings and character literals are left out.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    pieces(source).into_iter().filter(|(kind, _)| *kind == Kind::Token).map(|(_, token)| token).collect()
}

/// Returns the line number and the value of each string literal.
pub(crate) fn strings(source: &str) -> Vec<(usize, String)> {
    let texts = pieces(source).into_iter().filter(|(kind, _)| *kind == Kind::Text);
    texts.map(|(_, literal)| (literal.line, value(literal.text))).collect()
}

/// Returns the value of a string literal.
fn value(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix('r') {
        return raw.trim_matches('#').trim_matches('"').to_owned();
    }
    let inner = literal.strip_prefix('"').unwrap_or(literal);
    let mut chars = inner.strip_suffix('"').unwrap_or(inner).chars().peekable();
    let mut value = String::new();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            // The line goes on after the white space.
            Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            Some('u') => {
                let digits: String =
                    chars.by_ref().skip(1).take_while(|c| *c != '}').filter(|c| *c != '_').collect();
                value.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                value.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('0') => value.push('\0'),
            Some(other) => value.push(other),
            None => {}
        }
    }
    value
}

/// Splits a source text into pieces that make it up.
fn pieces(source: &str) -> Vec<(Kind, Token<'_>)> {
    let (mut pieces, mut rest, mut line) = (Vec::new(), source, 1);
    while let Some(c) = rest.chars().next() {
        let (length, kind) = match c {
            _ if c.is_whitespace() => (c.len_utf8(), Kind::Other),
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), Kind::Other),
            '/' if rest.starts_with("/*") => (block_comment(rest), Kind::Other),
            '"' => (string(rest), Kind::Text),
            '\'' => character(rest).map_or((1, Kind::Token), |length| (length, Kind::Other)),
            ':' if rest.starts_with("::") => (2, Kind::Token),
            _ if is_word(c) => {
                let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let kind = if &rest[..word] == "r" { Kind::Text } else { Kind::Other };
                prefixed_literal(rest, word).map_or((word, Kind::Token), |length| (length, kind))
            }
            _ => (c.len_utf8(), Kind::Token),
        };
        let (text, after) = rest.split_at(length);
        pieces.push((kind, Token { text, line }));
        line += text.matches('\n').count();
        rest = after;
    }
    pieces
}

/// Returns true for the characters of identifiers and numbers.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the length of a block comment, with the comments inside it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of a string literal, from its opening quote to its closing one.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a character literal; `None` for the quote of a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (escaped, _) = chars.next()?;
        let after = escaped + 1;
        return text.get(after..)?.find('\'').map(|end| after + end + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

/// Returns the length of a literal that begins with a word of `word` bytes, such as `b"x"` or `r#"x"#`; `None` if the
/// text begins with an identifier.
fn prefixed_literal(text: &str, word: usize) -> Option<usize> {
    let (prefix, rest) = text.split_at(word);
    match prefix {
        "b" if rest.starts_with('\'') => character(rest).map(|length| word + length),
        "b" | "c" if rest.starts_with('"') => Some(word + string(rest)),
        "r" | "br" | "cr" => {
            let hashes = rest.len() - rest.trim_start_matches('#').len();
            let body = rest[hashes..].strip_prefix('"')?;
            let end = format!("\"{}", &rest[..hashes]);
            Some(word + hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()))
        }
        _ => None,
    }
}

#[test]
fn tokens_leave_out_comments_and_literals() {
    let words = |source: &str| tokens(source).iter().map(|t| t.text.to_owned()).collect::<Vec<_>>().join(" ");
    for (source, wanted) in [
        ("a::b{c}", "a :: b { c }"),
        ("a // crate::b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        ("a \"crate::b // \\\" c\" d", "a d"),
        ("a b\"x\" c\"y\" 'z' b'\\'' '\\\\' '\\u{1f600}' '\"' d", "a d"),
        ("a r\"x\\\" r#\"crate::y \"z\"\"# br##\"\"#\"## d", "a d"),
        ("&'a str, 'b: loop", "& ' a str , ' b : loop"),
        ("r#type", "r # type"),
        ("\"open", ""),
    ] {
        assert_eq!(words(source), wanted, "{source}");
    }
    let lines: Vec<usize> = tokens("a /* \n */ b\n\"\n\" c").iter().map(|t| t.line).collect();
    assert_eq!(lines, [1, 2, 4]);
}

#[test]
fn strings_have_their_values() {
    for (source, wanted) in [
        (r#"a("b c")"#, "b c"),
        (r#""a\n\t\\\"\u{e4}\x41""#, "a\n\t\\\"\u{e4}A"),
        ("\"a \\\n     b\"", "a b"),
        ("r\"a\\n\"", "a\\n"),
        ("r#\"a \"b\" c\"#", "a \"b\" c"),
        ("b\"x\" 'y' // \"z\"\n/* \"z\" */ \"a\"", "a"),
    ] {
        let values: Vec<String> = strings(source).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [wanted], "{source}");
    }
}
