//! A gateway that the test plays: its sockets are in the namespace of the router, its threads are those of the test. It
//! answers NAT-PMP and `UPnP`, takes subscriptions, and announces and notifies when the test says so.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::thread::move_into_link_name_space;

use crate::router_source::GATEWAY;
use crate::sandbox::ADDRESS;

const URN: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";
/// Another address in the namespace of the router.
pub(super) const NEIGHBOUR: &str = "192.168.1.66";

/// The behaviour of a gateway, and what it has seen.
pub(super) struct State {
    /// The outer address.
    pub(super) address: String,
    /// Services that it lacks: `nat_pmp` if it does not answer that, `upnp` if it answers no search, `events` if its
    /// description has no event URL.
    pub(super) lacks: Vec<&'static str>,
    /// The answer to a request for a subscription: `TIMEOUT`, or a status that is no success, or `silent`.
    pub(super) grants: String,
    /// The subscriptions: identifier, address and path of the callback.
    pub(super) subscriptions: Vec<(String, SocketAddr, String)>,
    /// Heads of all HTTP requests.
    pub(super) requests: Vec<String>,
    /// Number of searches.
    pub(super) searches: usize,
}

/// A running gateway. Its threads end with the process of the test.
#[derive(Clone)]
pub(super) struct Gateway {
    state: Arc<Mutex<State>>,
    own: &'static str,
    namespace: &'static str,
}

/// Runs something in a namespace. Sockets that it makes stay there.
pub(super) fn inside<T: Send>(namespace: &str, act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let file = File::open(format!("/run/netns/{namespace}")).expect("the namespace");
            move_into_link_name_space(file.as_fd(), None).expect("its network");
            act()
        });
        thread.join().expect("no panic")
    })
}

impl Gateway {
    /// Starts a gateway with NAT-PMP and `UPnP` events.
    pub(super) fn start() -> Self {
        Self::start_as(GATEWAY, "router")
    }

    /// Does the same at another address, in another namespace.
    pub(super) fn start_as(own: &'static str, namespace: &'static str) -> Self {
        let state = State {
            address: ADDRESS.to_owned(),
            lacks: Vec::new(),
            grants: "Second-1800".to_owned(),
            subscriptions: Vec::new(),
            requests: Vec::new(),
            searches: 0,
        };
        let gateway = Self { state: Arc::new(Mutex::new(state)), own, namespace };
        let (nat_pmp, ssdp, http) = inside(namespace, || {
            let nat_pmp = UdpSocket::bind((own, 5351)).expect("NAT-PMP's port");
            let ssdp = UdpSocket::bind((own, 1900)).expect("SSDP's port");
            (nat_pmp, ssdp, TcpListener::bind((own, 5000)).expect("a port for HTTP"))
        });
        let own = gateway.clone();
        thread::spawn(move || own.answer_nat_pmp(&nat_pmp));
        let own = gateway.clone();
        thread::spawn(move || own.answer_searches(&ssdp));
        let own = gateway.clone();
        thread::spawn(move || {
            for stream in http.incoming().flatten() {
                let own = own.clone();
                thread::spawn(move || own.serve(stream));
            }
        });
        gateway
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has another outer address from now on.
    pub(super) fn moves_to(&self, address: &str) {
        address.clone_into(&mut self.state().address);
    }

    /// Returns the number of requests that begin with this text.
    pub(super) fn count(&self, beginning: &str) -> usize {
        self.state().requests.iter().filter(|r| r.starts_with(beginning)).count()
    }

    /// Returns the number of searches.
    pub(super) fn searches(&self) -> usize {
        self.state().searches
    }

    /// Returns true if somebody has subscribed.
    pub(super) fn is_subscribed(&self) -> bool {
        !self.state().subscriptions.is_empty()
    }

    /// Announces its address by NAT-PMP, so many seconds after its start.
    pub(super) fn announces(&self, seconds: u32) {
        let address: Ipv4Addr = self.state().address.parse().expect("an address");
        send_from(self.own, self.namespace, &announcement(seconds, address));
    }

    /// Sends a notification with this number and its present address to the last subscriber. Returns the status of the
    /// response; `None` if there is none.
    pub(super) fn notifies(&self, sequence: u32) -> Option<u16> {
        let (sid, _, path) = self.state().subscriptions.last().expect("a subscription").clone();
        let address = self.state().address.clone();
        self.sends(&notification(&path, &sid, sequence, &variables(&address)))
    }

    /// Sends a request to the callback of the last subscriber. Returns the status of the response.
    pub(super) fn sends(&self, request: &str) -> Option<u16> {
        self.sends_as(self.own, request)
    }

    /// Does the same from another address of its network.
    pub(super) fn sends_as(&self, sender: &str, request: &str) -> Option<u16> {
        let mut stream = self.connects_as(sender);
        let _ = stream.write_all(request.as_bytes());
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response);
        response.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }

    /// Connects to the callback of the last subscriber.
    pub(super) fn connects_as(&self, sender: &str) -> TcpStream {
        let callback = self.state().subscriptions.last().expect("a subscription").1;
        let from: SocketAddr = format!("{sender}:0").parse().expect("an address");
        inside(self.namespace, || {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            let socket = socket.expect("a socket");
            socket.bind(&from.into()).expect("an address of the namespace");
            socket.connect(&callback.into()).expect("the callback listens");
            socket.into()
        })
    }

    fn answer_nat_pmp(&self, socket: &UdpSocket) {
        let mut packet = [0; 16];
        while let Ok((_, from)) = socket.recv_from(&mut packet) {
            let state = self.state();
            if !state.lacks.contains(&"nat_pmp") {
                let address = state.address.parse().expect("an address");
                let _ = socket.send_to(&announcement(9, address), from);
            }
        }
    }

    fn answer_searches(&self, socket: &UdpSocket) {
        let mut packet = [0; 1024];
        let own = self.own;
        let response = format!("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://{own}:5000/root.xml\r\n\r\n");
        while let Ok((_, from)) = socket.recv_from(&mut packet) {
            self.state().searches += 1;
            if !self.state().lacks.contains(&"upnp") {
                let _ = socket.send_to(response.as_bytes(), from);
            }
        }
    }

    /// Answers the request of one connection.
    fn serve(&self, mut stream: TcpStream) {
        let (mut request, mut buffer) = (String::new(), [0; 4096]);
        while !request.contains("\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(length @ 1..) => request.push_str(&String::from_utf8_lossy(&buffer[..length])),
                _ => return,
            }
        }
        let response = self.response(&request);
        if response == "silent" {
            thread::park_timeout(Duration::from_secs(600));
        }
        let _ = stream.write_all(response.as_bytes());
    }

    fn response(&self, request: &str) -> String {
        let mut state = self.state();
        state.requests.push(request.split("\r\n\r\n").next().unwrap_or_default().to_owned());
        let with = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let lost = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n".to_owned();
        let header = |name: &str| {
            let mut lines = request.lines().filter_map(|l| l.split_once(": "));
            lines.find(|(n, _)| *n == name).map(|(_, value)| value.to_owned())
        };
        match request.split(' ').next() {
            Some("GET") => {
                let events =
                    if state.lacks.contains(&"events") { "" } else { "<eventSubURL>/evt</eventSubURL>" };
                with(&format!(
                    "<root><service><serviceType>{URN}</serviceType><controlURL>/ctl</controlURL>{events}\
                     </service></root>"
                ))
            }
            Some("POST") => with(&format!("<NewExternalIPAddress>{}</NewExternalIPAddress>", state.address)),
            Some("SUBSCRIBE") if !state.grants.starts_with("Second") => state.grants.clone(),
            Some("SUBSCRIBE") => {
                let sid = if let Some(sid) = header("SID") {
                    if header("CALLBACK").is_some() || !state.subscriptions.iter().any(|s| s.0 == sid) {
                        return lost;
                    }
                    sid
                } else {
                    let callback = header("CALLBACK").expect("a callback");
                    let url =
                        callback.strip_prefix("<http://").and_then(|c| c.strip_suffix('>')).expect("a URL");
                    let (host, path) = url.split_once('/').expect("a path");
                    let number = state.requests.len();
                    let sid = format!("uuid:{number}");
                    let host = host.parse().expect("an address and a port");
                    state.subscriptions.push((sid.clone(), host, format!("/{path}")));
                    sid
                };
                format!("HTTP/1.1 200 OK\r\nSID: {sid}\r\nTIMEOUT: {}\r\n\r\n", state.grants)
            }
            Some("UNSUBSCRIBE") => {
                let sid = header("SID").expect("an identifier");
                state.subscriptions.retain(|s| s.0 != sid);
                with("")
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Returns an announcement of NAT-PMP.
pub(super) fn announcement(seconds: u32, address: Ipv4Addr) -> Vec<u8> {
    [&[0, 128, 0, 0][..], &seconds.to_be_bytes(), &address.octets()].concat()
}

/// Sends this packet as an announcement.
pub(super) fn send_from(sender: &str, namespace: &str, packet: &[u8]) {
    let socket = inside(namespace, || announcer(sender));
    socket.send_to(packet, ("224.0.0.1", 5350)).expect("sent");
}

/// Returns a socket for announcements from this address.
pub(super) fn announcer(sender: &str) -> UdpSocket {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect("a socket");
    let sender: Ipv4Addr = sender.parse().expect("an address");
    socket.set_multicast_if_v4(&sender).expect("its interface");
    socket.bind(&SocketAddr::from((sender, 0)).into()).expect("an address of the namespace");
    socket.into()
}

/// Returns the variables that a gateway sends.
pub(super) fn variables(address: &str) -> String {
    format!(
        "<e:property><PortMappingNumberOfEntries>0</PortMappingNumberOfEntries></e:property>\
         <e:property><ConnectionStatus>Connected</ConnectionStatus></e:property>\
         <e:property><ExternalIPAddress>{address}</ExternalIPAddress></e:property>"
    )
}

/// Returns a notification.
pub(super) fn notification(path: &str, sid: &str, sequence: u32, properties: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?><e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\">{properties}\
         </e:propertyset>"
    );
    format!(
        "NOTIFY {path} HTTP/1.1\r\nHost: 192.168.1.2\r\nContent-Type: text/xml; charset=\"utf-8\"\r\n\
         Content-Length: {}\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: {sid}\r\nSEQ: {sequence}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
