//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use std::net::Ipv4Addr;

use super::exchange::{self, End};
use super::location::Location;
use super::nat_pmp::{self, NatPmp};
use super::services::{self, CONTROL, EVENTS};
use super::soap;
use super::ssdp;
use super::subscription::{Granted, MAX_BODY};

/// A URL on the gateway: port, path and query.
pub type Url = (u16, String);

fn url(location: Location) -> Url {
    (location.port, location.path)
}

/// Parses a response to an SSDP search.
#[must_use]
pub fn ssdp_location(response: &str) -> Option<Url> {
    ssdp::read(response).map(|(location, _)| url(location))
}

/// Parses an absolute URL.
#[must_use]
pub fn location(text: &str) -> Option<Url> {
    Location::parse(text).map(url)
}

/// Resolves a reference in the document at `base`.
#[must_use]
pub fn join(base: &Url, reference: &str) -> Option<Url> {
    Location { port: base.0, path: base.1.clone() }.join(reference).map(url)
}

/// Returns type and control URL of each service of the description at `base`.
#[must_use]
pub fn description(xml: &str, base: &Url) -> Vec<(String, Url)> {
    let location = Location { port: base.0, path: base.1.clone() };
    services::services(xml, &location, CONTROL).into_iter().map(|s| (s.urn, url(s.location))).collect()
}

/// Returns the event URLs of the services of the description at `base`.
#[must_use]
pub fn event_urls(xml: &str, base: &Url) -> Vec<Url> {
    let location = Location { port: base.0, path: base.1.clone() };
    services::services(xml, &location, EVENTS).into_iter().map(|s| url(s.location)).collect()
}

/// Parses a response to a subscription: status, identifier, seconds until it must be renewed.
#[must_use]
pub fn subscription(response: &str) -> Option<(u16, String, u32)> {
    let mut granted = Granted::default();
    let parsed = exchange::parse(response, MAX_BODY, &mut |name, value| granted.note(name, value));
    let (status, _, _) = parsed.ok()??;
    Some((status, granted.sid, granted.renew_after))
}

/// Parses a SOAP response.
///
/// # Errors
/// The reason why it has no address.
pub fn soap_address(status: u16, body: &str) -> Result<Ipv4Addr, String> {
    soap::address(status, body)
}

/// Parses a NAT-PMP response: an address, or an error code. Other packets are `None`.
#[must_use]
pub fn nat_pmp_answer(packet: &[u8]) -> Option<Result<Ipv4Addr, u16>> {
    match nat_pmp::read(packet)? {
        NatPmp::Address(address) => Some(Ok(address)),
        NatPmp::Refused(code) => Some(Err(code)),
        NatPmp::Silent | NatPmp::NotSent(_) => None,
    }
}

/// The state of an HTTP response of which some bytes have been received.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// More bytes must follow.
    Incomplete,
    /// Status and body; the response is complete.
    Complete(u16, String),
    /// Status and body so far; the end of the connection completes the response.
    UntilClosed(u16, String),
    /// The response is invalid, or too long.
    Invalid(String),
}

/// Parses the bytes of an HTTP response so far.
#[must_use]
pub fn http_response(data: &str, limit: usize) -> Received {
    match exchange::parse(data, limit, &mut |_, _| {}) {
        Ok(None) => Received::Incomplete,
        Ok(Some((status, body, End::Reached))) => Received::Complete(status, body),
        Ok(Some((status, body, End::Closed))) => Received::UntilClosed(status, body),
        Err(e) => Received::Invalid(e.to_string()),
    }
}
