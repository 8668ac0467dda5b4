//! The text format of the state file.

use std::fmt;

use super::records::{Memory, Seen, State, TokenMemory};
use crate::exit::Exit;
use crate::outcome::Failed;

/// First line of the file; the number changes with the format.
const HEADER: &str = "gandi-ddns state 2";

impl State {
    /// Reads the file's text; `None` for what we cannot have written.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut lines = text.lines();
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if other.starts_with("gandi-ddns state ") => return Err(Unreadable::OtherVersion),
            _ => return Err(Unreadable::Damaged),
        }
        let mut state = Self::default();
        for line in lines {
            state.line(line).ok_or(Unreadable::Damaged)?;
        }
        Ok(state)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        let mut words = rest.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        match kind {
            "origin" => self.origin = number()?,
            "token" => self.token = TokenMemory { asked: number()?, expires: number()?, warned: number()? },
            "seen" => {
                let (at, changed, doubted, ttl) = (number()?, number()?, number()? == 1, number()?);
                let seen = Seen {
                    address: words.next()?.parse().ok()?,
                    ttl: u32::try_from(ttl).ok()?,
                    at,
                    changed,
                    doubted,
                };
                self.entry(id_of(&mut words)?).seen = Some(seen);
            }
            "failed" => {
                let (code, since, at, until) = (number()?, number()?, number()?, number()?);
                let (tries, told) = (u32::try_from(number()?).ok()?, number()?);
                let exit = Exit::ALL.into_iter().find(|e| u64::from(e.code()) == code)?;
                let id = id_of(&mut words)?;
                let text = words.collect::<Vec<_>>().join(" ");
                self.entry(id).failed = Some(Failed { exit, since, at, until, tries, told, text });
            }
            _ => return None,
        }
        Some(())
    }
}

/// The next four words.
fn id_of<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let [api, domain, name, rrtype] = [words.next()?, words.next()?, words.next()?, words.next()?];
    Some(format!("{api} {domain} {name} {rrtype}"))
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TokenMemory { asked, expires, warned } = self.token;
        writeln!(f, "{HEADER}\norigin {}\ntoken {asked} {expires} {warned}", self.origin)?;
        for (id, Memory { seen, failed }) in &self.records {
            if let Some(Seen { address, ttl, at, changed, doubted }) = seen {
                writeln!(f, "seen {at} {changed} {} {ttl} {address} {id}", u8::from(*doubted))?;
            }
            if let Some(Failed { exit, since, at, until, tries, told, text }) = failed {
                let code = exit.code();
                writeln!(
                    f,
                    "failed {code} {since} {at} {until} {tries} {told} {id} {}",
                    text.replace('\n', " ")
                )?;
            }
        }
        Ok(())
    }
}

/// Why a text is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Damaged,
    OtherVersion,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Rrset, RrsetKey, RrsetName, RrsetType, ZoneName};
    use crate::outcome::{Done, Failure, Outcome, Refusal};

    fn outcome(result: Result<Done, Failure>) -> Vec<Outcome> {
        let domain = ZoneName::parse("example.org").expect("a domain");
        let name = RrsetName::parse("*", &domain).expect("a name");
        vec![Outcome { keys: vec![RrsetKey { name, domain, rrtype: RrsetType::A }], result }]
    }

    #[test]
    fn survives_the_file() {
        let kept = Done::Kept(Rrset::single("81.2.69.142".parse().expect("an address"), 600));
        let refused = Failure::Refused(Refusal::Cname("a.".to_owned()));
        let mut state = State::default().after("api", &outcome(Ok(kept)), 10_000);
        state = state.after("api", &outcome(Err(refused)), 10_100).of_origin(7);
        state.token = TokenMemory { asked: 1, expires: 2, warned: 3 };
        assert_eq!(State::parse(&state.to_string()), Ok(state));
    }

    #[test]
    fn damage_and_other_versions_are_told_apart() {
        let head = HEADER.to_owned();
        for text in ["", "x", "\0", &(head.clone() + "\nx"), &(head.clone() + "\nseen 1 2 0 300 x a b c A")] {
            assert_eq!(State::parse(text), Err(Unreadable::Damaged), "{text:?}");
        }
        assert_eq!(State::parse(&(head + "\nfailed 99 1 1 1 1 1 a b c A x")), Err(Unreadable::Damaged));
        assert_eq!(State::parse("gandi-ddns state 1\nx"), Err(Unreadable::OtherVersion));
    }
}
