//! `UPnP` Internet Gateway Device, versions 1 and 2: SSDP finds the description of the gateway, which names the services
//! for `GetExternalIPAddress` (`UPnP` Device Architecture 1.1; `WANIPConnection` 1 and 2).
//!
//! Every request goes to the gateway, whatever host a URL names.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::exchange::{Request, exchange};
use super::location::Location;
use super::services::{CONTROL, EVENTS, Service, services};
use super::soap;
use super::ssdp::{SEARCHES, Search, Sender};
use crate::address::global::reason_not_global;
use crate::net::Device;

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
/// Maximum number of services of one description that a subscription is asked for.
const MAX_SUBSCRIPTIONS: usize = 4;

/// Reasons for a gateway to give no address via `UPnP`.
pub(super) enum UpnpError {
    /// The gateway did not answer the search.
    Silent,
    /// Any other reason. The text continues "the gateway 192.168.1.1 ".
    Other(String),
}

impl fmt::Display for UpnpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "does not answer UPnP",
            Self::Other(text) => text,
        })
    }
}

/// Asks `gateway`, and no other machine, for its external address. Every location and service is queried until one has
/// a public address; a private one is returned if there is no other.
pub(super) fn query(
    gateway: Ipv4Addr,
    device: Option<&Device>,
    timeout: Duration,
) -> Result<Ipv4Addr, UpnpError> {
    let mut queries = Queries::new(gateway, device, Instant::now() + timeout.min(TIMEOUT));
    match queries.search() {
        Ok(Some(address)) => return Ok(address),
        Ok(None) => {}
        Err(e) => queries.error = UpnpError::Other(format!("could not be searched for via UPnP: {e}")),
    }
    queries.private.ok_or(queries.error)
}

/// Returns the services that announce a change of the address, of the first description of `gateway` that has some.
pub(crate) fn event_services(gateway: Ipv4Addr, device: Option<&Device>, deadline: Instant) -> Vec<Service> {
    let mut queries = Queries::new(gateway, device, deadline);
    queries.events = Some(Vec::new());
    // A failure is that of a gateway without events.
    let _ = queries.search();
    queries.events.unwrap_or_default()
}

/// The queries of one gateway, and their results other than a public address.
struct Queries<'a> {
    gateway: Ipv4Addr,
    /// The interface that requests leave by; `None` for the system's choice.
    device: Option<&'a Device>,
    deadline: Instant,
    /// The first private address.
    private: Option<Ipv4Addr>,
    /// The last error.
    error: UpnpError,
    /// The services with events, if these are searched for and not the address.
    events: Option<Vec<Service>>,
}

impl<'a> Queries<'a> {
    fn new(gateway: Ipv4Addr, device: Option<&'a Device>, deadline: Instant) -> Self {
        Self { gateway, device, deadline, private: None, error: UpnpError::Silent, events: None }
    }

    /// Searches for descriptions, and returns the first public address.
    #[inline(never)]
    fn search(&mut self) -> io::Result<Option<Ipv4Addr>> {
        let mut search = Search::new(self.gateway, self.device)?;
        for (targets, wait) in SEARCHES {
            search.send(targets)?;
            let end = self.deadline.min(Instant::now() + Duration::from_millis(wait));
            while let Some((location, sender)) = search.next(end) {
                let address = self.query_location(&location, sender);
                if address.is_some() {
                    return Ok(address);
                }
            }
        }
        Ok(None)
    }

    /// Reads the description at this location, and returns the first public address of its services.
    fn query_location(&mut self, location: &Location, sender: Sender) -> Option<Ipv4Addr> {
        let description = self.fetch(location, None);
        let wanted = if self.events.is_some() { EVENTS } else { CONTROL };
        let mut services =
            description.as_ref().map_or(Vec::new(), |(_, text)| services(text, location, wanted));
        if let Some(events) = &mut self.events {
            services.truncate(MAX_SUBSCRIPTIONS);
            *events = services;
            // Any address ends the search.
            return (!events.is_empty()).then_some(self.gateway);
        }
        // Another sender than the gateway does not prove that the gateway has a description there.
        if sender == Sender::Gateway {
            match description {
                Err(e) => self.error = UpnpError::Other(e),
                // Routers have more devices, whose descriptions do not explain an error of this one.
                Ok(_) if services.is_empty() && matches!(self.error, UpnpError::Silent) => {
                    self.error =
                        UpnpError::Other("answers UPnP, but has no WAN connection service".to_owned());
                }
                Ok(_) => {}
            }
        }
        for service in services.iter().take(MAX_SERVICES) {
            let response = self.fetch(&service.location, Some(&service.urn));
            match response.and_then(|(status, body)| soap::address(status, &body)) {
                Ok(address) if reason_not_global(address.into()).is_none() => return Some(address),
                Ok(address) => self.private = self.private.or(Some(address)),
                Err(e) => self.error = UpnpError::Other(e),
            }
        }
        None
    }

    /// Requests the description, or the address from the service of type `urn`. Returns status and body of the response.
    fn fetch(&self, location: &Location, urn: Option<&str>) -> Result<(u16, String), String> {
        let (document, limit, method, headers, body) = match urn {
            None => ("description", MAX_DESCRIPTION, "GET", String::new(), String::new()),
            Some(urn) => {
                let body = soap::body(urn);
                let length = body.len().to_string();
                let headers = [
                    "Content-Length: ",
                    &length,
                    "\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"",
                    urn,
                    "#GetExternalIPAddress\"\r\n",
                ];
                ("address", MAX_SOAP, "POST", headers.concat(), body)
            }
        };
        let request =
            Request { method, location, headers: &headers, body: &body, limit, is_head_enough: false };
        let deadline = self.deadline.min(Instant::now() + EXCHANGE_TIMEOUT);
        exchange(self.gateway, self.device, &request, deadline, &mut |_, _| {})
            .map_err(|e| format!("answers UPnP, but the request for its {document} failed: {e}"))
    }
}
