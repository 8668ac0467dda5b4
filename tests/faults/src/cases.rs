//! The cases: one fault in one system call of one scenario.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::faults;
use crate::scenario::{SCENARIOS, Scenario};
use crate::trace::{self, Counts};
use crate::world::World;

/// The threads that strace traces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The main thread only.
    Main,
    /// All threads and children. The fault hits the call with this number in each of them.
    All,
}

/// One fault in one scenario.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) scenario: &'static Scenario,
    /// The injection in strace's words, as in `fsync:error=EIO:when=2`.
    pub(crate) injection: String,
    pub(crate) scope: Scope,
}

impl Case {
    /// Parses what [`fmt::Display`] writes.
    pub(crate) fn parse(label: &str) -> Option<Self> {
        let (name, rest) = label.trim().split_once(' ')?;
        let (injection, scope) =
            rest.strip_suffix(" in all threads").map_or((rest, Scope::Main), |rest| (rest, Scope::All));
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name)?;
        Some(Self { scenario, injection: injection.to_owned(), scope })
    }

    /// Returns the name of the system call.
    pub(crate) fn call(&self) -> &str {
        self.injection.split(':').next().unwrap_or_default()
    }

    /// Returns the number of the call, as in `2`.
    fn place(&self) -> &str {
        self.injection.rsplit_once("when=").map_or("", |(_, place)| place.trim_end_matches('+'))
    }

    /// Returns the signal that is injected, as in `KILL`.
    pub(crate) fn signal(&self) -> Option<&str> {
        self.injection.split(':').find_map(|part| part.strip_prefix("signal="))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = if self.scope == Scope::All { " in all threads" } else { "" };
        write!(f, "{} {}{scope}", self.scenario.name, self.injection)
    }
}

/// Records an undisturbed run of a scenario, and returns its cases.
pub(crate) fn of(scenario: &'static Scenario, program: &Path, base: &Path) -> Vec<Case> {
    let world = World::new(&base.join("record"), program, scenario);
    let log = base.join("log");
    let ran = world.traced(&["-f"], &log, scenario.arguments);
    let Scenario { name, exit, .. } = scenario;
    assert_eq!(ran.code, Some(*exit), "{name} without a fault:\n{}{}", ran.stdout, ran.stderr);
    let calls = trace::calls(&fs::read_to_string(&log).expect("the log of strace"));
    let mut cases = cases(scenario, Scope::Main, &calls.main, &calls.start);
    cases.extend(self::cases(scenario, Scope::All, &calls.others, &calls.start));
    cases
}

/// Returns the cases for calls with these numbers. The calls before `main` are left out: the program cannot answer
/// their faults. In other threads, those with the same number are left out, too, as the fault would hit both.
fn cases(scenario: &'static Scenario, scope: Scope, counts: &Counts, start: &Counts) -> Vec<Case> {
    let mut cases = Vec::new();
    for (call, &number) in counts {
        // std aborts when a new thread cannot map the 12 KiB of its signal stack.
        if scope == Scope::All && ["mmap", "mprotect"].contains(&call.as_str()) {
            continue;
        }
        for n in start.get(call).map_or(1, |started| started + 1)..=number {
            for fault in faults::of(call, n) {
                cases.push(Case { scenario, injection: format!("{call}:{fault}"), scope });
            }
        }
    }
    cases
}

/// Returns `number` of the cases, the same ones each time: in turn one for each system call of each scenario, at a
/// pseudo-random place. A call that leaves something behind counts anew at each place.
pub(crate) fn sample(cases: Vec<Case>, number: usize) -> Vec<Case> {
    let mut groups = BTreeMap::<String, Vec<(u64, Case)>>::new();
    for case in cases {
        let place = if faults::leaves_something(case.call()) { case.place() } else { "" };
        let group = format!("{} {} {place}", case.scenario.name, case.call());
        groups.entry(group).or_default().push((hash(&case.to_string()), case));
    }
    let mut ranked = Vec::new();
    for (group, mut cases) in groups {
        cases.sort_by_key(|(hash, _)| *hash);
        let name = hash(&group);
        ranked.extend(cases.into_iter().enumerate().map(|(rank, (_, case))| ((rank, name), case)));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, case)| case).take(number).collect()
}

/// FNV-1a, with a last step that spreads similar texts.
fn hash(text: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}
