//! One accepted connection, plain or TLS, over a socket that can send byte by byte.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A stop flag that ends every sleep, so that a slow server stops at once.
#[derive(Default)]
pub(crate) struct Stop {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub(crate) fn set(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps. Returns an error if the server stops during that time.
    pub(crate) fn sleep(&self, time: Duration) -> io::Result<()> {
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(set, time, |set| !*set);
        let (set, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *set { Err(io::Error::other("the fake stops")) } else { Ok(()) }
    }
}

/// The socket below HTTP or TLS, which may send byte by byte.
struct Socket {
    tcp: TcpStream,
    drip: Option<Duration>,
    stop: Arc<Stop>,
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(buf)
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let Some(interval) = self.drip else { return self.tcp.write(buf) };
        if buf.is_empty() {
            return Ok(0);
        }
        self.stop.sleep(interval)?;
        self.tcp.write(&buf[..1])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

enum Layer {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

/// A connection for HTTP.
pub(crate) struct Wire {
    layer: Layer,
    /// Bytes that were read and not consumed.
    pub(crate) ahead: Vec<u8>,
    pub(crate) stop: Arc<Stop>,
}

impl Wire {
    /// Wraps an accepted socket and completes the TLS handshake, if any.
    pub(crate) fn open(
        tcp: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        drip: Option<Duration>,
        stop: Arc<Stop>,
    ) -> io::Result<Self> {
        // Bytes that are sent slowly must not be merged into one packet.
        tcp.set_nodelay(true)?;
        let mut socket = Socket { tcp, drip, stop: Arc::clone(&stop) };
        let layer = match tls {
            None => Layer::Plain(socket),
            Some(config) => {
                let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
                while session.is_handshaking() {
                    if let Err(e) = session.complete_io(&mut socket) {
                        // It has written one buffer. The alert may be in the next one.
                        while session.wants_write() && session.write_tls(&mut socket).is_ok_and(|n| n > 0) {}
                        return Err(e);
                    }
                }
                Layer::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        Ok(Self { layer, ahead: Vec::new(), stop })
    }

    fn socket(&mut self) -> &mut Socket {
        match &mut self.layer {
            Layer::Plain(socket) => socket,
            Layer::Tls(stream) => &mut stream.sock,
        }
    }

    /// Sends byte by byte from now on.
    pub(crate) fn drip_socket(&mut self, interval: Duration) {
        self.socket().drip = Some(interval);
    }

    /// Reads more bytes into `ahead`. Returns false at the end of the stream.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        let mut buf = [0; 4096];
        let n = match &mut self.layer {
            Layer::Plain(socket) => socket.read(&mut buf),
            Layer::Tls(stream) => stream.read(&mut buf),
        }?;
        self.ahead.extend_from_slice(&buf[..n]);
        Ok(n > 0)
    }

    /// Sends all bytes and flushes.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.layer {
            Layer::Plain(socket) => socket.write_all(bytes),
            Layer::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    /// Sends all parts at once; with TLS, each in records of its own.
    pub(crate) fn send_together(&mut self, parts: &[Vec<u8>]) -> io::Result<()> {
        match &mut self.layer {
            Layer::Plain(socket) => socket.write_all(&parts.concat()),
            Layer::Tls(stream) => {
                stream.conn.set_buffer_limit(None);
                for part in parts {
                    stream.conn.writer().write_all(part)?;
                }
                let mut records = Vec::new();
                while stream.conn.wants_write() {
                    stream.conn.write_tls(&mut records)?;
                }
                stream.sock.write_all(&records)
            }
        }
    }

    /// Sends one byte per `interval`.
    pub(crate) fn send_slowly(&mut self, bytes: &[u8], interval: Duration) -> io::Result<()> {
        for byte in bytes {
            self.stop.sleep(interval)?;
            self.send(&[*byte])?;
        }
        Ok(())
    }

    /// Waits until the client disconnects or the fake stops.
    pub(crate) fn wait_gone(&mut self) {
        wait_gone(&self.socket().tcp);
    }

    /// Closes the stream in order, so that the client gets everything that was sent even if it is still sending.
    pub(crate) fn finish(mut self) {
        if let Layer::Tls(stream) = &mut self.layer {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let tcp = &self.socket().tcp;
        let _ = tcp.shutdown(Shutdown::Write);
        let _ = tcp.set_read_timeout(Some(Duration::from_secs(1)));
        wait_gone(tcp);
    }
}

/// Reads and discards until the stream ends.
pub(crate) fn wait_gone(mut tcp: &TcpStream) {
    let mut buf = [0; 4096];
    while matches!(tcp.read(&mut buf), Ok(n) if n > 0) {}
}
