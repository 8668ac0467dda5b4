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
use nat_pmp::Announcements;
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
    #[inline(never)]
    fn find_routers(&mut self) {
        self.routers.update(Instant::now());
        if self.announcements.is_none() && !self.routers.is_empty() {
            self.announcements = Announcements::open().ok();
        }
    }

    /// Waits for an event, for `timeout` at most. May return `None` before that.
    #[inline(never)]
    pub(crate) fn wait(&mut self, timeout: Duration, console: &mut Console) -> Option<Event> {
        let timeout = self.routers.step(timeout, console);
        let mut fds = vec![polled(self.stop)];
        if let Some(socket) = self.kernel.socket() {
            fds.push(polled(socket));
        }
        if let Some(announcements) = &self.announcements {
            fds.push(polled(announcements.socket().as_fd()));
        }
        for listener in self.routers.listeners() {
            fds.push(polled(listener.as_fd()));
        }
        let is_ready = wait_for(&mut fds, self.kernel.left(timeout));
        let event = self.drain();
        if event.is_none() && is_ready { self.pause(AFTER_NOISE) } else { event }
    }

    /// Waits as [`Listener::wait`] does, but for the signal only: no other event costs anything meanwhile.
    pub(crate) fn pause(&mut self, timeout: Duration) -> Option<Event> {
        wait_for(&mut [polled(self.stop)], timeout).then_some(Event::Stop)
    }

    /// Takes all events that have happened so far, and returns one of them. Waits only for the rest of a notification: a
    /// second at most.
    #[inline(never)]
    pub(crate) fn drain(&mut self) -> Option<Event> {
        let mut event = self.pause(Duration::ZERO);
        if event.is_some() {
            return event;
        }
        if let Some(announcements) = &mut self.announcements
            && announcements.read(&self.routers)
        {
            event = Some(Event::Announcement);
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

fn polled(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}

/// Waits until one of these is readable, for `timeout` at most, and returns true if one is.
#[inline(never)]
fn wait_for(fds: &mut [PollFd], timeout: Duration) -> bool {
    let timeout =
        Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    match poll(fds, Some(&timeout)) {
        Ok(ready) => ready > 0,
        // Continued after SIGSTOP: the caller looks at the clock.
        Err(Errno::INTR) => false,
        Err(_) => {
            // Out of memory. The caller repeats this at once.
            std::thread::sleep(Duration::from_secs(1));
            false
        }
    }
}
