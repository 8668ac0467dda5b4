//! Fuzzes the URLs that requests, and the token with them, may be sent to.

#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use gandi_ddns::http::Endpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(endpoint) = Endpoint::parse(text) else { return };
    // The scheme ends at the first `://`, and the authority at the first `/` or `?` (RFC 3986, section 3.2). Browsers
    // take `\` for `/`: with none of them in it, there is one reading only.
    let (scheme, rest) = text.split_once("://").expect("a scheme");
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    assert!(authority.bytes().all(|b| b.is_ascii_graphic() && b != b'@'), "{authority:?}");
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, "")) => (authority, None),
        Some((_, port)) => (&authority[..authority.len() - port.len()], Some(&port[1..])),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    assert_eq!(endpoint.host(), host.to_ascii_lowercase(), "{text:?}");
    assert!(port.is_none_or(|port| port.parse::<u16>().is_ok()), "{text:?}");
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match literal {
        Some(literal) => assert!(literal.parse::<Ipv6Addr>().is_ok(), "{text:?}"),
        None => assert!(!host.is_empty() && !host.contains(['[', ']', ':']), "{text:?}"),
    }

    // HTTPS, or HTTP to a literal loopback address.
    let is_loopback = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|a| a.is_loopback());
    assert!(
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") && is_loopback,
        "{text:?}"
    );

    // What it displays is itself, and is safe in a request and in a message.
    let shown = endpoint.to_string();
    assert_eq!(Endpoint::parse(&shown).as_ref(), Ok(&endpoint));
    assert_eq!(shown, endpoint.as_str());
    assert!(
        text.starts_with(&shown) && shown.chars().all(|c| !c.is_whitespace() && !c.is_control()),
        "{shown:?}"
    );

    // The parts that other URLs are made from keep the host.
    assert_eq!(endpoint.origin(), format!("{scheme}://{authority}"));
    for base in [endpoint.parent("/livedns"), endpoint.origin(), &format!("{}/x", endpoint.origin())] {
        let made = Endpoint::parse(base).expect(base);
        assert_eq!((made.host(), made.origin()), (endpoint.host(), endpoint.origin()));
    }
});
