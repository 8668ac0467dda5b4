//! The domain and the names in it, and what the zone holds there.

use super::dialogue::{Default, Dialogue, say};
use crate::cli::Existing;
use crate::config::{Config, MultipleValues};
use crate::console::Console;
use crate::dns::{Current, Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::outcome::Refusal;
use crate::reconcile::refusal_of;
use crate::sys::error_chain::chain;
use crate::sys::random::Random;
use std::net::IpAddr;

/// More domains than this are listed in columns.
const LINES: usize = 20;
/// The address of Gandi's web redirection, in the zone of a new domain.
const REDIRECTION: &str = "217.70.184.38";

/// Asks for the domain, and returns the first that has a zone which the token can read. `seen` are those that it can see;
/// `None` if it may not list them. `Err(None)` is a token that Gandi refuses.
pub(super) fn domain(
    dialogue: &mut Dialogue,
    seen: Option<&[ZoneName]>,
    livedns: &mut LiveDns,
    console: &mut Console,
) -> Result<ZoneName, Option<Exit>> {
    let domains = seen.unwrap_or_default();
    if domains.is_empty() {
        say(
            if seen.is_some() {
                "  This token sees no domain. Create one that is not limited to other domains. For a domain of another \
                 organization: its token, or `-o sharing_id=ID`."
            } else {
                "  This token may not list your domains (permission \"See and renew domain names\"): type yours."
            },
            console,
        );
    }
    loop {
        let domain = match choose(dialogue, domains, console).map_err(Some)? {
            Ok(domain) => domain,
            Err(problem) => {
                dialogue.problem(&problem, Exit::Usage, console).map_err(Some)?;
                continue;
            }
        };
        let Err(e) = livedns.domain(&domain) else { return Ok(domain) };
        dialogue.problem(&chain(&e), e.exit(), console).map_err(Some)?;
        if e.exit() == Exit::Token {
            return Err(None);
        }
    }
}

/// Asks for one of `domains`, by its number or name, or for the name of another.
fn choose(
    dialogue: &mut Dialogue,
    domains: &[ZoneName],
    console: &mut Console,
) -> Result<Result<ZoneName, String>, Exit> {
    let answer = match domains.first() {
        None => dialogue.ask("Domain (such as example.org): ", "", console)?,
        Some(_) => {
            say("Domain [1]", console);
            list(domains, console);
            dialogue.ask("> ", "1", console)?
        }
    };
    let text = answer.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(number) = text.parse::<usize>() {
        let chosen = domains.get(number.wrapping_sub(1)).cloned();
        return Ok(chosen.ok_or_else(|| format!("There is no number {number}.")));
    }
    let is_below = |d: &&ZoneName| text.strip_suffix(d.as_str()).is_some_and(|rest| rest.ends_with('.'));
    if let Some(domain) = domains.iter().find(is_below) {
        return Ok(Err(format!("The domain is {domain}; the name in it is the next question.")));
    }
    Ok(ZoneName::parse(&text).map_err(|e| e.to_string()))
}

/// Prints the domains with their numbers.
fn list(domains: &[ZoneName], console: &mut Console) {
    let width = domains.iter().map(|d| d.as_str().len()).max().unwrap_or_default();
    let per_line = if domains.len() > LINES { (79 / (width + 7)).max(1) } else { 1 };
    for (line, part) in domains.chunks(per_line).enumerate() {
        let mut text = String::new();
        for (index, domain) in part.iter().enumerate() {
            text.push_str(&format!("{:3}  {domain:width$}  ", line * per_line + index + 1));
        }
        console.notice(format_args!("{}", text.trim_end()));
    }
}

/// Prints that nobody asks the zone, if the domain has other nameservers.
pub(super) fn tell_nameservers(
    domain: &ZoneName,
    livedns: &mut LiveDns,
    random: &mut Random,
    console: &mut Console,
) {
    if let Ok(Some(warning)) = nameservers::warning(livedns, domain, random) {
        say(&format!("  Warning: the {warning}."), console);
    }
}

/// A name, and the addresses that the zone holds there.
pub(super) struct Name {
    pub(super) name: RrsetName,
    addresses: Vec<(RrsetKey, Rrset)>,
}

/// Asks for names, one or more, and shows what the zone holds at each. `given` are those of `--name`. No name has a CNAME
/// or another record that excludes addresses.
pub(super) fn names(
    dialogue: &mut Dialogue,
    domain: &ZoneName,
    given: &[String],
    livedns: &mut LiveDns,
    console: &mut Console,
) -> Result<Vec<Name>, Exit> {
    let question = format!("Name to keep updated in {domain}, @ for the domain itself [home]: ");
    loop {
        let typed =
            if given.is_empty() { dialogue.ask(&question, "home", console)? } else { given.join(" ") };
        let mut names = Vec::new();
        let mut problem = None;
        for word in typed.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
            match name(word, domain, livedns, console) {
                Ok(name) => names.push(name),
                Err(found) => {
                    problem = Some(found);
                    break;
                }
            }
        }
        match problem {
            None if names.is_empty() => {}
            None => return Ok(names),
            // A name of `--name` stays the same.
            Some((text, exit)) if !given.is_empty() => {
                dialogue.problem(&text, exit, console)?;
                return Err(exit);
            }
            Some((text, exit)) => dialogue.problem(&text, exit, console)?,
        }
    }
}

/// Checks one name, and prints what is there.
fn name(
    word: &str,
    domain: &ZoneName,
    livedns: &mut LiveDns,
    console: &mut Console,
) -> Result<Name, (String, Exit)> {
    let name = RrsetName::parse(word, domain).map_err(|e| (e.to_string(), Exit::Usage))?;
    let failed = |e: gandi::Error| (chain(&e), e.exit());
    let mut addresses = Vec::new();
    let mut host = String::new();
    for rrtype in RrsetType::ALL {
        let key = RrsetKey { domain: domain.clone(), name: name.clone(), rrtype };
        let mut current = livedns.rrset(&key).map_err(failed)?;
        if host.is_empty()
            && let Some(record) = livedns.delegation(&key, &key.name.with_parents()).map_err(failed)?
        {
            current = Current::Delegated(record);
        }
        host = key.host_name();
        if let Some(refusal) = refusal_of(&current) {
            return Err((refused(&host, &refusal), Exit::Config));
        }
        if let Current::Present(rrset) = current {
            say(&format!("  {key} is {} now.", rrset.addresses()), console);
            addresses.push((key, rrset));
        }
    }
    if addresses.is_empty() {
        say(&format!("  {host} does not exist yet and will be created."), console);
    }
    Ok(Name { name, addresses })
}

fn refused(subject: &str, refusal: &Refusal) -> String {
    let text = refusal.to_string();
    format!("{subject}: {}", text.strip_prefix("not changed: ").unwrap_or(&text))
}

/// Asks before the addresses at the names become others. `addresses` are the detected ones. Returns false if the user
/// wants other names.
pub(super) fn may_replace(
    dialogue: &mut Dialogue,
    names: &[Name],
    types: &[RrsetType],
    addresses: &[IpAddr],
    existing: Existing,
    config: &Config,
    console: &mut Console,
) -> Result<bool, Exit> {
    let policy = config.records.first().map(|r| r.multiple_values).unwrap_or_default();
    for (key, rrset) in names.iter().flat_map(|n| &n.addresses).filter(|(key, _)| types.contains(&key.rrtype))
    {
        let values = rrset.values();
        if values.len() == 1 && addresses.contains(&values[0]) || existing == Existing::Replace {
            continue;
        }
        if values.len() > 1 && policy == MultipleValues::Refuse {
            let problem = refused(&key.to_string(), &Refusal::Several(rrset.clone()));
            dialogue.problem(&problem, Exit::Config, console)?;
            return Ok(false);
        }
        let old = rrset.addresses();
        let what = if old == REDIRECTION { ", Gandi's web redirection: your web site there" } else { ": it" };
        let text = format!("{key} points at {old}{what} would move to this machine");
        if !dialogue.can_repeat() && dialogue.questions == crate::cli::Questions::AssumeYes {
            dialogue.problem(
                &format!("{text}; remove that record at Gandi, or add --force"),
                Exit::Config,
                console,
            )?;
        }
        if !dialogue.confirm(&format!("  {text}. Continue?"), Default::No, console)? {
            return Ok(false);
        }
    }
    Ok(true)
}
