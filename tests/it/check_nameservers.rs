//! The nameservers of a domain in `gandi-ddns check` and in a run, where Gandi does not say them.

use std::fs;

use crate::check::{finds, good};
use crate::namespace::Namespace;
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;

#[test]
fn nameservers_come_from_dns_when_gandi_does_not_say() {
    let name = "check_nameservers::nameservers_come_from_dns_when_gandi_does_not_say";
    let Some(net) = Namespace::enter(name) else { return };
    let s = good();
    s.write("hosts", "127.0.0.1 localhost api.gandi.net\n");
    s.write("resolv", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n");
    for (file, over) in [("hosts", "/etc/hosts"), ("resolv", "/etc/resolv.conf")] {
        net.run(&format!("mount --bind {} $(readlink -f {over})", s.path(file).display()));
    }
    let head = s.head().replace("https://127.0.0.1:", "https://api.gandi.net:");
    // id.gandi.net is not in the hosts file, so the token's expiry is unknown.
    s.raw_config(&format!("{head}\n[example.org]\nnames = home\n"));
    let ran = finds(&s, 0, "ok       name resolution: api.gandi.net resolves (1 address)", &[]);
    assert!(ran.stdout.contains("warning  token: could not determine the expiry date"), "{}", ran.stdout);
    // A token without access to the domain API: the nameservers come from DNS.
    s.fake.fault(On::path("/v5/domain/"), Times::Always, Fault::Answer(Answer::json(403, "{}")));
    finds(
        &s,
        0,
        "warning  nameservers of example.org: could not be determined, neither from Gandi nor via DNS",
        &[],
    );
    s.run(&[]).is(0, "");
    for (names, line) in [
        (
            &["ns-154-a.gandi.net", "NS-99-b.gandi.net"][..],
            "ok       nameservers of example.org: domain uses Gandi LiveDNS",
        ),
        (
            &["a.dns.gandi.net"],
            "warning  nameservers of example.org: domain uses a.dns.gandi.net, not LiveDNS",
        ),
        (&[], "warning  nameservers of example.org: domain has no nameservers"),
    ] {
        let resolver = Resolver::start(names);
        finds(&s, 0, line, &[]);
        s.age(DAY);
        let ran = s.run(&[]);
        ran.exits(0);
        match line.strip_prefix("warning  ") {
            Some(text) => ran.says(&[&format!("gandi-ddns: warning: {text}")]),
            None => assert_eq!(ran.stderr, ""),
        }
        resolver.stop();
    }
    fs::write(s.path("hosts"), "127.0.0.1 localhost\n").expect("hosts");
    finds(&s, 75, "failure  name resolution: api.gandi.net: ", &["/etc/resolv.conf"]);
}

/// A resolver that returns these nameservers for every NS query, and no records for any other.
struct Resolver(std::thread::JoinHandle<()>);

impl Resolver {
    fn start(names: &[&str]) -> Self {
        let socket = std::net::UdpSocket::bind("127.0.0.1:53").expect("port 53");
        let names: Vec<Vec<u8>> = names.iter().map(|n| gandi_ddns::dns::message::wire(n)).collect();
        Self(std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let query = &buffer[..length];
                if query == b"stop" {
                    return;
                }
                let mut answer = query.to_vec();
                (answer[2], answer[3], answer[7]) = (0x81, 0x80, 0);
                // The question has type NS and class IN.
                if query.ends_with(&[0, 2, 0, 1]) {
                    answer[7] = u8::try_from(names.len()).expect("a few");
                    for name in &names {
                        let length = u16::try_from(name.len()).expect("a name").to_be_bytes();
                        answer.extend([&[0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60], &length[..], name].concat());
                    }
                }
                socket.send_to(&answer, from).expect("an answer");
            }
        }))
    }

    fn stop(self) {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.send_to(b"stop", "127.0.0.1:53").expect("the end");
        self.0.join().expect("its end");
    }
}
