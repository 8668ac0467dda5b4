//! A fake Gandi for tests: LiveDNS, token routes, echo services and DNS servers over real sockets, with fault
//! injection.
//!
//! ```text
//! let fake = Fake::start();                        // https, good certificate, an empty account
//! fake.accept_bearer("pat_x");
//! fake.add_domain("example.org");
//! fake.set("example.org", "home", "A", 300, &["198.51.100.7"]);
//! let echoes = fake.echoes(3, Family::V4);         // 127.0.0.2 to .4, plain http
//! fake.set_address(Family::V4, "81.2.69.142");
//! … run the program with `api = {fake.api()}`, `ca_file` with the text `fake.ca_pem()`, `ipv4 = {echo.url()} …`
//! assert_eq!(fake.get("example.org", "home", "A").unwrap().values, ["81.2.69.142"]);
//! assert_eq!(fake.violations(), [""; 0]);
//! ```
//!
//! - Account: `accept_bearer`, `accept_bearer_for` (some domains only), `accept_apikey`, `revoke_all`; `add_domain`,
//!   `add_domain_without_zone`, `set_nameservers`, `set_current`; `set`, `get`, `remove`, `zone_text`.
//! - Organizations: `set_organization` moves a domain to one. Requests about it are a 404 without `sharing_id`, or with
//!   another one. `links_repeat_sharing_id`: the links to next pages name it, too.
//! - Tokens: `set_left`, `renewal_revokes`, `renewals`, `revoke`, `accepts`. Their requests are logged with the
//!   listeners `id` and `organization`, those of the domain API with `domain`.
//! - Faults: `fake.fault(On::route("PUT", "/home/A"), Times::Once, Fault::DropAfter)`, see [`On`] and [`Fault`]. The
//!   first fault that matches and is not used up is applied. `fault_at_accept(times, AtAccept::…)` is for faults before
//!   any request. `refuse` and `restore` close and reopen the port. An [`Echo`] has the same methods.
//! - Log: `requests`, `puts`, `count`, `connections`, `failed_handshakes`, `violations`. A request is logged on arrival
//!   and its status before the first byte of the response, so a client that has the response finds both in the log.
//! - Waiting without sleeping: `wait_for_request`, `wait_until`, `wait_for_connections`, `wait_for_failed_handshakes`.
//! - Hook: `before_answer` is called after the effect of a request and before its response.
//! - Violations are requests that the program must never send, even if Gandi accepts them: an unknown path or method
//!   (PUT on all `records` is one), a malformed request, a PUT without its `Content-Type`, a body that is not an object
//!   or has unknown keys, an invalid name, a credential sent to an echo service.
//!
//! Guesses, because Gandi's response is not known: GET of a name without records is `200 []`; POST on an existing RRset
//! is a 409; PATCH has no route; any `sharing_id` for a domain of the default organization is a 404; the messages of a 400, except for `rrset_ttl`, and of a 409; the refusal of a renewal;
//! and `tokeninfo` refuses a bad token as LiveDNS does.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot set up its fake must fail"
)]
#![allow(clippy::must_use_candidate, reason = "test code, not a library for others")]

mod account;
mod body;
mod dns;
mod domains;
mod echo;
mod fault;
pub mod hostile;
mod http;
mod json;
mod livedns;
mod log;
mod name_server;
mod port;
mod responses;
mod server;
mod tls;
mod token;
mod udp_server;
mod wire;
mod zone;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use crate::{
    dns::{Dns, DnsFault, DnsQuery},
    echo::{Echo, Family},
    fault::{Answer, AtAccept, Fault, Framing, On, Times},
    log::Logged,
    name_server::{NameAnswer, NameServer},
    port::ReservedPort,
    tls::{Group, Key, Tls, Versions},
    zone::Rrset,
};

use crate::fault::Queue;
use crate::http::Request;
use crate::log::Log;
use crate::server::{Server, Service};
use crate::tls::Authority;
use crate::zone::Account;

/// The options of a [`Fake`].
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The TLS setup of LiveDNS. By default a good certificate with an ECDSA key on P-256, and both TLS versions.
    pub tls: Tls,
    /// The address that LiveDNS listens on, by default `127.0.0.1`. IPv6 with or without brackets.
    pub address: &'a str,
    /// The port of LiveDNS. With 0, the default, any free port.
    pub port: u16,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { tls: Tls::default(), address: "127.0.0.1", port: 0 }
    }
}

/// The default addresses in the responses of the echo services.
#[derive(Default)]
struct Addresses {
    v4: String,
    v6: String,
}

/// A running fake. All its servers stop when it is dropped.
pub struct Fake {
    server: Server,
    account: Arc<Mutex<Account>>,
    log: Arc<Log>,
    authority: Authority,
    addresses: Arc<Mutex<Addresses>>,
    echoes: Mutex<Vec<Echo>>,
}

impl Fake {
    /// Starts LiveDNS on 127.0.0.1 and any free port, with a good certificate.
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// Starts LiveDNS with these options.
    pub fn start_with(setup: Setup<'_>) -> Self {
        let key = match setup.tls {
            Tls::Good(key, _) => key,
            Tls::Ed25519Authority => Key::Ed25519,
            _ => Key::default(),
        };
        let authority = Authority::new(key);
        let (account, log) = (Arc::<Mutex<Account>>::default(), Arc::<Log>::default());
        let tls = authority.server(setup.tls);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let handler = {
            let (account, log) = (Arc::clone(&account), Arc::clone(&log));
            Box::new(move |request: &Request| livedns::answer(&account, &log, scheme, request))
        };
        let service = Service {
            name: "livedns".to_owned(),
            tls,
            log: Arc::clone(&log),
            handler,
            faults: Queue::default(),
            at_accept: Queue::default(),
        };
        let ip = setup.address.trim_matches(['[', ']']).parse().expect("an IP address");
        let server = Server::start(ip, setup.port, service).expect("a port for LiveDNS");
        Self { server, account, log, authority, addresses: Arc::default(), echoes: Mutex::default() }
    }

    /// Returns the origin of LiveDNS, such as `https://127.0.0.1:8443`.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// Returns the value of `api` in a config: the origin and `/v5/livedns`.
    pub fn api(&self) -> String {
        format!("{}/v5/livedns", self.origin())
    }

    /// Returns the port of LiveDNS.
    pub fn port(&self) -> u16 {
        self.server.local.port()
    }

    /// Returns the certificate of the authority in PEM, for `ca_file`.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Stops to listen and closes every connection to LiveDNS. Connections are refused from now on.
    pub fn refuse(&self) {
        self.server.stop();
    }

    /// Listens again on the same port.
    pub fn restore(&self) {
        self.server.restart().expect("the port again");
    }
}

/// Faults of LiveDNS.
impl Fake {
    /// Adds a fault for requests to LiveDNS.
    pub fn fault(&self, on: On, times: Times, fault: Fault) {
        self.server.service.faults.push(on, times, fault);
    }

    /// Adds a fault for connections to LiveDNS.
    pub fn fault_at_accept(&self, times: Times, fault: AtAccept) {
        self.server.service.at_accept.push((), times, fault);
    }

    /// Returns a function that does the same, for [`Fake::before_answer`].
    pub fn faults_at_accept(&self) -> impl Fn(Times, AtAccept) + Send + Sync + 'static {
        let service = Arc::clone(&self.server.service);
        move |times, fault| service.at_accept.push((), times, fault)
    }

    /// Removes all faults of LiveDNS.
    pub fn clear_faults(&self) {
        self.server.service.faults.clear();
        self.server.service.at_accept.clear();
    }
}

/// The log.
impl Fake {
    /// Returns every request so far, including those to echo services.
    pub fn requests(&self) -> Vec<Logged> {
        self.log.requests()
    }

    /// Returns the PUT requests so far.
    pub fn puts(&self) -> Vec<Logged> {
        self.log.requests().into_iter().filter(|request| request.method == "PUT").collect()
    }

    /// Returns the number of requests with this method to LiveDNS.
    pub fn count(&self, method: &str) -> usize {
        let ours = |request: &&Logged| request.listener == "livedns" && request.method == method;
        self.log.requests().iter().filter(ours).count()
    }

    /// Returns the number of TCP connections so far, including those to echo services.
    pub fn connections(&self) -> usize {
        self.log.connections()
    }

    /// Returns the number of failed TLS handshakes, for example because the client refused the certificate.
    pub fn failed_handshakes(&self) -> usize {
        self.log.failed_handshakes()
    }

    /// Returns descriptions of the requests that the program must not send, see the crate's documentation.
    pub fn violations(&self) -> Vec<String> {
        self.log.violations()
    }

    /// Waits for the `n`th request in total, counted from 1. Returns false at the timeout.
    pub fn wait_for_request(&self, n: usize, timeout: Duration) -> bool {
        self.wait_until(timeout, |requests| requests.len() >= n)
    }

    /// Waits until the requests so far satisfy `enough`. Returns false at the timeout.
    pub fn wait_until(&self, timeout: Duration, enough: impl Fn(&[Logged]) -> bool) -> bool {
        self.log.wait_until(timeout, enough)
    }

    /// Waits for the `n`th connection in total, counted from 1. Returns false at the timeout.
    pub fn wait_for_connections(&self, n: usize, timeout: Duration) -> bool {
        self.log.wait_for_connections(n, timeout)
    }

    /// Waits for the `n`th failed handshake, which the fake may notice later than the client. Returns false at the
    /// timeout.
    pub fn wait_for_failed_handshakes(&self, n: usize, timeout: Duration) -> bool {
        self.log.wait_for_failed_handshakes(n, timeout)
    }

    /// Sets a function that is called with each request and the text of the zones, after the effect and before the
    /// response.
    pub fn before_answer(&self, hook: impl Fn(&Logged, &str) + Send + Sync + 'static) {
        let account = Arc::clone(&self.account);
        self.log.set_hook(Arc::new(move |logged| {
            let text = lock(&account).text();
            hook(logged, &text);
        }));
    }

    /// Does the same without the text of the zones, which takes long for a large zone.
    pub fn on_request(&self, hook: impl Fn(&Logged) + Send + Sync + 'static) {
        self.log.set_hook(Arc::new(hook));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.stop();
        // A test may still have clones of them.
        for echo in lock(&self.echoes).iter() {
            echo.refuse();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
