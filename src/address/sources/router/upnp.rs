//! `UPnP` Internet Gateway Device, versions 1 and 2: SSDP finds the description of the gateway, which names the service
//! for `GetExternalIPAddress` (`UPnP` Device Architecture 1.1; `WANIPConnection` 1 and 2).
//!
//! The XML is searched and not parsed: two elements of a small document that routers fill in from a template do not
//! justify the size of a parser. URLs that do not lead to the gateway are not followed.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::http::{Http, HttpError, Method, Request};
use crate::net::{Family, udp};

/// The multicast group and port of SSDP (`UPnP` Device Architecture 1.1, section 1.3).
const SSDP: (Ipv4Addr, u16) = (Ipv4Addr::new(239, 255, 255, 250), 1900);
/// Timeout of the search. The request allows responses to take `MX` seconds, the shortest possible value.
const DISCOVERY_TIMEOUT: Duration = Duration::from_millis(1500);
/// Timeout of one HTTP exchange.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum size of the description, in bytes.
const MAX_DESCRIPTION: u64 = 64 * 1024;
/// Maximum size of a SOAP response, in bytes.
const MAX_SOAP: u64 = 8 * 1024;
/// Maximum number of services of one router that are queried.
const MAX_SERVICES: usize = 4;
/// The service types that know the external address, in order of preference: IP connections before PPP connections.
const SERVICES: [&str; 3] = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"];

/// Reasons for a gateway to give no address via `UPnP`. The text continues "the gateway 192.168.1.1 ".
#[derive(Debug)]
pub enum UpnpError {
    /// The gateway did not answer the search.
    Silent,
    /// The search could not be sent.
    Search(io::Error),
    /// The request for its description or its address failed.
    Http(HttpError),
    /// The request for the description or the address was answered with another status than 200.
    Status {
        /// The requested document, in words.
        document: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The description names no service of a WAN connection.
    NoService,
    /// The gateway has no external address: it is not connected.
    NoAddress,
    /// The response has no valid address.
    NotUnderstood,
}

impl fmt::Display for UpnpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => write!(f, "does not answer UPnP"),
            Self::Search(_) => write!(f, "could not be searched for via UPnP"),
            Self::Http(_) => write!(f, "answers UPnP, but the request failed"),
            Self::Status { document, status } => {
                write!(f, "answers UPnP, but the request for its {document} failed with status {status}")
            }
            Self::NoService => write!(f, "answers UPnP, but has no WAN connection service"),
            Self::NoAddress => write!(f, "reports via UPnP that it has no external address (not connected)"),
            Self::NotUnderstood => write!(f, "answers UPnP, but not with a valid address"),
        }
    }
}

impl std::error::Error for UpnpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Search(e) => Some(e),
            Self::Http(e) => Some(e),
            _ => None,
        }
    }
}

/// Asks `gateway`, and no other machine, for its external address.
pub(super) fn query(http: &Http, gateway: Ipv4Addr) -> Result<Ipv4Addr, UpnpError> {
    let location = discover(gateway, http.remaining()).map_err(UpnpError::Search)?;
    let location = location.ok_or(UpnpError::Silent)?;
    let description = fetch(http, Method::Get, &location.to_string(), MAX_DESCRIPTION, "description")?;
    let mut error = UpnpError::NoService;
    for (service, url) in services(&description, &location).into_iter().take(MAX_SERVICES) {
        match external_address(http, service, &url) {
            Ok(address) if !address.is_unspecified() => return Ok(address),
            Ok(_) => error = UpnpError::NoAddress,
            Err(e) => error = e,
        }
    }
    Err(error)
}

/// Returns the location of the gateway's description: the first one that it sends and that is on the gateway itself.
/// Returns `None` if the gateway does not answer.
fn discover(gateway: Ipv4Addr, timeout: Duration) -> io::Result<Option<Location>> {
    let deadline = Instant::now() + timeout.min(DISCOVERY_TIMEOUT);
    // Bound to the source address towards the gateway, so that multicast leaves by that interface (ip(7)).
    let source = udp::connected((gateway, SSDP.1).into())?.local_addr()?.ip();
    let socket = UdpSocket::bind((source, 0))?;
    for version in [1, 2] {
        let search = format!(
            "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\
             ST: urn:schemas-upnp-org:device:InternetGatewayDevice:{version}\r\n\r\n"
        );
        socket.send_to(search.as_bytes(), SSDP)?;
        // By unicast as well, since some networks drop multicast. A failure is ignored: it is the second copy.
        let _ = socket.send_to(search.as_bytes(), (gateway, SSDP.1));
    }
    let mut location = None;
    udp::receive_until(deadline, &socket, &mut |packet| {
        // An error belongs to an earlier packet, such as one to a closed port: keep waiting.
        if let Ok((response, sender)) = packet
            && sender.ip() == gateway
        {
            location = Location::of_response(&String::from_utf8_lossy(response), gateway);
        }
        if location.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(location)
}

/// A URL on the gateway itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Location {
    gateway: Ipv4Addr,
    port: u16,
    /// Path and query, with the leading `/`.
    path: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.gateway, self.port, self.path)
    }
}

impl Location {
    /// Returns the `LOCATION` of a search response, if it is on the gateway.
    fn of_response(response: &str, gateway: Ipv4Addr) -> Option<Self> {
        let mut lines = response.lines();
        let status = lines.next()?;
        if !(status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200")) {
            return None;
        }
        let location = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        };
        Self::parse(&lines.find_map(location)?, gateway)
    }

    /// Parses an `http://` URL with the gateway's address as host; `None` for other URLs.
    fn parse(url: &str, gateway: Ipv4Addr) -> Option<Self> {
        let (scheme, rest) = url.split_at_checked("http://".len())?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
        let is_valid = scheme.eq_ignore_ascii_case("http://")
            && host.parse::<IpAddr>().is_ok_and(|ip| ip == gateway)
            && path.bytes().all(|b| b.is_ascii_graphic());
        let path = if path.is_empty() { "/" } else { path };
        is_valid.then_some(Self { gateway, port: port.parse().ok()?, path: path.to_owned() })
    }

    /// Resolves a reference in the document at this location (RFC 3986, section 5.2, without `..`); `None` if it leads
    /// away from the gateway.
    fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.replace("&amp;", "&");
        if reference.contains("://") {
            return Self::parse(&reference, self.gateway);
        }
        let folder = if reference.starts_with('/') { "" } else { &self.path[..=self.path.rfind('/')?] };
        let path = format!("{folder}{reference}");
        path.bytes().all(|b| b.is_ascii_graphic()).then_some(Self { path, ..self.clone() })
    }
}

/// Returns the services that know the external address, in the order of [`SERVICES`], with the control URL of each.
fn services(description: &str, location: &Location) -> Vec<(&'static str, String)> {
    // `URLBase` exists in version 1.0 only; without it, URLs are relative to the description.
    let base = element(description, "URLBase").and_then(|(base, _)| Location::parse(base, location.gateway));
    let base = base.unwrap_or_else(|| location.clone());
    let mut urls = Vec::new();
    for service_type in SERVICES {
        let mut rest = description;
        while let Some((service, after)) = element(rest, "service") {
            rest = after;
            let urn = element(service, "serviceType").map_or("", |(urn, _)| urn);
            let url = element(service, "controlURL").and_then(|(url, _)| base.join(url));
            if let Some(url) = url.filter(|_| urn.strip_prefix(URN) == Some(service_type)) {
                urls.push((service_type, url.to_string()));
            }
        }
    }
    urls
}

/// The beginning of each service type.
const URN: &str = "urn:schemas-upnp-org:service:";

/// Returns the text of the first element of this name, and the rest of the document after it.
fn element<'a>(xml: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut rest = xml;
    loop {
        let (_, after) = rest.split_once('<')?;
        rest = after;
        // Matches `<service>` and `<service attribute="x">`, but not `<serviceType>`.
        if let Some(tag) = rest.strip_prefix(name).filter(|t| t.starts_with(['>', ' ', '\t', '\r', '\n'])) {
            let (_, inside) = tag.split_once('>')?;
            let (text, after) = inside.split_once(&format!("</{name}>"))?;
            return Some((text.trim(), after));
        }
    }
}

/// Calls `GetExternalIPAddress` of one service.
fn external_address(http: &Http, service: &str, url: &str) -> Result<Ipv4Addr, UpnpError> {
    let body = format!(
        "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:GetExternalIPAddress xmlns:u=\"{URN}{service}\"></u:GetExternalIPAddress></s:Body></s:Envelope>\r\n"
    );
    let action = format!("\"{URN}{service}#GetExternalIPAddress\"");
    let post = Method::Post {
        content_type: "text/xml; charset=\"utf-8\"",
        header: Some(("SOAPAction", &action)),
        body: &body,
    };
    let response = fetch(http, post, url, MAX_SOAP, "address")?;
    let (address, _) = element(&response, "NewExternalIPAddress").ok_or(UpnpError::NotUnderstood)?;
    if address.is_empty() {
        return Err(UpnpError::NoAddress);
    }
    address.parse().map_err(|_| UpnpError::NotUnderstood)
}

/// Sends a request and returns the body of a response with status 200.
fn fetch(
    http: &Http,
    method: Method,
    url: &str,
    limit: u64,
    document: &'static str,
) -> Result<String, UpnpError> {
    let family = Some(Family::V4);
    let request = Request { method, url, authorization: None, family, limit, timeout: TIMEOUT };
    let response = http.send(&request).map_err(UpnpError::Http)?;
    if response.status != 200 {
        return Err(UpnpError::Status { document, status: response.status });
    }
    Ok(String::from_utf8_lossy(&response.body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

    fn location() -> Location {
        Location { gateway: GATEWAY, port: 5000, path: "/igd/root.xml".to_owned() }
    }

    #[test]
    fn location_is_read_from_a_search_response_of_the_gateway_only() {
        let location = |text: &str| Location::of_response(text, GATEWAY).map(|l| l.to_string());
        let good = "http://192.168.1.1:5000/igd/root.xml";
        assert_eq!(
            location(&format!("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: {good}\r\n\r\n")).as_deref(),
            Some(good)
        );
        assert_eq!(location(&format!("HTTP/1.0 200 OK\nLocation:{good}\n")).as_deref(), Some(good));
        for bad in [
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1:5000/igd/root.xml\r\n",
            "NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1:5000/igd/root.xml\r\n",
            "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.77:5000/igd/root.xml\r\n",
        ] {
            assert_eq!(location(bad), None, "{bad}");
        }
    }

    #[test]
    fn location_must_be_on_the_gateway() {
        let parse = |url| Location::parse(url, GATEWAY).map(|l| l.to_string());
        assert_eq!(parse("http://192.168.1.1").as_deref(), Some("http://192.168.1.1:80/"));
        assert_eq!(parse("HTTP://192.168.1.1:1/a?b").as_deref(), Some("http://192.168.1.1:1/a?b"));
        for bad in [
            "https://192.168.1.1/",
            "http://192.168.1.1.example.org/",
            "http://192.168.1.1@example.org/",
            "http://example.org/192.168.1.1",
            "http://192.168.1.2/",
            "http://192.168.1.1:x/",
            "http://192.168.1.1:99999/",
            "http://192.168.1.1/a b",
            "http://192.168.1.1/\u{e4}",
            "file:///etc/passwd",
            "http:/",
            "\u{e4}\u{e4}\u{e4}\u{e4}",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn references_are_resolved_on_the_gateway_only() {
        let join = |reference| location().join(reference).map(|l| l.path + &format!(" {}", l.port));
        assert_eq!(join("/ctl/IPConn").as_deref(), Some("/ctl/IPConn 5000"));
        assert_eq!(join("ctl?a=1&amp;b=2").as_deref(), Some("/igd/ctl?a=1&b=2 5000"));
        assert_eq!(join("http://192.168.1.1:49152/c").as_deref(), Some("/c 49152"));
        assert_eq!(join("http://192.168.1.9/c"), None);
        assert_eq!(join("/a b"), None);
    }

    fn service(kind: &str, url: &str) -> String {
        format!(
            "<service>\n<serviceType>urn:schemas-upnp-org:service:{kind}</serviceType>\n\
             <serviceId>x</serviceId><controlURL>{url}</controlURL></service>"
        )
    }

    #[test]
    fn services_of_a_description_are_found_in_order_of_preference() {
        let found = |xml: &str| {
            let all = services(xml, &location()).into_iter();
            all.map(|(kind, url)| format!("{kind} {url}")).collect::<Vec<_>>().join(" ")
        };
        let all = service("Layer3Forwarding:1", "/l3")
            + &service("WANPPPConnection:1", "/ppp")
            + &service("WANIPConnection:1", "ip")
            + &service("WANIPConnection:3", "/three");
        assert_eq!(
            found(&all),
            "WANIPConnection:1 http://192.168.1.1:5000/igd/ip WANPPPConnection:1 http://192.168.1.1:5000/ppp"
        );
        let two = service("WANIPConnection:2", "/two");
        assert_eq!(found(&two), "WANIPConnection:2 http://192.168.1.1:5000/two");
        let based = |base: &str| found(&format!("<URLBase>{base}</URLBase>{two}"));
        assert_eq!(based("http://192.168.1.1:99/"), "WANIPConnection:2 http://192.168.1.1:99/two");
        assert_eq!(based("http://192.168.1.9:99/"), "WANIPConnection:2 http://192.168.1.1:5000/two");
        for nothing in [
            "",
            "<service>",
            "<html><body>please log in</body></html>",
            "<service></service>",
            "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType></service>",
            &service("WANIPConnection:1", "http://192.168.1.9/ctl"),
            &service("WANIPConnection:1", "/ctl")[..90],
        ] {
            assert_eq!(found(nothing), "", "{nothing}");
        }
    }

    #[test]
    fn element_is_the_first_of_its_name() {
        assert_eq!(element("<a><b x=\"1\"> t </b>u", "b"), Some(("t", "u")));
        assert_eq!(element("<bc>1</bc><b>2</b>", "b"), Some(("2", "")));
        for bad in ["", "<", "<b", "<b>", "<b>1", "<b 1</b>", "b>1</b>"] {
            assert_eq!(element(bad, "b"), None, "{bad}");
        }
    }
}
