//! Fuzzes the parser of notifications of the gateway (`UPnP` Device Architecture 1.1, section 4.3.2).

#![no_main]

use gandi_ddns::events::fuzzing::notification;
use gandi_ddns_fuzz::{ascii, in_linear_time, is_sampled, repeated};
use libfuzzer_sys::fuzz_target;

/// Texts to repeat.
const PARTS: [&str; 4] = ["A: b\r\n", "<a>", "<![CDATA[", "<a>&amp;"];

/// Reads a request of more than the maximum size.
fn large(part: &str) {
    let request = format!("NOTIFY / HTTP/1.1\r\n\r\n{}", repeated(part, 8 * 1024));
    in_linear_time(|| drop(notification(&request)));
}

fuzz_target!(init: PARTS.into_iter().for_each(large), |input: &[u8]| {
    let text = ascii(input);
    if is_sampled(input) {
        large(&text);
    }
    let Some(whole) = notification(&text) else {
        assert!(!text.contains("\r\n\r\n") || text.starts_with("NOTIFY "), "another request is refused");
        return;
    };
    let lower = text.to_ascii_lowercase();
    assert!(whole.sid.is_empty() || text.starts_with("NOTIFY "), "{whole:?}");
    // The identifier is that of a header, and one line.
    assert!(whole.sid.is_empty() || (lower.contains("sid") && text.contains(&whole.sid)), "{whole:?}");
    assert!(!whole.sid.contains('\n'), "{whole:?}");
    assert!(!whole.is_first || lower.contains("seq"), "{whole:?}");
    assert!(!whole.has_values || text.contains("ExternalIPAddress") || text.contains("ConnectionStatus"));
    // Bytes arrive in pieces of any size. A result from the first ones names the same subscription.
    for end in 0..text.len() {
        if let Some(early) = notification(&text[..end]) {
            assert_eq!((early.sid, early.is_first), (whole.sid.clone(), whole.is_first), "after {end} bytes");
        }
    }
});
