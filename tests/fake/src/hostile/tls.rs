//! TLS servers that break off, alert or talk at each stage of the handshake and after it (RFC 8446).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, Stream};

use super::Reaction::{self, Either, Refused, Taken};
use super::Step::{self, Forever, Send, Wait};
use super::{RawServer, play_plain};
use crate::Fake;
use crate::tls::{Key, Tls, Versions};

/// The behaviour of a TLS server.
#[derive(Clone, Debug)]
pub enum Play {
    /// These steps after the first bytes of the client, without TLS.
    Raw(Vec<Step>),
    /// TLS with a good answer, but after this number of bytes these steps without TLS.
    Cut(usize, Vec<Step>),
    /// The handshake, and after the request these steps without TLS.
    Established(Vec<Step>),
    /// This number of new keys before the answer.
    KeyUpdates(usize),
    /// This number of session tickets before the answer.
    Tickets(usize),
    /// The answer, cut after this number of bytes, and a reset.
    Reset(usize),
}

/// A hostile TLS server.
#[derive(Clone, Debug)]
pub struct TlsRow {
    /// A few words about it.
    pub name: String,
    /// Its behaviour.
    pub play: Play,
    /// The TLS versions it offers.
    pub versions: Versions,
    /// The right reaction.
    pub reaction: Reaction,
}

impl TlsRow {
    /// Returns true if it never ends a connection by itself.
    pub fn is_endless(&self) -> bool {
        let (Play::Raw(steps) | Play::Cut(_, steps) | Play::Established(steps)) = &self.play else {
            return false;
        };
        steps.iter().any(|step| matches!(step, Forever(_) | Step::Drip(_) | Wait))
    }
}

/// Returns a record of TLS.
fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[kind, 3, 3], &length[..], payload].concat()
}

/// Returns all rows.
pub fn tls_rows() -> Vec<TlsRow> {
    [raw(), alerts(), stages()].concat()
}

fn row(name: impl Into<String>, reaction: Reaction, play: Play) -> TlsRow {
    TlsRow { name: name.into(), play, versions: Versions::Both, reaction }
}

fn raw() -> Vec<TlsRow> {
    let http = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n81.2.69.142";
    let nginx = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>The plain HTTP request was sent to HTTPS port";
    let mut hello = vec![2, 0, 0, 38, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0x13, 0x01, 0]);
    let ends: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("an answer without TLS", http.to_vec()),
        ("an error without TLS", nginx.to_vec()),
        ("a banner", b"220 mail.example ESMTP\r\n".to_vec()),
        ("a megabyte of NULs", vec![0; 1 << 20]),
        ("SSL 2", vec![0x80, 46, 4, 0, 1, 0, 2]),
        ("a record of 65,535 bytes", record(22, &vec![2; 70_000])),
        ("a record that is too long", record(22, &vec![2; 16_384 + 257])),
        ("an unknown record", record(99, &[0; 9])),
        ("a heartbeat", record(24, &[1, 0xff, 0xff])),
        ("a version from the future", vec![22, 9, 9, 0, 1, 2]),
        ("an unknown message", record(22, &[99, 0, 0, 0])),
        ("a request for a new handshake", record(22, &[0, 0, 0, 0])),
        ("application data", record(23, b"HTTP/1.1 200 OK\r\n")),
        ("a hello without extensions", record(22, &hello)),
        ("a hello that is cut", record(22, &hello[..20])),
        ("a hello twice", record(22, &hello).repeat(2)),
        ("a certificate first", record(22, &[11, 0, 0, 4, 0, 0, 0, 0])),
    ];
    let endless: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("spaces", vec![], b" ".to_vec()),
        ("empty records", vec![], record(22, &[])),
        ("empty alerts", vec![], record(21, &[])),
        ("warnings", vec![], record(21, &[1, 90])),
        ("changes of the cipher", vec![], record(20, &[1])),
        ("requests for a new handshake", vec![], record(22, &[0, 0, 0, 0])),
        ("application data", vec![], record(23, &[0; 100])),
        ("a hello of 16 MB", record(22, &[2, 255, 255, 255]), record(22, &[0; 16_384])),
        ("a hello in records of one byte", record(22, &[2, 0, 255, 255]), record(22, &[0])),
        ("a hello without end", record(22, &hello), record(22, &hello)),
    ];
    let mut rows: Vec<_> =
        ends.into_iter().map(|(name, bytes)| row(name, Refused, Play::Raw(vec![Send(bytes)]))).collect();
    rows.extend(endless.into_iter().map(|(name, start, part)| {
        row(format!("{name} without end"), Refused, Play::Raw(vec![Send(start), Forever(part)]))
    }));
    rows.push(row("silence", Refused, Play::Raw(vec![Wait])));
    rows.push(row("half a record, then silence", Refused, Play::Raw(vec![Send(vec![22, 3, 3]), Wait])));
    rows.push(row("a dripping hello", Refused, Play::Raw(vec![Step::Drip(record(22, &hello).repeat(9))])));
    rows
}

/// Alerts in place of the hello (RFC 8446, section 6).
fn alerts() -> Vec<TlsRow> {
    let codes = [
        0, 10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100,
        109, 110, 112, 113, 115, 116, 120, 255,
    ];
    let mut rows = Vec::new();
    for (n, code) in codes.into_iter().enumerate() {
        // Of the levels that no version knows for most codes, some are enough.
        let levels = [("fatal", 2), ("warning", 1), ("unknown", 0)];
        for (name, level) in levels.into_iter().take(if n % 4 == 0 { 3 } else { 1 }) {
            rows.push(row(
                format!("alert {code} ({name})"),
                Refused,
                Play::Raw(vec![Send(record(21, &[level, code]))]),
            ));
        }
    }
    rows.push(row("half an alert", Refused, Play::Raw(vec![Send(record(21, &[2]))])));
    rows.push(row("a long alert", Refused, Play::Raw(vec![Send(record(21, &[2; 100]))])));
    rows
}

fn stages() -> Vec<TlsRow> {
    let mut rows = Vec::new();
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut add = |name: String, reaction, play| rows.push(TlsRow { name, play, versions, reaction });
        for at in (0..1200).step_by(67) {
            add(format!("{versions:?} closed after {at} bytes"), Either, Play::Cut(at, Vec::new()));
        }
        for at in [1, 80, 300, 600] {
            for (name, step) in [
                ("silence", Wait),
                ("an alert", Send(record(21, &[2, 40]))),
                ("garbage", Send(vec![0x55; 5000])),
                ("garbage without end", Forever(vec![0x55; 5000])),
            ] {
                add(format!("{versions:?} {name} after {at} bytes"), Refused, Play::Cut(at, vec![step]));
            }
        }
        for (name, step) in [
            ("closed", Send(Vec::new())),
            ("an alert without encryption", Send(record(21, &[2, 80]))),
            ("a close_notify without encryption", Send(record(21, &[1, 0]))),
            (
                "an answer without encryption",
                Send(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n81.2.69.142".to_vec()),
            ),
            ("application data without encryption", Send(record(23, &[9; 100]))),
            ("empty application data without end", Forever(record(23, &[]))),
            ("changes of the cipher without end", Forever(record(20, &[1]))),
            ("a new hello", Send(record(22, &[1, 0, 0, 0]))),
            ("silence", Wait),
        ] {
            add(format!("{versions:?} after the request: {name}"), Refused, Play::Established(vec![step]));
        }
        for at in (0..130).step_by(13) {
            add(format!("{versions:?} a reset in the answer after {at} bytes"), Either, Play::Reset(at));
        }
    }
    rows.push(row("three new keys", Taken, Play::KeyUpdates(3)));
    rows.push(row("10,000 new keys", Either, Play::KeyUpdates(10_000)));
    rows.push(row("5,000 session tickets", Either, Play::Tickets(5000)));
    rows
}

/// A socket that refuses to send more than some bytes.
struct Limited<'a> {
    tcp: &'a TcpStream,
    left: usize,
}

impl Read for Limited<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(buf)
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let length = buf.len().min(self.left);
        if length == 0 && !buf.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let sent = self.tcp.write(&buf[..length])?;
        self.left -= sent;
        Ok(sent)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Fake {
    /// Starts a hostile TLS server at an address, with a certificate of the fake's authority. `answer` is its good
    /// answer to every request.
    pub fn tls_server(&self, at: &str, row: &TlsRow, answer: &str) -> RawServer {
        let config = self.authority.server(Tls::Good(Key::default(), row.versions)).expect("TLS");
        let mut config = ServerConfig::clone(&config);
        if let Play::Tickets(count) = row.play {
            config.send_tls13_tickets = count;
            config.ticketer = rustls::crypto::ring::Ticketer::new().expect("a ticketer");
        }
        let (config, play, answer) = (Arc::new(config), row.play.clone(), answer.to_owned());
        RawServer::start(at, move |tcp| serve(tcp, &config, &play, &answer))
    }
}

fn serve(tcp: TcpStream, config: &Arc<ServerConfig>, play: &Play, answer: &str) {
    let after = match play {
        Play::Raw(steps) => return play_plain(tcp, steps),
        Play::Cut(_, steps) | Play::Established(steps) => steps.clone(),
        _ => Vec::new(),
    };
    let left = if let Play::Cut(at, _) = play { *at } else { usize::MAX };
    let mut socket = Limited { tcp: &tcp, left };
    let Ok(mut session) = ServerConnection::new(Arc::clone(config)) else { return };
    // An error means that the limit is reached, or that the client has gone.
    let _ = converse(&mut session, &mut socket, play, answer);
    if let Ok(mut wire) = crate::wire::Wire::open(tcp, None, None, Arc::default()) {
        let _ = super::play(&after, &mut wire);
    }
}

fn converse(
    session: &mut ServerConnection,
    socket: &mut Limited,
    play: &Play,
    answer: &str,
) -> io::Result<()> {
    while session.is_handshaking() {
        session.complete_io(socket)?;
    }
    if let Play::Reset(at) = play {
        // The request arrives and is not read, so that closing the connection resets it. It may have been read already,
        // with the end of the handshake.
        socket.tcp.set_read_timeout(Some(Duration::from_millis(500)))?;
        session.writer().write_all(&answer.as_bytes()[..(*at).min(answer.len())])?;
        while session.wants_write() {
            session.write_tls(socket)?;
        }
        socket.tcp.peek(&mut [0; 1])?;
        return Ok(());
    }
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        match Stream::new(session, socket).read(&mut buffer)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&buffer[..n]),
        }
    }
    if let Play::KeyUpdates(count) = play {
        for _ in 0..*count {
            session.refresh_traffic_keys().map_err(io::Error::other)?;
            session.write_tls(socket)?;
        }
    }
    if !matches!(play, Play::Established(_)) {
        let mut stream = Stream::new(session, socket);
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
        // The client closes the connection, or sends another request, which gets no answer.
        let _ = stream.read(&mut buffer)?;
    }
    Ok(())
}
