//! Errors of TLS and HTTP servers in plain words: no names of types, no URL of a library, no long list.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::thread;

use crate::run_output::RunOutput;
use crate::sandbox::Sandbox;
use fake_gandi::{Fault, Framing, On, Setup, Times, Tls};

/// Checks that a run has failed with one short line for a person, which contains all these words.
#[track_caller]
fn is_plain(ran: &RunOutput, words: &[&str]) {
    ran.fails(75, words);
    assert!(ran.stderr.len() < 500, "too long: {ran}");
    // Names of types, URLs and modules of libraries, and the names of levels.
    for notation in
        ["(\"", "Some(", "{ ", "::", "https://", "docs.rs", "rustls", "ureq", "protocol: ", "parse", "io: "]
    {
        assert!(!ran.stderr.contains(notation), "`{notation}` is in: {ran}");
    }
}

/// Answers each connection with these bytes after the first packet of the client. Returns the port.
fn answer(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
            // Until the client has read it: an early end would be a reset.
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    port
}

#[test]
fn error_of_a_tls_server_is_plain_text() {
    for (bytes, words) in [
        (&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], "the answer is not TLS"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the answer is not TLS"),
        (
            b"\x15\x03\x03\x00\x02\x02\x28",
            "no cipher, key exchange (P-256, P-384, not X25519) or certificate (RSA, ECDSA, not Ed25519) in common (TLS alert 40)",
        ),
        (b"\x15\x03\x03\x00\x02\x02\x46", "supports neither TLS 1.2 nor 1.3 (TLS alert 70)"),
        (b"\x15\x03\x01\x00\x02\x02\x70", "does not serve this host name (TLS alert 112)"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "has an internal error (TLS alert 80)"),
        (b"\x15\x03\x03\x00\x02\x02\x31", "refused the connection (TLS alert 49)"),
        (b"\x16\x03\x03\x00\x04\x63\x00\x00\x00", "TLS"),
        (b"\x17\x03\x03\x00\x04abcd", "TLS"),
        (b"\x16\x03\x03\xff\xffabcd", "TLS"),
        (b"", "the connection ended during the handshake"),
    ] {
        let s = Sandbox::new();
        let head = s.head();
        let api = head.lines().find(|l| l.starts_with("api = ")).expect("an API");
        let port = answer(bytes);
        s.raw_config(&format!(
            "{}\n[example.org]\nnames = home\n",
            head.replace(api, &format!("api = https://127.0.0.1:{port}"))
        ));
        is_plain(&s.run(&[]), &["TLS connection to 127.0.0.1", words]);
    }
}

#[test]
fn certificate_for_many_names_is_three_names_and_a_number() {
    for (tls, words) in [
        (Tls::WrongName, "it is for wrong.example\n"),
        (Tls::ManyNames(3), "it is for host0.wrong.example, host1.wrong.example, host2.wrong.example\n"),
        (
            Tls::ManyNames(100),
            "it is for host0.wrong.example, host1.wrong.example, host2.wrong.example and 97 more\n",
        ),
    ] {
        let s = Sandbox::with(Setup { tls, ..Setup::default() });
        is_plain(&s.run(&[]), &["the certificate of 127.0.0.1", "is not trusted: ", words]);
    }
}

#[test]
fn response_that_is_not_http_is_plain_text() {
    let raw = |text: &str| Fault::Raw(text.as_bytes().to_vec());
    let many = "X: y\r\n".repeat(200);
    for (fault, words) in [
        (raw("220 mail.example ESMTP\r\n\r\n"), &["invalid HTTP response from 127.0.0.1:"][..]),
        (raw("HTTP/9.9 200 OK\r\n\r\n"), &["invalid HTTP response from 127.0.0.1:"]),
        (raw("HTTP/1.1 abc OK\r\n\r\n"), &["invalid HTTP response from 127.0.0.1:"]),
        (raw("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), &["invalid HTTP response from 127.0.0.1:"]),
        (
            raw(&format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n")),
            &["127.0.0.1:", "too many headers"],
        ),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), &["from 127.0.0.1:", "content-length"]),
        (
            raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            &["from 127.0.0.1:", "content-length"],
        ),
        (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), &["127.0.0.1:", "chunk"]),
        (Fault::BigHeaders(64 << 10), &["from 127.0.0.1:", ": too many headers\n"]),
        (
            raw(&format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(64 << 10))),
            &["from 127.0.0.1:", ": its headers are longer than 16384 bytes\n"],
        ),
        (
            Fault::Flood { bytes: 64 << 20, framing: Framing::Chunked },
            &["the response of 127.0.0.1", "is longer than"],
        ),
        (Fault::Truncate, &["closed the connection before its response was complete\n"]),
        (raw(""), &["closed the connection before its response was complete\n"]),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), &["before its response was complete\n"]),
    ] {
        let s = Sandbox::new();
        s.fake.fault(On::method("GET"), Times::Always, fault);
        is_plain(&s.run(&[]), words);
    }
}
