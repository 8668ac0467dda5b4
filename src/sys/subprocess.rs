//! Runs a user-supplied program, or one of the system, without a shell, with a timeout after which its whole process
//! group is killed.
//!
//! The end of the program counts, not that of its output: it may leave a child behind that keeps its streams open. No
//! thread is needed: the wait for the program reads what is there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::error_chain::chain;
use super::time::seconds_rounded_up;
use super::{file_limit, stop_signals};

/// Maximum size in bytes of a program's first line: an address needs at most 46.
pub(crate) const MAX_LINE: usize = 256;
/// Maximum size in bytes of the stderr that is passed on. The rest is discarded.
const MAX_STDERR: usize = 4096;
/// Maximum size in bytes of the stdout of a program of the system. What is shorter fits into a pipe as its next input.
const MAX_TOOL_OUTPUT: usize = 60_000;
/// Timeout for a program of the system. `systemctl` may wait for the first run.
const TOOL_TIMEOUT: Duration = Duration::from_secs(120);
/// Interval of the checks whether the program has ended; std has no wait with a timeout.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Maximum wait for a first line after the end of the program, if a child of it still has its stdout, such as the `tee`
/// of `exec > >(tee log)`.
const LINE_GRACE: Duration = Duration::from_secs(1);
/// Maximum wait for the end of a program that was killed. One that has become another user's, as by `sudo`, lives on.
pub(crate) const KILL_GRACE: Duration = Duration::from_secs(1);

/// Variables that no program gets: the token, and those of the service manager for this process (`sd_notify(3)`,
/// `sd_listen_fds(3)`): a program that takes them for its own would tell that it is ready.
const OURS_ALONE: [&str; 7] = [
    "GANDI_TOKEN",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
];

/// The program to run, and its surroundings.
pub(crate) struct Spec<'a> {
    /// The program. A path without a slash is relative to the working directory, never searched in `$PATH`.
    pub(crate) path: &'a Path,
    /// Variables added to its environment, as name and value. Must not contain NUL.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Timeout for the program and its output.
    pub(crate) timeout: Duration,
    /// The use of its stdout: `Read` for its first line.
    pub(crate) stdout: Stream,
    /// The use of its stderr: `Read` to write it to this process's stderr.
    pub(crate) stderr: Stream,
}

/// The use of an output stream of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// It is read by this process, so that no child of the program can keep a stream of this process open.
    Read,
    /// It is discarded.
    Discard,
}

/// The reason why a program did not succeed.
#[derive(Debug)]
pub enum ProcessError {
    /// The program could not be started.
    Start(io::Error),
    /// Waiting for the program failed.
    Wait(io::Error),
    /// The program did not end within this timeout and was killed.
    TimedOut(Duration),
    /// The program failed: another exit code than 0, or a signal.
    Failed(ExitStatus),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(e) if e.kind() == io::ErrorKind::NotFound => f.write_str(
                "not found (check the path and the interpreter in its #! line; arguments are not supported)",
            ),
            Self::Start(e) => {
                let advice = match e.kind() {
                    io::ErrorKind::PermissionDenied => " (make it executable with `chmod +x`)",
                    // ENOEXEC, which has no `ErrorKind`.
                    _ if e.raw_os_error() == Some(8) => {
                        " (a script must begin with a line such as `#!/bin/sh`)"
                    }
                    _ => "",
                };
                write!(f, "could not be started{advice}")
            }
            Self::Wait(_) => f.write_str("could not be waited for"),
            Self::TimedOut(timeout) => write!(f, "timed out after {} s", seconds_rounded_up(*timeout)),
            Self::Failed(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "ended with exit code {code}"),
                (None, signal) => write!(f, "was killed by signal {}", signal.unwrap_or_default()),
            },
        }
    }
}

impl std::error::Error for ProcessError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(e) if e.kind() != io::ErrorKind::NotFound => Some(e),
            Self::Wait(e) => Some(e),
            _ => None,
        }
    }
}

/// Runs a program and returns the beginning of its stdout: at least the first line, or its first [`MAX_LINE`] bytes.
/// A child that the program leaves behind is neither waited for nor killed. The program gets no token: `GANDI_TOKEN` is
/// removed from its environment.
pub(crate) fn run(spec: &Spec) -> Result<Vec<u8>, ProcessError> {
    let mut command = Command::new(Path::new(".").join(spec.path));
    command.stdin(Stdio::null()).stdout(spec.stdout.stdio()).stderr(spec.stderr.stdio());
    let mut outputs = [Output::new(MAX_LINE + 1, Until::Line), Output::new(MAX_STDERR, Until::Line)];
    let ended = execute(&mut command, spec.variables, "", spec.timeout, &mut outputs);
    let [stdout, stderr] = outputs;
    // There is nowhere to report a failed write to.
    let _ = file_limit::Stream(io::stderr().as_fd()).write_all(&stderr.kept);
    ended.map(|()| stdout.kept)
}

/// The end of the error of [`tool`] for a program that is not installed.
pub(crate) const MISSING: &str = "is not installed";

/// Runs a program of the system, such as `crontab`, which is searched in `$PATH`. It gets `input` on stdin, no token,
/// and the locale `C`. Returns its whole stdout. The error includes its last line on stderr.
#[inline(never)]
pub(crate) fn tool(words: &[&str], input: &str) -> Result<String, String> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut outputs = [Output::new(MAX_TOOL_OUTPUT, Until::End), Output::new(MAX_STDERR, Until::Line)];
    let ended = execute(&mut command, &[("LC_ALL", "C")], input, TOOL_TIMEOUT, &mut outputs);
    let [stdout, stderr] = outputs;
    let problem = match ended {
        Err(ProcessError::Start(e)) if e.kind() == io::ErrorKind::NotFound => MISSING.to_owned(),
        Err(e) => {
            let lines = String::from_utf8_lossy(&stderr.kept);
            let last = lines.trim_end().lines().next_back().unwrap_or_default();
            [&*chain(&e), if last.is_empty() { "" } else { ": " }, last].concat()
        }
        // Part of the output must not count as all of it.
        Ok(()) if stdout.pipe.is_some() || stdout.kept.len() >= MAX_TOOL_OUTPUT => {
            "printed more than 60 KB".to_owned()
        }
        Ok(()) => match String::from_utf8(stdout.kept) {
            Ok(text) => return Ok(text),
            Err(_) => "printed a text that is not UTF-8".to_owned(),
        },
    };
    Err(["`", &words.join(" "), "` ", &problem].concat())
}

/// Runs a program to its end, with these variables and without those that are for this process, with `input` on stdin if that
/// is a pipe, and reads its stdout and stderr meanwhile.
fn execute(
    command: &mut Command,
    variables: &[(&str, &str)],
    input: &str,
    timeout: Duration,
    [stdout, stderr]: &mut [Output; 2],
) -> Result<(), ProcessError> {
    let deadline = Instant::now() + timeout;
    for (name, value) in variables {
        command.env(name, value);
    }
    for name in OURS_ALONE {
        command.env_remove(name);
    }
    // With a process group of its own, the program can be killed together with its children.
    let mut child =
        stop_signals::unblocked(|| command.process_group(0).spawn()).map_err(ProcessError::Start)?;
    stdout.read_from(child.stdout.take().map(OwnedFd::from));
    stderr.read_from(child.stderr.take().map(OwnedFd::from));
    // A pipe takes the whole input at once, whatever the program does with it. One that does not read it fails.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
    let ended = wait(&mut child, stdout, stderr, deadline).map_err(ProcessError::Wait)?;
    match ended {
        Some(status) if status.success() => written.map_err(ProcessError::Wait),
        Some(status) => Err(ProcessError::Failed(status)),
        None => {
            kill(&mut child);
            Err(ProcessError::TimedOut(timeout))
        }
    }
}

impl Stream {
    fn stdio(self) -> Stdio {
        if self == Self::Read { Stdio::piped() } else { Stdio::null() }
    }
}

/// The part of an output stream that is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Its first line.
    Line,
    /// All of it.
    End,
}

/// An output stream of the program, and the beginning of what came from it.
struct Output {
    /// `None` if the stream is discarded, or has ended.
    pipe: Option<File>,
    kept: Vec<u8>,
    /// The number of bytes to keep.
    limit: usize,
    until: Until,
}

impl Output {
    fn new(limit: usize, until: Until) -> Self {
        Self { pipe: None, kept: Vec::new(), limit, until }
    }

    fn read_from(&mut self, pipe: Option<OwnedFd>) {
        // Only this end of the pipe becomes non-blocking. If it did not, a read could last until the program ends.
        let is_usable =
            |pipe: &OwnedFd| fcntl_setfl(pipe, OFlags::NONBLOCK).is_ok() || self.until == Until::End;
        self.pipe = pipe.filter(is_usable).map(File::from);
    }

    /// Reads what is there, so that the program neither blocks on a full pipe nor dies of a closed one. Keeps the
    /// beginning of it.
    fn drain(&mut self) {
        let mut buffer = [0; 4096];
        // A program that writes without a pause must not keep the caller from its deadline.
        for _ in 0..64 {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(read) => {
                    let room = self.limit.saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&buffer[..read.min(room)]);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// Returns true if what is needed is complete, or longer than the limit, or if nothing more will come.
    fn is_complete(&self) -> bool {
        let has_line = || self.until == Until::Line && self.kept.contains(&b'\n');
        self.pipe.is_none() || self.kept.len() >= self.limit || has_line()
    }
}

/// Waits for the end of the program, and reads its output meanwhile; `None` after the deadline.
fn wait(
    child: &mut Child,
    stdout: &mut Output,
    stderr: &mut Output,
    deadline: Instant,
) -> io::Result<Option<ExitStatus>> {
    let mut deadline = deadline;
    let mut ended = None;
    loop {
        if ended.is_none() {
            ended = child.try_wait()?;
            if ended.is_some() {
                deadline = deadline.min(Instant::now() + LINE_GRACE);
            }
        }
        // After the question for its end: what it wrote before that is read.
        stdout.drain();
        stderr.drain();
        if (ended.is_some() && stdout.is_complete()) || Instant::now() >= deadline {
            return Ok(ended);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Kills the program and its whole process group. A child that it left behind, such as a forgotten `sleep`, would hang
/// for ever as well.
fn kill(child: &mut Child) {
    // It has not been waited for, so that its ID cannot be another process's yet.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    // It may have left its group.
    let _ = child.kill();
    let deadline = Instant::now() + KILL_GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(POLL_INTERVAL);
    }
}
