//! Addresses from web services: the quorum, unusable responses, and failures of one family.

use crate::sandbox::{ADDRESS, ADDRESS6, STALE, STALE6, Sandbox, stale};
use fake_gandi::{Answer, Echo, Family, Fault, Times, Tls};

/// A sandbox with a stale A and AAAA record, both in the config.
fn both_families() -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.set("example.org", "home", "AAAA", 600, &[STALE6]);
    s.config("names = home\ntypes = A AAAA\n");
    s
}

#[track_caller]
fn unchanged(s: &Sandbox) {
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (0, format!("600 {STALE}")));
}

#[test]
fn a_and_aaaa_are_both_updated() {
    let s = both_families();
    s.run(&[]).is(
        0,
        "home.example.org A: 81.2.69.1 -> 81.2.69.142\n\
         home.example.org AAAA: 2a01:e0a:1:2::1 -> 2a01:e0a:1:2::3\n",
    );
    s.run(&[]).is(0, "");
}

#[test]
fn without_an_ipv4_address_only_the_aaaa_record_is_updated() {
    let s = both_families();
    for e in &s.v4 {
        e.fault(Times::Always, Fault::DropBefore);
    }
    let ran = s.run(&[]);
    ran.prints(75, "home.example.org AAAA: 2a01:e0a:1:2::1 -> 2a01:e0a:1:2::3\n");
    ran.says(&["home.example.org A: could not determine a public IPv4 address; nothing was changed"]);
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
}

#[test]
fn without_an_ipv6_address_only_the_a_record_is_updated() {
    let s = both_families();
    for e in &s.v6 {
        e.fault(Times::Always, Fault::DropBefore);
    }
    let ran = s.run(&[]);
    ran.prints(75, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    ran.says(&["home.example.org AAAA: could not determine a public IPv6 address; nothing was changed"]);
    assert_eq!(s.zone("home", "AAAA"), format!("600 {STALE6}"));
}

#[test]
fn one_wrong_service_is_outvoted_at_any_position() {
    for liar in 0..3 {
        let s = stale();
        s.v4[liar].set("81.2.69.66\n");
        s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
        s.run(&["--force"]).is(0, "");
    }
}

#[test]
fn correct_record_stays_when_one_service_gives_another_address() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.set("example.org", "www", "A", 600, &[ADDRESS]);
    s.config("names = home www\n");
    s.run(&[]).is(0, "");
    s.v4[0].set("81.2.69.66\n");
    s.run(&[]).is(0, "");
    assert_eq!(s.count("PUT"), 0);
}

#[test]
fn write_is_refused_when_all_services_disagree() {
    let s = stale();
    s.v4[0].set("81.2.69.66\n");
    s.v4[1].set("81.2.69.67\n");
    s.run(&[]).fails(
        75,
        &[
            "no IPv4 address was reported by 2 providers and a majority; nothing was changed",
            "81.2.69.66",
            ADDRESS,
        ],
    );
    unchanged(&s);
}

#[test]
fn write_is_refused_when_only_one_service_answers() {
    let s = stale();
    for e in &s.v4[1..] {
        e.fault(Times::Always, Fault::DropBefore);
    }
    s.run(&[]).fails(75, &["no IPv4 address was reported by 2 providers and a majority"]);
    unchanged(&s);
}

#[test]
fn correct_record_is_confirmed_by_one_service() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    for e in &s.v4[1..] {
        e.fault(Times::Always, Fault::DropBefore);
    }
    s.run(&[]).is(0, "");
}

#[test]
fn record_is_updated_when_the_first_two_services_are_down() {
    let s = Sandbox::new();
    let spare = [s.fake.echo(4, Family::V4), s.fake.echo(5, Family::V4)];
    for e in &spare {
        e.set(ADDRESS);
    }
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.v4[0].refuse();
    s.v4[1].fault(Times::Always, Fault::Answer(Answer::html(502, "<html>")));
    let urls = s.v4.iter().chain(&spare).map(Echo::url).collect::<Vec<_>>().join(" ");
    let head = s.head();
    let line = head.lines().find(|l| l.starts_with("ipv4")).expect("the IPv4 services");
    s.raw_config(&format!(
        "{}\n[example.org]\nnames = home\n",
        head.replace(line, &format!("ipv4 = {urls}"))
    ));
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn response_that_is_not_one_public_address_is_refused() {
    let html = format!("<html><body>{ADDRESS}</body></html>");
    let long = format!("{ADDRESS}{}", " ".repeat(300));
    for (body, word) in [
        (html.as_str(), "did not answer with exactly one address"),
        ("please log in", "did not answer with exactly one address"),
        ("", "did not answer with exactly one address"),
        ("81.2.69.142 81.2.69.142", "did not answer with exactly one address"),
        (ADDRESS6, "wrong family"),
        (long.as_str(), "longer than 256 bytes"),
        ("192.168.1.10", "a private address (RFC 1918)"),
        ("100.64.0.1", "a CGNAT address (RFC 6598)"),
        ("203.0.113.7", "a documentation address (RFC 5737)"),
        ("127.0.0.1", "a loopback address"),
        ("0.0.0.0", "an unspecified address"),
    ] {
        let s = stale();
        for e in &s.v4 {
            e.set(body);
        }
        s.run(&[]).fails(75, &["could not determine a public IPv4 address; nothing was changed", word]);
        unchanged(&s);
        assert_eq!(s.count("GET"), 0, "{body}: no request to Gandi");
    }
}

#[test]
fn ipv6_address_that_is_not_global_is_refused() {
    for (body, word) in [
        ("fd00::1", "unique local"),
        ("fe80::1", "link-local"),
        ("2001:db8::1", "documentation"),
        ("::ffff:81.2.69.142", "IPv4-mapped"),
        ("2002:5102:458e::1", "6to4"),
        (ADDRESS, "wrong family"),
    ] {
        let s = Sandbox::new();
        s.config("names = home\ntypes = AAAA\n");
        for e in &s.v6 {
            e.set(body);
        }
        s.run(&[]).fails(75, &["could not determine a public IPv6 address", word]);
        assert_eq!(s.zone("home", "AAAA"), "");
    }
}

#[test]
fn response_with_another_status_than_200_is_refused() {
    for (fault, word) in [
        (Fault::Answer(Answer::typed(503, "text/plain", ADDRESS)), "status 503"),
        (Fault::Answer(Answer::typed(403, "text/plain", ADDRESS)), "status 403"),
        (Fault::Answer(Answer::typed(201, "text/plain", ADDRESS)), "status 201"),
        (Fault::flood(), "longer than 256 bytes"),
    ] {
        let s = stale();
        for e in &s.v4 {
            e.fault(Times::Always, fault.clone());
        }
        s.run(&[]).fails(75, &["could not determine a public IPv4 address", word]);
        unchanged(&s);
    }
}

#[test]
fn redirect_of_a_service_is_not_followed() {
    let s = stale();
    let elsewhere = s.fake.echo(4, Family::V4);
    elsewhere.set(ADDRESS);
    for e in &s.v4 {
        e.fault(Times::Always, Fault::Redirect(elsewhere.url()));
    }
    s.run(&[]).fails(75, &["status 302"]);
    assert_eq!(s.fake.requests().len(), 3, "no request to the target of the redirect");
}

#[test]
fn ipv6_service_with_only_an_ipv4_address_is_an_error() {
    let s = Sandbox::new();
    // A service that has only an IPv4 address cannot be queried over IPv6.
    let v4_only = s.v4[0].url();
    let head = s.head();
    let line = head.lines().find(|l| l.starts_with("ipv6")).expect("the IPv6 services");
    let head = head.replace(line, &format!("ipv6 = {v4_only}\nquorum = 1"));
    s.raw_config(&format!("{head}\n[example.org]\nnames = home\ntypes = AAAA\n"));
    s.v4[0].set(ADDRESS6);
    s.run(&[]).fails(75, &["127.0.0.2: could not find an IPv6 address of the server"]);
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn wrong_clock_is_reported_once_for_all_services() {
    let s = Sandbox::new();
    let urls: Vec<_> = (4..7).map(|n| s.fake.echo_tls(n, Family::V4, Tls::NotYetValid).url()).collect();
    let head = s.head();
    let line = head.lines().find(|l| l.starts_with("ipv4")).expect("the IPv4 services");
    let head = head.replace(line, &format!("ipv4 = {}", urls.join(" ")));
    s.raw_config(&format!("{head}\n[example.org]\nnames = home\n"));
    let ran = s.run(&[]);
    ran.fails(
        75,
        &[
            "could not determine a public IPv4 address; nothing was changed: the certificate of 127.0.0.",
            "clock is wrong",
        ],
    );
    assert_eq!(ran.stderr.matches("clock is wrong").count(), 1, "{}", ran.stderr);
}

#[test]
fn one_future_certificate_among_good_ones_is_not_blamed_on_the_clock() {
    let s = stale();
    s.v4[0].set("81.2.69.66\n");
    let odd = s.fake.echo_tls(4, Family::V4, Tls::NotYetValid).url();
    let (head, third) = (s.head(), s.v4[2].url());
    s.raw_config(&format!("{}\n[example.org]\nnames = home\n", head.replace(&third, &odd)));
    s.run(&[]).fails(
        75,
        &[
            "no IPv4 address was reported by 2 providers and a majority",
            "reported 81.2.69.66",
            "reported 81.2.69.142",
        ],
    );
}

#[test]
fn hanging_ipv4_services_leave_time_for_ipv6() {
    let s = both_families();
    let sections = "[example.org]\nnames = home\ntypes = A AAAA\n";
    s.config_with("timeout = 30", sections);
    for e in &s.v4 {
        e.fault(Times::Always, Fault::Hang);
    }
    let ran = s.run(&[]);
    ran.prints(75, "home.example.org AAAA: 2a01:e0a:1:2::1 -> 2a01:e0a:1:2::3\n");
    ran.says(&[
        "home.example.org A: could not determine a public IPv4 address",
        "127.0.0.2, 127.0.0.3, 127.0.0.4: the server timed out",
    ]);
}

#[test]
fn message_without_a_network_says_what_to_check() {
    let s = both_families();
    for e in s.v4.iter().chain(&s.v6) {
        e.refuse();
    }
    let ran = s.run(&[]);
    ran.says(&[
        "refused",
        "; check the network connection and DNS resolver",
        "; if this connection has no IPv6, remove AAAA from `types`",
    ]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(75), 2), "{}", ran.stderr);
}

/// A response that ends with the connection, in versions of HTTP and with headers that do not state its end.
fn unframed(body: &str) -> [Fault; 3] {
    [
        "1.1 200 OK\r\n",
        "1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "1.1 200 OK\r\nTransfer-Encoding: identity\r\n",
    ]
    .map(|head| Fault::Raw(format!("HTTP/{head}Content-Type: text/plain\r\n\r\n{body}").into_bytes()))
}

#[test]
fn response_over_tls_that_may_be_cut_off_is_refused() {
    let cut = |head: &str| Fault::Raw(format!("HTTP/1.1 200 OK\r\n{head}").into_bytes());
    let faults = unframed("81.2.69.14").map(|fault| (fault, "may be cut off")).into_iter().chain([
        (
            cut("Content-Length: 12\r\n\r\n81.2.69.14"),
            "closed the connection before its response was complete",
        ),
        (
            cut("Transfer-Encoding: chunked\r\n\r\nc\r\n81.2.69.14"),
            "closed the connection before its response was complete",
        ),
        (
            cut("Transfer-Encoding: chunked\r\n\r\na\r\n81.2.69.14\r\n"),
            "closed the connection before its response was complete",
        ),
    ]);
    for (fault, words) in faults {
        let s = stale();
        let echoes: Vec<Echo> = (4..6).map(|n| s.fake.echo_tls(n, Family::V4, Tls::default())).collect();
        for echo in &echoes {
            echo.fault(Times::Always, fault.clone());
        }
        let (head, urls) = (s.head(), echoes.iter().map(Echo::url).collect::<Vec<_>>().join(" "));
        let line = head.lines().find(|l| l.starts_with("ipv4")).expect("the IPv4 services");
        let head = head.replace(line, &format!("ipv4 = {urls}"));
        s.raw_config(&format!("{head}\n[example.org]\nnames = home\n"));
        s.run(&[]).fails(75, &["could not determine a public IPv4 address", words]);
        unchanged(&s);
        // Complete responses over the same connections are accepted.
        echoes.iter().for_each(Echo::clear_faults);
        s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    }
}
