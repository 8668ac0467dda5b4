//! A name server that tells the asker an address, over UDP, and all that may go wrong with its answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsFault {
    /// None leaves.
    Silent,
    /// None to the first query from now on, a right one to the second.
    SilentOnce,
    /// Its id is another.
    WrongId,
    /// The same with another address, and then the right answer.
    WrongIdFirst,
    /// It leaves from another port.
    OtherPort,
    /// The flag TC is set.
    Truncated,
    /// The owner of its record is a reference to itself.
    Loop,
    /// It has more than 512 bytes, all else right.
    Oversized,
    /// Its question is for another name.
    WrongQuestion,
    /// Its record is of another class.
    WrongClass,
    /// REFUSED, and no record.
    Refused,
    /// Bytes that are no DNS message.
    Garbage,
    /// A second record, with another address.
    TwoAddresses,
    /// Its text, or its address, is empty.
    Empty,
    /// The owner of its record is another name.
    OtherOwner,
    /// None at all, but a second text with the client's subnet, as Google's authorities add it.
    ClientSubnet,
}

/// A query as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery {
    /// In lower case, with dots.
    pub name: String,
    /// 1 is A, 16 is TXT, 28 is AAAA.
    pub rrtype: u16,
    /// 1 is IN, 3 is CH.
    pub class: u16,
    /// The message ID.
    pub id: u16,
    /// Whether it asks for recursion.
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

/// A running name server. Stops when it is dropped.
pub struct Dns {
    local: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// Listens here: `127.0.0.1:0` takes any free port, `1.1.1.1:53` wants a namespace of the test's own.
    ///
    /// # Panics
    /// When the address is not to be had.
    pub fn start(at: &str) -> Self {
        let socket = UdpSocket::bind(at).expect("a port for the name server");
        let local = socket.local_addr().expect("its own address");
        let (state, stop) = (Arc::<Mutex<State>>::default(), Arc::<AtomicBool>::default());
        let serving = {
            let (state, stop) = (Arc::clone(&state), Arc::clone(&stop));
            thread::spawn(move || serve(&socket, &state, &stop))
        };
        Self { local, state, stop, thread: Some(serving) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// What it tells from now on; until then, the address that a query came from.
    pub fn set_address(&self, address: &str) {
        lock(&self.state).address = Some(address.parse().expect("an IP address"));
    }

    /// What becomes of its answers from now on.
    pub fn fault(&self, fault: DnsFault) {
        lock(&self.state).fault = Some(fault);
    }

    /// All is well again.
    pub fn clear_fault(&self) {
        lock(&self.state).fault = None;
    }

    /// How many queries came.
    pub fn count(&self) -> usize {
        lock(&self.state).queries.len()
    }

    /// The queries, in order.
    pub fn queries(&self) -> Vec<DnsQuery> {
        lock(&self.state).queries.clone()
    }

    /// What no client of ours may send.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.state).violations.clone()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // `recv_from` knows no stop flag; a packet of our own wakes it.
        let woken = UdpSocket::bind((self.local.ip(), 0)).and_then(|s| s.send_to(&[], self.local));
        if let (Ok(_), Some(serving)) = (woken, self.thread.take()) {
            let _ = serving.join();
        }
    }
}

fn serve(socket: &UdpSocket, state: &Mutex<State>, stop: &AtomicBool) {
    let mut buffer = [0; 2048];
    loop {
        let received = socket.recv_from(&mut buffer);
        if stop.load(Ordering::SeqCst) {
            return;
        }
        // An ICMP error of an asker that is gone, and nothing to answer.
        let Ok((length, from)) = received else { continue };
        let bytes = &buffer[..length];
        let (packets, fault) = {
            let mut state = lock(state);
            let Some(query) = parse(bytes, from) else {
                state.violations.push(format!("a broken query: {bytes:?}"));
                continue;
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
        let other = UdpSocket::bind((socket.local_addr().map_or(from.ip(), |a| a.ip()), 0));
        let elsewhere = other.ok().filter(|_| fault == Some(DnsFault::OtherPort));
        for packet in packets {
            // The asker may be gone; then there is nobody to tell.
            let _ = elsewhere.as_ref().unwrap_or(socket).send_to(&packet, from);
        }
    }
}

/// Whether the question is one of those that somebody answers with the asker's address.
fn known(query: &DnsQuery) -> bool {
    match query.name.as_str() {
        "whoami.cloudflare" => (query.class, query.rrtype) == (3, 16),
        "o-o.myaddr.l.google.com" => (query.class, query.rrtype) == (1, 16),
        "myip.opendns.com" => query.class == 1 && query.rrtype == if query.from.is_ipv4() { 1 } else { 28 },
        _ => false,
    }
}

/// A query with one question, no records and no flag but RD, to its last byte.
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

/// The packets that answer a query.
fn answers(query: &[u8], rrtype: u16, address: IpAddr, fault: Option<DnsFault>) -> Vec<Vec<u8>> {
    let right = message(query, rrtype, address, fault);
    match fault {
        Some(DnsFault::Silent | DnsFault::SilentOnce) => Vec::new(),
        Some(DnsFault::Garbage) => vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()],
        Some(DnsFault::WrongId) => vec![other_id(right)],
        Some(DnsFault::WrongIdFirst) => vec![other_id(message(query, rrtype, another(address), None)), right],
        _ => vec![right],
    }
}

fn other_id(mut message: Vec<u8>) -> Vec<u8> {
    message[0] ^= 0x80;
    message
}

/// An address that is not this one, of the same family and as public.
fn another(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(a) => Ipv4Addr::from_bits(a.to_bits() ^ 1).into(),
        IpAddr::V6(a) => std::net::Ipv6Addr::from_bits(a.to_bits() ^ 1).into(),
    }
}

/// One answer, with the fault in it if it is one of the message's.
fn message(query: &[u8], rrtype: u16, address: IpAddr, fault: Option<DnsFault>) -> Vec<u8> {
    let mut message = query.to_vec();
    // An answer, authoritative; the query's RD stays.
    message[2] |= 0x84;
    let mut records = vec![data(rrtype, address)];
    match fault {
        Some(DnsFault::Truncated) => message[2] |= 0x02,
        // A letter of the name; what follows the question refers to it, and so is altered alike.
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
    // The owner: the question's name.
    let (mut owner, mut class) = ([0xc0, 12], [query[query.len() - 2], query[query.len() - 1]]);
    match fault {
        Some(DnsFault::Loop) => owner[1] = u8::try_from(query.len()).expect("a short query"),
        // The name less its first label.
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

/// The data of a record with this address.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
