//! The client's side of GENA (`UPnP` Device Architecture 1.1, chapter 4): finds the services that announce a change of
//! the external address, and subscribes to them. The gateway's side, its notifications, is read in `events/gena.rs`.
//!
//! Every request goes to the gateway, whatever host a URL names.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use super::exchange::{ExchangeError, connect, receive, send};
use super::head::{self, headers};
use super::location::Location;
use super::upnp::{self, request};
use crate::net::route::{ROUTES4, gateway};
use crate::net::{Device, udp};
use crate::sys::read_limited;
use crate::sys::words::number;

/// Maximum size of the head of a response, in bytes.
const MAX_HEAD: usize = 4 * 1024;
/// Maximum length of the identifier of a subscription, in bytes.
const MAX_SID: usize = 200;
/// The shortest and the longest time that a subscription is taken to last, in seconds, whatever the gateway grants: a
/// router that restarts forgets its subscriptions.
const LASTS: (u64, u64) = (20, 3600);

/// A gateway, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gateway {
    /// The interface that packets to it leave by; `None` for the system's choice.
    pub(crate) device: Option<Device>,
    pub(crate) address: Ipv4Addr,
    /// The address of this machine that it sees.
    pub(crate) own: Ipv4Addr,
}

/// A response to a request for a subscription.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The identifier of the subscription; empty if there is no valid one.
    pub(crate) sid: String,
    /// Time until it must be renewed: half of what is granted.
    pub(crate) renew_after: Duration,
}

impl Gateway {
    /// Returns the present default gateway, that of `device` if given.
    pub(crate) fn find(device: Option<&Device>) -> Option<Self> {
        let address = gateway(&read_limited::proc(ROUTES4).ok()?, device)?;
        // Connecting sends nothing: it lets the kernel choose the address.
        let IpAddr::V4(own) = udp::connected((address, 9).into(), device).ok()?.local_addr().ok()?.ip()
        else {
            return None;
        };
        Some(Self { device: device.cloned(), address, own })
    }

    /// Returns the locations of its descriptions.
    pub(crate) fn descriptions(&self, deadline: Instant) -> Vec<Location> {
        upnp::descriptions(self.address, self.device.as_ref(), deadline).unwrap_or_default()
    }

    /// Returns the URLs where the services of the description at `location` announce a change of the address.
    pub(crate) fn event_urls(&self, location: &Location, deadline: Instant) -> Vec<Location> {
        upnp::event_urls(self.address, self.device.as_ref(), location, deadline)
    }

    /// Asks for a subscription, or for its renewal, with these headers.
    pub(crate) fn subscribe(
        &self,
        location: &Location,
        headers: &str,
        deadline: Instant,
    ) -> Result<Response, ExchangeError> {
        self.ask("SUBSCRIBE", location, &[headers, "TIMEOUT: Second-1800\r\n"].concat(), deadline)
    }

    /// Ends a subscription.
    pub(crate) fn unsubscribe(&self, location: &Location, sid: &str, deadline: Instant) {
        // It runs out by itself.
        let _ = self.ask("UNSUBSCRIBE", location, &["SID: ", sid, "\r\n"].concat(), deadline);
    }

    fn ask(
        &self,
        method: &str,
        location: &Location,
        headers: &str,
        deadline: Instant,
    ) -> Result<Response, ExchangeError> {
        let mut stream = connect(self.address, location.port, self.device.as_ref(), deadline)?;
        send(&mut stream, &request(method, self.address, location, headers, ""))?;
        let mut response = None;
        receive(&mut stream, deadline, &mut |data, _| {
            response = read(data);
            if data.len() > MAX_HEAD { Err(ExchangeError::TooLong(MAX_HEAD)) } else { Ok(response.is_some()) }
        })?;
        response.ok_or(ExchangeError::Closed)
    }
}

/// Parses a response, whose body is of no interest. Returns `None` if its head is incomplete.
pub(super) fn read(data: &str) -> Option<Response> {
    let (status, rest) = head::status(data)?;
    let (mut sid, mut granted) = ("", "");
    headers(rest, &mut |name, value| {
        if name.eq_ignore_ascii_case("sid") {
            sid = value;
        } else if name.eq_ignore_ascii_case("timeout") {
            granted = value;
        }
    })?;
    // It goes into the header of a request.
    if sid.len() > MAX_SID || !sid.bytes().all(|b| b.is_ascii_graphic()) {
        sid = "";
    }
    Some(Response { status, sid: sid.to_owned(), renew_after: renew_after(granted) })
}

/// Returns half of the time that `TIMEOUT` grants, such as `Second-1800` or `Second-infinite`.
fn renew_after(granted: &str) -> Duration {
    let (shortest, longest) = LASTS;
    let seconds = granted.rsplit('-').next().and_then(|seconds| number(seconds, 10)).unwrap_or(longest);
    Duration::from_secs(seconds.clamp(shortest, longest) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_has_the_identifier_and_the_time_of_the_subscription() {
        let long = format!("HTTP/1.1 200 OK\r\nSID: {}\r\n\r\n", "x".repeat(201));
        for (data, expected) in [
            ("HTTP/1.1 200 OK\r\nSID: uuid:1-2\r\nTIMEOUT: Second-1800\r\n\r\n", "200 uuid:1-2 900"),
            ("HTTP/1.0 200\nsid:uuid:1\nTimeout: second-120\n\nbody", "200 uuid:1 60"),
            ("HTTP/1.1 412 Precondition Failed\r\n\r\n", "412  1800"),
            ("HTTP/1.1 200 OK\r\nSID: uuid:1\u{1b}[31m\r\n\r\n", "200  1800"),
            ("HTTP/1.1 200 OK\r\nSID: uuid:1 X: y\r\n\r\n", "200  1800"),
            (&long, "200  1800"),
            ("HTTP/1.1 200 OK\r\nSID: uuid:1\r\n", "incomplete"),
            ("HTTP/1.1 20", "incomplete"),
            ("<html>\r\n\r\n", "incomplete"),
            ("", "incomplete"),
        ] {
            let text = read(data).map_or("incomplete".to_owned(), |r| {
                format!("{} {} {}", r.status, r.sid, r.renew_after.as_secs())
            });
            assert_eq!(text, expected, "{data}");
        }
    }

    #[test]
    fn subscription_is_renewed_at_half_of_its_time_within_limits() {
        for (granted, seconds) in [
            ("Second-1800", 900),
            ("Second-300", 150),
            ("1800", 900),
            ("Second-0", 10),
            ("Second-1", 10),
            ("Second-21", 10),
            ("Second-86400", 1800),
            ("Second-99999999999999999999999", 1800),
            ("Second-infinite", 1800),
            ("infinite", 1800),
            ("Second--5", 10),
            ("", 1800),
        ] {
            assert_eq!(renew_after(granted).as_secs(), seconds, "{granted}");
        }
    }
}
