//! An HTTP client over one connection, plain or TLS, which accepts any response.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use fake_gandi::Fake;

/// Read timeout and limit for waits: long enough for a busy machine, short enough for a hanging test.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Client {
    stream: Box<dyn Stream>,
    ahead: Vec<u8>,
    host: String,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A response as received.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Client {
    /// Connects to the host and port of an `http://` or `https://` URL.
    pub(super) fn connect(url: &str, ca: &str) -> io::Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let host = rest.split('/').next().unwrap();
        let tcp = TcpStream::connect(host)?;
        tcp.set_read_timeout(Some(TIMEOUT))?;
        let stream: Box<dyn Stream> = if scheme == "https" { Box::new(tls(tcp, ca)?) } else { Box::new(tcp) };
        Ok(Self { stream, ahead: Vec::new(), host: host.to_owned() })
    }

    pub(super) fn to(fake: &Fake) -> Self {
        Self::connect(&fake.origin(), &fake.ca_pem()).unwrap()
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).unwrap();
    }

    /// Sends a request with the token `good` and reads the response.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> Reply {
        self.ask_as(Some("Bearer good"), method, path, body)
    }

    pub(super) fn ask_as(&mut self, who: Option<&str>, method: &str, path: &str, body: &str) -> Reply {
        self.request(who, method, path, body);
        self.reply().unwrap()
    }

    pub(super) fn request(&mut self, who: Option<&str>, method: &str, path: &str, body: &str) {
        let host = &self.host;
        let who = who.map(|who| format!("Authorization: {who}\r\n")).unwrap_or_default();
        let length = body.len();
        let content = if method == "PUT" || method == "POST" {
            format!("Content-Type: application/json\r\nContent-Length: {length}\r\n")
        } else {
            String::new()
        };
        let text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{who}{content}\r\n{body}");
        self.send(text.as_bytes());
    }

    /// Reads one response, with the length of `Content-Length` or, without that header, to the end of the stream.
    pub(super) fn reply(&mut self) -> io::Result<Reply> {
        let end = loop {
            if let Some(end) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            self.fill()?;
        };
        let head = String::from_utf8(self.ahead.drain(..end).collect()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut reply = Reply { status, head, body: String::new() };
        let length = match reply.header("Content-Length") {
            _ if status == 204 => 0,
            Some(length) => length.parse().unwrap(),
            None => {
                while self.fill().is_ok() {}
                self.ahead.len()
            }
        };
        while self.ahead.len() < length {
            self.fill()?;
        }
        reply.body = String::from_utf8(self.ahead.drain(..length).collect()).unwrap();
        Ok(reply)
    }

    /// Reads until the server closes or resets the connection.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        while self.fill().is_ok() {}
        std::mem::take(&mut self.ahead)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut buf = [0; 16 * 1024];
        let read = self.stream.read(&mut buf);
        // A read timeout must not count as the end of the stream.
        assert!(
            !matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock),
            "no answer in time"
        );
        let n = read?;
        self.ahead.extend_from_slice(&buf[..n]);
        if n == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

fn tls(mut tcp: TcpStream, ca: &str) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::from(tcp.peer_addr()?.ip());
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(session, tcp))
}
