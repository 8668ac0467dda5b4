//! The part of HTTP/1.1 that the fake needs: a strict parser for requests, and responses.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;

use crate::wire::Wire;

/// The maximum length in bytes of a body or a line, more than the program ever sends.
const LIMIT: usize = 256 * 1024;

/// The end of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The connection is kept for another request.
    KeepAlive,
    /// The connection ends.
    Close,
}

/// A complete request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The address of the client; `None` until the server adds it.
    pub(crate) client: Option<IpAddr>,
    /// By the client's header or its HTTP version.
    pub(crate) connection: Connection,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// The result of waiting for a request.
pub(crate) enum Received {
    Request(Request),
    /// The client closed the connection between requests, which is allowed.
    Closed,
    /// The bytes were not a request, with the reason.
    Broken(String),
}

/// A response without its framing headers.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: &str) -> Self {
        let mut headers = Vec::new();
        if !content_type.is_empty() {
            headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        }
        Self { status, headers, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Returns the status line, the headers and the empty line. `framing` is `Content-Length` or its replacement.
    pub(crate) fn head(&self, framing: &[(&str, String)]) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        for (name, value) in framing {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Returns the complete response, correctly framed.
    pub(crate) fn bytes(&self, connection: Connection) -> Vec<u8> {
        let mut framing = Vec::new();
        if self.status != 204 && self.status != 304 {
            framing.push(("Content-Length", self.body.len().to_string()));
        }
        if connection == Connection::Close {
            framing.push(("Connection", "close".to_owned()));
        }
        let mut bytes = self.head(&framing);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

/// Waits for one request and reads it completely.
pub(crate) fn receive(wire: &mut Wire) -> Received {
    match read_request(wire) {
        Ok(received) => received,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Received::Broken(error.to_string()),
        // A client that is killed or gives up may end the connection in any way.
        Err(_) => Received::Closed,
    }
}

fn read_request(wire: &mut Wire) -> io::Result<Received> {
    let Some(line) = first_line(wire)? else { return Ok(Received::Closed) };
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return Ok(Received::Broken(format!("not a request line with a version: {line:?}")));
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || !target.starts_with('/') || !is_token(method) {
        return Ok(Received::Broken(format!("not a request line: {line:?}")));
    }
    let mut headers = Vec::new();
    loop {
        let line = read_line(wire)?;
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, value)) if is_token(name) => {
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
            _ => return Ok(Received::Broken(format!("not a header: {line:?}"))),
        }
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    let connection = Connection::KeepAlive;
    let mut request = Request { method, target, headers, body: Vec::new(), client: None, connection };
    if version == "HTTP/1.1" && request.all("Host").count() != 1 {
        return Ok(Received::Broken("not exactly one Host header".to_owned()));
    }
    let connection = request.header("Connection").unwrap_or_default().to_ascii_lowercase();
    if connection == "close" || (version == "HTTP/1.0" && connection != "keep-alive") {
        request.connection = Connection::Close;
    }
    read_body(wire, request)
}

fn read_body(wire: &mut Wire, mut request: Request) -> io::Result<Received> {
    let length = request.header("Content-Length").map(str::to_owned);
    let encoding = request.header("Transfer-Encoding").map(str::to_owned);
    if (length.is_some() || encoding.is_some()) && request.header("Expect") == Some("100-continue") {
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    match (length, encoding) {
        (None, None) => {}
        (Some(length), None) => match length.parse::<usize>() {
            Ok(n) if n <= LIMIT => request.body = read_exact(wire, n)?,
            _ => return Ok(Received::Broken(format!("Content-Length: {length}"))),
        },
        (None, Some(encoding)) if encoding.eq_ignore_ascii_case("chunked") => match read_chunks(wire)? {
            Ok(body) => request.body = body,
            Err(why) => return Ok(Received::Broken(why)),
        },
        (_, Some(encoding)) => {
            return Ok(Received::Broken(format!("Transfer-Encoding: {encoding}")));
        }
    }
    Ok(Received::Request(request))
}

fn read_chunks(wire: &mut Wire) -> io::Result<Result<Vec<u8>, String>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(wire)?;
        let digits = line.split(';').next().unwrap_or_default();
        // `from_str_radix` accepts a sign, the grammar of HTTP does not.
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let size = usize::from_str_radix(digits, 16).ok().filter(|_| plain);
        let Some(size) = size.filter(|size| body.len().saturating_add(*size) <= LIMIT) else {
            return Ok(Err(format!("not a chunk size: {line:?}")));
        };
        if size == 0 {
            // Trailers are allowed and ignored.
            while !read_line(wire)?.is_empty() {}
            return Ok(Ok(body));
        }
        body.extend(read_exact(wire, size)?);
        if !read_line(wire)?.is_empty() {
            return Ok(Err("a chunk is longer than it says".to_owned()));
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Returns the request line, or `None` if the client closed the connection before its first byte.
fn first_line(wire: &mut Wire) -> io::Result<Option<String>> {
    if wire.ahead.is_empty() && !wire.fill()? {
        return Ok(None);
    }
    read_line(wire).map(Some)
}

fn read_line(wire: &mut Wire) -> io::Result<String> {
    loop {
        if let Some(end) = wire.ahead.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = wire.ahead.drain(..=end).collect();
            let line = line.strip_suffix(b"\r\n").ok_or_else(|| bad("a line without CR"))?;
            return String::from_utf8(line.to_vec()).map_err(|_| bad("a line that is not UTF-8"));
        }
        more(wire)?;
    }
}

fn read_exact(wire: &mut Wire, n: usize) -> io::Result<Vec<u8>> {
    while wire.ahead.len() < n {
        more(wire)?;
    }
    Ok(wire.ahead.drain(..n).collect())
}

fn more(wire: &mut Wire) -> io::Result<()> {
    if wire.ahead.len() > LIMIT {
        return Err(bad("too long"));
    }
    if wire.fill()? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
