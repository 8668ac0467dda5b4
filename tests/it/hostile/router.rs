//! Routers: `UPnP` descriptions, answers to `GetExternalIPAddress` and SSDP at their worst. Each run waits for the
//! gateway, so that several hosts ask it at a time, each with a row of its own.

use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{fail_with, run_with, sample};
use crate::router_source::{Daemon, GATEWAY, Home, start};
use crate::sandbox::{ADDRESS, is_emulated};
use fake_gandi::hostile::{Good, Reaction, Row, Step, cut_rows, http_rows, play_answer, ssdp_packets};

/// The variable with the directory of the current rows, for the process of the gateway.
const ROWS: &str = "GANDI_DDNS_TEST_HOSTILE";
/// Number of hosts: 192.168.1.101 and so on, each in a namespace of its own.
const HOSTS: u8 = 16;

const SERVICE: &str = "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>\
                       <controlURL>/ctl</controlURL></service>";

/// Returns the good description.
fn description() -> String {
    format!("<?xml version=\"1.0\"?><root><device><serviceList>{SERVICE}</serviceList></device></root>")
}

/// Returns the good answer with this address.
fn soap(address: &str) -> String {
    format!(
        "<s:Envelope><s:Body><NewExternalIPAddress>{address}</NewExternalIPAddress></s:Body></s:Envelope>"
    )
}

fn good(body: &str) -> Good {
    Good {
        status: "200 OK".to_owned(),
        content_type: "text/xml".to_owned(),
        body: body.to_owned(),
        smuggled: format!("HTTP/1.1 200 OK\r\n\r\n{}", soap("81.2.69.66")),
        trap: "192.168.1.66:5000".to_owned(),
    }
}

/// A complete response with this body.
fn response(body: &str) -> Vec<Step> {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    vec![Step::Send(text.into_bytes())]
}

/// XML at its worst, as a description or an answer that contains `inner`.
fn xml_rows(inner: &str) -> Vec<Row> {
    let entity = |n: u8| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    let entities = (1..9).map(entity).collect::<Vec<_>>().concat();
    let bodies = [
        (
            "entities of entities",
            format!("<!DOCTYPE x [<!ENTITY a0 \"ha\">{entities}]><root>&a8;{inner}</root>"),
        ),
        (
            "an entity of a file",
            format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><root>&a;{inner}</root>"),
        ),
        (
            "an entity of another host",
            format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"http://192.168.1.66:5000/\">]><root>&a;{inner}</root>"),
        ),
        ("8,000 elements in each other", format!("{}{inner}{}", "<a>".repeat(8000), "</a>".repeat(8000))),
        ("elements without an end", "<a>".repeat(20_000)),
        ("ends without elements", "</a>".repeat(15_000)),
        ("less-than signs", "<".repeat(60_000)),
        ("comments without an end", "<!--".repeat(15_000)),
        ("comments", format!("{}{inner}", "<!---->".repeat(8000))),
        ("CDATA without an end", "<![CDATA[".repeat(6000)),
        ("empty CDATA", format!("{}{inner}", "<![CDATA[]]>".repeat(5000))),
        ("entities", format!("<root>{}{inner}</root>", "&amp;".repeat(12_000))),
        ("attributes", format!("<root {}>{inner}</root>", "a=\"b\" ".repeat(9000))),
        ("an attribute without an end", format!("<root a=\"{inner}")),
        ("NULs", format!("\0\0{inner}\0")),
        ("ESC and bytes that are not ASCII", format!("<root>\u{1b}[2J\u{20ac}\u{202e}{inner}</root>")),
        ("a thousand services", format!("<root>{}</root>", inner.repeat(60_000 / inner.len().max(60)))),
        ("a base elsewhere", format!("<root><URLBase>http://192.168.1.66:5000/</URLBase>{inner}</root>")),
        ("a base that is a file", format!("<root><URLBase>file:///etc/</URLBase>{inner}</root>")),
        (
            "a long base",
            format!("<root><URLBase>http://192.168.1.1:5000/{}</URLBase>{inner}</root>", "x".repeat(50_000)),
        ),
        ("an error of 8 kB", format!("<errorCode>{}</errorCode>", "9\u{1b}".repeat(4000))),
        ("lines that are no lines", "\r".repeat(60_000)),
    ];
    let row = |(name, body): (&str, String)| Row {
        name: name.to_owned(),
        reaction: Reaction::Either,
        steps: response(&body),
    };
    bodies.into_iter().map(row).collect()
}

/// Returns the rows of a role: `description` or `soap`.
fn rows(role: &str) -> Vec<Row> {
    let (body, inner) = match role {
        "description" => (description(), SERVICE.to_owned()),
        _ => (soap(ADDRESS), "<NewExternalIPAddress>81.2.69.142</NewExternalIPAddress>".to_owned()),
    };
    let mut rows = http_rows(&good(&body));
    rows.extend(xml_rows(&inner));
    rows.extend(cut_rows(&good(&body)).into_iter().step_by(17));
    rows
}

/// The process of the gateway, not a test.
#[test]
#[ignore = "started by other tests, in a namespace of its own"]
fn hostile_gateway() {
    let dir = PathBuf::from(std::env::var(ROWS).expect("a directory"));
    let (descriptions, soaps) = (rows("description"), rows("soap"));
    let ssdp = UdpSocket::bind(("0.0.0.0", 1900)).expect("SSDP's port");
    let http = TcpListener::bind((GATEWAY, 5000)).expect("a port for HTTP");
    let trap = TcpListener::bind("192.168.1.66:5000").expect("a port for the trap");
    thread::scope(|scope| {
        scope.spawn(|| {
            trap.incoming().flatten().for_each(|_| fs::write(dir.join("trapped"), "").expect("a file"));
        });
        scope.spawn(|| answer_searches(&ssdp, &dir));
        let _ = writeln!(std::io::stdout(), "the router listens");
        for tcp in http.incoming().flatten() {
            let (dir, descriptions, soaps) = (&dir, &descriptions, &soaps);
            scope.spawn(move || {
                let Ok(peer) = tcp.peer_addr() else { return };
                let (role, n) = current(dir, peer.ip());
                play_answer(tcp, |request| match request.starts_with("GET") {
                    true if role == "description" => descriptions[n].steps.clone(),
                    true => response(&description()),
                    false if role == "soap" => soaps[n].steps.clone(),
                    false => response(&soap(ADDRESS)),
                });
            });
        }
    });
}

/// Returns role and number of the current row of a host.
fn current(dir: &Path, host: IpAddr) -> (String, usize) {
    let text = fs::read_to_string(dir.join(host.to_string())).unwrap_or_default();
    let (role, n) = text.split_once(' ').unwrap_or(("none", "0"));
    (role.to_owned(), n.parse().expect("a number"))
}

fn answer_searches(ssdp: &UdpSocket, dir: &Path) {
    let good = format!("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://{GATEWAY}:5000/igd.xml\r\n\r\n");
    let hostile: Vec<Vec<u8>> = ssdp_packets().into_iter().map(|(_, packet)| packet).collect();
    let mut buffer = [0; 1024];
    while let Ok((_, from)) = ssdp.recv_from(&mut buffer) {
        let (role, n) = current(dir, from.ip());
        let send = |packet: &[u8]| {
            // An error means that the client has gone.
            let _ = ssdp.send_to(packet, from);
        };
        match role.as_str() {
            "ssdp" => send(&hostile[n]),
            "flood" => (0..5000).for_each(|n| send(&hostile[n % hostile.len()])),
            "locations" => (0..5000).for_each(|n| {
                send(good.replace("/igd.xml", &format!("/{n}.xml")).replace(":5000", ":5001").as_bytes());
            }),
            _ => send(good.as_bytes()),
        }
    }
}

/// One row for a host: what it is about, its number, its name, the right reaction.
type Task = (&'static str, usize, String, Reaction);

/// A gateway with many hosts.
struct Lan {
    home: Home,
    _gateway: Daemon,
}

impl Lan {
    fn enter(test: &str) -> Option<Self> {
        let home = Home::enter(test, &[])?;
        fs::create_dir(home.s.path("rows")).expect("a directory");
        home.sources_with("router", "timeout = 3\n");
        let gateway =
            start("hostile::router::hostile_gateway", ROWS, &home.s.path("rows").display().to_string());
        for n in 1..=HOSTS {
            home.net.run(&format!(
                "ip netns add host{n}
                 ip link add up{n} type veth peer name down{n} netns router
                 ip link set up{n} netns host{n} name eth0
                 ip -n router addr add {GATEWAY} peer {host}/32 dev down{n}; ip -n router link set down{n} up
                 ip -n host{n} addr add {host}/24 dev eth0; ip -n host{n} link set eth0 up
                 ip -n host{n} route add default via {GATEWAY}",
                host = host(n)
            ));
        }
        Some(Self { home, _gateway: gateway })
    }

    /// Asks the gateway as one of the hosts, by `gandi-ddns ip`, which writes nothing.
    fn check(&self, n: u8, (role, row, name, reaction): &Task) -> Vec<String> {
        let (s, name) = (&self.home.s, format!("{role}: {name}"));
        fs::write(s.path("rows").join(host(n)), format!("{role} {row}")).expect("the row");
        let prefix = ["ip", "netns", "exec", &format!("host{n}")];
        let (ran, mut problems) = run_with(s, &prefix, &name, 3, &["ip"]);
        let is_found = ran.code == Some(0) && ran.stdout.contains(ADDRESS);
        let is_refused = ran.code == Some(75) && !ran.stdout.contains("81.2.69");
        // Three seconds are short for an emulated program.
        let is_right = match reaction {
            Reaction::Taken if !is_emulated() => is_found,
            Reaction::Refused | Reaction::OffTopic => is_refused,
            _ => is_found || is_refused,
        };
        if !is_right {
            problems.push(format!("{name}: expected {reaction:?}\n{ran}"));
        }
        problems
    }

    /// Divides the tasks among the hosts.
    #[track_caller]
    fn check_all(&self, tasks: &[Task]) {
        let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for n in 1..=HOSTS {
                let (next, problems) = (&next, &problems);
                scope.spawn(move || {
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = self.check(n, task);
                        problems.lock().expect("no panic").extend(found);
                    }
                });
            }
        });
        fail_with(&problems.into_inner().expect("no panic"), tasks.len());
        assert!(!self.home.s.path("rows/trapped").exists(), "connected to another host");
    }
}

/// The address of a host.
fn host(n: u8) -> String {
    format!("192.168.1.{}", 100 + n)
}

#[test]
fn hostile_router_gives_no_wrong_address() {
    let Some(lan) = Lan::enter("hostile::router::hostile_router_gives_no_wrong_address") else { return };
    let mut tasks: Vec<Task> = vec![("none", 0, "a good gateway".to_owned(), Reaction::Taken)];
    for (n, (name, _)) in ssdp_packets().into_iter().enumerate() {
        tasks.push(("ssdp", n, name, Reaction::Refused));
    }
    tasks.push(("flood", 0, "thousands of packets".to_owned(), Reaction::Refused));
    tasks.push(("locations", 0, "thousands of locations".to_owned(), Reaction::Refused));
    for role in ["description", "soap"] {
        for (n, row) in rows(role).into_iter().enumerate() {
            // Old routers break rules of HTTP, and are understood where nothing wrong follows from it.
            let reaction = match row.reaction {
                Reaction::Refused | Reaction::OffTopic => Reaction::Either,
                other => other,
            };
            tasks.push((role, n, row.name, reaction));
        }
    }
    lan.check_all(&sample(tasks, 2));
}
