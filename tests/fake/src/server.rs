//! One listener: a thread that accepts connections, a thread for each connection, faults between request and response,
//! and a stop that never hangs.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustls::ServerConfig;
use socket2::SockRef;

use crate::fault::{AtAccept, Fault, Framing, On, Queue};
use crate::hostile::play;
use crate::http::{self, Connection, Received, Request, Response};
use crate::lock;
use crate::log::{Log, Logged};
use crate::port::ReservedPort;
use crate::token;
use crate::wire::{Stop, Wire, wait_gone};

type Handler = Box<dyn Fn(&Request) -> Response + Send + Sync>;

/// The parts of a listener.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) log: Arc<Log>,
    pub(crate) handler: Handler,
    pub(crate) faults: Queue<On, Fault>,
    pub(crate) at_accept: Queue<(), AtAccept>,
}

/// A listener that can be stopped and started again on the same port.
pub(crate) struct Server {
    pub(crate) service: Arc<Service>,
    pub(crate) local: SocketAddr,
    port: ReservedPort,
    running: Mutex<Option<Running>>,
}

struct Running {
    listener: TcpListener,
    stop: Arc<Stop>,
    open: Arc<Open>,
    accepting: JoinHandle<()>,
}

/// The open connections, which `stop` closes.
type Open = Mutex<BTreeMap<usize, TcpStream>>;

impl Server {
    pub(crate) fn start(ip: IpAddr, port: u16, service: Service) -> io::Result<Self> {
        let port = ReservedPort::new(ip, port)?;
        let service = Arc::new(service);
        let running = Mutex::new(Some(run(port.listen()?, &service)?));
        Ok(Self { service, local: port.address(), port, running })
    }

    pub(crate) fn origin(&self) -> String {
        let scheme = if self.service.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.local)
    }

    /// Closes the port, which stays reserved, and every connection. Connections are refused from now on.
    pub(crate) fn stop(&self) {
        let Some(running) = lock(&self.running).take() else { return };
        running.stop.set();
        // It wakes the thread from `accept`. A close alone would not end the listening: a program that another test
        // starts holds a copy of the socket until its exec.
        if SockRef::from(&running.listener).shutdown(Shutdown::Both).is_ok() {
            let _ = running.accepting.join();
        }
        for connection in lock(&running.open).values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Opens the port again after `stop`.
    pub(crate) fn restart(&self) -> io::Result<()> {
        let mut running = lock(&self.running);
        if running.is_none() {
            *running = Some(run(self.port.listen()?, &self.service)?);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(listener: TcpListener, service: &Arc<Service>) -> io::Result<Running> {
    let (stop, open) = (Arc::new(Stop::default()), Arc::new(Open::default()));
    let accepting = {
        let listener = listener.try_clone()?;
        let (service, stop, open) = (Arc::clone(service), Arc::clone(&stop), Arc::clone(&open));
        thread::spawn(move || accept(&listener, &service, &stop, &open))
    };
    Ok(Running { listener, stop, open, accepting })
}

fn accept(listener: &TcpListener, service: &Arc<Service>, stop: &Arc<Stop>, open: &Arc<Open>) {
    for tcp in listener.incoming() {
        if stop.is_set() {
            return;
        }
        let Ok(tcp) = tcp else { continue };
        let Ok(handle) = tcp.try_clone() else { continue };
        // Before the connection is counted, because a test that waits for the count may set the next fault.
        let fault = service.at_accept.take();
        let id = service.log.connection();
        lock(open).insert(id, handle);
        let (service, stop, open) = (Arc::clone(service), Arc::clone(stop), Arc::clone(open));
        thread::spawn(move || {
            // An error means that the client disconnected or the fake stops.
            let _ = connection(&service, id, tcp, fault, &stop);
            // The handle for `stop` keeps the socket open, so only a shutdown closes the connection.
            if let Some(handle) = lock(&open).remove(&id) {
                let _ = handle.shutdown(Shutdown::Both);
            }
        });
    }
}

fn connection(
    service: &Service,
    id: usize,
    tcp: TcpStream,
    fault: Option<AtAccept>,
    stop: &Arc<Stop>,
) -> io::Result<()> {
    let mut drip = None;
    match fault {
        None => {}
        Some(AtAccept::Close) => return Ok(()),
        Some(AtAccept::Delay(time)) => stop.sleep(time)?,
        Some(AtAccept::Hang) => {
            wait_gone(&tcp);
            return Ok(());
        }
        Some(AtAccept::Drip(interval)) => drip = Some(interval),
    }
    let tls = service.tls.clone();
    let client = tcp.peer_addr().ok().map(|peer| peer.ip());
    let mut wire =
        Wire::open(tcp, tls, drip, Arc::clone(stop)).inspect_err(|_| service.log.failed_handshake())?;
    loop {
        let mut request = match http::receive(&mut wire) {
            Received::Request(request) => request,
            Received::Closed => return Ok(()),
            Received::Broken(why) => {
                service.log.violation(format!("{}: {why}", service.name));
                let page = "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
                wire.send(&Response::new(400, "text/html", page).bytes(Connection::Close))?;
                wire.finish();
                return Ok(());
            }
        };
        request.client = client;
        if !exchange(service, id, &request, &mut wire)? {
            return Ok(());
        }
        if request.connection == Connection::Close {
            wire.finish();
            return Ok(());
        }
    }
}

/// Responds to one request, with a fault if one is set. Returns false if the connection ends here.
fn exchange(service: &Service, id: usize, request: &Request, wire: &mut Wire) -> io::Result<bool> {
    // Before the request is counted, because a test that waits for the count may set the next fault.
    let fault = service.faults.take(&request.method, &request.target).unwrap_or(Fault::Pass);
    let index = service.log.arrived(logged(service, id, request));
    let decided = |status| service.log.decided(index, status);
    let response = match &fault {
        Fault::Hang => {
            decided(0);
            wire.wait_gone();
            return Ok(false);
        }
        Fault::DropBefore => {
            decided(0);
            return Ok(false);
        }
        Fault::Answer(answer) => answer.response(),
        Fault::Redirect(url) => Response::new(302, "", "").header("Location", url),
        _ => (service.handler)(request),
    };
    match fault {
        Fault::DropAfter => decided(0),
        Fault::HangAfter => {
            decided(0);
            wire.wait_gone();
        }
        Fault::Pass | Fault::Answer(_) | Fault::Redirect(_) => {
            decided(response.status);
            wire.send(&response.bytes(request.connection))?;
            return Ok(true);
        }
        fault => {
            decided(response.status);
            return damaged(fault, response, request.connection, wire);
        }
    }
    Ok(false)
}

/// Sends a damaged response. Returns false if the connection ends here.
fn damaged(
    fault: Fault,
    mut response: Response,
    connection: Connection,
    wire: &mut Wire,
) -> io::Result<bool> {
    match fault {
        Fault::Delay(time) => wire.stop.sleep(time)?,
        Fault::DripSocket(interval) => wire.drip_socket(interval),
        Fault::Drip(interval) => {
            wire.send_slowly(&response.bytes(connection), interval)?;
            return Ok(true);
        }
        Fault::Truncate | Fault::Stall => {
            let bytes = response.bytes(connection);
            wire.send(&bytes[..bytes.len() - response.body.len().div_ceil(2)])?;
            if matches!(fault, Fault::Stall) {
                wire.wait_gone();
            }
            return Ok(false);
        }
        Fault::ThenClose => {
            wire.send(&response.bytes(connection))?;
            return Ok(false);
        }
        Fault::Flood { bytes, framing } => {
            flood(&response, bytes, framing, wire)?;
            return Ok(false);
        }
        Fault::Garbage => response.body = br#"{"rrset_type":"A","rrset_ttl":6"#.to_vec(),
        Fault::ContentType(wrong) => {
            response.headers.retain(|(name, _)| name != "Content-Type");
            response.headers.insert(0, ("Content-Type".to_owned(), wrong));
        }
        Fault::BigHeaders(size) => {
            // Half of it as many small headers and half as one long header, which clients limit separately.
            let small = (0..size / 128).map(|i| (format!("X-Padding-{i:08}"), "x".repeat(42)));
            let long = ("X-Padding".to_owned(), "x".repeat(size / 2));
            response.headers.splice(0..0, small.chain([long]));
        }
        Fault::Raw(bytes) => {
            wire.send(&bytes)?;
            return Ok(false);
        }
        Fault::Steps(steps) => return play(&steps, wire),
        // These were handled before there was a response.
        _ => {}
    }
    wire.send(&response.bytes(connection))?;
    Ok(true)
}

fn flood(response: &Response, bytes: usize, framing: Framing, wire: &mut Wire) -> io::Result<()> {
    const BLOCK: usize = 16 * 1024;
    let (name, value) = match framing {
        Framing::Chunked => ("Transfer-Encoding", "chunked"),
        Framing::UntilClose => ("Connection", "close"),
    };
    wire.send(&response.head(&[(name, value.to_owned())]))?;
    let mut block = vec![b'1'; BLOCK];
    if framing == Framing::Chunked {
        block.splice(0..0, format!("{BLOCK:x}\r\n").into_bytes());
        block.extend_from_slice(b"\r\n");
    }
    for _ in 0..bytes / BLOCK {
        wire.send(&block)?;
    }
    Ok(())
}

fn logged(service: &Service, connection: usize, request: &Request) -> Logged {
    Logged {
        connection,
        listener: token::listener(&request.target).map_or_else(|| service.name.clone(), str::to_owned),
        method: request.method.clone(),
        target: request.target.clone(),
        headers: request.headers.clone(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        status: 0,
    }
}
