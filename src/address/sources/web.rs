//! The source `web`: HTTPS echo services ("what is my IP"), which answer with the client's address and nothing else.

use std::net::IpAddr;
use std::time::Duration;

use crate::address::answer::SourceError;
use crate::http::Endpoint;
use crate::http::{Http, Method, Request};
use crate::net::{Device, Family};

/// Maximum size of a plain response, in bytes. An address needs at most 46.
const MAX_BODY: u64 = 256;
/// Maximum size of a trace by Cloudflare, in bytes: a dozen lines of `key=value`.
const MAX_TRACE: u64 = 1024;
/// Timeout of one exchange. It is short, so that a few services that hang leave time for other services, for the other
/// family and for Gandi.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The path of a trace, on each host behind Cloudflare.
const TRACE_PATH: &str = "/cdn-cgi/trace";

/// An echo service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its provider. All services of one provider have one vote.
    pub provider: String,
    /// Its URL.
    pub url: Endpoint,
}

/// The format of a response.
#[derive(Clone, Copy)]
pub(in crate::address) enum Format {
    /// The address alone.
    Plain,
    /// Lines of `key=value`, one of which is `ip=ADDRESS`.
    Trace,
}

// One vote per provider: if a provider reports a wrong address, all its services do.
const V4: [(&str, &str); 6] = [
    ("ipify", "https://api4.ipify.org"),
    ("cloudflare", "https://ipv4.icanhazip.com"),
    ("ident.me", "https://v4.ident.me"),
    ("aws", "https://checkip.amazonaws.com"),
    ("desec", "https://checkipv4.dedyn.io"),
    ("seeip", "https://ipv4.seeip.org"),
];
const V6: [(&str, &str); 5] = [
    ("ipify", "https://api6.ipify.org"),
    ("cloudflare", "https://ipv6.icanhazip.com"),
    ("ident.me", "https://v6.ident.me"),
    ("desec", "https://checkipv6.dedyn.io"),
    ("seeip", "https://ipv6.seeip.org"),
];

/// Returns provider and URL of each built-in service of a family, one per provider.
pub(crate) const fn table(family: Family) -> &'static [(&'static str, &'static str)] {
    match family {
        Family::V4 => &V4,
        Family::V6 => &V6,
    }
}

/// Returns the built-in services of a family.
#[must_use]
pub fn built_in(family: Family) -> Vec<Service> {
    // Every entry parses, as a unit test shows.
    table(family)
        .iter()
        .filter_map(|(provider, url)| {
            Some(Service { provider: (*provider).to_owned(), url: Endpoint::parse(url).ok()? })
        })
        .collect()
}

/// Queries a service over `family` only, by `device` if there is one, within `timeout`, and within 5 s from the moment that its name is resolved.
pub(crate) fn query(
    http: &Http,
    service: &Service,
    device: Option<&Device>,
    family: Family,
    timeout: Duration,
) -> Result<IpAddr, SourceError> {
    let (format, limit) =
        if service.url.path() == TRACE_PATH { (Format::Trace, MAX_TRACE) } else { (Format::Plain, MAX_BODY) };
    let request = Request {
        method: Method::Get,
        url: service.url.as_str(),
        authorization: None,
        family: Some(family),
        limit,
        timeout: TIMEOUT,
        total: timeout,
    };
    let response = http.send_by(&request, device).map_err(SourceError::Http)?;
    if response.status != 200 {
        return Err(SourceError::Status(response.status));
    }
    parse(&response.body, format)
}

/// Parses the body of a response, which must have exactly one address.
pub(in crate::address) fn parse(body: &[u8], format: Format) -> Result<IpAddr, SourceError> {
    let text = std::str::from_utf8(body).map_err(|_| SourceError::NoAddress)?;
    let text = match format {
        Format::Plain => text,
        Format::Trace => {
            let mut values = text.lines().filter_map(|l| l.strip_prefix("ip="));
            values.next().filter(|_| values.next().is_none()).ok_or(SourceError::NoAddress)?
        }
    };
    text.trim_ascii().parse().map_err(|_| SourceError::NoAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_services_parse_and_have_one_provider_each() {
        for (family, count) in [(Family::V4, V4.len()), (Family::V6, V6.len())] {
            let services = built_in(family);
            let providers: std::collections::BTreeSet<_> = services.iter().map(|s| &s.provider).collect();
            assert_eq!((services.len(), providers.len()), (count, count));
            assert!(count >= 4);
        }
    }

    #[test]
    fn plain_response_must_be_exactly_one_address() {
        let address = |body: &str| parse(body.as_bytes(), Format::Plain).ok().map(|a| a.to_string());
        for body in ["81.2.69.142", "81.2.69.142\n", " 81.2.69.142\r\n"] {
            assert_eq!(address(body).as_deref(), Some("81.2.69.142"), "{body:?}");
        }
        assert_eq!(address("2A01:E0A::1\n").as_deref(), Some("2a01:e0a::1"));
        for body in [
            "",
            " ",
            "81.2.69.142 81.2.69.143",
            "81.2.69.142\n81.2.69.142",
            "<html>81.2.69.142</html>",
            "81.2.69",
            "081.2.69.142",
            "81.2.69.142/32",
            "81.2.69.142:443",
            "[2a01::1]",
            "2a01::1%eth0",
            "ip=81.2.69.142",
            "{\"ip\":\"81.2.69.142\"}",
            "81.2.69.142,",
        ] {
            assert_eq!(address(body), None, "{body:?}");
        }
        assert!(parse(b"81.2.69.142\xff", Format::Plain).is_err());
    }

    #[test]
    fn trace_must_have_exactly_one_ip_line() {
        let trace = |body: &str| parse(body.as_bytes(), Format::Trace).ok();
        assert!(trace("fl=1f1\nh=api.cloudflare.com\nip=81.2.69.142\nts=1.0\n").is_some());
        assert!(trace("fl=1f1\nts=1.0\n").is_none());
        assert!(trace("ip=81.2.69.142\nip=81.2.69.143\n").is_none());
    }
}
