//! The arguments of `get`: the words after it name records, and `--type` selects records of a config file as well.

use super::error::{Invalid, Parsed};
use super::given::Given;
use crate::dns::RrsetType;
use crate::net::FamilySelection;

/// The word of the command.
pub(super) const WORD: &str = "get";

/// Returns the names of records, as typed. The first word is that of the command.
pub(super) fn names(given: &Given) -> Vec<String> {
    given.words.get(1..).unwrap_or_default().to_vec()
}

/// Returns the families of `--type`, or those of `-4` and `-6`, with which it cannot be used together.
pub(super) fn families(given: &Given, chosen: FamilySelection) -> Parsed<FamilySelection> {
    let mut families = FamilySelection::Any;
    for value in given.values("--type") {
        if chosen.is_explicit() {
            return Err(Invalid::new(&["--type and -4 or -6 cannot be used together"]));
        }
        let family = RrsetType::parse(&value).map_err(|problem| Invalid::value("--type", &problem))?.family();
        families = match families {
            FamilySelection::Any => FamilySelection::Only(family),
            FamilySelection::Only(only) if only == family => families,
            _ => FamilySelection::Both,
        };
    }
    Ok(if families.is_explicit() { families } else { chosen })
}
