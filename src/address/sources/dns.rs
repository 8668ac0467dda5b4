//! The source `dns`: name servers that answer with the client's address, in one UDP exchange. It is the cheapest source
//! outside this network, and the easiest to spoof, so it is only a hint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::dns::client::exchange;
use crate::dns::error::DnsError;
use crate::dns::message::{A, AAAA, CH, IN, Question, TXT};
use crate::net::{Device, Family};

/// A name server, and the question that it answers with the client's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its provider: `cloudflare`, `google` or `opendns`.
    pub provider: &'static str,
    /// Its address and port.
    pub server: SocketAddr,
    question: Question<'static>,
}

/// Returns the services of the word `dns` in the config.
#[must_use]
pub fn built_in(family: Family) -> Vec<Service> {
    ["cloudflare", "google"].into_iter().filter_map(|provider| named(provider, family, None)).collect()
}

/// Returns the service of `provider`, at its own server if `server` is `None`. Returns `None` if the provider is
/// unknown or the server is of another family: a server sees the client's address of its own family.
#[must_use]
pub fn named(provider: &str, family: Family, server: Option<SocketAddr>) -> Option<Service> {
    let v4 = family == Family::V4;
    let (provider, server4, server6, question) = match provider {
        // A resolver that describes the client in the class CHAOS. With recursion, as `dig` queries it.
        "cloudflare" => (
            "cloudflare",
            Ipv4Addr::new(1, 1, 1, 1),
            Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111),
            Question { name: b"\x06whoami\x0acloudflare\0", rrtype: TXT, class: CH, recursion: true },
        ),
        // ns1.google.com, which is authoritative for the name: a resolver in between would get its own address.
        "google" => (
            "google",
            Ipv4Addr::new(216, 239, 32, 10),
            Ipv6Addr::new(0x2001, 0x4860, 0x4802, 0x32, 0, 0, 0, 0xa),
            Question {
                name: b"\x03o-o\x06myaddr\x01l\x06google\x03com\0",
                rrtype: TXT,
                class: IN,
                recursion: false,
            },
        ),
        // A name that only the resolvers of OpenDNS know, in the usual class.
        "opendns" => (
            "opendns",
            Ipv4Addr::new(208, 67, 222, 222),
            Ipv6Addr::new(0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35),
            Question {
                name: b"\x04myip\x07opendns\x03com\0",
                rrtype: if v4 { A } else { AAAA },
                class: IN,
                recursion: true,
            },
        ),
        _ => return None,
    };
    let default = if v4 { SocketAddr::from((server4, 53)) } else { SocketAddr::from((server6, 53)) };
    let server = server.unwrap_or(default);
    (server.is_ipv4() == v4).then_some(Service { provider, server, question })
}

/// Queries the service, by `device` if there is one. `timeout` is what is left of the run.
pub(crate) fn query(
    service: &Service,
    device: Option<&Device>,
    timeout: Duration,
) -> Result<IpAddr, DnsError> {
    let mut address = None;
    exchange(service.server, device, &service.question, timeout, &mut |id, message| {
        address = service.question.read(id, message)?;
        Ok(address.is_some())
    })?;
    address.ok_or(DnsError::NoAddress)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::thread;

    use super::*;
    use crate::dns::error::MAX_MESSAGE;
    use crate::sys::error_chain::chain;

    const LONG_TIMEOUT: Duration = Duration::from_secs(60);

    /// Returns a response to `query` with this address.
    fn response(query: &[u8], address: &str) -> Vec<u8> {
        let length = u8::try_from(address.len()).unwrap();
        let record =
            [&[0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, length + 1, length], address.as_bytes()].concat();
        let mut message = [query, &record].concat();
        (message[2], message[7]) = (0x80, 1);
        message
    }

    /// Queries a server on loopback, which `serve` plays.
    fn query_loopback(timeout: Duration, serve: impl FnOnce(&UdpSocket) + Send) -> Result<IpAddr, DnsError> {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(LONG_TIMEOUT)).unwrap();
        let service = named("cloudflare", Family::V4, server.local_addr().ok()).unwrap();
        thread::scope(|scope| {
            let serving = scope.spawn(|| serve(&server));
            let result = query(&service, None, timeout);
            serving.join().unwrap();
            result
        })
    }

    fn receive(server: &UdpSocket) -> (Vec<u8>, SocketAddr) {
        let mut buffer = [0; 600];
        let (length, from) = server.recv_from(&mut buffer).unwrap();
        (buffer[..length].to_vec(), from)
    }

    #[test]
    fn named_takes_known_providers_and_servers_of_the_family() {
        let servers = |family| built_in(family).iter().map(|s| s.server.to_string()).collect::<Vec<_>>();
        assert_eq!(servers(Family::V4), ["1.1.1.1:53", "216.239.32.10:53"]);
        assert_eq!(servers(Family::V6), ["[2606:4700:4700::1111]:53", "[2001:4860:4802:32::a]:53"]);
        let opendns = |family| named("opendns", family, None).unwrap();
        assert_eq!(opendns(Family::V4).server.to_string(), "208.67.222.222:53");
        assert_eq!(opendns(Family::V6).server.to_string(), "[2620:119:35::35]:53");
        assert_eq!((opendns(Family::V4).question.rrtype, opendns(Family::V6).question.rrtype), (1, 28));
        let (v4, v6) = ("127.0.0.1:5353".parse().ok(), "[::1]:5353".parse().ok());
        assert_eq!(named("google", Family::V4, v4).map(|s| s.server), v4);
        assert_eq!(named("google", Family::V6, v6).map(|s| s.server), v6);
        assert_eq!(named("google", Family::V4, v6), None);
        assert_eq!(named("google", Family::V6, v4), None);
        assert_eq!(named("quad9", Family::V4, v4), None);
    }

    #[test]
    fn unrelated_packets_do_not_end_the_wait() {
        let address = query_loopback(LONG_TIMEOUT, |server| {
            let (query, from) = receive(server);
            let other = UdpSocket::bind("127.0.0.1:0").unwrap();
            // A correct response from another port: the kernel drops it.
            other.send_to(&response(&query, "81.2.69.1"), from).unwrap();
            let mut wrong = response(&query, "81.2.69.2");
            wrong[0] ^= 1;
            for stray in [&wrong, &query, &query[..5], &[]] {
                server.send_to(stray, from).unwrap();
            }
            server.send_to(&response(&query, "81.2.69.142"), from).unwrap();
        });
        assert_eq!(address.unwrap().to_string(), "81.2.69.142");
    }

    #[test]
    fn silent_server_is_queried_again_with_another_id_and_port() {
        let address = query_loopback(LONG_TIMEOUT, |server| {
            let (first, from) = receive(server);
            let (second, again) = receive(server);
            assert_ne!(first[..2], second[..2]);
            assert_ne!(from, again);
            // The response to the first query arrives late, and at the port of the second.
            server.send_to(&response(&first, "81.2.69.1"), again).unwrap();
            server.send_to(&response(&second, "81.2.69.142"), again).unwrap();
        });
        assert_eq!(address.unwrap().to_string(), "81.2.69.142");
    }

    #[test]
    fn silent_server_is_an_error_with_its_port() {
        let silent = query_loopback(LONG_TIMEOUT, |_| {}).unwrap_err().to_string();
        let rest = silent.strip_prefix("did not answer within 2 s, queried twice; UDP to port ").unwrap();
        assert!(rest.ends_with(" may be blocked"), "{silent}");
    }

    #[test]
    fn silent_server_is_an_error_with_the_number_of_unrelated_packets() {
        let result = query_loopback(LONG_TIMEOUT, |server| {
            let (query, from) = receive(server);
            server.send_to(&query, from).unwrap();
        });
        let expected = "did not answer within 2 s, queried twice; received 1 unrelated packet";
        assert_eq!(result.unwrap_err().to_string(), expected);
    }

    #[test]
    fn long_or_refusing_response_is_an_error_at_once() {
        let error = |serve: fn(Vec<u8>) -> Vec<u8>| {
            let result = query_loopback(LONG_TIMEOUT, move |server| {
                let (query, from) = receive(server);
                server.send_to(&serve(response(&query, "81.2.69.142")), from).unwrap();
            });
            result.unwrap_err().to_string()
        };
        let long = |mut message: Vec<u8>| {
            message.resize(MAX_MESSAGE + 1, 0);
            message
        };
        assert_eq!(error(long), "sent a response longer than 512 bytes");
        let refused = |mut message: Vec<u8>| {
            message[3] = 5;
            message
        };
        assert_eq!(error(refused), "answered with REFUSED (5)");
    }

    #[test]
    fn timeout_of_the_run_ends_the_query() {
        // In the first attempt, and in the second.
        for timeout in [20, 2100].map(Duration::from_millis) {
            assert!(matches!(query_loopback(timeout, |_| {}), Err(DnsError::RunOver)), "{timeout:?}");
        }
        // Without time left, nothing is sent.
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let service = named("cloudflare", Family::V4, server.local_addr().ok()).unwrap();
        assert!(matches!(query(&service, None, Duration::ZERO), Err(DnsError::RunOver)));
        server.set_nonblocking(true).unwrap();
        assert!(server.recv(&mut [0; 600]).is_err());
    }

    #[test]
    fn unrelated_packets_do_not_extend_the_timeout() {
        let result = query_loopback(Duration::from_millis(20), |server| {
            let (query, from) = receive(server);
            // No further packet arrives: the timeout of this wait sets the pace.
            server.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            for _ in 0..60 {
                // An ICMP error, once the client's socket is closed.
                let _ = server.send_to(&query, from);
                let _ = server.recv(&mut [0; 1]);
            }
            let _ = server.send_to(&response(&query, "81.2.69.142"), from);
        });
        assert!(matches!(result, Err(DnsError::RunOver)), "{result:?}");
    }

    #[test]
    fn closed_port_is_an_error_at_once() {
        let free = UdpSocket::bind("127.0.0.1:0").and_then(|s| s.local_addr()).ok();
        let service = named("cloudflare", Family::V4, free).unwrap();
        let error = query(&service, None, LONG_TIMEOUT).unwrap_err();
        assert!(chain(&error).starts_with("could not be queried: Connection refused"), "{error}");
    }
}
