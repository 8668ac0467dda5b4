//! The text format of the state file: one line per fact, words separated by spaces, times in seconds since 1970 with 0
//! for "never". ARCHITECTURE.md describes each line.

use std::fmt;

use super::notices::Notice;
use super::record::{Confirmed, RecordState};
use super::records::State;
use super::tokens::TokenMemory;
use crate::exit::Exit;
use crate::outcome::FailureRecord;
use crate::sys::time::Timestamp;
use crate::sys::words::number;

/// First line of the file. The number changes with the format.
const HEADER: &str = "gandi-ddns state 4";

/// The first word of each kind of line, and the number of the numbers after it.
const KINDS: [(&str, usize); 5] =
    [("fingerprint", 1), ("token", 4), ("told", 5), ("confirmed", 4), ("failure", 6)];

/// Returns the exit code of a failure with this code, of those that a run can end with.
fn failure_exit(code: u64) -> Option<Exit> {
    Exit::ALL.into_iter().find(|e| *e != Exit::Absent && u64::from(e.code()) == code & 0xff)
}

/// The reason why a text is not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is corrupt.
    Corrupt,
    /// It was written by another version of this program.
    OtherVersion,
}

impl State {
    /// Parses the state file. Errors tell a corrupt file from one written by another version.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let (header, rest) = text.split_once('\n').unwrap_or((text, ""));
        if header != HEADER && header.starts_with("gandi-ddns state ") {
            return Err(Unreadable::OtherVersion);
        }
        // Without the last line end, the last line may be cut off in a way that does not show.
        let lines = rest.strip_suffix('\n').filter(|_| header == HEADER).ok_or(Unreadable::Corrupt)?;
        let mut state = Self::default();
        for line in lines.split('\n') {
            state.parse_line(line).ok_or(Unreadable::Corrupt)?;
        }
        Ok(state)
    }

    fn parse_line(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        let mut words = rest.split(' ');
        let mut numbers = [0; 6];
        let length = KINDS.iter().find(|(known, _)| *known == kind)?.1;
        for place in &mut numbers[..length] {
            *place = number(words.next()?, 10)?;
        }
        match kind {
            "confirmed" => {
                let [at, changed, doubtful, ttl, ..] = numbers;
                let confirmed = Confirmed {
                    address: words.next()?.parse().ok()?,
                    ttl: u32::try_from(ttl).ok()?,
                    at: Timestamp::from_secs(at),
                    changed: time(changed),
                    doubtful: doubtful == 1,
                };
                let id = parse_id(&mut words)?;
                let rrtype = if confirmed.address.is_ipv4() { " A" } else { " AAAA" };
                if doubtful > 1 || !id.ends_with(rrtype) {
                    return None;
                }
                self.entry(&id).confirmed = Some(confirmed);
            }
            "failure" => {
                let [code, first_seen, last_seen, retry_after, consecutive, reported_at] = numbers;
                let id = parse_id(&mut words)?;
                self.entry(&id).failure = Some(FailureRecord {
                    exit: failure_exit(code)?,
                    code,
                    first_seen: Timestamp::from_secs(first_seen),
                    last_seen: Timestamp::from_secs(last_seen),
                    retry_after: time(retry_after),
                    consecutive: u32::try_from(consecutive).ok()?,
                    reported_at: time(reported_at),
                    text: words.by_ref().collect::<Vec<_>>().join(" "),
                });
            }
            "token" => {
                let [account, fingerprint, checked_at, expires_at, ..] = numbers;
                let (checked_at, expires_at) = (time(checked_at), time(expires_at));
                self.tokens.push(TokenMemory { account, fingerprint, checked_at, expires_at });
            }
            "told" => {
                let [told_at, tellings, known, most, id, _] = numbers;
                let told_at = Timestamp::from_secs(told_at);
                self.notices.0.push(Notice { id, told_at, tellings, known, most });
            }
            _ => self.fingerprint = numbers[0],
        }
        // The next run relies on a confirmation, so any sign of damage counts.
        words.next().is_none().then_some(())
    }
}

/// Reads a time of which 0 means "never".
fn time(seconds: u64) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp::from_secs(seconds))
}

/// Writes a time as [`time`] reads it.
fn seconds(time: Option<Timestamp>) -> u64 {
    time.map_or(0, Timestamp::as_secs)
}

/// Reads an RRset's identifier, which is the next four words.
fn parse_id<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let [api, domain, name, rrtype] = [words.next()?, words.next()?, words.next()?, words.next()?];
    Some([api, domain, name, rrtype].join(" "))
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        start_line(f, "fingerprint", &[self.fingerprint])?;
        for TokenMemory { account, fingerprint, checked_at, expires_at } in &self.tokens {
            start_line(f, "token", &[*account, *fingerprint, seconds(*checked_at), seconds(*expires_at)])?;
        }
        for Notice { told_at, tellings, known, most, id } in &self.notices.0 {
            start_line(f, "told", &[told_at.as_secs(), *tellings, *known, *most, *id])?;
        }
        for (id, RecordState { confirmed, failure }) in self.entries() {
            if let Some(Confirmed { address, ttl, at, changed, doubtful }) = confirmed {
                let numbers = [at.as_secs(), seconds(*changed), u64::from(*doubtful), u64::from(*ttl)];
                start_line(f, "confirmed", &numbers)?;
                write!(f, " {address} {id}")?;
            }
            if let Some(failure) = failure {
                let numbers = [
                    failure.code,
                    failure.first_seen.as_secs(),
                    failure.last_seen.as_secs(),
                    seconds(failure.retry_after),
                    u64::from(failure.consecutive),
                    seconds(failure.reported_at),
                ];
                start_line(f, "failure", &numbers)?;
                write!(f, " {id} {}", failure.text.replace('\n', " "))?;
            }
        }
        f.write_str("\n")
    }
}

/// Ends the line before, and writes the first word and the numbers of a line.
fn start_line(f: &mut fmt::Formatter<'_>, kind: &str, numbers: &[u64]) -> fmt::Result {
    write!(f, "\n{kind}")?;
    numbers.iter().try_for_each(|number| write!(f, " {number}"))
}

#[cfg(test)]
mod tests {
    use super::super::record::Attempts;
    use super::*;
    use crate::dns::{Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
    use crate::outcome::{Failure, Outcome, Refusal, Success};

    fn outcome(result: Result<Success, Failure>) -> Vec<Outcome> {
        let domain = ZoneName::parse("example.org").expect("a domain");
        let name = RrsetName::parse("*", &domain).expect("a name");
        vec![Outcome { account: 0, keys: vec![RrsetKey { name, domain, rrtype: RrsetType::A }], result }]
    }

    #[test]
    fn state_is_the_same_after_writing_and_parsing() {
        let kept = Success::Unchanged(Rrset::single("81.2.69.142".parse().expect("an address"), 600));
        let refused = Failure::Refused(Refusal::Cname("a.".to_owned()));
        let mut state = State::default();
        for (result, at) in [(Ok(kept), 10_000), (Err(refused), 10_100)] {
            state.apply(&["api"], &outcome(result), Attempts::Last, Timestamp::from_secs(at));
        }
        state.set_fingerprint(7);
        state.tokens = [(u64::MAX, 0), (0, u64::MAX)]
            .map(|(account, fingerprint)| TokenMemory {
                account,
                fingerprint,
                checked_at: time(1),
                expires_at: time(2),
            })
            .into();
        assert!(state.notices.is_due(7, 1, Timestamp::from_secs(10_100)));
        assert_eq!(State::parse(&state.to_string()), Ok(state));
    }

    #[test]
    fn failure_without_a_kind_is_read() {
        let old = format!("{HEADER}\nfailure 77 1 2 3600 1 0 api example.org * A refused\n");
        let state = State::parse(&old).expect("a state");
        assert_eq!(state.failing(77), 1);
    }

    #[test]
    fn corrupt_text_and_other_version_are_different_errors() {
        let head = HEADER.to_owned();
        for text in
            ["", "x", "\0", &(head.clone() + "\nx"), &(head.clone() + "\nconfirmed 1 2 0 300 x a b c A")]
        {
            assert_eq!(State::parse(text), Err(Unreadable::Corrupt), "{text:?}");
        }
        assert_eq!(State::parse(&(head + "\nfailure 99 1 1 1 1 1 a b c A x")), Err(Unreadable::Corrupt));
        assert_eq!(State::parse("gandi-ddns state 1\nx"), Err(Unreadable::OtherVersion));
        for token in [
            "token",
            "token 1 2 3",
            "token 1 2 3 -4",
            "token 1 2 3 4 5",
            "token a 2 3 4",
            "token 18446744073709551616 2 3 4",
            "fingerprint 1 2",
            "told 1 2 3 4 5 6",
        ] {
            assert_eq!(State::parse(&format!("{HEADER}\n{token}\n")), Err(Unreadable::Corrupt), "{token}");
        }
    }

    #[test]
    fn damaged_line_is_no_confirmation() {
        let file = |line: &str| format!("{HEADER}\nconfirmed {line}");
        for (line, is_good) in [
            ("1 0 0 300 81.2.69.142 a b c A\n", true),
            ("1 0 1 300 2a01::1 a b c AAAA\n", true),
            // Cut off, with a number that is neither 0 nor 1, of another family, and joined with the next line.
            ("1 0 0 300 81.2.69.142 a b c A", false),
            ("1 0 0 300 81.2.69.142 a b c \n", false),
            ("1 0 0 300 2a01::1 a b c A\n", false),
            ("1 0 2 300 81.2.69.142 a b c A\n", false),
            ("1 0 0 300 81.2.69.142 a b c AAAA\n", false),
            ("1 0 0 300 81.2.69.142 a b c A\r\n", false),
            ("1 0 0 300 81.2.69.142 a b c A confirmed\n", false),
        ] {
            assert_eq!(State::parse(&file(line)).is_ok(), is_good, "{line:?}");
        }
    }

    #[test]
    fn text_of_a_failure_is_the_same_after_writing_and_parsing() {
        for text in ["", "  two  spaces ", "ends in\r", "\u{b}\u{2028}"] {
            let line = format!("{HEADER}\nfailure 75 1 2 3 4 0 a b c A {text}\n");
            let state = State::parse(&line).expect("a state");
            assert_eq!(State::parse(&state.to_string()), Ok(state), "{text:?}");
        }
    }
}
