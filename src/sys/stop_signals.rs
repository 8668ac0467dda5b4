//! The signals that end `watch`, SIGTERM and SIGINT. They are blocked in its threads, and not in the programs that it
//! starts, which inherit the mask (std does not reset it).

use std::io;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

fn signals() -> SigSet {
    SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT])
}

fn signal_fd() -> io::Result<SignalFd> {
    Ok(SignalFd::with_flags(&signals(), SfdFlags::SFD_CLOEXEC)?)
}

/// Blocks the signals in this thread and in those that it starts. Returns a descriptor that is readable as soon as one has
/// arrived. Nobody takes the signal: the first process of a container ignores those that it does not handle.
///
/// # Errors
///
/// Fails if there is no free descriptor.
pub fn block() -> io::Result<SignalFd> {
    signals().thread_block()?;
    signal_fd()
}

/// Starts a program by `start`, in which the signals are not blocked. They are not in this thread meanwhile: one that
/// arrives in these microseconds ends the process as a kill does.
pub(crate) fn unblocked<T>(start: impl FnOnce() -> T) -> T {
    let is_blocked = SigSet::thread_get_mask().is_ok_and(|mask| mask.contains(Signal::SIGTERM));
    // One that has arrived would end the process before the end of its pass.
    if !is_blocked || has_arrived() || signals().thread_unblock().is_err() {
        return start();
    }
    let started = start();
    // It can only fail for arguments that are not valid.
    let _ = signals().thread_block();
    started
}

/// Returns true if one has arrived, or if this cannot be found out.
fn has_arrived() -> bool {
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    signal_fd().map_or(true, |fd| poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&NOW)) != Ok(0))
}
