//! Fuzzes the search for services in the description of a gateway.

#![no_main]

use gandi_ddns::address::sources::router::fuzzing::{description, event_urls};
use gandi_ddns_fuzz::{ascii, in_linear_time, is_sampled, repeated, valid_on_gateway};
use libfuzzer_sys::fuzz_target;

const GOOD: &str = "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>\
                    <controlURL>/planted</controlURL></service>";

/// Texts to repeat.
const PARTS: [&str; 6] = ["<", "<a>", "<![CDATA[", "<a>&amp;", "<URLBase>http://h:%/</URLBase>", GOOD];

/// Reads a description of the maximum size.
fn large(part: &str) {
    let xml = repeated(part, 64 * 1024);
    in_linear_time(|| drop(description(&xml, &base())));
}

fn base() -> (u16, String) {
    (5000, "/igd/root.xml".to_owned())
}

fuzz_target!(init: PARTS.into_iter().for_each(large), |input: &[u8]| {
    let (xml, base) = (ascii(input), base());
    if is_sampled(input) {
        large(&xml);
    }
    let services = description(&xml, &base);
    assert!(services.len() <= 2 * xml.matches("service").count(), "a service has at most two URLs");
    for (urn, url) in &services {
        valid_on_gateway(url);
        // The type goes into a header and into XML.
        assert!(urn.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:+".contains(&b)), "{urn:?}");
        assert!(urn.contains(":WANIPConnection:") || urn.contains(":WANPPPConnection:"), "{urn:?}");
        // Entities, comments, CDATA and processing instructions aside, text is passed on as it is.
        if !xml.contains('&') && !xml.contains("<!") && xml.rfind("<?").is_none_or(|start| start == 0) {
            assert!(xml.contains(urn), "the type {urn:?} is not stated");
            let port = url.0.to_string();
            assert!(url.0 == 5000 || url.0 == 80 || xml.contains(&port), "port {port} is stated nowhere");
            // The last part at least; the others may come from another URL.
            let part = url.1.split(['/', '?']).next_back().unwrap_or_default();
            let is_stated = part == "root.xml" || xml.contains("/.") || xml.contains("./") || xml.contains(part);
            assert!(is_stated, "{part:?} is not stated");
        }
    }
    for url in event_urls(&xml, &base) {
        valid_on_gateway(&url);
        assert!(xml.contains("eventSubURL"), "{url:?} is not stated");
    }
    // Whatever follows a good service, the service is found, and found first.
    let first = description(&format!("{GOOD}{xml}"), &base).into_iter().next();
    assert_eq!(first.map(|(_, url)| url), Some((5000, "/planted".to_owned())));
});
