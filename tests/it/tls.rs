//! Certificates and TLS versions: good ones are accepted, bad ones are refused with the reason.

use crate::sandbox::{STALE, Sandbox};
use fake_gandi::{Group, Key, Setup, Tls, Versions};

fn with(tls: Tls) -> Sandbox {
    let s = Sandbox::with(Setup { tls, ..Setup::default() });
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

#[test]
fn current_key_types_and_tls_versions_are_accepted() {
    for key in [Key::EcdsaP256, Key::EcdsaP384, Key::Rsa2048] {
        for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
            let s = with(Tls::Good(key, versions));
            let ran = s.run(&[]);
            assert_eq!(ran.stderr, "", "{key:?} {versions:?}");
            ran.exits(0);
            assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
        }
    }
}

#[test]
fn key_exchange_is_over_either_nist_curve() {
    for group in [Group::P256, Group::P384] {
        for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
            with(Tls::OnlyGroup(group, versions)).run(&[]).exits_without_errors(0);
        }
    }
}

/// A server must have P-256 (RFC 8446, 9.1).
#[test]
fn key_exchange_over_x25519_alone_is_refused_with_a_message_that_names_the_curves() {
    for versions in [Versions::Tls12, Versions::Tls13, Versions::Both] {
        let s = with(Tls::OnlyGroup(Group::X25519, versions));
        let words =
            ["could not read the record: TLS", "key exchange (P-256, P-384, not X25519)", "(TLS alert "];
        s.run(&[]).fails(75, &words);
        assert_eq!(s.count("GET"), 0, "a request was sent");
    }
}

/// No public CA may certify an Ed25519 key. Only a server with a CA of its own (`ca_file`) can have one. The client does
/// not list the algorithm, so the server ends the handshake.
#[test]
fn ed25519_certificate_is_refused_with_a_message_that_names_it() {
    for versions in [Versions::Tls13, Versions::Both] {
        let s = with(Tls::Good(Key::Ed25519, versions));
        let words = [
            "could not read the record: TLS connection to 127.0.0.1",
            "certificate (RSA, ECDSA, not Ed25519) in common (TLS alert 40)",
        ];
        s.run(&[]).fails(75, &words);
        assert_eq!(s.count("GET"), 0, "a request was sent");
    }
}

/// With TLS 1.2, rustls as a server closes the connection without an alert, so that the client cannot know the reason.
#[test]
fn ed25519_certificate_is_refused_where_the_server_sends_no_alert() {
    let s = with(Tls::Good(Key::Ed25519, Versions::Tls12));
    s.run(&[])
        .fails(75, &["could not read the record: TLS connection to 127.0.0.1", "ended during the handshake"]);
    assert_eq!(s.count("GET"), 0, "a request was sent");
}

/// Here the client refuses: the server's own key is ECDSA, so the server notices nothing.
#[test]
fn certificate_signed_with_ed25519_is_refused_with_a_message_that_says_so() {
    let s = with(Tls::Ed25519Authority);
    s.run(&[]).fails(75, &["the certificate of 127.0.0.1", "algorithm is not supported (RSA and ECDSA are)"]);
    assert_eq!(s.count("GET"), 0, "a request was sent");
}

#[test]
fn bad_certificate_is_refused_before_the_token_is_sent() {
    for (tls, word) in [
        (Tls::WrongName, "it is for"),
        (Tls::Expired, "it expired on"),
        (Tls::SelfSigned, "is not trusted: "),
        (Tls::UnknownIssuer, "unknown issuer (to trust another CA, set `ca_file`)"),
    ] {
        let s = with(tls);
        s.run(&[]).fails(75, &["could not read the record: the certificate of 127.0.0.1", word]);
        assert_eq!(s.count("GET"), 0, "a request was sent");
    }
}

#[test]
fn certificate_that_is_not_yet_valid_is_blamed_on_the_clock() {
    let s = with(Tls::NotYetValid);
    s.run(&[]).fails(75, &["not valid before 2090-", "this machine's clock reads 20", "set it by NTP"]);
    assert_eq!(s.count("GET"), 0, "a request was sent");
}

#[test]
fn certificate_of_the_fake_is_refused_without_ca_file() {
    let s = with(Tls::Good(Key::EcdsaP256, Versions::Both));
    s.raw_config(&format!("{}\n[example.org]\nnames = home\n", s.head().replace("ca_file = ca.pem\n", "")));
    s.run(&[]).fails(75, &["unknown issuer (to trust another CA, set `ca_file`)"]);
    assert_eq!(s.count("GET"), 0, "a request was sent");
}

#[test]
fn ca_file_without_certificates_is_a_config_error() {
    let s = with(Tls::Good(Key::EcdsaP256, Versions::Both));
    s.write("ca.pem", "nothing here\n");
    s.run(&[]).fails(78, &["`ca_file`", "it contains no certificate"]);
}
