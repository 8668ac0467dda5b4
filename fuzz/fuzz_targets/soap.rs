//! Fuzzes the parser of the gateway's answer to `GetExternalIPAddress`. The first byte selects the status.

#![no_main]

use std::net::Ipv4Addr;

use gandi_ddns::address::sources::router::fuzzing::soap_address;
use gandi_ddns_fuzz::ascii;
use libfuzzer_sys::fuzz_target;

/// Returns the name in a tag without its namespace.
fn local_name(tag: &str) -> &str {
    let name =
        tag.split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

fuzz_target!(|input: &[u8]| {
    let Some((&selector, input)) = input.split_first() else { return };
    let status = if selector & 3 == 3 { 500 } else { 200 };
    let body = ascii(input);
    let address = match soap_address(status, &body) {
        Ok(address) => address,
        Err(text) => {
            assert!(!text.chars().any(char::is_control) && text.len() < 300, "{text:?}");
            return;
        }
    };
    assert_eq!(status, 200);
    assert_ne!(address, Ipv4Addr::UNSPECIFIED);
    assert!(soap_address(500, &body).is_err() && soap_address(404, &body).is_err());
    if body.contains("<!") {
        return;
    }
    // It is the whole text of an element with this name, from its start to its end.
    let pieces: Vec<&str> = body.split('<').collect();
    let is_whole = |pair: &[&str]| {
        let (tag, text) = pair[0].split_once('>').unwrap_or(("", ""));
        local_name(tag) == "NewExternalIPAddress"
            && pair[1].strip_prefix('/').map(local_name) == Some("NewExternalIPAddress")
            && text.trim() == address.to_string()
    };
    assert!(pieces.windows(2).any(is_whole), "{address} in {body:?}");
});
