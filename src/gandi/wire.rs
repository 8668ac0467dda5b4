//! The shapes of LiveDNS' JSON, and their translation into our own values.
//!
//! miniserde ignores unknown fields and reads a missing `Option` as `None`; its errors carry nothing, so each
//! caller says what was expected.

use std::net::IpAddr;

use miniserde::Deserialize;

use crate::dns::{Current, Rrset, RrsetKey};
use crate::net::Family;

/// One RRset of any type.
#[derive(Deserialize)]
// The names are Gandi's.
#[allow(clippy::struct_field_names)]
pub(super) struct WireRrset {
    rrset_name: String,
    rrset_type: String,
    rrset_ttl: u32,
    rrset_values: Vec<String>,
}

/// What an error's body may say.
#[derive(Deserialize, Default)]
pub(super) struct WireError {
    pub(super) object: Option<String>,
    pub(super) message: Option<String>,
    errors: Option<Vec<WireFault>>,
}

/// One complaint of a 400.
#[derive(Deserialize)]
struct WireFault {
    name: Option<String>,
    description: Option<String>,
}

impl WireError {
    /// Everything it says.
    pub(super) fn text(&self) -> String {
        let faults = self.errors.iter().flatten().map(|fault| match (&fault.name, &fault.description) {
            (Some(name), Some(text)) => format!("{name}: {text}"),
            (name, text) => name.iter().chain(text).cloned().collect(),
        });
        faults.chain(self.message.clone()).collect::<Vec<_>>().join("; ")
    }
}

/// Reads JSON, or says that it is none of the expected shape.
pub(super) fn parse<T: Deserialize>(body: &[u8]) -> Option<T> {
    std::str::from_utf8(body).ok().and_then(|text| miniserde::json::from_str(text).ok())
}

/// A text from outside, safe to print: one line, no control characters, not too long.
pub(super) fn clean(text: &str) -> String {
    const MOST: usize = 200;
    let mut line: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        line.push('…');
    }
    line
}

/// What a body looks like, in a few words.
pub(super) fn excerpt(body: &str) -> String {
    const MOST: usize = 80;
    match body.trim() {
        "" => "an empty body".to_owned(),
        text if text.starts_with('<') => "an HTML page".to_owned(),
        text => format!("`{}`", clean(&text.chars().take(MOST).collect::<String>())),
    }
}

/// Finds `key` among the RRsets of its zone or name. `Err` says what in there cannot be.
pub(super) fn find(rrsets: &[WireRrset], key: &RrsetKey) -> Result<Current, String> {
    let here = || rrsets.iter().filter(|r| r.rrset_name.eq_ignore_ascii_case(key.name.as_str()));
    if let Some(found) = here().find(|r| r.rrset_type == key.rrtype.as_str()) {
        return read(found, key).map(Current::Present);
    }
    Ok(match here().find(|r| r.rrset_type == "CNAME") {
        Some(cname) => Current::Cname(clean(&cname.rrset_values.join(" "))),
        None => Current::Absent,
    })
}

/// Checks that `wire` is the RRset that was asked for and holds addresses of its type.
pub(super) fn read(wire: &WireRrset, key: &RrsetKey) -> Result<Rrset, String> {
    let name_fits = wire.rrset_name.eq_ignore_ascii_case(key.name.as_str());
    if !name_fits || wire.rrset_type != key.rrtype.as_str() {
        return Err(format!("an answer about `{} {}`", wire.rrset_name, wire.rrset_type));
    }
    let address = |text: &String| match text.parse::<IpAddr>() {
        Ok(a) if Family::of(a) == key.rrtype.family() => Ok(a),
        _ => Err(format!("the value `{text}`")),
    };
    let values = wire.rrset_values.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    Rrset::of(&values, wire.rrset_ttl).ok_or_else(|| "an RRset without values".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::RrsetType;
    use crate::dns::{RrsetName, ZoneName};

    fn key(name: &str, rrtype: RrsetType) -> RrsetKey {
        let domain = ZoneName::parse("t18s.fr").expect("a domain");
        RrsetKey { name: RrsetName::parse(name, &domain).expect(name), domain, rrtype }
    }

    #[test]
    fn the_recorded_rrset() {
        let body = br#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"@","rrset_href":"https://api.gandi.net/v5/livedns/domains/t18s.fr/records/%40/A","rrset_values":["82.64.93.53"]}"#;
        let wire: WireRrset = parse(body).expect("the recorded body");
        let rrset = read(&wire, &key("@", RrsetType::A)).expect("the recorded RRset");
        assert_eq!(rrset, Rrset::single("82.64.93.53".parse().expect("an address"), 600));
        assert!(read(&wire, &key("www", RrsetType::A)).is_err());
        assert!(read(&wire, &key("@", RrsetType::Aaaa)).is_err());
    }

    #[test]
    fn impossible_rrsets_are_refused() {
        for values in ["[]", r#"["2a01::1"]"#, r#"["one"]"#, r#"["82.64.93.53","x"]"#] {
            let body =
                format!(r#"{{"rrset_type":"A","rrset_ttl":600,"rrset_name":"@","rrset_values":{values}}}"#);
            let wire: WireRrset = parse(body.as_bytes()).expect(values);
            assert!(read(&wire, &key("@", RrsetType::A)).is_err(), "{values}");
        }
        for body in ["", "[]", "{}", "{\"rrset_type\":\"A\"", r#"{"rrset_type":"A","rrset_ttl":-1}"#] {
            assert!(parse::<WireRrset>(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_cname_is_seen() {
        let body =
            br#"[{"rrset_type":"CNAME","rrset_ttl":600,"rrset_name":"www","rrset_values":["t18s.fr."]}]"#;
        let list: Vec<WireRrset> = parse(body).expect("a list");
        assert_eq!(find(&list, &key("www", RrsetType::A)), Ok(Current::Cname("t18s.fr.".to_owned())));
        assert_eq!(find(&list, &key("@", RrsetType::A)), Ok(Current::Absent));
    }

    #[test]
    fn complaints_and_excerpts_fit_a_line() {
        let body = br#"{"status": "error", "errors": [{"location": "body", "name": "rrset_ttl", "description": "60 is less than minimum value 300"}]}"#;
        let error: WireError = parse(body).expect("the 400");
        assert_eq!(error.text(), "rrset_ttl: 60 is less than minimum value 300");
        assert_eq!(excerpt("<html>"), "an HTML page");
        assert_eq!(excerpt(" "), "an empty body");
        assert_eq!(excerpt("a\nb"), "`a b`");
        assert!(excerpt(&"x".repeat(1000)).len() < 100);
        assert_eq!(clean("a\u{1b}[31m\n"), "a [31m ");
        assert!(clean(&"ü".repeat(1000)).chars().count() < 210);
    }
}
