//! Runs a user-supplied program without a shell, with a timeout after which its whole process group is killed.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::oneshot::{Sender, channel, spawn_detached};
use super::time::seconds_rounded_up;

/// Maximum size in bytes of a program's first line: an address needs at most 46.
pub(crate) const MAX_LINE: usize = 256;
/// Interval of the checks whether the program has ended; std has no wait with a timeout.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The program to run, and its surroundings.
pub(crate) struct Spec<'a> {
    /// The program. A path without a slash is relative to the working directory, never searched in `$PATH`.
    pub(crate) path: &'a Path,
    /// Variables added to its environment, as name and value.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Timeout for the program and its output.
    pub(crate) timeout: Duration,
    /// The use of its stderr.
    pub(crate) stderr: Stderr,
}

/// The use of a program's stderr.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stderr {
    /// The program writes to this process's stderr.
    Inherit,
    /// The output is discarded.
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

/// Runs a program and returns the beginning of its output: at least the first line, or its first [`MAX_LINE`] bytes.
/// The program gets no token: `GANDI_TOKEN` is removed from its environment.
pub(crate) fn run(spec: &Spec) -> Result<Vec<u8>, ProcessError> {
    let deadline = Instant::now() + spec.timeout;
    let mut command = Command::new(Path::new(".").join(spec.path));
    command.env_remove("GANDI_TOKEN").envs(spec.variables.iter().copied());
    // With a process group of its own, the program can be killed together with its children.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    if spec.stderr == Stderr::Discard {
        command.stderr(Stdio::null());
    }
    let mut child = command.spawn().map_err(ProcessError::Start)?;
    match first_line_and_status(&mut child, deadline) {
        Ok(Some((line, status))) if status.success() => Ok(line),
        Ok(Some((_, status))) => Err(ProcessError::Failed(status)),
        unfinished => {
            kill(&mut child);
            Err(unfinished.err().map_or(ProcessError::TimedOut(spec.timeout), ProcessError::Wait))
        }
    }
}

/// Waits for the first line and then for the exit status; `None` after the deadline.
fn first_line_and_status(child: &mut Child, deadline: Instant) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        spawn_detached(Box::new(move || drain(stdout, sender)))?;
    }
    let Some(line) = receiver.receive(deadline) else { return Ok(None) };
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((line, status)));
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(None)
}

/// Sends the first line as soon as it is complete, or its first part if it is longer than [`MAX_LINE`]. Reads the rest
/// to its end, so that the program neither blocks on a full pipe nor dies of a closed one.
fn drain(mut stdout: impl Read, sender: Sender<Vec<u8>>) {
    let (mut buffer, mut line, mut sender) = ([0; 4096], Vec::new(), Some(sender));
    loop {
        let read = match stdout.read(&mut buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            result => result.unwrap_or(0),
        };
        if sender.is_some() {
            line.extend_from_slice(&buffer[..read]);
        }
        if (read == 0 || line.len() > MAX_LINE || line.contains(&b'\n'))
            && let Some(sender) = sender.take()
        {
            sender.send(std::mem::take(&mut line));
        }
        if read == 0 {
            return;
        }
    }
}

/// Kills the program and its whole process group. A child that it left behind, such as a forgotten `sleep`, would keep
/// our stderr open, and cron waits for that to be closed.
fn kill(child: &mut Child) {
    // It has not been waited for, so that its ID cannot be another process's yet.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    // It may have left its group.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drain_sends_a_limited_first_line_and_reads_to_the_end() {
        let flood = b"81.2.69.142\n".chain(io::repeat(b'x').take(1 << 20));
        let (sender, receiver) = channel();
        drain(flood, sender);
        assert!(
            receiver
                .receive(Instant::now())
                .is_some_and(|line| line.starts_with(b"81.2.69.142\n") && line.len() < 8192)
        );
        // A line that never ends.
        let (sender, receiver) = channel();
        drain(io::repeat(b'x').take(1 << 20), sender);
        assert!(receiver.receive(Instant::now()).is_some_and(|line| line.len() < 8192));
    }
}
