//! Fuzzes the parser of responses to a subscription (`UPnP` Device Architecture 1.1, section 4.1.2).

#![no_main]

use gandi_ddns::address::sources::router::fuzzing::subscription;
use gandi_ddns_fuzz::ascii;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let text = ascii(input);
    let whole = subscription(&text);
    if let Some((_, sid, seconds)) = &whole {
        assert!(text.starts_with("HTTP/1."), "{text:?}");
        // The identifier goes into the header of a request.
        assert!(sid.len() <= 200 && sid.bytes().all(|b| (b'!'..=b'~').contains(&b)), "{sid:?}");
        assert!(text.contains(sid.as_str()), "{sid:?} was not sent");
        assert!((10..=1800).contains(seconds), "{seconds}");
    }
    // Bytes arrive in pieces of any size. A result from the first ones is that of the whole response, unless its body is too
    // long.
    for end in 0..text.len() {
        let early = subscription(&text[..end]);
        assert!(early.is_none() || whole.is_none() || early == whole, "after {end} bytes");
    }
});
