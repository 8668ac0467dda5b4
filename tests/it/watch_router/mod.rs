//! `watch` with the source `router`: NAT-PMP announcements and `UPnP` events, of a gateway that the test plays, and of
//! Debian's miniupnpd. The interval is a day where nothing else is said, so that the timer has no part in it.

mod announcements;
mod gateway;
mod hostile;
mod miniupnpd;
mod notifications;
mod subscriptions;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::router_source::Home;
use crate::sandbox::{API_KEY, STALE, Sandbox, TOKEN};

/// The longest wait for anything that must happen: no limit of the program is tested by it.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The outer address after a change.
const NEW: &str = "81.2.69.200";

/// The reasons of passes.
const ANNOUNCED: &str = "a router announces an address";
const NOTIFIED: &str = "a router reports a changed address";
const KERNEL: &str = "an address or route of this machine has changed";

/// A running `watch -v`, which is killed at the end of the test.
struct Watcher {
    child: Child,
    output: PathBuf,
}

impl Watcher {
    /// Starts it with a day as interval, and waits until its first pass has written the record.
    #[track_caller]
    fn start(home: &Home) -> Self {
        Self::start_with(home, &["-v", "--interval", "1d"])
    }

    #[track_caller]
    fn start_with(home: &Home, options: &[&str]) -> Self {
        let output = home.s.path("watch.log");
        let stream = || Stdio::from(File::options().create(true).append(true).open(&output).expect("a log"));
        let mut command = home.s.command();
        command.args(["-c", "gandi-ddns.conf", "watch"]).args(options);
        command.stdin(Stdio::null()).stdout(stream()).stderr(stream());
        let watcher = Self { child: command.spawn().expect("it starts"), output };
        watcher.until("the first pass", || home.s.zone("home", "A") != format!("600 {STALE}"));
        watcher
    }

    /// Returns its output so far.
    fn log(&self) -> String {
        fs::read_to_string(&self.output).expect("the log")
    }

    /// Waits until a condition holds.
    #[track_caller]
    fn until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(started.elapsed() < TIMEOUT, "not yet: {what}; the output:\n{}", self.log());
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until its output has this text so many times.
    #[track_caller]
    fn prints(&self, text: &str, times: usize) {
        self.until(&format!("{times} x `{text}`"), || self.log().matches(text).count() >= times);
    }

    /// Waits until the record has this address.
    #[track_caller]
    fn follows(&self, s: &Sandbox, address: &str) {
        self.until(&format!("A {address}"), || s.zone("home", "A") == format!("600 {address}"));
    }

    /// Returns the reasons of the passes after the first one.
    fn reasons(&self) -> Vec<String> {
        self.log().lines().filter_map(|l| l.split_once("woken: ")).map(|(_, r)| r.to_owned()).collect()
    }

    /// These were the reasons of all passes after the first one.
    #[track_caller]
    fn was_woken(&self, reasons: &[&str]) {
        assert_eq!(self.reasons(), reasons, "{}", self.log());
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it by SIGTERM. It exits with 0, and has printed no secret. Returns the time that it took.
    #[track_caller]
    fn end(mut self) -> Duration {
        let started = Instant::now();
        kill_process(self.pid(), Signal::TERM).expect("a signal");
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                break status.code();
            }
            assert!(started.elapsed() < TIMEOUT, "SIGTERM does not end it:\n{}", self.log());
            thread::park_timeout(Duration::from_millis(5));
        };
        let log = self.log();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains(TOKEN) && !log.contains(API_KEY), "a secret is in the output:\n{log}");
        started.elapsed()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
