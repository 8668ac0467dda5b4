//! `UPnP` Internet Gateway Device, versions 1 and 2: SSDP finds the description of the gateway, which names the services
//! for `GetExternalIPAddress` (`UPnP` Device Architecture 1.1; `WANIPConnection` 1 and 2).
//!
//! Every request goes to the gateway, whatever host a URL names.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::description::{Service, services};
use super::exchange::{ExchangeError, exchange};
use super::location::Location;
use super::soap::{self, Answer};
use super::ssdp::{SEARCHES, Search};
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
    Search(io::Error),
    /// The request for the description failed.
    Description(Cause),
    /// The request for the address failed.
    Address(Cause),
    /// The description names no service of a WAN connection.
    NoService,
    /// The gateway has no external address: it is not connected.
    NoAddress,
    /// The response has no valid address.
    NotUnderstood,
}

/// Reasons for a request to give no document.
pub(super) enum Cause {
    /// No complete response.
    Exchange(ExchangeError),
    /// Another status than 200.
    Status(u16),
    /// A SOAP fault, with its code and description.
    Fault(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(e) => e.fmt(f),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Fault(text) => write!(f, "UPnP error {text}"),
        }
    }
}

impl fmt::Display for UpnpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "does not answer UPnP",
            Self::Search(e) => return write!(f, "could not be searched for via UPnP: {e}"),
            Self::Description(cause) => {
                return write!(f, "answers UPnP, but the request for its description failed: {cause}");
            }
            Self::Address(cause) => {
                return write!(f, "answers UPnP, but the request for its address failed: {cause}");
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
    let mut search = Search::new(gateway).map_err(UpnpError::Search)?;
    let mut best = Best { private: None, error: UpnpError::Silent };
    for (targets, wait) in SEARCHES {
        search.send(targets).map_err(UpnpError::Search)?;
        let end = deadline.min(Instant::now() + Duration::from_millis(wait));
        while let Some(location) = search.next(end) {
            if let Some(address) = best.public(query_location(gateway, &location, deadline)) {
                return Ok(address);
            }
        }
        while let Some(location) = search.next_hint() {
            match query_location(gateway, &location, deadline) {
                // The gateway is not the sender, and need not have a description there.
                Err(UpnpError::Description(_) | UpnpError::NoService) => {}
                result => {
                    if let Some(address) = best.public(result) {
                        return Ok(address);
                    }
                }
            }
        }
    }
    best.result()
}

/// Reads the description at this location, and queries its services.
fn query_location(gateway: Ipv4Addr, location: &Location, deadline: Instant) -> Result<Ipv4Addr, UpnpError> {
    let description = fetch(gateway, location, None, deadline).map_err(UpnpError::Description)?;
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
    let response =
        fetch(gateway, &service.location, Some(&service.urn), deadline).map_err(UpnpError::Address)?;
    match soap::answer(&response) {
        Answer::Address(address) => Ok(address),
        Answer::NotConnected => Err(UpnpError::NoAddress),
        Answer::Fault(text) => Err(UpnpError::Address(Cause::Fault(text))),
        Answer::Other => Err(UpnpError::NotUnderstood),
    }
}

/// Requests the description, or the address from the service of type `urn`, and returns the body of the response.
fn fetch(
    gateway: Ipv4Addr,
    location: &Location,
    urn: Option<&str>,
    deadline: Instant,
) -> Result<String, Cause> {
    let Location { port, path } = location;
    let (method, limit, headers, body) = match urn {
        None => ("GET", MAX_DESCRIPTION, String::new(), String::new()),
        Some(urn) => {
            let body = soap::body(urn);
            let headers = format!(
                "Content-Length: {}\r\nContent-Type: text/xml; charset=\"utf-8\"\r\n\
                 SOAPAction: \"{urn}#GetExternalIPAddress\"\r\n",
                body.len()
            );
            ("POST", MAX_SOAP, headers, body)
        }
    };
    // The headers have the case that common UPnP clients use: old routers do not find them in another.
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {gateway}:{port}\r\nUser-Agent: {USER_AGENT}\r\n{headers}\
         Connection: close\r\n\r\n{body}"
    );
    let deadline = deadline.min(Instant::now() + EXCHANGE_TIMEOUT);
    let response = exchange(gateway, *port, &request, limit, deadline).map_err(Cause::Exchange)?;
    match (response.status, soap::answer(&response.body)) {
        (200, _) => Ok(response.body),
        (_, Answer::Fault(text)) => Err(Cause::Fault(text)),
        (status, _) => Err(Cause::Status(status)),
    }
}
