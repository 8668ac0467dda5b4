//! A Gandi of our own: `LiveDNS`, address services and all that goes wrong with them, over real sockets.
//!
//! ```text
//! let fake = Fake::start();                        // https, good certificate, an empty account
//! fake.accept_bearer("pat_x");
//! fake.add_domain("example.org");
//! fake.set("example.org", "home", "A", 300, &["198.51.100.7"]);
//! let echoes = fake.echoes(3, Family::V4);         // 127.0.0.2 to .4, plain http
//! fake.set_address(Family::V4, "81.2.69.142");
//! … run the program with `api = {fake.api()}`, `ca_file` holding `fake.ca_pem()`, `ipv4 = {echo.url()} …`
//! assert_eq!(fake.get("example.org", "home", "A").unwrap().values, ["81.2.69.142"]);
//! assert_eq!(fake.violations(), [""; 0]);
//! ```
//!
//! - The account: `accept_bearer`, `accept_bearer_for` (some domains only), `accept_apikey`, `revoke_all`;
//!   `add_domain`, `add_domain_without_zone`, `set_nameservers`, `set_current`; `set`, `get`, `remove`, `zone_text`.
//! - Faults: `fake.fault(On::route("PUT", "/home/A"), Times::Once, Fault::DropAfter)`; the first fault set that fits
//!   and is not used up strikes. `On::{any, method, path, route}`, see [`Fault`]. Before any request:
//!   `fault_at_accept(times, AtAccept::…)`. `refuse` and `restore` close and reopen the port. An [`Echo`] has the same.
//! - The log: `requests`, `puts`, `count`, `connections`, `failed_handshakes`, `violations`. A request is logged
//!   on arrival, its status before the first byte of the answer leaves: who has the answer finds the log complete.
//! - Waiting, without sleeping: `wait_for_request`, `wait_until`, `wait_for_connections`, `wait_for_failed_handshakes`.
//! - For a program that touches files: `before_answer`, a hook between a request's effect and its answer.
//! - Violations are what no client of ours may do, however Gandi answers it: a path or method that is not routed
//!   (PUT on all `records` among them), a broken request, a PUT without its `Content-Type`, a body that is not an object
//!   or has strange keys, a bad name, a credential shown to an echo service.
//!
//! - Tokens: `set_left`, `renewal_revokes`, `renewals`, `revoke`, `accepts`; logged as listeners `id` and `organization`.
//!
//! Guesses, where Gandi's answer is not known: GET of a name without records is `200 []`; POST over an existing `RRset`
//! is a 409; PATCH is not routed here; the wording of a 400 other than that for `rrset_ttl`, and of a 409; how
//! a renewal is refused, and that `tokeninfo` refuses a bad token as `LiveDNS` does.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot set up its fake must fail"
)]
#![allow(clippy::must_use_candidate, reason = "no library for others, test code")]

mod body;
mod dns;
mod echo;
mod fault;
mod http;
mod json;
mod livedns;
mod log;
mod server;
mod tls;
mod token;
mod wire;
mod zone;

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use crate::{
    dns::{Dns, DnsFault, DnsQuery},
    echo::{Echo, Family},
    fault::{Answer, AtAccept, Fault, On, Times},
    log::Logged,
    tls::{Key, Tls, Versions},
    zone::Rrset,
};

use crate::fault::Queue;
use crate::http::Request;
use crate::log::Log;
use crate::server::{Server, Service};
use crate::tls::Authority;
use crate::zone::{Account, Domain, Rrsets};

/// How to start a [`Fake`].
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Default: a good certificate, ECDSA on P-256, both versions.
    pub tls: Tls,
    /// Where `LiveDNS` listens, by default `127.0.0.1`; IPv6 with or without brackets.
    pub address: &'a str,
    /// 0, the default, takes any free port.
    pub port: u16,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { tls: Tls::default(), address: "127.0.0.1", port: 0 }
    }
}

/// The addresses that the echo services tell unless one is set apart.
#[derive(Default)]
struct Addresses {
    v4: String,
    v6: String,
}

/// A running fake. Everything stops when it is dropped.
pub struct Fake {
    server: Server,
    account: Arc<Mutex<Account>>,
    log: Arc<Log>,
    authority: Authority,
    addresses: Arc<Mutex<Addresses>>,
    echoes: Mutex<Vec<Echo>>,
}

impl Fake {
    /// `LiveDNS` on 127.0.0.1, any port, with a good certificate.
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// `LiveDNS` as wanted.
    pub fn start_with(setup: Setup<'_>) -> Self {
        let key = if let Tls::Good(key, _) = setup.tls { key } else { Key::default() };
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

    /// `https://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// The `api` of a config: the origin and `/v5/livedns`.
    pub fn api(&self) -> String {
        format!("{}/v5/livedns", self.origin())
    }

    /// The port of `LiveDNS`.
    pub fn port(&self) -> u16 {
        self.server.local.port()
    }

    /// The authority's certificate, for `ca_file`.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Stops listening and cuts every connection to `LiveDNS`: connection refused.
    pub fn refuse(&self) {
        self.server.stop();
    }

    /// Listens again, on the same port.
    pub fn restore(&self) {
        self.server.restart().expect("the port again");
    }
}

/// The account: credentials, domains, records.
impl Fake {
    /// From now on this personal access token is good, for every domain.
    pub fn accept_bearer(&self, token: &str) {
        self.account().bearers.insert(token.to_owned(), None);
    }

    /// From now on this personal access token is good, and sees these domains only.
    pub fn accept_bearer_for(&self, token: &str, domains: &[&str]) {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        self.account().bearers.insert(token.to_owned(), Some(domains));
    }

    /// From now on this key of the deprecated scheme is good.
    pub fn accept_apikey(&self, key: &str) {
        self.account().apikeys.push(key.to_owned());
    }

    /// From now on no credential is good.
    pub fn revoke_all(&self) {
        let mut account = self.account();
        account.bearers.clear();
        account.apikeys.clear();
    }

    /// Whether this token is good.
    pub fn accepts(&self, token: &str) -> bool {
        self.account().bearers.contains_key(token)
    }

    /// From now on this token is good no more.
    pub fn revoke(&self, token: &str) {
        self.account().bearers.remove(token);
    }

    /// How many seconds are left of a token; 200 days unless said.
    pub fn set_left(&self, token: &str, seconds: u64) {
        self.account().left.insert(token.to_owned(), seconds);
    }

    /// From now on a renewal ends the old token.
    pub fn renewal_revokes(&self) {
        self.account().renewal_revokes = true;
    }

    /// How many tokens have been renewed.
    pub fn renewals(&self) -> usize {
        self.account().renewals
    }

    /// Adds a domain with an empty zone.
    pub fn add_domain(&self, domain: &str) {
        self.account().domains.insert(domain.to_owned(), Domain::new(Some(Rrsets::new())));
    }

    /// Adds a domain that `LiveDNS` has no zone for.
    pub fn add_domain_without_zone(&self, domain: &str) {
        self.account().domains.insert(domain.to_owned(), Domain::new(None));
    }

    /// What `nameservers` answers; the default is three of `LiveDNS`.
    pub fn set_nameservers(&self, domain: &str, nameservers: &[&str]) {
        let nameservers = nameservers.iter().map(|name| (*name).to_owned()).collect();
        self.account().domains.get_mut(domain).expect("add_domain comes first").nameservers = nameservers;
    }

    /// Who serves the domain: `livedns` (the default), `classic`, `premium_dns`, `other`.
    pub fn set_current(&self, domain: &str, current: &str) {
        let mut account = self.account();
        let domain = account.domains.get_mut(domain).expect("add_domain comes first");
        current.clone_into(&mut domain.current);
    }

    /// Puts an `RRset` into the zone, unchecked.
    pub fn set(&self, domain: &str, name: &str, kind: &str, ttl: u32, values: &[&str]) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.account().zone(domain).insert((name.to_owned(), kind.to_owned()), Rrset { ttl, values });
    }

    /// What the zone holds there.
    pub fn get(&self, domain: &str, name: &str, kind: &str) -> Option<Rrset> {
        self.account().zone(domain).get(&(name.to_owned(), kind.to_owned())).cloned()
    }

    /// Takes an `RRset` out of the zone.
    pub fn remove(&self, domain: &str, name: &str, kind: &str) -> Option<Rrset> {
        self.account().zone(domain).remove(&(name.to_owned(), kind.to_owned()))
    }

    /// All zones as a master file: sorted lines such as `www.example.org. 300 IN A 192.0.2.1`, one per value.
    pub fn zone_text(&self) -> String {
        self.account().text()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        lock(&self.account)
    }
}

/// The address services.
impl Fake {
    /// Starts the echo service `n` (1 to 8, hence 127.0.0.2 to 127.0.0.9 for [`Family::V4`]), over plain HTTP.
    pub fn echo(&self, n: u8, family: Family) -> Echo {
        self.start_echo(n, family, Tls::None)
    }

    /// The same over TLS, with a certificate of the fake's authority or a bad one.
    pub fn echo_tls(&self, n: u8, family: Family, tls: Tls) -> Echo {
        self.start_echo(n, family, tls)
    }

    /// The same on port 443, where the real ones are: wants a namespace of the test's own.
    pub fn echo_https(&self, n: u8, family: Family, tls: Tls) -> Echo {
        self.start_echo_at(n, 443, family, tls)
    }

    /// The echo services 1 to `count`, over plain HTTP.
    pub fn echoes(&self, count: u8, family: Family) -> Vec<Echo> {
        (1..=count).map(|n| self.echo(n, family)).collect()
    }

    /// The address that all echo services of the family tell, from now on, newline added; until then they say nothing.
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
        let tls = self.authority.server(tls);
        let echo =
            Echo::start((n, port), family, tls, &self.log, shared).expect("a port for the echo service");
        lock(&self.echoes).push(echo.clone());
        echo
    }
}

/// Faults.
impl Fake {
    /// Lets requests to `LiveDNS` go wrong.
    pub fn fault(&self, on: On, times: Times, fault: Fault) {
        self.server.service.faults.push(on, times, fault);
    }

    /// Lets connections to `LiveDNS` go wrong.
    pub fn fault_at_accept(&self, times: Times, fault: AtAccept) {
        self.server.service.at_accept.push((), times, fault);
    }

    /// All is well with `LiveDNS` again.
    pub fn clear_faults(&self) {
        self.server.service.faults.clear();
        self.server.service.at_accept.clear();
    }
}

/// The log.
impl Fake {
    /// Every request so far, echo services' among them.
    pub fn requests(&self) -> Vec<Logged> {
        self.log.requests()
    }

    /// The PUTs so far.
    pub fn puts(&self) -> Vec<Logged> {
        self.log.requests().into_iter().filter(|request| request.method == "PUT").collect()
    }

    /// How many requests of this method `LiveDNS` got.
    pub fn count(&self, method: &str) -> usize {
        let ours = |request: &&Logged| request.listener == "livedns" && request.method == method;
        self.log.requests().iter().filter(ours).count()
    }

    /// How many TCP connections there were, echo services' among them.
    pub fn connections(&self) -> usize {
        self.log.connections()
    }

    /// How many TLS handshakes came to nothing, say because the client refused the certificate.
    pub fn failed_handshakes(&self) -> usize {
        self.log.failed_handshakes()
    }

    /// What no client of ours may do, and did.
    pub fn violations(&self) -> Vec<String> {
        self.log.violations()
    }

    /// Waits for the `n`th request in all, counted from 1; `false` when `timeout` came first.
    pub fn wait_for_request(&self, n: usize, timeout: Duration) -> bool {
        self.wait_until(timeout, |requests| requests.len() >= n)
    }

    /// Waits until the log of requests satisfies `enough`; `false` when `timeout` came first.
    pub fn wait_until(&self, timeout: Duration, enough: impl Fn(&[Logged]) -> bool) -> bool {
        self.log.wait_until(timeout, enough)
    }

    /// Waits for the `n`th connection in all; for faults before any request.
    pub fn wait_for_connections(&self, n: usize, timeout: Duration) -> bool {
        self.log.wait_for_connections(n, timeout)
    }

    /// Waits for the `n`th failed handshake: the fake may learn of it after the client has given up.
    pub fn wait_for_failed_handshakes(&self, n: usize, timeout: Duration) -> bool {
        self.log.wait_for_failed_handshakes(n, timeout)
    }

    /// Has `hook` called with each request and the zones' text, its effect done, before anything is sent back.
    pub fn before_answer(&self, hook: impl Fn(&Logged, &str) + Send + Sync + 'static) {
        let account = Arc::clone(&self.account);
        self.log.set_hook(Arc::new(move |logged| {
            let text = lock(&account).text();
            hook(logged, &text);
        }));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.stop();
        // A test may still hold handles of its own.
        for echo in lock(&self.echoes).iter() {
            echo.refuse();
        }
    }
}

/// A loopback port that nobody listens on, for "connection refused".
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
