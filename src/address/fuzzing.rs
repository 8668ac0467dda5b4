//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use std::net::IpAddr;

use super::answer::Detected;
use super::source::Source;
use super::sources::command;
use super::sources::web::{self, Format};
use super::trust::Trust;
use crate::net::Family;

/// Parses the body of an echo service that answers with the address alone.
#[must_use]
pub fn plain(body: &[u8]) -> Option<IpAddr> {
    web::parse(body, Format::Plain).ok()
}

/// Parses a trace by Cloudflare.
#[must_use]
pub fn trace(body: &[u8]) -> Option<IpAddr> {
    web::parse(body, Format::Trace).ok()
}

/// Parses the output of a program.
#[must_use]
pub fn program(output: &[u8]) -> Option<IpAddr> {
    command::parse(output).ok()
}

/// Returns the address if a source of `family` may report it.
#[must_use]
pub fn accepted(address: IpAddr, family: Family) -> Option<IpAddr> {
    let detected = Detected { address, note: None, trust: Trust::Vote };
    Source::Router(None).accept(detected, family).map(|d| d.address).ok()
}
