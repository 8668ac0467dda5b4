//! Fuzzes the parser of the gateway's answer to `GetExternalIPAddress`. The first byte selects the status.

#![no_main]

use std::net::Ipv4Addr;

use gandi_ddns::address::sources::router::fuzzing::soap_address;
use gandi_ddns_fuzz::ascii;
use libfuzzer_sys::fuzz_target;

/// Returns the name in a tag without its namespace.
fn local_name(tag: &str) -> &str {
    let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
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
    // Comments, CDATA and processing instructions may be inside.
    if body.contains("<!") || body.contains("<?") {
        return;
    }
    // It is the whole text of an element with this name, from its start to its end.
    let text = address.to_string();
    let is_whole = |(start, _): (usize, &str)| {
        let opening = body[..start].trim_end().strip_suffix('>').and_then(|before| before.rsplit('>').next());
        let opening = opening.and_then(|tag| Some(tag.split_once('<')?.1));
        let closing = body[start + text.len()..].trim_start().strip_prefix("</");
        let closing = closing.and_then(|after| after.split('>').next());
        [opening, closing].map(|tag| tag.map(local_name)) == [Some("NewExternalIPAddress"); 2]
    };
    assert!(body.match_indices(&text).any(is_whole), "{address} in {body:?}");
});
