//! Messages to the service manager that started this process, as by `sd_notify(3)`: a datagram to the socket that
//! `$NOTIFY_SOCKET` names. A manager that does not listen, or no longer, is no error.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::datagram;
use super::words::number;

/// The shortest interval of the pings, in milliseconds: a manager that wants them more often would keep this machine awake.
const MIN_INTERVAL: u64 = 10;
/// The message that all is well.
const PING: &str = "WATCHDOG=1";

/// The service manager, and the time of the next ping. Does nothing if there is no manager.
pub struct Manager {
    /// A socket that is connected to the manager's.
    socket: Option<UnixDatagram>,
    /// The interval of the pings, in milliseconds; 0 if the manager wants none.
    interval: u64,
    /// The time at which the next ping is due, in milliseconds of the caller's clock.
    due: u64,
}

/// Returns the interval of pings in milliseconds, half of the manager's patience, from `$WATCHDOG_USEC`; 0 if it wants no
/// pings. If `$WATCHDOG_PID` is another process, the manager ignores the pings of this one.
#[must_use]
pub fn interval(usec: &str) -> u64 {
    match number(usec, 10) {
        None | Some(0) => 0,
        Some(usec) => (usec / 2000).max(MIN_INTERVAL),
    }
}

impl Manager {
    /// Opens a socket for messages to the one at `name`: a path, or an abstract name after `@`. Anything else, such as
    /// the `vsock:` of a virtual machine, is ignored.
    #[must_use]
    pub fn new(name: Option<&Path>, interval: u64) -> Self {
        let socket = name.and_then(|name| datagram::open(name).ok());
        // A manager that does not read must not stop this process.
        let socket = socket.filter(|socket| socket.set_nonblocking(true).is_ok());
        let interval = if socket.is_some() { interval } else { 0 };
        Self { socket, interval, due: 0 }
    }

    /// Sends assignments, one a line, such as `READY=1`. A manager that is too busy to take them does not get them.
    pub fn send(&self, text: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(text.as_bytes());
        }
    }

    /// Sends a ping if one is due. Returns the time until the next one, at most `time`; all times are in milliseconds.
    pub(crate) fn ping(&mut self, now: u64, time: u64) -> u64 {
        if self.interval == 0 {
            return time;
        }
        if now >= self.due {
            self.send(PING);
            self.due = now + self.interval;
        }
        time.min(self.due - now)
    }

    /// Asks the manager to wait this long for the next ping, in milliseconds, if that is more than it would: systemd
    /// does.
    pub(crate) fn ask_for_patience(&mut self, time: u64) {
        if self.interval > 0 {
            self.send(&format!("{PING}\nWATCHDOG_USEC={}000", time.max(self.interval * 2)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;
    use std::path::PathBuf;
    use std::time::Duration;

    /// The socket of a manager in a directory for temporary files.
    struct Bound(UnixDatagram, PathBuf);

    impl Bound {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("gandi-ddns-{name}-{}", std::process::id()));
            let _ = std::fs::remove_file(&path);
            let socket = UnixDatagram::bind(&path).expect("a socket");
            socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
            Self(socket, path)
        }

        fn manager(&self, interval: u64) -> Manager {
            Manager::new(Some(&self.1), interval)
        }

        fn received(&self) -> String {
            received(&self.0)
        }

        fn is_empty(&self) -> bool {
            self.0.set_nonblocking(true).expect("a socket");
            self.0.recv(&mut [0]).is_err()
        }
    }

    impl Drop for Bound {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.1);
        }
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 4096];
        let length = socket.recv(&mut bytes).expect("a message");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn message_arrives_at_a_path_and_at_an_abstract_name() {
        let bound = Bound::new("path");
        bound.manager(0).send("READY=1");
        assert_eq!(bound.received(), "READY=1");
        let name = format!("gandi-ddns-abstract-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        Manager::new(Some(Path::new(&format!("@{name}"))), 0).send("STOPPING=1");
        assert_eq!(received(&socket), "STOPPING=1");
    }

    #[test]
    fn names_without_a_socket_are_ignored() {
        let long = format!("/{}", "x".repeat(200));
        for name in ["/nonexistent/socket", "vsock:2:1234", "relative", "@", &long, &long.replace('/', "@")] {
            let mut manager = Manager::new(Some(Path::new(name)), 1000);
            manager.send("READY=1");
            manager.ping(0, 9);
        }
        let mut manager = Manager::new(None, 1000);
        assert_eq!(manager.ping(0, 7000), 7000, "nobody to wake up for");
    }

    #[test]
    fn manager_that_ends_or_does_not_read_is_no_error() {
        let bound = Bound::new("full");
        let manager = bound.manager(0);
        for number in 0..2000 {
            manager.send(&number.to_string());
        }
        assert_eq!(bound.received(), "0", "it did not block");
        drop(bound);
        manager.send("READY=1");
    }

    #[test]
    fn pings_are_sent_when_they_are_due() {
        let bound = Bound::new("pings");
        let mut manager = bound.manager(5000);
        assert_eq!(manager.ping(700, 60_000), 5000);
        assert_eq!(manager.ping(2700, 60_000), 3000);
        assert_eq!(manager.ping(2700, 10), 10, "the caller has less time");
        assert_eq!(bound.received(), PING);
        assert!(bound.is_empty(), "none at 2.7 s");
        assert_eq!(manager.ping(5700, 60_000), 5000);
        assert_eq!(bound.received(), PING);
        assert_eq!(bound.manager(0).ping(9000, 60_000), 60_000);
    }

    #[test]
    fn manager_is_asked_for_patience_and_never_for_less_than_it_has() {
        let bound = Bound::new("patience");
        bound.manager(0).ask_for_patience(1000);
        assert!(bound.is_empty(), "it wants no pings");
        bound.manager(5000).ask_for_patience(180_000);
        bound.manager(5000).ask_for_patience(0);
        assert_eq!(bound.0.set_nonblocking(false).ok(), Some(()));
        assert_eq!(bound.received(), "WATCHDOG=1\nWATCHDOG_USEC=180000000");
        assert_eq!(bound.received(), "WATCHDOG=1\nWATCHDOG_USEC=10000000");
    }

    #[test]
    fn interval_is_half_of_the_patience() {
        assert_eq!(interval("30000000"), 15_000);
        assert_eq!(interval("1500"), MIN_INTERVAL);
        for usec in ["0", "", "-1", "soon", "18446744073709551616"] {
            assert_eq!(interval(usec), 0, "{usec}");
        }
    }
}
