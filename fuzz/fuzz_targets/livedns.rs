//! Fuzzes the parser of LiveDNS's JSON. The first byte selects the record, and whether the input is JSON, or values that
//! are written as JSON first.

#![no_main]

use std::net::IpAddr;

use gandi_ddns::dns::{Current, RrsetKey, RrsetName, RrsetType, ZoneName};
use gandi_ddns::gandi::fuzzing::{error, excerpt, find, read};
use gandi_ddns::net::Family;
use gandi_ddns_fuzz::{address, addresses_in, json_depth};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&selector, input)) = input.split_first() else { return };
    let domain = ZoneName::parse("example.org").expect("a domain");
    let name =
        RrsetName::parse(["@", "home", "*.home"][usize::from(selector & 3).min(2)], &domain).expect("a name");
    let rrtype = if selector & 4 == 0 { RrsetType::A } else { RrsetType::Aaaa };
    let key = RrsetKey { domain, name, rrtype };
    if selector & 8 != 0 {
        return written(&key, input);
    }
    any_text(input);
    for result in [find(input, &key), read(input, &key)].into_iter().flatten() {
        let text = str::from_utf8(input).expect("what is parsed is UTF-8");
        let depth = json_depth(text).expect("what is parsed is JSON");
        assert!(depth <= 16, "{depth} levels");
        if let Ok(Current::Present(rrset)) = result {
            assert!(rrset.values().is_sorted() && !rrset.values().is_empty());
            assert!(rrset.values().iter().all(|a| Family::of(*a) == key.rrtype.family()));
            if !text.contains('\\') {
                let stated = addresses_in(text);
                assert!(rrset.values().iter().all(|a| stated.contains(a)), "{rrset:?} is not stated");
                // A TTL that is too large for Gandi is as good as any other such.
                let is_stated = rrset.ttl == u32::MAX || text.contains(&rrset.ttl.to_string());
                assert!(is_stated, "{rrset:?} is not stated");
                assert!(text.contains(key.rrtype.as_str()));
                let name = format!("\"{}\"", key.name);
                assert!(text.to_ascii_lowercase().contains(&name), "{name} is not stated");
            }
        }
    }
});

/// Texts for messages are short lines without control characters.
fn any_text(input: &[u8]) {
    let mut texts = vec![excerpt(&String::from_utf8_lossy(input))];
    if let Some((object, text)) = error(input) {
        assert!(object.is_none_or(|o| input.len() >= o.len()));
        texts.push(text);
    }
    for text in texts {
        assert!(!text.chars().any(char::is_control) && text.chars().count() <= 201, "{text:?}");
    }
}

/// Writes the input as a listing, and reads it back: the values are the same, whatever stands around them.
fn written(key: &RrsetKey, input: &[u8]) {
    let is_v4 = key.rrtype == RrsetType::A;
    let (Some((&ttl, rest)), Some(&count)) = (input.split_first(), input.last()) else { return };
    let ttl = u32::from(ttl) * 10_000;
    let mut addresses: Vec<IpAddr> =
        rest.iter().take(usize::from(count & 7) + 1).map(|b| address(*b, is_v4)).collect();
    let values: Vec<String> = addresses.iter().map(|a| escaped(&a.to_string(), rest)).collect();
    let junk = escaped(&String::from_utf8_lossy(rest), &[]);
    let (name, rrtype) = (escaped(key.name.as_str(), rest), key.rrtype);
    let mine = format!(
        "{{\"rrset_href\":{junk},\"rrset_name\":{name},\"rrset_ttl\":{ttl},\"rrset_type\":\"{rrtype}\",\
         \"rrset_values\":[{}],\"later\":[{{\"x\":{junk}}},null,true,0.5]}}",
        values.join(" ,\n")
    );
    let other = format!(
        "{{\"rrset_name\":\"other\",\"rrset_type\":\"TXT\",\"rrset_ttl\":300,\"rrset_values\":[{junk}]}}"
    );
    addresses.sort();
    addresses.dedup();
    for list in [format!("[{mine},{other}]"), format!(" [ {other}\t,\r\n{mine} ] ")] {
        assert!(json_depth(&list).is_some(), "{list}");
        match find(list.as_bytes(), key) {
            Some(Ok(Current::Present(rrset))) => {
                assert_eq!((rrset.values(), rrset.ttl), (&addresses[..], ttl))
            }
            Some(Ok(Current::Absent)) if addresses.is_empty() => {}
            Some(Err(_)) if addresses.is_empty() => {}
            result => panic!("{result:?} of {list}"),
        }
    }
    assert_eq!(find(format!("[{other}]").as_bytes(), key), Some(Ok(Current::Absent)));
    // A key that is there twice, in any spelling, leaves open which value counts.
    let again = mine.replacen('{', &format!("{{{}:{ttl},", escaped("rrset_ttl", rest)), 1);
    assert_eq!(find(format!("[{again}]").as_bytes(), key), None, "{again}");
    // A text that is nested too deeply is refused before it takes memory.
    let deep = usize::from(ttl as u16);
    let nested = format!("{{\"deep\":{}{},", "[".repeat(17 + deep), "]".repeat(17 + deep));
    let nested = mine.replacen('{', &nested, 1);
    assert_eq!(find(format!("[{nested}]").as_bytes(), key), None);
}

/// Writes a JSON string, and escapes characters as `choice` says.
fn escaped(text: &str, choice: &[u8]) -> String {
    let mut json = String::from("\"");
    for (i, c) in text.chars().enumerate() {
        let is_escaped = choice.get(i).is_some_and(|b| b & 1 == 1);
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' || is_escaped && c.is_ascii() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json + "\""
}
