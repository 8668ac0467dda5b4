//! The kernel's messages about addresses, links and default routes: rtnetlink(7). Most of them change nothing: a router
//! advertisement refreshes lifetimes every few seconds, and the kernel reports the address each time. A message is
//! therefore a reason to compare, whatever it says, and a difference is the event.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::{Errno, read};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use crate::address::sources::interface::{Snapshot, snapshot};

// Groups of messages (RTMGRP_ in linux/rtnetlink.h).
const LINK: u32 = 0x1;
const IPV4_ADDRESS: u32 = 0x10;
const IPV4_ROUTE: u32 = 0x40;
const IPV6_ADDRESS: u32 = 0x100;
const IPV6_ROUTE: u32 = 0x400;
/// The kernel reports neither the IPv4 routes that end with a link nor those that pause without its carrier: hence `LINK`.
const GROUPS: u32 = LINK | IPV4_ADDRESS | IPV4_ROUTE | IPV6_ADDRESS | IPV6_ROUTE;

/// Maximum number of messages that are read at a time. The kernel's buffer holds fewer.
const MAX_MESSAGES: usize = 512;
/// Time until the next comparison, at most, where netlink is forbidden.
const INTERVAL: Duration = Duration::from_secs(10);

/// Listens to the kernel.
pub(super) struct Kernel {
    /// `None` where a sandbox forbids netlink.
    socket: Option<OwnedFd>,
    /// The last comparison's.
    seen: Snapshot,
}

impl Kernel {
    /// Begins to listen: changes from now on are events.
    pub(super) fn new() -> Self {
        // In this order, so that no change is missed.
        let socket = open().ok();
        Self { socket, seen: snapshot() }
    }

    /// Returns the socket to wait for.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(OwnedFd::as_fd)
    }

    /// Returns the time until [`Kernel::has_changed`] must be called although no message arrives, `timeout` at most.
    pub(super) fn left(&self, timeout: Duration) -> Duration {
        if self.socket.is_some() { timeout } else { timeout.min(INTERVAL) }
    }

    /// Reads the messages that have arrived, and returns true if something has changed since the last call. It is for the
    /// caller to pause between two calls: a storm of messages costs little then.
    #[inline(never)]
    pub(super) fn has_changed(&mut self) -> bool {
        if self.socket.as_ref().is_some_and(|socket| !has_messages(socket.as_fd())) {
            return false;
        }
        let before = self.seen;
        self.seen = snapshot();
        self.seen != before
    }

    /// Returns the number of addresses that await the end of duplicate address detection, each of which will be an event.
    pub(super) fn awaited(&self) -> u32 {
        if self.socket.is_some() { self.seen.tentative } else { 0 }
    }
}

/// Opens a socket that receives the messages.
fn open() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}

/// Reads the messages that have arrived, and returns true if there are some. The kernel may have dropped others (ENOBUFS).
fn has_messages(socket: BorrowedFd) -> bool {
    // The rest of each is dropped.
    let mut buffer = [0; 16];
    let mut has_messages = false;
    for _ in 0..MAX_MESSAGES {
        if matches!(read(socket, &mut buffer), Err(Errno::AGAIN)) {
            break;
        }
        has_messages = true;
    }
    has_messages
}
