//! The token's life: once a day its expiry is looked up, its user is warned in time, and where the config says so, it
//! is renewed. Nothing of this changes how a run ends.

mod renewal;

use crate::config::Config;
use crate::console::Console;
use crate::gandi;
use crate::gandi::Credential;
use crate::gandi::livedns::LiveDns;
use crate::http::Http;
use crate::state::TokenMemory;
use crate::sys::random::Random;
use crate::sys::time::{DAY, Timestamp};

/// From so many seconds before the expiry on, its user is warned once a day.
pub(crate) const SOON: u64 = 30 * DAY;
/// From so many seconds before the expiry on, at every run.
const VERY_SOON: u64 = 7 * DAY;
/// From so many seconds before the expiry on, a token is renewed. Gandi is said to refuse it with more than 30 days
/// left; this leaves it fifteen daily tries.
const RENEWAL: u64 = 15 * DAY;

impl TokenMemory {
    /// Whether a day has passed since Gandi was asked.
    fn is_due(self, now: Timestamp) -> bool {
        is_a_day_old(self.checked_at, now)
    }

    /// Whether its user is to be warned now.
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

/// When a token expires, as in `expires on 2026-12-24, in 30 days`.
#[must_use]
pub fn expiry(expires: Timestamp, now: Timestamp) -> String {
    let date = expires.date();
    match (expires.left(now) / DAY, now >= expires) {
        (_, true) => format!("expired on {date}"),
        (0, _) => format!("expires on {date}, within a day"),
        (1, _) => format!("expires on {date}, in 1 day"),
        (days, _) => format!("expires on {date}, in {days} days"),
    }
}

/// What to do about it.
#[must_use]
pub(crate) fn advice(config: &Config) -> String {
    let place = config.token_file.as_ref().map_or_else(String::new, |f| format!(" in {}", f.display()));
    format!(
        "make a new one at admin.gandi.net, with \"Manage domain name technical configurations\", and put it in the \
         old one's place{place}; after that day, Gandi refuses every change"
    )
}

/// Finishes a renewal that was interrupted, if there is one: the new token, when Gandi takes it.
pub(crate) fn resume_renewal(config: &Config, http: &Http, console: &mut Console) -> Option<Credential> {
    let path = config.token_file.as_deref().filter(|_| config.renew_token)?;
    match renewal::finish(path, |token| verify(config, http, token))? {
        Ok(token) => {
            console.debug(format_args!("finished a renewal of the token that was interrupted"));
            Some(token)
        }
        Err(e) => {
            // Nothing is lost by it: the old token is in its place.
            console.debug(format_args!("could not finish a renewal of the token that was interrupted: {e}"));
            None
        }
    }
}

/// What is to be done for the token after a run: at most one question a day.
pub(crate) fn maintain(
    config: &Config,
    http: &Http,
    known: TokenMemory,
    now: Timestamp,
    console: &mut Console,
) -> TokenMemory {
    let mut known = known;
    if known.is_due(now) {
        known.checked_at = Some(now);
        let livedns = LiveDns::new(http, &config.api, &config.credential, Random::new(0));
        match livedns.token_info() {
            Ok(info) => known.expires_at = info.expires_in.map(|left| now.plus(left)),
            Err(e) => console.debug(format_args!("could not determine when the token expires: {e}")),
        }
        if let Some(expires) = known.expires_at.filter(|expires| expires.left(now) <= RENEWAL)
            && let Some(path) = config.token_file.as_deref().filter(|_| config.renew_token)
        {
            match renewal::renew(path, || livedns.renewed_token(), |token| verify(config, http, token)) {
                Ok(()) => {
                    let date = expires.date();
                    console.notice(format_args!("token renewed (the old one would have expired on {date})"));
                    // All that is known concerns the old token.
                    return TokenMemory::default();
                }
                Err(e) => console.warn(format_args!(
                    "could not renew the token, which keeps working until it {}: {e}; next try tomorrow",
                    expiry(expires, now)
                )),
            }
        }
    }
    if let Some(expires) = known.expires_at.filter(|_| known.warns(now)) {
        known.warned_at = Some(now);
        console.warn(format_args!("the token {}: {}", expiry(expires, now), advice(config)));
    }
    known
}

/// Whether Gandi takes this token, by a look at the first record.
fn verify(config: &Config, http: &Http, token: &Credential) -> Result<(), gandi::Error> {
    let Some(record) = config.records.first() else { return Ok(()) };
    let mut livedns = LiveDns::new(http, &config.api, token, Random::new(0));
    livedns.rrset(&record.key).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn user_is_warned_once_a_day_from_thirty_days_and_always_from_seven() {
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
        assert!(!TokenMemory::default().warns(at(now)), "nothing is known about it");
        assert!(memory(0, now - 1, None).warns(at(now)), "it has expired");
        // By a clock that was a year ahead.
        assert!(memory(0, now + 9 * DAY, Some(now + 365 * DAY)).warns(at(now)));
        let checked_at = Some(at(now + DAY));
        assert!(TokenMemory { checked_at, ..TokenMemory::default() }.is_due(at(now)));
    }

    #[test]
    fn expiry_names_the_date_and_the_days_left() {
        let now = 1_795_478_400;
        for (left, words) in [
            (30 * DAY + 5, "expires on 2026-12-24, in 30 days"),
            (DAY, "expires on 2026-11-25, in 1 day"),
            (60, "expires on 2026-11-24, within a day"),
            (0, "expired on 2026-11-24"),
        ] {
            assert_eq!(expiry(at(now + left), at(now)), words);
        }
    }
}
