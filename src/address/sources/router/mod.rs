//! The source `router`: the external IPv4 address, as the default gateway reports it, without any request to the
//! internet.
//!
//! NAT-PMP comes first, since it costs one packet each way, then `UPnP`. Only responses of the gateway are accepted:
//! any machine on the LAN can claim to be a router, and one answer is enough for a write.

mod nat_pmp;
mod upnp;

use std::fmt;
use std::fs;
use std::io;
use std::net::Ipv4Addr;

use crate::http::Http;
use crate::net::route::{ROUTES4 as ROUTES, gateway};
use upnp::UpnpError;

/// Reasons for the router to give no address.
#[derive(Debug)]
pub enum RouterError {
    /// The routes could not be read.
    Routes(io::Error),
    /// No IPv4 default route has a gateway.
    NoGateway,
    /// The gateway gave no address.
    Gateway {
        /// Its address.
        gateway: Ipv4Addr,
        /// The result code via NAT-PMP (RFC 6886, section 3.5); `None` if it does not speak NAT-PMP.
        nat_pmp: Option<u16>,
        /// The error via `UPnP`.
        upnp: UpnpError,
    },
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Routes(_) => write!(f, "could not read {ROUTES}"),
            Self::NoGateway => {
                write!(
                    f,
                    "no default gateway; check the network connection (on the router itself, use `interface`)"
                )
            }
            Self::Gateway { gateway, nat_pmp: None, upnp: UpnpError::Silent } => write!(
                f,
                "the gateway {gateway} answers neither NAT-PMP nor UPnP; enable one of them on the router, or use `web`"
            ),
            Self::Gateway { gateway, nat_pmp, upnp } => {
                write!(f, "the gateway {gateway} ")?;
                match nat_pmp {
                    None => {}
                    Some(2) => write!(f, "refuses NAT-PMP, and ")?,
                    Some(3) => write!(f, "reports via NAT-PMP that it is not connected, and ")?,
                    Some(code) => write!(f, "answers NAT-PMP with error {code}, and ")?,
                }
                upnp.fmt(f)
            }
        }
    }
}

impl std::error::Error for RouterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Routes(e) => Some(e),
            Self::NoGateway => None,
            // Its own text ends with that of the UPnP error.
            Self::Gateway { upnp, .. } => upnp.source(),
        }
    }
}

/// Queries the default gateway. A silent one is an error within 3 s.
pub(crate) fn query(http: &Http) -> Result<Ipv4Addr, RouterError> {
    let routes = fs::read_to_string(ROUTES).map_err(RouterError::Routes)?;
    let gateway = gateway(&routes).ok_or(RouterError::NoGateway)?;
    let nat_pmp = match nat_pmp::query(gateway, http.remaining()) {
        Some(Ok(address)) => return Ok(address),
        Some(Err(code)) => Some(code),
        None => None,
    };
    upnp::query(http, gateway).map_err(|upnp| RouterError::Gateway { gateway, nat_pmp, upnp })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_describes_both_protocols() {
        let text = |nat_pmp, upnp| {
            let gateway = Ipv4Addr::new(192, 168, 1, 1);
            RouterError::Gateway { gateway, nat_pmp, upnp }.to_string()
        };
        assert!(text(None, UpnpError::Silent).contains("answers neither NAT-PMP nor UPnP; enable one"));
        assert_eq!(
            text(Some(2), UpnpError::Silent),
            "the gateway 192.168.1.1 refuses NAT-PMP, and does not answer UPnP"
        );
        assert!(
            text(Some(3), UpnpError::NoAddress)
                .contains("not connected, and reports via UPnP that it has no external address")
        );
        assert!(
            text(None, UpnpError::NoService).ends_with("answers UPnP, but has no WAN connection service")
        );
    }
}
