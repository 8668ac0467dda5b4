//! The names of zones and of RRsets as types. Parsing proves their invariants once, so that no other code checks them.
//! The errors name the common mistakes and their remedies.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::idn::{self, is_stop};
use crate::sys::secret;

/// A name as sent to Gandi, in ASCII, and as typed, which may be in another script. Both are in lower case. Two names are
/// equal if they are sent alike.
#[derive(Clone, Debug)]
struct Name {
    /// The name as sent; after it the name as typed, unless that is the same.
    text: Rc<str>,
    /// The length of the name as sent.
    sent: u8,
}

impl Name {
    fn new(sent: &str, typed: &str) -> Self {
        let text = if sent == typed { sent.into() } else { [sent, typed].concat().into() };
        Self { text, sent: u8::try_from(sent.len()).unwrap_or(u8::MAX) }
    }

    fn sent(&self) -> &str {
        self.text.get(..self.sent.into()).unwrap_or_default()
    }

    fn typed(&self) -> &str {
        self.text.get(self.sent.into()..).filter(|typed| !typed.is_empty()).unwrap_or(&self.text)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.sent() == other.sent()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sent().hash(state);
    }
}

/// Returns a name as typed, followed by the name as sent in brackets if that is another one.
pub(crate) fn both(typed: &str, sent: &str) -> String {
    if typed == sent { sent.to_owned() } else { format!("{typed} ({sent})") }
}

/// Returns as many labels from the start of `typed` as `sent` has, which is the start of its other form.
pub(crate) fn labels_like<'a>(sent: &str, typed: &'a str) -> &'a str {
    split_at_stop(typed, sent.matches('.').count()).map_or(typed, |(before, _)| before)
}

/// Returns the texts before and after a full stop of a name as typed; `number` more are before it.
fn split_at_stop(typed: &str, mut number: usize) -> Option<(&str, &str)> {
    for (at, c) in typed.char_indices() {
        if is_stop(c) {
            if number == 0 {
                return Some((&typed[..at], &typed[at + c.len_utf8()..]));
            }
            number -= 1;
        }
    }
    None
}

/// Returns a name without the full stop at its end, if it has one.
fn without_stop(typed: &str) -> Option<&str> {
    typed.strip_suffix(is_stop)
}

/// The name of a zone at Gandi (RFC 1034, section 4.2): a registered domain such as `example.org`.
///
/// Lower case, at least two labels of 1 to 63 letters, digits, hyphens or underscores, at most 253 characters (RFC
/// 1035, section 2.3.4), no trailing dot. A label in another script is Punycode (RFC 5890). A copy shares the text, since
/// thousands of records may have one domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ZoneName(Name);

/// A text is not a valid name. The errors have the text as typed: by its capitals, a secret in it is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The text is empty.
    Empty,
    /// The text is a placeholder of an example; with the text.
    Placeholder(String),
    /// The text is a URL; with the host name in it.
    Scheme(String),
    /// The name has a trailing dot; with the name without it.
    TrailingDot(String),
    /// The domain begins with `www.`, which belongs in `names`; with the domain without it.
    Www(String),
    /// The domain begins with `*.`, which belongs in `names`; with the domain without it.
    Star(String),
    /// The domain has one label only; with the label.
    OneLabel(String),
    /// The name has a character that is not supported; with both.
    Character(String, char),
    /// A label is empty, too long, or has an invalid character; with the name.
    BadLabel(String),
    /// The name has more than 253 characters.
    TooLong,
    /// The name repeats the domain; with the relative name.
    NotRelative(String),
    /// The name has a `*` that is not the whole first label; with the name.
    Wildcard(String),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the name is empty"),
            Self::Placeholder(s) => {
                write!(f, "`{s}` is the placeholder from the example: replace it with your own value")
            }
            Self::Scheme(s) => write!(f, "a domain has no scheme or path: write `{s}`"),
            Self::TrailingDot(s) => write!(f, "names have no trailing dot here: write `{s}`"),
            Self::Www(s) => write!(f, "the domain is `{s}`: use that, and add `www` to names"),
            Self::Star(s) => write!(f, "the domain is `{s}`: use that, and add `*` to names"),
            Self::OneLabel(s) => write!(f, "`{s}` is not a full domain name such as example.org"),
            Self::Character(s, c) => {
                let remedy = if idn::is_accent(*c) {
                    "a separate accent: type it and its letter as one character"
                } else {
                    "which is not supported in names: remove it, type the letter itself in lower case, or write the \
                     `xn--` form of the name"
                };
                write!(f, "`{s}` has the character U+{:04X}, {remedy}", u32::from(*c))
            }
            Self::BadLabel(s) => write!(
                f,
                "`{s}` is not a valid name: use labels of 1 to 63 letters, digits, `-` and `_` (fewer in other scripts), \
                 separated by dots"
            ),
            Self::TooLong => write!(f, "the name is longer than 253 characters"),
            Self::NotRelative(s) => write!(f, "names are relative to the domain: write `{s}`"),
            Self::Wildcard(s) => write!(f, "`{s}`: `*` may only be the whole first label, as in `*.home`"),
        }
    }
}

impl std::error::Error for NameError {}

/// Returns true if a value is a placeholder of a template, such as `<change me>`.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let normalized: String =
        text.to_ascii_lowercase().chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    // The words have 8 letters or more.
    text.contains(['<', '>'])
        || text.len() >= 8
            && ["changeme", "yourtoken", "yourapikey", "yourdomain", "xxxxxxxx"]
                .iter()
                .any(|p| normalized.contains(p))
}

/// Returns the name of a host as it is sent, in lower case: valid labels as in [`ZoneName`], one or more.
pub(crate) fn host_name(text: &str) -> Result<String, NameError> {
    let ascii = to_ascii(&idn::lower(text), text)?;
    check_labels(&ascii, text)?;
    Ok(ascii)
}

/// Returns a name of any form in lower case.
pub(crate) fn lower(text: &str) -> String {
    idn::lower(text)
}

/// Returns a name of any form as it is sent, if it can be; otherwise in lower case.
pub(crate) fn sent(text: &str) -> String {
    let text = idn::lower(text);
    idn::to_ascii(&text).unwrap_or(text)
}

/// Returns the ASCII form of a name in lower case, which is `typed` in the error.
fn to_ascii(text: &str, typed: &str) -> Result<String, NameError> {
    let error = |fault| match fault {
        Some(c) => {
            let as_typed = typed.chars().find(|typed| idn::lower_char(*typed) == c);
            NameError::Character(typed.to_owned(), as_typed.unwrap_or(c))
        }
        None => NameError::BadLabel(typed.to_owned()),
    };
    idn::to_ascii(text).map_err(error)
}

/// Returns the labels of a name after its `*`, if it has one.
fn after_star(typed: &str) -> Option<&str> {
    split_at_stop(typed, 0).filter(|(before, _)| *before == "*").map(|(_, after)| after)
}

/// Checks that a name in its ASCII form has valid labels. `typed` is its form for errors.
fn check_labels(text: &str, typed: &str) -> Result<(), NameError> {
    let is_bad = |label: &str| {
        label.is_empty()
            || label.len() > 63
            || label.starts_with('-')
            || label.ends_with('-')
            || !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if text.is_empty() {
        Err(NameError::Empty)
    } else if is_placeholder(text) {
        Err(NameError::Placeholder(typed.to_owned()))
    } else if text.len() > 253 {
        Err(NameError::TooLong)
    } else if text.split('.').any(is_bad) {
        // In the form that is sent, no secret would be recognised.
        let is_typed_alone = typed.is_ascii() || secret::is_in(typed);
        Err(NameError::BadLabel(if is_typed_alone { typed.to_owned() } else { both(typed, text) }))
    } else {
        Ok(())
    }
}

impl ZoneName {
    /// Parses a domain, in any case. The error names the mistake and its remedy.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let typed = text.trim();
        if is_placeholder(typed) {
            return Err(NameError::Placeholder(typed.to_owned()));
        }
        let host = typed.split_once("://").map_or(typed, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        if host.len() != typed.len() {
            return Err(NameError::Scheme(host.to_owned()));
        }
        if let Some(rest) = without_stop(typed) {
            return Err(NameError::TrailingDot(rest.to_owned()));
        }
        if let Some(rest) = after_star(typed) {
            return Err(NameError::Star(rest.to_owned()));
        }
        let text = idn::lower(typed);
        let ascii = to_ascii(&text, typed)?;
        check_labels(&ascii, typed)?;
        match split_at_stop(typed, 0) {
            None => Err(NameError::OneLabel(typed.to_owned())),
            // `www.org` itself is a valid domain.
            Some((_, rest)) if text.strip_prefix("www.").is_some_and(|rest| rest.contains('.')) => {
                Err(NameError::Www(rest.to_owned()))
            }
            _ => Ok(Self(Name::new(&ascii, &text))),
        }
    }

    /// Returns true if it may be a subdomain of a registered domain: it has more than two labels.
    #[must_use]
    pub fn may_be_subdomain(&self) -> bool {
        self.as_str().matches('.').count() > 1
    }

    /// Returns the domain as it is sent: ASCII in lower case, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.sent()
    }

    /// Returns the domain as typed, in lower case.
    #[must_use]
    pub fn typed(&self) -> &str {
        self.0.typed()
    }

    /// Returns the domain for messages: as typed, and as sent in brackets if that is another form.
    #[must_use]
    pub fn both(&self) -> String {
        both(self.typed(), self.as_str())
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name of an RRset relative to its zone, as in master files (RFC 1035, section 5.1).
///
/// `@` for the apex, or labels as in [`ZoneName`], the first of which may be `*`, the wildcard (RFC 4592, section
/// 2.1.1). Together with the zone it has at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RrsetName(Name);

impl RrsetName {
    /// Parses a name relative to `domain`, in any case. The error names the mistake and its remedy.
    pub fn parse(text: &str, domain: &ZoneName) -> Result<Self, NameError> {
        let typed = text.trim();
        if typed == "@" {
            return Ok(Self(Name::new("@", "@")));
        }
        if let Some(rest) = without_stop(typed) {
            return Err(NameError::TrailingDot(rest.to_owned()));
        }
        let text = idn::lower(typed);
        let ascii = to_ascii(&text, typed)?;
        if ascii == domain.as_str() {
            return Err(NameError::NotRelative("@".to_owned()));
        }
        if let Some(rest) = ascii.strip_suffix(domain.as_str()).and_then(|t| t.strip_suffix('.')) {
            return Err(NameError::NotRelative(labels_like(rest, typed).to_owned()));
        }
        if ascii != "*" {
            let labels = ascii.strip_prefix("*.").unwrap_or(&ascii);
            if labels.contains('*') {
                return Err(NameError::Wildcard(typed.to_owned()));
            }
            check_labels(labels, after_star(typed).unwrap_or(typed))?;
            if labels.len() + domain.as_str().len() > 250 {
                return Err(NameError::TooLong);
            }
        }
        Ok(Self(Name::new(&ascii, &text)))
    }

    /// Returns this name and those above it, below the apex: `a.home` and `home` of `a.home`. None for the apex.
    #[must_use]
    pub fn with_parents(&self) -> Vec<&str> {
        let own = Some(self.as_str()).filter(|name| *name != "@");
        std::iter::successors(own, |name| name.split_once('.').map(|(_, parent)| parent)).collect()
    }

    /// Returns the name as it is sent: ASCII, as in the paths of Gandi's API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.sent()
    }

    /// Returns the name as typed, in lower case.
    #[must_use]
    pub fn typed(&self) -> &str {
        self.0.typed()
    }
}

impl fmt::Display for RrsetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
