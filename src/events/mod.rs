//! Events that are a reason for `watch` to look at the address. An event never says what the address is: most of them can
//! be forged.

#[cfg(fuzzing)]
pub mod fuzzing;
mod gena;
mod nat_pmp;
mod netlink;

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::console::Console;
use crate::net::Device;
use gena::Routers;
use nat_pmp::{Announcements, News};
use netlink::Kernel;

/// Time without listening after packets or connections that were no event: a flood of them costs little.
const AFTER_NOISE: Duration = Duration::from_millis(200);

/// A reason to look at the address, or to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The addresses and routes of this machine.
    kernel: Kernel,
    /// The gateways, and the subscriptions to their events.
    routers: Routers,
    /// The announcements of gateways; `None` if there is no router, or no socket.
    announcements: Option<Announcements>,
}

impl<'a> Listener<'a> {
    /// Listens to the kernel, and to the gateways of these interfaces (`None` for the default gateway). Both are tried
    /// anew where they fail, so that this cannot.
    pub(crate) fn new(stop: BorrowedFd<'a>, routers: &[Option<Device>]) -> Self {
        let routers = Routers::new(routers, Instant::now());
        let mut listener = Self { stop, kernel: Kernel::new(), routers, announcements: None };
        listener.find_routers();
        listener
    }

    /// Looks for the gateways: routes or addresses may have changed.
    fn find_routers(&mut self) {
        self.routers.update(Instant::now());
        if self.announcements.is_none() && !self.routers.is_empty() {
            self.announcements = Announcements::open().ok();
        }
    }

    /// Waits for an event, for `timeout` at most. May return `None` before that.
    #[inline(never)]
    pub(crate) fn wait(&mut self, timeout: Duration, console: &mut Console) -> Option<Event> {
        let due = self.routers.due().map(|due| due.saturating_duration_since(Instant::now()));
        if due == Some(Duration::ZERO) {
            self.find_routers();
            self.routers.step(Instant::now(), console);
            return self.drain();
        }
        let due = [due, self.kernel.next_due()].into_iter().flatten().min();
        let mut fds = vec![self.stop];
        fds.extend(self.kernel.socket());
        fds.extend(self.announcements.iter().map(|a| a.socket().as_fd()));
        fds.extend(self.routers.listeners().map(|l| l.as_fd()));
        let ready = wait_for(&fds, due.map_or(timeout, |due| due.min(timeout)));
        let event = self.drain();
        if event.is_none() && ready.is_some() { self.pause(AFTER_NOISE) } else { event }
    }

    /// Waits as [`Listener::wait`] does, but for the signal only: no other event costs anything meanwhile.
    pub(crate) fn pause(&mut self, timeout: Duration) -> Option<Event> {
        wait_for(&[self.stop], timeout).map(|_| Event::Stop)
    }

    /// Takes all events that have happened so far, and returns one of them. Waits only for the rest of a notification: a
    /// second at most.
    pub(crate) fn drain(&mut self) -> Option<Event> {
        let mut event = self.pause(Duration::ZERO);
        if event.is_some() {
            return event;
        }
        if let Some(announcements) = &mut self.announcements {
            let now = Instant::now();
            let news = announcements.read(&self.routers.addresses(), now);
            if news == News::Restart {
                self.routers.renew(now);
            }
            if news != News::None {
                event = Some(Event::Announcement);
            }
        }
        if self.routers.receive() {
            event = Some(Event::Notification);
        }
        if self.kernel.has_changed() {
            let is_told = self.kernel.socket().is_some();
            event = Some(if is_told { Event::Kernel } else { Event::Interfaces });
            self.find_routers();
        }
        event
    }

    /// Returns the number of events that are known to be near: each the end of a duplicate address detection.
    pub(crate) fn awaited(&self) -> u32 {
        self.kernel.awaited()
    }

    /// Tells the gateways that nobody listens any more. Bounded in time.
    pub(crate) fn end(&mut self) {
        self.routers.end();
    }
}

/// Waits until one of these is readable, for `timeout` at most, and returns the first one that is.
#[inline(never)]
fn wait_for(fds: &[BorrowedFd], timeout: Duration) -> Option<usize> {
    let mut polled: Vec<PollFd> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let timeout =
        Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    match poll(&mut polled, Some(&timeout)) {
        Ok(_) => polled.iter().position(|fd| !fd.revents().is_empty()),
        // Continued after SIGSTOP: the caller looks at the clock.
        Err(Errno::INTR) => None,
        Err(_) => {
            // Out of memory. The caller repeats this at once.
            std::thread::sleep(Duration::from_secs(1));
            None
        }
    }
}
