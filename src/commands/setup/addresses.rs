//! This machine's public addresses, and the record types that follow from them.

use std::net::IpAddr;

use super::dialogue::{Default, Dialogue, say};
use crate::address::consensus::Query;
use crate::address::global::is_carrier_nat;
use crate::address::survey::{Survey, survey};
use crate::address::{Kind, SourceError};
use crate::cli::GlobalOptions;
use crate::config::Config;
use crate::console::Console;
use crate::dns::RrsetType;
use crate::exit::Exit;
use crate::http::Http;
use crate::net::Family;

/// The addresses of this machine.
pub(super) struct Addresses {
    /// Those that were detected, at most one of each family.
    pub(super) detected: Vec<IpAddr>,
    /// The types whose records would reach this machine.
    usable: Vec<RrsetType>,
    /// True if the IPv6 address that others see is a temporary one, and the interface has a stable one.
    pub(super) has_temporary: bool,
}

/// Asks every source once, and prints the results.
pub(super) fn look(options: &GlobalOptions, config: &Config, console: &mut Console) -> Addresses {
    console.notice(format_args!("\nLooking for this machine's public addresses ..."));
    let mut wanted = Vec::new();
    for family in Family::ALL {
        let target = config.detection.global(family);
        if options.families.includes(family) && !target.sources.is_off() {
            wanted.push(target.wanted());
        }
    }
    let http = Http::new(config.detection.roots.as_deref(), config.detection.timeout);
    let mut found = Addresses { detected: Vec::new(), usable: Vec::new(), has_temporary: false };
    for survey in survey(&wanted, &http) {
        add(&survey, &mut found, console);
    }
    found
}

/// Prints the result for one family, and adds it.
fn add(survey: &Survey, found: &mut Addresses, console: &mut Console) {
    let (family, reason) = (survey.family, survey.reason());
    let Some(mut address) = survey.address() else {
        return say(&format!("  {family}  none: {reason}"), console);
    };
    let local = survey.queries.iter().find(|q| q.source.kind() == Kind::Interface).and_then(Query::address);
    let mut text = reason;
    if let (IpAddr::V6(seen), Some(IpAddr::V6(stable))) = (address, local)
        && seen != stable
        && seen.segments()[..4] == stable.segments()[..4]
    {
        found.has_temporary = true;
        address = stable.into();
        text = format!("stable, of the interface; the services see the temporary {seen}");
    }
    say(&format!("  {family}  {address}: {text}"), console);
    if let Some(contradiction) = survey.contradiction() {
        say(&format!("        Warning: {contradiction}"), console);
    }
    found.detected.push(address);
    if is_shared(survey) {
        return say(
            "        Your provider shares one IPv4 address between customers (CGNAT): the name would not reach this \
             machine over IPv4.",
            console,
        );
    }
    found.usable.push(if family == Family::V4 { RrsetType::A } else { RrsetType::Aaaa });
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

/// Asks for the types to keep. `given` are those of `--type`. Ends the setup if no address is known, unless the user goes
/// on.
pub(super) fn types(
    dialogue: &mut Dialogue,
    addresses: &Addresses,
    given: &[String],
    console: &mut Console,
) -> Result<Vec<RrsetType>, Exit> {
    let known: Vec<RrsetType> = RrsetType::ALL
        .into_iter()
        .filter(|t| addresses.detected.iter().any(|a| Family::of(*a) == t.family()))
        .collect();
    let (proposed, is_usable) = match (&addresses.usable[..], &known[..]) {
        ([], []) => (vec![RrsetType::A], false),
        ([], known) => (known.to_vec(), false),
        (usable, _) => (usable.to_vec(), true),
    };
    let proposed = words(&proposed);
    let question = format!("Records to keep [{proposed}]: ");
    loop {
        let answer =
            if given.is_empty() { dialogue.ask(&question, &proposed, console)? } else { given.join(" ") };
        let mut types = Vec::new();
        let mut unknown = None;
        for word in answer.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
            match RrsetType::parse(word) {
                Ok(rrtype) if !types.contains(&rrtype) => types.push(rrtype),
                Ok(_) => {}
                Err(problem) => unknown = Some(problem),
            }
        }
        if let Some(problem) = unknown {
            dialogue.problem(&problem, Exit::Usage, console)?;
            continue;
        }
        let lacking = types.iter().find(|t| !known.contains(t));
        if let Some(lacking) = lacking {
            let text = format!("this machine has no public address for {lacking} now");
            if !dialogue.can_repeat() {
                dialogue.problem(&text, Exit::TryLater, console)?;
            }
            if dialogue.confirm(&format!("  Warning: {text}. Continue?"), Default::No, console)? {
                return Ok(types);
            }
        } else if !is_usable && given.is_empty() {
            if dialogue.confirm("  Nobody would reach this machine. Continue?", Default::No, console)? {
                return Ok(types);
            }
            dialogue.problem("no address of this machine can be reached", Exit::TryLater, console)?;
        } else {
            return Ok(types);
        }
        if !given.is_empty() {
            return Err(super::dialogue::declined(console));
        }
    }
}

/// Returns the types, separated by spaces.
pub(super) fn words(types: &[RrsetType]) -> String {
    types.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" ")
}
