//! Everything a run says: steps as they happen, outcomes as text, and the one exit code.
//!
//! Silent when nothing changed; one line on stdout for each change; errors and warnings on stderr. A closed or
//! full stream is nobody's error: what was done is done.

use std::fmt;

use crate::console::Console;
use crate::dns::{Rrset, RrsetKey};
use crate::exit::Exit;
use crate::outcome::{Done, Outcome};

/// Tells the outcomes of a round and returns the gravest code.
pub fn report(outcomes: &[Outcome], console: &mut Console) -> Exit {
    let mut exit = Exit::Ok;
    for Outcome { keys, result } in outcomes {
        match result {
            Ok(done) => tell(keys, done, console),
            Err(failure) => exit = exit.max(failure.exit()),
        }
    }
    for (text, keys) in failures(outcomes) {
        console.error(format_args!("{}: {text}", Subjects(&keys)));
    }
    exit
}

/// The failures of a round, those with the same words together.
fn failures(outcomes: &[Outcome]) -> Vec<(String, Vec<&RrsetKey>)> {
    let mut failures: Vec<(String, Vec<&RrsetKey>)> = Vec::new();
    for Outcome { keys, result } in outcomes {
        let Err(failure) = result else { continue };
        let text = failure.to_string();
        match failures.iter_mut().find(|(t, _)| *t == text) {
            Some((_, subjects)) => subjects.extend(keys),
            None => failures.push((text, keys.iter().collect())),
        }
    }
    failures
}

/// The failures of a round, a line each.
pub(crate) fn failure_lines(outcomes: &[Outcome]) -> Vec<String> {
    failures(outcomes).iter().map(|(text, keys)| format!("{}: {text}", Subjects(keys))).collect()
}

fn tell(keys: &[RrsetKey], done: &Done, console: &mut Console) {
    for key in keys {
        match done {
            Done::Remembered(rrset) => {
                console.step(format_args!("{key}: still {}, as confirmed not long ago", rrset.addresses()));
            }
            Done::Kept(rrset) => {
                console.step(format_args!("{key}: the zone has {}: nothing to do", rrset.addresses()));
            }
            Done::Created { new, dry } => console.say(format_args!(
                "{key}: {} with {}, TTL {} s",
                if *dry { "would be created" } else { "created" },
                new.addresses(),
                new.ttl
            )),
            Done::Replaced { old, new, dry } => {
                console.say(format_args!("{key}: {}", Change { old, new, dry: *dry }));
            }
        }
    }
}

/// What a replacement changes: addresses, TTL, or both.
struct Change<'a> {
    old: &'a Rrset,
    new: &'a Rrset,
    dry: bool,
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (self.old, self.new);
        let verb = if self.dry { "would be replaced by" } else { "replaced by" };
        if old.values() != new.values() {
            write!(f, "{} {verb} {}", old.addresses(), new.addresses())?;
        }
        if old.ttl != new.ttl {
            let separator = if old.values() == new.values() { "" } else { ", " };
            write!(f, "{separator}TTL {} s {verb} {} s", old.ttl, new.ttl)?;
        }
        Ok(())
    }
}

/// One record by its name, a few by theirs, many by the first and their number.
struct Subjects<'a>(&'a [&'a RrsetKey]);

impl fmt::Display for Subjects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMED: usize = 3;
        for (i, key) in self.0.iter().take(NAMED).enumerate() {
            write!(f, "{}{key}", if i == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Verbosity;
    use crate::dns::{RrsetName, RrsetType, ZoneName};
    use crate::outcome::{Failure, Refusal};

    fn key(name: &str) -> RrsetKey {
        let domain = ZoneName::parse("example.org").expect("a domain");
        RrsetKey { name: RrsetName::parse(name, &domain).expect(name), domain, rrtype: RrsetType::A }
    }

    fn rrset(ttl: u32, address: &str) -> Rrset {
        Rrset::single(address.parse().expect(address), ttl)
    }

    fn told(outcomes: &[Outcome], verbosity: Verbosity) -> (String, String, Exit) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = report(outcomes, &mut Console::new(verbosity, &mut out, &mut err));
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(out), text(err), exit)
    }

    #[test]
    fn changes_on_stdout_failures_on_stderr_and_the_gravest_code() {
        let refused = || Err(Failure::Refused(Refusal::Cname("a.".to_owned())));
        let replaced =
            Done::Replaced { old: rrset(600, "81.2.69.1"), new: rrset(300, "81.2.69.2"), dry: false };
        let outcomes = [
            Outcome { keys: vec![key("a")], result: Ok(replaced) },
            Outcome { keys: vec![key("b"), key("c")], result: refused() },
            Outcome { keys: vec![key("d"), key("@")], result: refused() },
            Outcome { keys: vec![key("e")], result: Ok(Done::Kept(rrset(300, "81.2.69.2"))) },
        ];
        let (out, err, exit) = told(&outcomes, Verbosity::Normal);
        assert_eq!(out, "a.example.org A: 81.2.69.1 replaced by 81.2.69.2, TTL 600 s replaced by 300 s\n");
        assert!(err.starts_with(
            "gandi-ddns: b.example.org A, c.example.org A, d.example.org A and 1 more: left alone, since a CNAME"
        ));
        assert_eq!((err.lines().count(), exit), (1, Exit::Config));
        let (out, err, exit) = told(&outcomes, Verbosity::Quiet);
        assert_eq!((out.as_str(), err.lines().count(), exit), ("", 1, Exit::Config));
    }
}
