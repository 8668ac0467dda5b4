//! The times of passes. Pure: all times are milliseconds of a clock that never jumps.

/// An event is followed by a pass when there was none for this long.
const QUIET: u64 = 1000;
/// A pass comes this long after the first event at the latest.
const GATHERING: u64 = 3000;
/// The time between two looks for further events before such a pass.
const SLICE: u64 = 250;
/// The same while an event is awaited.
const SHORT_SLICE: u64 = 25;
/// The least time between the starts of two passes, and between the end of one and the next without an event.
const SPACING: u64 = 10_000;
/// The time until the next try after the first temporary failure. Doubles up to [`RETRY_MAX`].
const RETRY_MIN: u32 = 10_000;
/// The longest time between two tries after a temporary failure.
const RETRY_MAX: u32 = 60_000;
/// The time until an event after a temporary failure again makes a pass sooner than [`SPACING`].
const HURRY: u64 = 120_000;
/// So many passes within [`FUTILE_WINDOW`] that events have caused and that found nothing make us ignore events.
const FUTILE: u32 = 6;
/// See [`FUTILE`].
const FUTILE_WINDOW: u64 = 60_000;

/// The next thing to do. Each time is one to wait for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait for an event.
    Listen(u64),
    /// Wait without listening, then look for further events.
    Gather(u64),
    /// Wait without listening.
    Pause(u64),
    /// Make a pass because of events.
    Respond,
    /// Make a pass because it is time.
    Routine,
}

/// A pass that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// The time of its start.
    pub(super) start: u64,
    /// The time of its end.
    pub(super) end: u64,
    /// Its result.
    pub(super) result: Finding,
}

/// The result of a pass, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Something has changed since the pass before.
    News,
    /// Nothing has changed.
    Nothing,
    /// A temporary failure.
    TryLater,
    /// Something has changed, but there was a temporary failure as well.
    Partly,
}

/// Decides when the next pass is due.
#[derive(Debug)]
pub(super) struct Pace {
    interval: u64,
    /// The time of the next pass without an event.
    timer: u64,
    /// The earliest time of a pass because of an event; 0 if the pass before has failed, and it may come at once.
    earliest: u64,
    /// The time from which on that may be so again.
    hurry: u64,
    /// The first and the last event since the last pass.
    events: Option<(u64, u64)>,
    /// The number of events that were awaited after the last one.
    awaited: u32,
    /// The number of temporary failures in a row.
    failures: u32,
    /// The number of passes that events have caused and that found nothing, and the start of the first one of them.
    futile: (u32, u64),
}

impl Pace {
    /// The first pass is due at once.
    pub(super) const fn new(interval: u64) -> Self {
        Self {
            interval,
            timer: 0,
            earliest: 0,
            hurry: 0,
            events: None,
            awaited: 0,
            failures: 0,
            futile: (0, 0),
        }
    }

    /// Returns true if events are ignored until the timer is due.
    const fn is_deaf(&self) -> bool {
        self.futile.0 >= FUTILE
    }

    /// Returns the time until the next pass without an event.
    pub(super) const fn left(&self, now: u64) -> u64 {
        self.timer.saturating_sub(now)
    }

    /// Returns the next thing to do.
    #[inline(never)]
    pub(super) fn next(&self, now: u64) -> Step {
        let left = self.left(now);
        if left == 0 {
            return Step::Routine;
        }
        if self.is_deaf() {
            return Step::Pause(left);
        }
        let Some((first, last)) = self.events else { return Step::Listen(left) };
        let gathered = first + GATHERING;
        let (quiet, slice) = if self.awaited > 0 { (gathered, SHORT_SLICE) } else { (last + QUIET, SLICE) };
        let due = gathered.min(quiet).max(self.earliest);
        match due.saturating_sub(now).min(left) {
            0 => Step::Respond,
            wait if now < gathered => Step::Gather(wait.min(slice)),
            wait => Step::Pause(wait),
        }
    }

    /// Notes an event, after which so many others are awaited. These are waited for.
    pub(super) fn event(&mut self, now: u64, awaited: u32) {
        let (first, last) = self.events.unwrap_or((now, now));
        // After one that was awaited, no other follows for that reason.
        let last = if awaited < self.awaited { last } else { now };
        self.events = Some((first, last));
        self.awaited = awaited;
    }

    /// Notes a pass that was made as `step` said.
    #[inline(never)]
    pub(super) fn made(&mut self, step: Step, pass: Made) {
        let Made { start, end, result } = pass;
        let has_failed = matches!(result, Finding::TryLater | Finding::Partly);
        if step == Step::Respond && self.earliest == 0 {
            self.hurry = start + HURRY;
        }
        self.events = None;
        self.earliest = start + SPACING;
        self.failures = if has_failed { self.failures + 1 } else { 0 };
        self.timer = match self.failures {
            0 => (start + self.interval).max(end + SPACING),
            n => end + u64::from((RETRY_MIN << (n - 1).min(3)).min(RETRY_MAX)).min(self.interval),
        };
        if step != Step::Respond {
            self.futile.0 = 0;
            if has_failed && start >= self.hurry {
                // The event may be the end of the failure.
                self.earliest = 0;
            }
        } else if matches!(result, Finding::Nothing | Finding::TryLater) {
            let (number, first) = self.futile;
            let is_late = number == 0 || start - first >= FUTILE_WINDOW;
            self.futile = if is_late { (1, start) } else { (number + 1, first) };
        }
    }
}

#[cfg(test)]
mod tests;
