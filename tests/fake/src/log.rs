//! The log of all listeners of a fake, in order, and functions that wait for an entry.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One request, and the status of its response.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The number of the TCP connection, counted from 1 over all listeners.
    pub connection: usize,
    /// The listener: `livedns`, `id`, `organization`, or an echo service such as `echo1` or `echo6-1`.
    pub listener: String,
    /// The method, such as `GET`.
    pub method: String,
    /// The request target as sent, percent-encoded.
    pub target: String,
    /// The names and values of the headers as sent, in order.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: String,
    /// The status, set just before the first byte of the response is sent; 0 if no response is sent.
    pub status: u16,
}

impl Logged {
    /// Returns the first header with this name, in any case.
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

/// A function that is called for each request, after its effect and before its response.
pub(crate) type Hook = Arc<dyn Fn(&Logged) + Send + Sync>;

/// The log that all listeners of one fake share.
#[derive(Default)]
pub(crate) struct Log {
    seen: Mutex<Seen>,
    changed: Condvar,
    hook: Mutex<Option<Hook>>,
}

impl Log {
    /// Counts a connection and returns its number.
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

    /// Adds a request on arrival, so that a test can act before the response. Returns its index.
    pub(crate) fn arrived(&self, request: Logged) -> usize {
        let mut seen = self.lock();
        seen.requests.push(request);
        self.changed.notify_all();
        seen.requests.len() - 1
    }

    /// Sets the status of a request and calls the hook.
    pub(crate) fn decided(&self, index: usize, status: u16) {
        let logged = {
            let mut seen = self.lock();
            seen.requests[index].status = status;
            seen.requests[index].clone()
        };
        // Outside the lock, because the hook may read the log.
        let hook = crate::lock(&self.hook).clone();
        if let Some(hook) = hook {
            hook(&logged);
        }
        self.changed.notify_all();
    }

    pub(crate) fn set_hook(&self, hook: Hook) {
        *crate::lock(&self.hook) = Some(hook);
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

    /// Waits until the requests so far satisfy `enough`. Returns false at the timeout.
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

    // Ignores poisoning, which would hide the message of a test that panicked in a hook.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        crate::lock(&self.seen)
    }
}
