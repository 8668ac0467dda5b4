//! `--address`: an address that another program knows is published instead of a detected one.

use std::net::IpAddr;

use super::error::ConfigError;
use super::model::Config;
use super::sources::{Sources, key_of};
use super::syntax::Section;
use crate::address::global::reason_not_global;
use crate::net::Family;

/// Removes a global `ipv4 = off` or `ipv6 = off` if an address of this family is given.
pub(super) fn switch_on(global: &mut Section, addresses: [Option<IpAddr>; 2]) {
    for address in addresses.into_iter().flatten() {
        let key = key_of(Family::of(address));
        global.entries.retain(|e| e.key != key || e.value != "off");
    }
}

/// Makes each address the only source of its family: a trusted one, so that no other is queried. Records of several lines
/// cannot share one.
pub(super) fn publish(config: &mut Config, addresses: [Option<IpAddr>; 2]) -> Result<(), ConfigError> {
    for address in addresses.into_iter().flatten() {
        let family = Family::of(address);
        let mut targets = config.records.iter().filter(|r| r.key.rrtype.family() == family).map(|r| r.target);
        let first = targets.next();
        let problem = match reason_not_global(address) {
            Some(reason) => format!("{address} is {reason}, which is never published"),
            None if targets.any(|target| Some(target) != first) => format!(
                "sections have other sources of {family}, maybe of another line: name records with --domain and --name"
            ),
            None => {
                for target in config.detection.targets.iter_mut().filter(|t| t.family == family) {
                    target.sources = Sources::given(address);
                }
                continue;
            }
        };
        return Err(ConfigError::of_option("--address", &problem));
    }
    Ok(())
}
