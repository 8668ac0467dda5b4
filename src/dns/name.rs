//! The names of zones and of RRsets as types. Parsing proves their invariants once, so that no other code checks them.
//! The errors name the common mistakes and their remedies.

use std::fmt;
use std::rc::Rc;

/// The name of a zone at Gandi (RFC 1034, section 4.2): a registered domain such as `example.org`.
///
/// Lower case, at least two labels of 1 to 63 letters, digits, hyphens or underscores, at most 253 characters (RFC
/// 1035, section 2.3.4), no trailing dot. A copy shares the text, since thousands of records may have one domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneName(Rc<str>);

/// A text is not a valid name.
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
    /// The name is not ASCII and needs its `xn--` form (RFC 5890, section 2.3.2.1); with the name.
    NotAscii(String),
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
            Self::NotAscii(s) => write!(f, "`{s}` is not ASCII: write its `xn--` form"),
            Self::BadLabel(s) => write!(
                f,
                "`{s}` is not a valid name: use labels of 1 to 63 letters a-z, digits, `-` and `_`, separated by dots"
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
    text.contains(['<', '>'])
        || ["changeme", "yourtoken", "yourapikey", "yourdomain", "xxxxxxxx"]
            .iter()
            .any(|p| normalized.contains(p))
}

/// Checks that the text is a name of valid labels, as in [`ZoneName`]; one label is enough.
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
    /// Parses a domain, in any case. The error names the mistake and its remedy.
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
            // `www.org` itself is a valid domain.
            Some(rest) if rest.contains('.') => Err(NameError::Www(rest.to_owned())),
            _ => Ok(Self(text.into())),
        }
    }

    /// Returns true if it may be a subdomain of a registered domain: it has more than two labels.
    #[must_use]
    pub fn may_be_subdomain(&self) -> bool {
        self.0.matches('.').count() > 1
    }

    /// Returns the domain in lower case, without a trailing dot.
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

/// The name of an RRset relative to its zone, as in master files (RFC 1035, section 5.1).
///
/// `@` for the apex, or labels as in [`ZoneName`], the first of which may be `*`, the wildcard (RFC 4592, section
/// 2.1.1). Together with the zone it has at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RrsetName(Rc<str>);

impl RrsetName {
    /// Parses a name relative to `domain`, in any case. The error names the mistake and its remedy.
    pub fn parse(text: &str, domain: &ZoneName) -> Result<Self, NameError> {
        let text = text.trim().to_ascii_lowercase();
        if text == "@" {
            return Ok(Self(text.into()));
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
            return Ok(Self(text.into()));
        }
        let labels = text.strip_prefix("*.").unwrap_or(&text);
        if labels.contains('*') {
            return Err(NameError::Wildcard(text));
        }
        check_labels(labels)?;
        if labels.len() + domain.as_str().len() > 250 {
            return Err(NameError::TooLong);
        }
        Ok(Self(text.into()))
    }

    /// Returns this name and those above it, below the apex: `a.home` and `home` of `a.home`. None for the apex.
    #[must_use]
    pub fn with_parents(&self) -> Vec<&str> {
        let own = Some(self.as_str()).filter(|name| *name != "@");
        std::iter::successors(own, |name| name.split_once('.').map(|(_, parent)| parent)).collect()
    }

    /// Returns the name as it appears in the paths of Gandi's API.
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
        let name = |text| RrsetName::parse(text, &domain).expect(text);
        assert_eq!(name("@").with_parents(), [""; 0]);
        assert_eq!(name("home").with_parents(), ["home"]);
        assert_eq!(name("*.a.home").with_parents(), ["*.a.home", "a.home", "home"]);
    }
}
