//! The source `router`: the external IPv4 address, as the default gateway reports it, without any request to the
//! internet.
//!
//! NAT-PMP comes first, since it costs one packet each way, then `UPnP`. Only the gateway is asked: any machine on the
//! LAN can claim to be a router.

pub(crate) mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
pub(crate) mod location;
mod nat_pmp;
pub(crate) mod services;
mod soap;
mod ssdp;
pub(crate) mod subscription;
pub(crate) mod upnp;
pub(crate) mod xml;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::address::answer::Detected;
use crate::address::global::reason_not_global;
use crate::address::trust::{NAT_PMP, Purpose, UPNP};
use crate::net::Device;
use crate::net::route::{ROUTES4 as ROUTES, default_gateway};
use crate::sys::error_chain::debug_as_display;
use nat_pmp::NatPmp;
use upnp::UpnpError;

/// Reasons for the router to give no address.
pub struct RouterError(Cause);

enum Cause {
    /// The routes could not be read.
    Routes(io::Error),
    /// No IPv4 default route has a gateway; with the interface, if the config names one.
    NoGateway(Option<Device>),
    /// The gateway gave no address before the time limit of the run.
    OutOfTime(Ipv4Addr),
    /// The gateway gave no address.
    Gateway {
        /// Its address.
        gateway: Ipv4Addr,
        /// The result via NAT-PMP, which is not an address.
        nat_pmp: NatPmp,
        /// The error via `UPnP`.
        upnp: UpnpError,
    },
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Routes(e) => write!(f, "could not read {ROUTES}: {e}"),
            Cause::NoGateway(Some(device)) => {
                let device = device.as_str();
                write!(f, "the main table has no default route by {device} with a gateway")
            }
            Cause::NoGateway(None) => {
                write!(
                    f,
                    "no default gateway; check the network connection (on the router itself, use `interface`)"
                )
            }
            Cause::OutOfTime(gateway) => {
                write!(f, "the time limit of the run was reached while waiting for the gateway {gateway}")
            }
            Cause::Gateway { gateway, nat_pmp: NatPmp::Silent, upnp: UpnpError::Silent } => write!(
                f,
                "the gateway {gateway} answers neither NAT-PMP nor UPnP; enable one of them on the router, or use `web`"
            ),
            Cause::Gateway { gateway, nat_pmp, upnp } => {
                write!(f, "the gateway {gateway} ")?;
                match nat_pmp {
                    NatPmp::Silent | NatPmp::Address(_) => {}
                    NatPmp::Refused(2) => write!(f, "refuses NAT-PMP, and ")?,
                    NatPmp::Refused(3) => write!(f, "reports via NAT-PMP that it is not connected, and ")?,
                    NatPmp::Refused(code) => write!(f, "answers NAT-PMP with error {code}, and ")?,
                    NatPmp::NotSent(e) => write!(f, "could not be asked via NAT-PMP ({e}), and ")?,
                }
                upnp.fmt(f)
            }
        }
    }
}

debug_as_display!(RouterError);

impl std::error::Error for RouterError {}

/// Queries the default gateway, that of `device` if given. A silent one is an error within 3 s.
///
/// Via `UPnP` the answer is trusted: it comes by TCP from the gateway itself. Via NAT-PMP it is one UDP packet, which a
/// neighbour on the LAN can send with the gateway's address, so it is a vote. To compare, NAT-PMP is enough.
pub(crate) fn query(
    device: Option<&Device>,
    timeout: Duration,
    purpose: Purpose,
) -> Result<Detected, RouterError> {
    let deadline = Instant::now() + timeout;
    let left = || deadline.saturating_duration_since(Instant::now());
    let gateway = default_gateway(device).map_err(|e| RouterError(Cause::Routes(e)))?;
    let gateway = gateway.ok_or_else(|| RouterError(Cause::NoGateway(device.cloned())))?;
    let detected = |address: Ipv4Addr, trust| Ok(Detected { address: address.into(), note: None, trust });
    let is_public = |address: Ipv4Addr| reason_not_global(address.into()).is_none();
    let nat_pmp = nat_pmp::query(gateway, device, left());
    if let NatPmp::Address(address) = nat_pmp
        && purpose == Purpose::Compare
        && is_public(address)
    {
        return detected(address, NAT_PMP);
    }
    match (upnp::query(gateway, device, left()), nat_pmp) {
        (Ok(address), _) if is_public(address) => detected(address, UPNP),
        (_, NatPmp::Address(address)) if is_public(address) => detected(address, NAT_PMP),
        (Ok(address), _) => detected(address, UPNP),
        (_, NatPmp::Address(address)) => detected(address, NAT_PMP),
        _ if left().is_zero() => Err(RouterError(Cause::OutOfTime(gateway))),
        (Err(upnp), nat_pmp) => Err(RouterError(Cause::Gateway { gateway, nat_pmp, upnp })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_describes_both_protocols() {
        let text = |nat_pmp, upnp| {
            let gateway = Ipv4Addr::new(192, 168, 1, 1);
            RouterError(Cause::Gateway { gateway, nat_pmp, upnp }).to_string()
        };
        assert!(
            text(NatPmp::Silent, UpnpError::Silent).contains("answers neither NAT-PMP nor UPnP; enable one")
        );
        for (nat_pmp, upnp, expected) in [
            (NatPmp::Refused(2), UpnpError::Silent, "refuses NAT-PMP, and does not answer UPnP"),
            (
                NatPmp::Refused(3),
                UpnpError::Other("answers UPnP".to_owned()),
                "reports via NAT-PMP that it is not connected, and answers UPnP",
            ),
            (
                NatPmp::NotSent(io::Error::from_raw_os_error(1)),
                UpnpError::Silent,
                "could not be asked via NAT-PMP (Operation not permitted (os error 1)), and does not answer UPnP",
            ),
            (NatPmp::Silent, UpnpError::Other("answers UPnP".to_owned()), "answers UPnP"),
        ] {
            assert_eq!(text(nat_pmp, upnp), format!("the gateway 192.168.1.1 {expected}"));
        }
    }
}
