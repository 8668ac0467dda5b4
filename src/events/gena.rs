//! `UPnP` events (`UPnP` Device Architecture 1.1, chapter 4): subscribes to the services of each gateway that know the
//! external address, and receives their notifications on a port of the address that the gateway sees.
//!
//! One step of the work at a time, each of which is bounded: the gateway may be slow, and anybody may connect.

pub(super) mod notification;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::{SocketFlags, accept_with};
use socket2::Type;

use crate::address::sources::router::exchange::{receive, send};
use crate::address::sources::router::location::Location;
use crate::address::sources::router::subscription::Gateway;
use crate::console::Console;
use crate::net::{Device, bind};
use notification::{MAX_REQUEST, NONE, UNKNOWN};

/// Timeout of one request for a subscription, and of all notifications that are received at once.
const STEP: Duration = Duration::from_secs(1);
/// Timeout of the search for services.
const SEARCH: Duration = Duration::from_secs(2);
/// Time for all requests that end subscriptions.
const END: Duration = Duration::from_millis(400);
/// Time from a new gateway to the search: routes that change again and again cause none.
const SETTLED: Duration = Duration::from_secs(1);
/// Seconds until a gateway without events, or whose subscriptions have failed, is searched for them again, and until
/// subscriptions are renewed at the latest.
const AGAIN: u32 = 900;
/// Maximum number of connections that are accepted at once, by gateway.
const MAX_CONNECTIONS: usize = 64;
/// The responses to a notification and to any other request.
const ACCEPTED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// Number of connections that wait to be accepted.
const BACKLOG: i32 = 8;

/// The gateways of the config.
pub(super) struct Routers(Vec<Router>);

/// The gateway of one interface.
struct Router {
    device: Option<Device>,
    /// The present one, if there is any.
    gateway: Option<Gateway>,
    /// The port that it sends its notifications to, and the headers that say so.
    callback: Option<(TcpListener, String)>,
    /// The subscriptions, and those to make. None before the search.
    all: Vec<Subscription>,
    /// The index of the next one to make or renew.
    next: usize,
    /// Time of the next step.
    due: Instant,
    /// Seconds from one renewal to the next: the shortest time that was granted.
    renew_after: u32,
    /// The values that a new subscription begins with.
    values: u64,
}

struct Subscription {
    location: Location,
    /// Its identifier; empty before the gateway has given one.
    sid: String,
    /// The last values. [`NONE`] if the first notification is no news, [`UNKNOWN`] if changes may have been missed.
    values: u64,
}

impl Routers {
    /// Watches the gateways of these interfaces; `None` is the default one.
    pub(super) fn new(devices: &[Option<Device>], now: Instant) -> Self {
        let mut all = Vec::new();
        for device in devices {
            all.push(Router::new(device.clone(), now));
        }
        Self(all)
    }

    /// Returns true if there is nothing to watch.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if this is the address of a gateway.
    pub(super) fn has(&self, address: Ipv4Addr) -> bool {
        self.0.iter().any(|r| r.gateway.is_some_and(|g| g.address == address))
    }

    /// Returns the sockets that notifications arrive at.
    pub(super) fn listeners(&self) -> impl Iterator<Item = &TcpListener> {
        self.0.iter().filter_map(|r| r.callback.as_ref()).map(|c| &c.0)
    }

    /// Compares the gateways with the present routes, and forgets the state of one that has changed. To be called when
    /// addresses or routes have changed.
    pub(super) fn update(&mut self, now: Instant) {
        for router in &mut self.0 {
            let present = Gateway::find(router.device.as_ref());
            if present != router.gateway {
                *router = Router::new(router.device.take(), now);
                router.gateway = present;
            }
        }
    }

    /// Takes the next step of each gateway for which one is due. Returns the time until the next one, `timeout` at most.
    pub(super) fn step(&mut self, mut timeout: Duration, console: &mut Console) -> Duration {
        let now = Instant::now();
        for router in &mut self.0 {
            if let Some(gateway) = router.gateway {
                let left = router.due.saturating_duration_since(now);
                timeout = timeout.min(left);
                if left.is_zero() {
                    router.step(gateway, now, console);
                }
            }
        }
        timeout
    }

    /// Receives the notifications that wait. Returns true if one is a reason to look.
    pub(super) fn receive(&mut self) -> bool {
        let deadline = Instant::now() + STEP;
        let mut is_news = false;
        for router in &mut self.0 {
            for _ in 0..MAX_CONNECTIONS {
                let (Some((listener, _)), Some(gateway)) = (&router.callback, router.gateway) else { break };
                if Instant::now() >= deadline {
                    break;
                }
                // Without the large accept4(2) of the C library.
                let Ok(stream) = accept_with(listener, SocketFlags::CLOEXEC) else { break };
                let stream = TcpStream::from(stream);
                if stream.peer_addr().is_ok_and(|peer| peer.ip() == gateway.address) {
                    is_news |= router.answer(stream, deadline);
                }
            }
        }
        is_news
    }

    /// Ends all subscriptions, as far as the gateways answer in time.
    pub(super) fn end(&mut self) {
        let deadline = Instant::now() + END;
        for router in &self.0 {
            let Some(gateway) = router.gateway else { continue };
            for subscription in &router.all {
                if !subscription.sid.is_empty() {
                    let ask = ("UNSUBSCRIBE", &subscription.location, &*subscription.header());
                    // It runs out by itself.
                    let _ = gateway.ask(router.device.as_ref(), ask, String::new(), deadline);
                }
            }
        }
    }
}

impl Router {
    fn new(device: Option<Device>, now: Instant) -> Self {
        Self {
            device,
            gateway: None,
            callback: None,
            all: Vec::new(),
            next: 0,
            due: now + SETTLED,
            renew_after: AGAIN,
            values: NONE,
        }
    }

    /// Searches for services, or asks for one subscription or renewal.
    #[inline(never)]
    fn step(&mut self, gateway: Gateway, now: Instant, console: &mut Console) {
        let (result, reason) = if self.all.is_empty() {
            self.search(gateway, now + SEARCH);
            (if self.all.is_empty() { "none" } else { "found" }, String::new())
        } else {
            self.subscribe(gateway, now + STEP)
        };
        console.debug(format_args!("UPnP events of the gateway {}: {result}{reason}", gateway.address));
        if self.next >= self.all.len() {
            self.next = 0;
            self.due = now + Duration::from_secs(self.renew_after.into());
            self.renew_after = AGAIN;
        }
    }

    /// Searches for services.
    fn search(&mut self, gateway: Gateway, deadline: Instant) {
        self.callback = listen(gateway, self.device.as_ref()).ok();
        if self.callback.is_some() {
            for location in gateway.event_urls(self.device.as_ref(), deadline) {
                self.all.push(Subscription { location, sid: String::new(), values: self.values });
            }
        }
        // Changes before a later search may have been missed.
        self.values = UNKNOWN;
    }

    /// Asks for the next subscription, or for its renewal. Returns the result in words.
    fn subscribe(&mut self, gateway: Gateway, deadline: Instant) -> (&'static str, String) {
        let (Some(subscription), Some((_, callback))) = (self.all.get_mut(self.next), &self.callback) else {
            return ("", String::new());
        };
        let is_new = subscription.sid.is_empty();
        let headers =
            if is_new { callback.clone() } else { subscription.header() } + "TIMEOUT: Second-1800\r\n";
        let ask = ("SUBSCRIBE", &subscription.location, &*headers);
        let reason = match gateway.ask(self.device.as_ref(), ask, subscription.sid.clone(), deadline) {
            Ok(granted) => {
                subscription.sid = granted.sid;
                self.renew_after = self.renew_after.min(granted.renew_after);
                self.next += 1;
                return (if is_new { "subscribed" } else { "renewed" }, String::new());
            }
            Err(e) => e.to_string(),
        };
        if is_new {
            self.all.remove(self.next);
            return ("no subscription: ", reason);
        }
        // The gateway may have forgotten it: the next step subscribes anew.
        subscription.sid.clear();
        subscription.values = UNKNOWN;
        ("the subscription is lost: ", reason)
    }

    /// Reads a request of the gateway and responds. Returns true if it is a notification that is a reason to look.
    #[inline(never)]
    fn answer(&mut self, mut stream: TcpStream, deadline: Instant) -> bool {
        let mut notification = None;
        // After an error there is nothing to respond to.
        let _ = receive(&mut stream, deadline, &mut |data, _| {
            notification = notification::read(data);
            Ok(notification.is_some() || data.len() > MAX_REQUEST)
        });
        let Some(new) = notification else { return false };
        let subscription = self.all.iter_mut().find(|s| !s.sid.is_empty() && s.sid == new.sid);
        let response = if subscription.is_some() { ACCEPTED } else { REFUSED };
        let _ = send(&mut stream, response);
        subscription.is_some_and(|s| new.is_news(&mut s.values))
    }
}

impl Subscription {
    /// Returns the header that names it.
    fn header(&self) -> String {
        ["SID: ", &self.sid, "\r\n"].concat()
    }
}

/// Listens at a port of the address that the gateway sees. Returns the headers of new subscriptions as well.
fn listen(gateway: Gateway, device: Option<&Device>) -> io::Result<(TcpListener, String)> {
    let socket = bind::open(Type::STREAM, (gateway.address, 0).into(), device)?;
    // Where the kernel lets only root choose the interface, it is bound already.
    let _ = socket.bind(&SocketAddr::from((gateway.own, 0)).into());
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let own = listener.local_addr()?;
    if own.ip() != gateway.own {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok((listener, ["CALLBACK: <http://", &own.to_string(), "/>\r\nNT: upnp:event\r\n"].concat()))
}
