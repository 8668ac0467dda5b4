//! Tables of hostile servers: answers at their worst, each played by each server that the program talks to. No row may
//! cost more time than the run's `timeout` and a little more, or much memory; none may end in a panic, an undocumented
//! exit code, a line that moves the cursor, a wrong write, or the token at another host.

mod echo;
mod gandi;
mod name_server;
mod router;
mod tls;

use std::ffi::OsStr;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox, is_emulated};
use fake_gandi::hostile::{RawServer, Reaction};

/// The time beyond `timeout` after which a run counts as hanging: retries, start and a busy machine need some.
const SLACK: Duration = Duration::from_secs(20);
/// Maximum memory of a run, in bytes: `RLIMIT_DATA`, so that an allocation beyond it ends the run with a signal.
const MEMORY: usize = 24 << 20;
/// Maximum length of a printed line, in bytes.
const MAX_LINE: usize = 1200;

/// Calls `check` with each row, several at a time, and fails with all their problems. A problem is a text.
#[track_caller]
fn each<T: Sync>(rows: &[T], check: impl Fn(&T) -> Vec<String> + Sync) {
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = check(row);
            problems.lock().expect("no panic").extend(found);
        }
    };
    // Most rows wait for a timeout, and need no processor.
    let threads = if is_emulated() { 3 } else { 6 };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    fail_with(&problems.into_inner().expect("no panic"), rows.len());
}

/// Fails if there are problems.
#[track_caller]
fn fail_with(problems: &[String], rows: usize) {
    let count = problems.len();
    assert!(problems.is_empty(), "{count} problems in {rows} rows:\n{}", problems.join("\n"));
}

/// Returns every `step`th row, or all with `GANDI_DDNS_HOSTILE=all`. Under the emulator, which is slow, a fourth of them.
fn sample<T>(rows: Vec<T>, step: usize) -> Vec<T> {
    let is_all = std::env::var("GANDI_DDNS_HOSTILE").is_ok_and(|rows| rows == "all");
    let step = match (is_all, is_emulated()) {
        (true, _) => 1,
        (false, true) => 4 * step,
        (false, false) => step,
    };
    rows.into_iter().step_by(step).collect()
}

/// The `timeout` of a run with a row that ends by itself, in seconds.
const FINITE: u64 = 30;

/// Returns the `timeout` of a run with a row that does not end by itself, in seconds. The run always takes all of it.
fn endless() -> u64 {
    if is_emulated() { 8 } else { 1 }
}

/// Returns true if the record failed, as on a busy machine before a server is reached whose answer is not needed for it.
fn is_late(ran: &RunOutput) -> bool {
    ran.code == Some(75) && ran.stderr.contains("home.example.org A: ")
}

/// Runs the program with the config of the sandbox, limited memory and these arguments. Returns its output and the
/// problems that are problems of every run.
fn run(s: &Sandbox, row: &str, timeout: u64, arguments: &[&str]) -> (RunOutput, Vec<String>) {
    run_with(s, &[], row, timeout, arguments)
}

/// Does the same, started by the program and arguments in `prefix`.
fn run_with(
    s: &Sandbox,
    prefix: &[&str],
    row: &str,
    timeout: u64,
    arguments: &[&str],
) -> (RunOutput, Vec<String>) {
    let program = s.command();
    let limit = format!("--data={MEMORY}");
    let mut words = prefix.to_vec();
    // The emulator needs memory of its own.
    if !is_emulated() {
        words.extend(["prlimit", &limit]);
    }
    let program = std::iter::once(program.get_program()).chain(program.get_args());
    let mut all = words.iter().map(OsStr::new).chain(program);
    let mut command = Command::new(all.next().expect("a program"));
    command.args(all).env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let started = Instant::now();
    let ran = s.finish(command.args(["-c", "gandi-ddns.conf"]).args(arguments));
    let mut problems = Vec::new();
    let mut problem = |text: String| problems.push(format!("{row}: {text}\n{ran}"));
    if started.elapsed() > Duration::from_secs(timeout) + SLACK {
        problem(format!("took {:?}", started.elapsed()));
    }
    if !matches!(ran.code, Some(0 | 75 | 77 | 78)) {
        problem("ended by a signal or with an undocumented code".to_owned());
    }
    for line in ran.stdout.lines().chain(ran.stderr.lines()) {
        if line.len() > MAX_LINE || line.chars().any(char::is_control) {
            problem(format!("a line of {} bytes, or with control characters", line.len()));
        }
        if line.contains("panicked") || line.contains("docs.rs") {
            problem("the text of a library".to_owned());
        }
    }
    (ran, problems)
}

/// Returns what is wrong about the zone and the exit code after a run with this row.
fn judge(s: &Sandbox, row: &str, reaction: Reaction, ran: &RunOutput) -> Option<String> {
    let zone = s.zone("home", "A");
    // The TTL follows what was read.
    let is_right = zone.split_once(' ').is_some_and(|(_, values)| values == ADDRESS);
    let is_old = zone == format!("600 {STALE}");
    let problem = match (reaction, ran.code) {
        (_, _) if !is_right && !is_old => format!("the zone has {zone}"),
        (Reaction::Refused | Reaction::OffTopic | Reaction::Either, Some(75..=78)) => return None,
        (Reaction::Taken | Reaction::Either, Some(0)) if is_right => return None,
        (Reaction::Refused | Reaction::OffTopic, _) => {
            format!("was taken for a good answer; the zone has {zone}")
        }
        (Reaction::Taken, _) => format!("was refused; the zone has {zone}"),
        (Reaction::Either, _) => format!("success, but the zone has {zone}"),
    };
    Some(format!("{row}: {problem}\n{ran}"))
}

/// Starts a server that nothing may connect to.
fn trap() -> RawServer {
    RawServer::start("127.0.0.1:0", |_| ())
}
