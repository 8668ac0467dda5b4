//! `UPnP` events (`UPnP` Device Architecture 1.1, chapter 4): subscribes to the services of each gateway that know the
//! external address, and receives their notifications on a port of the address that the gateway sees.
//!
//! One step of the work at a time, each of which is bounded: the gateway may be slow, and anybody may connect.

pub(super) mod notification;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{io, vec};

use socket2::Type;

use crate::address::sources::router::exchange::{receive, send};
use crate::address::sources::router::location::Location;
use crate::address::sources::router::subscription::Gateway;
use crate::console::Console;
use crate::net::{Device, bind};
use crate::sys::random;
use notification::{MAX_REQUEST, Values};

/// Timeout of one step, and of all notifications that are received at once.
const STEP: Duration = Duration::from_secs(1);
/// Time for all requests that end subscriptions.
const END: Duration = Duration::from_millis(400);
/// Time until a gateway without events is searched for them again. A gateway that had some is searched for them again
/// after [`SOON`], then after twice the time before, up to this one.
const RARELY: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(60);
/// Time between two searches at least, however often the routes change.
const PAUSE: Duration = Duration::from_secs(10);
/// Maximum number of connections that are accepted at once, by gateway.
const MAX_CONNECTIONS: usize = 64;
/// Number of connections that wait to be accepted.
const BACKLOG: i32 = 8;

/// The gateways of the config.
pub(super) struct Routers(Vec<Router>);

/// The gateway of one interface.
struct Router {
    device: Option<Device>,
    /// The present one, if there is any.
    gateway: Option<Gateway>,
    /// Where it sends its notifications to.
    callback: Option<Callback>,
    stage: Stage,
    /// Time of the next step of the present stage.
    due: Instant,
    /// Time of the last search.
    searched: Option<Instant>,
    /// Time until the next search, after one without success.
    again: Duration,
    /// True if changes may have been missed, since a subscription was lost: the first notification counts then.
    has_missed: bool,
}

struct Callback {
    listener: TcpListener,
    address: SocketAddrV4,
    /// The path that only the gateway knows.
    path: String,
}

enum Stage {
    /// Its descriptions are to be searched for.
    Search,
    /// These descriptions are to be read.
    Describe(vec::IntoIter<Location>),
    /// These services are subscribed to.
    Subscribed(Vec<Subscription>),
}

struct Subscription {
    location: Location,
    /// Its identifier; empty before the gateway has given one.
    sid: String,
    /// Time of its renewal.
    due: Instant,
    /// The last values.
    values: Values,
}

impl Routers {
    /// Watches the gateways of these interfaces; `None` is the default one.
    pub(super) fn new(devices: &[Option<Device>], now: Instant) -> Self {
        Self(devices.iter().map(|device| Router::new(device.clone(), now)).collect())
    }

    /// Returns true if there is nothing to watch.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the addresses of the gateways.
    pub(super) fn addresses(&self) -> Vec<Ipv4Addr> {
        self.0.iter().filter_map(|r| r.gateway.as_ref()).map(|g| g.address).collect()
    }

    /// Returns the sockets that notifications arrive at.
    pub(super) fn listeners(&self) -> impl Iterator<Item = &TcpListener> {
        self.0.iter().filter_map(|r| r.callback.as_ref()).map(|c| &c.listener)
    }

    /// Returns the time of the next step.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.iter().filter(|r| r.gateway.is_some()).map(Router::due).min()
    }

    /// Compares the gateways with the present routes, and forgets the state of one that has changed. To be called when
    /// addresses or routes have changed.
    pub(super) fn update(&mut self, now: Instant) {
        for router in &mut self.0 {
            let present = Gateway::find(router.device.as_ref());
            if present != router.gateway {
                let searched = router.searched;
                *router = Router { gateway: present, searched, ..Router::new(router.device.take(), now) };
                router.due = searched.map_or(now, |last| now.max(last + PAUSE));
            }
        }
    }

    /// Renews all subscriptions soon: a gateway has started anew, and has forgotten them.
    pub(super) fn renew(&mut self, now: Instant) {
        for router in &mut self.0 {
            // Anybody can say so.
            let latest = now + SOON;
            match &mut router.stage {
                Stage::Subscribed(all) => all.iter_mut().for_each(|s| s.due = s.due.min(latest)),
                _ => router.due = router.due.min(latest),
            }
        }
    }

    /// Takes the next step of the first gateway for which one is due.
    pub(super) fn step(&mut self, now: Instant, console: &mut Console) {
        if let Some(router) = self.0.iter_mut().find(|r| r.gateway.is_some() && r.due() <= now) {
            router.step(now, console);
        }
    }

    /// Receives the notifications that wait. Returns true if one is a reason to look.
    pub(super) fn receive(&mut self) -> bool {
        let deadline = Instant::now() + STEP;
        let mut is_news = false;
        for router in &mut self.0 {
            for _ in 0..MAX_CONNECTIONS {
                let (Some(callback), Some(gateway)) = (&router.callback, &router.gateway) else { break };
                if Instant::now() >= deadline {
                    break;
                }
                let Ok((stream, peer)) = callback.listener.accept() else { break };
                if peer.ip() == gateway.address {
                    is_news |= router.answer(stream, deadline);
                }
            }
        }
        is_news
    }

    /// Ends all subscriptions, as far as the gateways answer in time.
    pub(super) fn end(&mut self) {
        let deadline = Instant::now() + END;
        for router in &mut self.0 {
            if let (Stage::Subscribed(all), Some(gateway)) = (&router.stage, &router.gateway) {
                for subscription in all.iter().filter(|s| !s.sid.is_empty()) {
                    gateway.unsubscribe(&subscription.location, &subscription.sid, deadline);
                }
            }
        }
    }
}

impl Router {
    fn new(device: Option<Device>, now: Instant) -> Self {
        let (gateway, callback, stage) = (None, None, Stage::Search);
        let (searched, again, has_missed) = (None, RARELY, false);
        Self { device, gateway, callback, stage, due: now, searched, again, has_missed }
    }

    /// Returns the time of the next step.
    fn due(&self) -> Instant {
        match &self.stage {
            Stage::Subscribed(all) => all.iter().map(|s| s.due).min().unwrap_or(self.due),
            _ => self.due,
        }
    }

    /// Searches again later.
    fn search_later(&mut self, now: Instant) {
        self.stage = Stage::Search;
        self.callback = None;
        self.due = now + self.again;
        self.again = RARELY.min(self.again * 2);
    }

    fn step(&mut self, now: Instant, console: &mut Console) {
        let Some(gateway) = &self.gateway else { return };
        let deadline = now + STEP;
        match &mut self.stage {
            Stage::Search => {
                self.searched = Some(now);
                self.stage = Stage::Describe(gateway.descriptions(deadline).into_iter());
            }
            Stage::Describe(locations) => {
                let Some(location) = locations.next() else {
                    let address = gateway.address;
                    console.debug(format_args!("the gateway {address} announces no changes via UPnP"));
                    return self.search_later(now);
                };
                let urls = gateway.event_urls(&location, deadline);
                if !urls.is_empty() {
                    let all = urls.into_iter();
                    let all = all.map(|location| Subscription {
                        location,
                        sid: String::new(),
                        due: now,
                        values: Values::Unknown,
                    });
                    self.stage = Stage::Subscribed(all.collect());
                }
            }
            Stage::Subscribed(_) => self.subscribe(now, deadline, console),
        }
    }

    /// Subscribes to the first service for which that is due, or renews its subscription.
    fn subscribe(&mut self, now: Instant, deadline: Instant, console: &mut Console) {
        let (Stage::Subscribed(all), Some(gateway)) = (&mut self.stage, &self.gateway) else { return };
        if self.callback.is_none() {
            self.callback = Callback::open(gateway).ok();
        }
        let (Some(callback), Some(index)) = (&self.callback, all.iter().position(|s| s.due <= now)) else {
            return self.search_later(now);
        };
        let subscription = &mut all[index];
        let is_new = subscription.sid.is_empty();
        let headers = if is_new { callback.headers() } else { ["SID: ", &subscription.sid, "\r\n"].concat() };
        let result = match gateway.subscribe(&subscription.location, &headers, deadline) {
            Ok(granted) if granted.status == 200 && !(is_new && granted.sid.is_empty()) => {
                if !granted.sid.is_empty() {
                    subscription.sid = granted.sid;
                }
                subscription.due = now + granted.renew_after;
                self.again = SOON;
                if is_new { "subscribed" } else { "renewed" }.to_owned()
            }
            Ok(refused) if refused.status == 412 && !is_new => {
                // The gateway has forgotten it: the next step subscribes anew.
                subscription.sid.clear();
                self.has_missed = true;
                "the subscription is lost".to_owned()
            }
            other => {
                if is_new {
                    all.remove(index);
                } else {
                    // Its port or path may be another one now.
                    self.has_missed = true;
                    all.clear();
                }
                other.map_or_else(
                    |e| format!("no subscription: {e}"),
                    |r| format!("no subscription: status {}", r.status),
                )
            }
        };
        let is_over = all.is_empty();
        console.debug(format_args!("UPnP events of the gateway {}: {result}", gateway.address));
        if is_over {
            self.search_later(now);
        }
    }

    /// Reads a request of the gateway and responds. Returns true if it is a notification that is a reason to look.
    fn answer(&mut self, mut stream: TcpStream, deadline: Instant) -> bool {
        let mut notification = None;
        // After an error there is nothing to respond to.
        let _ = receive(&mut stream, deadline, &mut |data, _| {
            notification = notification::read(data);
            Ok(notification.is_some() || data.len() > MAX_REQUEST)
        });
        let (Some(new), Some(callback), Stage::Subscribed(all)) =
            (notification, &self.callback, &mut self.stage)
        else {
            return false;
        };
        let is_ours = |s: &&mut Subscription| !s.sid.is_empty() && s.sid == new.sid;
        let subscription = all.iter_mut().find(is_ours).filter(|_| new.path.ends_with(&callback.path));
        let status = if subscription.is_some() { "200 OK" } else { "412 Precondition Failed" };
        let _ = send(
            &mut stream,
            &["HTTP/1.1 ", status, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"].concat(),
        );
        subscription.is_some_and(|s| new.is_news(&mut s.values, &mut self.has_missed))
    }
}

impl Callback {
    /// Listens at a port of the address that the gateway sees.
    fn open(gateway: &Gateway) -> io::Result<Self> {
        let peer = SocketAddr::from((gateway.address, 0));
        let socket = bind::open(Type::STREAM, peer, gateway.device.as_ref())?;
        let bound = socket.bind(&SocketAddr::from((gateway.own, 0)).into());
        socket.set_nonblocking(true)?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        match listener.local_addr()? {
            // Where the kernel lets only root choose the interface, it is bound already.
            SocketAddr::V4(address) if *address.ip() == gateway.own => {
                Ok(Self { listener, address, path: format!("/{:016x}", random::number()) })
            }
            _ => bound.and(Err(io::ErrorKind::AddrNotAvailable.into())),
        }
    }

    /// Returns the headers of a new subscription.
    fn headers(&self) -> String {
        ["CALLBACK: <http://", &self.address.to_string(), &self.path, ">\r\nNT: upnp:event\r\n"].concat()
    }
}
