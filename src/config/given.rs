//! `--address`: an address that another program knows is published instead of a detected one.

use std::net::IpAddr;

use super::error::ConfigError;
use super::model::Config;
use super::sources::{Sources, key_of};
use super::syntax::Section;
use crate::address::global::reason_not_global;
use crate::net::Family;

/// Removes a global `ipv4 = off` or `ipv6 = off` if an address of this family is given.
pub(super) fn switch_on(sections: &mut [Section], addresses: &[IpAddr]) {
    let Some(global) = sections.first_mut() else { return };
    for address in addresses {
        let key = key_of(Family::of(*address));
        global.entries.retain(|e| e.key != key || e.value != "off");
    }
}

/// Makes each address the only source of its family: a trusted one, so that no other is queried. Records of several lines
/// cannot share one.
pub(super) fn publish(config: &mut Config, addresses: &[IpAddr]) -> Result<(), ConfigError> {
    for &address in addresses {
        let error = |problem: String| Err(ConfigError::of_option("--address", &problem));
        if let Some(reason) = reason_not_global(address) {
            return error(format!("{address} is {reason}, which is never published"));
        }
        let family = Family::of(address);
        let mut targets = config.records.iter().filter(|r| r.key.rrtype.family() == family).map(|r| r.target);
        let first = targets.next();
        if targets.any(|target| Some(target) != first) {
            let key = key_of(family);
            return error(format!(
                "the records have different sources of {family} (`{key}` in a section), maybe of several lines: name \
                 those of {address} with --domain and --name, or in a config of their own"
            ));
        }
        for target in config.detection.targets.iter_mut().filter(|t| t.family == family) {
            target.sources = Sources::given(address);
        }
    }
    Ok(())
}
