//! Fuzzes what echo services and programs answer with: exactly one address, or nothing. The first byte selects the
//! format and the family.

#![no_main]

use gandi_ddns::address::fuzzing::{accepted, plain, program, trace};
use gandi_ddns::net::Family;
use gandi_ddns_fuzz::{addresses_in, is_plausibly_public};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&selector, body)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(body);
    let (address, place) = match selector & 3 {
        0 | 1 => (plain(body), text.as_ref()),
        2 => {
            let mut lines = text.lines().filter(|line| line.starts_with("ip="));
            let (first, second) = (lines.next(), lines.next());
            let address = trace(body);
            assert!(address.is_none() || first.is_some() && second.is_none(), "{text:?}");
            (address, first.unwrap_or_default().get(3..).unwrap_or_default())
        }
        _ => (program(body), text.split('\n').next().unwrap_or_default()),
    };
    let Some(address) = address else {
        // An address alone is understood, that of a program if it is on the first line, of at most 256 bytes.
        let is_alone = place.trim_ascii().parse::<std::net::IpAddr>().is_ok();
        assert!(selector & 3 == 2 || !is_alone || place.len() > 256, "{text:?}");
        return;
    };
    // It is the only one, and nothing but white space is around it.
    assert_eq!(addresses_in(place), [address], "{text:?}");
    let around = place.replace(|c: char| c.is_ascii_hexdigit() || ".:".contains(c), "");
    assert!(around.chars().all(|c| c.is_ascii_whitespace()), "{text:?}");

    let (family, other) = if selector & 4 == 0 { (Family::V4, Family::V6) } else { (Family::V6, Family::V4) };
    if let Some(used) = accepted(address, family) {
        assert_eq!(used, address);
        assert_eq!(address.is_ipv4(), family == Family::V4);
        assert!(is_plausibly_public(address), "{address}");
        assert_eq!(accepted(address, other), None);
    }
});
