//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use super::livedns;
use super::strict::parse;
use super::wire::{self, WireRrset};
use crate::dns::{Current, RrsetKey};

/// Parses a listing, and finds the content under `key`. `None` if it is no listing.
#[must_use]
pub fn find(body: &[u8], key: &RrsetKey) -> Option<Result<Current, String>> {
    let rrsets = parse(body).and_then(wire::rrsets)?;
    let rrsets: Vec<WireRrset> = rrsets.into_iter().filter(WireRrset::is_relevant).collect();
    Some(wire::find(&wire::at(&rrsets, key.name.as_str()), key))
}

/// Parses one RRset, and reads it as that of `key`. `None` if it is no RRset.
#[must_use]
pub fn read(body: &[u8], key: &RrsetKey) -> Option<Result<Current, String>> {
    parse(body).and_then(wire::rrset).map(|rrset| wire::read(&rrset, key).map(Current::Present))
}

/// Parses the body of an error response. Returns its object and its text. `None` if it is no JSON.
#[must_use]
pub fn error(body: &[u8]) -> Option<(Option<String>, String)> {
    parse(body)?;
    let error = wire::error(body);
    Some((error.object, wire::clean(&error.text)))
}

/// Describes a body in a few words.
#[must_use]
pub fn excerpt(body: &str) -> String {
    wire::excerpt(body)
}

/// Returns the URL of the next page from a `Link` header.
///
/// # Errors
/// The link that is refused.
pub fn next_page(link: &str, origin: &str) -> Result<Option<String>, String> {
    livedns::next_page(link, origin)
}
