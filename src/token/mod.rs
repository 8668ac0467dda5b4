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
use crate::sys::time::{DAY, Utc};

/// From so many seconds before the expiry on, its user is warned once a day.
const SOON: u64 = 30 * DAY;
/// From so many seconds before the expiry on, at every run.
const VERY_SOON: u64 = 7 * DAY;
/// From so many seconds before the expiry on, a token is renewed. Gandi is said to refuse it with more than 30 days
/// left; this leaves it fifteen daily tries.
const RENEWAL: u64 = 15 * DAY;

impl TokenMemory {
    /// Whether a day has passed since Gandi was asked.
    fn is_due(self, now: u64) -> bool {
        is_a_day(self.asked, now)
    }

    /// Whether its user is to be warned now.
    #[must_use]
    pub fn warns(self, now: u64) -> bool {
        let left = self.expires.saturating_sub(now);
        self.expires != 0 && (left <= VERY_SOON || left <= SOON && is_a_day(self.warned, now))
    }
}

/// Whether `then` is a day ago, or never was, or is not over yet: by a clock that was wrong.
fn is_a_day(then: u64, now: u64) -> bool {
    now.checked_sub(then).is_none_or(|age| age >= DAY)
}

/// When a token expires, as in `expires on 2026-12-24, in 30 days`.
#[must_use]
pub fn expiry(expires: u64, now: u64) -> String {
    let date = Utc(expires).to_string();
    let date = date.split(' ').next().unwrap_or_default();
    match (expires.saturating_sub(now) / DAY, now >= expires) {
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
            console.step(format_args!("finished a renewal of the token that was interrupted"));
            Some(token)
        }
        Err(e) => {
            // Nothing is lost by it: the old token is in its place.
            console.step(format_args!("could not finish a renewal of the token that was interrupted: {e}"));
            None
        }
    }
}

/// What is to be done for the token after a run: at most one question a day.
pub(crate) fn maintain(
    config: &Config,
    http: &Http,
    known: TokenMemory,
    now: u64,
    console: &mut Console,
) -> TokenMemory {
    let mut known = known;
    if known.is_due(now) {
        known.asked = now;
        let livedns = LiveDns::new(http, &config.api, &config.credential, Random::new(0));
        match livedns.token_info() {
            Ok(info) => known.expires = info.expires_in.map_or(0, |left| now.saturating_add(left)),
            Err(e) => console.step(format_args!("could not learn when the token expires: {e}")),
        }
        let left = known.expires.saturating_sub(now);
        if known.expires != 0
            && left <= RENEWAL
            && let Some(path) = config.token_file.as_deref().filter(|_| config.renew_token)
        {
            match renewal::renew(path, || livedns.renewed_token(), |token| verify(config, http, token)) {
                Ok(()) => {
                    console.say(format_args!("the token, which {}, has been renewed", expiry(known.expires, now)));
                    // All that is known is of the old one.
                    return TokenMemory::default();
                }
                Err(e) => console.warn(format_args!(
                    "could not renew the token, which goes on to work until it {}: {e}; the next try is tomorrow",
                    expiry(known.expires, now)
                )),
            }
        }
    }
    if known.warns(now) {
        known.warned = now;
        console.warn(format_args!("the token {}: {}", expiry(known.expires, now), advice(config)));
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

    #[test]
    fn warned_once_a_day_from_thirty_days_and_always_from_seven() {
        let now = 1_800_000_000;
        for (days, never_warned, warned_an_hour_ago, warned_yesterday) in [
            (31, false, false, false),
            (30, true, false, true),
            (8, true, false, true),
            (7, true, true, true),
            (1, true, true, true),
            (0, true, true, true),
        ] {
            let warns = |warned| TokenMemory { asked: now, expires: now + days * DAY, warned }.warns(now);
            assert_eq!(
                (warns(0), warns(now - 3600), warns(now - DAY)),
                (never_warned, warned_an_hour_ago, warned_yesterday),
                "{days} days"
            );
        }
        assert!(!TokenMemory::default().warns(now), "nothing is known of it");
        assert!(TokenMemory { asked: 0, expires: now - 1, warned: 0 }.warns(now), "it has expired");
        // By a clock that was a year ahead.
        assert!(TokenMemory { asked: 0, expires: now + 9 * DAY, warned: now + 365 * DAY }.warns(now));
        assert!(TokenMemory { asked: now + DAY, ..TokenMemory::default() }.is_due(now));
    }

    #[test]
    fn in_words() {
        let now = 1_795_478_400;
        for (left, words) in [
            (30 * DAY + 5, "expires on 2026-12-24, in 30 days"),
            (DAY, "expires on 2026-11-25, in 1 day"),
            (60, "expires on 2026-11-24, within a day"),
            (0, "expired on 2026-11-24"),
        ] {
            assert_eq!(expiry(now + left, now), words);
        }
    }
}
