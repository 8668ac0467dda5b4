//! Fuzzes the parser of responses to an SSDP search, and that of URLs on the gateway.

#![no_main]

use gandi_ddns::address::sources::router::fuzzing::{join, location, ssdp_location};
use gandi_ddns_fuzz::valid_on_gateway;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let found = ssdp_location(&text);
    assert_eq!(found, ssdp_location(&text), "the same bytes give the same result");
    let Some(found) = found else { return };
    let (port, path) = &found;
    valid_on_gateway(&found);

    // It is a response with the status 200, and port and path are those of a header `Location`.
    let (status_line, rest) = text.split_once('\n').expect("a status line");
    assert!(status_line.starts_with("HTTP/1.") && status_line.contains("200"), "{status_line}");
    let headers = rest.lines().filter_map(|line| line.split_once(':'));
    let mut values = headers
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.trim());
    let is_source = |value: &str| {
        let number =
            |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok());
        let mut numbers = value.split(':').map(|text| number(text.trim_start_matches('+')));
        let states_port = *port == 80 || numbers.any(|n| n == Some(*port));
        let states_path = value.contains("/.") || value.contains(path.trim_start_matches('/'));
        let is_http = value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
        (is_http || value.starts_with("//")) && states_port && states_path
    };
    assert!(values.any(is_source), "{found:?} is in no header");

    // The same response with another status has no location.
    for status in ["404 Not Found", "301 Moved", "100 Continue"] {
        assert_eq!(ssdp_location(&format!("HTTP/1.1 {status}\r\n{rest}")), None);
    }
    // A URL on the gateway is the same after it was written into a URL, whatever host stands there.
    for host in ["192.168.1.1", "user:1@evil.example", "[fe80::1]"] {
        assert_eq!(location(&format!("http://{host}:{port}{path}")).as_ref(), Some(&found));
    }
    // Any text that stands for a reference leads to the same port, unless it states another.
    for reference in [rest, path, status_line] {
        let Some(joined) = join(&found, reference) else { continue };
        valid_on_gateway(&joined);
        assert!(joined.0 == *port || reference.contains("//"), "{reference:?}: {joined:?}");
    }
});
