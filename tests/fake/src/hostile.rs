//! Answers of servers at their worst, byte by byte, and how they are sent. A row is one answer to one request; the rows
//! do not depend on who sends them: Gandi, an echo service, a monitor or a router.

mod framing;
mod http;
mod json;
mod packet;
mod tls;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub use http::{Good, cut_rows, http_rows};
pub use json::json_rows;
pub use packet::{packets, ssdp_packets};
pub use tls::{Play, TlsRow, tls_rows};

use crate::lock;
use crate::wire::{Stop, Wire};

/// One step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these parts at once; with TLS, each in records of its own.
    Together(Vec<Vec<u8>>),
    /// Sends these bytes again and again, until the client disconnects.
    Forever(Vec<u8>),
    /// Sends one byte per 300 ms.
    Drip(Vec<u8>),
    /// Sends nothing until the client disconnects.
    Wait,
    /// Serves further requests on the connection. Without this step it is closed.
    KeepAlive,
}

/// The reaction to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The answer is worth nothing: an error, and no write because of it.
    Refused,
    /// The answer is well-formed, but does not say what was asked: refused, unless its body is not used.
    OffTopic,
    /// The answer is odd, but says what a good one says.
    Taken,
    /// Both are right.
    Either,
}

/// An answer of a hostile server.
#[derive(Clone, Debug)]
pub struct Row {
    /// A few words about it.
    pub name: String,
    /// The answer.
    pub steps: Vec<Step>,
    /// The right reaction.
    pub reaction: Reaction,
}

impl Row {
    /// Returns the row for a server whose answer is not needed.
    #[must_use]
    pub fn taken(&self) -> Self {
        Self { reaction: Reaction::Taken, ..self.clone() }
    }

    /// Returns true if the answer has no end, so that the client's timeout ends it.
    pub fn is_endless(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Forever(_) | Step::Drip(_) | Step::Wait))
    }
}

/// Sends the steps. Returns true if the connection continues.
pub(crate) fn play(steps: &[Step], wire: &mut Wire) -> io::Result<bool> {
    for step in steps {
        match step {
            Step::Send(bytes) => wire.send(bytes)?,
            Step::Together(parts) => wire.send_together(parts)?,
            Step::Forever(bytes) => {
                let block = bytes.repeat(1 + 8192 / bytes.len());
                // Megabytes at once, and then slower: a hundred servers at full speed would need the whole machine.
                for n in 0.. {
                    wire.send(&block)?;
                    if n > 200 {
                        wire.stop.sleep(Duration::from_millis(3))?;
                    }
                }
            }
            Step::Drip(bytes) => wire.send_slowly(bytes, Duration::from_millis(300))?,
            Step::Wait => wire.wait_gone(),
            Step::KeepAlive => return Ok(true),
        }
    }
    Ok(false)
}

/// A TCP server without a protocol. It stops when it is dropped.
pub struct RawServer {
    port: u16,
    stop: Arc<AtomicBool>,
    connections: Arc<Mutex<Connections>>,
}

#[derive(Default)]
struct Connections {
    /// Number of connections so far.
    count: usize,
    /// The open ones, with their numbers.
    open: Vec<(usize, TcpStream)>,
}

impl RawServer {
    /// Listens at an address such as `0.0.0.0:0`, and calls `serve` with each connection, in a thread of its own. The
    /// connection is closed when it returns.
    ///
    /// # Panics
    /// If it cannot bind to the address.
    pub fn start(at: &str, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(at).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (stop, connections) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Connections>>::default());
        let server = Self { port, stop: Arc::clone(&stop), connections: Arc::clone(&connections) };
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(handle) = tcp.try_clone() else { continue };
                let (serve, connections) = (Arc::clone(&serve), Arc::clone(&connections));
                let id = {
                    let mut connections = lock(&connections);
                    connections.count += 1;
                    let id = connections.count;
                    connections.open.push((id, handle));
                    id
                };
                thread::spawn(move || {
                    serve(tcp);
                    // The last handle: now the connection is closed, or reset if something was not read.
                    lock(&connections).open.retain(|(open, _)| *open != id);
                });
            }
        });
        server
    }

    /// Returns its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the number of connections so far. Makes one itself, so that every earlier one has been counted.
    pub fn connections(&self) -> usize {
        let before = lock(&self.connections).count;
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        loop {
            let now = lock(&self.connections).count;
            if now > before {
                return now - 1;
            }
            thread::yield_now();
        }
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A connection wakes the thread from `accept`.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for (_, tcp) in &lock(&self.connections).open {
            let _ = tcp.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Plays the steps on a connection without TLS, after the first bytes of the client have arrived.
pub fn play_plain(tcp: TcpStream, steps: &[Step]) {
    play_answer(tcp, |_| steps.to_vec());
}

/// Does the same without reading what has arrived: closing the connection then resets it.
pub fn play_and_reset(tcp: TcpStream, steps: &[Step]) {
    if tcp.peek(&mut [0; 1]).is_ok_and(|n| n > 0) {
        send(tcp, steps);
    }
}

/// Reads the first bytes of the client, which may be a whole request, and plays the steps that `answer` returns for
/// them.
pub fn play_answer(tcp: TcpStream, answer: impl FnOnce(&str) -> Vec<Step>) {
    let mut buffer = [0; 16 * 1024];
    if let Ok(length @ 1..) = io::Read::read(&mut &tcp, &mut buffer) {
        send(tcp, &answer(&String::from_utf8_lossy(&buffer[..length])));
    }
}

fn send(tcp: TcpStream, steps: &[Step]) {
    if let Ok(mut wire) = Wire::open(tcp, None, None, Arc::new(Stop::default())) {
        // An error means that the client has gone.
        let _ = play(steps, &mut wire);
    }
}
