//! A DNS server over UDP that returns the client's address, as the ones of Cloudflare, Google and OpenDNS do, and the
//! faults that its responses may have.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use crate::hostile::packets;
use crate::lock;
use crate::udp_server::UdpServer;

/// A fault of the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsFault {
    /// No response.
    Silent,
    /// No response to the next query only.
    SilentOnce,
    /// A wrong message ID.
    WrongId,
    /// A response with a wrong message ID and another address, followed by the correct response.
    WrongIdFirst,
    /// A response from another port.
    OtherPort,
    /// A truncated response: the flag TC is set.
    Truncated,
    /// An owner name that is a compression pointer to itself.
    Loop,
    /// A response of more than 512 bytes, correct otherwise.
    Oversized,
    /// A question with another name.
    WrongQuestion,
    /// A record of another class.
    WrongClass,
    /// The response code REFUSED and no record.
    Refused,
    /// Bytes that are not a DNS message.
    Garbage,
    /// A second record with another address.
    TwoAddresses,
    /// A record with an empty text or address.
    Empty,
    /// A record with another owner name.
    OtherOwner,
    /// The hostile packet with this number, see [`crate::hostile::packets`].
    Packet(usize),
    /// Thousands of hostile packets and no response.
    Flood,
    /// Thousands of hostile packets that are no answer, then the response.
    FloodFirst,
    /// Hostile packets that are no answer, one after the other until the server stops.
    FloodWithoutEnd,
    /// Not a fault: a second text with the client's subnet, as Google's servers add it (EDNS Client Subnet, RFC 7871).
    ClientSubnet,
}

/// A received query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery {
    /// The name in lower case, with dots between the labels.
    pub name: String,
    /// The type: 1 is A, 16 is TXT, 28 is AAAA.
    pub rrtype: u16,
    /// The class: 1 is IN, 3 is CH.
    pub class: u16,
    /// The message ID.
    pub id: u16,
    /// The flag RD: the client asks for recursion.
    pub recursion: bool,
    /// The client's address and port.
    pub from: SocketAddr,
}

#[derive(Default)]
struct State {
    address: Option<IpAddr>,
    fault: Option<DnsFault>,
    queries: Vec<DnsQuery>,
    violations: Vec<String>,
}

/// A running DNS server. It stops when it is dropped.
pub struct Dns {
    server: UdpServer,
    state: Arc<Mutex<State>>,
}

impl Dns {
    /// Starts to listen at an address such as `127.0.0.1:0`, which takes any free port. A public address such as
    /// `1.1.1.1:53` needs a network namespace that has it.
    ///
    /// # Panics
    /// If it cannot bind to the address.
    pub fn start(at: &str) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = UdpServer::start(at, move |socket, bytes, from| serve(socket, &shared, bytes, from));
        Self { server, state }
    }

    /// Returns the address and port it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Sets the address in its responses. Until then it is the address of the client.
    pub fn set_address(&self, address: &str) {
        lock(&self.state).address = Some(address.parse().expect("an IP address"));
    }

    /// Sets the fault of all following responses.
    pub fn fault(&self, fault: DnsFault) {
        lock(&self.state).fault = Some(fault);
    }

    /// Removes the fault.
    pub fn clear_fault(&self) {
        lock(&self.state).fault = None;
    }

    /// Returns the number of queries so far.
    pub fn count(&self) -> usize {
        lock(&self.state).queries.len()
    }

    /// Returns the queries so far, in order.
    pub fn queries(&self) -> Vec<DnsQuery> {
        lock(&self.state).queries.clone()
    }

    /// Returns descriptions of the queries that the program must not send.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.state).violations.clone()
    }
}

fn serve(socket: &UdpSocket, state: &Arc<Mutex<State>>, bytes: &[u8], from: SocketAddr) {
    let (packets, fault) = {
        let mut state = lock(state);
        let Some(query) = parse(bytes, from) else {
            state.violations.push(format!("a broken query: {bytes:?}"));
            return;
        };
        state.queries.push(query.clone());
        let fault = state.fault;
        if fault == Some(DnsFault::SilentOnce) {
            state.fault = None;
        }
        let address = state.address.unwrap_or(from.ip());
        if known(&query) {
            (answers(bytes, query.rrtype, address, fault), fault)
        } else {
            state.violations.push(format!("an unknown question: {query:?}"));
            (answers(bytes, query.rrtype, address, Some(DnsFault::Refused)), fault)
        }
    };
    if fault == Some(DnsFault::FloodWithoutEnd) {
        flood_without_end(socket, &Arc::downgrade(state), unrelated(bytes), from);
        return;
    }
    let other = UdpSocket::bind((socket.local_addr().map_or(from.ip(), |a| a.ip()), 0));
    let elsewhere = other.ok().filter(|_| fault == Some(DnsFault::OtherPort));
    for packet in packets {
        // An error means that the client has gone.
        let _ = elsewhere.as_ref().unwrap_or(socket).send_to(&packet, from);
    }
}

/// Sends these packets again and again, until the server stops.
fn flood_without_end(socket: &UdpSocket, state: &Weak<Mutex<State>>, packets: Vec<Vec<u8>>, to: SocketAddr) {
    let (Ok(socket), state) = (socket.try_clone(), state.clone()) else { return };
    thread::spawn(move || {
        for (n, packet) in packets.iter().cycle().enumerate() {
            if state.strong_count() == 0 {
                return;
            }
            // Thousands per second are enough: several floods at full speed would need the whole machine.
            if n % 20 == 19 {
                thread::sleep(Duration::from_millis(2));
            }
            // An error means that the client has gone.
            let _ = socket.send_to(packet, to);
        }
    });
}

/// Returns hostile packets that are no answer to the query.
fn unrelated(query: &[u8]) -> Vec<Vec<u8>> {
    let is_unrelated = |packet: &Vec<u8>| packet.len() < 20 || packet[..2] != query[..2];
    let packets = packets(query).into_iter().map(|(_, packet)| packet).filter(is_unrelated);
    packets.map(|packet| if packet.len() < 20 { packet } else { other_id(packet) }).collect()
}

/// Returns true for the questions that one of the real servers answers with the client's address.
fn known(query: &DnsQuery) -> bool {
    match query.name.as_str() {
        "whoami.cloudflare" => (query.class, query.rrtype) == (3, 16),
        "o-o.myaddr.l.google.com" => (query.class, query.rrtype) == (1, 16),
        "myip.opendns.com" => query.class == 1 && query.rrtype == if query.from.is_ipv4() { 1 } else { 28 },
        _ => false,
    }
}

/// Parses a query that has exactly one question, no record, no flag except RD and no trailing byte.
fn parse(bytes: &[u8], from: SocketAddr) -> Option<DnsQuery> {
    let (&[i0, i1, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0], mut rest) = bytes.split_first_chunk::<12>()? else {
        return None;
    };
    let mut labels = Vec::new();
    while let (&length @ 1..=63, tail) = rest.split_first()? {
        let (label, next) = tail.split_at_checked(length.into())?;
        labels.push(String::from_utf8(label.to_ascii_lowercase()).ok()?);
        rest = next;
    }
    let &[0, t0, t1, c0, c1] = rest else { return None };
    let query = DnsQuery {
        name: labels.join("."),
        rrtype: u16::from_be_bytes([t0, t1]),
        class: u16::from_be_bytes([c0, c1]),
        id: u16::from_be_bytes([i0, i1]),
        recursion: flags & 1 == 1,
        from,
    };
    (flags & 0xfe == 0).then_some(query)
}

/// Returns the packets to send for a query.
fn answers(query: &[u8], rrtype: u16, address: IpAddr, fault: Option<DnsFault>) -> Vec<Vec<u8>> {
    let right = message(query, rrtype, address, fault);
    match fault {
        Some(DnsFault::Silent | DnsFault::SilentOnce) => Vec::new(),
        Some(DnsFault::Garbage) => vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()],
        Some(DnsFault::Packet(n)) => {
            packets(query).into_iter().skip(n).take(1).map(|(_, packet)| packet).collect()
        }
        Some(DnsFault::Flood) => unrelated(query).into_iter().cycle().take(5000).collect(),
        Some(DnsFault::FloodFirst) => unrelated(query).into_iter().cycle().take(200).chain([right]).collect(),
        Some(DnsFault::WrongId) => vec![other_id(right)],
        Some(DnsFault::WrongIdFirst) => vec![other_id(message(query, rrtype, another(address), None)), right],
        _ => vec![right],
    }
}

fn other_id(mut message: Vec<u8>) -> Vec<u8> {
    message[0] ^= 0x80;
    message
}

/// Returns another address of the same family and kind.
fn another(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(a) => Ipv4Addr::from_bits(a.to_bits() ^ 1).into(),
        IpAddr::V6(a) => std::net::Ipv6Addr::from_bits(a.to_bits() ^ 1).into(),
    }
}

/// Returns one response, with the fault if it is one inside a message.
fn message(query: &[u8], rrtype: u16, address: IpAddr, fault: Option<DnsFault>) -> Vec<u8> {
    let mut message = query.to_vec();
    // An authoritative response (QR, AA); RD stays as in the query.
    message[2] |= 0x84;
    let mut records = vec![data(rrtype, address)];
    match fault {
        Some(DnsFault::Truncated) => message[2] |= 0x02,
        // Changes one letter of the name. The record's owner is a pointer to it and so changes as well.
        Some(DnsFault::WrongQuestion) => message[13] ^= 0x01,
        Some(DnsFault::Refused) => {
            message[3] |= 5;
            records.clear();
        }
        Some(DnsFault::TwoAddresses) => records.push(data(rrtype, another(address))),
        Some(DnsFault::Empty) => records = vec![if rrtype == 16 { vec![0] } else { Vec::new() }],
        Some(DnsFault::ClientSubnet) => records.push(text(&format!("edns0-client-subnet {address}/24"))),
        _ => {}
    }
    message[7] = u8::try_from(records.len()).expect("few records");
    // The owner is a compression pointer to the name in the question.
    let (mut owner, mut class) = ([0xc0, 12], [query[query.len() - 2], query[query.len() - 1]]);
    match fault {
        Some(DnsFault::Loop) => owner[1] = u8::try_from(query.len()).expect("a short query"),
        // A pointer to the name without its first label.
        Some(DnsFault::OtherOwner) => owner[1] = 13 + query[12],
        Some(DnsFault::WrongClass) => class[1] ^= 2,
        _ => {}
    }
    for data in records {
        message.extend(owner);
        message.extend(rrtype.to_be_bytes());
        message.extend(class);
        message.extend([0, 0, 0, 0]);
        message.extend(u16::try_from(data.len()).expect("a short record").to_be_bytes());
        message.extend(data);
    }
    if fault == Some(DnsFault::Oversized) {
        message.resize(600, 0);
    }
    message
}

/// Returns the data of a record with this address.
fn data(rrtype: u16, address: IpAddr) -> Vec<u8> {
    match (rrtype, address) {
        (1, IpAddr::V4(a)) => a.octets().to_vec(),
        (28, IpAddr::V6(a)) => a.octets().to_vec(),
        _ => text(&address.to_string()),
    }
}

fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    [&[length], text.as_bytes()].concat()
}
