//! The memory of printed errors and warnings: each is printed when it is new, when it changes, and once a day while it
//! lasts. Pure.

use crate::sys::hash::fnv;
use crate::sys::time::{DAY, Timestamp};

/// Entries that have not been confirmed or printed for this many seconds are dropped.
pub(super) const RETENTION: u64 = 31 * DAY;

/// The memory of one message, or of all failures of records with the same [`Failure::code`].
///
/// [`Failure::code`]: crate::outcome::Failure::code
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The code of the failure, or [`id_of`] the message.
    pub(super) id: u64,
    /// The time at which it was last printed.
    pub(super) told_at: Timestamp,
    /// The number of times that it was printed since it comes and goes.
    pub(super) tellings: u64,
    /// The number of records that fail as far as the reader knows: 0 after the end of the failure was printed.
    pub(super) known: u64,
    /// The highest number of records that were printed as failing since it is printed daily.
    pub(super) most: u64,
}

/// The memory of all messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notices(pub(super) Vec<Notice>);

impl Notices {
    /// Returns true if a message about `count` records is to be printed now, and then counts it as printed. A message
    /// without a record counts as one about a single record.
    pub(crate) fn is_due(&mut self, id: u64, count: u64, now: Timestamp) -> bool {
        let Some(notice) = self.0.iter_mut().find(|n| n.id == id) else {
            self.0.retain(|n| now.since(n.told_at).is_none_or(|age| age < RETENTION));
            self.0.push(Notice { id, told_at: now, tellings: 1, known: count, most: count });
            return true;
        };
        let wait = if count <= notice.known {
            DAY
        } else if count > notice.most {
            0
        } else {
            returned(notice.tellings)
        };
        // A time in the future comes from a clock that was wrong.
        let age = now.since(notice.told_at).unwrap_or(DAY);
        if age < wait {
            return false;
        }
        let is_steady = age >= DAY && count <= notice.known || age >= 2 * DAY;
        let (tellings, most) = if is_steady { (1, 0) } else { (notice.tellings + 1, notice.most) };
        *notice = Notice { id, told_at: now, tellings, known: count, most: most.max(count) };
        true
    }

    /// Notes that only `left` records still fail in this way. Returns true if the reader believes in more of them.
    pub(crate) fn has_ended(&mut self, id: u64, left: u64) -> bool {
        let notice = self.0.iter_mut().find(|n| n.id == id && n.known > left);
        notice.map(|n| n.known = left).is_some()
    }

    /// Notes that `count` records fail in this way now, of which the reader knows as failing in another way: then the end
    /// is printed, too.
    pub(crate) fn assume_known(&mut self, id: u64, count: u64) {
        if let Some(notice) = self.0.iter_mut().find(|n| n.id == id) {
            notice.known = notice.known.max(count);
        }
    }

    /// Makes each message due, should it occur again.
    pub(super) fn expire(&mut self) {
        for notice in &mut self.0 {
            notice.told_at = Timestamp::from_secs(notice.told_at.as_secs().saturating_sub(2 * DAY));
        }
    }
}

/// Returns the wait before a failure that has ended and returned is printed again, in seconds: one that comes and goes
/// is printed three times on its first day, and then once a day.
const fn returned(tellings: u64) -> u64 {
    match tellings {
        0..2 => 0,
        2 => 8 * 3600,
        3 => 16 * 3600,
        _ => DAY,
    }
}

/// Returns the identity of a message: a hash of its words, without times, numbers and addresses, and without the end of
/// plurals. Names with a digit, such as those of domains and files, count.
pub(crate) fn id_of(text: &str) -> u64 {
    let is_number = |word: &&str| {
        let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
        has(u8::is_ascii_digit) && (!has(u8::is_ascii_alphabetic) || word.matches(':').count() > 1)
    };
    let words = text.split(' ').filter(|word| !is_number(word));
    let words: String = words.map(|word| word.trim_end_matches([':', ',', ';', 's'])).collect();
    fnv(words.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: u64 = 900;

    /// Runs every quarter of an hour for some days. `count` gives the number of failing records in each run. Returns the
    /// runs in which the failure, and in which its end was printed.
    fn printed(days: u64, count: impl Fn(u64) -> u64) -> (Vec<u64>, Vec<u64>) {
        let (mut notices, mut told, mut ended) = (Notices::default(), Vec::new(), Vec::new());
        for run in 0..days * 96 {
            let (count, now) = (count(run), Timestamp::from_secs(1_800_000_000 + run * QUARTER));
            if notices.has_ended(7, count) {
                ended.push(run);
            }
            if count > 0 && notices.is_due(7, count, now) {
                told.push(run);
            }
        }
        (told, ended)
    }

    #[test]
    fn standing_failure_is_printed_once_a_day_and_its_end_once() {
        let (told, ended) = printed(30, |run| u64::from(run < 960));
        assert_eq!(told, (0..10).map(|day| day * 96).collect::<Vec<_>>());
        assert_eq!(ended, [960]);
    }

    #[test]
    fn failure_that_comes_and_goes_is_printed_a_few_times_a_day() {
        for period in 2..40 {
            let (told, ended) = printed(30, |run| u64::from(run % period == 0));
            for day in 0..29 {
                let on =
                    |runs: &[u64]| runs.iter().filter(|r| (day * 96..(day + 1) * 96).contains(*r)).count();
                assert!(on(&told) <= 3 && on(&ended) <= 3, "{period} {day}: {told:?} {ended:?}");
            }
            assert!(told.len() <= 33 && told.len() > 20, "{period}: {told:?}");
        }
    }

    #[test]
    fn failure_that_returns_is_printed_at_once_and_when_it_lasts() {
        // It works for one run in the first, second and third hour, and then no more.
        let (told, ended) = printed(2, |run| u64::from(![4, 8, 12].contains(&run)));
        assert_eq!((told, ended), (vec![0, 5, 37, 133], vec![4, 8]));
    }

    #[test]
    fn further_record_is_printed_at_once() {
        let (told, ended) = printed(1, |run| match run {
            0..10 => 1,
            10..20 | 30..40 => 2,
            _ => 3,
        });
        assert_eq!((told, ended), (vec![0, 10, 20, 84], vec![30]));
    }

    #[test]
    fn clock_that_was_wrong_does_not_silence_a_message() {
        let mut notices = Notices::default();
        assert!(notices.is_due(1, 1, Timestamp::from_secs(2_000_000_000)));
        assert!(notices.is_due(1, 1, Timestamp::from_secs(1_800_000_000)));
        assert!(!notices.is_due(1, 1, Timestamp::from_secs(1_800_000_100)));
        // Old entries are dropped.
        assert!(notices.is_due(2, 1, Timestamp::from_secs(1_800_000_000 + RETENTION)));
        assert_eq!(notices.0.len(), 1);
    }

    #[test]
    fn standing_message_is_printed_again_after_a_change_of_config_or_token() {
        let now = Timestamp::from_secs(1_800_000_000);
        let mut notices = Notices::default();
        assert!(notices.is_due(1, 2, now) && !notices.is_due(1, 2, now));
        notices.expire();
        assert!(notices.is_due(1, 2, now) && !notices.is_due(1, 2, now) && notices.has_ended(1, 0));
    }

    #[test]
    fn identity_is_without_numbers_times_and_addresses() {
        for (a, b) in [
            ("clock reads 1970-01-01 00:00:10 UTC: wrong", "clock reads 1970-01-01 00:15:10 UTC: wrong"),
            ("hooks not run: 3; all", "hooks not run: 4; all"),
            ("it expires in 2 days: renew it", "it expires in 1 day: renew it"),
            ("router says 100.64.1.1, web 81.2.69.142", "router says 100.64.1.2, web 2a01:e0a::1"),
        ] {
            assert_eq!(id_of(a), id_of(b), "{a}");
        }
        for (a, b) in [
            ("could not read it", "could not write it"),
            ("nameservers of t18s.fr: none", "nameservers of t19s.fr: none"),
            ("`on_change` /srv/1/hook: gone", "`on_change` /srv/2/hook: gone"),
        ] {
            assert_ne!(id_of(a), id_of(b), "{a}");
        }
    }
}
