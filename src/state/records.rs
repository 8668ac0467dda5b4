//! What is remembered from run to run, as values: what the zone was seen to hold, what failed, and how long to leave
//! it alone.

use std::net::IpAddr;

use crate::dns::{Rrset, RrsetKey, Ttl};
use crate::exit::Exit;
use crate::outcome::{Done, Failed, Failure, Outcome};
use crate::sys::time::DAY;

/// How long what nobody has confirmed is kept, in seconds, for `gandi-ddns status`.
const RETENTION: u64 = 31 * 86_400;
/// The longest that a failure is left alone, in seconds.
const BACKOFF_MAX: u64 = 3600;
/// The pause after a second failure in a row that may go away by itself, in seconds; each further one doubles it.
const BACKOFF_MIN: u64 = 60;

/// How old a failure is when `on_failure` hears of it again, in seconds.
const REPEAT_AFTER: u64 = DAY;

/// What a zone held under one key, and when that was seen, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) address: IpAddr,
    pub(crate) ttl: u32,
    pub(crate) at: u64,
    /// When we last wrote it, or 0.
    pub(crate) changed: u64,
    /// Whether something has failed at Gandi since: the next run looks for itself.
    pub(super) doubted: bool,
}

/// One RRset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) seen: Option<Seen>,
    pub(crate) failed: Option<Failed>,
}

/// What is known of the token, in seconds since 1970; 0 is never, or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenMemory {
    /// When Gandi was last asked about it.
    pub asked: u64,
    /// When it expires.
    pub expires: u64,
    /// When its user was last warned.
    pub warned: u64,
}

/// What is remembered, by API base and RRset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Differs when config or token have changed.
    pub(crate) origin: u64,
    /// The token.
    pub(crate) token: TokenMemory,
    // A list and not a tree: a tree is 9 kB of program, and a thousand records are found soon enough.
    pub(super) records: Vec<(String, Memory)>,
}

/// Identifies an RRset in the state, in four words: the same name at the sandbox is another one.
fn id(api: &str, key: &RrsetKey) -> String {
    format!("{api} {} {} {}", key.domain, key.name, key.rrtype)
}

/// How long to leave a failure alone, in seconds, after so many in a row. What a person must set right can wait; what
/// may go away by itself is asked about less and less often.
const fn backoff(exit: Exit, tries: u32) -> u64 {
    if !matches!(exit, Exit::TryLater) {
        return BACKOFF_MAX;
    }
    match tries {
        0..2 => 0,
        2..8 => BACKOFF_MIN << (tries - 2),
        _ => BACKOFF_MAX,
    }
}

impl State {
    /// The RRset under `key`, if it was seen with a fitting TTL less than `recheck` seconds ago. A time in the
    /// future is a clock that was wrong, and proves nothing.
    pub(crate) fn recalls(
        &self,
        api: &str,
        key: &RrsetKey,
        ttl: Option<Ttl>,
        now: u64,
        recheck: u64,
    ) -> Option<Rrset> {
        let seen = self.memory(api, key)?.seen.as_ref()?;
        let fresh = !seen.doubted && now.checked_sub(seen.at).is_some_and(|age| age < recheck);
        let fits = ttl.is_none_or(|ttl| ttl.seconds() == seen.ttl);
        (fresh && fits).then(|| Rrset::single(seen.address, seen.ttl))
    }

    /// The failure under `key` that is to be left alone at `now`.
    pub(crate) fn standing(&self, api: &str, key: &RrsetKey, now: u64) -> Option<&Failed> {
        // Met in the future, by a clock that was wrong, it does not stand.
        self.memory(api, key)?.failed.as_ref().filter(|f| f.at <= now && now < f.until)
    }

    /// What is remembered of `key`.
    pub(crate) fn memory(&self, api: &str, key: &RrsetKey) -> Option<&Memory> {
        let id = id(api, key);
        self.records.iter().find(|(known, _)| *known == id).map(|(_, memory)| memory)
    }

    /// The same with nothing that is left alone.
    pub(crate) fn tried_again(mut self) -> Self {
        self.records.iter_mut().filter_map(|(_, m)| m.failed.as_mut()).for_each(|f| f.until = 0);
        self
    }

    /// The same with nothing to rely on.
    pub(crate) fn distrusted(mut self) -> Self {
        self.records.iter_mut().filter_map(|(_, m)| m.seen.as_mut()).for_each(|s| s.doubted = true);
        self
    }

    /// The same for a config or token that may be another: what failed is tried again at once.
    pub(crate) fn of_origin(mut self, origin: u64) -> Self {
        if self.origin != origin {
            self.origin = origin;
            self.token = TokenMemory::default();
            return self.tried_again();
        }
        self
    }

    /// What is known after a round. What failed at Gandi is not relied on, so that the next run looks; what is too
    /// old to be of use is dropped.
    pub(crate) fn after<'a>(
        mut self,
        api: &str,
        outcomes: impl IntoIterator<Item = &'a Outcome>,
        now: u64,
    ) -> Self {
        for Outcome { keys, result } in outcomes {
            for key in keys {
                let memory = self.entry(id(api, key));
                match result {
                    Err(Failure::Standing(_)) => {}
                    Err(failure) => memory.fail(failure, now),
                    Ok(done) => memory.succeed(done, now),
                }
            }
        }
        let recent = |at: u64| now.saturating_sub(at) < RETENTION;
        self.records.retain(|(_, m)| {
            m.seen.as_ref().is_some_and(|s| recent(s.at)) || m.failed.as_ref().is_some_and(|f| recent(f.at))
        });
        self
    }

    /// The failures that are new or were last reported a day ago, and their records, those with the same words together.
    pub(crate) fn unreported<'a>(
        &self,
        api: &str,
        outcomes: &'a [Outcome],
        now: u64,
    ) -> Vec<(String, Vec<&'a RrsetKey>)> {
        let mut news: Vec<(String, Vec<&RrsetKey>)> = Vec::new();
        for Outcome { keys, result } in outcomes {
            let Err(failure) = result else { continue };
            for key in keys {
                let failed = self.memory(api, key).and_then(|m| m.failed.as_ref());
                let told = failed.map_or(0, |f| f.told);
                if told != 0 && now.checked_sub(told).is_some_and(|age| age < REPEAT_AFTER) {
                    continue;
                }
                let text = failed.map_or_else(|| failure.to_string(), |f| f.text.clone());
                match news.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, keys)) => keys.push(key),
                    None => news.push((text, vec![key])),
                }
            }
        }
        news
    }

    /// That `on_failure` was told of the failure of `key`.
    pub(crate) fn told(&mut self, api: &str, key: &RrsetKey, now: u64) {
        if let Some(failed) = &mut self.entry(id(api, key)).failed {
            failed.told = now;
        }
    }

    pub(super) fn entry(&mut self, id: String) -> &mut Memory {
        let place = self.records.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.records.push((id, Memory::default()));
            self.records.len() - 1
        });
        &mut self.records[place].1
    }
}

impl Memory {
    fn succeed(&mut self, done: &Done, now: u64) {
        self.failed = None;
        let (new, changed) = match done {
            Done::Remembered(_) => return,
            Done::Kept(new) => (new, self.seen.as_ref().map_or(0, |s| s.changed)),
            Done::Created { new, .. } | Done::Replaced { new, .. } => (new, now),
        };
        if let Some(&address) = new.values().first() {
            self.seen = Some(Seen { address, ttl: new.ttl, at: now, changed, doubted: false });
        }
    }

    fn fail(&mut self, failure: &Failure, now: u64) {
        // Without an address, the zone is as it was seen; after a failure at Gandi, nobody knows.
        if let (Some(seen), false) = (&mut self.seen, matches!(failure, Failure::Address(_))) {
            seen.doubted = true;
        }
        let exit = failure.exit();
        let before = self.failed.take().filter(|f| f.exit == exit && f.since <= now);
        let tries = before.as_ref().map_or(0, |f| f.tries).saturating_add(1);
        // Where nobody could be reached, nobody was bothered.
        let pause = if failure.is_local() { 0 } else { backoff(exit, tries) };
        self.failed = Some(Failed {
            exit,
            since: before.as_ref().map_or(now, |f| f.since),
            at: now,
            until: now.saturating_add(pause),
            tries,
            told: before.map_or(0, |f| f.told),
            text: failure.to_string(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{RrsetName, RrsetType, ZoneName};
    use crate::outcome::Refusal;

    fn key() -> RrsetKey {
        let domain = ZoneName::parse("example.org").expect("a domain");
        RrsetKey { name: RrsetName::parse("*", &domain).expect("a name"), domain, rrtype: RrsetType::A }
    }

    fn rrset(address: &str) -> Rrset {
        Rrset::single(address.parse().expect(address), 600)
    }

    fn outcome(result: Result<Done, Failure>) -> Vec<Outcome> {
        vec![Outcome { keys: vec![key()], result }]
    }

    fn seen_at(now: u64) -> State {
        State::default().after("api", &outcome(Ok(Done::Kept(rrset("81.2.69.142")))), now)
    }

    fn refused() -> Failure {
        Failure::Refused(Refusal::Cname("a.".to_owned()))
    }

    #[test]
    fn confirmed_only_while_fresh_and_the_same() {
        let state = seen_at(10_000);
        let confirms = |api, a, ttl, now| state.recalls(api, &key(), ttl, now, 3600) == Some(rrset(a));
        assert!(confirms("api", "81.2.69.142", None, 10_000));
        assert!(confirms("api", "81.2.69.142", Ttl::new(600), 13_599));
        assert!(!confirms("api", "81.2.69.142", None, 13_600));
        assert!(!confirms("api", "81.2.69.142", None, 9_999), "a clock that went back");
        assert!(!confirms("api", "81.2.69.142", Ttl::new(300), 10_000));
        assert!(!confirms("api", "81.2.69.143", None, 10_000));
        assert!(!confirms("sandbox", "81.2.69.142", None, 10_000));
    }

    #[test]
    fn after_a_failure_at_gandi_the_next_run_looks() {
        let state = seen_at(10_000).after("api", &outcome(Err(refused())), 10_001);
        assert_eq!(state.recalls("api", &key(), None, 10_002, 3600), None);
        let state = state.after("api", &outcome(Ok(Done::Kept(rrset("81.2.69.142")))), 10_003);
        assert!(state.recalls("api", &key(), None, 10_004, 3600).is_some());
        assert_eq!(state.standing("api", &key(), 10_004), None);
        assert_eq!(
            seen_at(10_000).after("api", &[], 10_000 + RETENTION),
            State::default(),
            "of no use any more"
        );
    }

    #[test]
    fn what_a_person_must_set_right_is_left_alone_for_an_hour() {
        let state = State::default().after("api", &outcome(Err(refused())), 10_000);
        let stands = |state: &State, now| state.standing("api", &key(), now).is_some();
        assert!(stands(&state, 10_000) && stands(&state, 13_599));
        assert!(!stands(&state, 13_600) && !stands(&state, 9_999));
        assert!(!stands(&state.clone().of_origin(1), 10_001), "config or token have changed");
        assert!(!stands(&state.clone().tried_again(), 10_001));
        let standing = state.standing("api", &key(), 10_001).cloned().expect("it stands");
        let later = state.clone().after("api", &outcome(Err(Failure::Standing(standing))), 10_300);
        assert_eq!(later, state, "nobody was asked, so nothing is new");
        let again = state.after("api", &outcome(Err(refused())), 13_600);
        let failed = again.standing("api", &key(), 13_600).expect("it stands again");
        assert_eq!((failed.since, failed.tries, failed.until), (10_000, 2, 17_200));
    }

    #[test]
    fn pauses_grow_to_an_hour() {
        let pauses: Vec<u64> = (1..=9).map(|tries| backoff(Exit::TryLater, tries)).collect();
        assert_eq!(pauses, [0, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(backoff(Exit::TryLater, u32::MAX), 3600);
        assert_eq!(backoff(Exit::Token, 1), 3600);
    }
}
