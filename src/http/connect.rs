//! The connections of the HTTP client: the addresses of its hosts, and TCP to each of them in turn.
//!
//! In place of ureq's own parts, for three reasons. Its resolver looks up both families at once, in a thread whose
//! failure to start aborts the program. Its connector gives up at the first address that fails in a way it does not
//! know, such as EAFNOSUPPORT for IPv6. And its errors do not tell whether a request has left this machine.

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::Timeout;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};

use super::error::{Unsent, is_local};
use crate::dns;
use crate::net::resolver::{self, ResolveError, lookup};
use crate::net::{Device, Family, bind};

/// The shortest time for one of several addresses, unless less is left.
const MIN_PER_ADDRESS: Duration = Duration::from_secs(1);
/// The time for a name after others without an answer, unless less is left: a fault of one name is none of the next.
const MIN_PER_NAME: Duration = Duration::from_secs(2);
/// Maximum number of addresses of one host that are tried, which is the capacity of ureq's list.
const MAX_ADDRESSES: usize = 16;

/// The addresses of the hosts so far, for requests over one address family and by one interface. ureq asks for them before
/// each request, even if the connection is reused.
#[derive(Clone)]
pub(super) struct Names(Arc<Hosts>);

struct Hosts {
    /// The family; `None` for any.
    family: Option<Family>,
    /// The interface that questions and connections leave by; `None` for the system's choice.
    device: Option<Device>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Host (and port, if the URL has one), addresses.
    hosts: Vec<(String, Vec<IpAddr>)>,
    /// The time that lookups without an answer have taken; all of them may take [`resolver::TIMEOUT`], and then
    /// [`MIN_PER_NAME`] each. Behind a name server that does not answer for one family, each echo service would
    /// otherwise take the whole timeout, and leave no time for the other family.
    unanswered: Duration,
}

impl Names {
    pub(super) fn new(family: Option<Family>, device: Option<Device>) -> Self {
        Self(Arc::new(Hosts { family, device, known: Mutex::default() }))
    }

    /// Returns true if these are the addresses for `family` and `device`.
    pub(super) fn is_of(&self, family: Option<Family>, device: Option<&Device>) -> bool {
        self.0.family == family && self.0.device.as_ref() == device
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves `host`, which may have a port, within `timeout`; a host that is known already takes no time.
    #[inline(never)]
    pub(super) fn resolve(&self, host: &str, timeout: Duration) -> Result<(), ResolveError> {
        let mut budget = timeout;
        {
            let known = self.known();
            if known.hosts.iter().any(|(name, _)| name == host) {
                return Ok(());
            }
            // The two families of a host share the time already.
            if self.0.family.is_some() {
                let left = resolver::TIMEOUT.saturating_sub(known.unanswered);
                budget = timeout.min(left.max(MIN_PER_NAME));
            }
        }
        let end = host.rfind(':').filter(|_| !host.ends_with(']')).unwrap_or(host.len());
        let name = host[..end].trim_matches(['[', ']']);
        let addresses = match name.parse::<IpAddr>() {
            Ok(address) if self.0.family.is_none_or(|only| only == Family::of(address)) => vec![address],
            Ok(_) => return Err(ResolveError::NotFound),
            Err(_) => self.lookup(name, budget)?,
        };
        self.known().hosts.push((host.to_owned(), addresses));
        Ok(())
    }

    /// Looks up a name. By an interface where no name server answers, or if only this machine knows the name, the
    /// system's resolver is asked: the connection leaves by that interface all the same.
    fn lookup(&self, name: &str, timeout: Duration) -> Result<Vec<IpAddr>, ResolveError> {
        let started = Instant::now();
        let wait = |found: &Result<_, _>| {
            if let Err(ResolveError::TimedOut(_) | ResolveError::NoAnswer) = found {
                self.known().unanswered += started.elapsed();
            }
        };
        let is_answered = self.known().unanswered.is_zero();
        if let (Some(device), Some(family), true) = (&self.0.device, self.0.family, is_answered) {
            let found = dns::lookup::lookup(name, family, device, timeout);
            wait(&found);
            if found.is_ok() {
                return found;
            }
        }
        let found = lookup(name, self.0.family, timeout.saturating_sub(started.elapsed()));
        wait(&found);
        found
    }
}

impl Resolver for Names {
    /// Returns the addresses that [`Names::resolve`] has found.
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let mut addresses = self.empty();
        for (name, found) in &self.known().hosts {
            if name == host && addresses.is_empty() {
                for address in found.iter().take(MAX_ADDRESSES) {
                    addresses.push(SocketAddr::new(*address, port));
                }
            }
        }
        if addresses.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(addresses) }
    }
}

/// Connects by TCP, and by TLS where the URL says so.
pub(super) struct Connect {
    tls: RustlsConnector,
    names: Names,
}

impl Connect {
    pub(super) fn new(names: Names) -> Self {
        Self { tls: RustlsConnector::default(), names }
    }
}

/// A connection by TCP or TLS. It is used again only if nothing of it is left: what follows a response would be taken for
/// the response to the next request.
pub(super) struct Connection(<RustlsConnector as Connector<Socket>>::Out);

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout)
    }

    /// ureq looks at its own buffer and at the socket. Bytes that TLS has received and ureq has not are in between.
    fn is_open(&mut self) -> bool {
        let at_once = NextTimeout { after: Duration::ZERO.into(), ..NextTimeout::default() };
        self.0.is_open() && matches!(self.0.await_input(at_once), Err(ureq::Error::Timeout(_)))
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

impl Connector for Connect {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        let socket = tcp(details, self.names.0.device.as_ref())?;
        let connected = self.tls.connect(details, Some(socket));
        connected.map(|transport| transport.map(Connection)).map_err(|error| match error {
            ureq::Error::Timeout(_) => ureq::Error::Timeout(Timeout::Connect),
            ureq::Error::Io(e) if is_local(&e) => unsent("connect to", e),
            // A certificate that is refused is an error of rustls inside.
            ureq::Error::Io(e) if e.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()) => {
                ureq::Error::Tls("the connection ended during the handshake")
            }
            other => other,
        })
    }
}

/// Connects to the first address that accepts. Each one gets an equal share of the time that the ones before it have
/// left.
#[inline(never)]
fn tcp(details: &ConnectionDetails, device: Option<&Device>) -> Result<Socket, ureq::Error> {
    let deadline = Instant::now() + *details.timeout.after;
    let mut error: Option<io::Error> = None;
    for (tried, address) in details.addrs.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let others = u32::try_from(details.addrs.len() - tried).unwrap_or(u32::MAX);
        let timeout = (left / others).max(MIN_PER_ADDRESS).min(left);
        if timeout.is_zero() {
            break;
        }
        match bind::tcp(*address, device, timeout) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|e| unsent("connect to", e))?;
                let (input, output) =
                    (details.config.input_buffer_size(), details.config.output_buffer_size());
                return Ok(Socket { stream, buffers: LazyBuffers::new(input, output) });
            }
            // The first one, unless this machine cannot reach that address at all, as without IPv6.
            Err(e) if error.as_ref().is_none_or(is_local) => error = Some(e),
            Err(_) => {}
        }
    }
    Err(unsent("connect to", error.unwrap_or_else(|| ErrorKind::TimedOut.into())))
}

fn unsent(action: &'static str, cause: io::Error) -> ureq::Error {
    ureq::Error::Other(Box::new(Unsent { action, cause }))
}

/// A TCP connection whose errors tell if this machine refused to send.
pub(super) struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let (deadline, mut output) = (Instant::now() + *timeout.after, &self.buffers.output()[..amount]);
        while !output.is_empty() {
            let left = left(deadline, timeout)?;
            match self.stream.set_write_timeout(Some(left)).and_then(|()| self.stream.write(output)) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(sent) => output = &output[sent..],
                Err(e) if is_passing(&e) => {}
                // Without these bytes the request is incomplete, so that the server cannot act on it.
                Err(e) if is_local(&e) => return Err(unsent("send to", e)),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let deadline = Instant::now() + *timeout.after;
        loop {
            let left = left(deadline, timeout)?;
            let buffer = self.buffers.input_append_buf();
            match self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(buffer)) {
                Ok(read) => {
                    self.buffers.input_appended(read);
                    return Ok(read > 0);
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Returns true if the peer has neither closed the connection nor sent anything that was not asked for.
    fn is_open(&mut self) -> bool {
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let is_idle = peeked.is_err_and(|e| e.kind() == ErrorKind::WouldBlock);
        is_idle && self.stream.set_nonblocking(false).is_ok()
    }
}

/// Returns true if the deadline decides: at a timeout, or if the process was stopped and continued (signal(7)).
fn is_passing(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Returns the time until the deadline, or the error of `timeout` if none is left.
fn left(deadline: Instant, timeout: NextTimeout) -> Result<Duration, ureq::Error> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ureq::Error::Timeout(timeout.reason)),
        left => Ok(left),
    }
}

// ureq requires `Debug` of its parts, and never uses it here.
macro_rules! debug_as_name {
    ($($part:ident)*) => {$(
        impl fmt::Debug for $part {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($part))
            }
        }
    )*};
}
debug_as_name!(Names Connect Connection Socket);
