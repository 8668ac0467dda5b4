//! `UPnP` against a gateway that follows a script: descriptions, framings of HTTP, searches, and faults in each.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use super::gateway::{Gateway, description};
use super::{ADDRESS, Home};
use crate::sandbox::is_emulated;

const IP: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";
const PPP: &str = "urn:schemas-upnp-org:service:WANPPPConnection:1";
/// The usual search, and the port of HTTP.
const USUAL: &str = "listen 192.168.1.1:5000
    ssdp InternetGatewayDevice:1 192.168.1.1 http://192.168.1.1:5000/igd/root.xml";
const ROOT: &str = "/igd/root.xml";

/// Returns the content of a response with this address.
pub(super) fn address(address: &str) -> String {
    format!("<u:R><NewExternalIPAddress>{address}</NewExternalIPAddress></u:R>")
}

/// Returns the content of a fault.
fn error(code: &str, text: &str) -> String {
    format!(
        "<s:Fault><detail><UPnPError><errorCode>{code}</errorCode><errorDescription>{text}</errorDescription>\
         </UPnPError></detail></s:Fault>"
    )
}

/// Writes a description with these services, type and control URL, and returns the line that serves it at `path`.
fn described(home: &Home, path: &str, services: &[(&str, &str)]) -> String {
    based(home, path, "", services)
}

fn based(home: &Home, path: &str, base: &str, services: &[(&str, &str)]) -> String {
    let mut xml = format!("<?xml version=\"1.0\"?><root>{base}<device><serviceList>");
    for (urn, url) in services {
        write!(xml, "<service><serviceType>{urn}</serviceType><controlURL>{url}</controlURL></service>")
            .expect("memory");
    }
    let file = home.s.path(&format!("description{}", path.replace('/', "-")));
    fs::write(&file, xml + "</serviceList></device></root>").expect("a description");
    format!("get {path} {}", file.display())
}

/// A script with one service, whose response is that of the `answer` line.
fn one_service(home: &Home, answer: &str) -> String {
    format!("{USUAL}\n{}\n{answer}", described(home, ROOT, &[(IP, "/ctl")]))
}

fn good(home: &Home) -> String {
    one_service(home, &format!("post /ctl {IP} {}", address(ADDRESS)))
}

macro_rules! enter {
    ($test:ident) => {
        enter!($test, [])
    };
    ($test:ident, $tools:expr) => {
        match Home::enter(concat!("router_source::upnp::", stringify!($test)), &$tools) {
            Some(home) => home,
            None => return,
        }
    };
}

#[test]
fn service_of_any_version_and_namespace_gives_the_address() {
    let home = enter!(service_of_any_version_and_namespace_gives_the_address);
    for (file, path, urn) in [
        ("any_version.xml", "/4a1b/control/WANIPConn1", "urn:schemas-upnp-org:service:WANPPPConnection:2"),
        ("dsl_forum.xml", "/ctrl/WANPPPConnection_1", "urn:dslforum-org:service:WANPPPConnection:1"),
        ("two_connections.xml", "/UD/?9", IP),
        ("two_connections.xml", "/UD/?10", "urn:dslforum-org:service:WANPPPConnection:1"),
        ("as_written.xml", "/ctl?a=1&b=2", IP),
    ] {
        let serve = format!("get {ROOT} {}", description(file).display());
        let _gateway =
            Gateway::start(&home, &format!("{USUAL}\n{serve}\npost {path} {urn} {}", address(ADDRESS)));
        home.follows();
    }
    for version in ["3", "12"] {
        let urn = format!("urn:schemas-upnp-org:service:WANIPConnection:{version}");
        let serve = described(&home, ROOT, &[(&urn, "/ctl")]);
        let _gateway =
            Gateway::start(&home, &format!("{USUAL}\n{serve}\npost /ctl {urn} {}", address(ADDRESS)));
        home.follows();
    }
}

#[test]
fn request_has_the_headers_of_common_clients_and_its_own_connection() {
    let home = enter!(request_has_the_headers_of_common_clients_and_its_own_connection);
    for style in ["length", "keep"] {
        let gateway = Gateway::start(&home, &format!("{}\nstyle {style}", good(&home)));
        home.follows();
        // The address may be queried twice in a run: to compare, and to write.
        let mut requests = gateway.requests();
        requests.truncate(2);
        let agent = concat!("User-Agent: gandi-ddns/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            requests[0],
            format!("GET {ROOT} HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n{agent}\r\nConnection: close\r\n\r\n")
        );
        let (head, body) = requests[1].split_once("\r\n\r\n").expect("a head");
        assert_eq!(
            head,
            format!(
                "POST /ctl HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n{agent}\r\nContent-Length: {}\r\n\
                 Content-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"{IP}#GetExternalIPAddress\"\r\n\
                 Connection: close",
                body.len()
            )
        );
        assert!(gateway.requests().iter().all(|r| r.starts_with("GET ") || r.starts_with("POST ")));
    }
}

#[test]
fn response_in_any_framing_is_understood() {
    let home = enter!(response_in_any_framing_is_understood);
    for style in ["length", "keep", "case", "http10", "interim", "chunked", "drip"] {
        let _gateway = Gateway::start(&home, &format!("{}\nstyle {style}", good(&home)));
        home.follows();
    }
}

#[test]
fn faulty_or_endless_response_is_refused_in_bounded_time() {
    let home = enter!(faulty_or_endless_response_is_refused_in_bounded_time);
    let cut = "failed: the connection was closed before the response was complete";
    let long = "failed: the response is longer than 65536 bytes";
    for (style, cause) in [
        ("cut", cut),
        ("cut-chunk", cut),
        ("no-http", "failed: the response is not HTTP"),
        ("bad-length", "failed: the response is not HTTP"),
        ("bad-chunk", "failed: the response is not HTTP"),
        ("huge-length", long),
        ("huge-chunk", long),
        ("endless-line", long),
        ("endless-head", long),
        ("endless-interim", long),
        ("endless-body", long),
        ("endless-chunks", long),
        ("endless-extension", long),
        ("slow", "failed: timed out (response)"),
        ("silent", "failed: timed out (response)"),
    ] {
        let _gateway = Gateway::start(&home, &format!("{}\nstyle {style}", good(&home)));
        let started = Instant::now();
        // Under an emulator on a busy machine, time may be up before the size is.
        let cause = if is_emulated() && cause == long { "failed: " } else { cause };
        home.fails(&format!("answers UPnP, but the request for its description {cause}"));
        assert!(started.elapsed() < Duration::from_secs(20), "{style}: {:?}", started.elapsed());
    }
}

#[test]
fn control_url_is_resolved_on_the_gateway() {
    let home = enter!(control_url_is_resolved_on_the_gateway);
    for (base, url, path) in [
        ("", "ctl", "/igd/ctl"),
        ("", "../ctl", "/ctl"),
        ("", "./a/../ctl", "/igd/ctl"),
        ("", "?control=x", "/igd/root.xml?control=x"),
        ("", "", "/igd/root.xml"),
        ("", "/ctl?a=1&amp;b=2", "/ctl?a=1&b=2"),
        ("", "//192.168.1.1:5000/ctl", "/ctl"),
        ("", "http://192.168.1.1:5000/ctl", "/ctl"),
        ("", "http://192.168.1.66:5000/ctl", "/ctl"),
        ("", "http://router.example:5000/ctl", "/ctl"),
        ("http://192.168.1.1:5000", "ctl", "/ctl"),
        ("http://192.168.1.1:5000/base/", "?control=x", "/base/?control=x"),
        ("http://192.168.1.1:5000/base/", "ctl", "/base/ctl"),
        ("http://192.168.1.66:5000/base/", "ctl", "/base/ctl"),
        // A base that is out of date.
        ("http://192.168.1.1:4999/", "/ctl", "/ctl"),
        ("http://192.168.1.1:5000/old/", "ctl", "/igd/ctl"),
    ] {
        let base = if base.is_empty() { String::new() } else { format!("<URLBase>{base}</URLBase>") };
        let serve = based(&home, ROOT, &base, &[(IP, url)]);
        let script =
            format!("{USUAL}\n{serve}\npost {path} {IP} {}\ntrap 192.168.1.66:5000", address(ADDRESS));
        let gateway = Gateway::start(&home, &script);
        home.follows();
        assert!(!gateway.was_trapped("192.168.1.66:5000"), "{base} {url}");
    }
}

#[test]
fn private_address_of_one_service_does_not_hide_a_public_one() {
    let home = enter!(private_address_of_one_service_does_not_hide_a_public_one);
    let serve = described(&home, ROOT, &[(IP, "/iptv"), (PPP, "/ppp"), (IP, "/more")]);
    let script = |first: &str, second: &str, third: &str| {
        let (first, second, third) = (address(first), address(second), address(third));
        format!(
            "{USUAL}\n{serve}\npost /iptv {IP} {first}\npost /ppp {PPP} {second}\npost /more {IP} {third}"
        )
    };
    for (first, second, third) in [
        ("10.20.30.40", ADDRESS, "10.0.0.1"),
        ("100.64.3.7", "192.168.100.2", ADDRESS),
        ("0.0.0.0", "127.0.0.1", ADDRESS),
        ("", "garbage", ADDRESS),
        (ADDRESS, "", ""),
    ] {
        let _gateway = Gateway::start(&home, &script(first, second, third));
        home.follows();
    }
    let nat = "a private address (RFC 1918): the router is behind another NAT";
    for (first, second, third) in [
        ("10.20.30.40", "", "0.0.0.0"),
        ("", "garbage", "10.20.30.40"),
        ("10.20.30.40", "10.0.0.2", "garbage"),
    ] {
        let _gateway = Gateway::start(&home, &script(first, second, third));
        home.fails(&format!("answered with 10.20.30.40, {nat}"));
    }
}

#[test]
fn upnp_is_asked_when_nat_pmp_has_no_public_address() {
    let home = enter!(upnp_is_asked_when_nat_pmp_has_no_public_address);
    for pmp in ["192.168.100.2", "100.64.3.7", "10.0.0.1", "0.0.0.0", "refused", "3", "short"] {
        let _gateway = Gateway::start(&home, &format!("{}\npmp {pmp}", good(&home)));
        home.follows();
    }
    let private = one_service(&home, &format!("post /ctl {IP} {}", address("10.20.30.40")));
    // Of two private addresses, NAT-PMP has the less trusted one.
    for pmp in ["3", "0.0.0.0", "192.168.100.2"] {
        let _gateway = Gateway::start(&home, &format!("{private}\npmp {pmp}"));
        home.fails("answered with 10.20.30.40, a private address (RFC 1918)");
    }
}

#[test]
fn fault_is_named_with_code_and_description() {
    let home = enter!(fault_is_named_with_code_and_description);
    let address_failed = "answers UPnP, but the request for its address failed: ";
    let not_connected = "reports via UPnP that it has no external address (not connected)";
    let long = "x".repeat(2000);
    for (key, xml, cause) in [
        ("post", "<NewExternalIPAddress/>".to_owned(), not_connected.to_owned()),
        ("post", "<NewExternalIPAddress />".to_owned(), not_connected.to_owned()),
        ("post", address(""), not_connected.to_owned()),
        ("post", address(" \t "), not_connected.to_owned()),
        (
            "fault",
            error("606", "Action not authorized"),
            format!("{address_failed}UPnP error 606 Action not authorized\n"),
        ),
        ("fault", error("501", "Action Failed"), format!("{address_failed}UPnP error 501 Action Failed\n")),
        ("fault", error("606", ""), format!("{address_failed}UPnP error 606\n")),
        // Some routers report a fault with status 200.
        ("post", error("401", "Invalid Action"), format!("{address_failed}UPnP error 401 Invalid Action\n")),
        ("fault", error("606", "a\u{1b}[31mb\u{7}\tc"), format!("{address_failed}UPnP error 606 a[31mbc\n")),
        ("fault", error("606", &long), format!("{address_failed}UPnP error 606 {}\n", &long[..76])),
        (
            "fault",
            "<html>sorry</html>".to_owned(),
            format!("{} with status 500\n", address_failed.trim_end_matches(": ")),
        ),
        ("post", "<html>log in</html>".to_owned(), "answers UPnP, but not with a valid address".to_owned()),
    ] {
        let _gateway = Gateway::start(&home, &one_service(&home, &format!("{key} /ctl {IP} {xml}")));
        home.fails(&cause);
    }
}

#[test]
fn further_locations_of_the_gateway_are_tried() {
    let home = enter!(further_locations_of_the_gateway_are_tried);
    let media = described(&home, "/media.xml", &[("urn:schemas-upnp-org:service:ContentDirectory:1", "/c")]);
    let iptv = described(&home, "/iptv.xml", &[(IP, "/iptv")]);
    let script = |locations: &[&str]| {
        let mut script = good(&home).replace(USUAL, "listen 192.168.1.1:5000");
        for location in locations {
            write!(script, "\nssdp InternetGatewayDevice:1 192.168.1.1 {location}").expect("memory");
        }
        format!("{script}\n{media}\n{iptv}\npost /iptv {IP} {}", address("10.20.30.40"))
    };
    let root = "http://192.168.1.1:5000/igd/root.xml";
    for locations in [
        &["http://192.168.1.1:5000/media.xml", root][..],
        &["http://192.168.1.1:5000/gone.xml", root],
        &["http://192.168.1.1:5000/iptv.xml", root],
        &["http://192.168.1.1:4999/igd/root.xml", root],
        &["https://192.168.1.1:5000/igd/root.xml", "nonsense", "", root],
        &[
            "http://192.168.1.1:5000/media.xml",
            "http://192.168.1.1:5000/iptv.xml",
            "http://192.168.1.1:1/",
            root,
        ],
        &[root, "http://192.168.1.1:5000/media.xml"],
    ] {
        let _gateway = Gateway::start(&home, &script(locations));
        home.follows();
    }
    let _gateway = Gateway::start(
        &home,
        &script(&["http://192.168.1.1:5000/iptv.xml", "http://192.168.1.1:5000/media.xml"]),
    );
    home.fails("answered with 10.20.30.40, a private address");
}

#[test]
fn gateway_that_answers_any_usual_search_is_found() {
    let home = enter!(gateway_that_answers_any_usual_search_is_found);
    for target in [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
        "upnp:rootdevice",
    ] {
        let _gateway = Gateway::start(&home, &good(&home).replace("InternetGatewayDevice:1", target));
        home.follows();
    }
}

#[test]
fn only_the_gateway_is_contacted_whoever_answers_the_search() {
    let home = enter!(only_the_gateway_is_contacted_whoever_answers_the_search);
    let trap = "192.168.1.66:5000";
    for (sender, host) in [
        // A gateway that shares a virtual address answers from its own one, and names it.
        ("192.168.1.66", "192.168.1.66"),
        ("192.168.1.66", "192.168.1.1"),
        ("192.168.1.1", "192.168.1.66"),
        ("192.168.1.1", "router.example"),
        ("192.168.1.1", "[fe80::1]"),
        ("192.168.1.1", "user:pass@192.168.1.1"),
    ] {
        let script = good(&home)
            .replace("192.168.1.1 http://192.168.1.1:5000", &format!("{sender} http://{host}:5000"));
        let gateway = Gateway::start(&home, &format!("{script}\ntrap {trap}"));
        home.follows();
        assert!(!gateway.was_trapped(trap), "{sender} {host}");
    }
}

#[test]
fn forged_locations_neither_hide_the_gateway_nor_take_long() {
    let home = enter!(forged_locations_neither_hide_the_gateway_nor_take_long, ["nft"]);
    // Ports that neither accept nor refuse a connection.
    home.net.run(
        "ip netns exec router nft add table t
         ip netns exec router nft add chain t i '{ type filter hook input priority 0; }'
         ip netns exec router nft add rule t i tcp dport 6000-7000 drop",
    );
    let mut forged = String::new();
    for port in 6000..6050 {
        write!(forged, "\nssdp * 192.168.1.66 http://192.168.1.66:{port}/").expect("memory");
    }
    let started = Instant::now();
    {
        let _gateway = Gateway::start(&home, &forged);
        home.fails("the gateway 192.168.1.1 answers neither NAT-PMP nor UPnP");
    }
    let _gateway = Gateway::start(&home, &format!("{forged}\n{}", good(&home)));
    home.follows();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn request_that_this_machine_cannot_send_is_named() {
    let home = enter!(request_that_this_machine_cannot_send_is_named, ["nft"]);
    home.net.run(
        "nft add table t
         nft add chain t o '{ type filter hook output priority 0; }'
         nft add rule t o ip daddr 192.168.1.1 udp dport 5351 drop",
    );
    let denied = "Operation not permitted (os error 1)";
    home.fails(&format!(
        "the gateway 192.168.1.1 could not be asked via NAT-PMP ({denied}), and does not answer UPnP"
    ));
    home.net.run("nft add rule t o udp dport 1900 drop");
    home.fails(&format!("and could not be searched for via UPnP: {denied}"));
}

#[test]
fn answer_by_upnp_is_written_and_not_a_contradicting_one_by_nat_pmp() {
    let home = enter!(answer_by_upnp_is_written_and_not_a_contradicting_one_by_nat_pmp);
    let _gateway = Gateway::start(&home, &format!("{}\npmp 62.4.99.9", good(&home)));
    home.follows();
}
