//! `command:PATH`: the first line that a program prints.

use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::letter::{Letter, leave_behind};
use crate::record::RrsetType;

/// The longest that a program may run.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of its first line: an address needs at most 46.
const LIMIT: usize = 256;
/// How often we look whether it has ended. Std has no wait with a limit.
const LOOK: Duration = Duration::from_millis(5);

/// Why there is no address. What the program printed is not repeated: it may be anything.
#[derive(Debug)]
pub enum CommandError {
    /// It did not start.
    Start(io::Error),
    /// Its end was not to be had.
    Wait(io::Error),
    /// It ran for longer than this.
    TooSlow(Duration),
    /// It ended in failure.
    Ended(ExitStatus),
    /// It ended well, without a word.
    Silent,
    /// Its first line is something else.
    NoAddress,
}

impl fmt::Display for CommandError {
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
                // Rounded up: what was left of the run's time is seldom whole.
                let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
                write!(f, "was stopped, as it did not end within {seconds} s")
            }
            Self::Ended(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "ended with exit code {code}"),
                (None, signal) => write!(f, "was ended by signal {}", signal.unwrap_or_default()),
            },
            Self::Silent => write!(f, "printed nothing"),
            Self::NoAddress => write!(f, "printed something else than one address on its first line"),
        }
    }
}

impl std::error::Error for CommandError {}

/// Runs the program at `path`, without arguments and without a shell between.
pub(crate) fn ask(path: &Path, family: RrsetType, time: Duration) -> Result<IpAddr, CommandError> {
    let time = time.min(PATIENCE);
    let deadline = Instant::now() + time;
    // Never one of that name somewhere on $PATH.
    let mut child = Command::new(Path::new(".").join(path))
        .env_remove("GANDI_TOKEN")
        .env("GANDI_DDNS_FAMILY", if family == RrsetType::A { "ipv4" } else { "ipv6" })
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that what it starts can be stopped with it.
        .process_group(0)
        .spawn()
        .map_err(CommandError::Start)?;
    match first_line_and_end(&mut child, deadline) {
        Ok(Some((line, status))) => read(&line, status),
        unfinished => {
            stop(&mut child);
            Err(unfinished.err().map_or(CommandError::TooSlow(time), CommandError::Wait))
        }
    }
}

/// The first line and then the status, or nothing when the time is up.
fn first_line_and_end(child: &mut Child, deadline: Instant) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
    let letter = Letter::new();
    if let Some(stdout) = child.stdout.take() {
        let sender = letter.clone();
        leave_behind(Box::new(move || drain(stdout, &sender)))?;
    }
    let Some(line) = letter.receive(deadline) else { return Ok(None) };
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((line, status)));
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// Sends the first line as soon as it is there, or as much of it as we take, and reads on to the end, so that the
/// program neither blocks nor dies of a closed pipe.
fn drain(mut stdout: impl Read, sender: &Letter<Vec<u8>>) {
    let (mut buffer, mut line, mut sent) = ([0; 4096], Vec::new(), false);
    loop {
        let read = match stdout.read(&mut buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            read => read.unwrap_or(0),
        };
        if !sent {
            line.extend_from_slice(&buffer[..read]);
            if read == 0 || line.len() > LIMIT || line.contains(&b'\n') {
                sender.send(std::mem::take(&mut line));
                sent = true;
            }
        }
        if read == 0 {
            return;
        }
    }
}

/// Kills it and, where there is a shell to say it to, all that it has started: a forgotten `sleep` would hold our
/// stderr open, and whoever called us waits for that.
fn stop(child: &mut Child) {
    let group = format!("kill -s KILL -- -{}", child.id());
    let _ = Command::new("/bin/sh").args(["-c", &group]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}

fn read(output: &[u8], status: ExitStatus) -> Result<IpAddr, CommandError> {
    if !status.success() {
        return Err(CommandError::Ended(status));
    }
    if output.is_empty() {
        return Err(CommandError::Silent);
    }
    let line = output.split(|b| *b == b'\n').next().filter(|line| line.len() <= LIMIT);
    let text = line.and_then(|line| std::str::from_utf8(line.trim_ascii()).ok());
    text.and_then(|text| text.parse().ok()).ok_or(CommandError::NoAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_one_address() {
        let line = |text: &str| read(text.as_bytes(), ExitStatus::default()).map(|a| a.to_string());
        let padded = |blanks| format!("{}81.2.69.142\n", " ".repeat(blanks));
        for text in ["81.2.69.142", "81.2.69.142\n", "\t81.2.69.142 \r\nmore\n", &padded(LIMIT - 11)] {
            assert_eq!(line(text).ok().as_deref(), Some("81.2.69.142"), "{text:?}");
        }
        assert_eq!(line("2a01:e0a::1\n").ok().as_deref(), Some("2a01:e0a::1"));
        for text in ["\n81.2.69.142\n", "81.2.69.142 81.2.69.143", "ip: 81.2.69.142", &padded(LIMIT - 10)] {
            assert!(matches!(line(text), Err(CommandError::NoAddress)), "{text:?}");
        }
        assert!(matches!(line(""), Err(CommandError::Silent)));
        let failed = ExitStatus::from_raw(0x300);
        assert!(matches!(read(b"81.2.69.142\n", failed), Err(CommandError::Ended(_))));
    }

    #[test]
    fn a_flood_is_drained_and_its_first_line_kept() {
        let flood = b"81.2.69.142\n".chain(io::repeat(b'x').take(1 << 20));
        let letter = Letter::new();
        drain(flood, &letter);
        assert!(
            letter
                .receive(Instant::now())
                .is_some_and(|line| line.starts_with(b"81.2.69.142\n") && line.len() < 8192)
        );
        // A line without an end.
        let letter = Letter::new();
        drain(io::repeat(b'x').take(1 << 20), &letter);
        assert!(letter.receive(Instant::now()).is_some_and(|line| line.len() < 8192));
    }
}
