//! URLs that requests may be sent to: HTTPS, or plain HTTP to a loopback address, which is enough for tests. The heartbeat
//! may also use plain HTTP in a private network.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::sys::secret;

/// A checked URL without a trailing slash, unless it has a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    host: String,
}

/// The problem with a URL that has a user name: name and password would appear in messages.
pub(crate) const USER_INFO: &str = "URLs with a user name are not supported";
/// The problem with a URL in another script than ASCII.
pub(crate) const NOT_ASCII: &str = "URLs have ASCII characters only: write the host in its `xn--` form";

/// The addresses that plain HTTP is permitted to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Loopback,
    /// Also those of private networks.
    Private,
}

impl Plain {
    fn permits(self, ip: IpAddr) -> bool {
        ip.is_loopback()
            || self == Self::Private
                && match ip {
                    IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
                    IpAddr::V6(ip) => ip.is_unique_local(),
                }
    }
}

impl Endpoint {
    /// Parses a URL. The host is compared as a whole, never as a prefix: `http://127.0.0.1.example` is not loopback.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with(text, Plain::Loopback)
    }

    /// Parses a URL that may also be plain HTTP to a private address: RFC 1918, link-local IPv4 (RFC 3927) or unique local
    /// (RFC 4193). A name is none, since it may have another address tomorrow; link-local IPv6 needs an interface.
    pub fn parse_private(text: &str) -> Result<Self, String> {
        Self::parse_with(text, Plain::Private)
    }

    fn parse_with(text: &str, plain: Plain) -> Result<Self, String> {
        if !text.is_ascii() {
            return Err(NOT_ASCII.to_owned());
        }
        let not_a_url = || ["`", text, "` is not a URL such as https://host/path"].concat();
        let uri: Uri = text.parse().map_err(|_| not_a_url())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(not_a_url());
        };
        if authority.as_str().contains('@') {
            return Err(USER_INFO.to_owned());
        }
        let host = authority.host();
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        // `Authority` accepts `a:b[::1]`, `host:`, `host:99999`, `[::1]host:80` and `0:22[::1]:80`.
        let is_in_brackets = literal.is_some_and(|ip| ip.is_ipv6()) && host.starts_with('[');
        let is_host_valid = !host.is_empty() && (is_in_brackets || !host.contains(['[', ']', ':']));
        let after = authority.as_str().strip_prefix(host);
        let is_port_valid = after == Some("")
            || authority
                .port()
                .is_some_and(|port| after.and_then(|a| a.strip_prefix(':')) == Some(port.as_str()));
        // A token in place of the host: it would be looked up in DNS, and be printed in lower case.
        let is_secret = secret::is_in(host);
        if is_secret
            || !is_host_valid
            || !is_port_valid
            || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
        {
            return Err(not_a_url());
        }
        match scheme {
            "https" => {}
            "http" if literal.is_some_and(|ip| plain.permits(ip)) => {}
            _ => return Err(["`", text, "` must begin with https://"].concat()),
        }
        let is_whole = text.contains('?');
        Ok(Self {
            text: if is_whole { text } else { text.trim_end_matches('/') }.to_owned(),
            host: host.to_ascii_lowercase(),
        })
    }

    /// Returns the whole URL, without a trailing slash unless it has a query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the host alone, as in `api.gandi.net` or `[::1]`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path, without a trailing slash.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = &self.text[self.origin().len()..];
        path.split('?').next().unwrap_or_default().trim_end_matches('/')
    }

    /// Returns the URL without `suffix` at the end of its path, or as it is if the path ends otherwise.
    #[must_use]
    pub fn parent(&self, suffix: &str) -> &str {
        // The path alone: the host may end in the same way.
        if self.text[self.origin().len()..].ends_with(suffix) {
            self.text.strip_suffix(suffix).unwrap_or(&self.text)
        } else {
            &self.text
        }
    }

    /// Returns the origin (RFC 6454): scheme, host and port, as in `https://api.gandi.net:443`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let after_scheme = self.text.find("://").map_or(0, |i| i + 3);
        let end = self.text[after_scheme..].find(['/', '?']).map_or(self.text.len(), |i| after_scheme + i);
        &self.text[..end]
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_https_or_http_to_a_loopback_address() {
        for good in [
            "https://api.gandi.net/v5/livedns",
            "https://api.gandi.net/",
            "http://127.0.0.1:8080/x",
            "http://127.0.0.9",
            "http://[::1]:80/",
            "https://[2001:db8::1]:8443/v5",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.gandi.net",
            "/v5",
            "https://",
            "http://api.gandi.net",
            "http://127.0.0.1.example.org",
            "http://localhost",
            "http://127.0.0.1@example.org",
            "https://user:pw@example.org",
            "ftp://127.0.0.1",
            "https://a b",
            "https://example.org/#x",
            "https://example.org:99999",
            "https://example.org:",
            "http://[::ffff:127.0.0.1]/",
            "http://[::1]a.example:80/",
            "https://[::1]222:8443/",
            "https://[::1]222/",
            "https://example.org/\u{8b}",
            "https://20:d[::1]:8443/",
            "https://0:22[::1]:83/",
            "https://[a.example]/",
            "https://[127.0.0.1]/",
            "https://AbCdEfGhIjKlMnOpQrStUvWx1Yz2:443/",
            "https://0123456789abcdef0123456789abcdef01234567",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parse_private_accepts_http_to_a_private_address() {
        for private in [
            "http://192.168.1.2:3001/api/push/KEY?status=up&msg=OK&ping=",
            "http://10.0.0.1",
            "http://172.31.255.255/x",
            "http://169.254.1.1/",
            "http://[fd00::1]:3001/x",
            "http://[fc00::1]/",
        ] {
            assert!(Endpoint::parse_private(private).is_ok(), "{private}");
            assert!(Endpoint::parse(private).is_err(), "{private}");
        }
        for both in ["http://127.0.0.1/x", "http://[::1]:80", "https://example.org/?x", "https://81.2.69.142"]
        {
            assert!(Endpoint::parse_private(both).is_ok() && Endpoint::parse(both).is_ok(), "{both}");
        }
        for bad in [
            "http://81.2.69.142/x",
            "http://172.32.0.1/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://192.168.1/x",
            "http://3232235778/",
            "http://0300.0250.1.2/",
            "http://192.168.1.2.example.org/",
            "http://192.168.1.2@example.org/",
            "http://user:pw@192.168.1.2/",
            "http://example.org/192.168.1.2",
            "http://kuma.local/x",
            "http://kuma:3001/x",
            "http://[fe80::1]/",
            "http://[::ffff:192.168.1.2]/",
            "http://[2a01:e0a:1:2::3]/",
            "ftp://192.168.1.2/",
        ] {
            assert!(Endpoint::parse_private(bad).is_err(), "{bad}");
        }
        assert!(Endpoint::parse("https://müller.de/").is_err_and(|e| e.contains("`xn--` form")));
        assert_eq!(Endpoint::parse("https://user:pw@example.org"), Err(USER_INFO.to_owned()));
    }

    #[test]
    fn url_with_a_query_is_kept_as_it_is() {
        for (url, kept) in [
            ("https://a.example/x?y=/", "https://a.example/x?y=/"),
            ("https://a.example/?", "https://a.example/?"),
            ("https://a.example/x//", "https://a.example/x"),
        ] {
            assert_eq!(Endpoint::parse(url).expect(url).as_str(), kept);
        }
    }

    #[test]
    fn endpoint_returns_its_host_path_and_origin() {
        let e = Endpoint::parse("https://API.gandi.net:8443/v5/livedns/").expect("a URL");
        assert_eq!(
            (e.as_str(), e.host(), e.path(), e.origin()),
            (
                "https://API.gandi.net:8443/v5/livedns",
                "api.gandi.net",
                "/v5/livedns",
                "https://API.gandi.net:8443"
            )
        );
        assert_eq!(Endpoint::parse("http://127.0.0.1?x").expect("a URL").origin(), "http://127.0.0.1");
    }
}
