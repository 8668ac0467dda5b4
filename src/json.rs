//! Writes JSON objects (RFC 8259) for `--json`. miniserde's writer would add 3 kB of code for floating point numbers.

/// A JSON object under construction.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    /// Creates an object without members.
    #[must_use]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Closes the object and returns its text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// Appends a string; `None` is written as null.
    pub fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.key(name);
        match value {
            Some(value) => self.quote(value),
            None => self.0.push_str("null"),
        }
        self
    }

    /// Appends a number; `None` is written as null.
    pub fn number(&mut self, name: &str, value: Option<u64>) -> &mut Self {
        self.value(name, value.map(|n| n.to_string()).as_deref())
    }

    /// Appends a value that is a JSON text already, such as an object; `None` is written as null.
    pub fn value(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.key(name);
        self.0.push_str(value.unwrap_or("null"));
        self
    }

    /// Appends true or false.
    #[allow(clippy::fn_params_excessive_bools, reason = "a JSON boolean is a bool")]
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.value(name, Some(if value { "true" } else { "false" }))
    }

    /// Appends an array of items that are JSON texts already.
    pub fn list(&mut self, name: &str, items: &[String]) -> &mut Self {
        self.key(name);
        self.0.push('[');
        self.0.push_str(&items.join(","));
        self.0.push(']');
        self
    }

    fn key(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.quote(name);
        self.0.push(':');
    }

    fn quote(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                '\n' => self.0.push_str("\\n"),
                // No value needs another control character. No escape sequence, whose letters would join the word
                // after it: that may be a secret, which is recognised by its form.
                c if c < ' ' => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }
}

/// Returns a text as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut object = Object(String::new());
    object.quote(text);
    object.0
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_character_is_replaced_and_not_escaped() {
        assert_eq!(quoted("a\nb\u{1}c\t\"\\"), "\"a\\nb\u{fffd}c\u{fffd}\\\"\\\\\"");
    }

    #[test]
    fn object_is_parsed_back_to_the_same_values() {
        #[derive(miniserde::Deserialize)]
        struct Read {
            a: Option<String>,
            b: Option<String>,
            n: u64,
            m: Option<u64>,
            t: bool,
            v: Inner,
            w: Option<Inner>,
            l: Vec<Inner>,
        }
        #[derive(miniserde::Deserialize)]
        struct Inner {
            x: String,
        }
        let mut inner = Object::new();
        inner.text("x", Some("1"));
        let inner = inner.end();
        let mut object = Object::new();
        let odd = "a \"quoted\" \\ line\nand \u{7} more \u{e4}";
        object
            .text("a", Some(odd))
            .text("b", None)
            .number("n", Some(7))
            .number("m", None)
            .boolean("t", true)
            .value("v", Some(&inner))
            .value("w", None)
            .list("l", &[inner.clone(), "{\"x\":\"2\"}".into()]);
        let read: Read = miniserde::json::from_str(&object.end()).expect("JSON");
        assert_eq!((read.a, read.b, read.n), (Some(odd.replace('\u{7}', "\u{fffd}")), None, 7));
        assert_eq!((read.m, read.t), (None, true));
        assert_eq!((read.v.x.as_str(), read.w.is_none()), ("1", true));
        assert_eq!(read.l.iter().map(|i| i.x.as_str()).collect::<String>(), "12");
        assert_eq!(Object::default().end(), "{}");
    }
}
