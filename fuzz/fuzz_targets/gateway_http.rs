//! Fuzzes the reader of HTTP responses from the gateway. The first byte is the size limit of the body.

#![no_main]

use gandi_ddns::address::sources::router::fuzzing::{Received, http_response};
use gandi_ddns_fuzz::ascii;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&limit, input)) = input.split_first() else { return };
    let (limit, text) = (usize::from(limit), ascii(input));
    let whole = http_response(&text, limit);
    if let Received::Complete(status, body) | Received::UntilClosed(status, body) = &whole {
        assert!(body.len() <= limit && (200..1000).contains(status), "{whole:?}");
        assert!(text.starts_with("HTTP/1."));
        let is_chunked = text.to_ascii_lowercase().contains("chunked");
        assert!(is_chunked || text.contains(body.as_str()), "a body that was not sent: {body:?}");
    }
    // Bytes arrive in pieces of any size. A result from the first ones is that of the whole response.
    for end in 0..text.len() {
        match http_response(&text[..end], limit) {
            Received::Incomplete | Received::UntilClosed(..) => {}
            done => assert_eq!(done, whole, "after {end} bytes"),
        }
    }
});
