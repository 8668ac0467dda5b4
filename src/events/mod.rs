//! Events that are a reason for `watch` to look at the address. An event never says what the address is: most of them can
//! be forged.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::net::Device;

/// A reason to look at the address, or to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)]
pub(crate) enum Event {
    /// A signal wants the program to end.
    Stop,
    /// The kernel reports that addresses or default routes have changed.
    Kernel,
    /// The addresses or default routes are others than at the last look: where the kernel may not be listened to.
    Interfaces,
    /// A router announces its address by NAT-PMP.
    Announcement,
    /// A router reports a change by `UPnP`.
    Notification,
}

impl Event {
    /// Returns its origin in one word, for `status`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stop => "signal",
            Self::Kernel | Self::Interfaces => "kernel",
            Self::Announcement | Self::Notification => "router",
        }
    }

    /// Returns the event in words, after "woken: ".
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Stop => "a signal",
            Self::Kernel => "the kernel reports a changed address or route",
            Self::Interfaces => "an address or route of this machine has changed",
            Self::Announcement => "a router announces an address",
            Self::Notification => "a router reports a changed address",
        }
    }
}

/// Waits for events: one field for each kind of them.
pub(crate) struct Listener<'a> {
    /// Readable from the signal that ends the program on.
    stop: BorrowedFd<'a>,
}

impl<'a> Listener<'a> {
    /// Listens to the kernel, and to the gateways of these interfaces (`None` for the default gateway). Both are tried
    /// anew where they fail, so that this cannot.
    pub(crate) fn new(stop: BorrowedFd<'a>, routers: &[Option<Device>]) -> Self {
        let _ = routers;
        Self { stop }
    }

    /// Waits for an event, for `timeout` at most. May return `None` before that.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Option<Event> {
        let fds = vec![self.stop];
        wait_for(&fds, timeout);
        self.drain()
    }

    /// Waits as [`Listener::wait`] does, but for the signal only: no other event costs anything meanwhile.
    pub(crate) fn pause(&mut self, timeout: Duration) -> Option<Event> {
        wait_for(&[self.stop], timeout).then_some(Event::Stop)
    }

    /// Takes all events that have happened so far, and returns the first. Never waits.
    pub(crate) fn drain(&mut self) -> Option<Event> {
        wait_for(&[self.stop], Duration::ZERO).then_some(Event::Stop)
    }

    /// Tells the gateways that nobody listens any more. Bounded in time.
    pub(crate) fn end(&mut self) {
        let _ = self;
    }
}

/// Waits until one of these is readable, for `timeout` at most. Returns true if the first one is.
#[inline(never)]
fn wait_for(fds: &[BorrowedFd], timeout: Duration) -> bool {
    let mut polled: Vec<PollFd> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let timeout =
        Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    match poll(&mut polled, Some(&timeout)) {
        Ok(_) => !polled[0].revents().is_empty(),
        // Continued after SIGSTOP: the caller looks at the clock.
        Err(Errno::INTR) => false,
        Err(_) => {
            // Out of memory. The caller repeats this at once.
            std::thread::sleep(Duration::from_secs(1));
            false
        }
    }
}
