//! URLs on the gateway.

use std::fmt;

/// A URL on the gateway: port, path and query of a URL whose host is ignored. Only the gateway is ever contacted: a
/// URL with another host is that of a gateway which has several addresses (CARP, VRRP), or forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) port: u16,
    /// Path and query, with the leading `/`; printable ASCII without spaces.
    pub(super) path: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}{}", self.port, self.path)
    }
}

impl Location {
    /// Parses an absolute `http` URL; `None` for others.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_at_checked("http://".len())?;
        scheme.eq_ignore_ascii_case("http://").then(|| Self::after_scheme(rest))?
    }

    /// Parses a URL without its scheme and `//`.
    fn after_scheme(rest: &str) -> Option<Self> {
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let port = match authority.rsplit_once(':') {
            // The last colon of an IPv6 address in brackets begins no port.
            Some((_, port)) if !port.is_empty() && !port.ends_with(']') => port.parse().ok()?,
            _ => 80,
        };
        Self::new(port, path)
    }

    /// Resolves a reference in the document at this location (RFC 3986, section 5.2); `None` if it is no valid `http`
    /// URL. A reference that begins like `uuid:1/ctl` is a relative path, since routers have such paths.
    pub(super) fn join(&self, reference: &str) -> Option<Self> {
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::after_scheme(rest);
        }
        if reference.split(['/', '?', '#']).next().is_some_and(|s| s.ends_with(':'))
            && reference.contains("://")
        {
            return Self::parse(reference);
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let kept = match reference.bytes().next() {
            None | Some(b'#') => &self.path,
            Some(b'?') => path,
            Some(b'/') => "",
            Some(_) => &path[..=path.rfind('/')?],
        };
        Self::new(self.port, &format!("{kept}{reference}"))
    }

    /// Creates a location without the fragment and the dot segments of `path` (RFC 3986, section 5.2.4).
    fn new(port: u16, path: &str) -> Option<Self> {
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        let (mut clean, mut is_folder) = (String::new(), true);
        for segment in path.split('/').skip(1) {
            is_folder = matches!(segment, "." | "..");
            if segment == ".." {
                clean.truncate(clean.rfind('/').unwrap_or(0));
            } else if !is_folder {
                clean.push('/');
                clean.push_str(segment);
            }
        }
        if is_folder {
            clean.push('/');
        }
        clean.push_str(query);
        clean.bytes().all(|b| b.is_ascii_graphic()).then_some(Self { port, path: clean })
    }
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
            ("http://[fe80::1]:5000/root.xml", ":5000/root.xml"),
            ("http://[fe80::1]/root.xml", ":80/root.xml"),
            ("http://192.168.1.1:x/", "none"),
            ("http://192.168.1.1:99999/", "none"),
            ("http://192.168.1.1/a b", "none"),
            ("http://192.168.1.1/a\r\nX: y", "none"),
            ("http://192.168.1.1/\u{e4}", "none"),
            ("https://192.168.1.1/", "none"),
            ("file:///etc/passwd", "none"),
            ("http:/", "none"),
            ("", "none"),
            ("\u{e4}\u{e4}\u{e4}\u{e4}", "none"),
        ] {
            assert_eq!(text(Location::parse(url)), expected, "{url}");
        }
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
