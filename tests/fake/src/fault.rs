//! The knobs: what goes wrong, for which requests, and how often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::Response;

/// How often a fault strikes before things are well again.
#[derive(Clone, Copy, Debug)]
pub enum Times {
    /// The next matching request or connection only.
    Once,
    /// The next so many.
    Next(usize),
    /// Until `clear_faults`.
    Always,
}

/// Which requests a fault strikes.
#[derive(Clone, Debug, Default)]
pub struct On {
    method: Option<String>,
    part: Option<String>,
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests of this method.
    pub fn method(method: &str) -> Self {
        Self { method: Some(method.to_owned()), part: None }
    }

    /// Requests whose target, as sent, contains `part`.
    pub fn path(part: &str) -> Self {
        Self { method: None, part: Some(part.to_owned()) }
    }

    /// Both at once.
    pub fn route(method: &str, part: &str) -> Self {
        Self { method: Some(method.to_owned()), part: Some(part.to_owned()) }
    }

    fn matches(&self, method: &str, target: &str) -> bool {
        self.method.as_ref().is_none_or(|m| m == method)
            && self.part.as_ref().is_none_or(|p| target.contains(p.as_str()))
    }
}

/// An answer given instead of the true one.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`; none is sent when empty.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A status and a JSON body, typed as Gandi types its errors.
    pub fn json(status: u16, body: &str) -> Self {
        Self::typed(status, "application/json; charset=UTF-8", body)
    }

    /// A status and an HTML body, as proxies give on 502 and 503.
    pub fn html(status: u16, body: &str) -> Self {
        Self::typed(status, "text/html", body)
    }

    /// A status and a body of any type.
    pub fn typed(status: u16, content_type: &str, body: &str) -> Self {
        Self { status, content_type: content_type.to_owned(), headers: Vec::new(), body: body.to_owned() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn response(&self) -> Response {
        let mut response = Response::new(self.status, &self.content_type, &self.body);
        response.headers.extend(self.headers.iter().cloned());
        response
    }
}

/// What goes wrong with a request.
///
/// `Answer`, `Redirect`, `Hang` and `DropBefore` act *instead of* the request's effect: the zone stays as it was.
/// All others damage the answer of a request whose effect is done.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing: lets one request through before the next fault in the queue.
    Pass,
    /// Another answer; the way to 401, 429 with `Retry-After`, 500, 502 with HTML, …
    Answer(Answer),
    /// 302 to this URL.
    Redirect(String),
    /// Never answers, until the client goes away or the fake stops.
    Hang,
    /// Closes the connection without a word, nothing done.
    DropBefore,
    /// Closes the connection without a word, everything done: the answer is lost.
    DropAfter,
    /// Does everything, then never answers.
    HangAfter,
    /// Answers this late.
    Delay(Duration),
    /// Sends a byte of HTTP at a time, each (under TLS) in a record of its own.
    Drip(Duration),
    /// Sends a byte of the *socket* at a time: under TLS, not one record is whole for long.
    DripSocket(Duration),
    /// Promises the whole body, sends half of it, closes.
    Truncate,
    /// Promises the whole body, sends half of it, then never the rest.
    Stall,
    /// Answers well, then closes the connection that the client may be keeping for later.
    ThenClose,
    /// The true status with a body of so many bytes: close-delimited, or chunked.
    Flood {
        /// How many bytes at most; stops early when the client goes away.
        bytes: usize,
        /// With `Transfer-Encoding: chunked`.
        chunked: bool,
    },
    /// JSON that breaks off, correctly framed.
    Garbage,
    /// The true body under another `Content-Type`.
    ContentType(String),
    /// So many bytes of headers before the true ones.
    BigHeaders(usize),
    /// Not HTTP at all: these bytes, then closes.
    Raw(Vec<u8>),
}

impl Fault {
    /// 64 MiB, close-delimited: more than any client should swallow.
    pub fn flood() -> Self {
        Self::Flood { bytes: 64 << 20, chunked: false }
    }

    /// A 429 that asks to wait; its body is a guess, since Gandi documents none.
    pub fn too_many_requests(retry_after: &str) -> Self {
        let body = r#"{"code": 429, "message": "Too Many Requests", "object": "HTTPTooManyRequests", "cause": "Too Many Requests"}"#;
        Self::Answer(Answer::json(429, body).header("Retry-After", retry_after))
    }
}

/// What goes wrong with a connection before any request.
#[derive(Clone, Copy, Debug)]
pub enum AtAccept {
    /// Closes at once: under TLS, an end of file in the handshake.
    Close,
    /// Says nothing for this long, then goes on with the handshake.
    Delay(Duration),
    /// Reads, and never says anything, until the client goes away or the fake stops.
    Hang,
    /// Everything from the first byte of the handshake on comes a byte at a time.
    Drip(Duration),
}

/// Faults waiting for their moment, in the order they were set.
pub(crate) struct Queue<K, V>(Mutex<Vec<Armed<K, V>>>);

struct Armed<K, V> {
    on: K,
    left: Times,
    fault: V,
}

impl<K, V> Default for Queue<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, V: Clone> Queue<K, V> {
    pub(crate) fn push(&self, on: K, left: Times, fault: V) {
        self.lock().push(Armed { on, left, fault });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The first fault that fits, used up by one.
    fn take_where(&self, fits: impl Fn(&K) -> bool) -> Option<V> {
        let mut armed = self.lock();
        let at = armed.iter().position(|a| fits(&a.on) && !matches!(a.left, Times::Next(0)))?;
        let found = &mut armed[at];
        let fault = found.fault.clone();
        match &mut found.left {
            Times::Always => {}
            Times::Next(n) if *n > 1 => *n -= 1,
            Times::Once | Times::Next(_) => drop(armed.remove(at)),
        }
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed<K, V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue<On, Fault> {
    pub(crate) fn take(&self, method: &str, target: &str) -> Option<Fault> {
        self.take_where(|on| on.matches(method, target))
    }
}

impl Queue<(), AtAccept> {
    pub(crate) fn take(&self) -> Option<AtAccept> {
        self.take_where(|()| true)
    }
}
