//! The fault harness. Runs the real binary under strace, with an error or a kill in one system call, once for each call
//! of each scenario, and checks what is left. `scripts/faults.sh` builds and starts it.
//!
//! Usage: `fault-harness PROGRAM`, in a network namespace with loopback. With `SAMPLE=N` in the environment, it runs N
//! cases, always the same ones; with `CASE='SCENARIO INJECTION'`, one case with its output.

#![allow(clippy::expect_used, reason = "a harness that cannot set up a case must fail")]
#![allow(clippy::print_stdout, reason = "its result")]

mod cases;
mod faults;
mod scenario;
mod trace;
mod verdict;
mod world;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use cases::Case;
use scenario::{SCENARIOS, Scenario};
use verdict::Verdict;

/// The numbers of one scenario.
#[derive(Clone, Copy, Default)]
struct Tally {
    cases: usize,
    violations: usize,
    /// The run ended before the call, since not every run makes the same number of calls.
    missed: usize,
}

fn main() -> ExitCode {
    let program = env::args_os().nth(1).expect("usage: fault-harness PROGRAM");
    let program = PathBuf::from(program).canonicalize().expect("the program");
    let base = env::temp_dir().join(format!("gandi-ddns-faults-{}", std::process::id()));
    let good = match env::var("CASE") {
        Ok(label) if !label.is_empty() => run_one(&program, &base, &label),
        _ => run_all(&program, &base),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one case and prints everything about it. The sandbox is kept.
fn run_one(program: &Path, base: &Path, label: &str) -> bool {
    let case = Case::parse(label).expect("CASE='SCENARIO CALL:FAULT:when=N', as a violation prints it");
    let Verdict { problems, missed, report } = verdict::run(&case, program, base);
    println!("{report}\nthe sandbox is kept in {}", base.display());
    for problem in &problems {
        println!("violation: {problem}");
    }
    if missed {
        println!("the run ended before this call");
    }
    problems.is_empty()
}

/// Runs all cases, or a sample of them, and prints the violations and the numbers.
fn run_all(program: &Path, base: &Path) -> bool {
    let started = Instant::now();
    let all: Vec<Case> = SCENARIOS.iter().flat_map(|s| cases::of(s, program, base)).collect();
    let sample = env::var("SAMPLE").ok().filter(|text| !text.is_empty());
    let total = all.len();
    let cases = match sample {
        None => all,
        Some(number) => cases::sample(all, number.parse().expect("SAMPLE is a number")),
    };
    println!("{} of {total} cases", cases.len());
    let tallies = Mutex::new(vec![Tally::default(); SCENARIOS.len()]);
    let next = AtomicUsize::new(0);
    // More than one per core, as some runs only wait.
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get() * 2);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    // Each case has its own directory: a hook of the last one may still be running.
                    let dir = base.join(number.to_string());
                    let verdict = verdict::run(case, program, &dir);
                    count(case, &verdict, &mut tallies.lock().expect("the numbers"));
                    let _ = fs::remove_dir_all(dir);
                }
            });
        }
    });
    let _ = fs::remove_dir_all(base);
    let tallies = tallies.into_inner().expect("the numbers");
    summary(&tallies, started)
}

fn count(case: &Case, verdict: &Verdict, tallies: &mut [Tally]) {
    let tally = &mut tallies[case.scenario.index()];
    tally.cases += 1;
    tally.missed += usize::from(verdict.missed);
    if !verdict.problems.is_empty() {
        tally.violations += 1;
        println!("violation: make faults CASE='{case}'");
        for problem in &verdict.problems {
            println!("    {problem}");
        }
    }
}

fn summary(tallies: &[Tally], started: Instant) -> bool {
    let mut all = Tally::default();
    let print = |name: &str, Tally { cases, violations, missed }: Tally| {
        println!("{name:<8} {cases:>6} cases {violations:>4} violations {missed:>4} not reached");
    };
    for (Scenario { name, .. }, tally) in SCENARIOS.iter().zip(tallies) {
        print(name, *tally);
        all.cases += tally.cases;
        all.violations += tally.violations;
        all.missed += tally.missed;
    }
    print("all", all);
    println!("{} s", started.elapsed().as_secs());
    // Otherwise strace injects nothing, or the scenarios are not repeatable.
    let reached = all.cases > 0 && all.missed * 20 <= all.cases;
    if !reached {
        println!("too few of the calls were reached");
    }
    reached && all.violations == 0
}
