//! Outcomes as lines: steps and changes as they happen, failures grouped by their text, and the exit code.

use std::fmt;

use crate::cli::WriteMode;
use crate::console::Console;
use crate::console::syslog::Severity;
use crate::dns::{Rrset, RrsetKey, Ttl};
use crate::exit::Exit;
use crate::outcome::{Outcome, Success};
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::time::Timestamp;

/// Prints the steps and changes of a pass, and returns the most severe exit code. The failures are printed by
/// `report_failures`. `is_known` returns true for a record that this program has confirmed or written before: a dry run
/// says so if it would replace another one.
pub fn report(
    outcomes: &[Outcome],
    is_known: &dyn Fn(usize, &RrsetKey) -> bool,
    console: &mut Console,
) -> Exit {
    let mut exit = Exit::Ok;
    for outcome in outcomes {
        match &outcome.result {
            // A text for each record, which nobody would see.
            Ok(Success::Cached(_) | Success::Unchanged(_)) if !console.is_verbose() => {}
            Ok(success) => report_success(outcome, success, is_known, console),
            Err(failure) => exit = exit.max(failure.exit()),
        }
    }
    exit
}

/// Prints the failures with one of these codes (`Failure::code`), one line per text, with `suffix` at their ends.
pub(crate) fn report_failures(outcomes: &[Outcome], codes: &[u64], suffix: &str, console: &mut Console) {
    for (text, keys) in failures(outcomes, Some(codes)) {
        console.print(Severity::Error, &format!("{}: {text}{suffix}", Subjects(&keys)));
    }
}

/// Prints that these records work again after a failure.
pub(crate) fn report_end(keys: &[&RrsetKey], since: Timestamp, console: &mut Console) {
    console.notice(format_args!("{}: works again; it had failed since {since}", Subjects(keys)));
}

/// Returns the failures of a pass with these codes, or all of them, with their records, grouped by text.
fn failures<'a>(outcomes: &'a [Outcome], codes: Option<&[u64]>) -> Vec<(String, Vec<&'a RrsetKey>)> {
    let (mut failures, mut texts) = (Vec::new(), Texts::default());
    for Outcome { keys, result, .. } in outcomes {
        let Err(failure) = result else { continue };
        if codes.is_some_and(|codes| !codes.contains(&failure.code())) {
            continue;
        }
        let text = failure.text();
        for key in keys {
            push_grouped(&mut failures, &mut texts, &text, key);
        }
    }
    failures
}

/// Returns the failures of a pass, one line per text.
pub(crate) fn failure_lines(outcomes: &[Outcome]) -> Vec<String> {
    grouped_lines(&failures(outcomes, None))
}

/// Returns a line for each text, with the names of its records.
pub(crate) fn grouped_lines(groups: &[(String, Vec<&RrsetKey>)]) -> Vec<String> {
    groups.iter().map(|(text, keys)| format!("{}: {text}", Subjects(keys))).collect()
}

fn report_success(
    outcome: &Outcome,
    success: &Success,
    is_known: &dyn Fn(usize, &RrsetKey) -> bool,
    console: &mut Console,
) {
    for key in &outcome.keys {
        match success {
            Success::Cached(rrset) | Success::Unchanged(rrset) => {
                let cached = if matches!(success, Success::Cached(_)) { " (cached)" } else { "" };
                console.debug(format_args!("{key}: unchanged{cached}: {}", rrset.addresses()));
            }
            Success::Created { new, mode } => {
                let would = if *mode == WriteMode::DryRun { "would be " } else { "" };
                let (addresses, ttl) = (new.addresses(), new.ttl);
                console.notice(format_args!("{key}: {would}created: {addresses} (TTL {ttl})"));
            }
            Success::Replaced { old, new, mode: WriteMode::DryRun }
                if old.values() != new.values() && !is_known(outcome.account, key) =>
            {
                console.notice(format_args!("{key}: would replace {}", FirstWrite { old, new }));
            }
            Success::Replaced { old, new, mode } => {
                let would = if *mode == WriteMode::DryRun { "would change: " } else { "" };
                console.notice(format_args!("{key}: {would}{}", ReplacementText { old, new }));
            }
        }
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

/// The beginning of the text of such a replacement by a later run.
pub(crate) const WILL_REPLACE: &str = "the next run will replace";

/// The text of the replacement of an address that this program has neither written nor confirmed, after "replace".
pub(crate) struct FirstWrite<'a> {
    pub(crate) old: &'a Rrset,
    pub(crate) new: &'a Rrset,
}

impl fmt::Display for FirstWrite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (self.old, self.new);
        write!(
            f,
            "{}, which gandi-ddns has not written as far as it knows, with {} (TTL {})",
            old.addresses(),
            new.addresses(),
            new.ttl
        )
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
        let mut console = Console::new(verbosity, &mut out, &mut err);
        let exit = report(outcomes, &|_, _| true, &mut console);
        let codes: Vec<u64> = outcomes.iter().filter_map(|o| Some(o.result.as_ref().err()?.code())).collect();
        report_failures(outcomes, &codes, "", &mut console);
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
            Outcome { account: 0, keys: vec![key("a")], result: Ok(replaced) },
            Outcome { account: 0, keys: vec![key("b"), key("c")], result: refused() },
            Outcome { account: 0, keys: vec![key("d"), key("@")], result: refused() },
            Outcome {
                account: 0,
                keys: vec![key("e")],
                result: Ok(Success::Unchanged(rrset(300, "81.2.69.2"))),
            },
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
