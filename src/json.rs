//! JSON for programs to read (RFC 8259), one object at a time. miniserde's writer would bring 3 kB of floating point
//! numbers with it.

/// An object that is being written.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    /// One without members.
    #[must_use]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// The whole text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// A text, or null.
    pub fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.name(name);
        match value {
            Some(value) => self.quote(value),
            None => self.0.push_str("null"),
        }
        self
    }

    /// A number, or null.
    pub fn number(&mut self, name: &str, value: Option<u64>) -> &mut Self {
        self.name(name);
        self.0.push_str(&value.map_or_else(|| "null".to_owned(), |n| n.to_string()));
        self
    }

    /// True or false.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
        self
    }

    /// An array of what is JSON already.
    pub fn list(&mut self, name: &str, items: &[String]) -> &mut Self {
        self.name(name);
        self.0.push('[');
        self.0.push_str(&items.join(","));
        self.0.push(']');
        self
    }

    fn name(&mut self, name: &str) {
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
                // Other control characters are never of use to anybody.
                c if c < ' ' => self.0.push_str("\\ufffd"),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }
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
    fn what_is_written_is_read_back() {
        #[derive(miniserde::Deserialize)]
        struct Read {
            a: Option<String>,
            b: Option<String>,
            n: u64,
            m: Option<u64>,
            t: bool,
            l: Vec<Inner>,
        }
        #[derive(miniserde::Deserialize)]
        struct Inner {
            x: String,
        }
        let mut inner = Object::new();
        inner.text("x", Some("1"));
        let mut object = Object::new();
        let odd = "a \"quoted\" \\ line\nand \u{7} more \u{e4}";
        object
            .text("a", Some(odd))
            .text("b", None)
            .number("n", Some(7))
            .number("m", None)
            .boolean("t", true)
            .list("l", &[inner.end(), "{\"x\":\"2\"}".into()]);
        let read: Read = miniserde::json::from_str(&object.end()).expect("JSON");
        assert_eq!((read.a, read.b, read.n), (Some(odd.replace('\u{7}', "\u{fffd}")), None, 7));
        assert_eq!((read.m, read.t), (None, true));
        assert_eq!(read.l.iter().map(|i| i.x.as_str()).collect::<String>(), "12");
        assert_eq!(Object::default().end(), "{}");
    }
}
