//! The domain and the names in it, and what the zone holds there.

use super::addresses::Addresses;
use super::dialogue::{Default, Dialogue, say};
use crate::cli::{Existing, Questions};
use crate::config::{Config, MultipleValues};
use crate::console::Console;
use crate::dns::{Current, Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::http::Http;
use crate::outcome::Refusal;
use crate::reconcile::refusal_of;
use crate::sys::error_chain::chain;
use crate::sys::random::Random;

/// More domains than this are listed in columns.
const LINES: usize = 20;
/// The address of Gandi's web redirection, in the zone of a new domain.
const REDIRECTION: &str = "217.70.184.38";

/// Returns a client whose time limit begins now, not when the user began to type.
fn client(config: &Config) -> Http {
    Http::new(config.detection.roots.as_deref(), config.detection.timeout)
}

fn livedns<'a>(http: &'a Http, config: &'a Config, random: &mut Random) -> LiveDns<'a> {
    LiveDns::new(http, &config.accounts[0], random.split())
}

/// Asks for the domain, and returns the first that has a zone which the token can read. `seen` are those that it can see;
/// `None` if it may not list them. Returns `None` for a token that Gandi refuses.
pub(super) fn domain(
    dialogue: &mut Dialogue,
    seen: Option<&[ZoneName]>,
    config: &Config,
    random: &mut Random,
    console: &mut Console,
) -> Result<Option<ZoneName>, Exit> {
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
        let domain = match choose(dialogue, domains, console)? {
            Ok(domain) => domain,
            Err(problem) => {
                dialogue.problem(&problem, Exit::Usage, console)?;
                continue;
            }
        };
        let Err(e) = livedns(&client(config), config, random).domain(&domain) else {
            return Ok(Some(domain));
        };
        dialogue.problem(&chain(&e), e.exit(), console)?;
        if e.exit() == Exit::Token {
            return Ok(None);
        }
    }
}

/// Asks for one of `domains`, by its number or name, or for the name of another.
fn choose(
    dialogue: &mut Dialogue,
    domains: &[ZoneName],
    console: &mut Console,
) -> Result<Result<ZoneName, String>, Exit> {
    let answer = if domains.is_empty() {
        dialogue.ask("Domain (such as example.org): ", "", console)?
    } else {
        say("Domain [1]", console);
        list(domains, console);
        dialogue.ask("> ", "1", console)?
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
    let mut cells = Vec::with_capacity(domains.len());
    for (index, domain) in domains.iter().enumerate() {
        cells.push(format!("{:3}  {domain:width$}", index + 1));
    }
    for line in cells.chunks(per_line) {
        console.notice(format_args!("{}", line.join("  ").trim_end()));
    }
}

/// Prints that nobody asks the zone, if the domain has other nameservers.
pub(super) fn tell_nameservers(
    domain: &ZoneName,
    config: &Config,
    random: &mut Random,
    console: &mut Console,
) {
    let http = client(config);
    let mut livedns = livedns(&http, config, random);
    if let Ok(Some(warning)) = nameservers::warning(&mut livedns, domain) {
        say(&format!("  Warning: the {warning}."), console);
    }
}

/// A name, and the addresses that the zone holds there.
pub(super) struct Name {
    name: RrsetName,
    addresses: Vec<(RrsetKey, Rrset)>,
}

/// Asks for names, one or more, and shows what the zone holds at each. `given` are those of `--name`. No name has a CNAME
/// or another record that excludes addresses.
pub(super) fn names(
    dialogue: &mut Dialogue,
    domain: &ZoneName,
    given: &[String],
    config: &Config,
    random: &mut Random,
    console: &mut Console,
) -> Result<Vec<Name>, Exit> {
    let question = format!("Name to keep updated in {domain}, @ for the domain itself [home]: ");
    loop {
        let typed =
            if given.is_empty() { dialogue.ask(&question, "home", console)? } else { given.join(" ") };
        let http = client(config);
        let mut livedns = livedns(&http, config, random);
        let (mut names, mut problem) = (Vec::new(), None);
        for word in typed.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
            match name(word, domain, &mut livedns, console) {
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

/// Returns the names, separated by spaces.
pub(super) fn words(names: &[Name]) -> String {
    names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(" ")
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
    (addresses, existing): (&Addresses, Existing),
    config: &Config,
    console: &mut Console,
) -> Result<bool, Exit> {
    let policy = config.records.first().map(|r| r.multiple_values).unwrap_or_default();
    for (key, rrset) in names.iter().flat_map(|n| &n.addresses).filter(|(key, _)| types.contains(&key.rrtype))
    {
        let values = rrset.values();
        if values.len() > 1 && policy == MultipleValues::Refuse {
            let problem = refused(&key.to_string(), &Refusal::Several(rrset.clone()));
            dialogue.problem(&problem, Exit::Config, console)?;
            return Ok(false);
        }
        if existing == Existing::Replace || values.len() == 1 && addresses.detected.contains(&values[0]) {
            continue;
        }
        let old = rrset.addresses();
        let what = if old == REDIRECTION { ", Gandi's web redirection: your web site there" } else { ": it" };
        let text = format!("{key} points at {old}{what} would move to this machine");
        if dialogue.questions == Questions::AssumeYes {
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
