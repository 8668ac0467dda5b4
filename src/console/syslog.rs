//! The system log: RFC 3164 over a datagram socket, the form that syslogd, logd and journald accept.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use crate::sys::datagram;
use crate::sys::time::Timestamp;
use crate::sys::words::beginning;

/// The log's socket, the same on every Linux system.
pub const SOCKET: &str = "/dev/log";
/// Maximum size of a message in bytes (RFC 3164, 4.1).
const MAX_MESSAGE: usize = 1024;
/// The facility of system daemons, shifted to its place above the severity (RFC 3164, 4.1.1).
const DAEMON: u8 = 3 << 3;
/// Timeout for a log whose socket buffer is full.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The severity of a line, with its number from RFC 3164, 4.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A failure.
    Error = 3,
    /// A problem that needs attention although the run continues.
    Warning = 4,
    /// A change.
    Notice = 5,
    /// A step, printed with `-v`.
    Debug = 7,
}

/// The state of the connection to the log.
#[derive(Debug)]
enum Link {
    /// Not connected yet, or the connection has failed.
    Closed,
    /// Connected.
    Open(UnixDatagram),
    /// The log did not accept a line within [`TIMEOUT`]. No further line waits for it.
    Full,
}

/// A connection to the log.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    pid: u32,
    now: fn() -> Timestamp,
    link: Link,
}

impl Syslog {
    /// Creates a connection to the log at `path`, opened with the first line. `pid` is our process ID, `now` reads
    /// the clock.
    #[must_use]
    pub fn new(path: PathBuf, pid: u32, now: fn() -> Timestamp) -> Self {
        Self { path, pid, now, link: Link::Closed }
    }

    /// Returns the path of the log's socket, for messages.
    #[must_use]
    pub fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Makes the next line wait for a log that did not accept the last one.
    pub(super) fn retry(&mut self) {
        if self.is_full() {
            self.link = Link::Closed;
        }
    }

    /// Returns true if the log did not accept the last line.
    pub(super) const fn is_full(&self) -> bool {
        matches!(self.link, Link::Full)
    }

    /// Sends one line. On an error the caller must print the line elsewhere.
    pub fn send(&mut self, severity: Severity, text: &str) -> io::Result<()> {
        let message = message(severity, (self.now)(), self.pid, text);
        let socket = match std::mem::replace(&mut self.link, Link::Closed) {
            Link::Open(socket) => socket,
            Link::Closed => self.open()?,
            Link::Full => {
                self.link = Link::Full;
                return Err(io::ErrorKind::WouldBlock.into());
            }
        };
        let (socket, result) = match socket.send(message.as_bytes()) {
            // The log may have been restarted in the meantime.
            Err(e) if !is_full(&e) => {
                let socket = self.open()?;
                let result = socket.send(message.as_bytes());
                (socket, result)
            }
            result => (socket, result),
        };
        self.link = if result.is_err() { Link::Full } else { Link::Open(socket) };
        result.map(drop)
    }

    fn open(&self) -> io::Result<UnixDatagram> {
        let socket = datagram::open(&self.path)?;
        socket.set_write_timeout(Some(TIMEOUT))?;
        Ok(socket)
    }
}

fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Formats a message: priority, time, tag and text. The time is UTC, as in musl's own syslog(3): the time zone is unknown
/// here, and most logs use their own clock instead.
fn message(severity: Severity, now: Timestamp, pid: u32, text: &str) -> String {
    const MONTHS: &str = "01Jan02Feb03Mar04Apr05May06Jun07Jul08Aug09Sep10Oct11Nov12Dec";
    let date = now.to_string();
    // `2026-11-24 01:55:10 UTC`; RFC 3164 pads the day with a space.
    let (_, month) = MONTHS.split_once(&date[5..7]).unwrap_or_default();
    let (month, day, time) = (beginning(month, 3), date[8..10].trim_start_matches('0'), &date[11..19]);
    let message = format!("<{}>{month} {day:>2} {time} gandi-ddns[{pid}]: {text}", DAEMON | severity as u8);
    // A line break would begin a second entry.
    beginning(&message.replace('\n', " "), MAX_MESSAGE).to_owned()
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
