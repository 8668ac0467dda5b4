//! Each fault does what its documentation says.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, TIMEOUT};
use fake_gandi::{Answer, AtAccept, Fake, Family, Fault, Framing, On, ReservedPort, Setup, Times, Tls};

const PATH: &str = "/v5/livedns/domains/example.org/records/home/A";
const BODY: &str = r#"{"rrset_values":["192.0.2.1"],"rrset_ttl":300}"#;
const DROP: Duration = Duration::from_micros(200);

fn fake(tls: Tls) -> Fake {
    let fake = Fake::start_with(Setup { tls, ..Setup::default() });
    fake.accept_bearer("good");
    fake.add_domain("example.org");
    fake
}

fn applied(fake: &Fake) -> bool {
    fake.get("example.org", "home", "A").is_some()
}

#[test]
fn response_is_replaced_as_often_as_set() {
    let fake = fake(Tls::None);
    let mut client = Client::to(&fake);
    fake.fault(On::route("PUT", "/home/"), Times::Next(2), Fault::too_many_requests("30"));
    fake.fault(On::method("PUT"), Times::Once, Fault::Redirect("http://elsewhere.example/".to_owned()));
    let html = Answer::html(502, "<html>").header("X-Seen", "yes");
    fake.fault(On::path("/home/A"), Times::Once, Fault::Answer(html));
    let first = client.ask("PUT", PATH, BODY);
    assert_eq!((first.status, first.header("Retry-After")), (429, Some("30")));
    assert_eq!(client.ask("PUT", PATH, BODY).status, 429);
    let moved = client.ask("PUT", PATH, BODY);
    assert_eq!((moved.status, moved.header("Location")), (302, Some("http://elsewhere.example/")));
    let html = client.ask("PUT", PATH, BODY);
    assert_eq!(
        (html.status, html.header("Content-Type"), html.body.as_str()),
        (502, Some("text/html"), "<html>")
    );
    assert_eq!(html.header("X-Seen"), Some("yes"));
    assert!(!applied(&fake));
    assert_eq!(client.ask("PUT", PATH, BODY).status, 201);
    assert!(applied(&fake));
    fake.fault(On::any(), Times::Once, Fault::Pass);
    fake.fault(On::any(), Times::Always, Fault::Answer(Answer::json(500, "{}")));
    let statuses: Vec<u16> = (0..3).map(|_| client.ask("GET", PATH, "").status).collect();
    assert_eq!(statuses, [200, 500, 500]);
    fake.clear_faults();
    assert_eq!(client.ask("GET", PATH, "").status, 200);
}

#[test]
fn connection_is_dropped_before_or_after_the_change() {
    for tls in [Tls::None, Tls::default()] {
        let fake = fake(tls);
        for (fault, effect) in [(Fault::DropBefore, false), (Fault::DropAfter, true)] {
            fake.fault(On::any(), Times::Once, fault);
            let mut client = Client::to(&fake);
            client.request(Some("Bearer good"), "PUT", PATH, BODY);
            assert!(client.reply().is_err());
            assert_eq!(applied(&fake), effect);
        }
        assert!(fake.requests().iter().all(|request| request.status == 0));
    }
}

#[test]
fn hanging_request_ends_when_either_side_stops() {
    let fake = fake(Tls::default());
    for (n, (fault, effect)) in [(Fault::Hang, false), (Fault::HangAfter, true)].into_iter().enumerate() {
        fake.fault(On::any(), Times::Once, fault);
        let mut client = Client::to(&fake);
        client.request(Some("Bearer good"), "PUT", PATH, BODY);
        assert!(fake.wait_for_request(n + 1, TIMEOUT));
        assert!(fake.wait_until(TIMEOUT, |_| applied(&fake) == effect));
    }
    assert!(!fake.wait_for_request(3, Duration::from_millis(10)));
    // The fake stops at once although a client still waits for its response.
    fake.fault(On::any(), Times::Once, Fault::Hang);
    let mut client = Client::to(&fake);
    client.request(Some("Bearer good"), "GET", PATH, "");
    assert!(fake.wait_for_request(3, TIMEOUT));
    let asked = Instant::now();
    drop(fake);
    assert!(client.reply().is_err());
    assert!(asked.elapsed() < TIMEOUT / 2);
}

#[test]
fn response_and_handshake_are_slow_as_set() {
    for tls in [Tls::None, Tls::default()] {
        let fake = fake(tls);
        for fault in [Fault::Drip(DROP), Fault::DripSocket(DROP), Fault::Delay(DROP * 100)] {
            let mut client = Client::to(&fake);
            fake.fault(On::any(), Times::Once, fault.clone());
            let asked = Instant::now();
            assert_eq!(client.ask("PUT", PATH, BODY).status, 201, "{fault:?}");
            // The response is longer than a hundred bytes.
            assert!(asked.elapsed() > DROP * 100, "{fault:?}");
        }
        fake.fault_at_accept(Times::Once, AtAccept::Drip(DROP));
        let asked = Instant::now();
        assert_eq!(Client::to(&fake).ask("GET", PATH, "").status, 200);
        assert!(asked.elapsed() > DROP * 100);
        fake.fault_at_accept(Times::Once, AtAccept::Delay(DROP * 100));
        let asked = Instant::now();
        assert_eq!(Client::to(&fake).ask("GET", PATH, "").status, 200);
        assert!(asked.elapsed() > DROP * 100);
    }
}

#[test]
fn slow_response_ends_when_the_fake_stops() {
    let hour = Duration::from_secs(3600);
    for fault in [Fault::Drip(hour), Fault::DripSocket(hour), Fault::Delay(hour)] {
        let fake = fake(Tls::default());
        fake.fault(On::any(), Times::Once, fault);
        let mut client = Client::to(&fake);
        client.request(Some("Bearer good"), "GET", PATH, "");
        assert!(fake.wait_until(TIMEOUT, |requests| requests.iter().any(|r| r.status == 404)));
        let asked = Instant::now();
        drop(fake);
        assert!(client.reply().is_err());
        assert!(asked.elapsed() < TIMEOUT / 2);
    }
}

#[test]
fn response_is_damaged_as_set() {
    for tls in [Tls::None, Tls::default()] {
        let fake = fake(tls);
        fake.set("example.org", "home", "A", 300, &["192.0.2.1"]);
        let ask = |fault: Fault| {
            fake.fault(On::any(), Times::Once, fault);
            let mut client = Client::to(&fake);
            client.request(Some("Bearer good"), "GET", PATH, "");
            (client.reply(), client)
        };
        assert!(ask(Fault::Truncate).0.is_err());
        let garbage = ask(Fault::Garbage).0.unwrap();
        assert_eq!((garbage.status, garbage.body.as_str()), (200, r#"{"rrset_type":"A","rrset_ttl":6"#));
        let typed = ask(Fault::ContentType("text/html".to_owned())).0.unwrap();
        assert_eq!(
            (typed.header("Content-Type"), typed.body.contains("192.0.2.1")),
            (Some("text/html"), true)
        );
        let big = ask(Fault::BigHeaders(100_000)).0.unwrap();
        assert!((90_000..130_000).contains(&big.head.len()), "{}", big.head.len());
        let (reply, mut client) = ask(Fault::ThenClose);
        assert_eq!((reply.unwrap().status, client.rest().len()), (200, 0));
        assert_eq!(
            ask(Fault::Flood { bytes: 1 << 20, framing: Framing::UntilClose }).0.unwrap().body.len(),
            1 << 20
        );
        let chunked = ask(Fault::Flood { bytes: 1 << 20, framing: Framing::Chunked }).0.unwrap();
        assert!(chunked.header("Transfer-Encoding") == Some("chunked") && chunked.body.len() > 1 << 20);
        fake.fault(On::any(), Times::Once, Fault::Raw(b"SSH-2.0-x\r\n".to_vec()));
        let mut client = Client::to(&fake);
        client.request(Some("Bearer good"), "GET", PATH, "");
        assert_eq!(client.rest(), b"SSH-2.0-x\r\n");
    }
}

#[test]
fn stalled_response_ends_when_the_fake_stops() {
    let fake = fake(Tls::None);
    fake.fault(On::any(), Times::Once, Fault::Stall);
    let mut client = Client::to(&fake);
    client.request(Some("Bearer good"), "PUT", PATH, BODY);
    assert!(fake.wait_until(TIMEOUT, |requests| requests.iter().any(|r| r.status == 201)));
    drop(fake);
    assert!(client.reply().is_err());
}

#[test]
fn flood_ends_when_the_fake_stops() {
    let fake = fake(Tls::None);
    fake.fault(On::any(), Times::Once, Fault::flood());
    let mut client = Client::to(&fake);
    client.request(Some("Bearer good"), "GET", PATH, "");
    assert!(fake.wait_for_request(1, TIMEOUT));
    // The client never reads. The fake blocks on a full socket and must stop nevertheless.
    drop(fake);
    drop(client);
}

#[test]
fn connection_fails_before_any_request_as_set() {
    let fake = fake(Tls::default());
    fake.fault_at_accept(Times::Once, AtAccept::Close);
    assert!(Client::connect(&fake.origin(), &fake.ca_pem()).is_err());
    fake.fault_at_accept(Times::Once, AtAccept::Hang);
    let mut silent = TcpStream::connect(("127.0.0.1", fake.port())).unwrap();
    silent.write_all(b"hello").unwrap();
    assert!(fake.wait_for_connections(2, TIMEOUT));
    assert!(fake.requests().is_empty());

    let mut kept = Client::to(&fake);
    assert_eq!(kept.ask("GET", PATH, "").status, 404);
    fake.refuse();
    assert_eq!(refusal(&fake.origin()), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(kept.rest().len(), 0);
    fake.restore();
    assert_eq!(Client::to(&fake).ask("GET", PATH, "").status, 404);
    let nobody = ReservedPort::on_loopback();
    assert_eq!(refusal(&format!("http://{}", nobody.address())), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn fake_that_refuses_does_so_while_programs_are_started() {
    // Between fork and exec, a program that another test starts holds a copy of every socket.
    let fake = fake(Tls::None);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        let refused = (0..200).all(|_| {
            fake.refuse();
            let refused = TcpStream::connect(("127.0.0.1", fake.port())).is_err();
            fake.restore();
            refused
        });
        done.store(true, Ordering::SeqCst);
        assert!(refused);
    });
}

fn refusal(url: &str) -> std::io::ErrorKind {
    Client::connect(url, "").err().unwrap().kind()
}

#[test]
fn fault_of_one_echo_leaves_the_others_alone() {
    let fake = fake(Tls::None);
    let echoes = fake.echoes(2, Family::V4);
    fake.set_address(Family::V4, "198.51.100.7");
    let get = |n: usize| {
        Client::connect(&echoes[n].url(), "").and_then(|mut client| {
            client.request(None, "GET", "/", "");
            client.reply()
        })
    };
    echoes[0].fault(Times::Once, Fault::DropBefore);
    assert!(get(0).is_err());
    assert_eq!(get(1).unwrap().status, 200);
    echoes[0].fault_at_accept(Times::Always, AtAccept::Close);
    assert!(get(0).is_err());
    echoes[0].clear_faults();
    echoes[1].refuse();
    assert_eq!((get(0).unwrap().status, get(1).is_err()), (200, true));
    echoes[1].restore();
    echoes[1].answer_from(|| "192.0.2.9".to_owned());
    assert_eq!(get(1).unwrap().body, "192.0.2.9");
    assert!(echoes[1].wait_for_request(2, TIMEOUT));
    assert_eq!((echoes[0].count(), echoes[1].count()), (2, 2));
}

#[test]
fn hook_runs_before_the_response_is_sent() {
    let fake = fake(Tls::None);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    fake.before_answer(move |request, zone| {
        keep.lock().unwrap().push(format!("{} {} {zone}", request.method, request.status));
    });
    assert_eq!(Client::to(&fake).ask("PUT", PATH, BODY).status, 201);
    assert_eq!(*seen.lock().unwrap(), ["PUT 201 home.example.org. 300 IN A 192.0.2.1\n"]);
}
