//! URLs on the gateway.

#[cfg(test)]
use std::fmt;

use crate::sys::words::number;

/// Maximum length of path and query. Every request fits into one write.
const MAX_PATH: usize = 1000;

/// A URL on the gateway: port, path and query of a URL whose host is ignored. Only the gateway is ever contacted: a
/// URL with another host is that of a gateway which has several addresses (CARP, VRRP), or forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(super) port: u16,
    /// Path and query, with the leading `/`; printable ASCII without spaces.
    pub(super) path: String,
}

#[cfg(test)]
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}{}", self.port, self.path)
    }
}

impl Location {
    /// Parses an `http` URL; `None` for others. The scheme may be missing before the `//`.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = split_before(url, b"/?#");
        let (authority, path) = split_before(rest.strip_prefix("//")?, b"/?#");
        // User name and password may contain a colon.
        let authority = authority.rsplit('@').next()?;
        let port = match authority.rfind(':') {
            // The last colon of an IPv6 address in brackets begins no port.
            Some(colon) if !authority.ends_with(':') && !authority.ends_with(']') => {
                number(&authority[colon + 1..], 10)?
            }
            _ => 80,
        };
        let is_http = scheme.is_empty() || scheme.eq_ignore_ascii_case("http:");
        Self::new(port, path).filter(|_| is_http)
    }

    /// Resolves a reference in the document at this location (RFC 3986, section 5.2); `None` if it is no valid `http`
    /// URL. A reference that begins like `uuid:1/ctl` is a relative path, since routers have such paths.
    pub(super) fn join(&self, reference: &str) -> Option<Self> {
        let (scheme, rest) = split_before(reference, b"/?#");
        if rest.starts_with("//") && (scheme.is_empty() || scheme.ends_with(':')) {
            return Self::parse(reference);
        }
        let path = split_before(&self.path, b"?").0;
        let kept = match reference.bytes().next() {
            None | Some(b'#') => &self.path,
            Some(b'?') => path,
            Some(b'/') => "",
            Some(_) => &path[..=path.rfind('/')?],
        };
        Self::new(self.port, &[kept, reference].concat())
    }

    /// Creates a location without the fragment and the dot segments of `path` (RFC 3986, section 5.2.4).
    fn new(port: u16, path: &str) -> Option<Self> {
        let (path, query) = split_before(split_before(path, b"#").0, b"?");
        let mut kept = Vec::new();
        for segment in path.split('/') {
            if segment == ".." {
                kept.pop();
            } else if segment != "." {
                kept.push(segment);
            }
        }
        if path.ends_with("/.") || path.ends_with("/..") {
            kept.push("");
        }
        let path = kept.join("/");
        let path = ["/", path.strip_prefix("/").unwrap_or(&path), query].concat();
        let is_valid = path.len() <= MAX_PATH && path.bytes().all(|b| b.is_ascii_graphic());
        is_valid.then_some(Self { port, path })
    }
}

/// Splits before the first of these bytes, or at the end.
fn split_before<'a>(text: &'a str, bytes: &[u8]) -> (&'a str, &'a str) {
    text.split_at(text.bytes().position(|b| bytes.contains(&b)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(location: Option<Location>) -> String {
        location.map_or("none".to_owned(), |l| l.to_string())
    }

    #[test]
    fn location_has_port_and_path_of_an_http_url_and_no_host() {
        for (url, expected) in [
            ("http://192.168.1.1", ":80/"),
            ("http://192.168.1.1:", ":80/"),
            ("HTTP://192.168.1.1:1/a?b", ":1/a?b"),
            ("http://192.168.1.1?b", ":80/?b"),
            ("http://192.168.1.1:5000/a#b", ":5000/a"),
            ("http://192.168.1.1:5000/a/../../b/./c/", ":5000/b/c/"),
            ("http://192.168.1.254:5000/root.xml", ":5000/root.xml"),
            ("http://router.example:5000/root.xml", ":5000/root.xml"),
            ("http://user@evil.example:5000/root.xml", ":5000/root.xml"),
            ("http://user:pass@192.168.1.1/root.xml", ":80/root.xml"),
            ("http://user:1@[fe80::1]", ":80/"),
            ("http://user:1@192.168.1.1:5000/a@b:c", ":5000/a@b:c"),
            ("http://[fe80::1]:5000/root.xml", ":5000/root.xml"),
            ("http://[fe80::1]/root.xml", ":80/root.xml"),
            ("http://192.168.1.1:x/", "none"),
            ("http://192.168.1.1:99999/", "none"),
            ("http://192.168.1.1/a b", "none"),
            ("http://192.168.1.1/a\r\nX: y", "none"),
            ("http://192.168.1.1/\u{e4}", "none"),
            ("https://192.168.1.1/", "none"),
            ("file:///etc/passwd", "none"),
            ("//h:5000/c", ":5000/c"),
            ("192.168.1.1/c", "none"),
            ("http:/", "none"),
            ("", "none"),
            ("\u{e4}\u{e4}\u{e4}\u{e4}", "none"),
        ] {
            assert_eq!(text(Location::parse(url)), expected, "{url}");
        }
        let path = format!("/{}", "x".repeat(999));
        assert_eq!(text(Location::parse(&format!("http://h{path}"))), format!(":80{path}"));
        assert_eq!(text(Location::parse(&format!("http://h{path}x"))), "none");
    }

    #[test]
    fn references_are_resolved_as_rfc_3986_says() {
        for (base, reference, expected) in [
            ("http://h:5000/igd/root.xml", "http://h:49152/c", ":49152/c"),
            ("http://h:5000/igd/root.xml", "HTTP://192.168.1.9/c?x=y", ":80/c?x=y"),
            ("http://h:5000/igd/root.xml", "//h:49152/c", ":49152/c"),
            ("http://h:5000/igd/root.xml", "/ctl/IPConn", ":5000/ctl/IPConn"),
            ("http://h:5000/igd/root.xml", "/ctl/?0", ":5000/ctl/?0"),
            ("http://h:5000/igd/root.xml", "ctl", ":5000/igd/ctl"),
            ("http://h:5000/igd/root.xml", "./ctl", ":5000/igd/ctl"),
            ("http://h:5000/igd/root.xml", "ctl?a=/../b", ":5000/igd/ctl?a=/../b"),
            ("http://h:5000/igd/root.xml", "../x", ":5000/x"),
            ("http://h:5000/igd/root.xml", "../../../x", ":5000/x"),
            ("http://h:5000/igd/root.xml", "..", ":5000/"),
            ("http://h:5000/igd/root.xml", ".", ":5000/igd/"),
            ("http://h:5000/igd/root.xml", "uuid:1/ctl", ":5000/igd/uuid:1/ctl"),
            ("http://h:5000/igd/root.xml", "?control=x", ":5000/igd/root.xml?control=x"),
            ("http://h:5000/igd?page=root", "?control=x", ":5000/igd?control=x"),
            ("http://h:5000/a/b?dir=/c/d", "ctl", ":5000/a/ctl"),
            ("http://h:5000/a/b?c", "", ":5000/a/b?c"),
            ("http://h:5000/a/b?c", "#f", ":5000/a/b?c"),
            ("http://h:5000", "ctl", ":5000/ctl"),
            ("http://h:5000", "?control=x", ":5000/?control=x"),
            ("http://h:5000/igd/root.xml", "https://h/c", "none"),
            ("http://h:5000/igd/root.xml", "ftp://h/c", "none"),
            ("http://h:5000/igd/root.xml", "/a b", "none"),
            ("http://h:5000/igd/root.xml", "http://h:x/", "none"),
        ] {
            let base = Location::parse(base).expect(base);
            assert_eq!(text(base.join(reference)), expected, "{reference} at {base}");
        }
    }
}
