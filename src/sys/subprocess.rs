//! Programs of the user's: started without a shell, stopped when their time is up, with all that they started.

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

/// The most bytes of a program's first line that are of interest: an address needs at most 46.
pub(crate) const MAX_LINE: usize = 256;
/// How often we look whether it has ended. Std has no wait with a limit.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// What is to be run.
pub(crate) struct Spec<'a> {
    /// The program; one without a slash is looked for here, never on $PATH.
    pub(crate) path: &'a Path,
    /// What to add to its environment.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// The longest that it may run.
    pub(crate) time: Duration,
    /// Whether its stderr is ours; else it goes nowhere.
    pub(crate) is_heard: bool,
}

/// Why a program did not end well.
#[derive(Debug)]
pub enum ProcessError {
    /// It did not start.
    Start(io::Error),
    /// Its end was not to be had.
    Wait(io::Error),
    /// It ran for longer than this.
    TooSlow(Duration),
    /// It ended in failure.
    Ended(ExitStatus),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(e) => {
                let todo = match e.kind() {
                    io::ErrorKind::NotFound => ": is it there, and what its first line `#!` names?",
                    io::ErrorKind::PermissionDenied => ": make it executable with `chmod +x`",
                    // ENOEXEC, which has no kind of its own.
                    _ if e.raw_os_error() == Some(8) => ": a script begins with a line such as `#!/bin/sh`",
                    _ => "",
                };
                write!(f, "could not be started: {e}{todo}")
            }
            Self::Wait(e) => write!(f, "could not be waited for: {e}"),
            Self::TooSlow(time) => {
                let seconds = seconds_rounded_up(*time);
                write!(f, "was stopped, as it did not end within {seconds} s")
            }
            Self::Ended(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "ended with exit code {code}"),
                (None, signal) => write!(f, "was ended by signal {}", signal.unwrap_or_default()),
            },
        }
    }
}

impl std::error::Error for ProcessError {}

/// Runs it, and returns the beginning of what it printed, at least its first line.
pub(crate) fn run(job: &Spec) -> Result<Vec<u8>, ProcessError> {
    let deadline = Instant::now() + job.time;
    let mut command = Command::new(Path::new(".").join(job.path));
    command.env_remove("GANDI_TOKEN").envs(job.variables.iter().copied());
    // A group of its own, so that what it starts can be stopped with it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    if !job.is_heard {
        command.stderr(Stdio::null());
    }
    let mut child = command.spawn().map_err(ProcessError::Start)?;
    match first_line_and_end(&mut child, deadline) {
        Ok(Some((line, status))) if status.success() => Ok(line),
        Ok(Some((_, status))) => Err(ProcessError::Ended(status)),
        unfinished => {
            kill(&mut child);
            Err(unfinished.err().map_or(ProcessError::TooSlow(job.time), ProcessError::Wait))
        }
    }
}

/// The first line and then the status, or nothing when the time is up.
fn first_line_and_end(child: &mut Child, deadline: Instant) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
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
    fn a_flood_is_drained_and_its_first_line_kept() {
        let flood = b"81.2.69.142\n".chain(io::repeat(b'x').take(1 << 20));
        let (sender, receiver) = channel();
        drain(flood, sender);
        assert!(
            receiver
                .receive(Instant::now())
                .is_some_and(|line| line.starts_with(b"81.2.69.142\n") && line.len() < 8192)
        );
        // A line without an end.
        let (sender, receiver) = channel();
        drain(io::repeat(b'x').take(1 << 20), sender);
        assert!(receiver.receive(Instant::now()).is_some_and(|line| line.len() < 8192));
    }
}
