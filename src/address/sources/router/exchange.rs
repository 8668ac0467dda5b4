//! One HTTP/1.1 exchange with the gateway for `UPnP`. The general client does not suit the servers of old routers: it
//! writes header names in lower case, and reuses connections. Here each request has a connection of its own. Size and
//! time of the response are limited.

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use super::head::{self, headers};
use super::location::Location;
use crate::net::{Device, bind};
use crate::sys::words::number;

/// Maximum size of everything that is not the body, in bytes.
const MAX_HEAD: usize = 16 * 1024;
const USER_AGENT: &str = concat!("gandi-ddns/", env!("CARGO_PKG_VERSION"));

/// A request to the gateway.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) location: &'a Location,
    /// More headers, each with its end of line.
    pub(super) headers: &'a str,
    pub(super) body: &'a str,
    /// Maximum size of the response's body, in bytes.
    pub(super) limit: usize,
    /// True if the response need not have a body, nor say so.
    pub(super) is_head_enough: bool,
}

impl Request<'_> {
    /// Returns the text to send. The headers have the case that common `UPnP` clients use: old routers do not find them in
    /// another.
    fn text(&self, gateway: Ipv4Addr) -> String {
        [
            self.method,
            " ",
            &self.location.path,
            " HTTP/1.1\r\nHost: ",
            &SocketAddrV4::new(gateway, self.location.port).to_string(),
            "\r\nUser-Agent: ",
            USER_AGENT,
            "\r\n",
            self.headers,
            "Connection: close\r\n\r\n",
            self.body,
        ]
        .concat()
    }
}

/// Reasons for an exchange to fail. The text continues "the request for … failed: ".
pub(crate) enum ExchangeError {
    /// The connection could not be made, or failed; the fault may be on this machine.
    Connection(io::Error),
    /// There was no complete response in time.
    TimedOut,
    /// The connection was closed before the response was complete.
    Closed,
    /// The body is longer than this number of bytes, or the headers are too long.
    TooLong(usize),
    /// The response is not HTTP.
    Invalid,
    /// The response has this status.
    Status(u16),
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection(e) => return e.fmt(f),
            Self::TooLong(limit) => return write!(f, "the response is longer than {limit} bytes"),
            Self::Status(status) => return write!(f, "status {status}"),
            Self::TimedOut => "timed out (response)",
            Self::Closed => "the connection was closed before the response was complete",
            Self::Invalid => "the response is not HTTP",
        })
    }
}

impl From<io::Error> for ExchangeError {
    fn from(e: io::Error) -> Self {
        Self::Connection(e)
    }
}

/// Sends `request` to the gateway, by `device` if given. Returns the status and the body, at the `deadline` at the latest.
/// Passes the headers of the response to `visit`, name and value, perhaps several times. After a request without a body, any
/// other status than 200 is an error.
#[inline(never)]
pub(super) fn exchange(
    gateway: Ipv4Addr,
    device: Option<&Device>,
    request: &Request,
    deadline: Instant,
    visit: &mut dyn FnMut(&str, &str),
) -> Result<(u16, String), ExchangeError> {
    let mut stream = bind::tcp((gateway, request.location.port).into(), device, left(deadline)?)?;
    send(&mut stream, &request.text(gateway))?;
    let mut response = None;
    receive(&mut stream, deadline, &mut |data, is_closed| {
        response = parse(data, request.limit, visit)?;
        match &response {
            // A service explains the failure of a call in the body.
            Some((status, ..)) if *status != 200 && request.body.is_empty() => {
                Err(ExchangeError::Status(*status))
            }
            Some((_, _, end)) if *end == End::Reached || is_closed || request.is_head_enough => Ok(true),
            _ if data.len() > request.limit + MAX_HEAD => Err(ExchangeError::TooLong(request.limit)),
            _ => Ok(false),
        }
    })?;
    response.map(|(status, body, _)| (status, body)).ok_or(ExchangeError::Closed)
}

/// Sends a short text.
pub(crate) fn send(stream: &mut TcpStream, text: &str) -> Result<(), ExchangeError> {
    // The send buffer of a new connection has room for the whole text, so that this never waits.
    if stream.write(text.as_bytes())? < text.len() { Err(ExchangeError::TimedOut) } else { Ok(()) }
}

/// Receives until `read` returns true, which gets the data so far, and true if the connection is closed; at the
/// `deadline` at the latest, even if the gateway sends byte after byte.
pub(crate) fn receive(
    stream: &mut TcpStream,
    deadline: Instant,
    read: &mut dyn FnMut(&str, bool) -> Result<bool, ExchangeError>,
) -> Result<(), ExchangeError> {
    // Text of the length of the received bytes: what is not ASCII is replaced, since nothing of interest contains it.
    let (mut data, mut buffer) = (String::new(), [0; 2048]);
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let length = match stream.read(&mut buffer) {
            // The deadline decides. Interrupted: the process was stopped and continued (signal(7)).
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
            length => length?,
        };
        let received = &mut buffer[..length];
        for byte in received.iter_mut().filter(|b| !b.is_ascii()) {
            *byte = b'?';
        }
        data.push_str(&String::from_utf8_lossy(received));
        if read(&data, length == 0)? {
            return Ok(());
        }
        if length == 0 {
            return Err(ExchangeError::Closed);
        }
    }
}

/// Returns the time until the deadline, which is never zero: std takes zero for "forever".
fn left(deadline: Instant) -> Result<Duration, ExchangeError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ExchangeError::TimedOut) } else { Ok(left) }
}

/// The end of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The response is complete.
    Reached,
    /// The response ends when the connection is closed.
    Closed,
}

/// Parses the data received so far (RFC 9112, section 6.3): status and body, and passes the headers to `visit`. Returns
/// `None` if the response is known to be incomplete.
pub(super) fn parse(
    mut data: &str,
    limit: usize,
    visit: &mut dyn FnMut(&str, &str),
) -> Result<Option<(u16, String, End)>, ExchangeError> {
    loop {
        let Some((status, rest)) = head::status(data) else {
            let is_http = data.starts_with("HTTP/1.") || "HTTP/1.".starts_with(data);
            return if is_http { Ok(None) } else { Err(ExchangeError::Invalid) };
        };
        if status >= 200 {
            let body = body(rest, limit, visit)?;
            return Ok(body.map(|(body, end)| (status, body, end)));
        }
        // Interim responses (1xx) are skipped.
        let Some(rest) = headers(rest, &mut |_, _| {}) else { return Ok(None) };
        data = rest;
    }
}

/// Passes each of the headers that `data` begins with to `visit`, name and value, and returns the body after them, as
/// far as it is known. Returns `None` if it is known to be incomplete.
pub(crate) fn body(
    data: &str,
    limit: usize,
    visit: &mut dyn FnMut(&str, &str),
) -> Result<Option<(String, End)>, ExchangeError> {
    let (mut length, mut is_chunked) = (None, false);
    let rest = headers(data, &mut |name, value| {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("content-length") {
            length = Some(value);
        }
        visit(name, value);
    });
    let Some(mut data) = rest else { return Ok(None) };
    if is_chunked {
        return Ok(unchunked(data, limit)?.map(|body| (body, End::Reached)));
    }
    let mut end = End::Closed;
    if let Some(length) = length {
        let length = number(length, 10).ok_or(ExchangeError::Invalid)?;
        end = End::Reached;
        if length > limit {
            return Err(ExchangeError::TooLong(limit));
        }
        let Some(body) = data.get(..length) else { return Ok(None) };
        data = body;
    }
    if data.len() > limit { Err(ExchangeError::TooLong(limit)) } else { Ok(Some((data.to_owned(), end))) }
}

/// Decodes a chunked body (RFC 9112, section 7.1). Returns `None` if it is incomplete.
fn unchunked(mut data: &str, limit: usize) -> Result<Option<String>, ExchangeError> {
    let mut body = String::new();
    loop {
        let Some((line, rest)) = data.split_once('\n') else { return Ok(None) };
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = number(size, 16).ok_or(ExchangeError::Invalid)?;
        if size > limit || body.len() > limit {
            return Err(ExchangeError::TooLong(limit));
        }
        // Trailers are not read, since nothing comes after them.
        if size == 0 {
            return Ok(Some(body));
        }
        let Some((chunk, rest)) = rest.split_at_checked(size) else { return Ok(None) };
        let Some((line, rest)) = rest.split_once('\n') else { return Ok(None) };
        if !line.trim().is_empty() {
            return Err(ExchangeError::Invalid);
        }
        body.push_str(chunk);
        data = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns status and body of a response with at most 9 bytes, with `...` if it ends with the connection.
    fn parsed(data: &str) -> String {
        match parse(data, 9, &mut |_, _| {}) {
            Ok(None) => "incomplete".to_owned(),
            Ok(Some((status, body, End::Reached))) => format!("{status} {body}"),
            Ok(Some((status, body, End::Closed))) => format!("{status} {body}..."),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn response_ends_as_its_headers_say() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let long = "the response is longer than 9 bytes";
        let invalid = "the response is not HTTP";
        for (data, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc"),
            ("HTTP/1.1 500 No\nCONTENT-LENGTH:3\n\nabcdef", "500 abc"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 "),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789", "200 123456789"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "incomplete"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", long),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", invalid),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", invalid),
            ("HTTP/1.0 200 OK\r\n\r\nabc", "200 abc..."),
            ("HTTP/1.0 200 OK\r\n\r\n", "200 ..."),
            ("HTTP/1.0 200 OK\r\n\r\n1234567890", long),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a"),
            ("HTTP/1.1 100 Continue\r\n\r\n", "incomplete"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", "incomplete"),
            ("HTTP/1.1 200", "incomplete"),
            ("HTT", "incomplete"),
            ("", "incomplete"),
            ("<html>", invalid),
            ("HTTP/2 200 OK\r\n\r\n", invalid),
        ] {
            assert_eq!(parsed(data), expected, "{data}");
        }
        for (body, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", "200 abc"),
            ("1;x=y\r\na\r\n00002 ; z\nbc\n0;x\r\nTrailer: x\r\n", "200 abc"),
            ("3\r\nabc\r\nA\r\n", long),
            ("9\r\n123456789\r\n1\r\n0\r\n0\r\n", long),
            ("ffffffffffffffff\r\n", long),
            ("fffffffffffffffff\r\n", invalid),
            ("3\r\nabcd\r\n", invalid),
            ("x\r\nabc\r\n", invalid),
            ("\r\n", invalid),
            ("3\r\nabc\r\n", "incomplete"),
            ("3\r\nabc", "incomplete"),
            ("3\r\nab", "incomplete"),
            ("3", "incomplete"),
            ("", "incomplete"),
        ] {
            assert_eq!(parsed(&format!("{chunked}{body}")), expected, "{body}");
        }
    }
}
