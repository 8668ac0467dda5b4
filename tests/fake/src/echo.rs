//! Echo services: web services that return the client's address. Each IPv4 one has its own loopback address, so that
//! the program counts each as another provider.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;

use crate::Fake;
use crate::fault::{AtAccept, Fault, On, Queue, Times};
use crate::http::{Request, Response};
use crate::lock;
use crate::log::Log;
use crate::server::{Server, Service};
use crate::tls::Tls;

/// The address family that an echo service listens on and returns addresses of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4, on 127.0.0.2, 127.0.0.3, …
    V4,
    /// IPv6, all on `[::1]`, the only loopback address. Several services differ only by port.
    V6,
}

type Source = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
struct Reply {
    status: u16,
    content_type: String,
    body: Source,
    /// The body is the client's address.
    is_mirror: bool,
}

/// A running echo service. A clone is another handle to the same service, which stops with its [`Fake`].
#[derive(Clone)]
pub struct Echo {
    server: Arc<Server>,
    reply: Arc<Mutex<Reply>>,
    log: Arc<Log>,
}

impl Echo {
    pub(crate) fn start(
        (ip, port): (IpAddr, u16),
        name: String,
        tls: Option<Arc<ServerConfig>>,
        log: &Arc<Log>,
        shared: Source,
    ) -> io::Result<Self> {
        let reply =
            Reply { status: 200, content_type: "text/plain".to_owned(), body: shared, is_mirror: false };
        let reply = Arc::new(Mutex::new(reply));
        let handler = {
            let (reply, log, name) = (Arc::clone(&reply), Arc::clone(log), name.clone());
            Box::new(move |request: &Request| answer(request, &lock(&reply).clone(), &log, &name))
        };
        let service = Service {
            name,
            tls,
            log: Arc::clone(log),
            handler,
            faults: Queue::default(),
            at_accept: Queue::default(),
        };
        let server = Arc::new(Server::start(ip, port, service)?);
        Ok(Self { server, reply, log: Arc::clone(log) })
    }

    /// Returns its URL, for `ipv4` or `ipv6` in a config.
    pub fn url(&self) -> String {
        format!("{}/", self.server.origin())
    }

    /// Sets the body, which should end with a newline. Until then it is the fake's address of the family.
    pub fn set(&self, body: &str) {
        let body = body.to_owned();
        self.answer_from(move || body.clone());
    }

    /// Sets a function that returns the body for each request.
    pub fn answer_from(&self, body: impl Fn() -> String + Send + Sync + 'static) {
        lock(&self.reply).body = Arc::new(body);
    }

    /// Sets the status.
    pub fn set_status(&self, status: u16) {
        lock(&self.reply).status = status;
    }

    /// Sets the `Content-Type`.
    pub fn set_content_type(&self, content_type: &str) {
        content_type.clone_into(&mut lock(&self.reply).content_type);
    }

    /// Returns the number of requests so far.
    pub fn count(&self) -> usize {
        self.log.requests().iter().filter(|r| r.listener == self.name()).count()
    }

    /// Returns the `listener` of its log entries.
    pub fn name(&self) -> &str {
        &self.server.service.name
    }

    /// Adds a fault for its requests.
    pub fn fault(&self, times: Times, fault: Fault) {
        self.server.service.faults.push(On::any(), times, fault);
    }

    /// Adds a fault for its connections.
    pub fn fault_at_accept(&self, times: Times, fault: AtAccept) {
        self.server.service.at_accept.push((), times, fault);
    }

    /// Removes its faults.
    pub fn clear_faults(&self) {
        self.server.service.faults.clear();
        self.server.service.at_accept.clear();
    }

    /// Closes the port: connections are refused.
    pub fn refuse(&self) {
        self.server.stop();
    }

    /// Opens the port again.
    ///
    /// # Panics
    /// If another process has taken the port.
    pub fn restore(&self) {
        self.server.restart().expect("the port again");
    }

    /// Waits until it has got `n` requests in total. Returns false at the timeout.
    pub fn wait_for_request(&self, n: usize, timeout: Duration) -> bool {
        let name = self.name();
        self.log.wait_until(timeout, |all| all.iter().filter(|r| r.listener == name).count() >= n)
    }
}

/// Echo services.
impl Fake {
    /// Starts the echo service `n` over plain HTTP. `n` is 1 to 8, for 127.0.0.2 to 127.0.0.9 with [`Family::V4`].
    pub fn echo(&self, n: u8, family: Family) -> Echo {
        self.start_echo(n, family, Tls::None)
    }

    /// Starts an echo service over TLS, with a certificate of the fake's authority or a bad one.
    pub fn echo_tls(&self, n: u8, family: Family, tls: Tls) -> Echo {
        self.start_echo(n, family, tls)
    }

    /// Starts an echo service over TLS on port 443, as the real ones. This needs a network namespace of the test's own.
    pub fn echo_https(&self, n: u8, family: Family, tls: Tls) -> Echo {
        self.start_echo_at(n, 443, family, tls)
    }

    /// Starts an echo service over TLS on port 443 of any address that answers with the client's address. This needs a
    /// network namespace of the test's own.
    pub fn mirror(&self, at: IpAddr) -> Echo {
        let echo =
            self.start_echo_on((at, 443), format!("mirror {at}"), Tls::default(), Arc::new(String::new));
        lock(&echo.reply).is_mirror = true;
        echo
    }

    /// Starts the echo services 1 to `count` over plain HTTP.
    pub fn echoes(&self, count: u8, family: Family) -> Vec<Echo> {
        (1..=count).map(|n| self.echo(n, family)).collect()
    }

    /// Sets the address in the responses of all echo services of the family, and adds a newline. Until then they are
    /// empty.
    pub fn set_address(&self, family: Family, address: &str) {
        let mut addresses = lock(&self.addresses);
        let which = if family == Family::V4 { &mut addresses.v4 } else { &mut addresses.v6 };
        *which = format!("{address}\n");
    }

    fn start_echo(&self, n: u8, family: Family, tls: Tls) -> Echo {
        self.start_echo_at(n, 0, family, tls)
    }

    fn start_echo_at(&self, n: u8, port: u16, family: Family, tls: Tls) -> Echo {
        let addresses = Arc::clone(&self.addresses);
        let shared = Arc::new(move || {
            let addresses = lock(&addresses);
            if family == Family::V4 { addresses.v4.clone() } else { addresses.v6.clone() }
        });
        let (ip, name) = match family {
            Family::V4 => (IpAddr::V4(Ipv4Addr::new(127, 0, 0, n + 1)), format!("echo{n}")),
            Family::V6 => (IpAddr::V6(Ipv6Addr::LOCALHOST), format!("echo6-{n}")),
        };
        self.start_echo_on((ip, port), name, tls, shared)
    }

    fn start_echo_on(&self, at: (IpAddr, u16), name: String, tls: Tls, body: Source) -> Echo {
        let tls = self.authority.server(tls);
        let echo = Echo::start(at, name, tls, &self.log, body).expect("a port for the echo service");
        lock(&self.echoes).push(echo.clone());
        echo
    }
}

fn answer(request: &Request, reply: &Reply, log: &Log, name: &str) -> Response {
    if request.header("Authorization").is_some() {
        log.violation(format!("{name}: was shown a credential"));
    }
    if request.method != "GET" || !request.body.is_empty() {
        log.violation(format!("{name}: {} with {} bytes of body", request.method, request.body.len()));
        return Response::new(405, "text/plain", "");
    }
    let body = match request.client {
        Some(client) if reply.is_mirror => client.to_string(),
        _ => (reply.body)(),
    };
    Response::new(reply.status, &reply.content_type, &body)
}
