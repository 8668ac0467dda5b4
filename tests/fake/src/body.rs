//! Parses the JSON of a request into RRsets, with the errors of Gandi's validator.

use std::net::{Ipv4Addr, Ipv6Addr};

use miniserde::json::{self, Number, Object, Value};

use crate::http::Response;
use crate::json::string;
use crate::zone::{DEFAULT_TTL, Rrset};

/// The record types that Gandi accepts.
const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "ALIAS",
    "CAA",
    "CDS",
    "CNAME",
    "DNAME",
    "DS",
    "KEY",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "OPENPGPKEY",
    "PTR",
    "RP",
    "SPF",
    "SRV",
    "SSHFP",
    "TLSA",
    "TXT",
    "WKS",
];

/// One entry of `errors` in a 400.
pub(crate) struct Flaw {
    location: &'static str,
    name: &'static str,
    description: String,
}

impl Flaw {
    pub(crate) fn new(location: &'static str, name: &'static str, description: impl Into<String>) -> Self {
        Self { location, name, description: description.into() }
    }

    /// Returns the 400 of Gandi's validator, which has blanks in its JSON, unlike the other responses.
    pub(crate) fn response(&self) -> Response {
        let (location, name) = (string(self.location), string(self.name));
        let description = string(&self.description);
        let body = format!(
            r#"{{"status": "error", "errors": [{{"location": {location}, "name": {name}, "description": {description}}}]}}"#
        );
        Response::new(400, "application/json; charset=UTF-8", &body)
    }
}

/// Checks a record name and type from a path or from an item of a listing.
pub(crate) fn check_key(name: &str, kind: Option<&str>) -> Result<(), Flaw> {
    if name.ends_with('.') {
        let why = format!("{name} is not relative to the domain: it ends with a dot");
        return Err(Flaw::new("path", "rrset_name", why));
    }
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_*".contains(&b))
    };
    if name != "@" && !name.split('.').all(label) {
        return Err(Flaw::new("path", "rrset_name", format!("{name} is not a name")));
    }
    match kind {
        Some(kind) if !TYPES.contains(&kind) => {
            Err(Flaw::new("path", "rrset_type", format!("{kind} is not one of {}", TYPES.join(", "))))
        }
        _ => Ok(()),
    }
}

/// A parsed body, and its unknown keys.
pub(crate) struct Parsed {
    pub(crate) object: Object,
    pub(crate) strange: Vec<String>,
}

pub(crate) fn parse(body: &[u8]) -> Result<Parsed, Flaw> {
    let text = std::str::from_utf8(body).map_err(|_| Flaw::new("body", "", "not UTF-8"))?;
    let Ok(Value::Object(object)) = json::from_str::<Value>(text) else {
        return Err(Flaw::new("body", "", "not a JSON object"));
    };
    let known = ["rrset_name", "rrset_type", "rrset_ttl", "rrset_values", "rrset_href", "items"];
    let strange = object.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
    Ok(Parsed { object, strange })
}

/// Returns the objects of `{"items":[…]}`.
pub(crate) fn items(object: &Object) -> Result<Vec<&Object>, Flaw> {
    let Some(Value::Array(items)) = object.get("items") else {
        return Err(Flaw::new("body", "items", "items is a required property"));
    };
    let mut objects = Vec::new();
    for item in items {
        let Value::Object(item) = item else {
            return Err(Flaw::new("body", "items", "an item is not an object"));
        };
        objects.push(item);
    }
    Ok(objects)
}

/// Returns a required string property.
pub(crate) fn text<'a>(object: &'a Object, key: &'static str) -> Result<&'a str, Flaw> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Flaw::new("body", key, format!("{key} is a required property"))),
    }
}

/// Returns the RRset of this type from the properties of an object.
pub(crate) fn rrset(kind: &str, object: &Object) -> Result<Rrset, Flaw> {
    let ttl = match object.get("rrset_ttl") {
        None => DEFAULT_TTL,
        Some(value) => ttl(value)?,
    };
    let Some(Value::Array(array)) = object.get("rrset_values") else {
        return Err(Flaw::new("body", "rrset_values", "rrset_values is a required property"));
    };
    let mut values = Vec::new();
    for value in array {
        let Value::String(value) = value else {
            return Err(Flaw::new("body", "rrset_values", "a value is not of type 'string'"));
        };
        check_value(kind, value)?;
        values.push(value.clone());
    }
    if values.is_empty() {
        return Err(Flaw::new("body", "rrset_values", "[] is too short"));
    }
    Ok(Rrset { ttl, values })
}

fn ttl(value: &Value) -> Result<u32, Flaw> {
    let flaw = |why| Err(Flaw::new("body", "rrset_ttl", why));
    let ttl = match value {
        Value::Number(Number::U64(ttl)) => i128::from(*ttl),
        Value::Number(Number::I64(ttl)) => i128::from(*ttl),
        other => return flaw(format!("{} is not of type 'integer'", json::to_string(other))),
    };
    if ttl < 300 {
        return flaw(format!("{ttl} is less than minimum value 300"));
    }
    match u32::try_from(ttl) {
        Ok(ttl) if ttl <= 2_592_000 => Ok(ttl),
        _ => flaw(format!("{ttl} is greater than maximum value 2592000")),
    }
}

fn check_value(kind: &str, value: &str) -> Result<(), Flaw> {
    let good = match kind {
        "A" => value.parse::<Ipv4Addr>().is_ok(),
        "AAAA" => value.parse::<Ipv6Addr>().is_ok(),
        _ => !value.is_empty(),
    };
    if good {
        return Ok(());
    }
    Err(Flaw::new("body", "rrset_values", format!("{value} is not a valid value for type {kind}")))
}
