//! The state of one RRset: what the zone was last seen to hold, and the failure that lasts, with its backoff. Pure.

use std::net::IpAddr;

use crate::dns::Ttl;
use crate::exit::Exit;
use crate::outcome::{Failure, FailureRecord, Success};
use crate::sys::time::Timestamp;

/// The longest backoff, in seconds.
const BACKOFF_MAX: u64 = 3600;
/// The backoff after a second temporary failure in a row, in seconds. Each further failure doubles it.
const BACKOFF_MIN: u64 = 60;
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

    /// Ends the backoff, if there is one.
    pub(super) fn end_backoff(&mut self) {
        if let Some(failure) = &mut self.failure {
            failure.retry_after = None;
        }
    }

    /// Notes a success.
    pub(super) fn succeed(&mut self, success: &Success, now: Timestamp) {
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

    /// Notes a failure with this text.
    pub(super) fn fail(&mut self, failure: &Failure, text: &str, attempt: Attempts, now: Timestamp) {
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
        let before = self.failure.as_ref().filter(|f| f.exit == exit && f.first_seen <= now);
        let (first_seen, consecutive, reported_at) =
            before.map_or((now, 0, None), |f| (f.first_seen, f.consecutive, f.reported_at));
        let consecutive = consecutive.saturating_add(u32::from(!is_local));
        let backoff = if is_local { 0 } else { backoff(exit, consecutive) };
        self.failure = Some(FailureRecord {
            exit,
            code,
            first_seen,
            last_seen: now,
            retry_after: (backoff > 0).then(|| now.plus(backoff)),
            consecutive,
            reported_at,
            text: text.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_from_a_minute_to_an_hour() {
        let backoffs: Vec<u64> = (1..=9).map(|tries| backoff(Exit::TryLater, tries)).collect();
        assert_eq!(backoffs, [0, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(backoff(Exit::TryLater, u32::MAX), 3600);
        assert_eq!(backoff(Exit::Token, 1), 3600);
    }
}
