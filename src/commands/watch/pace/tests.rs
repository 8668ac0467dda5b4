use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// Hours of `watch`, without waiting.
struct Simulation<'a> {
    pace: Pace,
    now: u64,
    /// The time from the start to the end of a pass.
    duration: u64,
    /// The result of a pass that starts at this time.
    result: &'a dyn Fn(u64) -> Finding,
    /// The passes made: their starts, and true for those that events have caused.
    passes: Vec<(u64, bool)>,
    /// The number of waits.
    wakeups: usize,
}

impl<'a> Simulation<'a> {
    fn new(interval: u64, result: &'a dyn Fn(u64) -> Finding) -> Self {
        Self { pace: Pace::new(interval), now: 0, duration: 0, result, passes: Vec::new(), wakeups: 0 }
    }

    /// Runs until `end`. `events` has the times of all events, in order.
    fn run(&mut self, end: u64, events: &[u64]) {
        let mut left = &events[events.partition_point(|event| *event < self.now)..];
        // Takes the events until now, as a socket whose buffer is emptied.
        let drained = |left: &mut &[u64], now| {
            let before = left.len();
            *left = &left[left.partition_point(|event| *event <= now)..];
            left.len() < before
        };
        while self.now < end {
            match self.pace.next(self.now) {
                Step::Listen(time) => {
                    assert!(time > 0, "a busy loop at {}", self.now);
                    self.wakeups += 1;
                    // An event of the past is in the buffer already.
                    let event = left.first().map(|event| (*event).max(self.now));
                    let until = (self.now + time).min(end);
                    self.now = event.map_or(until, |event| event.min(until));
                    if drained(&mut left, self.now) {
                        self.pace.event(self.now, 0);
                    }
                }
                step @ (Step::Gather(time) | Step::Pause(time)) => {
                    assert!(time > 0, "a busy loop at {}", self.now);
                    self.wakeups += 1;
                    self.now += time;
                    if matches!(step, Step::Gather(_)) && drained(&mut left, self.now) {
                        self.pace.event(self.now, 0);
                    }
                }
                step => {
                    drained(&mut left, self.now);
                    let start = self.now;
                    self.now += self.duration;
                    self.passes.push((start, step == Step::Respond));
                    self.pace.made(step, Made { start, end: self.now, result: (self.result)(start) });
                }
            }
        }
    }

    /// Returns the starts of the passes after the first.
    fn starts(&self) -> Vec<u64> {
        self.passes.iter().skip(1).map(|(start, _)| *start).collect()
    }
}

/// Returns the starts of the passes after the first, in this time with these events.
fn passes(interval: u64, end: u64, result: &dyn Fn(u64) -> Finding, events: &[u64]) -> Vec<u64> {
    let mut simulation = Simulation::new(interval, result);
    simulation.run(end, events);
    assert_eq!(simulation.passes.first(), Some(&(0, false)), "the first pass comes at once");
    simulation.starts()
}

fn nothing(_: u64) -> Finding {
    Finding::Nothing
}

fn news(_: u64) -> Finding {
    Finding::News
}

#[test]
fn timer_makes_a_pass_every_interval_with_one_wakeup_each() {
    let mut idle = Simulation::new(5 * MINUTE, &nothing);
    idle.duration = 20;
    idle.run(HOUR, &[]);
    assert_eq!(idle.starts(), (1..12).map(|n| n * 5 * MINUTE).collect::<Vec<_>>());
    assert!(idle.wakeups <= 12, "{}", idle.wakeups);
    assert_eq!(passes(24 * HOUR, 49 * HOUR, &nothing, &[]), [24 * HOUR, 48 * HOUR]);
    assert_eq!(passes(10_000, 35_000, &nothing, &[]), [10_000, 20_000, 30_000]);
}

#[test]
fn pass_comes_a_second_after_the_last_event() {
    assert_eq!(passes(HOUR, MINUTE, &news, &[20_000]), [21_000]);
    // The time of a further event is known to a quarter of a second.
    assert_eq!(passes(HOUR, MINUTE, &news, &[20_000, 20_200, 20_900]), [22_000]);
    assert_eq!(passes(HOUR, MINUTE, &news, &[20_000, 35_000]), [21_000, 36_000]);
}

#[test]
fn pass_comes_three_seconds_after_the_first_event_at_the_latest() {
    let events: Vec<u64> = (20_000..23_000).step_by(100).collect();
    assert_eq!(passes(HOUR, MINUTE, &news, &events), [23_000]);
}

#[test]
fn passes_are_ten_seconds_apart() {
    // Just after the first pass, which has seen it all.
    assert_eq!(passes(HOUR, MINUTE, &news, &[500]), [10_000]);
    // During the wait for this pass: one pass for both.
    assert_eq!(passes(HOUR, MINUTE, &news, &[500, 9000]), [10_000]);
    assert_eq!(passes(HOUR, MINUTE, &news, &[500, 9900]), [10_000]);
    assert_eq!(passes(HOUR, MINUTE, &news, &[20_000, 22_000]), [21_000, 31_000]);
}

#[test]
fn long_pass_is_followed_by_a_pause() {
    let mut slow = Simulation::new(10_000, &nothing);
    slow.duration = 25_000;
    slow.run(2 * MINUTE, &[]);
    assert_eq!(slow.starts(), [35_000, 70_000, 105_000]);
}

#[test]
fn event_during_a_pass_makes_another_one() {
    let mut slow = Simulation::new(HOUR, &news);
    slow.duration = 5000;
    slow.run(MINUTE, &[20_000, 23_000]);
    assert_eq!(slow.starts(), [21_000, 31_000]);
}

#[test]
fn six_futile_passes_in_a_minute_end_the_listening_until_the_timer() {
    let storm: Vec<u64> = (0..20 * MINUTE).step_by(50).collect();
    let mut simulation = Simulation::new(5 * MINUTE, &nothing);
    simulation.run(2 * MINUTE, &storm);
    assert_eq!(simulation.starts(), [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    let at = simulation.wakeups;
    simulation.run(5 * MINUTE, &storm);
    assert!(simulation.wakeups <= at + 1, "the storm costs nothing: {}", simulation.wakeups - at);
    // After the timer, at 6 minutes, events count again.
    simulation.run(7 * MINUTE, &storm);
    let later: Vec<u64> = simulation.starts().into_iter().filter(|start| *start > MINUTE).collect();
    assert_eq!(later[..2], [6 * MINUTE, 6 * MINUTE + 10_000]);
}

#[test]
fn passes_that_found_something_or_are_rare_end_no_listening() {
    let storm: Vec<u64> = (0..10 * MINUTE).step_by(50).collect();
    assert_eq!(passes(HOUR, 10 * MINUTE, &news, &storm).len(), 59);
    let rare: Vec<u64> = (0..10 * MINUTE).step_by(13_000).collect();
    assert_eq!(passes(HOUR, 10 * MINUTE, &nothing, &rare).len(), rare.len() - 1);
    // Each second one found something.
    let some = |start: u64| if (start / 10_000).is_multiple_of(2) { Finding::News } else { Finding::Nothing };
    assert_eq!(passes(HOUR, 10 * MINUTE, &some, &storm).len(), 59);
}

#[test]
fn temporary_failure_is_tried_again_after_10_20_40_and_60_seconds() {
    let failing = |_| Finding::TryLater;
    assert_eq!(passes(HOUR, 4 * MINUTE, &failing, &[]), [10_000, 30_000, 70_000, 130_000, 190_000]);
    assert_eq!(passes(30_000, MINUTE * 2, &failing, &[]), [10_000, 30_000, 60_000, 90_000]);
    // A success ends it, and the next failure begins anew.
    let twice = |start: u64| if start == 30_000 { Finding::Nothing } else { Finding::TryLater };
    assert_eq!(passes(5 * MINUTE, 350_000, &twice, &[])[..4], [10_000, 30_000, 330_000, 340_000]);
}

#[test]
fn event_after_a_temporary_failure_does_not_wait_ten_seconds() {
    let late = |start| if start < 2000 { Finding::TryLater } else { Finding::News };
    assert_eq!(passes(HOUR, MINUTE, &late, &[2000]), [3000]);
    // But a pass that an event has caused is followed by ten seconds.
    let failing = |_| Finding::TryLater;
    assert_eq!(passes(HOUR, 20_000, &failing, &[2000, 5000]), [3000, 13_000]);
}

#[test]
fn event_after_a_temporary_failure_waits_if_the_last_one_that_did_not_is_recent() {
    let failing = |_| Finding::TryLater;
    // At once after the failure at 0, but not after the one at 13 s.
    let events = [2000, 14_000];
    assert_eq!(passes(10_000, 24_000, &failing, &events), [3000, 13_000, 23_000]);
    // Two minutes later it may be the end of the failure again.
    let mut simulation = Simulation::new(10_000, &failing);
    simulation.run(150_000, &[2000, 134_000]);
    assert_eq!(simulation.passes.last(), Some(&(145_000, false)));
    assert!(simulation.passes.contains(&(135_000, true)), "{:?}", simulation.passes);
}

/// Returns true in every second of these spans of time.
fn every(span: u64, now: u64) -> bool {
    (now / span).is_multiple_of(2)
}

#[test]
fn storm_makes_no_more_than_twelve_passes_in_two_minutes() {
    let storm: Vec<u64> = (0..HOUR).step_by(50).collect();
    let sparse: Vec<u64> = (0..HOUR).step_by(7000).collect();
    let results: [&dyn Fn(u64) -> Finding; 7] = [
        &nothing,
        &news,
        &|_| Finding::TryLater,
        &|_| Finding::Partly,
        &|now| if every(10_000, now) { Finding::TryLater } else { Finding::Nothing },
        &|now| if every(MINUTE, now) { Finding::TryLater } else { Finding::News },
        &|now| if every(30_000, now) { Finding::Partly } else { Finding::Nothing },
    ];
    for (number, result) in results.into_iter().enumerate() {
        for interval in [10_000, 11_000, 25_000, 5 * MINUTE, HOUR] {
            for duration in [0, 700, 9000, 40_000] {
                for events in [&storm, &sparse] {
                    let mut simulation = Simulation::new(interval, result);
                    simulation.duration = duration;
                    simulation.run(20 * MINUTE, events);
                    let starts: Vec<u64> = simulation.passes.iter().map(|(start, _)| *start).collect();
                    let what = format!("{number} {interval} {duration}: {starts:?}");
                    // One of them may follow a failure at once.
                    let close = starts.windows(2).filter(|pair| pair[1] - pair[0] < SPACING).count();
                    assert!(close <= 10, "{what}");
                    for (index, first) in starts.iter().enumerate() {
                        let in_time = starts[index..].iter().take_while(|s| **s < first + 2 * MINUTE).count();
                        assert!(in_time <= 12 + usize::from(close > 0), "{in_time} from {first}: {what}");
                    }
                }
            }
        }
    }
}

#[test]
fn pass_that_wrote_something_is_not_futile_although_another_record_failed() {
    let storm: Vec<u64> = (0..10 * MINUTE).step_by(50).collect();
    let partly = |_| Finding::Partly;
    // Each comes by an event or by the timer of the failure; none is missing.
    let made = passes(HOUR, 5 * MINUTE, &partly, &storm);
    assert!(made.windows(2).all(|pair| pair[1] - pair[0] <= 10_000), "{made:?}");
    // It is a failure all the same.
    assert_eq!(passes(HOUR, MINUTE, &partly, &[]), [10_000, 30_000]);
}

#[test]
fn stopped_or_suspended_process_makes_one_pass_when_it_goes_on() {
    // In each kind of wait: for the timer, for further events, for ten seconds, and deaf.
    let storm: Vec<u64> = (0..3 * MINUTE).step_by(50).collect();
    let cases: [(&[u64], u64); 4] =
        [(&[], 60_000), (&[60_000], 60_100), (&[60_000, 62_000], 62_100), (&storm, 100_000)];
    for (events, stopped) in cases {
        let mut simulation = Simulation::new(5 * MINUTE, &nothing);
        simulation.run(stopped, events);
        let before = simulation.passes.len();
        // It goes on after hours, of which it knows nothing, and then has a timer of five minutes again.
        simulation.now += 7 * HOUR;
        let at = simulation.now;
        simulation.run(at + 11 * MINUTE, &[]);
        let after: Vec<u64> = simulation.passes[before..].iter().map(|(start, _)| start - at).collect();
        assert_eq!(after, [0, 5 * MINUTE, 10 * MINUTE], "{stopped}");
    }
}

/// Returns the time of the pass after these events, each with the number of those that are awaited after it.
fn response(events: &[(u64, u32)]) -> u64 {
    let mut pace = Pace::new(HOUR);
    pace.made(Step::Routine, Made { start: 0, end: 0, result: Finding::News });
    let (mut now, mut left) = (20_000, events.iter().peekable());
    loop {
        if let Some((time, awaited)) = left.next_if(|(time, _)| *time <= now) {
            pace.event(*time, *awaited);
            continue;
        }
        match pace.next(now) {
            Step::Respond => return now,
            Step::Listen(_) => now = left.peek().map_or(now, |(time, _)| *time).max(now + 1),
            Step::Gather(time) | Step::Pause(time) => now += time.min(SHORT_SLICE),
            Step::Routine => panic!("no event at {now}"),
        }
    }
}

#[test]
fn awaited_event_is_followed_at_once() {
    assert_eq!(response(&[(20_000, 0)]), 21_000, "nothing is awaited");
    // The end of duplicate address detection, after 1.5 s and after 0.5 s; of two addresses.
    assert_eq!(response(&[(20_000, 1), (21_500, 0)]), 21_500);
    assert_eq!(response(&[(20_000, 1), (20_500, 0)]), 21_000);
    assert_eq!(response(&[(20_000, 2), (21_200, 1), (21_700, 0)]), 21_700);
    // Other events, before and after it.
    assert_eq!(response(&[(20_000, 1), (21_200, 1), (21_500, 0)]), 22_200);
    assert_eq!(response(&[(20_000, 1), (20_500, 0), (20_800, 0)]), 21_800);
    // It does not come.
    assert_eq!(response(&[(20_000, 1)]), 23_000);
    assert_eq!(response(&[(20_000, 1), (22_900, 1)]), 23_000);
}
