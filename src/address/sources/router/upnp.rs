//! `UPnP` Internet Gateway Device, versions 1 and 2: SSDP finds the description of the gateway, which names the services
//! for `GetExternalIPAddress` (`UPnP` Device Architecture 1.1; `WANIPConnection` 1 and 2).
//!
//! Every request goes to the gateway, whatever host a URL names.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::description::{Service, services};
use super::exchange::{RequestError, exchange};
use super::location::Location;
use super::soap::{self, Answer};
use super::ssdp::{SEARCHES, Search, Sender};
use crate::address::global::reason_not_global;

/// Timeout of the whole search with all its requests.
const TIMEOUT: Duration = Duration::from_secs(6);
/// Timeout of one HTTP exchange.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum size of the description, in bytes.
const MAX_DESCRIPTION: usize = 64 * 1024;
/// Maximum size of a SOAP response, in bytes.
const MAX_SOAP: usize = 8 * 1024;
/// Maximum number of services of one description that are queried.
const MAX_SERVICES: usize = 16;
const USER_AGENT: &str = concat!("gandi-ddns/", env!("CARGO_PKG_VERSION"));

/// Reasons for a gateway to give no address via `UPnP`. The text continues "the gateway 192.168.1.1 ".
pub(super) enum UpnpError {
    /// The gateway did not answer the search.
    Silent,
    /// The search could not be sent.
    NotSent(io::Error),
    /// The request for this document failed.
    Request(Document, RequestError),
    /// The description names no service of a WAN connection.
    NoService,
    /// The gateway has no external address: it is not connected.
    NoAddress,
    /// The response has no valid address.
    NotUnderstood,
}

/// A document that is requested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    Description,
    Address,
}

impl fmt::Display for UpnpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "does not answer UPnP",
            Self::NotSent(e) => return write!(f, "could not be searched for via UPnP: {e}"),
            Self::Request(document, e) => {
                let document = if *document == Document::Address { "address" } else { "description" };
                return write!(f, "answers UPnP, but the request for its {document} failed: {e}");
            }
            Self::NoService => "answers UPnP, but has no WAN connection service",
            Self::NoAddress => "reports via UPnP that it has no external address (not connected)",
            Self::NotUnderstood => "answers UPnP, but not with a valid address",
        })
    }
}

/// Results so far that are not a public address.
struct Best {
    /// The first private address.
    private: Option<Ipv4Addr>,
    /// The last error. A description without a service does not replace another error: routers have more devices.
    error: UpnpError,
}

impl Best {
    /// Returns the address of a result, if it is public; else keeps the result.
    fn public(&mut self, result: Result<Ipv4Addr, UpnpError>) -> Option<Ipv4Addr> {
        match result {
            Ok(address) if reason_not_global(address.into()).is_none() => return Some(address),
            Ok(address) => self.private = self.private.or(Some(address)),
            Err(UpnpError::NoService) if !matches!(self.error, UpnpError::Silent) => {}
            Err(e) => self.error = e,
        }
        None
    }

    /// Returns the private address, or the error if there is none.
    fn result(self) -> Result<Ipv4Addr, UpnpError> {
        self.private.ok_or(self.error)
    }
}

/// Asks `gateway`, and no other machine, for its external address. Every location and service is queried until one has
/// a public address; a private one is returned if there is no other.
pub(super) fn query(gateway: Ipv4Addr, timeout: Duration) -> Result<Ipv4Addr, UpnpError> {
    let deadline = Instant::now() + timeout.min(TIMEOUT);
    let mut search = Search::new(gateway).map_err(UpnpError::NotSent)?;
    let mut best = Best { private: None, error: UpnpError::Silent };
    for (targets, wait) in SEARCHES {
        search.send(targets).map_err(UpnpError::NotSent)?;
        let end = deadline.min(Instant::now() + Duration::from_millis(wait));
        while let Some((location, sender)) = search.next(end) {
            let result = query_location(gateway, &location, deadline);
            // Another sender than the gateway does not prove that the gateway has a description there.
            let is_guess =
                matches!(result, Err(UpnpError::Request(Document::Description, _) | UpnpError::NoService));
            if is_guess && sender == Sender::Other {
                continue;
            }
            if let Some(address) = best.public(result) {
                return Ok(address);
            }
        }
    }
    best.result()
}

/// Reads the description at this location, and queries its services.
fn query_location(gateway: Ipv4Addr, location: &Location, deadline: Instant) -> Result<Ipv4Addr, UpnpError> {
    let (status, description) = fetch(gateway, location, None, deadline)?;
    if status != 200 {
        return Err(UpnpError::Request(Document::Description, RequestError::Status(status)));
    }
    let mut best = Best { private: None, error: UpnpError::NoService };
    for service in services(&description, location).iter().take(MAX_SERVICES) {
        if let Some(address) = best.public(query_service(gateway, service, deadline)) {
            return Ok(address);
        }
    }
    best.result()
}

/// Calls `GetExternalIPAddress` of one service.
fn query_service(gateway: Ipv4Addr, service: &Service, deadline: Instant) -> Result<Ipv4Addr, UpnpError> {
    let (status, response) = fetch(gateway, &service.location, Some(&service.urn), deadline)?;
    match soap::answer(&response) {
        Answer::Fault(text) => Err(UpnpError::Request(Document::Address, RequestError::Fault(text))),
        _ if status != 200 => Err(UpnpError::Request(Document::Address, RequestError::Status(status))),
        Answer::Address(address) => Ok(address),
        Answer::NotConnected => Err(UpnpError::NoAddress),
        Answer::Other => Err(UpnpError::NotUnderstood),
    }
}

/// Requests the description, or the address from the service of type `urn`. Returns status and body of the response.
fn fetch(
    gateway: Ipv4Addr,
    location: &Location,
    urn: Option<&str>,
    deadline: Instant,
) -> Result<(u16, String), UpnpError> {
    let Location { port, path } = location;
    let (document, limit, method, headers, body) = match urn {
        None => (Document::Description, MAX_DESCRIPTION, "GET", String::new(), String::new()),
        Some(urn) => {
            let body = soap::body(urn);
            let headers = format!(
                "Content-Length: {}\r\nContent-Type: text/xml; charset=\"utf-8\"\r\n\
                 SOAPAction: \"{urn}#GetExternalIPAddress\"\r\n",
                body.len()
            );
            (Document::Address, MAX_SOAP, "POST", headers, body)
        }
    };
    // The headers have the case that common UPnP clients use: old routers do not find them in another.
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {gateway}:{port}\r\nUser-Agent: {USER_AGENT}\r\n{headers}\
         Connection: close\r\n\r\n{body}"
    );
    let deadline = deadline.min(Instant::now() + EXCHANGE_TIMEOUT);
    exchange(gateway, *port, &request, limit, deadline).map_err(|e| UpnpError::Request(document, e))
}
