//! Reads JSON from outside with limits, and refuses objects that repeat a key.
//!
//! miniserde needs memory for each level of nesting and for each value, and of a repeated key it takes the last value.

use std::mem;

use miniserde::de::{Deserialize, Map, Seq, Visitor};
use miniserde::{Error, Result};

/// Maximum depth of arrays and objects. LiveDNS uses three levels.
const MAX_DEPTH: usize = 16;
/// Maximum number of commas between values: far beyond any zone, and 6 MB of memory for the shortest values.
const MAX_COMMAS: usize = 250_000;

/// Parses a JSON text; `None` if it is none, or exceeds a limit.
pub(super) fn parse(body: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(body).ok().filter(|text| is_bounded(text.as_bytes()))?;
    miniserde::json::from_str(text).ok()
}

/// Returns true if a text, if it is JSON, is within [`MAX_DEPTH`] and [`MAX_COMMAS`].
fn is_bounded(text: &[u8]) -> bool {
    let (mut depth, mut commas) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => commas += 1,
            _ => {}
        }
        if depth > MAX_DEPTH || commas > MAX_COMMAS {
            return false;
        }
    }
    true
}

/// The keys that the callers take. The values of all others are not kept.
const KEYS: [&str; 14] = [
    "access_token",
    "current",
    "description",
    "errors",
    "expires_in",
    "fqdn",
    "message",
    "name",
    "object",
    "rrset_name",
    "rrset_ttl",
    "rrset_type",
    "rrset_values",
    "scope",
];

/// A JSON value. One type for all responses takes 2 kB less code than a `Deserialize` for each.
pub(super) enum Json {
    Null,
    /// A whole number that is not negative.
    Number(u64),
    Text(String),
    List(Vec<Json>),
    /// The members with one of [`KEYS`], also repeated ones.
    Object(Vec<(&'static str, Json)>),
    /// A value that no caller takes.
    Other,
}

impl Json {
    /// Takes a member of an object, null if there is none. `None` if this is no object or repeats the key.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let mut value = Self::Null;
        let mut is_found = false;
        for (_, found) in members.iter_mut().filter(|(name, _)| *name == key) {
            if is_found {
                return None;
            }
            is_found = true;
            mem::swap(&mut value, found);
        }
        Some(value)
    }

    /// Takes a text of an object.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.optional_text(key).ok()?
    }

    /// Takes a text or null of an object. Another value is an error.
    pub(super) fn optional_text(&mut self, key: &str) -> Result<Option<String>> {
        match self.take(key).ok_or(Error)? {
            Self::Text(text) => Ok(Some(text)),
            Self::Null => Ok(None),
            _ => Err(Error),
        }
    }

    /// Takes a number of an object.
    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        if let Self::Number(number) = self.take(key)? { Some(number) } else { None }
    }

    /// Takes a list of texts of an object.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let Self::List(items) = self.take(key)? else { return None };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let Self::Text(text) = item else { return None };
            texts.push(text);
        }
        Some(texts)
    }
}

miniserde::make_place!(Place);

impl Deserialize for Json {
    fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
        Place::new(out)
    }
}

impl Visitor for Place<Json> {
    fn null(&mut self) -> Result<()> {
        self.out = Some(Json::Null);
        Ok(())
    }

    fn boolean(&mut self, _: bool) -> Result<()> {
        self.out = Some(Json::Other);
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<()> {
        self.out = Some(Json::Text(text.to_owned()));
        Ok(())
    }

    fn negative(&mut self, _: i64) -> Result<()> {
        self.boolean(false)
    }

    fn nonnegative(&mut self, number: u64) -> Result<()> {
        self.out = Some(Json::Number(number));
        Ok(())
    }

    fn float(&mut self, _: f64) -> Result<()> {
        self.boolean(false)
    }

    fn seq(&mut self) -> Result<Box<dyn Seq + '_>> {
        Ok(Box::new(List { out: &mut self.out, items: Vec::new(), last: None }))
    }

    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        Ok(Box::new(Object { out: &mut self.out, members: Vec::new(), key: "", last: None }))
    }
}

/// An array while it is parsed.
struct List<'a> {
    out: &'a mut Option<Json>,
    items: Vec<Json>,
    /// The item that was begun last.
    last: Option<Json>,
}

impl List<'_> {
    fn push_last(&mut self) {
        if let Some(item) = self.last.take() {
            self.items.push(item);
        }
    }
}

impl Seq for List<'_> {
    fn element(&mut self) -> Result<&mut dyn Visitor> {
        self.push_last();
        Ok(Deserialize::begin(&mut self.last))
    }

    fn finish(&mut self) -> Result<()> {
        self.push_last();
        *self.out = Some(Json::List(mem::take(&mut self.items)));
        Ok(())
    }
}

/// An object while it is parsed.
struct Object<'a> {
    out: &'a mut Option<Json>,
    members: Vec<(&'static str, Json)>,
    /// The key of `last`.
    key: &'static str,
    /// The member that was begun last.
    last: Option<Json>,
}

impl Object<'_> {
    fn push_last(&mut self) {
        if let Some(value) = self.last.take() {
            self.members.push((self.key, value));
        }
    }
}

impl Map for Object<'_> {
    fn key(&mut self, key: &str) -> Result<&mut dyn Visitor> {
        self.push_last();
        match KEYS.iter().find(|known| **known == key) {
            Some(known) => {
                self.key = known;
                Ok(Deserialize::begin(&mut self.last))
            }
            None => Ok(<dyn Visitor>::ignore()),
        }
    }

    fn finish(&mut self) -> Result<()> {
        self.push_last();
        *self.out = Some(Json::Object(mem::take(&mut self.members)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `a`, a number, and `b`, an optional text, under two of the known keys.
    fn read(text: &str) -> Option<(u64, Option<String>)> {
        let known = text.replace("\"a\"", "\"expires_in\"").replace("\"b\"", "\"message\"");
        let mut json = parse(known.as_bytes())?;
        Some((json.number("expires_in")?, json.optional_text("message").ok()?))
    }

    #[test]
    fn object_with_a_repeated_key_is_refused() {
        assert_eq!(read(r#"{"a":1}"#), Some((1, None)));
        assert_eq!(read(r#"{"b":"x","other":1,"other":[2],"a":2}"#), Some((2, Some("x".to_owned()))));
        assert_eq!(read(r#"{"a":1,"b":null}"#), Some((1, None)));
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"expires_i\u006e":2}"#,
            r#"{"a":1,"b":null,"b":"x"}"#,
            r#"{"a":1,"b":"x","b":null}"#,
            r#"{"b":"x"}"#,
            r#"{"a":"1"}"#,
            "[]",
            "1",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn nesting_and_number_of_values_are_limited_outside_strings() {
        let nested = |levels: usize| format!(r#"{{"a":1,"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read(&nested(MAX_DEPTH - 1)), Some((1, None)));
        assert_eq!(read(&nested(MAX_DEPTH)), None);
        let objects = r#"{"a":"#.repeat(MAX_DEPTH + 1) + "1" + &"}".repeat(MAX_DEPTH + 1);
        assert_eq!(read(&format!(r#"{{"a":1,"x":{objects}}}"#)), None);
        let values = |commas: usize| format!(r#"{{"a":1,"x":[1{}]}}"#, ",1".repeat(commas));
        assert_eq!(read(&values(MAX_COMMAS - 2)), Some((1, None)));
        assert_eq!(read(&values(MAX_COMMAS)), None);
        let quoted = format!("\\\"{}{}\\\\", "[".repeat(100), ",".repeat(MAX_COMMAS + 1));
        assert_eq!(read(&format!(r#"{{"a":1,"x":"{quoted}"}}"#)), Some((1, None)));
    }
}
