//! The client's side of GENA (`UPnP` Device Architecture 1.1, chapter 4): finds the services that announce a change of
//! the external address, and subscribes to them. The gateway's side, its notifications, is read in `events/gena.rs`.
//!
//! Every request goes to the gateway, whatever host a URL names.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use super::exchange::{ExchangeError, Request, exchange};
use super::location::Location;
use crate::net::route::default_gateway;
use crate::net::{Device, udp};
use crate::sys::words::number;

/// Maximum size of the body of a response, which is of no interest, in bytes.
pub(super) const MAX_BODY: usize = 4 * 1024;
/// Maximum length of the identifier of a subscription, in bytes.
const MAX_SID: usize = 200;
/// The shortest and the longest time that a subscription is taken to last, in seconds, whatever the gateway grants: a
/// router that restarts forgets its subscriptions.
const LASTS: (u32, u32) = (20, 3600);

/// A gateway, and the way to it. The addresses are numbers, which take less code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gateway {
    address: u32,
    /// The address of this machine that it sees.
    own: u32,
}

/// The headers of a response to a request for a subscription.
pub(crate) struct Granted {
    /// The identifier of the subscription; empty if there is none.
    pub(crate) sid: String,
    /// Seconds until it must be renewed: half of what is granted.
    pub(crate) renew_after: u32,
}

impl Gateway {
    /// Returns the present default gateway, that of `device` if given.
    pub(crate) fn find(device: Option<&Device>) -> Option<Self> {
        let address = default_gateway(device).ok()??;
        let IpAddr::V4(own) = udp::source((address, 9).into(), device).ok()? else { return None };
        Some(Self { address: address.to_bits(), own: own.to_bits() })
    }

    /// Returns its address.
    pub(crate) fn address(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address)
    }

    /// Returns the address of this machine that it sees.
    pub(crate) fn own(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.own)
    }

    /// Sends a request for a subscription, with the headers `new`, for its renewal or for its end. Each has the headers
    /// `more`. Notes what is granted. A subscription without an identifier is an error.
    #[inline(never)]
    pub(crate) fn ask(
        self,
        device: Option<&Device>,
        (method, new, more): (&str, &str, &str),
        (location, granted): (&Location, &mut Granted),
        deadline: Instant,
    ) -> Result<(), ExchangeError> {
        let sid = &granted.sid;
        let headers =
            if sid.is_empty() { [new, "", "", more] } else { ["SID: ", sid, "\r\n", more] }.concat();
        let (headers, limit) = (&*headers, MAX_BODY);
        let request = Request { method, location, headers, body: "", limit, is_head_enough: true };
        granted.renew_after = LASTS.1 / 2;
        let visit = &mut |name: &str, value: &str| granted.note(name, value);
        let (status, _) = exchange(self.address(), device, &request, deadline, visit)?;
        if granted.sid.is_empty() { Err(ExchangeError::Status(status)) } else { Ok(()) }
    }
}

impl Default for Granted {
    fn default() -> Self {
        Self { sid: String::new(), renew_after: LASTS.1 / 2 }
    }
}

impl Granted {
    /// Notes a header of the response.
    pub(super) fn note(&mut self, name: &str, value: &str) {
        // It goes into the header of a request.
        let is_sid = || value.len() <= MAX_SID && value.bytes().all(|b| b.is_ascii_graphic());
        if name.eq_ignore_ascii_case("timeout") {
            self.renew_after = renew_after(value);
        } else if name.eq_ignore_ascii_case("sid") && is_sid() {
            value.clone_into(&mut self.sid);
        }
    }
}

/// Returns half of the time that `TIMEOUT` grants, such as `Second-1800` or `Second-infinite`.
fn renew_after(granted: &str) -> u32 {
    let (shortest, longest) = LASTS;
    let seconds = granted.rsplit('-').next().and_then(|seconds| number(seconds, 10)).unwrap_or(longest);
    seconds.clamp(shortest, longest) / 2
}

#[cfg(test)]
mod tests {
    use super::super::exchange::parse;
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
            ("<html>\r\n\r\n", "the response is not HTTP"),
            ("", "incomplete"),
        ] {
            let mut granted = Granted::default();
            let text = match parse(data, MAX_BODY, &mut |name, value| granted.note(name, value)) {
                Ok(Some((status, ..))) => {
                    format!("{status} {} {}", granted.sid, granted.renew_after)
                }
                Ok(None) => "incomplete".to_owned(),
                Err(e) => e.to_string(),
            };
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
            assert_eq!(renew_after(granted), seconds, "{granted}");
        }
    }
}
