//! What others see of a watcher: its lock, which `status` shows, and its messages to the service manager.

use std::time::Duration;

use crate::config::Config;
use crate::console::{Console, one_line};
use crate::exit::Exit;
use crate::state;
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::notify_socket::{Manager, Pings};
use crate::sys::time::Timestamp;
use crate::sys::words::beginning;

/// The time for hooks, heartbeats and a token in addition to the `timeout` of a pass. One that lasts longer hangs, and the
/// service manager may end it.
const MARGIN: Duration = Duration::from_secs(120);
/// Maximum size of the result in bytes. systemd ignores messages of more than 4 KiB.
const MAX_STATUS: usize = 500;

/// The lock and the messages of this watcher.
pub(super) struct Presence {
    lock: state::Watcher,
    manager: Manager,
    /// The problem with the lock that was last printed; empty if there is none.
    told: String,
    /// True once the service manager knows that this program is ready.
    is_ready: bool,
}

impl Presence {
    pub(super) fn new(manager: Manager, now: Timestamp) -> Self {
        Self { lock: state::Watcher::new(now), manager, told: String::new(), is_ready: false }
    }

    /// Notes a wake-up for this reason, a word. At the first one, tells the service manager that this program is ready, or
    /// returns the exit code if another watcher has the lock. Later this one goes on: the other one is from a time without
    /// the file of the lock, and passes do not disturb each other.
    #[inline(never)]
    pub(super) fn note(
        &mut self,
        (config, id): (&Config, ConfigId),
        reason: &str,
        now: Timestamp,
        console: &mut Console,
    ) -> Result<(), Exit> {
        let result = config.state_dir.as_ref().map_or(Ok(()), |dir| self.lock.note(dir, id, reason, now));
        let text = result.as_ref().map_or_else(chain, |()| String::new());
        if !self.is_ready && result.is_err_and(|e| e.is_watched()) {
            console.error(format_args!("{text}"));
            return Err(Exit::TryLater);
        }
        if !text.is_empty() && text != self.told {
            console.warn(format_args!("{text}; `gandi-ddns status` does not show this watcher"));
        }
        self.told = text;
        if !self.is_ready {
            self.is_ready = true;
            self.manager.send("READY=1");
        }
        Ok(())
    }

    /// Sends pings to the service manager during a pass.
    #[inline(never)]
    pub(super) fn ping_during(&self, pass: &Config) -> Pings {
        self.manager.ping_during(pass.detection.timeout + MARGIN)
    }

    /// Sends a ping if one is due. Returns the time until the next one, at most `time`; all times are in milliseconds.
    pub(super) fn ping(&mut self, now: u64, time: u64) -> u64 {
        self.manager.ping(now, time)
    }

    /// Tells the service manager the result of a pass.
    #[inline(never)]
    pub(super) fn tell(&self, result: &str, console: &Console) {
        // A line break would begin another assignment.
        let result = one_line(&console.without_secrets(result));
        self.manager.send(&["STATUS=", beginning(&result, MAX_STATUS)].concat());
    }
}
