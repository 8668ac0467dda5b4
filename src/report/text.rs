//! Outcomes as lines: steps and changes as they happen, failures grouped by their text, and the exit code.

use std::fmt;

use crate::cli::WriteMode;
use crate::console::Console;
use crate::dns::{Rrset, RrsetKey, Ttl};
use crate::exit::Exit;
use crate::outcome::{Outcome, Success};
use crate::sys::grouped::{Texts, push_grouped};

/// Prints the outcomes of a pass and returns the most severe exit code.
pub fn report(outcomes: &[Outcome], console: &mut Console) -> Exit {
    let mut exit = Exit::Ok;
    for Outcome { keys, result } in outcomes {
        match result {
            Ok(success) => report_success(keys, success, console),
            Err(failure) => exit = exit.max(failure.exit()),
        }
    }
    for (text, keys) in failures(outcomes) {
        console.error(format_args!("{}: {text}", Subjects(&keys)));
    }
    exit
}

/// Returns the failures of a pass with their records, grouped by text.
fn failures(outcomes: &[Outcome]) -> Vec<(String, Vec<&RrsetKey>)> {
    let (mut failures, mut texts) = (Vec::new(), Texts::default());
    for Outcome { keys, result } in outcomes {
        let Err(failure) = result else { continue };
        let text = failure.text();
        for key in keys {
            push_grouped(&mut failures, &mut texts, &text, key);
        }
    }
    failures
}

/// Returns the failures of a pass, one line per text.
pub(crate) fn failure_lines(outcomes: &[Outcome]) -> Vec<String> {
    failures(outcomes).iter().map(|(text, keys)| format!("{}: {text}", Subjects(keys))).collect()
}

fn report_success(keys: &[RrsetKey], success: &Success, console: &mut Console) {
    for key in keys {
        match success {
            Success::Cached(rrset) => {
                console.debug(format_args!("{key}: unchanged (cached): {}", rrset.addresses()));
            }
            Success::Unchanged(rrset) => {
                console.debug(format_args!("{key}: unchanged: {}", rrset.addresses()));
            }
            Success::Created { new, mode } => console.notice(format_args!(
                "{key}: {}: {} (TTL {})",
                match mode {
                    WriteMode::Apply => "created",
                    WriteMode::DryRun => "would be created",
                },
                new.addresses(),
                new.ttl
            )),
            Success::Replaced { old, new, mode } => {
                console.notice(format_args!(
                    "{key}: {}{}",
                    would_change(*mode),
                    ReplacementText { old, new }
                ));
            }
        }
    }
}

const fn would_change(mode: WriteMode) -> &'static str {
    match mode {
        WriteMode::Apply => "",
        WriteMode::DryRun => "would change: ",
    }
}

/// The text of a replacement: `A -> B`, with the TTL where it changes.
pub(crate) struct ReplacementText<'a> {
    pub(crate) old: &'a Rrset,
    pub(crate) new: &'a Rrset,
}

impl fmt::Display for ReplacementText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (self.old, self.new);
        if old.values() != new.values() {
            write!(f, "{} -> ", old.addresses())?;
        }
        f.write_str(&new.addresses())?;
        if old.ttl == new.ttl {
            return Ok(());
        }
        let is_nearest = new.ttl == Ttl::nearest(old.ttl).seconds();
        let reason = if is_nearest { ", the nearest that Gandi accepts" } else { "" };
        write!(f, " (TTL {} -> {}{reason})", old.ttl, new.ttl)
    }
}

/// The names of records: up to three by name, and the number of the others.
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

    fn printed(outcomes: &[Outcome], verbosity: Verbosity) -> (String, String, Exit) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = report(outcomes, &mut Console::new(verbosity, &mut out, &mut err));
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(out), text(err), exit)
    }

    #[test]
    fn report_prints_changes_on_stdout_failures_on_stderr_and_returns_the_most_severe_code() {
        let refused = || Err(Failure::Refused(Refusal::Cname("a.".to_owned())));
        let replaced = Success::Replaced {
            old: rrset(600, "81.2.69.1"),
            new: rrset(300, "81.2.69.2"),
            mode: WriteMode::Apply,
        };
        let outcomes = [
            Outcome { keys: vec![key("a")], result: Ok(replaced) },
            Outcome { keys: vec![key("b"), key("c")], result: refused() },
            Outcome { keys: vec![key("d"), key("@")], result: refused() },
            Outcome { keys: vec![key("e")], result: Ok(Success::Unchanged(rrset(300, "81.2.69.2"))) },
        ];
        let (out, err, exit) = printed(&outcomes, Verbosity::Normal);
        assert_eq!(out, "a.example.org A: 81.2.69.1 -> 81.2.69.2 (TTL 600 -> 300)\n");
        assert!(err.starts_with(
            "gandi-ddns: b.example.org A, c.example.org A, d.example.org A and 1 more: not changed: a CNAME"
        ));
        assert_eq!((err.lines().count(), exit), (1, Exit::Config));
        let (out, err, exit) = printed(&outcomes, Verbosity::Quiet);
        assert_eq!((out.as_str(), err.lines().count(), exit), ("", 1, Exit::Config));
    }
}
