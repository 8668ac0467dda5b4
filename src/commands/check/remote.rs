//! Checks of everything at Gandi: name resolution, the connection, the token, and each domain.

use std::net::IpAddr;

use super::findings::Findings;
use crate::config::Config;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::Credential;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::http::Http;
use crate::net::resolver;
use crate::sys::error_chain::chain;
use crate::sys::grouped::Texts;
use crate::sys::random::Random;
use crate::sys::time::Timestamp;
use crate::sys::words::count;
use crate::token;

/// Checks everything at Gandi but the records. Returns true if at least one zone can be read.
pub(super) fn check_gandi(
    config: &Config,
    http: &Http,
    now: Timestamp,
    random: &mut Random,
    findings: &mut Findings,
) -> bool {
    let host = config.accounts[0].api.host();
    if !check_name_resolution(host, http, findings) {
        return false;
    }
    let (mut names, mut domains) = (Texts::default(), Vec::new());
    for record in &config.records {
        if names.number(record.key.domain.as_str()) == domains.len() {
            domains.push(&record.key.domain);
        }
    }
    let mut livedns =
        LiveDns::new(http, &config.accounts[0].api, &config.accounts[0].credential, random.split());
    let results: Vec<_> = domains.iter().map(|domain| livedns.domain(domain)).collect();
    if let Some(Err(e)) = results.iter().find(|r| r.as_ref().is_err_and(gandi::Error::affects_every_request))
    {
        findings.fail(e.exit(), "gandi", chain(e));
        return false;
    }
    findings.ok("gandi", format!("{host} is reachable, certificate valid"));
    // A token that has access to another domain is not refused as such.
    if !results.iter().any(Result::is_ok)
        && let Some(Err(e)) = results.iter().find(|r| r.as_ref().is_err_and(|e| e.exit() == Exit::Token))
    {
        findings.fail(e.exit(), "token", chain(e));
        return false;
    }
    check_token(config, &livedns, now, findings);
    let mut readable = false;
    for (domain, result) in domains.iter().zip(results) {
        let subject = format!("domain {}", domain.both());
        if let Err(e) = result {
            findings.fail(e.exit(), &subject, chain(&e));
            continue;
        }
        readable = true;
        findings.ok(&subject, "zone found, token has access");
        check_nameservers(&mut livedns, domain, random, findings);
    }
    readable
}

/// Returns false if `host` has no address.
fn check_name_resolution(host: &str, http: &Http, findings: &mut Findings) -> bool {
    // An address literal needs no resolver.
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return true;
    }
    match resolver::lookup(host, None, http.remaining()) {
        Ok(addresses) => {
            let number = count(addresses.len() as u64, "address");
            findings.ok("name resolution", format!("{host} resolves ({number})"));
            true
        }
        Err(e) => {
            let text = format!("{host}: {e}; check the network, and the nameserver in /etc/resolv.conf");
            findings.fail(Exit::TryLater, "name resolution", text);
            false
        }
    }
}

/// Checks expiry and permissions of a token that Gandi has accepted.
fn check_token(config: &Config, livedns: &LiveDns, now: Timestamp, findings: &mut Findings) {
    let Credential::Token(_) = config.accounts[0].credential else {
        return findings.ok("token", "accepted (an API key, which Gandi may disable at any time)");
    };
    findings.ok("token", "accepted");
    let info = match livedns.token_info() {
        Ok(info) => info,
        Err(e) => {
            return findings.warn("token", format!("could not determine the expiry date: {}", chain(&e)));
        }
    };
    match info.expires_in {
        None => {
            findings.warn("token", "could not determine the expiry date");
        }
        Some(left) => {
            let expiry = token::expiry(now.plus(left), now);
            if left <= token::SOON {
                findings.warn("token", format!("{expiry}: {}", token::advice(config)));
            } else {
                findings.ok("token", expiry);
            }
        }
    }
    if !info.scopes.is_empty() {
        let scopes: String = info.scopes.join(" ").chars().filter(|c| !c.is_control()).take(200).collect();
        findings.ok("token", format!("permissions: {scopes}"));
    }
}

/// Checks that the domain uses LiveDNS: otherwise the zone at LiveDNS is not published.
fn check_nameservers(livedns: &mut LiveDns, domain: &ZoneName, random: &mut Random, findings: &mut Findings) {
    let subject = format!("nameservers of {}", domain.both());
    match nameservers::warning(livedns, domain, random) {
        Ok(None) => findings.ok(&subject, "domain uses Gandi LiveDNS"),
        Ok(Some(text)) | Err(text) => findings.warn(&subject, text),
    }
}
