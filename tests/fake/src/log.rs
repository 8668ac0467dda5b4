//! What the fake saw, in order, across all its listeners; and the waiting for it.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One request as it came in, and the status it was answered with.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Which TCP connection, counted from 1 over all listeners.
    pub connection: usize,
    /// `livedns`, or the echo's name: `echo1`, `echo2`, …
    pub listener: String,
    /// `GET`, `PUT`, …
    pub method: String,
    /// The request target as sent, still percent-encoded.
    pub target: String,
    /// Header names as sent, with their values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from chunks if need be.
    pub body: String,
    /// Known just before the first byte of the answer leaves; 0 when no answer was sent.
    pub status: u16,
}

impl Logged {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// One line: connection, listener, request, status, body. No headers, since they hold the credential.
impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connection, listener, method, target, body, .. } = self;
        write!(f, "#{connection} {listener}: {method} {target} -> ")?;
        match self.status {
            0 => f.write_str("no answer")?,
            status => write!(f, "{status}")?,
        }
        if body.is_empty() { Ok(()) } else { write!(f, ", sent {body}") }
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<Logged>,
    violations: Vec<String>,
    connections: usize,
    failed_handshakes: usize,
}

/// Called with each request once its effect is done and its status known, before anything is sent.
pub(crate) type Hook = Arc<dyn Fn(&Logged) + Send + Sync>;

/// The log shared by every listener of one fake.
#[derive(Default)]
pub(crate) struct Log {
    seen: Mutex<Seen>,
    changed: Condvar,
    hook: Mutex<Option<Hook>>,
}

impl Log {
    /// Counts a connection and gives it its number.
    pub(crate) fn connection(&self) -> usize {
        let mut seen = self.lock();
        seen.connections += 1;
        self.changed.notify_all();
        seen.connections
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    pub(crate) fn failed_handshake(&self) {
        self.lock().failed_handshakes += 1;
        self.changed.notify_all();
    }

    pub(crate) fn failed_handshakes(&self) -> usize {
        self.lock().failed_handshakes
    }

    /// Notes a request on arrival, so that a test can act while it is unanswered.
    pub(crate) fn arrived(&self, request: Logged) -> usize {
        let mut seen = self.lock();
        seen.requests.push(request);
        self.changed.notify_all();
        seen.requests.len() - 1
    }

    /// Notes how the request ends, and tells the hook.
    pub(crate) fn decided(&self, index: usize, status: u16) {
        let logged = {
            let mut seen = self.lock();
            seen.requests[index].status = status;
            seen.requests[index].clone()
        };
        // Outside the lock: the hook may well look at the log.
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook(&logged);
        }
        self.changed.notify_all();
    }

    pub(crate) fn set_hook(&self, hook: Hook) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
    }

    pub(crate) fn violation(&self, text: impl Into<String>) {
        self.lock().violations.push(text.into());
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Logged> {
        self.lock().requests.clone()
    }

    /// Waits until the requests so far satisfy `enough`; `false` when `timeout` came first.
    pub(crate) fn wait_until(&self, timeout: Duration, enough: impl Fn(&[Logged]) -> bool) -> bool {
        self.wait(timeout, |seen| enough(&seen.requests))
    }

    pub(crate) fn wait_for_connections(&self, n: usize, timeout: Duration) -> bool {
        self.wait(timeout, |seen| seen.connections >= n)
    }

    pub(crate) fn wait_for_failed_handshakes(&self, n: usize, timeout: Duration) -> bool {
        self.wait(timeout, |seen| seen.failed_handshakes >= n)
    }

    fn wait(&self, timeout: Duration, enough: impl Fn(&Seen) -> bool) -> bool {
        let deadline = Instant::now() + timeout;
        let mut seen = self.lock();
        while !enough(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            seen = self.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    // A test that panicked in a hook must not hide its own message behind a poisoned lock.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
