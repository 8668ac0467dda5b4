//! `UPnP` events (`UPnP` Device Architecture 1.1, chapter 4): subscribes to the services of each gateway that know the
//! external address, and receives their notifications on a port of the address that the gateway sees.
//!
//! One step of the work at a time, each of which is bounded: the gateway may be slow, and anybody may connect.

pub(super) mod notification;

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::{SocketFlags, accept_with, bind};
use socket2::Type;

use crate::address::sources::router::exchange::{receive, send};
use crate::address::sources::router::services::Service;
use crate::address::sources::router::subscription::Gateway;
use crate::address::sources::router::upnp::event_services;
use crate::console::Console;
use crate::net::Device;
use crate::net::bind::open;
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
    /// The port that it sends its notifications to.
    listener: Option<TcpListener>,
    /// The headers of a new subscription that name this port.
    callback: String,
    /// The services that have a subscription, or are to be asked for one. None before the search.
    all: Vec<Service>,
    /// The index of the next one to make or renew.
    next: usize,
    /// Time of the next step.
    due: Instant,
    /// Seconds from one renewal to the next: the shortest time that was granted.
    renew_after: u32,
    /// The values that a new subscription begins with: [`NONE`] if its first notification is no news, [`UNKNOWN`] if changes
    /// may have been missed.
    values: u64,
}

impl Routers {
    /// Watches the gateways of these interfaces; `None` is the default one. Has no gateway before the first
    /// [`Routers::update`].
    pub(super) fn new(devices: &[Option<Device>]) -> Self {
        let mut all = Vec::new();
        for device in devices {
            all.push(Router {
                device: device.clone(),
                gateway: None,
                listener: None,
                callback: String::new(),
                all: Vec::new(),
                next: 0,
                due: Instant::now(),
                renew_after: AGAIN,
                values: NONE,
            });
        }
        Self(all)
    }

    /// Returns true if there is nothing to watch.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if this is the address of a gateway.
    pub(super) fn has(&self, address: Ipv4Addr) -> bool {
        self.0.iter().any(|r| r.gateway.is_some_and(|g| g.address() == address))
    }

    /// Returns the sockets that notifications arrive at.
    pub(super) fn listeners(&self) -> impl Iterator<Item = &TcpListener> {
        self.0.iter().filter_map(|r| r.listener.as_ref())
    }

    /// Compares the gateways with the present routes, and forgets the state of one that has changed. To be called when
    /// addresses or routes have changed.
    pub(super) fn update(&mut self) {
        for router in &mut self.0 {
            let present = Gateway::find(router.device.as_ref());
            if present != router.gateway {
                router.gateway = present;
                router.listener = None;
                router.all.clear();
                router.next = 0;
                router.due = Instant::now() + SETTLED;
                router.renew_after = AGAIN;
                router.values = NONE;
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
                let (Some(listener), Some(gateway)) = (&router.listener, router.gateway) else { break };
                if Instant::now() >= deadline {
                    break;
                }
                // Without the large accept4(2) of the C library.
                let Ok(stream) = accept_with(listener, SocketFlags::CLOEXEC) else { break };
                let stream = TcpStream::from(stream);
                if stream.peer_addr().is_ok_and(|peer| peer.ip() == gateway.address()) {
                    is_news |= router.answer(stream, deadline);
                }
            }
        }
        is_news
    }

    /// Ends all subscriptions, as far as the gateways answer in time.
    #[inline(never)]
    pub(super) fn end(&mut self) {
        let deadline = Instant::now() + END;
        for router in &mut self.0 {
            let Some(gateway) = router.gateway else { continue };
            for Service { location, granted, .. } in &mut router.all {
                if !granted.sid.is_empty() {
                    // It runs out by itself.
                    let ask = ("UNSUBSCRIBE", "", "");
                    let _ = gateway.ask(router.device.as_ref(), ask, (location, granted), deadline);
                }
            }
        }
    }
}

impl Router {
    /// Searches for services, or asks for one subscription or renewal.
    #[inline(never)]
    fn step(&mut self, gateway: Gateway, now: Instant, console: &mut Console) {
        let (mut result, mut reason) = ("none", String::new());
        let device = self.device.as_ref();
        if let Some(Service { location, granted, values, .. }) = self.all.get_mut(self.next) {
            let is_new = granted.sid.is_empty();
            let ask = ("SUBSCRIBE", &*self.callback, "TIMEOUT: Second-1800\r\n");
            match gateway.ask(device, ask, (location, granted), now + STEP) {
                Ok(()) => {
                    result = "renewed";
                    if is_new {
                        result = "subscribed";
                        *values = self.values;
                    }
                    self.renew_after = self.renew_after.min(granted.renew_after);
                    self.next += 1;
                }
                Err(e) => {
                    reason = e.to_string();
                    if is_new {
                        result = "no subscription: ";
                        self.all.swap_remove(self.next);
                    } else {
                        // The gateway may have forgotten it: the next step subscribes anew.
                        result = "the subscription is lost: ";
                        granted.sid.clear();
                    }
                }
            }
        } else if let Some((listener, callback)) = listen(gateway, device) {
            (self.listener, self.callback) = (Some(listener), callback);
            self.all = event_services(gateway.address(), device, now + SEARCH);
            if !self.all.is_empty() {
                result = "found";
            }
        }
        console.debug(format_args!("UPnP events of the gateway {}: {result}{reason}", gateway.address()));
        if self.next >= self.all.len() {
            self.next = 0;
            self.due = now + Duration::from_secs(self.renew_after.into());
            self.renew_after = AGAIN;
            // Changes before a later subscription may have been missed.
            self.values = UNKNOWN;
        }
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
        let service = self.all.iter_mut().find(|s| !new.sid.is_empty() && s.granted.sid == new.sid);
        let response = if service.is_some() { ACCEPTED } else { REFUSED };
        let _ = send(&mut stream, response);
        service.is_some_and(|s| new.is_news(&mut s.values))
    }
}

/// Listens at a port of the address that the gateway sees. Returns the headers of new subscriptions as well.
fn listen(gateway: Gateway, device: Option<&Device>) -> Option<(TcpListener, String)> {
    let socket = open(Type::STREAM.nonblocking(), (gateway.address(), 0).into(), device).ok()?;
    // Where the kernel lets only root choose the interface, it is bound already.
    let _ = bind(&socket, &SocketAddrV4::new(gateway.own(), 0));
    rustix::net::listen(&socket, BACKLOG).ok()?;
    let listener = TcpListener::from(socket);
    let own = listener.local_addr().ok()?;
    let callback = ["CALLBACK: <http://", &own.to_string(), "/>\r\nNT: upnp:event\r\n"].concat();
    (own.ip() == gateway.own()).then_some((listener, callback))
}
