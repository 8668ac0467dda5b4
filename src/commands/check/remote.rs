//! Checks of everything at Gandi: name resolution, the connection, the token, and each domain.

use std::net::IpAddr;

use super::findings::{Findings, Id};
use crate::config::Config;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::gandi::{Account, Credential};
use crate::http::Http;
use crate::net::resolver;
use crate::sys::error_chain::chain;
use crate::sys::grouped::Texts;
use crate::sys::random::Random;
use crate::sys::time::Timestamp;
use crate::sys::words::count;
use crate::token;

/// The origin of an API, and whether it is of use.
type Reached<'a> = (&'a str, bool);

/// Checks everything at Gandi but the records. Returns for each account whether at least one of its zones can be read.
pub(super) fn check_gandi(
    config: &Config,
    http: &Http,
    now: Timestamp,
    random: &mut Random,
    findings: &mut Findings,
) -> Vec<bool> {
    let (mut reached, mut readable) = (Vec::new(), Vec::with_capacity(config.accounts.len()));
    let mut livedns = LiveDns::new(http, &config.accounts[0], random.split());
    for number in 0..config.accounts.len() {
        livedns.switch_to(&config.accounts[number]);
        readable.push(check_account(config, number, &mut livedns, &mut reached, (http, now), findings));
    }
    readable
}

/// Checks one account. Returns true if at least one of its zones can be read.
#[inline(never)]
fn check_account<'a>(
    config: &'a Config,
    number: usize,
    livedns: &mut LiveDns,
    reached: &mut Vec<Reached<'a>>,
    (http, now): (&Http, Timestamp),
    findings: &mut Findings,
) -> bool {
    let (mut names, mut domains) = (Texts::default(), Vec::new());
    for record in config.records.iter().filter(|record| record.account == number) {
        if names.number(record.key.domain.as_str()) == domains.len() {
            domains.push(&record.key.domain);
        }
    }
    // With -4 or -6 an account may have no record.
    if domains.is_empty() {
        return false;
    }
    let account = &config.accounts[number];
    let (host, origin) = (account.api.host(), account.api.origin());
    let known = reached.iter().position(|(known, _)| *known == origin);
    let place = known.unwrap_or_else(|| {
        reached.push((origin, check_name_resolution(host, http, findings)));
        reached.len() - 1
    });
    if !reached[place].1 {
        return false;
    }
    let results: Vec<_> = domains.iter().map(|domain| livedns.domain(domain)).collect();
    if let Some(Err(e)) = results.iter().find(|r| r.as_ref().is_err_and(gandi::Error::affects_every_request))
    {
        reached[place].1 = false;
        findings.fail(e.exit(), Id::Gandi, "", chain(e));
        return false;
    }
    if known.is_none() {
        findings.ok(Id::Gandi, "", format!("{host} is reachable, certificate valid"));
    }
    let about = config.source_of(account);
    // A token that has access to another domain is not refused as such.
    if !results.iter().any(Result::is_ok)
        && let Some(Err(e)) = results.iter().find(|r| r.as_ref().is_err_and(|e| e.exit() == Exit::Token))
    {
        findings.fail(e.exit(), Id::TokenAccess, about.trim(), chain(e));
        return false;
    }
    if !config.repeats_credential(number) {
        check_token(account, about.trim(), livedns, now, findings);
    }
    let mut readable = false;
    for (domain, result) in domains.iter().zip(results) {
        let about = &domain.both();
        if let Err(e) = result {
            findings.fail(e.exit(), Id::Domain, about, chain(&e));
            continue;
        }
        readable = true;
        findings.ok(Id::Domain, about, "zone found, token has access");
        check_nameservers(livedns, domain, findings);
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
            findings.ok(Id::NameResolution, "", format!("{host} resolves ({number})"));
            true
        }
        Err(e) => {
            let text = format!("{host}: {e}; check the network, and the nameserver in /etc/resolv.conf");
            findings.fail(Exit::TryLater, Id::NameResolution, "", text);
            false
        }
    }
}

/// Checks expiry and permissions of a token that Gandi has accepted.
fn check_token(account: &Account, about: &str, livedns: &LiveDns, now: Timestamp, findings: &mut Findings) {
    let Credential::Token(_) = account.credential else {
        return findings.ok(
            Id::TokenAccess,
            about,
            "accepted (an API key, which Gandi may disable at any time)",
        );
    };
    findings.ok(Id::TokenAccess, about, "accepted");
    let info = match livedns.token_info() {
        Ok(info) => info,
        Err(e) => {
            return findings.warn(
                Id::TokenExpiry,
                about,
                format!("could not determine the expiry date: {}", chain(&e)),
            );
        }
    };
    match info.expires_in {
        None => {
            findings.warn(Id::TokenExpiry, about, "could not determine the expiry date");
        }
        Some(left) => {
            let expiry = token::expiry(now.plus(left), now);
            if left <= token::SOON {
                findings.warn(Id::TokenExpiry, about, format!("{expiry}: {}", token::advice(account)));
            } else {
                findings.ok(Id::TokenExpiry, about, expiry);
            }
        }
    }
    if !info.scopes.is_empty() {
        let scopes: String = info.scopes.join(" ").chars().filter(|c| !c.is_control()).take(200).collect();
        findings.ok(Id::TokenPermissions, about, format!("permissions: {scopes}"));
    }
}

/// Checks that the domain uses LiveDNS: otherwise the zone at LiveDNS is not published.
fn check_nameservers(livedns: &mut LiveDns, domain: &ZoneName, findings: &mut Findings) {
    let about = &domain.both();
    match nameservers::warning(livedns, domain) {
        Ok(None) => findings.ok(Id::Nameservers, about, "domain uses Gandi LiveDNS"),
        Ok(Some(text)) | Err(text) => findings.warn(Id::Nameservers, about, text),
    }
}
