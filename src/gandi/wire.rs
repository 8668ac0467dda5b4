//! The JSON types of LiveDNS, and their translation into this program's values.
//!
//! miniserde ignores unknown fields and reads a missing `Option` as `None`. Its errors carry no description, so each caller
//! says what it expected.

use std::net::IpAddr;

use miniserde::Deserialize;

use crate::dns::{Current, Rrset, RrsetKey};
use crate::net::Family;

/// One RRset of any type.
#[derive(Deserialize)]
// The field names are Gandi's.
#[allow(clippy::struct_field_names)]
pub(super) struct WireRrset {
    rrset_name: String,
    rrset_type: String,
    rrset_ttl: u32,
    rrset_values: Vec<String>,
}

/// The body of an error response.
#[derive(Deserialize, Default)]
pub(super) struct WireError {
    pub(super) object: Option<String>,
    pub(super) message: Option<String>,
    errors: Option<Vec<WireErrorItem>>,
}

/// One error in the list of a 400.
#[derive(Deserialize)]
struct WireErrorItem {
    name: Option<String>,
    description: Option<String>,
}

impl WireError {
    /// Joins the listed errors and the message; empty if there are none.
    pub(super) fn text(&self) -> String {
        let items = self.errors.iter().flatten().map(|item| match (&item.name, &item.description) {
            (Some(name), Some(text)) => format!("{name}: {text}"),
            (name, text) => name.iter().chain(text).cloned().collect(),
        });
        items.chain(self.message.clone()).collect::<Vec<_>>().join("; ")
    }
}

/// Parses JSON; `None` if it does not have the expected type.
pub(super) fn parse<T: Deserialize>(body: &[u8]) -> Option<T> {
    std::str::from_utf8(body).ok().and_then(|text| miniserde::json::from_str(text).ok())
}

/// Makes a text from outside safe to print: one line of at most 200 characters, without control characters.
pub(super) fn clean(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let mut line: String =
        text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        line.push('…');
    }
    line
}

/// Describes a body in a few words: its first 80 characters, or its kind.
pub(super) fn excerpt(body: &str) -> String {
    const MAX_CHARS: usize = 80;
    match body.trim() {
        "" => "an empty body".to_owned(),
        text if text.starts_with('<') => "an HTML page".to_owned(),
        text => format!("`{}`", clean(&text.chars().take(MAX_CHARS).collect::<String>())),
    }
}

/// Finds `key` among the RRsets of its zone or name. `Err` describes what is not valid, as a noun.
pub(super) fn find(rrsets: &[WireRrset], key: &RrsetKey) -> Result<Current, String> {
    let with_name = || rrsets.iter().filter(|r| r.rrset_name.eq_ignore_ascii_case(key.name.as_str()));
    if let Some(rrset) = with_name().find(|r| r.rrset_type == key.rrtype.as_str()) {
        return read(rrset, key).map(Current::Present);
    }
    Ok(match with_name().find(|r| r.rrset_type == "CNAME") {
        Some(cname) => Current::Cname(clean(&cname.rrset_values.join(" "))),
        None => Current::Absent,
    })
}

/// Checks that `wire` is the requested RRset and has addresses of its type. `Err` describes what is not valid, as a noun.
pub(super) fn read(wire: &WireRrset, key: &RrsetKey) -> Result<Rrset, String> {
    let is_same_name = wire.rrset_name.eq_ignore_ascii_case(key.name.as_str());
    if !is_same_name || wire.rrset_type != key.rrtype.as_str() {
        return Err(format!("the record `{} {}`", wire.rrset_name, wire.rrset_type));
    }
    let address = |text: &String| match text.parse::<IpAddr>() {
        Ok(a) if Family::of(a) == key.rrtype.family() => Ok(a),
        _ => Err(format!("the value `{text}`")),
    };
    let values = wire.rrset_values.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    Rrset::of(&values, wire.rrset_ttl).ok_or_else(|| "a record without values".to_owned())
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
        let wire: WireRrset = parse(body).expect("the recorded body");
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
            let wire: WireRrset = parse(body.as_bytes()).expect(values);
            assert!(read(&wire, &key("@", RrsetType::A)).is_err(), "{values}");
        }
        for body in ["", "[]", "{}", "{\"rrset_type\":\"A\"", r#"{"rrset_type":"A","rrset_ttl":-1}"#] {
            assert!(parse::<WireRrset>(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn find_returns_the_cname_of_a_name() {
        let body =
            br#"[{"rrset_type":"CNAME","rrset_ttl":600,"rrset_name":"www","rrset_values":["t18s.fr."]}]"#;
        let list: Vec<WireRrset> = parse(body).expect("a list");
        assert_eq!(find(&list, &key("www", RrsetType::A)), Ok(Current::Cname("t18s.fr.".to_owned())));
        assert_eq!(find(&list, &key("@", RrsetType::A)), Ok(Current::Absent));
    }

    #[test]
    fn error_texts_and_excerpts_are_short_clean_lines() {
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
