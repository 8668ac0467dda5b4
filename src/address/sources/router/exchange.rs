//! One HTTP/1.1 exchange with the gateway for `UPnP`. The general client does not suit the servers of old routers: it
//! writes header names in lower case, and reuses connections. This one sends the headers as other `UPnP` clients do, and
//! makes one connection for each request. Size and time of the response are limited.

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// Maximum size of the status line and headers, interim responses included, and of the line that begins a chunk.
const MAX_HEAD: usize = 16 * 1024;

/// A complete response of any status.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Reasons for an exchange to fail. The text continues "the request for … failed: ".
pub(super) enum ExchangeError {
    /// The connection to this port could not be made, or not by this machine.
    Connect(u16, io::Error),
    /// The connection failed later.
    Lost(io::Error),
    /// There was no complete response in time.
    TimedOut,
    /// The connection was closed before the response was complete.
    Closed,
    /// The headers or the body are longer than this many bytes.
    TooLong(usize),
    /// The response is not HTTP.
    Invalid,
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(port, e) => write!(f, "could not connect to port {port}: {e}"),
            Self::Lost(e) => write!(f, "the connection was lost: {e}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Closed => f.write_str("the connection was closed before the response was complete"),
            Self::TooLong(limit) => write!(f, "the response is longer than {limit} bytes"),
            Self::Invalid => f.write_str("the response is not HTTP"),
        }
    }
}

impl From<io::Error> for ExchangeError {
    fn from(e: io::Error) -> Self {
        match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Lost(e),
        }
    }
}

/// Sends `request` to this port of the gateway, and reads a response whose body has at most `limit` bytes. Returns at
/// the `deadline`, even if the gateway sends byte after byte.
pub(super) fn exchange(
    gateway: Ipv4Addr,
    port: u16,
    request: &str,
    limit: usize,
    deadline: Instant,
) -> Result<Response, ExchangeError> {
    let stream = match TcpStream::connect_timeout(&(gateway, port).into(), left(deadline)?) {
        Ok(stream) => stream,
        Err(e) if e.kind() == ErrorKind::TimedOut => return Err(ExchangeError::TimedOut),
        Err(e) => return Err(ExchangeError::Connect(port, e)),
    };
    stream.set_write_timeout(Some(left(deadline)?))?;
    (&stream).write_all(request.as_bytes())?;
    let mut reader = Reader { stream, deadline, data: Vec::new() };
    let head = head(&mut reader)?;
    let mut body = Vec::new();
    match read_body(&mut reader, &head, limit, &mut body) {
        Err(e) if head.status == 200 => Err(e),
        // The body of an error is used as far as it came.
        _ => Ok(Response { status: head.status, body: String::from_utf8_lossy(&body).into_owned() }),
    }
}

/// Returns the time until the deadline, which is never zero: std takes zero for "forever".
fn left(deadline: Instant) -> Result<Duration, ExchangeError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ExchangeError::TimedOut) } else { Ok(left) }
}

/// The received bytes that have not been consumed yet.
struct Reader {
    stream: TcpStream,
    deadline: Instant,
    data: Vec<u8>,
}

impl Reader {
    /// Receives more bytes. Returns false if the connection was closed.
    fn fill(&mut self) -> Result<bool, ExchangeError> {
        let mut buffer = [0; 2048];
        loop {
            self.stream.set_read_timeout(Some(left(self.deadline)?))?;
            match self.stream.read(&mut buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                received => {
                    let received = buffer.get(..received?).unwrap_or_default();
                    self.data.extend_from_slice(received);
                    return Ok(!received.is_empty());
                }
            }
        }
    }

    /// Consumes a line of at most `limit` bytes and returns it without its end, which may be a mere line feed.
    fn line(&mut self, limit: usize) -> Result<String, ExchangeError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.data.iter().skip(searched).position(|b| *b == b'\n') {
                let line = self.data.drain(..=searched + end).collect::<Vec<u8>>();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            searched = self.data.len();
            if searched > limit {
                return Err(ExchangeError::TooLong(MAX_HEAD));
            }
            if !self.fill()? {
                return Err(ExchangeError::Closed);
            }
        }
    }

    /// Moves this many bytes to `body`.
    fn take(&mut self, length: usize, body: &mut Vec<u8>) -> Result<(), ExchangeError> {
        while self.data.len() < length {
            if !self.fill()? {
                return Err(ExchangeError::Closed);
            }
        }
        body.extend(self.data.drain(..length));
        Ok(())
    }
}

/// The status, and the headers that say where the body ends (RFC 9112, section 6.3).
struct Head {
    status: u16,
    is_chunked: bool,
    /// `Content-Length`, which a chunked body may have as well.
    length: Option<usize>,
}

/// Reads the head of the response. Interim responses (1xx) are skipped.
fn head(reader: &mut Reader) -> Result<Head, ExchangeError> {
    let mut budget = MAX_HEAD;
    loop {
        let status_line = reader.line(budget)?;
        let status =
            status_line.strip_prefix("HTTP/1.").and_then(|rest| rest.split_ascii_whitespace().nth(1));
        let status = status.and_then(|s| s.parse().ok()).ok_or(ExchangeError::Invalid)?;
        let mut head = Head { status, is_chunked: false, length: None };
        loop {
            let line = reader.line(budget)?;
            // Each line counts for more than its text, so that empty heads are limited as well.
            budget = budget.checked_sub(line.len() + 2).ok_or(ExchangeError::TooLong(MAX_HEAD))?;
            let Some((name, value)) = line.split_once(':') else {
                if line.is_empty() {
                    break;
                }
                continue;
            };
            let (name, value) = (name.trim_end(), value.trim());
            if name.eq_ignore_ascii_case("transfer-encoding") {
                head.is_chunked = value.to_ascii_lowercase().ends_with("chunked");
            } else if name.eq_ignore_ascii_case("content-length") {
                let length = value.parse().map_err(|_| ExchangeError::Invalid)?;
                if head.length.is_some_and(|other| other != length) {
                    return Err(ExchangeError::Invalid);
                }
                head.length = Some(length);
            }
        }
        if !(100..200).contains(&status) {
            return Ok(head);
        }
    }
}

/// Reads the body into `body`: chunks, or `Content-Length` bytes, or all until the connection is closed.
fn read_body(
    reader: &mut Reader,
    head: &Head,
    limit: usize,
    body: &mut Vec<u8>,
) -> Result<(), ExchangeError> {
    let fits = |length: usize| if length > limit { Err(ExchangeError::TooLong(limit)) } else { Ok(()) };
    if head.is_chunked {
        loop {
            let line = reader.line(MAX_HEAD)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| ExchangeError::Invalid)?;
            if size == 0 {
                // Trailers are not read, since nothing comes after them.
                return Ok(());
            }
            fits(body.len().saturating_add(size))?;
            reader.take(size, body)?;
            if !reader.line(2)?.is_empty() {
                return Err(ExchangeError::Invalid);
            }
        }
    }
    if let Some(length) = head.length {
        fits(length)?;
        return reader.take(length, body);
    }
    loop {
        body.append(&mut reader.data);
        fits(body.len())?;
        if !reader.fill()? {
            return Ok(());
        }
    }
}
