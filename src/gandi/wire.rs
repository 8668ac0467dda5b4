//! The JSON types of LiveDNS, and their translation into this program's values.
//!
//! miniserde's errors carry no description, so each caller says what it expected.

use std::net::IpAddr;

use super::strict::{Json, parse};
use crate::console::one_line;
use crate::dns::{Current, Rrset, RrsetKey};
use crate::net::Family;

/// One RRset of any type.
// The field names are Gandi's.
#[allow(clippy::struct_field_names)]
pub(super) struct WireRrset {
    pub(super) rrset_name: String,
    rrset_type: String,
    rrset_ttl: u64,
    pub(super) rrset_values: Vec<String>,
}

/// The body of an error response.
#[derive(Default)]
pub(super) struct WireError {
    pub(super) object: Option<String>,
    /// The listed errors and the message; empty if there are none.
    pub(super) text: String,
}

/// Reads one RRset.
pub(super) fn rrset(mut json: Json) -> Option<WireRrset> {
    Some(WireRrset {
        rrset_name: json.text("rrset_name")?,
        rrset_type: json.text("rrset_type")?,
        rrset_ttl: json.number("rrset_ttl")?,
        rrset_values: json.texts("rrset_values")?,
    })
}

/// Reads a list of RRsets.
pub(super) fn rrsets(json: Json) -> Option<Vec<WireRrset>> {
    let Json::List(items) = json else { return None };
    let mut rrsets = Vec::with_capacity(items.len());
    for item in items {
        rrsets.push(rrset(item)?);
    }
    Some(rrsets)
}

/// Reads the body of an error response; of another body, nothing.
pub(super) fn error(body: &[u8]) -> WireError {
    parse(body).and_then(read_error).unwrap_or_default()
}

fn read_error(mut json: Json) -> Option<WireError> {
    let mut texts = Vec::new();
    match json.take("errors")? {
        Json::List(items) => {
            for mut item in items {
                texts.push(
                    match (item.optional_text("name").ok()?, item.optional_text("description").ok()?) {
                        (Some(name), Some(text)) => format!("{name}: {text}"),
                        (name, text) => name.or(text).unwrap_or_default(),
                    },
                );
            }
        }
        Json::Null => {}
        _ => return None,
    }
    texts.extend(json.optional_text("message").ok()?);
    Some(WireError { object: json.optional_text("object").ok()?, text: texts.join("; ") })
}

/// Maximum number of values of an RRset: more addresses do not fit into a DNS message (RFC 1035, section 4.2.2).
const MAX_VALUES: usize = 4096;

/// Makes a text from outside safe to print: one line of at most 200 characters, without unsafe ones.
pub(super) fn clean(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let start = first(text, MAX_CHARS);
    let line = one_line(start);
    if start.len() < text.len() { line + "…" } else { line }
}

/// Returns the first characters of a text.
fn first(text: &str, number: usize) -> &str {
    text.char_indices().nth(number).map_or(text, |(end, _)| &text[..end])
}

/// Describes a body in a few words: its first 80 characters, or its kind.
pub(super) fn excerpt(body: &str) -> String {
    const MAX_CHARS: usize = 80;
    match body.trim() {
        "" => "an empty body".to_owned(),
        text if text.starts_with('<') => "an HTML page".to_owned(),
        text => format!("`{}`", clean(first(text, MAX_CHARS))),
    }
}

impl WireRrset {
    /// Returns true if its type may decide about an address record. The others of a listing are not kept.
    pub(super) fn is_relevant(&self) -> bool {
        matches!(self.rrset_type.as_str(), "A" | "AAAA" | "CNAME" | "ALIAS" | "NS" | "DNAME")
    }
}

/// Returns the RRsets at a name.
pub(super) fn at<'a>(rrsets: &'a [WireRrset], name: &str) -> Vec<&'a WireRrset> {
    rrsets.iter().filter(|r| r.rrset_name.eq_ignore_ascii_case(name)).collect()
}

/// Finds `key` among the RRsets of its name. `Err` describes what is not valid, as a noun.
pub(super) fn find(here: &[&WireRrset], key: &RrsetKey) -> Result<Current, String> {
    let mut same = here.iter().filter(|r| r.rrset_type == key.rrtype.as_str());
    let Some(first) = same.next() else { return Ok(obstacle(here, key).unwrap_or(Current::Absent)) };
    let rrset = read(first, key)?;
    for other in same {
        if read(other, key)? != rrset {
            return Err(format!("two different records `{} {}`", key.name, key.rrtype));
        }
    }
    Ok(Current::Present(rrset))
}

/// Returns the RRset that excludes `key` from its name, whose RRsets are `here`.
pub(super) fn obstacle(here: &[&WireRrset], key: &RrsetKey) -> Option<Current> {
    let of_type = |rrtype| here.iter().find(|r| r.rrset_type == rrtype);
    let target = |r: &&WireRrset| clean(&r.rrset_values.join(" "));
    let cname = of_type("CNAME").map(|r| Current::Cname(target(r)));
    cname
        .or_else(|| of_type("ALIAS").map(|r| Current::Alias(target(r))))
        .or_else(|| delegation(here, key.name.as_str(), key).map(Current::Delegated))
}

/// Describes the RRset at `owner` that takes `key` out of its zone: NS (RFC 1034, section 4.2.1), or DNAME at a name above
/// it (RFC 6672). `owner` is the name of `key` or one above it, and `here` are the RRsets at `owner`.
pub(super) fn delegation(here: &[&WireRrset], owner: &str, key: &RrsetKey) -> Option<String> {
    if owner == "@" {
        return None;
    }
    let host = key.host_name();
    let is_key = |value: &String| {
        value.eq_ignore_ascii_case(key.name.as_str())
            || value.strip_suffix('.').is_some_and(|absolute| absolute.eq_ignore_ascii_case(&host))
    };
    let found = here.iter().find(|r| match r.rrset_type.as_str() {
        // The addresses of the other zone's own name servers belong into this one (glue).
        "NS" => !r.rrset_values.iter().any(is_key),
        "DNAME" => owner != key.name.as_str(),
        _ => false,
    })?;
    Some(format!("the {} record at {owner}.{}", found.rrset_type, key.domain))
}

/// Checks that `wire` is the requested RRset and has addresses of its type. `Err` describes what is not valid, as a noun.
pub(super) fn read(wire: &WireRrset, key: &RrsetKey) -> Result<Rrset, String> {
    let is_same_name = wire.rrset_name.eq_ignore_ascii_case(key.name.as_str());
    if !is_same_name || wire.rrset_type != key.rrtype.as_str() {
        return Err(format!("the record `{} {}`", wire.rrset_name, wire.rrset_type));
    }
    if wire.rrset_values.len() > MAX_VALUES {
        return Err(format!("a record with {} values", wire.rrset_values.len()));
    }
    let address = |text: &String| match text.parse::<IpAddr>() {
        Ok(a) if Family::of(a) == key.rrtype.family() => Ok(a),
        _ => Err(format!("the value `{text}`")),
    };
    let values = wire.rrset_values.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    let ttl = u32::try_from(wire.rrset_ttl).unwrap_or(u32::MAX);
    Rrset::of(&values, ttl).ok_or_else(|| "a record without values".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{RrsetName, RrsetType, ZoneName};

    fn key(name: &str, rrtype: RrsetType) -> RrsetKey {
        let domain = ZoneName::parse("t18s.fr").expect("a domain");
        RrsetKey { name: RrsetName::parse(name, &domain).expect(name), domain, rrtype }
    }

    #[test]
    fn read_accepts_the_recorded_rrset() {
        let body = br#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"@","rrset_href":"https://api.gandi.net/v5/livedns/domains/t18s.fr/records/%40/A","rrset_values":["82.64.93.53"]}"#;
        let wire = parse(body).and_then(super::rrset).expect("the recorded body");
        let rrset = read(&wire, &key("@", RrsetType::A)).expect("the recorded RRset");
        assert_eq!(rrset, Rrset::single("82.64.93.53".parse().expect("an address"), 600));
        assert!(read(&wire, &key("www", RrsetType::A)).is_err());
        assert!(read(&wire, &key("@", RrsetType::Aaaa)).is_err());
    }

    #[test]
    fn read_and_parse_refuse_invalid_rrsets() {
        for values in ["[]", r#"["2a01::1"]"#, r#"["one"]"#, r#"["82.64.93.53","x"]"#] {
            let body =
                format!(r#"{{"rrset_type":"A","rrset_ttl":600,"rrset_name":"@","rrset_values":{values}}}"#);
            let wire = parse(body.as_bytes()).and_then(super::rrset).expect(values);
            assert!(read(&wire, &key("@", RrsetType::A)).is_err(), "{values}");
        }
        for body in ["", "[]", "{}", "{\"rrset_type\":\"A\"", r#"{"rrset_type":"A","rrset_ttl":-1}"#] {
            assert!(parse(body.as_bytes()).and_then(super::rrset).is_none(), "{body}");
        }
    }

    #[test]
    fn find_returns_the_cname_of_a_name() {
        let body =
            br#"[{"rrset_type":"CNAME","rrset_ttl":600,"rrset_name":"www","rrset_values":["t18s.fr."]}]"#;
        let list = parse(body).and_then(rrsets).expect("a list");
        let find = |name: &str| find(&at(&list, name), &key(name, RrsetType::A));
        assert_eq!(find("www"), Ok(Current::Cname("t18s.fr.".to_owned())));
        assert_eq!(find("@"), Ok(Current::Absent));
    }

    fn rrset(name: &str, rrtype: &str, ttl: &str, value: &str) -> WireRrset {
        let body = format!(
            r#"{{"rrset_type":"{rrtype}","rrset_ttl":{ttl},"rrset_name":"{name}","rrset_values":["{value}"]}}"#
        );
        parse(body.as_bytes()).and_then(super::rrset).expect("an RRset")
    }

    #[test]
    fn find_names_what_excludes_an_address_and_refuses_a_contradiction() {
        let address = || rrset("home", "A", "300", "81.2.69.1");
        let find = |rrsets: Vec<WireRrset>| find(&at(&rrsets, "home"), &key("home", RrsetType::A));
        let present = Ok(Current::Present(Rrset::single("81.2.69.1".parse().expect("an address"), 300)));
        assert_eq!(find(vec![address(), address()]), present);
        assert_eq!(
            find(vec![rrset("www", "NS", "1", "x."), rrset("home", "MX", "1", "1 x."), address()]),
            present
        );
        assert_eq!(find(vec![rrset("home", "ALIAS", "1", "x.")]), Ok(Current::Alias("x.".to_owned())));
        let delegated = Ok(Current::Delegated("the NS record at home.t18s.fr".to_owned()));
        assert_eq!(find(vec![rrset("home", "NS", "1", "x.")]), delegated);
        assert_eq!(find(vec![rrset("home", "DNAME", "1", "x.")]), Ok(Current::Absent));
        for other in [rrset("home", "A", "300", "81.2.69.2"), rrset("HOME", "A", "301", "81.2.69.1")] {
            assert_eq!(find(vec![address(), other]), Err("two different records `home A`".to_owned()));
        }
    }

    #[test]
    fn delegation_is_ns_or_dname_above_but_not_at_the_apex_nor_of_glue() {
        let found = |rrtype: &str, value: &str, owner: &str, name: &str| {
            delegation(&[&rrset(owner, rrtype, "1", value)], owner, &key(name, RrsetType::A))
        };
        let at = |rrtype: &str, host: &str| Some(format!("the {rrtype} record at {host}"));
        assert_eq!(found("NS", "ns1.example.net.", "home", "home"), at("NS", "home.t18s.fr"));
        assert_eq!(found("NS", "ns1.example.net.", "home", "*.home"), at("NS", "home.t18s.fr"));
        assert_eq!(found("DNAME", "example.net.", "home", "a.home"), at("DNAME", "home.t18s.fr"));
        assert_eq!(found("DNAME", "example.net.", "home", "home"), None);
        assert_eq!(found("NS", "ns1.example.net.", "@", "home"), None);
        for glue in ["ns.home.t18s.fr.", "NS.home.t18s.fr.", "ns.home"] {
            assert_eq!(found("NS", glue, "home", "ns.home"), None, "{glue}");
            assert_eq!(found("NS", glue, "home", "www.home"), at("NS", "home.t18s.fr"), "{glue}");
        }
        assert_eq!(found("CNAME", "example.net.", "home", "a.home"), None);
    }

    #[test]
    fn read_takes_any_ttl_that_is_a_whole_number() {
        for (text, ttl) in [("0", 0), ("4294967295", u32::MAX), ("18446744073709551615", u32::MAX)] {
            let rrset = read(&rrset("home", "A", text, "81.2.69.1"), &key("home", RrsetType::A)).expect(text);
            assert_eq!(rrset.ttl, ttl, "{text}");
        }
        for text in ["-1", "300.5", "1e3", "99999999999999999999", "\"300\"", "null", "[]", "true", "1e999"] {
            let body = format!(
                r#"{{"rrset_type":"A","rrset_ttl":{text},"rrset_name":"@","rrset_values":["1.1.1.1"]}}"#
            );
            assert!(parse(body.as_bytes()).and_then(super::rrset).is_none(), "{text}");
        }
    }

    #[test]
    fn read_refuses_more_addresses_than_a_dns_message_holds() {
        let mut wire = rrset("home", "A", "300", "81.2.69.1");
        // In descending order, the worst one for a sorted list.
        wire.rrset_values = (0..4097_u32).rev().map(|n| std::net::Ipv4Addr::from(n).to_string()).collect();
        let refused = read(&wire, &key("home", RrsetType::A));
        assert_eq!(refused, Err("a record with 4097 values".to_owned()));
        wire.rrset_values.pop();
        assert!(read(&wire, &key("home", RrsetType::A)).is_ok_and(|rrset| rrset.values().len() == 4096));
    }

    #[test]
    fn error_texts_and_excerpts_are_short_clean_lines() {
        let body = br#"{"status": "error", "errors": [{"location": "body", "name": "rrset_ttl", "description": "60 is less than minimum value 300"}]}"#;
        assert_eq!(error(body).text, "rrset_ttl: 60 is less than minimum value 300");
        assert_eq!(excerpt("<html>"), "an HTML page");
        assert_eq!(excerpt(" "), "an empty body");
        assert_eq!(excerpt("a\nb"), "`a b`");
        assert!(excerpt(&"x".repeat(1000)).len() < 100);
        assert_eq!(clean("a\u{1b}[31m\n"), "a [31m ");
        assert!(clean(&"ü".repeat(1000)).chars().count() < 210);
    }
}
