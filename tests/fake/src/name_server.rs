//! A name server for the system's resolver: A and AAAA records of any name, with a fault for each of the two.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::lock;
use crate::udp_server::UdpServer;

/// The answer to the question for one type of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameAnswer {
    /// Records with these addresses. An empty list says that the name has no record of the type.
    Addresses(Vec<IpAddr>),
    /// The same after a delay.
    Late(Duration, Vec<IpAddr>),
    /// This response code and no record: 2 is SERVFAIL, 3 NXDOMAIN, 4 NOTIMP, 5 REFUSED.
    Code(u8),
    /// No response.
    Silent,
    /// The flag TC and no record. There is no server on TCP.
    Truncated,
    /// A response with a wrong message ID.
    WrongId,
    /// Bytes that are not a DNS message.
    Garbage,
}

impl NameAnswer {
    /// Records with these addresses.
    ///
    /// # Panics
    /// If one is not an IP address.
    pub fn of(addresses: &[&str]) -> Self {
        Self::Addresses(addresses.iter().map(|a| a.parse().expect("an IP address")).collect())
    }
}

#[derive(Default)]
struct State {
    /// The answers by name and type: 1 is A, 28 is AAAA.
    names: BTreeMap<(String, u16), NameAnswer>,
    queries: Vec<(String, u16)>,
}

/// A running name server. It stops when it is dropped.
pub struct NameServer {
    state: Arc<Mutex<State>>,
    /// Serves until it is dropped.
    _server: UdpServer,
}

impl NameServer {
    /// Starts to listen at an address. The port of name servers needs a network namespace: `127.0.0.1:53`.
    ///
    /// # Panics
    /// If it cannot bind to the address.
    pub fn start(at: &str) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let server = UdpServer::start(at, move |socket, bytes, from| serve(socket, &shared, bytes, from));
        Self { state, _server: server }
    }

    /// Sets the answers for the types A and AAAA of a name. Other names do not exist.
    pub fn set(&self, name: &str, v4: NameAnswer, v6: NameAnswer) {
        let names = &mut lock(&self.state).names;
        names.insert((name.to_owned(), 1), v4);
        names.insert((name.to_owned(), 28), v6);
    }

    /// Returns the number of queries for this name and type so far.
    pub fn count(&self, name: &str, rrtype: u16) -> usize {
        lock(&self.state).queries.iter().filter(|(n, t)| n == name && *t == rrtype).count()
    }
}

fn serve(socket: &UdpSocket, state: &Mutex<State>, bytes: &[u8], from: SocketAddr) {
    let Some((name, rrtype, end)) = question(bytes) else { return };
    let answer = {
        let mut state = lock(state);
        state.queries.push((name.clone(), rrtype));
        state.names.get(&(name, rrtype)).cloned().unwrap_or(NameAnswer::Code(3))
    };
    // Without what follows the question: the options of EDNS.
    let mut query = bytes[..end].to_vec();
    query[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    let Some((delay, response)) = response(query, rrtype, answer) else { return };
    let Ok(socket) = socket.try_clone() else { return };
    let send = move || {
        thread::sleep(delay);
        // An error means that the client has gone.
        let _ = socket.send_to(&response, from);
    };
    if delay.is_zero() {
        send();
    } else {
        thread::spawn(send);
    }
}

/// Returns the name in lower case, the type, and the end of the question.
fn question(query: &[u8]) -> Option<(String, u16, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        let label = query.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8(label.to_ascii_lowercase()).ok()?);
    }
    let &[t0, t1, _, _] = query.get(at..at + 4)? else { return None };
    Some((labels.join("."), u16::from_be_bytes([t0, t1]), at + 4))
}

/// Returns the response and the delay before it; `None` if there is none.
fn response(mut message: Vec<u8>, rrtype: u16, answer: NameAnswer) -> Option<(Duration, Vec<u8>)> {
    // A response (QR) of a resolver (RA); RD stays as in the query.
    message[2] |= 0x80;
    message[3] = 0x80;
    let mut delay = Duration::ZERO;
    let addresses = match answer {
        NameAnswer::Silent => return None,
        NameAnswer::Garbage => return Some((delay, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())),
        NameAnswer::Code(code) => {
            message[3] |= code;
            Vec::new()
        }
        NameAnswer::Truncated => {
            message[2] |= 0x02;
            Vec::new()
        }
        NameAnswer::WrongId => {
            message[0] ^= 0x80;
            Vec::new()
        }
        NameAnswer::Addresses(addresses) => addresses,
        NameAnswer::Late(time, addresses) => {
            delay = time;
            addresses
        }
    };
    message[7] = u8::try_from(addresses.len()).expect("few records");
    for address in addresses {
        let data = match address {
            IpAddr::V4(a) => a.octets().to_vec(),
            IpAddr::V6(a) => a.octets().to_vec(),
        };
        // The owner is a compression pointer to the name in the question. Class IN, a TTL of 0.
        message.extend([0xc0, 12]);
        message.extend(rrtype.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 0, 0]);
        message.push(u8::try_from(data.len()).expect("a short record"));
        message.extend(data);
    }
    Some((delay, message))
}
