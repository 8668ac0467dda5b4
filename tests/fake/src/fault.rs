//! Fault injection: a fault, the requests that it applies to, and the number of times.

use std::sync::Mutex;
use std::time::Duration;

use crate::hostile::Step;
use crate::http::Response;

/// The number of times that a fault is applied.
#[derive(Clone, Copy, Debug)]
pub enum Times {
    /// Only to the next matching request or connection.
    Once,
    /// To this number of matching requests or connections.
    Next(usize),
    /// To all, until `clear_faults`.
    Always,
}

/// The requests that a fault applies to.
#[derive(Clone, Debug, Default)]
pub struct On {
    method: Option<String>,
    part: Option<String>,
}

impl On {
    /// Matches every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches requests with this method.
    pub fn method(method: &str) -> Self {
        Self { method: Some(method.to_owned()), part: None }
    }

    /// Matches requests with `part` in the target, as sent.
    pub fn path(part: &str) -> Self {
        Self { method: None, part: Some(part.to_owned()) }
    }

    /// Matches requests with this method and with `part` in the target.
    pub fn route(method: &str, part: &str) -> Self {
        Self { method: Some(method.to_owned()), part: Some(part.to_owned()) }
    }

    /// Returns true if it matches a request with this method and target.
    pub fn matches(&self, method: &str, target: &str) -> bool {
        self.method.as_ref().is_none_or(|m| m == method)
            && self.part.as_ref().is_none_or(|p| target.contains(p.as_str()))
    }
}

/// A response in place of the normal one.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`; if empty, the header is omitted.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A status and a JSON body, with the `Content-Type` of Gandi's errors.
    pub fn json(status: u16, body: &str) -> Self {
        Self::typed(status, "application/json; charset=UTF-8", body)
    }

    /// A status and an HTML body, as proxies send with 502 and 503.
    pub fn html(status: u16, body: &str) -> Self {
        Self::typed(status, "text/html", body)
    }

    /// A status and a body with any `Content-Type`.
    pub fn typed(status: u16, content_type: &str, body: &str) -> Self {
        Self { status, content_type: content_type.to_owned(), headers: Vec::new(), body: body.to_owned() }
    }

    /// Adds a header.
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

/// The framing of a body whose length is not announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The end of the connection ends the body.
    UntilClose,
}

/// A fault of a request or its response.
///
/// With `Answer`, `Redirect`, `Hang` and `DropBefore` the request has no effect on the zone. With all others it has its
/// normal effect, and only the response is damaged.
#[derive(Clone, Debug)]
pub enum Fault {
    /// No fault: lets one request pass before the next fault in the queue.
    Pass,
    /// Another response, for example 401, 429 with `Retry-After`, or 502 with HTML.
    Answer(Answer),
    /// A 302 to this URL.
    Redirect(String),
    /// No response until the client disconnects or the fake stops.
    Hang,
    /// The connection is closed without a response and without an effect.
    DropBefore,
    /// The connection is closed without a response, after the effect.
    DropAfter,
    /// No response until the client disconnects or the fake stops, after the effect.
    HangAfter,
    /// The response is sent after this time.
    Delay(Duration),
    /// The response is sent byte by byte with this interval; with TLS, each byte is a record.
    Drip(Duration),
    /// The bytes of the socket are sent one by one with this interval; with TLS, the first record takes long to
    /// complete.
    DripSocket(Duration),
    /// Half of the announced body is sent, then the connection is closed.
    Truncate,
    /// Half of the announced body is sent, then nothing until the client disconnects or the fake stops.
    Stall,
    /// The normal response is sent, then the connection is closed although the client may reuse it.
    ThenClose,
    /// The normal status with a very long body.
    Flood {
        /// The length of the body. Less is sent if the client disconnects.
        bytes: usize,
        /// The framing of the body.
        framing: Framing,
    },
    /// Incomplete JSON with a correct `Content-Length`.
    Garbage,
    /// The normal body with this `Content-Type`.
    ContentType(String),
    /// This number of bytes of additional headers before the normal ones.
    BigHeaders(usize),
    /// These bytes in place of a response, then the connection is closed.
    Raw(Vec<u8>),
    /// These steps in place of a response.
    Steps(Vec<Step>),
}

impl Fault {
    /// A body of 64 MiB, more than a client should read.
    pub fn flood() -> Self {
        Self::Flood { bytes: 64 << 20, framing: Framing::Chunked }
    }

    /// A 429 with this `Retry-After`. Its body is a guess, because Gandi documents none.
    pub fn too_many_requests(retry_after: &str) -> Self {
        let body = r#"{"code": 429, "message": "Too Many Requests", "object": "HTTPTooManyRequests", "cause": "Too Many Requests"}"#;
        Self::Answer(Answer::json(429, body).header("Retry-After", retry_after))
    }
}

/// A fault of a connection before its first request.
#[derive(Clone, Copy, Debug)]
pub enum AtAccept {
    /// The connection is closed at once; with TLS, during the handshake.
    Close,
    /// Nothing is sent for this time; then the handshake continues.
    Delay(Duration),
    /// Nothing is sent until the client disconnects or the fake stops.
    Hang,
    /// Everything, including the handshake, is sent byte by byte with this interval.
    Drip(Duration),
}

/// The faults that were set and are not used up, in order.
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

    /// Returns the first fault that matches and counts one use of it.
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
        crate::lock(&self.0)
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
