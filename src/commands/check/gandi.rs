//! What lies at Gandi: the way there, the token, and each domain.

use std::time::Duration;

use super::delegation;
use super::findings::Findings;
use crate::config::Config;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::Credential;
use crate::gandi::livedns::LiveDns;
use crate::http::Http;
use crate::net::resolver;
use crate::sys::random::Random;
use crate::sys::time::Timestamp;
use crate::token;

/// The longest wait for the resolver.
const RESOLVER_TIMEOUT: Duration = Duration::from_secs(5);
/// Looks at all of it; whether it makes sense to look at the records.
pub(super) fn look(
    config: &Config,
    http: &Http,
    now: Timestamp,
    random: &mut Random,
    found: &mut Findings,
) -> bool {
    let name = config.api.host();
    // A literal needs no resolver.
    if name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_err() {
        match resolver::lookup(name, RESOLVER_TIMEOUT) {
            Ok(addresses) => {
                found.fine("name resolution", format!("{name} has {} addresses", addresses.len()));
            }
            Err(e) => {
                let text =
                    format!("{name}: {e}; is the network up, and does /etc/resolv.conf name a name server?");
                found.fail(Exit::TryLater, "name resolution", text);
                return false;
            }
        }
    }
    let mut domains: Vec<&ZoneName> = Vec::new();
    for record in &config.records {
        if !domains.contains(&&record.key.domain) {
            domains.push(&record.key.domain);
        }
    }
    let mut livedns = LiveDns::new(http, &config.api, &config.credential, random.split());
    let answers: Vec<_> = domains.iter().map(|domain| livedns.domain(domain)).collect();
    if let Some(Err(e)) = answers.iter().find(|a| a.as_ref().is_err_and(gandi::Error::affects_every_request))
    {
        found.fail(e.exit(), "gandi", e.to_string());
        return false;
    }
    found.fine("gandi", format!("{name} answers, and its certificate is good"));
    if let Some(Err(e)) = answers.iter().find(|a| a.as_ref().is_err_and(|e| e.exit() == Exit::Token)) {
        found.fail(e.exit(), "token", e.to_string());
        return false;
    }
    token_itself(config, &livedns, now, found);
    let mut reach = false;
    for (domain, answer) in domains.iter().zip(answers) {
        let subject = format!("domain {domain}");
        if let Err(e) = answer {
            found.fail(e.exit(), subject, e.to_string());
            continue;
        }
        reach = true;
        found.fine(subject, "has a zone that the token may see");
        served(&mut livedns, domain, random, found);
    }
    reach
}

fn token_itself(config: &Config, livedns: &LiveDns, now: Timestamp, found: &mut Findings) {
    let Credential::Token(_) = config.credential else {
        return found.fine("token", "accepted, as an API key, which does not expire but may end any day");
    };
    found.fine("token", "accepted");
    match livedns.token_info() {
        Err(e) => found.warn("token", format!("when it expires could not be learnt: {e}")),
        Ok(info) => {
            match info.expires_in {
                None => found.warn("token", "when it expires could not be learnt: Gandi does not say so"),
                Some(left) => {
                    let expiry = token::expiry(now.plus(left), now);
                    if left <= token::SOON {
                        found.warn("token", format!("{expiry}: {}", token::advice(config)));
                    } else {
                        found.fine("token", expiry);
                    }
                }
            }
            if !info.scopes.is_empty() {
                let scopes: String =
                    info.scopes.join(" ").chars().filter(|c| !c.is_control()).take(200).collect();
                found.fine("token", format!("permits: {scopes}"));
            }
        }
    }
}

/// Whether anybody asks the zone that we write to.
fn served(livedns: &mut LiveDns, domain: &ZoneName, random: &mut Random, found: &mut Findings) {
    const REMEDY: &str =
        "what is changed here, nobody sees; choose LiveDNS as its nameservers at admin.gandi.net";
    let subject = format!("nameservers of {domain}");
    match livedns.nameservers(domain) {
        Err(e) => return found.warn(subject, format!("could not be learnt: {e}")),
        Ok(Some(current)) if current == "livedns" => return found.fine(subject, "are LiveDNS'"),
        Ok(Some(current)) => {
            return found.warn(subject, format!("are not LiveDNS' but `{current}`: {REMEDY}"));
        }
        // Many tokens may not see it: then the DNS itself is asked.
        Ok(None) => {}
    }
    match delegation::name_servers(domain, random) {
        Err(e) => found.warn(subject, format!("could not be learnt, neither from Gandi nor by DNS: {e}")),
        Ok(names) if names.iter().any(|n| delegation::is_livedns(n)) => found.fine(subject, "are LiveDNS'"),
        Ok(names) if names.is_empty() => found.warn(subject, format!("there are none: {REMEDY}")),
        Ok(names) => found.warn(subject, format!("are {}, not LiveDNS': {REMEDY}", names.join(", "))),
    }
}
