//! Messages to the service manager that started this process, as by `sd_notify(3)`: a datagram to the socket that
//! `$NOTIFY_SOCKET` names. A manager that does not listen, or no longer, is no error.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::oneshot::spawn;
use super::words::number;

/// The shortest interval of the pings, in milliseconds: a manager that wants them more often would keep this machine awake.
const MIN_INTERVAL: u64 = 10;
/// The message that all is well.
const PING: &str = "WATCHDOG=1";

/// The service manager, and the time of the next ping. Does nothing if there is no manager.
#[derive(Clone)]
pub struct Manager {
    /// The socket, and the address of the manager's.
    socket: Option<Arc<(UnixDatagram, SocketAddr)>>,
    /// The interval of the pings, in milliseconds; `None` if the manager wants none.
    interval: Option<u64>,
    /// The time at which the next ping is due, in milliseconds of the caller's clock.
    due: u64,
}

/// Pings from a thread of its own. They end when this is dropped.
pub(crate) struct Pings(Option<(Arc<AtomicBool>, JoinHandle<()>)>);

/// Returns the interval of pings in milliseconds, half of the manager's patience, from `$WATCHDOG_USEC` and
/// `$WATCHDOG_PID`; `None` if it wants no pings, or wants them from another process than `this`.
#[must_use]
pub fn interval(usec: Option<&str>, pid: Option<&str>, this: u32) -> Option<u64> {
    let usec = number::<u64>(usec?, 10).filter(|usec| *usec > 0)?;
    pid.is_none_or(|pid| number(pid, 10) == Some(this)).then_some((usec / 2000).max(MIN_INTERVAL))
}

impl Manager {
    /// Opens a socket for messages to the one at `name`: a path, or an abstract name after `@`. Anything else, such as
    /// the `vsock:` of a virtual machine, is ignored.
    #[must_use]
    pub fn new(name: Option<&Path>, interval: Option<u64>) -> Self {
        let socket = name.and_then(open).map(Arc::new);
        let interval = interval.filter(|_| socket.is_some());
        Self { socket, interval, due: 0 }
    }

    /// Sends assignments, one a line, such as `READY=1`. A manager that is too busy to take them does not get them.
    pub fn send(&self, text: &str) {
        if let Some((socket, address)) = self.socket.as_deref() {
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }

    /// Sends a ping if one is due. Returns the time until the next one, at most `time`; all times are in milliseconds.
    pub(crate) fn ping(&mut self, now: u64, time: u64) -> u64 {
        let Some(interval) = self.interval else { return time };
        if now >= self.due {
            self.send(PING);
            self.due = now + interval;
        }
        time.min(self.due - now)
    }

    /// Sends pings from another thread while this one works, for this time at most: work that lasts longer hangs.
    pub(crate) fn ping_during(&self, limit: Duration) -> Pings {
        let Some(interval) = self.interval else { return Pings(None) };
        let (manager, ended) = (self.clone(), Arc::new(AtomicBool::new(false)));
        let (is_ended, started) = (Arc::clone(&ended), Instant::now());
        let thread = spawn(Box::new(move || {
            while !is_ended.load(Ordering::Acquire) && started.elapsed() < limit {
                manager.send(PING);
                thread::park_timeout(Duration::from_millis(interval));
            }
        }));
        Pings(thread.ok().map(|thread| (ended, thread)))
    }
}

impl Drop for Pings {
    fn drop(&mut self) {
        if let Some((ended, thread)) = self.0.take() {
            ended.store(true, Ordering::Release);
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Opens a socket, and parses the address of the manager's.
fn open(name: &Path) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name.as_os_str().as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A manager that does not read must not stop this process.
    socket.set_nonblocking(true).ok()?;
    Some((socket, address.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

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

        fn manager(&self, interval: Option<u64>) -> Manager {
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
        bound.manager(None).send("READY=1");
        assert_eq!(bound.received(), "READY=1");
        let name = format!("gandi-ddns-abstract-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");
        Manager::new(Some(Path::new(&format!("@{name}"))), None).send("STOPPING=1");
        assert_eq!(received(&socket), "STOPPING=1");
    }

    #[test]
    fn names_without_a_socket_are_ignored() {
        let long = format!("/{}", "x".repeat(200));
        for name in ["/nonexistent/socket", "vsock:2:1234", "relative", "@", &long, &long.replace('/', "@")] {
            let mut manager = Manager::new(Some(Path::new(name)), Some(1000));
            manager.send("READY=1");
            manager.ping(0, 9);
        }
        let mut manager = Manager::new(None, Some(1000));
        assert_eq!(manager.ping(0, 7000), 7000, "nobody to wake up for");
    }

    #[test]
    fn manager_that_ends_or_does_not_read_is_no_error() {
        let bound = Bound::new("full");
        let manager = bound.manager(None);
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
        let mut manager = bound.manager(Some(5000));
        assert_eq!(manager.ping(700, 60_000), 5000);
        assert_eq!(manager.ping(2700, 60_000), 3000);
        assert_eq!(manager.ping(2700, 10), 10, "the caller has less time");
        assert_eq!(bound.received(), PING);
        assert!(bound.is_empty(), "none at 2.7 s");
        assert_eq!(manager.ping(5700, 60_000), 5000);
        assert_eq!(bound.received(), PING);
        assert_eq!(bound.manager(None).ping(9000, 60_000), 60_000);
    }

    #[test]
    fn pings_of_the_thread_end_with_it_or_at_the_limit() {
        let bound = Bound::new("thread");
        let manager = bound.manager(Some(20));
        let pings = manager.ping_during(Duration::from_secs(100));
        for _ in 0..3 {
            assert_eq!(bound.received(), PING);
        }
        drop(pings);
        while !bound.is_empty() {}
        let pings = manager.ping_during(Duration::ZERO);
        pings.0.as_ref().expect("a thread").1.thread().unpark();
        drop(pings);
        assert!(bound.is_empty(), "nothing after the end, and nothing after the limit");
    }

    #[test]
    fn interval_is_half_of_the_patience_with_this_process() {
        let interval = |usec, pid| interval(Some(usec), pid, 7);
        assert_eq!(interval("30000000", None), Some(15_000));
        assert_eq!(interval("1500", Some("7")), Some(MIN_INTERVAL));
        for (usec, pid) in [("30000000", Some("8")), ("1", Some("")), ("0", None), ("", None), ("-1", None)] {
            assert_eq!(interval(usec, pid), None, "{usec} {pid:?}");
        }
        assert_eq!(interval("18446744073709551616", None), None);
        assert_eq!(super::interval(None, Some("7"), 7), None);
    }
}
