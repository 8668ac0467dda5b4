//! The marks of a watcher for others: its lock, which `status` shows, and its messages to the service manager.

use std::time::Duration;

use crate::config::Config;
use crate::console::{Console, one_line};
use crate::exit::Exit;
use crate::state;
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::notify_socket::Manager;
use crate::sys::time::Timestamp;
use crate::sys::words::beginning;

/// The time for hooks, heartbeats and a token in addition to the `timeout` of a pass, in seconds. One that lasts longer
/// hangs, and the service manager may end it.
const MARGIN: u64 = 120;
/// Maximum size of the result in bytes. systemd ignores messages of more than 4 KiB.
const MAX_STATUS: usize = 500;

/// The lock and the messages of this watcher.
pub(super) struct Presence {
    lock: state::Watcher,
    manager: Manager,
    /// True once the service manager knows that this program is ready.
    is_ready: bool,
}

impl Presence {
    pub(super) fn new(manager: Manager, now: Timestamp) -> Self {
        Self { lock: state::Watcher::new(now), manager, is_ready: false }
    }

    /// Notes a wake-up. At the first one, tells the service manager that this program is ready, or returns the exit code if
    /// another watcher has the lock. Later this one goes on: the other one is from a time without the file of the lock, and
    /// passes do not disturb each other.
    #[inline(never)]
    pub(super) fn note(
        &mut self,
        (config, id): (&Config, ConfigId),
        now: Timestamp,
        console: &mut Console,
    ) -> Result<(), Exit> {
        if let Some(dir) = &config.state_dir
            && let Err(e) = self.lock.note(dir, id, now)
            && !self.is_ready
        {
            let text = chain(&e);
            if e.is_locked() {
                console.error(format_args!("{text}"));
                return Err(Exit::TryLater);
            }
            console.warn(format_args!("{text}; `gandi-ddns status` does not show this watcher"));
        }
        if !self.is_ready {
            self.is_ready = true;
            self.manager.send("READY=1");
        }
        Ok(())
    }

    /// Asks the service manager for patience during a pass.
    pub(super) fn begin(&mut self, pass: &Config) {
        self.manager.ask_for_patience((pass.detection.timeout.as_secs() + MARGIN) * 1000);
    }

    /// Sends a ping if one is due. Returns the time until the next one, at most `time`. The arguments are in milliseconds.
    #[inline(never)]
    pub(super) fn ping(&mut self, now: u64, time: u64) -> Duration {
        Duration::from_millis(self.manager.ping(now, time))
    }

    /// Tells the service manager the result of a pass, after which its own patience is enough.
    #[inline(never)]
    pub(super) fn tell(&mut self, result: &str, console: &Console) {
        // A line break would begin another assignment.
        let result = one_line(&console.without_secrets(result));
        self.manager.send(&["STATUS=", beginning(&result, MAX_STATUS)].concat());
        self.manager.ask_for_patience(0);
    }

    /// Tells the service manager that this program ends.
    pub(super) fn end(&self) {
        self.manager.send("STOPPING=1");
    }
}
