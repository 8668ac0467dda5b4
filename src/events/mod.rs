//! Events that are a reason for `watch` to look at the address. An event never says what the address is: most of them can
//! be forged.

#[cfg(fuzzing)]
pub mod fuzzing;
mod gena;
mod nat_pmp;
mod netlink;

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

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
    /// Addresses or default routes of this machine have changed.
    Kernel,
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
            Self::Kernel => "an address or route of this machine has changed",
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
    /// The interfaces whose gateways are listened to; `None` for the default gateway.
    devices: Vec<Option<Device>>,
    /// The gateways, and the subscriptions to their events.
    routers: Routers,
    /// The announcements of gateways; `None` if there is no router, or no socket.
    announcements: Option<Announcements>,
}

impl<'a> Listener<'a> {
    /// Listens to the kernel, if it may be listened to.
    pub(crate) fn new(stop: BorrowedFd<'a>) -> Self {
        let routers = Routers::new(&[]);
        Self { stop, kernel: Kernel::new(), devices: Vec::new(), routers, announcements: None }
    }

    /// Listens to the gateways of these interfaces from now on; `None` is the default gateway.
    #[inline(never)]
    pub(crate) fn listen_to(&mut self, devices: Vec<Option<Device>>) {
        if self.devices != devices {
            self.routers.end();
            self.routers = Routers::new(&devices);
            self.devices = devices;
            self.announcements = None;
            self.find_routers();
        }
    }

    /// Looks for the gateways: routes or addresses may have changed.
    #[inline(never)]
    fn find_routers(&mut self) {
        self.routers.update();
        if self.announcements.is_none() && !self.routers.is_empty() {
            self.announcements = Announcements::open().ok();
        }
    }

    /// Waits for an event, for `timeout` at most. May return `None` before that.
    #[inline(never)]
    pub(crate) fn wait(&mut self, timeout: Duration, console: &mut Console) -> Option<Event> {
        let timeout = self.routers.step(timeout, console);
        let mut fds = Vec::new();
        add(&mut fds, Some(self.stop));
        add(&mut fds, self.kernel.socket());
        add(&mut fds, self.announcements.as_ref().map(|a| a.socket().as_fd()));
        for listener in self.routers.listeners() {
            add(&mut fds, Some(listener.as_fd()));
        }
        let is_ready = wait_for(&mut fds, self.kernel.left(timeout));
        let event = self.drain();
        if event.is_none() && is_ready { self.pause(AFTER_NOISE) } else { event }
    }

    /// Waits as [`Listener::wait`] does, but for the signal only: no other event costs anything meanwhile.
    pub(crate) fn pause(&mut self, timeout: Duration) -> Option<Event> {
        wait_for(&mut [PollFd::from_borrowed_fd(self.stop, PollFlags::IN)], timeout).then_some(Event::Stop)
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
            event = Some(Event::Kernel);
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

/// Adds a descriptor to those to wait for, if there is one.
#[inline(never)]
fn add<'a>(fds: &mut Vec<PollFd<'a>>, fd: Option<BorrowedFd<'a>>) {
    fds.extend(fd.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
}

/// Waits until one of these is readable, for `timeout` at most, and returns true if one is.
#[inline(never)]
fn wait_for(fds: &mut [PollFd], timeout: Duration) -> bool {
    // The types of the fields differ between CPUs. A time that does not fit has no end.
    let timeout = Timespec::try_from(timeout).ok();
    match poll(fds, timeout.as_ref()) {
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
