//! The system log: RFC 3164 over a datagram socket, as syslogd, logd and journald all take it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use crate::sys::time::Utc;

/// Where every system has it.
pub const SOCKET: &str = "/dev/log";
/// The most bytes of a message, RFC 3164, 4.1.
const MAX_MESSAGE: usize = 1024;
/// The facility of system daemons, RFC 3164, 4.1.1, before the severity.
const DAEMON: u8 = 3 << 3;
/// The longest wait for a log that is full.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How grave a line is, RFC 3164, 4.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something failed.
    Error = 3,
    /// Something should be seen to.
    Warning = 4,
    /// Something was changed.
    Notice = 5,
    /// A step.
    Debug = 7,
}

/// A connection to the log.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    process: u32,
    clock: fn() -> u64,
    socket: Option<UnixDatagram>,
    /// Whether it has been full: nobody waits for it again.
    full: bool,
}

impl Syslog {
    /// Will speak to the log at `path` as this process.
    #[must_use]
    pub fn new(path: PathBuf, process: u32, clock: fn() -> u64) -> Self {
        Self { path, process, clock, socket: None, full: false }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Sends one line. Whoever cannot be told so must be told otherwise.
    pub fn send(&mut self, severity: Severity, text: &str) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let message = message(severity, (self.clock)(), self.process, text);
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.open()?,
        };
        let sent = match socket.send(message.as_bytes()) {
            // The log may have been restarted in the meantime.
            Err(e) if !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                self.open()?.send(message.as_bytes())
            }
            sent => sent,
        };
        self.socket = Some(socket);
        self.full = sent.is_err();
        sent.map(drop)
    }

    fn open(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.path)?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(socket)
    }
}

/// Priority, time, tag and text. The time is UTC, as musl's own syslog(3) gives it: no zone is known here, and most
/// logs take their own clock instead.
fn message(severity: Severity, now: u64, process: u32, text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = Utc(now).to_string();
    // `2026-11-24 01:55:10 UTC`; the day is padded with a blank.
    let month = date[5..7].parse::<usize>().ok().and_then(|n| MONTHS.get(n.wrapping_sub(1)));
    let day = date[8..10].trim_start_matches('0');
    let (month, time) = (month.unwrap_or(&"Jan"), &date[11..19]);
    let mut message =
        format!("<{}>{month} {day:>2} {time} gandi-ddns[{process}]: {text}", DAEMON | severity as u8);
    // One line each.
    message = message.replace('\n', " ");
    while message.len() > MAX_MESSAGE {
        message.pop();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        assert_eq!(
            message(Severity::Error, 1_795_485_310, 17, "home.example.org A: gone"),
            "<27>Nov 24 01:55:10 gandi-ddns[17]: home.example.org A: gone"
        );
        assert_eq!(message(Severity::Notice, 0, 1, "a\nb"), "<29>Jan  1 00:00:00 gandi-ddns[1]: a b");
        let long = message(Severity::Debug, 0, 1, &"ä".repeat(1000));
        assert!(long.len() <= MAX_MESSAGE && long.len() > MAX_MESSAGE - 2 && long.ends_with('ä'));
    }
}
