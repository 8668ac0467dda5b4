//! HTTP responses (RFC 9112) that lie about their length, have no end, or are none.

use std::fmt::Write as _;

use super::Reaction::{self, Either, OffTopic, Refused, Taken};
use super::Step::{self, Drip, Forever, KeepAlive, Send, Together, Wait};
use super::{Row, framing};

/// A good response, around which the rows are built.
#[derive(Clone, Debug)]
pub struct Good {
    /// Status and reason, such as `200 OK`.
    pub status: String,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body, of at least 8 bytes.
    pub body: String,
    /// A complete response for another question, which must never be taken for the answer to the next request.
    pub smuggled: String,
    /// Host and port of a trap, which nothing may connect to.
    pub trap: String,
}

impl Good {
    /// Returns status line and `Content-Type`, without the empty line.
    pub(super) fn start(&self) -> String {
        format!("HTTP/1.1 {}\r\nContent-Type: {}\r\n", self.status, self.content_type)
    }

    /// Returns the response with more header lines.
    pub(super) fn with(&self, headers: &str) -> String {
        format!("{}{headers}Content-Length: {}\r\n\r\n{}", self.start(), self.body.len(), self.body)
    }

    /// Returns the response with these lines in place of its length, and this body.
    pub(super) fn framed(&self, headers: &str, body: &str) -> String {
        format!("{}{headers}\r\n{body}", self.start())
    }

    /// Returns the response with another status line, and nothing else changed.
    fn status_line(&self, line: &str) -> String {
        self.with("").replacen(&format!("HTTP/1.1 {}", self.status), line, 1)
    }

    /// Returns the response with this length, by spaces after JSON, or by a header if that is enough.
    fn padded(&self, size: usize) -> Option<String> {
        let header = "X: \r\n".len();
        let short = self.with("");
        let missing = size.checked_sub(short.len() + header)?;
        if missing < 8000 {
            return Some(self.with(&format!("X: {}\r\n", "x".repeat(missing))));
        }
        // The length itself gets longer.
        let spaces = missing + header + self.body.len().to_string().len() - 5;
        let body = format!("{}{}", self.body, " ".repeat(spaces));
        self.content_type.starts_with("application/json").then(|| Self { body, ..self.clone() }.with(""))
    }

    /// Returns the body in chunks of one byte, without the last chunk.
    pub(super) fn chunks(&self) -> String {
        self.body.chars().fold(String::new(), |mut chunks, c| {
            let _ = write!(chunks, "1\r\n{c}\r\n");
            chunks
        })
    }
}

pub(super) fn row(name: impl Into<String>, reaction: Reaction, steps: Vec<Step>) -> Row {
    Row { name: name.into(), steps, reaction }
}

/// A row with one finite text.
pub(super) fn text(name: impl Into<String>, reaction: Reaction, text: impl Into<String>) -> Row {
    row(name, reaction, vec![Send(text.into().into_bytes())])
}

/// A row that begins with `start` and repeats `part` without end.
pub(super) fn endless(name: &str, start: impl Into<String>, part: &str) -> Row {
    row(name, Refused, vec![Send(start.into().into_bytes()), Forever(part.into())])
}

/// Returns all rows.
pub fn http_rows(good: &Good) -> Vec<Row> {
    let groups =
        [interim, headers, framing::lengths, framing::transfer, framing::chunks, slow, bodies, versions];
    let more = [statuses, redirects, retries, connections, garbage];
    groups.iter().chain(&more).flat_map(|rows| rows(good)).collect()
}

/// Returns the good response, cut after each number of bytes up to its end.
pub fn cut_rows(good: &Good) -> Vec<Row> {
    let whole = good.with("Connection: close\r\n");
    (0..whole.len()).map(|n| text(format!("cut after {n} bytes"), Refused, &whole[..n])).collect()
}

fn interim(good: &Good) -> Vec<Row> {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    vec![
        endless("100 without end", "", "HTTP/1.1 100 Continue\r\n\r\n"),
        endless("102 without end", "", "HTTP/1.1 102 Processing\r\n\r\n"),
        endless("103 with headers without end", "", early),
        text("103 twice, then the answer", Taken, early.repeat(2) + &good.with("")),
        text("103 a thousand times, then the answer", Either, early.repeat(1000) + &good.with("")),
        text("100 with headers", Either, "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n".to_owned() + &good.with("")),
        text(
            "101",
            Refused,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        ),
        text("101 with a body", Refused, good.status_line("HTTP/1.1 101 Switching Protocols")),
        text("199", Either, "HTTP/1.1 199 X\r\n\r\n".to_owned() + &good.with("")),
    ]
}

fn headers(good: &Good) -> Vec<Row> {
    let many = |n: usize, line: &str| good.with(&line.repeat(n));
    vec![
        text("one header of a megabyte", Refused, good.with(&format!("X: {}\r\n", "x".repeat(1 << 20)))),
        text("one header name of a megabyte", Refused, good.with(&format!("{}: x\r\n", "x".repeat(1 << 20)))),
        text(
            "a thousand headers of a kilobyte",
            Refused,
            many(1000, &format!("X: {}\r\n", "x".repeat(1020))),
        ),
        text("a thousand short headers", Refused, many(1000, "X: y\r\n")),
        text("50 headers", Taken, many(50, "X: y\r\n")),
        text("50 cookies", Taken, many(50, "Set-Cookie: a=b; Domain=.org; Max-Age=99999999999999\r\n")),
        text("10,000 cookies", Refused, many(10_000, "Set-Cookie: a=b; Path=/\r\n")),
        endless("headers without end", good.start(), "X: y\r\n"),
        endless("one header without end", good.start() + "X: ", "y"),
        endless("a status line without end", "HTTP/1.1 200 ", "OK "),
        endless("empty lines without end", "", "\r\n"),
        text("a folded header", Either, good.with("X: y\r\n z\r\n")),
        text("a header with NUL", Either, good.with("X: a\0b\r\n")),
        text("a header with ESC", Either, good.with("X: \u{1b}[31m\r\n")),
        text("a header that is not UTF-8", Either, good.with("X: \u{e4}\u{20ac}\r\n")),
        text("a header without a colon", Either, good.with("X\r\n")),
        text("a header without a name", Either, good.with(": x\r\n")),
        text("a space before the colon", Either, good.with("X : y\r\n")),
        text("lines that end with LF", Either, good.with("").replace("\r\n", "\n")),
        text("lines that end with CR", Refused, good.with("").replace("\r\n", "\r")),
        text("a type with ESC", Either, good.with("").replacen(&good.content_type, "\u{1b}[2J", 1)),
        text("a type of 10 kB", Either, good.with("").replacen(&good.content_type, &"x".repeat(10_000), 1)),
        text("headers that lead elsewhere", Taken, good.with(&elsewhere(&good.trap))),
    ]
}

/// Returns headers that ask a browser to go to another host.
fn elsewhere(trap: &str) -> String {
    format!(
        "Location: http://{trap}/\r\nContent-Location: http://{trap}/\r\nRefresh: 0; url=http://{trap}/\r\n\
         Alt-Svc: h2=\"{trap}\"; ma=2592000\r\nAlt-Svc: http/1.1=\"{trap}\"\r\nAlt-Used: {trap}\r\n\
         Link: <http://{trap}/>; rel=preload\r\nStrict-Transport-Security: max-age=0\r\n"
    )
}

fn slow(good: &Good) -> Vec<Row> {
    let whole = good.with("");
    let head = whole.len() - good.body.len();
    let stall = |n: usize| vec![Send(whole[..n].into()), Wait];
    vec![
        row("nothing", Refused, vec![Wait]),
        row("half a status line, then nothing", Refused, stall(5)),
        row("a head without its end, then nothing", Refused, stall(head - 1)),
        row("a head, then nothing", Refused, stall(head)),
        row("all but the last byte, then nothing", Refused, stall(whole.len() - 1)),
        row("a dripping head", Refused, vec![Drip(whole.clone().into())]),
        row("a dripping body", Refused, vec![Send(whole[..head].into()), Drip(good.body.repeat(9).into())]),
        row(
            "dripping spaces in chunks",
            Refused,
            vec![
                Send(good.framed("Transfer-Encoding: chunked\r\n", "").into()),
                Drip("1\r\n \r\n".repeat(99).into()),
            ],
        ),
    ]
}

fn bodies(good: &Good) -> Vec<Row> {
    let body = |body: &str| good.framed(&format!("Content-Length: {}\r\n", body.len()), body);
    let utf16: String = good.body.chars().flat_map(|c| [c, '\0']).collect();
    let megabytes = " ".repeat(1 << 23);
    vec![
        text("an empty body", Either, body("")),
        text("a body of NULs", OffTopic, body(&"\0".repeat(50))),
        text(
            "a body of 8 MB of spaces around the answer",
            Refused,
            body(&format!("{megabytes}{}", good.body)),
        ),
        text("a body in UTF-16", OffTopic, body(&utf16)),
        text("a body with ESC", OffTopic, body("\u{1b}]0;owned\u{7}\u{1b}[2J\n\r\u{9b}31m")),
        text("a page", OffTopic, body("<html><script>alert(1)</script>81.2.69.66</html>")),
        text("a body with the answer twice", OffTopic, body(&format!("{0}\n{0}", good.body))),
        text("a body with text after the answer", OffTopic, body(&format!("{}\0", good.body))),
        endless("a body without end or length", good.framed("Connection: close\r\n", ""), " "),
        endless("a body of 2^63 bytes", good.framed("Content-Length: 9223372036854775807\r\n", ""), " "),
    ]
}

fn versions(good: &Good) -> Vec<Row> {
    let http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let mut rows = vec![
        text("HTTP/0.9", Refused, &good.body),
        text("the preface of HTTP/2", Refused, http2),
        text("a frame of HTTP/2", Refused, "\0\0\u{12}\u{4}\0\0\0\0\0\0\u{3}\0\0\0\u{64}"),
        text("HTTP/1.0", Taken, good.with("").replacen("HTTP/1.1", "HTTP/1.0", 1)),
    ];
    for line in [
        "HTTP/2 200 OK",
        "HTTP/1.2 200 OK",
        "HTTP/1.10 200 OK",
        "HTTP/11 200 OK",
        "http/1.1 200 OK",
        "ICY 200 OK",
        "HTTP/1.1200 OK",
        " HTTP/1.1 200 OK",
        "RTSP/1.0 200 OK",
    ] {
        rows.push(text(line, Refused, good.status_line(line)));
    }
    rows
}

fn statuses(good: &Good) -> Vec<Row> {
    let mut rows = Vec::new();
    for status in
        ["000", "099", "2000", "20", "2", "", "-200", "+20", "0x200", "abc", "\u{662}00", "600", "999"]
    {
        rows.push(text(
            format!("status {status}"),
            Refused,
            good.status_line(&format!("HTTP/1.1 {status} OK")),
        ));
    }
    for status in [
        "300", "304", "305", "400", "402", "405", "406", "408", "411", "418", "421", "451", "500", "505",
        "511", "599",
    ] {
        rows.push(text(
            format!("status {status}"),
            Refused,
            good.status_line(&format!("HTTP/1.1 {status} X")),
        ));
    }
    for status in ["201", "202", "203", "204", "205", "206", "207", "226", "299"] {
        rows.push(text(
            format!("status {status}"),
            Either,
            good.status_line(&format!("HTTP/1.1 {status} X")),
        ));
    }
    let esc = "\u{1b}[31m\u{7}\u{9b}2J\u{202e}";
    let reason = |reason: &str| good.status_line(&format!("HTTP/1.1 {}{reason}", &good.status[..3]));
    rows.extend([
        text("no reason", Taken, reason(" ")),
        text("no reason and no space", Either, reason("")),
        text("a reason with ESC", Either, reason(&format!(" {esc}"))),
        text("a 500 with ESC", Refused, good.status_line(&format!("HTTP/1.1 500 {esc}"))),
        text("a reason with NUL", Either, reason(" a\0b")),
        text("a reason of a megabyte", Refused, reason(&format!(" {}", "x".repeat(1 << 20)))),
    ]);
    rows
}

fn redirects(good: &Good) -> Vec<Row> {
    let trap = &good.trap;
    let mut rows = Vec::new();
    for status in [301, 302, 303, 307, 308] {
        for url in [
            format!("http://{trap}/"),
            format!("https://{trap}/"),
            format!("//{trap}/"),
            "file:///etc/passwd".to_owned(),
            "/".to_owned(),
            String::new(),
            "\u{1b}[31m".to_owned(),
        ] {
            let head = format!("HTTP/1.1 {status} X\r\nLocation: {url}\r\n");
            rows.push(text(
                format!("{status} to {url}"),
                Refused,
                format!("{head}Content-Length: 0\r\n\r\n"),
            ));
            if status == 307 {
                rows.push(text(format!("{status} to {url}, no end"), Refused, head));
            }
        }
    }
    rows
}

fn retries(_: &Good) -> Vec<Row> {
    let mut rows = Vec::new();
    for status in [429, 503] {
        for after in [
            "-1",
            "0",
            "1e99",
            "1.5",
            "NaN",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775807",
            "999999999999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "soon\u{1b}[31m",
            "",
        ] {
            let head = format!("HTTP/1.1 {status} X\r\nRetry-After: {after}\r\nContent-Length: 0\r\n\r\n");
            rows.push(row(
                format!("{status}, retry after {after:?}"),
                Refused,
                vec![Send(head.into()), KeepAlive],
            ));
        }
    }
    rows
}

fn connections(good: &Good) -> Vec<Row> {
    let whole = good.with("");
    let closing = good.with("Connection: close\r\n");
    let alive = |name: &str, after: &str| {
        row(name, Taken, vec![Together(vec![whole.clone().into(), after.into()]), KeepAlive])
    };
    let extra = &good.smuggled;
    let mut rows = vec![
        text("more bytes after the end of the connection", Taken, closing.clone() + "more\0bytes"),
        text("another response after the end of the connection", Taken, closing.clone() + extra),
        row("no end of the connection although it says so", Taken, vec![Send(closing.into()), KeepAlive]),
        alive("another response in the same packet", extra),
        // They may arrive when the next request has been sent.
        row(
            "another response in the next packet",
            Either,
            vec![Send(whole.clone().into()), Send(extra.clone().into()), KeepAlive],
        ),
        alive("a hundred other responses", &extra.repeat(100)),
        alive("half a response after the answer", &extra[..extra.len() / 2]),
        alive("line ends after the answer", "\r\n\r\n"),
    ];
    // The two responses meet where a client's buffers may end, each in a TLS record of its own.
    for size in [600, 4000, 4096, 8192, 12_288, 16_384, 16_385, 20_000, 32_768] {
        let Some(padded) = good.padded(size) else { continue };
        for count in [1, 40] {
            let parts = vec![padded.clone().into(), extra.repeat(count).into()];
            let name = format!("{count} other responses after {size} bytes");
            rows.push(row(name, Taken, vec![Together(parts), KeepAlive]));
        }
    }
    rows
}

fn garbage(good: &Good) -> Vec<Row> {
    let noise: Vec<u8> = (0..100_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    vec![
        text("nothing at all", Refused, ""),
        text("a banner", Refused, "SSH-2.0-OpenSSH_9.2\r\n"),
        row("noise", Refused, vec![Send(noise.clone())]),
        row("a megabyte of NULs", Refused, vec![Send(vec![0; 1 << 20])]),
        row("noise without end", Refused, vec![Forever(noise)]),
        text("the request of another client", Refused, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        text("only a status line", Refused, format!("HTTP/1.1 {}\r\n", good.status)),
    ]
}
