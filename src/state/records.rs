//! The state as values: what the zone was last seen to hold, which records failed, and until when they are in backoff.
//! Pure.

use std::net::IpAddr;
use std::rc::Rc;

use super::notices::{Notices, RETENTION};
use super::tokens::{self, TokenMemory};
use crate::config::Config;
use crate::dns::{RrsetKey, Ttl};
use crate::exit::Exit;
use crate::gandi::Account;
use crate::outcome::{Failure, FailureRecord, Outcome, Success};
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::time::{DAY, Timestamp};

/// The longest backoff, in seconds.
const BACKOFF_MAX: u64 = 3600;
/// The backoff after a second temporary failure in a row, in seconds. Each further failure doubles it.
const BACKOFF_MIN: u64 = 60;
/// The age at which a failure is reported to `on_failure` again, in seconds.
const REPEAT_AFTER: u64 = DAY;
/// A failure without backoff that lasts is noted once in this number of seconds, as SD cards wear.
const NOTE_AFTER: u64 = 3600;

/// The attempts of a run with `--wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempts {
    /// It is followed by another one: its failures need no backoff.
    Retried,
    /// The last or only one.
    Last,
}

/// The content of one RRset, as last read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub(crate) address: IpAddr,
    /// Time to live in seconds, as the zone has it.
    pub(crate) ttl: u32,
    /// The time at which the zone was last seen with this content.
    pub(crate) at: Timestamp,
    /// The time of the last write by this program; `None` if it never wrote the record.
    pub(crate) changed: Option<Timestamp>,
    /// True if a request about it has failed at Gandi since: the next run reads the zone.
    pub(super) doubtful: bool,
}

/// The state of one RRset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordState {
    /// The content that was last seen; `None` if it was never confirmed.
    pub(crate) confirmed: Option<Confirmed>,
    /// The failure that lasts; `None` if the last attempt succeeded.
    pub(crate) failure: Option<FailureRecord>,
}

/// The state of all records, by API base and RRset, and of the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Fingerprint of the config file; it differs when the file has changed.
    pub(crate) fingerprint: u64,
    /// The tokens of the accounts, in the order of the config.
    pub(crate) tokens: Vec<TokenMemory>,
    /// The errors and warnings that were printed.
    pub(crate) notices: Notices,
    /// The identifiers of the records: [`RrsetKey::id`] with the API base, since the same name at the sandbox is another
    /// RRset. Shared with copies of this state.
    ids: Rc<Texts>,
    /// The records, by the numbers of their identifiers.
    records: Vec<RecordState>,
}

/// Returns the backoff in seconds after `consecutive` failures: fixed for errors that the user must fix, exponential
/// for temporary ones.
const fn backoff(exit: Exit, consecutive: u32) -> u64 {
    if !matches!(exit, Exit::TryLater) {
        return BACKOFF_MAX;
    }
    match consecutive {
        0..2 => 0,
        2..8 => BACKOFF_MIN << (consecutive - 2),
        _ => BACKOFF_MAX,
    }
}

impl State {
    /// Returns the state of `key`; `None` if there is no entry.
    pub(crate) fn record(&self, api: &str, key: &RrsetKey) -> Option<&RecordState> {
        self.records.get(self.ids.find(&key.id(api))?)
    }

    /// Returns the state with every backoff ended.
    pub(crate) fn without_backoff(mut self) -> Self {
        let failures = self.records.iter_mut().filter_map(|r| r.failure.as_mut());
        failures.for_each(|failure| failure.retry_after = None);
        self
    }

    /// Returns the state without a confirmation that may be relied on.
    pub(crate) fn unconfirmed(mut self) -> Self {
        let confirmed = self.records.iter_mut().filter_map(|r| r.confirmed.as_mut());
        confirmed.for_each(|confirmed| confirmed.doubtful = true);
        self
    }

    /// Returns the state for a config file with this fingerprint. If it differs, every backoff ends, nothing is known
    /// about the tokens, and what lasts is printed again.
    pub(super) fn with_fingerprint(mut self, fingerprint: u64) -> Self {
        if self.fingerprint != fingerprint {
            self.fingerprint = fingerprint;
            self.tokens = Vec::new();
            self.notices.expire();
            return self.without_backoff();
        }
        self
    }

    /// Returns the state for a config. If the token of an account has changed, the backoffs of its records end, nothing is
    /// known about it, and what lasts is printed again.
    pub(crate) fn for_config(self, config: &Config) -> Self {
        let mut state = self.with_fingerprint(config.fingerprint);
        let known = std::mem::take(&mut state.tokens);
        let mut changed = Vec::with_capacity(config.accounts.len());
        for (number, account) in config.accounts.iter().enumerate() {
            let token = tokens::find(&known, number, account);
            let same = token.filter(|token| token.fingerprint == account.fingerprint);
            changed.push(same.is_none());
            state.tokens.push(same.unwrap_or(TokenMemory::unknown(account)));
        }
        if changed.contains(&true) {
            state.notices.expire();
            for record in config.records.iter().filter(|record| changed[record.account]) {
                let number = state.ids.find(&record.key.id(config.account(record).api.as_str()));
                if let Some(failure) = number.and_then(|number| state.records[number].failure.as_mut()) {
                    failure.retry_after = None;
                }
            }
        }
        state
    }

    /// Returns the memory of an account's token; `None` if there is none.
    pub(crate) fn token(&self, number: usize, account: &Account) -> Option<TokenMemory> {
        tokens::find(&self.tokens, number, account)
    }

    /// Returns the state after these outcomes; `apis` are the API bases of the accounts. Entries older than [`RETENTION`]
    /// are dropped.
    pub(crate) fn apply(
        mut self,
        apis: &[&str],
        outcomes: &[Outcome],
        attempt: Attempts,
        now: Timestamp,
    ) -> Self {
        for Outcome { account, keys, result } in outcomes {
            let text = result.as_ref().err().map(Failure::text).unwrap_or_default();
            for key in keys {
                let record = self.entry(&key.id(apis[*account]));
                match result {
                    Err(Failure::BackedOff(_)) => {}
                    Err(failure) => record.fail(failure, &text, attempt, now),
                    Ok(success) => record.succeed(success, now),
                }
            }
        }
        self.without_old(now)
    }

    /// Returns the state without the entries that are older than [`RETENTION`].
    fn without_old(mut self, now: Timestamp) -> Self {
        let recent = |at: Timestamp| now.since(at).is_none_or(|age| age < RETENTION);
        let is_kept = |r: &RecordState| {
            r.confirmed.as_ref().is_some_and(|c| recent(c.at))
                || r.failure.as_ref().is_some_and(|f| recent(f.last_seen))
        };
        if !self.records.iter().all(is_kept) {
            let (ids, records) = (std::mem::take(&mut self.ids), std::mem::take(&mut self.records));
            for (id, record) in ids.as_slice().iter().zip(records) {
                if is_kept(&record) {
                    *self.entry(id) = record;
                }
            }
        }
        self
    }

    /// Returns the records with their identifiers.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &RecordState)> {
        self.ids.as_slice().iter().zip(&self.records)
    }

    /// Returns the failures that have not been reported for a day, with their records, grouped by text.
    pub(crate) fn unreported<'a>(
        &self,
        apis: &[&str],
        outcomes: &'a [Outcome],
        now: Timestamp,
    ) -> Vec<(String, Vec<&'a RrsetKey>)> {
        let (mut unreported, mut texts) = (Vec::new(), Texts::default());
        for Outcome { account, keys, result } in outcomes {
            let Err(failure) = result else { continue };
            for key in keys {
                let known = self.record(apis[*account], key).and_then(|r| r.failure.as_ref());
                let reported_at = known.and_then(|f| f.reported_at);
                if reported_at.and_then(|at| now.since(at)).is_some_and(|age| age < REPEAT_AFTER) {
                    continue;
                }
                let text = known.map_or_else(|| failure.text(), |f| f.text.clone());
                push_grouped(&mut unreported, &mut texts, &text, key);
            }
        }
        unreported
    }

    /// Notes that the failure of `key` has been reported to `on_failure`.
    pub(crate) fn mark_reported(&mut self, api: &str, key: &RrsetKey, now: Timestamp) {
        let number = self.ids.find(&key.id(api));
        if let Some(failure) = number.and_then(|number| self.records[number].failure.as_mut()) {
            failure.reported_at = Some(now);
        }
    }

    /// Returns true if a record fails.
    pub(crate) fn has_failures(&self) -> bool {
        self.records.iter().any(|r| r.failure.is_some())
    }

    /// Returns the number of records that fail with this code ([`Failure::code`]).
    pub(crate) fn failing(&self, code: u64) -> u64 {
        let failures = self.records.iter().filter_map(|r| r.failure.as_ref());
        failures.filter(|f| f.code == code).count() as u64
    }

    pub(super) fn entry(&mut self, id: &str) -> &mut RecordState {
        let number = self.ids.find(id).unwrap_or_else(|| Rc::make_mut(&mut self.ids).number(id));
        if number == self.records.len() {
            self.records.push(RecordState::default());
        }
        &mut self.records[number]
    }
}

impl RecordState {
    /// Returns the content of the RRset, if it was confirmed with a matching TTL less than `recheck` seconds ago. A time
    /// in the future proves nothing: the clock was wrong.
    pub(crate) fn fresh(&self, ttl: Option<Ttl>, now: Timestamp, recheck: u64) -> Option<&Confirmed> {
        let confirmed = self.confirmed.as_ref()?;
        let fresh = !confirmed.doubtful && now.since(confirmed.at).is_some_and(|age| age < recheck);
        let fits = ttl.is_none_or(|ttl| ttl.seconds() == confirmed.ttl);
        (fresh && fits).then_some(confirmed)
    }

    /// Returns the failure, if the record is in backoff at `now`.
    pub(crate) fn in_backoff(&self, now: Timestamp) -> Option<&FailureRecord> {
        // A failure in the future comes from a clock that was wrong: no backoff.
        self.failure.as_ref().filter(|f| f.last_seen <= now && f.retry_after.is_some_and(|end| now < end))
    }

    fn succeed(&mut self, success: &Success, now: Timestamp) {
        self.failure = None;
        let (new, changed) = match success {
            Success::Cached(_) => return,
            Success::Unchanged(new) => (new, self.confirmed.as_ref().and_then(|c| c.changed)),
            Success::Created { new, .. } | Success::Replaced { new, .. } => (new, Some(now)),
        };
        if let Some(&address) = new.values().first() {
            self.confirmed = Some(Confirmed { address, ttl: new.ttl, at: now, changed, doubtful: false });
        }
    }

    fn fail(&mut self, failure: &Failure, text: &str, attempt: Attempts, now: Timestamp) {
        // Without an address Gandi was not queried, so the confirmation holds; after a failure at Gandi the zone
        // may hold anything.
        if let (Some(confirmed), false) = (&mut self.confirmed, matches!(failure, Failure::Address(_))) {
            confirmed.doubtful = true;
        }
        let (exit, code) = (failure.exit(), failure.code());
        // Without a server that was reached, no backoff is needed, and the failure does not lengthen a later one.
        let is_local = failure.is_local() || attempt == Attempts::Retried;
        let is_noted = |f: &FailureRecord| now.since(f.last_seen).is_some_and(|age| age < NOTE_AFTER);
        if is_local && self.failure.as_ref().is_some_and(|f| f.code == code && is_noted(f)) {
            return;
        }
        let before = self.failure.take().filter(|f| f.exit == exit && f.first_seen <= now);
        let consecutive = before.as_ref().map_or(0, |f| f.consecutive).saturating_add(u32::from(!is_local));
        let backoff = if is_local { 0 } else { backoff(exit, consecutive) };
        self.failure = Some(FailureRecord {
            exit,
            code,
            first_seen: before.as_ref().map_or(now, |f| f.first_seen),
            last_seen: now,
            retry_after: (backoff > 0).then(|| now.plus(backoff)),
            consecutive,
            reported_at: before.and_then(|f| f.reported_at),
            text: text.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Rrset, RrsetName, RrsetType, ZoneName};
    use crate::outcome::Refusal;

    fn key() -> RrsetKey {
        let domain = ZoneName::parse("example.org").expect("a domain");
        RrsetKey { name: RrsetName::parse("*", &domain).expect("a name"), domain, rrtype: RrsetType::A }
    }

    fn rrset(address: &str) -> Rrset {
        Rrset::single(address.parse().expect(address), 600)
    }

    fn outcome(result: Result<Success, Failure>) -> Vec<Outcome> {
        vec![Outcome { account: 0, keys: vec![key()], result }]
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn confirmed_at(seconds: u64) -> State {
        State::default().apply(
            &["api"],
            &outcome(Ok(Success::Unchanged(rrset("81.2.69.142")))),
            Attempts::Last,
            at(seconds),
        )
    }

    fn fresh_rrset(state: &State, api: &str, ttl: Option<Ttl>, now: u64) -> Option<Rrset> {
        let confirmed = state.record(api, &key())?.fresh(ttl, at(now), 3600)?;
        Some(Rrset::single(confirmed.address, confirmed.ttl))
    }

    fn in_backoff(state: &State, now: u64) -> Option<&FailureRecord> {
        state.record("api", &key())?.in_backoff(at(now))
    }

    fn refused() -> Failure {
        Failure::Refused(Refusal::Cname("a.".to_owned()))
    }

    #[test]
    fn rrset_is_fresh_only_within_recheck_with_the_same_api_and_ttl() {
        let state = confirmed_at(10_000);
        let is_fresh = |api, a, ttl, now| fresh_rrset(&state, api, ttl, now) == Some(rrset(a));
        assert!(is_fresh("api", "81.2.69.142", None, 10_000));
        assert!(is_fresh("api", "81.2.69.142", Ttl::new(600), 13_599));
        assert!(!is_fresh("api", "81.2.69.142", None, 13_600));
        assert!(!is_fresh("api", "81.2.69.142", None, 9_999), "the clock went back");
        assert!(!is_fresh("api", "81.2.69.142", Ttl::new(300), 10_000));
        assert!(!is_fresh("api", "81.2.69.143", None, 10_000));
        assert!(!is_fresh("sandbox", "81.2.69.142", None, 10_000));
    }

    #[test]
    fn failure_at_gandi_makes_the_confirmation_doubtful() {
        let state =
            confirmed_at(10_000).apply(&["api"], &outcome(Err(refused())), Attempts::Last, at(10_001));
        assert_eq!(fresh_rrset(&state, "api", None, 10_002), None);
        let state = state.apply(
            &["api"],
            &outcome(Ok(Success::Unchanged(rrset("81.2.69.142")))),
            Attempts::Last,
            at(10_003),
        );
        assert!(fresh_rrset(&state, "api", None, 10_004).is_some());
        assert_eq!(in_backoff(&state, 10_004), None);
        assert_eq!(
            confirmed_at(10_000).apply(&["api"], &[], Attempts::Last, at(10_000 + RETENTION)),
            State::default(),
            "the entry is too old"
        );
    }

    #[test]
    fn permanent_failure_is_in_backoff_for_an_hour_unless_the_fingerprint_changes() {
        let state = State::default().apply(&["api"], &outcome(Err(refused())), Attempts::Last, at(10_000));
        let is_in_backoff = |state: &State, now| in_backoff(state, now).is_some();
        assert!(is_in_backoff(&state, 10_000) && is_in_backoff(&state, 13_599));
        assert!(!is_in_backoff(&state, 13_600) && !is_in_backoff(&state, 9_999));
        assert!(!is_in_backoff(&state.clone().with_fingerprint(1), 10_001), "config or token have changed");
        assert!(!is_in_backoff(&state.clone().without_backoff(), 10_001));
        let record = in_backoff(&state, 10_001).cloned().expect("a failure in backoff");
        let later = state.clone().apply(
            &["api"],
            &outcome(Err(Failure::BackedOff(record))),
            Attempts::Last,
            at(10_300),
        );
        assert_eq!(later, state, "Gandi was not queried, so nothing changes");
        let again = state.apply(&["api"], &outcome(Err(refused())), Attempts::Last, at(13_600));
        let failed = in_backoff(&again, 13_600).expect("a failure in backoff");
        assert_eq!(
            (failed.first_seen, failed.consecutive, failed.retry_after),
            (at(10_000), 2, Some(at(17_200)))
        );
    }

    #[test]
    fn backoff_doubles_from_a_minute_to_an_hour() {
        let backoffs: Vec<u64> = (1..=9).map(|tries| backoff(Exit::TryLater, tries)).collect();
        assert_eq!(backoffs, [0, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(backoff(Exit::TryLater, u32::MAX), 3600);
        assert_eq!(backoff(Exit::Token, 1), 3600);
    }
}
