//! The records that fail in one way, compared with those of the run before.

use crate::console::Console;
use crate::dns::RrsetKey;
use crate::outcome::{Failure, Outcome, Success};
use crate::report::report_end;
use crate::state::State;
use crate::sys::time::Timestamp;

/// The records with one [`Failure::code`], in this pass or before it.
pub(super) struct Class<'a> {
    pub(super) code: u64,
    /// True if a record of this pass fails in this way.
    pub(super) is_failing: bool,
    /// The number of records that fail in this way, those that are not in this pass included.
    pub(super) failing: u64,
    /// The number of those that did not before.
    new: u64,
    /// The records that failed in this way and are right now. A record that was written is not among them, since its
    /// change is printed.
    ended: Vec<&'a RrsetKey>,
    /// The number of records that failed in this way and fail in another one now.
    pub(super) changed: u64,
    /// The start of their failure.
    since: Timestamp,
}

impl Class<'_> {
    /// Returns the number of records that fail as they did before.
    pub(super) fn continuing(&self) -> u64 {
        self.failing.saturating_sub(self.new)
    }

    /// Prints the records that work again.
    pub(super) fn report_end(&self, console: &mut Console) {
        if !self.ended.is_empty() {
            report_end(&self.ended, self.since, console);
        }
    }
}

/// Compares the outcomes with the state before them. `after` is the state with these outcomes.
pub(super) fn classes<'a>(
    outcomes: &'a [Outcome],
    apis: &[&str],
    before: &State,
    after: &State,
) -> Vec<Class<'a>> {
    let mut classes = Vec::new();
    // In a run as most are, no record is looked up.
    let had_failures = before.has_failures();
    for Outcome { account, keys, result } in outcomes {
        let code = result.as_ref().err().map(Failure::code);
        for key in keys {
            let known = if had_failures { before.record(apis[*account], key) } else { None };
            let former = known.and_then(|record| record.failure.as_ref());
            if let Some(code) = code {
                let class = class(&mut classes, code, after);
                class.is_failing = true;
                class.new += u64::from(former.is_none_or(|f| f.code != code));
            }
            if let Some(former) = former.filter(|f| Some(f.code) != code) {
                let class = class(&mut classes, former.code, after);
                class.changed += u64::from(code.is_some());
                if let Ok(Success::Cached(_) | Success::Unchanged(_)) = result {
                    class.since = class.since.min(former.first_seen);
                    class.ended.push(key);
                }
            }
        }
    }
    classes
}

fn class<'a, 'b>(classes: &'b mut Vec<Class<'a>>, code: u64, after: &State) -> &'b mut Class<'a> {
    let index = classes.iter().position(|c| c.code == code).unwrap_or_else(|| {
        let (failing, since) = (after.failing(code), Timestamp::from_secs(u64::MAX));
        classes.push(Class {
            code,
            is_failing: false,
            failing,
            new: 0,
            ended: Vec::new(),
            changed: 0,
            since,
        });
        classes.len() - 1
    });
    &mut classes[index]
}
