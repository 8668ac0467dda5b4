//! The source `router`, against Debian's miniupnpd in a network namespace, compared with Debian's clients, and against
//! a fake router with invalid responses.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

mod gateway;
mod real_routers;
mod trust;
mod upnp;

use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, Sandbox};

pub(crate) const GATEWAY: &str = "192.168.1.1";
/// The variable with the behaviour of the fake router, for its process: words such as `pmp:short`.
const MANNER: &str = "GANDI_DDNS_TEST_ROUTER";

/// A process that is killed at the end of the test.
pub(crate) struct Daemon(Child);

impl Daemon {
    pub(crate) const fn new(process: Child) -> Self {
        Self(process)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A host behind a router, with the fake Gandi on the host's loopback.
pub(crate) struct Home {
    pub(crate) net: Namespace,
    pub(crate) s: Sandbox,
}

impl Home {
    pub(crate) fn enter(test: &str, tools: &[&str]) -> Option<Self> {
        if !Namespace::has(test, tools) {
            return None;
        }
        let net = Namespace::enter(test)?;
        net.run(
            "ip netns add router
             ip link add eth0 type veth peer name lan0 netns router
             ip addr add 192.168.1.2/24 dev eth0; ip link set eth0 up
             ip -n router link set lo up
             ip -n router addr add 192.168.1.1/24 dev lan0; ip -n router link set lan0 up
             ip -n router addr add 192.168.1.66/24 dev lan0
             ip -n router link add wan0 type veth peer name isp0; ip -n router link set isp0 up
             ip -n router addr add 81.2.69.142/24 dev wan0; ip -n router link set wan0 up
             ip route add default via 192.168.1.1",
        );
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let home = Self { net, s };
        home.sources("router");
        Some(home)
    }

    /// Writes a config with these sources in `ipv4`. `ECHOES` stands for the echo services.
    fn sources(&self, words: &str) {
        self.sources_with(words, "");
    }

    /// Writes a config in which the router's answer by NAT-PMP is enough, although it is a vote.
    pub(crate) fn believes_one_vote(&self) {
        self.sources_with("router", "quorum = 1\n");
    }

    /// Writes a config with these sources and more global lines.
    pub(crate) fn sources_with(&self, words: &str, more: &str) {
        let head = self.s.head();
        let line = head.lines().find(|l| l.starts_with("ipv4 =")).expect("the IPv4 services");
        let words = words.replace("ECHOES", line.trim_start_matches("ipv4 = "));
        let head = head.replace(line, &format!("ipv4 = {words}"));
        self.s.raw_config(&format!("{head}{more}\n[example.org]\nnames = home\n"));
    }

    fn stale(&self) {
        self.s.fake.set("example.org", "home", "A", 600, &[STALE]);
    }

    /// The record is updated without a request to an echo service.
    fn follows(&self) {
        self.stale();
        let before = self.s.fake.requests().len();
        self.s.run(&["--force"]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
        let requests = self.s.fake.requests();
        assert!(
            requests[before..].iter().all(|r| ["livedns", "id", "domain"].contains(&r.listener.as_str()))
        );
    }

    fn fails(&self, cause: &str) {
        self.stale();
        let words = [
            "home.example.org A: could not determine a public IPv4 address; nothing was changed: router: ",
            cause,
        ];
        let before = (self.s.count("PUT"), self.s.count("GET"));
        self.s.run(&["--force"]).fails(75, &words);
        assert_eq!((self.s.count("PUT"), self.s.count("GET")), before);
        assert_eq!(self.s.zone("home", "A"), format!("600 {STALE}"));
    }

    /// Starts miniupnpd and waits until it listens. What it does is in `miniupnpd.log`.
    pub(crate) fn miniupnpd(&self, more: &str) -> Daemon {
        let config = self.s.path("miniupnpd.conf");
        let text = "ext_ifname=wan0\nlistening_ip=lan0\nport=5000\nsecure_mode=yes\n\
                    uuid=00000000-0000-0000-0000-000000000001\n";
        fs::write(&config, format!("{text}{more}\n")).expect("its config");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "router", "miniupnpd", "-d", "-f"]).arg(config);
        command.arg("-P").arg(self.s.path("miniupnpd.pid"));
        let log = fs::File::create(self.s.path("miniupnpd.log")).expect("its log");
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let daemon = Daemon(daemon.expect("miniupnpd starts"));
        // The ports of NAT-PMP and SSDP, 5351 and 1900, as the kernel prints them.
        let port = if more.contains("enable_natpmp=yes") { ":14E7 " } else { ":076C " };
        let started = Instant::now();
        loop {
            let sockets =
                Command::new("ip").args(["netns", "exec", "router", "cat", "/proc/net/udp"]).output();
            if String::from_utf8_lossy(&sockets.expect("the router's sockets").stdout).contains(port) {
                return daemon;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "miniupnpd does not listen");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// Starts a fake router with this behaviour.
fn fake(manner: &str) -> Daemon {
    start("router_source::fake_router", MANNER, manner)
}

/// Starts this test of this test binary in the namespace of the router, with a variable, and waits until it listens.
pub(crate) fn start(test: &str, variable: &str, value: &str) -> Daemon {
    start_in("router", test, variable, value)
}

/// Does the same in another namespace.
pub(crate) fn start_in(namespace: &str, test: &str, variable: &str, value: &str) -> Daemon {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]).arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(variable, value);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut daemon = Daemon(child.expect("the fake router starts"));
    let mut lines = BufReader::new(daemon.0.stdout.take().expect("its output")).lines();
    assert!(lines.any(|l| l.is_ok_and(|l| l.contains("the router listens"))), "{value}");
    daemon
}

fn output(command: &str) -> String {
    let ended = Command::new("sh").args(["-c", command]).output().expect("a shell");
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn nat_pmp_of_miniupnpd_gives_the_address() {
    let tools = ["miniupnpd", "natpmpc"];
    let Some(home) = Home::enter("router_source::nat_pmp_of_miniupnpd_gives_the_address", &tools) else {
        return;
    };
    let _daemon = home.miniupnpd("enable_natpmp=yes\nenable_upnp=no");
    let natpmpc = output("natpmpc");
    assert!(natpmpc.contains(&format!("Public IP address : {ADDRESS}")), "{natpmpc}");
    home.believes_one_vote();
    home.follows();
}

#[test]
fn upnp_of_miniupnpd_gives_the_address_in_both_versions() {
    let tools = ["miniupnpd", "upnpc"];
    let Some(home) =
        Home::enter("router_source::upnp_of_miniupnpd_gives_the_address_in_both_versions", &tools)
    else {
        return;
    };
    for version in ["force_igd_desc_v1=no", "force_igd_desc_v1=yes"] {
        let _daemon = home.miniupnpd(&format!("enable_natpmp=no\nenable_upnp=yes\n{version}"));
        let upnpc = output("upnpc -s");
        assert!(upnpc.contains(&format!("ExternalIPAddress = {ADDRESS}")), "{upnpc}");
        home.follows();
    }
}

#[test]
fn silent_gateway_fails_within_three_seconds() {
    let name = "router_source::silent_gateway_fails_within_three_seconds";
    let Some(home) = Home::enter(name, &["nft"]) else { return };
    let neither =
        "the gateway 192.168.1.1 answers neither NAT-PMP nor UPnP; enable one of them on the router";
    // An emulated processor is slower.
    let limit = if std::env::var_os("GANDI_DDNS_COMMAND").is_some() { 10 } else { 3 };
    for firewall in [
        "true",
        "ip netns exec router nft add table t
             ip netns exec router nft add chain t i '{ type filter hook input priority 0; policy drop; }'",
    ] {
        home.net.run(firewall);
        let started = Instant::now();
        home.fails(neither);
        assert!(started.elapsed() < Duration::from_secs(limit), "{firewall}: {:?}", started.elapsed());
    }
    home.net.ip("route del default");
    home.fails("no default gateway");
}

#[test]
fn malformed_or_private_router_response_is_refused() {
    let Some(home) = Home::enter("router_source::malformed_or_private_router_response_is_refused", &[])
    else {
        return;
    };
    let nat = "the router is behind another NAT (carrier-grade or a second router); the name would not reach";
    for (manner, cause) in [
        (
            "pmp:192.168.100.2",
            "answered with 192.168.100.2, a private address (RFC 1918): the router is behind another NAT",
        ),
        (
            "pmp:100.64.3.7",
            "answered with 100.64.3.7, a CGNAT address (RFC 6598): the router is behind another NAT (carrier-grade",
        ),
        ("pmp:10.0.0.1", nat),
        ("upnp:172.16.0.1", nat),
        ("pmp:0.0.0.0", "answered with 0.0.0.0: the router is not connected to the internet"),
        ("pmp:short", "answers neither"),
        ("pmp:opcode", "answers neither"),
        ("pmp:pcp", "answers neither"),
        ("pmp:other", "answers neither"),
        ("pmp:refused", "refuses NAT-PMP, and does not answer UPnP"),
        ("pmp:3", "not connected, and does not answer UPnP"),
        (
            "pmp:3 upnp:",
            "not connected, and reports via UPnP that it has no external address (not connected)",
        ),
        ("upnp:0.0.0.0", "reports via UPnP that it has no external address (not connected)"),
        ("upnp:garbage", "answers UPnP, but not with a valid address"),
        ("upnp:fault", "answers UPnP, but the request for its address failed with status 500"),
        ("upnp:page", "answers UPnP, but has no WAN connection service"),
        ("upnp:long", "longer than 65536 bytes"),
        ("upnp:hangs", "timed out (response)"),
    ] {
        let _fake = fake(manner);
        home.fails(cause);
    }
    home.believes_one_vote();
    for manner in [
        "pmp:81.2.69.142",
        "upnp:81.2.69.142",
        "pmp:refused upnp:81.2.69.142",
        "upnp:ppp",
        "upnp:base",
        // Port and path lead to the gateway, whoever names them.
        "upnp:elsewhere",
        "upnp:stranger",
    ] {
        let _fake = fake(manner);
        home.follows();
    }
}

#[test]
fn disagreement_of_router_and_web_is_a_warning() {
    let Some(home) = Home::enter("router_source::disagreement_of_router_and_web_is_a_warning", &[]) else {
        return;
    };
    let router = fake("upnp:81.2.69.200");
    for (sources, wins) in [("router ECHOES", "81.2.69.200"), ("ECHOES router", ADDRESS)] {
        home.stale();
        home.sources(sources);
        let ran = home.s.run(&["--force"]);
        ran.prints(0, &format!("home.example.org A: {STALE} -> {wins}\n"));
        ran.says(&[
            "warning: the router reports 81.2.69.200, but 127.0.0.2 sees 81.2.69.142: ",
            "such as a VPN",
        ]);
        assert_eq!(ran.stderr.lines().count(), 1);
        // The warning appears only when a record is written.
        home.s.run(&["--force"]).is(0, "");
    }
    drop(router);
    let _fake = fake("pmp:192.168.100.2");
    home.stale();
    home.sources("router ECHOES");
    let ran = home.s.run(&["--force"]);
    assert_eq!((ran.code, home.s.zone("home", "A")), (Some(0), format!("600 {ADDRESS}")));
    ran.says(&["warning: the router's external address is 192.168.100.2", "behind another NAT"]);
}

/// The process of the fake router, not a test.
#[test]
#[ignore = "started by other tests, in a namespace of its own"]
fn fake_router() {
    let manner = std::env::var(MANNER).expect("a manner");
    let of = |protocol: &str| manner.split(' ').find_map(|w| w.strip_prefix(protocol)).map(str::to_owned);
    let (pmp, upnp) = (of("pmp:"), of("upnp:"));
    std::thread::scope(|scope| {
        if let Some(answer) = pmp {
            let socket = UdpSocket::bind((GATEWAY, 5351)).expect("NAT-PMP's port");
            scope.spawn(move || nat_pmp(&socket, &answer));
        }
        if let Some(answer) = upnp {
            let ssdp = UdpSocket::bind(("0.0.0.0", 1900)).expect("SSDP's port");
            let http = TcpListener::bind((GATEWAY, 5000)).expect("a port for HTTP");
            let manner = answer.clone();
            scope.spawn(move || search(&ssdp, &manner));
            scope.spawn(move || http.incoming().flatten().for_each(|stream| serve(stream, &answer)));
        }
        let _ = writeln!(std::io::stdout(), "the router listens");
    });
}

fn nat_pmp(socket: &UdpSocket, answer: &str) {
    let mut packet = [0; 16];
    while let Ok((_, from)) = socket.recv_from(&mut packet) {
        let good = |address: &str| {
            let octets = address.parse::<std::net::Ipv4Addr>().expect("an address").octets();
            [&[0, 128, 0, 0, 0, 0, 0, 9][..], &octets].concat()
        };
        let response = match answer {
            "short" => good(ADDRESS)[..11].to_vec(),
            "opcode" => [&[0, 129], &good(ADDRESS)[2..]].concat(),
            "pcp" => vec![2, 128, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            "refused" => vec![0, 128, 0, 2, 0, 0, 0, 9],
            "3" => vec![0, 128, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0],
            "other" => {
                // A correct response from another host.
                let other = UdpSocket::bind(("192.168.1.66", 5351)).expect("another address");
                let _ = other.send_to(&good(ADDRESS), from);
                continue;
            }
            address => good(address),
        };
        let _ = socket.send_to(&response, from);
    }
}

fn search(ssdp: &UdpSocket, manner: &str) {
    let mut packet = [0; 1024];
    let host = if manner == "elsewhere" { "192.168.1.66" } else { GATEWAY };
    let response = format!("HTTP/1.1 200 OK\r\nEXT:\r\nlocation: http://{host}:5000/igd/root.xml\r\n\r\n");
    while let Ok((_, from)) = ssdp.recv_from(&mut packet) {
        if manner == "stranger" {
            let other = UdpSocket::bind(("192.168.1.66", 0)).expect("another address");
            let _ = other.send_to(response.as_bytes(), from);
        } else {
            let _ = ssdp.send_to(response.as_bytes(), from);
        }
    }
}

fn serve(mut stream: std::net::TcpStream, manner: &str) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    if manner == "hangs" {
        std::thread::sleep(Duration::from_secs(60));
    }
    let kind = if manner == "ppp" { "WANPPPConnection:1" } else { "WANIPConnection:1" };
    let base = if manner == "base" { "<URLBase>http://192.168.1.1:5000/other/</URLBase>" } else { "" };
    let path = if manner == "base" { "/other/ctl" } else { "/igd/ctl" };
    let (status, body) = if request.starts_with("GET /igd/root.xml ") {
        let service = format!(
            "{base}<service><serviceType>urn:schemas-upnp-org:service:{kind}</serviceType>\
             <controlURL>ctl</controlURL></service>"
        );
        match manner {
            "page" => ("200 OK", "<html><body>please log in</body></html>".to_owned()),
            "long" => ("200 OK", " ".repeat(1 << 20)),
            _ => ("200 OK", format!("<?xml version=\"1.0\"?><root>{service}</root>")),
        }
    } else if !(request.starts_with(&format!("POST {path} ")) && request.contains(kind)) {
        ("404 Not Found", String::new())
    } else {
        match manner {
            "fault" => ("500 Internal Server Error", "<s:Fault>501</s:Fault>".to_owned()),
            "garbage" => ("200 OK", "<NewExternalIPAddress>example.org</NewExternalIPAddress>".to_owned()),
            "ppp" | "base" | "elsewhere" | "stranger" => {
                ("200 OK", format!("<NewExternalIPAddress>{ADDRESS}</NewExternalIPAddress>"))
            }
            address => ("200 OK", format!("<NewExternalIPAddress>{address}</NewExternalIPAddress>")),
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}
