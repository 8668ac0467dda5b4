//! The kernel's messages about addresses, links and default routes: rtnetlink(7). Most of them change nothing: a router
//! advertisement refreshes lifetimes every few seconds, and the kernel reports the address each time. A message is
//! therefore a reason to compare, and a difference is the event.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, read};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use crate::address::sources::interface::{Snapshot, snapshot};
use crate::sys::hash::{FNV_START, extend};

// Groups of messages (RTMGRP_ in linux/rtnetlink.h).
const LINK: u32 = 0x1;
const IPV4_ADDRESS: u32 = 0x10;
const IPV4_ROUTE: u32 = 0x40;
const IPV6_ADDRESS: u32 = 0x100;
const IPV6_ROUTE: u32 = 0x400;
/// The kernel reports neither the IPv4 routes that end with a link nor those that pause without its carrier: hence `LINK`.
const GROUPS: u32 = LINK | IPV4_ADDRESS | IPV4_ROUTE | IPV6_ADDRESS | IPV6_ROUTE;

// Kinds of messages (RTM_ in linux/rtnetlink.h).
const NEW_LINK: u16 = 16;
const DELETED_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const DELETED_ADDRESS: u16 = 21;
const NEW_ROUTE: u16 = 24;
const DELETED_ROUTE: u16 = 25;

/// Length of the header of a message (`nlmsghdr` in linux/netlink.h).
const HEADER: usize = 16;
/// IPv6 (`AF_INET6` in linux/socket.h).
const IPV6: u8 = 10;
/// The longest message that is read as a whole, in bytes. Of a link, the first 32 are enough.
const BUFFER: usize = 4096;
/// Maximum number of messages that are read at a time. The kernel's buffer holds fewer.
const MAX_MESSAGES: usize = 512;
/// Maximum number of addresses, links and routes that are remembered. More are looked at each time.
const MAX_KNOWN: usize = 64;
/// Minimum time between two comparisons: a storm of messages costs a hundredth of the processor.
const PAUSE: Duration = Duration::from_millis(100);
/// Time between the comparisons where netlink is forbidden.
const INTERVAL: Duration = Duration::from_secs(10);

/// An address, link or route that the kernel reported: the hash of its identity, and that of its state.
type Known = (u64, u64);

/// Listens to the kernel.
pub(super) struct Kernel {
    /// `None` where a sandbox forbids netlink.
    socket: Option<OwnedFd>,
    /// The last report on each item.
    known: Vec<Known>,
    /// The last comparison's.
    seen: Snapshot,
    compared: Instant,
}

impl Kernel {
    /// Begins to listen: changes from now on are events.
    pub(super) fn new() -> Self {
        // In this order, so that no change is missed.
        let socket = open().ok();
        Self { socket, known: Vec::new(), seen: snapshot(), compared: Instant::now() }
    }

    /// Returns the socket to wait for.
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(OwnedFd::as_fd)
    }

    /// Returns the time until [`Kernel::has_changed`] must be called although no message arrives.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.socket.is_none().then(|| INTERVAL.saturating_sub(self.compared.elapsed()))
    }

    /// Reads the messages that have arrived, and returns true if something has changed since the last call. May take
    /// [`PAUSE`].
    pub(super) fn has_changed(&mut self) -> bool {
        let pause = if self.socket.is_some() { PAUSE } else { INTERVAL };
        let pause = pause.saturating_sub(self.compared.elapsed());
        let is_due = match &self.socket {
            None => {
                if pause.is_zero() {
                    // It may have failed for want of memory.
                    self.socket = open().ok();
                }
                pause.is_zero()
            }
            Some(socket) => {
                let is_due = is_news(socket.as_fd(), &mut self.known);
                if is_due {
                    thread::sleep(pause);
                }
                is_due
            }
        };
        if !is_due {
            return false;
        }
        let before = self.seen;
        self.seen = snapshot();
        self.compared = Instant::now();
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

/// Reads the messages that have arrived. Returns true if one of them is a reason to compare.
fn is_news(socket: BorrowedFd, known: &mut Vec<Known>) -> bool {
    let mut buffer = [0; BUFFER];
    let mut is_news = false;
    for _ in 0..MAX_MESSAGES {
        match read(socket, &mut buffer) {
            Ok(length) => is_news |= is_reason(buffer.get(..length).unwrap_or_default(), known),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            // The kernel has dropped messages (ENOBUFS).
            Err(_) => {
                known.clear();
                is_news = true;
            }
        }
    }
    is_news
}

/// Returns true if messages are a reason to compare: one reports something that is gone, or that is not as in `known`, which
/// is updated, or one is cut. Pure.
fn is_reason(mut messages: &[u8], known: &mut Vec<Known>) -> bool {
    let mut is_reason = false;
    while !messages.is_empty() {
        // The numbers have the byte order of this machine.
        let length = messages.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes)) as usize;
        let (Some(&[a, b]), true) = (messages.get(4..6), length >= HEADER) else { return true };
        let kind = u16::from_ne_bytes([a, b]);
        let body = match messages.get(HEADER..length) {
            Some(body) => body,
            // Its attributes, which may be long, do not count.
            None if kind == NEW_LINK => messages.get(HEADER..).unwrap_or_default(),
            None => return true,
        };
        is_reason |= match kind {
            DELETED_ROUTE | NEW_ROUTE if !is_relevant_route(body) => false,
            NEW_LINK | NEW_ADDRESS | NEW_ROUTE => {
                item(kind, body).is_none_or(|item| update(known, kind, item))
            }
            DELETED_LINK | DELETED_ADDRESS | DELETED_ROUTE => {
                known.clear();
                true
            }
            _ => false,
        };
        let next = length.checked_next_multiple_of(4).and_then(|next| messages.get(next..));
        messages = next.unwrap_or_default();
    }
    is_reason
}

/// Returns true for a default route, and for that of an IPv6 prefix: of a new prefix, it is the first sign.
fn is_relevant_route(body: &[u8]) -> bool {
    !matches!(body, [family, length, ..] if *length != 0 && (*family, *length) != (IPV6, 64))
}

/// Notes the state of an item, and returns true if it differs from the one noted before.
fn update(known: &mut Vec<Known>, kind: u16, item: Known) -> bool {
    let noted = known.iter().find(|(identity, _)| *identity == item.0);
    if noted.is_some_and(|(_, state)| *state == item.1) {
        return false;
    }
    // Routes end with their link, without a message: what was noted on them may be wrong.
    if kind == NEW_LINK || noted.is_some() || known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.push(item);
    true
}

/// Parses a link, address or route. `None` if it is cut.
fn item(kind: u16, body: &[u8]) -> Option<Known> {
    // `ifinfomsg`, `ifaddrmsg` and `rtmsg`. The interface or the table is after the first four bytes. Of the attributes
    // (IFA_ and RTA_), the first list belongs to the identity, and the second changes by itself: the lifetimes.
    let (header, index, identifying, ignored): (_, _, &[u16], &[u16]) = match kind {
        NEW_LINK => (16, 8, &[], &[]),
        NEW_ADDRESS => (8, 8, &[1, 2], &[6]),
        _ => (12, 5, &[1, 2, 6, 15], &[12, 23]),
    };
    let (header, mut rest) = body.split_at_checked(header)?;
    let [kind_low, _] = kind.to_le_bytes();
    let mut identity =
        extend(extend(extend(FNV_START, &[kind_low]), header.get(..2)?), header.get(4..index)?);
    let mut state = extend(FNV_START, header);
    while kind != NEW_LINK && !rest.is_empty() {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let attribute = rest.get(..length)?;
        let &[_, _, a, b, ..] = attribute else { return None };
        let kind = u16::from_ne_bytes([a, b]);
        if identifying.contains(&kind) {
            identity = extend(identity, attribute);
        }
        if !ignored.contains(&kind) {
            state = extend(state, attribute);
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some((identity, state))
}

#[cfg(test)]
mod tests;
