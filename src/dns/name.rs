//! The vocabulary of the program: names, types and values of DNS records. Values only, no I/O.
//!
//! Each type proves its invariant once, where it is parsed; nobody checks again.

use std::fmt;

/// A domain as Gandi knows it: lower case, at least two labels, no trailing dot (RFC 1035).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneName(String);

/// Why a text is not a domain; the words are meant for the config's author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing was given.
    Empty,
    /// An example's stand-in was left in place.
    Placeholder(String),
    /// A URL where a name is wanted; holds the name inside it.
    Scheme(String),
    /// Gandi's names have no trailing dot; holds the name without it.
    TrailingDot(String),
    /// `www.` belongs to the names; holds the domain.
    Www(String),
    /// `*` belongs to the names; holds the domain.
    Star(String),
    /// A domain has at least two labels.
    OneLabel(String),
    /// Beyond ASCII: wants the `xn--` form.
    NotAscii(String),
    /// A label is empty, too long, or has a character that no hostname has.
    BadLabel(String),
    /// More than 253 characters.
    TooLong,
    /// The name repeats the domain; holds the relative name.
    NotRelative(String),
    /// `*` stands anywhere but as the whole first label.
    Wildcard(String),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "nothing is there"),
            Self::Placeholder(s) => write!(f, "`{s}` is still the example's placeholder: put your own there"),
            Self::Scheme(s) => write!(f, "a domain has no scheme or path: write `{s}`"),
            Self::TrailingDot(s) => write!(f, "Gandi's names have no trailing dot: write `{s}`"),
            Self::Www(s) => write!(f, "the domain at Gandi is `{s}`: put `www` under names"),
            Self::Star(s) => write!(f, "the domain at Gandi is `{s}`: put `*` under names"),
            Self::OneLabel(s) => write!(f, "`{s}` is one label: write the whole domain, such as `{s}.org`"),
            Self::NotAscii(s) => write!(f, "`{s}` is not ASCII: write its `xn--` form"),
            Self::BadLabel(s) => write!(
                f,
                "`{s}` is not a name: labels have 1 to 63 of a-z, 0-9, `-` and `_`, with dots between"
            ),
            Self::TooLong => write!(f, "a name has at most 253 characters"),
            Self::NotRelative(s) => write!(f, "names are relative to the domain: write `{s}`"),
            Self::Wildcard(s) => write!(f, "`{s}`: `*` may only be the whole first label, as in `*.home`"),
        }
    }
}

impl std::error::Error for NameError {}

/// Whether a value was left as a template had it, such as `<change me>`.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let normalized: String =
        text.to_ascii_lowercase().chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    text.contains(['<', '>'])
        || ["changeme", "yourtoken", "yourapikey", "yourdomain", "xxxxxxxx"]
            .iter()
            .any(|p| normalized.contains(p))
}

/// Labels and dots only, as a hostname or an RRset's name may have them.
pub(crate) fn check_labels(text: &str) -> Result<(), NameError> {
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
        Err(NameError::Placeholder(text.to_owned()))
    } else if !text.is_ascii() {
        Err(NameError::NotAscii(text.to_owned()))
    } else if text.len() > 253 {
        Err(NameError::TooLong)
    } else if text.split('.').any(is_bad) {
        Err(NameError::BadLabel(text.to_owned()))
    } else {
        Ok(())
    }
}

impl ZoneName {
    /// Reads a domain and answers the common mistakes in their own words.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim().to_ascii_lowercase();
        if is_placeholder(&text) {
            return Err(NameError::Placeholder(text));
        }
        let host = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        if host.len() != text.len() {
            return Err(NameError::Scheme(host.to_owned()));
        }
        if let Some(rest) = text.strip_suffix('.') {
            return Err(NameError::TrailingDot(rest.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("*.") {
            return Err(NameError::Star(rest.to_owned()));
        }
        check_labels(&text)?;
        if !text.contains('.') {
            return Err(NameError::OneLabel(text));
        }
        match text.strip_prefix("www.") {
            // `www.org` is a domain like any other.
            Some(rest) if rest.contains('.') => Err(NameError::Www(rest.to_owned())),
            _ => Ok(Self(text)),
        }
    }

    /// The domain in lower case, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An RRset's name relative to its domain: `@` is the apex, a first label `*` the wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RrsetName(String);

impl RrsetName {
    /// Reads a name under `domain`.
    pub fn parse(text: &str, domain: &ZoneName) -> Result<Self, NameError> {
        let text = text.trim().to_ascii_lowercase();
        if text == "@" {
            return Ok(Self(text));
        }
        if let Some(rest) = text.strip_suffix('.') {
            return Err(NameError::TrailingDot(rest.to_owned()));
        }
        if text == domain.as_str() {
            return Err(NameError::NotRelative("@".to_owned()));
        }
        if let Some(rest) = text.strip_suffix(domain.as_str()).and_then(|t| t.strip_suffix('.')) {
            return Err(NameError::NotRelative(rest.to_owned()));
        }
        if text == "*" {
            return Ok(Self(text));
        }
        let labels = text.strip_prefix("*.").unwrap_or(&text);
        if labels.contains('*') {
            return Err(NameError::Wildcard(text));
        }
        check_labels(labels)?;
        if labels.len() + domain.as_str().len() > 250 {
            return Err(NameError::TooLong);
        }
        Ok(Self(text))
    }

    /// The name as it stands in Gandi's paths.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RrsetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Mistake = fn(String) -> NameError;

    fn zone(text: &str) -> ZoneName {
        ZoneName::parse(text).expect(text)
    }

    #[test]
    fn zone_name_is_parsed_and_each_mistake_is_named() {
        for good in ["example.org", "EXAMPLE.org", "a.b.example.co.uk", "www.org", "xn--nxasmq6b.gr"] {
            assert_eq!(zone(good).as_str(), good.to_ascii_lowercase());
        }
        let cases: [(&str, Mistake, &str); 9] = [
            ("*.example.org", NameError::Star, "example.org"),
            ("https://example.org/", NameError::Scheme, "example.org"),
            ("example.org.", NameError::TrailingDot, "example.org"),
            ("www.example.org", NameError::Www, "example.org"),
            ("example", NameError::OneLabel, "example"),
            ("<change me>", NameError::Placeholder, "<change me>"),
            ("ex ample.org", NameError::BadLabel, "ex ample.org"),
            ("exämple.org", NameError::NotAscii, "exämple.org"),
            ("a..org", NameError::BadLabel, "a..org"),
        ];
        for (text, error, inner) in cases {
            assert_eq!(ZoneName::parse(text), Err(error(inner.to_owned())), "{text}");
        }
        assert_eq!(ZoneName::parse(" "), Err(NameError::Empty));
        assert_eq!(
            ZoneName::parse(&"abcdefgh.".repeat(30).replace("h.a", "h.b.a")[..260]),
            Err(NameError::TooLong)
        );
    }

    #[test]
    fn rrset_name_is_parsed_relative_to_its_domain() {
        let domain = zone("example.org");
        for good in ["@", "*", "*.home", "home", "a.b.c", "_acme-challenge", "WWW"] {
            assert!(RrsetName::parse(good, &domain).is_ok(), "{good}");
        }
        for bad in ["", "home.", "a b", "h*me", "a.*", "**", "-a", "@.home", "ho/me", "a.example.org"] {
            assert!(RrsetName::parse(bad, &domain).is_err(), "{bad}");
        }
        let error = |text| RrsetName::parse(text, &domain).expect_err("the domain is repeated").to_string();
        assert!(error("www.example.org").ends_with("write `www`"));
        assert!(error("example.org").ends_with("write `@`"));
    }
}
