//! TLS servers, in place of Gandi and of the echo services.

use super::{FINITE, each, endless, judge, run, sample};
use crate::sandbox::{ADDRESS, stale};
use fake_gandi::hostile::{Reaction, tls_rows};

#[test]
fn hostile_tls_server_in_place_of_gandi_changes_nothing() {
    each(&sample(tls_rows(), 1), |row| {
        let s = stale();
        let server = s.fake.tls_server("127.0.0.1:0", row, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
        let seconds = if row.is_endless() { endless() } else { FINITE };
        let head =
            s.head().replace(&s.fake.api(), &format!("https://127.0.0.1:{}/v5/livedns", server.port()));
        s.raw_config(&format!("{head}timeout = {seconds}\n[example.org]\nnames = home\n"));
        let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
        problems.extend(judge(&s, &row.name, Reaction::Refused, &ran));
        problems
    });
}

#[test]
fn hostile_tls_server_in_place_of_echo_services_changes_nothing() {
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n{ADDRESS}\n");
    each(&sample(tls_rows(), 2), |row| {
        let s = stale();
        let server = s.fake.tls_server("0.0.0.0:0", row, &answer);
        let url = |n: u8| format!("https://127.0.0.{n}:{}/", server.port());
        let head: Vec<String> =
            s.head().lines().filter(|l| !l.starts_with("ipv4")).map(str::to_owned).collect();
        let seconds = if row.is_endless() { endless() } else { FINITE };
        s.raw_config(&format!(
            "{}\nipv4 = {} {} {}\ntimeout = {seconds}\n[example.org]\nnames = home\n",
            head.join("\n"),
            url(2),
            url(3),
            url(4)
        ));
        let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
        problems.extend(judge(&s, &row.name, row.reaction, &ran));
        problems
    });
}
