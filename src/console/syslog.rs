//! The system log: RFC 3164 over a datagram socket, as syslogd, logd and journald all take it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use crate::sys::time::Timestamp;

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

/// The state of the connection to the log.
#[derive(Debug)]
enum Link {
    /// Not connected yet, or the connection has failed.
    Closed,
    /// Connected.
    Open(UnixDatagram),
    /// The log did not accept a line in time. It is not waited for again.
    Full,
}

/// A connection to the log.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    process: u32,
    now: fn() -> Timestamp,
    link: Link,
}

impl Syslog {
    /// Creates a connection to the log at `path`, opened with the first line. `process` is our process ID, `now` reads
    /// the clock in seconds since 1970.
    #[must_use]
    pub fn new(path: PathBuf, process: u32, now: fn() -> Timestamp) -> Self {
        Self { path, process, now, link: Link::Closed }
    }

    /// Returns the path of the log's socket, for messages.
    #[must_use]
    pub fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Sends one line. On an error the caller must print the line elsewhere.
    pub fn send(&mut self, severity: Severity, text: &str) -> io::Result<()> {
        let message = message(severity, (self.now)(), self.process, text);
        let socket = match std::mem::replace(&mut self.link, Link::Closed) {
            Link::Open(socket) => socket,
            Link::Closed => self.open()?,
            Link::Full => {
                self.link = Link::Full;
                return Err(io::ErrorKind::WouldBlock.into());
            }
        };
        let sent = match socket.send(message.as_bytes()) {
            // The log may have been restarted in the meantime.
            Err(e) if !is_full(&e) => self.open()?.send(message.as_bytes()),
            sent => sent,
        };
        self.link = if sent.is_err() { Link::Full } else { Link::Open(socket) };
        sent.map(drop)
    }

    fn open(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.path)?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(socket)
    }
}

fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Priority, time, tag and text. The time is UTC, as musl's own syslog(3) gives it: no zone is known here, and most
/// logs take their own clock instead.
fn message(severity: Severity, now: Timestamp, process: u32, text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = now.to_string();
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
    fn message_has_the_form_of_rfc_3164_and_is_cut_at_1024_bytes() {
        assert_eq!(
            message(Severity::Error, Timestamp::from_secs(1_795_485_310), 17, "home.example.org A: gone"),
            "<27>Nov 24 01:55:10 gandi-ddns[17]: home.example.org A: gone"
        );
        assert_eq!(
            message(Severity::Notice, Timestamp::from_secs(0), 1, "a\nb"),
            "<29>Jan  1 00:00:00 gandi-ddns[1]: a b"
        );
        let long = message(Severity::Debug, Timestamp::from_secs(0), 1, &"ä".repeat(1000));
        assert!(long.len() <= MAX_MESSAGE && long.len() > MAX_MESSAGE - 2 && long.ends_with('ä'));
    }
}
