//! The policy for the token's expiry: read it once a day, warn ahead of it, and renew the token with `renew_token = yes`.
//! None of this changes the exit code.

mod renewal;

use crate::config::Config;
use crate::console::Console;
use crate::dns::ZoneName;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::gandi::{CREATE_TOKEN, Credential};
use crate::http::Http;
use crate::state::TokenMemory;
use crate::sys::error_chain::chain;
use crate::sys::grouped::push_if_new;
use crate::sys::random::Random;
use crate::sys::time::{DAY, Timestamp};
use crate::sys::words::count;

/// Seconds before the expiry from which a warning is printed once a day.
pub(crate) const SOON: u64 = 30 * DAY;
/// Seconds before the expiry from which a warning is printed on every run.
const VERY_SOON: u64 = 7 * DAY;
/// Seconds before the expiry from which the token is renewed: leaves fifteen daily attempts. Gandi is said to refuse a
/// renewal with more than 30 days left.
const RENEWAL: u64 = 15 * DAY;

/// Maximum number of domains whose nameservers are read once a day.
const MAX_DOMAINS: usize = 100;

impl TokenMemory {
    /// Returns true if the expiry was not read for a day.
    fn is_due(self, now: Timestamp) -> bool {
        is_a_day_old(self.checked_at, now)
    }

    /// Returns true if a warning about the expiry is due.
    #[must_use]
    pub fn warns(self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires| {
            let left = expires.left(now);
            left <= VERY_SOON || left <= SOON && is_a_day_old(self.warned_at, now)
        })
    }
}

/// Returns true if `then` is at least a day in the past, `None`, or in the future (the clock was wrong).
fn is_a_day_old(then: Option<Timestamp>, now: Timestamp) -> bool {
    then.and_then(|then| now.since(then)).is_none_or(|age| age >= DAY)
}

/// Describes when a token expires, as in `expires on 2026-12-24, in 30 days`.
#[must_use]
pub fn expiry(expires: Timestamp, now: Timestamp) -> String {
    let date = expires.date();
    match (expires.left(now) / DAY, now >= expires) {
        (_, true) => format!("expired on {date}"),
        (0, _) => format!("expires on {date}, within a day"),
        (days, _) => format!("expires on {date}, in {}", count(days, "day")),
    }
}

/// Returns the advice for a token that expires.
#[must_use]
pub(crate) fn advice(config: &Config) -> String {
    let location = config.token_file.as_ref().map_or_else(String::new, |f| format!(" in {}", f.display()));
    format!("{CREATE_TOKEN}, and replace the old one{location}; after that, updates fail")
}

/// Completes an interrupted renewal, if there is one. Returns the new token if Gandi accepts it.
pub(crate) fn resume_renewal(
    config: &Config,
    http: &Http,
    random: Random,
    console: &mut Console,
) -> Option<Credential> {
    let path = config.token_file.as_deref().filter(|_| config.renew_token)?;
    match renewal::finish(path, |token| verify(config, http, token, random))? {
        Ok(token) => {
            console.debug(format_args!("completed an interrupted token renewal"));
            Some(token)
        }
        Err(e) => {
            // Not a warning: the token file still holds the old token.
            console.debug(format_args!("could not complete an interrupted token renewal: {}", chain(&e)));
            None
        }
    }
}

/// Describes why the token of this config could not be renewed, for `check`; `None` if nothing is in the way, or if it is
/// not to be renewed.
pub(crate) fn renewal_obstacle(config: &Config) -> Option<String> {
    let path = config.token_file.as_deref().filter(|_| config.renew_token)?;
    renewal::obstacle(path).map(|e| chain(&e))
}

/// Reads the token's expiry and the nameservers of the domains at most once a day; warns of them, or renews the token, if
/// it is due. `memory` is what the state file knows of the token; returns its new value.
pub(crate) fn maintain(
    config: &Config,
    http: &Http,
    memory: TokenMemory,
    now: Timestamp,
    random: &mut Random,
    console: &mut Console,
) -> TokenMemory {
    let mut memory = memory;
    if memory.is_due(now) {
        memory.checked_at = Some(now);
        let mut livedns = LiveDns::new(http, &config.api, &config.credential, random.split());
        warn_of_nameservers(config, &mut livedns, random, console);
        // An API key does not expire.
        if let Credential::Token(_) = config.credential {
            match livedns.token_info() {
                Ok(info) => memory.expires_at = info.expires_in.map(|left| now.plus(left)),
                Err(e) => {
                    console.debug(format_args!(
                        "could not determine the expiry date of the token: {}",
                        chain(&e)
                    ));
                }
            }
        }
        if let Some(expires) = memory.expires_at.filter(|expires| expires.left(now) <= RENEWAL)
            && let Some(path) = config.token_file.as_deref().filter(|_| config.renew_token)
        {
            match renewal::renew(
                path,
                || livedns.renewed_token(),
                |token| verify(config, http, token, random.split()),
            ) {
                Ok(()) => {
                    let date = expires.date();
                    console.notice(format_args!("token renewed (the old one would have expired on {date})"));
                    // The memory is about the old token.
                    return TokenMemory::default();
                }
                Err(e) => console.warn(format_args!(
                    "could not renew the token, which works until it {}: {}; next attempt in a day",
                    expiry(expires, now),
                    chain(&e)
                )),
            }
        }
    }
    if let Some(expires) = memory.expires_at.filter(|_| memory.warns(now)) {
        memory.warned_at = Some(now);
        console.warn(format_args!("the token {}: {}", expiry(expires, now), advice(config)));
    }
    memory
}

/// Warns of each domain whose zone at LiveDNS nobody asks. Ends at the first error, which is no failure of the run.
fn warn_of_nameservers(config: &Config, livedns: &mut LiveDns, random: &mut Random, console: &mut Console) {
    let mut domains: Vec<&ZoneName> = Vec::new();
    for record in &config.records {
        push_if_new(&mut domains, &record.key.domain);
    }
    for domain in domains.into_iter().take(MAX_DOMAINS) {
        match nameservers::warning(livedns, domain, random) {
            Ok(None) => {}
            Ok(Some(text)) => console.warn(format_args!("nameservers of {domain}: {text}")),
            Err(text) => return console.debug(format_args!("nameservers of {domain}: {text}")),
        }
    }
}

/// Verifies that Gandi accepts this token by reading the first record.
fn verify(config: &Config, http: &Http, token: &Credential, random: Random) -> Result<(), gandi::Error> {
    let Some(record) = config.records.first() else { return Ok(()) };
    let mut livedns = LiveDns::new(http, &config.api, token, random);
    livedns.rrset(&record.key).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn warns_once_a_day_from_thirty_days_and_always_from_seven() {
        let now = 1_800_000_000;
        let memory = |checked: u64, expires: u64, warned: Option<u64>| TokenMemory {
            checked_at: Some(at(checked)),
            expires_at: Some(at(expires)),
            warned_at: warned.map(at),
        };
        for (days, never_warned, warned_an_hour_ago, warned_yesterday) in [
            (31, false, false, false),
            (30, true, false, true),
            (8, true, false, true),
            (7, true, true, true),
            (1, true, true, true),
            (0, true, true, true),
        ] {
            let warns = |warned| memory(now, now + days * DAY, warned).warns(at(now));
            assert_eq!(
                (warns(None), warns(Some(now - 3600)), warns(Some(now - DAY))),
                (never_warned, warned_an_hour_ago, warned_yesterday),
                "{days} days"
            );
        }
        assert!(!TokenMemory::default().warns(at(now)), "unknown expiry");
        assert!(memory(0, now - 1, None).warns(at(now)), "expired");
        // The clock was a year ahead.
        assert!(memory(0, now + 9 * DAY, Some(now + 365 * DAY)).warns(at(now)));
        let checked_at = Some(at(now + DAY));
        assert!(TokenMemory { checked_at, ..TokenMemory::default() }.is_due(at(now)));
    }

    #[test]
    fn expiry_names_the_date_and_the_days_left() {
        let now = 1_795_478_400;
        for (left, text) in [
            (30 * DAY + 5, "expires on 2026-12-24, in 30 days"),
            (DAY, "expires on 2026-11-25, in 1 day"),
            (60, "expires on 2026-11-24, within a day"),
            (0, "expired on 2026-11-24"),
        ] {
            assert_eq!(expiry(at(now + left), at(now)), text);
        }
    }
}
