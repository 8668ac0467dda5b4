//! The state of all records and tokens as values. Pure.

use std::rc::Rc;

use super::notices::{Notices, RETENTION};
use super::record::{Attempts, RecordState};
use super::tokens::{self, TokenMemory};
use crate::config::Config;
use crate::dns::RrsetKey;
use crate::gandi::Account;
use crate::outcome::{Failure, Outcome};
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::time::{DAY, Timestamp};

/// The age at which a failure is reported to `on_failure` again, in seconds.
const REPEAT_AFTER: u64 = DAY;

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

impl State {
    /// Returns the state of `key`; `None` if there is no entry.
    pub(crate) fn record(&self, api: &str, key: &RrsetKey) -> Option<&RecordState> {
        self.records.get(self.ids.find(&key.id(api))?)
    }

    /// Ends every backoff.
    pub(crate) fn end_backoffs(&mut self) {
        for record in &mut self.records {
            record.end_backoff();
        }
    }

    /// Makes every confirmation one that cannot be relied on.
    pub(crate) fn doubt(&mut self) {
        for record in &mut self.records {
            if let Some(confirmed) = &mut record.confirmed {
                confirmed.doubtful = true;
            }
        }
    }

    /// Adapts the state to a config file with this fingerprint. If it differs, every backoff ends, nothing is known about
    /// the tokens, and what lasts is printed again.
    pub(super) fn set_fingerprint(&mut self, fingerprint: u64) {
        if self.fingerprint != fingerprint {
            self.fingerprint = fingerprint;
            self.tokens = Vec::new();
            self.notices.expire();
            self.end_backoffs();
        }
    }

    /// Adapts the state to a config. If the token of an account has changed, the backoffs of its records end, nothing is
    /// known about it, and what lasts is printed again.
    pub(crate) fn adapt(&mut self, config: &Config) {
        self.set_fingerprint(config.fingerprint);
        let known = std::mem::take(&mut self.tokens);
        let mut changed = Vec::with_capacity(config.accounts.len());
        for (number, account) in config.accounts.iter().enumerate() {
            let token = tokens::find(&known, number, account);
            let same = token.filter(|token| token.fingerprint == account.fingerprint);
            changed.push(same.is_none());
            self.tokens.push(same.unwrap_or(TokenMemory::unknown(account)));
        }
        if changed.contains(&true) {
            self.notices.expire();
            for record in config.records.iter().filter(|record| changed[record.account]) {
                let number = self.ids.find(&record.key.id(config.account(record).api.as_str()));
                if let Some(number) = number {
                    self.records[number].end_backoff();
                }
            }
        }
    }

    /// Returns the memory of an account's token; `None` if there is none.
    pub(crate) fn token(&self, number: usize, account: &Account) -> Option<TokenMemory> {
        tokens::find(&self.tokens, number, account)
    }

    /// Notes these outcomes; `apis` are the API bases of the accounts. Entries older than [`RETENTION`] are dropped.
    pub(crate) fn apply(&mut self, apis: &[&str], outcomes: &[Outcome], attempt: Attempts, now: Timestamp) {
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
        self.drop_old(now);
    }

    /// Drops the entries that are older than [`RETENTION`].
    fn drop_old(&mut self, now: Timestamp) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Rrset, RrsetName, RrsetType, Ttl, ZoneName};
    use crate::outcome::{FailureRecord, Refusal, Success};

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

    fn after(state: &State, result: Result<Success, Failure>, seconds: u64) -> State {
        let mut state = state.clone();
        state.apply(&["api"], &outcome(result), Attempts::Last, at(seconds));
        state
    }

    fn confirmed_at(seconds: u64) -> State {
        after(&State::default(), Ok(Success::Unchanged(rrset("81.2.69.142"))), seconds)
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
        let state = after(&confirmed_at(10_000), Err(refused()), 10_001);
        assert_eq!(fresh_rrset(&state, "api", None, 10_002), None);
        let mut state = after(&state, Ok(Success::Unchanged(rrset("81.2.69.142"))), 10_003);
        assert!(fresh_rrset(&state, "api", None, 10_004).is_some());
        assert_eq!(in_backoff(&state, 10_004), None);
        state.apply(&["api"], &[], Attempts::Last, at(10_003 + RETENTION));
        assert_eq!(state, State::default(), "the entry is too old");
    }

    #[test]
    fn permanent_failure_is_in_backoff_for_an_hour_unless_the_fingerprint_changes() {
        let state = after(&State::default(), Err(refused()), 10_000);
        let is_in_backoff = |state: &State, now| in_backoff(state, now).is_some();
        assert!(is_in_backoff(&state, 10_000) && is_in_backoff(&state, 13_599));
        assert!(!is_in_backoff(&state, 13_600) && !is_in_backoff(&state, 9_999));
        let (mut changed, mut forced) = (state.clone(), state.clone());
        changed.set_fingerprint(1);
        assert!(!is_in_backoff(&changed, 10_001), "config or token have changed");
        forced.end_backoffs();
        assert!(!is_in_backoff(&forced, 10_001));
        let record = in_backoff(&state, 10_001).cloned().expect("a failure in backoff");
        let later = after(&state, Err(Failure::BackedOff(record)), 10_300);
        assert_eq!(later, state, "Gandi was not queried, so nothing changes");
        let again = after(&state, Err(refused()), 13_600);
        let failed = in_backoff(&again, 13_600).expect("a failure in backoff");
        assert_eq!(
            (failed.first_seen, failed.consecutive, failed.retry_after),
            (at(10_000), 2, Some(at(17_200)))
        );
    }
}
