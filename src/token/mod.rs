//! The policy for the token's expiry: read it once a day, warn ahead of it, and renew the token with `renew_token = yes`.
//! None of this changes the exit code.

mod renewal;

use crate::config::{Config, Record};
use crate::console::Console;
use crate::dns::ZoneName;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::gandi::nameservers;
use crate::gandi::{Account, CREATE_TOKEN, Credential};
use crate::http::Http;
use crate::state::TokenMemory;
use crate::sys::error_chain::chain;
use crate::sys::grouped::push_if_new;
use crate::sys::random::Random;
use crate::sys::time::{DAY, Timestamp};
use crate::sys::words::count;

/// Seconds before the expiry from which there is a warning.
pub(crate) const SOON: u64 = 30 * DAY;
/// Seconds before the expiry from which the token is renewed: leaves fifteen daily attempts. Gandi is said to refuse a
/// renewal with more than 30 days left.
const RENEWAL: u64 = 15 * DAY;

/// Maximum number of domains whose nameservers are read once a day.
const MAX_DOMAINS: usize = 100;

impl TokenMemory {
    /// Returns true if the expiry was not read for a day, or was read in the future: the clock was wrong.
    fn is_due(self, now: Timestamp) -> bool {
        self.checked_at.and_then(|then| now.since(then)).is_none_or(|age| age >= DAY)
    }
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
pub(crate) fn advice(account: &Account) -> String {
    if account.renewed_file().is_some() {
        return format!("`renew_token` renews it {} days before", RENEWAL / DAY);
    }
    let location = account.token_file.as_ref().map_or_else(String::new, |f| format!(" in {}", f.display()));
    format!("{CREATE_TOKEN}, and replace the old one{location}; after that, updates fail")
}

/// Completes the interrupted renewals, if there are any. Accounts whose new token Gandi accepts get it, and another
/// fingerprint. Returns true if there is such an account.
#[inline(never)]
pub(crate) fn resume_renewals(
    config: &mut Config,
    http: &Http,
    random: &mut Random,
    console: &mut Console,
) -> bool {
    let mut has_changed = false;
    for number in 0..config.accounts.len() {
        let account = &config.accounts[number];
        let (Some(path), Some(record)) = (account.renewed_file(), record_of(config, number)) else {
            continue;
        };
        match renewal::finish(path, |token| verify(account, record, http, token, random.split())) {
            None => {}
            Some(Ok(token)) => {
                console.debug(format_args!(
                    "completed an interrupted token renewal{}",
                    config.source_of(account)
                ));
                console.hide(token.expose());
                // This one last, since the others are compared with it.
                for other in 0..config.accounts.len() {
                    if config.accounts[other].has_credential_of(&config.accounts[number]) && other != number {
                        config.accounts[other].renewed(&token);
                    }
                }
                config.accounts[number].renewed(&token);
                has_changed = true;
            }
            // Not a warning: the token file still holds the old token.
            Some(Err(e)) => console.debug(format_args!(
                "could not complete an interrupted token renewal{}: {}",
                config.source_of(account),
                chain(&e)
            )),
        }
    }
    has_changed
}

/// Describes why the token of an account could not be renewed, for `check`; `None` if nothing is in the way, or if it is
/// not to be renewed.
pub(crate) fn renewal_obstacle(account: &Account) -> Option<String> {
    renewal::obstacle(account.renewed_file()?).map(|e| chain(&e))
}

/// Reads the expiry of an account's token and the nameservers of its domains at most once a day; warns of them, or renews
/// the token, if it is due. `memory` is what the state file knows of the token; returns its new value.
pub(crate) fn maintain(
    config: &Config,
    number: usize,
    http: &Http,
    memory: TokenMemory,
    now: Timestamp,
    random: &mut Random,
    console: &mut Console,
) -> TokenMemory {
    let account = &config.accounts[number];
    let from = config.source_of(account);
    let mut memory = memory;
    if memory.is_due(now) {
        memory.checked_at = Some(now);
        let mut livedns = LiveDns::new(http, account, random.split());
        // An API key does not expire.
        // Two sections may use one token for two organizations.
        if let Credential::Token(_) = account.credential
            && !config.repeats_credential(number)
        {
            match livedns.token_info() {
                Ok(info) => memory.expires_at = info.expires_in.map(|left| now.plus(left)),
                Err(e) => {
                    console.debug(format_args!(
                        "could not determine the expiry date of the token{from}: {}",
                        chain(&e)
                    ));
                }
            }
        }
        if let Some(expires) = memory.expires_at.filter(|expires| expires.left(now) <= RENEWAL)
            && let Some(path) = account.renewed_file()
            && let Some(record) = record_of(config, number)
        {
            match renewal::renew(
                path,
                || livedns.renewed_token(),
                |token| verify(account, record, http, token, random.split()),
            ) {
                Ok(()) => {
                    let date = expires.date();
                    console.notice(format_args!(
                        "token{from} renewed (the old one would have expired on {date})"
                    ));
                    // The memory is about the old token.
                    return TokenMemory::unknown(account);
                }
                Err(e) => console.warn(format_args!(
                    "could not renew the token{from}, which works until it {}: {}; next attempt in a day",
                    expiry(expires, now),
                    chain(&e)
                )),
            }
        }
        // Comes last: it may take all that is left of the run's time.
        warn_of_nameservers(config, number, &mut livedns, console);
    }
    // The caller prints it once a day. A token that is to be renewed needs a person only if it cannot be.
    if let Some(expires) = memory.expires_at.filter(|expires| expires.left(now) <= SOON) {
        let expiry = expiry(expires, now);
        if account.renewed_file().is_none() {
            console.warn(format_args!("the token{from} {expiry}: {}", advice(account)));
        } else if let Some(obstacle) = renewal_obstacle(account).filter(|_| expires.left(now) > RENEWAL) {
            console.warn(format_args!("the token{from} {expiry}, and cannot be renewed: {obstacle}"));
        }
    }
    memory
}

/// Warns of each domain of an account whose zone at LiveDNS nobody asks. Ends at the first error, which is no failure of
/// the run.
fn warn_of_nameservers(config: &Config, number: usize, livedns: &mut LiveDns, console: &mut Console) {
    let mut domains: Vec<&ZoneName> = Vec::new();
    for record in config.records.iter().filter(|record| record.account == number) {
        if domains.len() < MAX_DOMAINS {
            push_if_new(&mut domains, &record.key.domain);
        }
    }
    for domain in domains {
        match nameservers::warning(livedns, domain) {
            Ok(None) => {}
            Ok(Some(text)) => console.warn(format_args!("nameservers of {}: {text}", domain.both())),
            Err(text) => return console.debug(format_args!("nameservers of {}: {text}", domain.both())),
        }
    }
}

/// Returns the first record of an account, if it has one in this run.
fn record_of(config: &Config, number: usize) -> Option<&Record> {
    config.records.iter().find(|record| record.account == number)
}

/// Verifies that Gandi accepts this token for an account by reading a record.
fn verify(
    account: &Account,
    record: &Record,
    http: &Http,
    token: &Credential,
    random: Random,
) -> Result<(), gandi::Error> {
    let account = Account { credential: token.clone(), ..account.clone() };
    LiveDns::new(http, &account, random).rrset(&record.key).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn query_is_due_after_a_day_and_after_a_clock_that_was_wrong() {
        let due =
            |checked| TokenMemory { checked_at: checked, ..TokenMemory::default() }.is_due(at(1_800_000_000));
        assert!(due(None) && due(Some(at(1_800_000_000 - DAY))) && due(Some(at(1_800_000_000 + DAY))));
        assert!(!due(Some(at(1_800_000_000 - DAY + 1))));
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
