//! The text format of the state file: one line per fact, words separated by spaces, times in seconds since 1970 with 0
//! for "never". ARCHITECTURE.md describes each line.

use std::fmt;

use super::records::{Confirmed, RecordState, State, TokenMemory};
use crate::exit::Exit;
use crate::outcome::FailureRecord;
use crate::sys::time::Timestamp;

/// First line of the file. The number changes with the format.
const HEADER: &str = "gandi-ddns state 3";

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
        let mut lines = text.lines();
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if other.starts_with("gandi-ddns state ") => return Err(Unreadable::OtherVersion),
            _ => return Err(Unreadable::Corrupt),
        }
        let mut state = Self::default();
        for line in lines {
            state.parse_line(line).ok_or(Unreadable::Corrupt)?;
        }
        Ok(state)
    }

    fn parse_line(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        let mut words = rest.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        match kind {
            "fingerprint" => self.fingerprint = number()?,
            "token" => {
                let (checked_at, expires_at) = (time(number()?), time(number()?));
                self.token = TokenMemory { checked_at, expires_at, warned_at: time(number()?) };
            }
            "confirmed" => {
                let (at, changed, doubtful, ttl) = (number()?, time(number()?), number()? == 1, number()?);
                let confirmed = Confirmed {
                    address: words.next()?.parse().ok()?,
                    ttl: u32::try_from(ttl).ok()?,
                    at: Timestamp::from_secs(at),
                    changed,
                    doubtful,
                };
                self.entry(&parse_id(&mut words)?).confirmed = Some(confirmed);
            }
            "failure" => {
                let (code, first_seen, last_seen) = (number()?, number()?, number()?);
                let (retry_after, consecutive, reported_at) = (time(number()?), number()?, time(number()?));
                let id = parse_id(&mut words)?;
                self.entry(&id).failure = Some(FailureRecord {
                    exit: Exit::ALL.into_iter().find(|e| u64::from(e.code()) == code)?,
                    first_seen: Timestamp::from_secs(first_seen),
                    last_seen: Timestamp::from_secs(last_seen),
                    retry_after,
                    consecutive: u32::try_from(consecutive).ok()?,
                    reported_at,
                    text: words.collect::<Vec<_>>().join(" "),
                });
            }
            _ => return None,
        }
        Some(())
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
        let TokenMemory { checked_at, expires_at, warned_at } = self.token;
        start_line(f, "token", &[seconds(checked_at), seconds(expires_at), seconds(warned_at)])?;
        for (id, RecordState { confirmed, failure }) in self.entries() {
            if let Some(Confirmed { address, ttl, at, changed, doubtful }) = confirmed {
                let numbers = [at.as_secs(), seconds(*changed), u64::from(*doubtful), u64::from(*ttl)];
                start_line(f, "confirmed", &numbers)?;
                write!(f, " {address} {id}")?;
            }
            if let Some(failure) = failure {
                let numbers = [
                    u64::from(failure.exit.code()),
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
    use super::*;
    use crate::dns::{Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
    use crate::outcome::{Failure, Outcome, Refusal, Success};

    fn outcome(result: Result<Success, Failure>) -> Vec<Outcome> {
        let domain = ZoneName::parse("example.org").expect("a domain");
        let name = RrsetName::parse("*", &domain).expect("a name");
        vec![Outcome { keys: vec![RrsetKey { name, domain, rrtype: RrsetType::A }], result }]
    }

    #[test]
    fn state_is_the_same_after_writing_and_parsing() {
        let kept = Success::Unchanged(Rrset::single("81.2.69.142".parse().expect("an address"), 600));
        let refused = Failure::Refused(Refusal::Cname("a.".to_owned()));
        let mut state = State::default().apply("api", &outcome(Ok(kept)), Timestamp::from_secs(10_000));
        state = state.apply("api", &outcome(Err(refused)), Timestamp::from_secs(10_100)).with_fingerprint(7);
        state.token = TokenMemory { checked_at: time(1), expires_at: time(2), warned_at: time(3) };
        assert_eq!(State::parse(&state.to_string()), Ok(state));
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
    }
}
