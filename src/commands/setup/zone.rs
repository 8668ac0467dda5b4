//! The domain and the names in it, and what the zone holds there.

use super::addresses::{Addresses, Types};
use super::dialogue::{Answer, Dialogue};
use crate::cli::Existing;
use crate::config::{Config, MISPLACED, MultipleValues};
use crate::dns::{Current, Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::http::Http;
use crate::outcome::Refusal;
use crate::reconcile::refusal_of;
use crate::sys::error_chain::chain;
use crate::sys::secret;
use crate::sys::words::{number, split};

/// More domains than this are listed side by side.
const LINES: usize = 20;
/// The address of Gandi's web redirection, in the zone of a new domain.
const REDIRECTION: &str = "217.70.184.38";

fn livedns<'a>(http: &'a Http, config: &'a Config, dialogue: &mut Dialogue) -> LiveDns<'a> {
    LiveDns::new(http, &config.accounts[0], dialogue.random.split())
}

/// Asks for the domain, and returns the first that has a zone which the token can read. `seen` are those that it can see;
/// `None` if it may not list them. `present` is the domain of the config that is to be replaced. Returns `None` for a token
/// that Gandi refuses.
pub(super) fn domain(
    dialogue: &mut Dialogue,
    seen: Option<&[ZoneName]>,
    config: &Config,
    present: &str,
) -> Result<Option<ZoneName>, Exit> {
    let domains = seen.unwrap_or_default();
    if domains.is_empty() {
        dialogue.say(format_args!(
            "{}",
            if seen.is_some() {
                "  This token sees no domain. Create one that is not limited to other domains. For a domain of another \
                 organization: its token, or `-o sharing_id=ID`."
            } else {
                "  This token may not list your domains (permission \"See and renew domain names\"): type yours."
            }
        ));
    }
    loop {
        let answer = if domains.is_empty() {
            let hint =
                if present.is_empty() { "(such as example.org)" } else { &["[", present, "]"].concat() };
            dialogue.ask(format_args!("Domain {hint}: "), present.to_owned().leak())?
        } else {
            let list = list(domains);
            let number = domains.iter().position(|domain| domain.typed() == present).unwrap_or_default() + 1;
            dialogue.say(format_args!("Domain [{number}]{list}"));
            dialogue.ask(format_args!("> "), number.to_string().leak())?
        };
        let (problem, exit) = match choose(answer, domains) {
            Err(problem) => (problem, Exit::Usage),
            Ok(domain) => match livedns(&config.detection.client(), config, dialogue).domain(&domain) {
                Ok(()) => return Ok(Some(domain)),
                Err(e) => (chain(&e), e.exit()),
            },
        };
        dialogue.problem(&problem, exit)?;
        if exit == Exit::Token {
            return Ok(None);
        }
    }
}

/// Returns the one of `domains` that the answer names by its number, or the domain that it names.
fn choose(answer: &str, domains: &[ZoneName]) -> Result<ZoneName, String> {
    if !domains.is_empty()
        && let Some(number) = number::<usize>(answer, 10)
    {
        let chosen = domains.get(number.wrapping_sub(1)).cloned();
        return chosen.ok_or_else(|| format!("There is no number {number}."));
    }
    let chosen = ZoneName::parse(answer.trim_end_matches('.')).map_err(|e| e.to_string())?;
    for domain in domains {
        if chosen.as_str().strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.')) {
            return Err(format!("The domain is {}; the name in it is the next question.", domain.typed()));
        }
    }
    Ok(chosen)
}

/// Returns the domains with their numbers.
fn list(domains: &[ZoneName]) -> String {
    let is_long = domains.len() > LINES;
    let mut text = String::new();
    for (index, domain) in domains.iter().enumerate() {
        let (before, after) = match index {
            _ if is_long && index > 0 => (" ", ":"),
            _ if is_long => ("\n", ":"),
            0..9 => ("\n  ", "  "),
            _ => ("\n ", "  "),
        };
        for part in [before, &(index + 1).to_string(), after, domain.typed()] {
            text.push_str(part);
        }
    }
    text
}

/// Prints that nobody asks the zone, if the domain has other nameservers.
pub(super) fn tell_nameservers(dialogue: &mut Dialogue, domain: &ZoneName, config: &Config) {
    let http = config.detection.client();
    let mut livedns = livedns(&http, config, dialogue);
    if let Ok(Some(warning)) = nameservers::warning(&mut livedns, domain) {
        dialogue.say(format_args!("  Warning: the {warning}."));
    }
}

/// The RRsets of both types at one or more names, and what the zone holds there.
pub(super) type Held = Vec<(RrsetKey, Option<Rrset>)>;

/// Asks for names, one or more, and shows what the zone holds at each. `present` are those of the config
/// that is to be replaced. No name has a CNAME or another record that excludes addresses.
pub(super) fn names(
    dialogue: &mut Dialogue,
    domain: &ZoneName,
    config: &Config,
    present: &str,
) -> Result<Held, Exit> {
    let given = &dialogue.given.inline.names;
    loop {
        let question = format_args!("Name to keep updated in {}, @ for the domain itself", domain.typed());
        let default = if present.is_empty() { "home" } else { present };
        let typed = dialogue.ask_unless(given, question, default)?;
        let http = config.detection.client();
        let mut livedns = livedns(&http, config, dialogue);
        let mut held = Vec::new();
        let mut result = Ok(());
        for word in split(typed, ",") {
            if result.is_ok() {
                result = look(word, domain, &mut livedns, dialogue, &mut held);
            }
        }
        match result {
            Ok(()) if !held.is_empty() => return Ok(held),
            Ok(()) => {}
            Err((problem, exit)) => {
                dialogue.problem(&problem, exit)?;
                // A name of `--name` stays the same.
                if !given.is_empty() {
                    return Err(exit);
                }
            }
        }
    }
}

/// Returns the names as typed, separated by spaces.
pub(super) fn words(held: &Held) -> String {
    let mut words = String::new();
    for (key, _) in held {
        if key.rrtype == RrsetType::A {
            words.push_str(if words.is_empty() { "" } else { " " });
            words.push_str(key.name.typed());
        }
    }
    words
}

/// Reads what is at one name, prints it, and adds it to `held`.
fn look(
    word: &str,
    domain: &ZoneName,
    livedns: &mut LiveDns,
    dialogue: &mut Dialogue,
    held: &mut Held,
) -> Result<(), (String, Exit)> {
    // Every resolver on the way would see it.
    if secret::is_secret_name(word) {
        return Err((MISPLACED.to_owned(), Exit::Usage));
    }
    let name = RrsetName::parse(word, domain).map_err(|e| (e.to_string(), Exit::Usage))?;
    let failed = |e: gandi::Error| (chain(&e), e.exit());
    let mut is_new = true;
    for rrtype in RrsetType::ALL {
        let key = RrsetKey { domain: domain.clone(), name: name.clone(), rrtype };
        let mut current = livedns.rrset(&key).map_err(failed)?;
        if rrtype == RrsetType::A
            && let Some(record) = livedns.delegation(&key, &name.with_parents()).map_err(failed)?
        {
            current = Current::Delegated(record);
        }
        if let Some(refusal) = refusal_of(&current) {
            return Err((refused(&key.typed(), &refusal), Exit::Config));
        }
        let mut rrset = None;
        if let Current::Present(found) = current {
            dialogue.say(format_args!("  {key} is {} now.", found.addresses()));
            rrset = Some(found);
            is_new = false;
        } else if is_new && rrtype == RrsetType::Aaaa {
            dialogue.say(format_args!("  {} does not exist yet and will be created.", key.typed()));
        }
        held.push((key, rrset));
    }
    Ok(())
}

fn refused(subject: &str, refusal: &Refusal) -> String {
    [subject, ": ", &refusal.to_string()].concat()
}

/// Asks before the addresses at the names become others. Returns false if the user wants other names.
pub(super) fn may_replace(
    dialogue: &mut Dialogue,
    held: &Held,
    types: Types,
    addresses: &Addresses,
    config: &Config,
) -> Result<bool, Exit> {
    let policy = config.records.first().map(|r| r.multiple_values).unwrap_or_default();
    for (key, rrset) in held {
        let Some(rrset) = rrset.as_ref().filter(|_| types[key.rrtype as usize]) else { continue };
        let values = rrset.values();
        if values.len() > 1 && policy == MultipleValues::Refuse {
            let problem = refused(&key.to_string(), &Refusal::Several(rrset.clone()));
            dialogue.problem(&problem, Exit::Config)?;
            return Ok(false);
        }
        if dialogue.given.existing == Existing::Replace
            || values.len() == 1 && addresses.detected.contains(&values[0])
        {
            continue;
        }
        let old = rrset.addresses();
        let what = if old == REDIRECTION { ", Gandi's web redirection: your web site there" } else { ": it" };
        let text = format!("{key} points at {old}{what} would move to this machine");
        if dialogue.assumes_yes() {
            let remedy = "; remove that record at Gandi, or add --force";
            return Err(dialogue.end(format_args!("{text}{remedy}"), Exit::Config));
        }
        if !dialogue.confirm(format_args!("  {text}. Continue?"), Answer::No)? {
            return Ok(false);
        }
    }
    Ok(true)
}
