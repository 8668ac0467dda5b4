//! This machine's public addresses, and the record types that follow from them.

use std::net::IpAddr;

use super::dialogue::{Answer, Dialogue};
use crate::address::consensus::Query;
use crate::address::global::is_carrier_nat;
use crate::address::survey::{Survey, survey};
use crate::address::{Kind, SourceError};
use crate::config::Config;
use crate::dns::RrsetType;
use crate::exit::Exit;
use crate::net::{Family, FamilySelection};
use crate::sys::words::split;

/// True for each of the types that is meant, in the order of [`RrsetType::ALL`].
pub(super) type Types = [bool; 2];

/// The addresses of this machine.
#[derive(Default)]
pub(super) struct Addresses {
    /// Those that were detected, at most one of each family.
    pub(super) detected: Vec<IpAddr>,
    /// Their types.
    known: Types,
    /// The types whose records would reach this machine.
    usable: Types,
    /// True if the IPv6 address that others see is a temporary one, and the interface has a stable one.
    pub(super) has_temporary: bool,
}

/// Asks every source once, and prints the results.
pub(super) fn look(dialogue: &mut Dialogue, families: FamilySelection, config: &Config) -> Addresses {
    dialogue.say(format_args!("\nLooking for this machine's public addresses ..."));
    let mut wanted = Vec::new();
    for family in Family::ALL {
        let target = config.detection.global(family);
        if families.includes(family) && !target.sources.is_off() {
            wanted.push(target.wanted());
        }
    }
    let http = config.detection.client();
    let mut found = Addresses::default();
    for survey in survey(&wanted, &http) {
        add(&survey, &mut found, dialogue);
    }
    found
}

/// Prints the result for one family, and adds it.
fn add(survey: &Survey, found: &mut Addresses, dialogue: &mut Dialogue) {
    let (family, mut text) = (survey.family, survey.reason());
    let Some(mut address) = survey.address() else {
        return dialogue.say(format_args!("  {family}  none: {text}"));
    };
    let local = survey.queries.iter().find(|q| q.source.kind() == Kind::Interface).and_then(Query::address);
    if let (IpAddr::V6(seen), Some(IpAddr::V6(stable))) = (address, local)
        && seen != stable
        && seen.segments()[..4] == stable.segments()[..4]
    {
        found.has_temporary = true;
        address = stable.into();
        text = format!("stable, of the interface; the services see the temporary {seen}");
    }
    dialogue.say(format_args!("  {family}  {address}: {text}"));
    if let Some(contradiction) = survey.contradiction() {
        dialogue.say(format_args!("        Warning: {contradiction}"));
    }
    found.detected.push(address);
    let number = usize::from(family == Family::V6);
    found.known[number] = true;
    found.usable[number] = !is_shared(survey);
    if !found.usable[number] {
        dialogue.say(format_args!(
            "        Your provider shares one IPv4 address between customers (CGNAT): the name would not reach this \
             machine over IPv4."
        ));
    }
}

/// Returns true if the router or the interface has an address behind the carrier's NAT.
fn is_shared(survey: &Survey) -> bool {
    survey.queries.iter().any(|q| match &q.result {
        Some(Err(e)) => match **e {
            SourceError::NotPublic(address, _) | SourceError::BehindNat(address, _) => {
                is_carrier_nat(address)
            }
            _ => false,
        },
        _ => false,
    })
}

/// Asks for the types to keep, unless `--type` gives them. `present` are those of the config that is to be replaced. Ends
/// the setup if no address is known, unless the user goes on.
pub(super) fn types(dialogue: &mut Dialogue, addresses: &Addresses, present: &str) -> Result<Types, Exit> {
    let Addresses { known, usable, .. } = addresses;
    let given = &dialogue.given.inline.types;
    let present = parse(present).unwrap_or_default();
    let proposed =
        match (words([known[0] && present[0], known[1] && present[1]]), words(*usable), words(*known)) {
            ("", "", "") => "A",
            ("", "", known) => known,
            ("", usable, _) => usable,
            (present, ..) => present,
        };
    loop {
        let answer = dialogue.ask_unless(given, format_args!("Records to keep"), proposed)?;
        let types = match parse(answer) {
            Ok(types) => types,
            Err(problem) => {
                dialogue.problem(&problem, Exit::Usage)?;
                continue;
            }
        };
        let lacking = words([types[0] && !known[0], types[1] && !known[1]]);
        let problem = if !lacking.is_empty() {
            ["this machine has no public address for ", lacking, " now"]
        } else if *usable == [false; 2] && given.is_empty() {
            ["no address of this machine can be reached", "", ""]
        } else {
            return Ok(types);
        };
        dialogue.problem(&problem.concat(), Exit::TryLater)?;
        if dialogue.confirm(format_args!("  Continue?"), Answer::No)? {
            return Ok(types);
        }
        if !given.is_empty() {
            return Err(dialogue.declined());
        }
    }
}

/// Reads the types of an answer, at least one.
fn parse(answer: &str) -> Result<Types, String> {
    let mut types = [false; 2];
    for word in split(answer, ",") {
        types[RrsetType::parse(word)? as usize] = true;
    }
    if types == [false; 2] { Err("type A, AAAA or both".to_owned()) } else { Ok(types) }
}

/// Returns the types, separated by spaces.
pub(super) fn words(types: Types) -> &'static str {
    match types {
        [true, true] => "A AAAA",
        [true, false] => "A",
        [false, true] => "AAAA",
        [false, false] => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_separated_by_commas_and_any_white_space() {
        for (answer, types) in [
            ("A", [true, false]),
            ("aaaa,", [false, true]),
            ("A,AAAA", [true, true]),
            (" AAAA\tA ", [true, true]),
            // Copied from a web page.
            ("A\u{a0}AAAA", [true, true]),
        ] {
            assert_eq!(parse(answer), Ok(types), "{answer:?}");
        }
        assert_eq!(parse(" ,"), Err("type A, AAAA or both".to_owned()));
        assert!(parse("A;AAAA").is_err() && parse("MX").is_err());
    }
}
