//! Fuzzes the reader of `Link` headers (RFC 8288), which lead to the next page of a listing. The token goes there too.

#![no_main]

use gandi_ddns::gandi::fuzzing::next_page;
use gandi_ddns::http::Endpoint;
use libfuzzer_sys::fuzz_target;

const ORIGINS: [&str; 2] = ["https://api.gandi.net", "http://127.0.0.1:8080"];

fuzz_target!(|link: &str| {
    for origin in ORIGINS {
        // The input may hold an origin that is as long as ours.
        let link = link.replace('\u{1}', origin);
        match next_page(&link, origin) {
            Ok(Some(url)) => {
                // The host ends after the origin, and the parser of URLs agrees.
                let rest = url.strip_prefix(origin).expect("the same origin");
                assert!(rest.starts_with(['/', '?']), "{url:?}");
                if let Ok(parsed) = Endpoint::parse(&url) {
                    assert_eq!(parsed.origin(), origin);
                    assert!(origin.contains(parsed.host()), "{url:?}");
                }
                // The header has this very URL, and calls it the next page.
                let brackets = [format!("<{url}>"), format!("<{rest}>")];
                assert!(brackets.iter().any(|b| link.contains(b)), "{url:?} of {link:?}");
                assert!(link.contains("rel=next") || link.contains("rel=\"next\""), "{link:?}");
            }
            Ok(None) => {
                assert!(!link.to_ascii_lowercase().contains("next"), "a next page was overlooked: {link:?}")
            }
            Err(refused) => assert!(link.contains(&refused)),
        }
    }
});
