//! Reads JSON from outside with limits, and refuses objects that repeat a key.
//!
//! miniserde needs memory for each level of nesting and for each value, and of a repeated key it takes the last value.

use miniserde::Deserialize;

/// Maximum depth of arrays and objects. LiveDNS uses three levels.
const MAX_DEPTH: usize = 16;
/// Maximum number of commas between values: far beyond any zone, and 6 MB of memory for the shortest values.
const MAX_COMMAS: usize = 250_000;

/// Parses JSON; `None` if it does not have the expected type, or exceeds a limit.
pub(super) fn parse<T: Deserialize>(body: &[u8]) -> Option<T> {
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

/// Defines a struct and its `Deserialize`, as miniserde's derive does, but a repeated key is an error. Unknown keys are
/// ignored, and a missing `Option` is `None`.
macro_rules! strict_object {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        const _: () = {
            use miniserde::de::{Deserialize, Map, Visitor};
            use miniserde::{Error, Result};

            miniserde::make_place!(Place);

            struct Builder<'a> {
                out: &'a mut Option<$name>,
                $($field: Option<$type>,)*
            }

            impl Deserialize for $name {
                fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
                    Place::new(out)
                }
            }

            impl Visitor for Place<$name> {
                fn map(&mut self) -> Result<Box<dyn Map + '_>> {
                    Ok(Box::new(Builder { out: &mut self.out, $($field: None,)* }))
                }
            }

            impl Map for Builder<'_> {
                fn key(&mut self, key: &str) -> Result<&mut dyn Visitor> {
                    match key {
                        $(stringify!($field) if self.$field.is_none() => Ok(Deserialize::begin(&mut self.$field)),)*
                        $(stringify!($field))|* => Err(Error),
                        _ => Ok(<dyn Visitor>::ignore()),
                    }
                }

                fn finish(&mut self) -> Result<()> {
                    *self.out = Some($name {
                        $($field: self.$field.take().or_else(Deserialize::default).ok_or(Error)?,)*
                    });
                    Ok(())
                }
            }
        };
    };
}
pub(super) use strict_object;

#[cfg(test)]
mod tests {
    use super::*;

    strict_object! {
        struct Sample {
            a: u64,
            b: Option<String>,
        }
    }

    fn read(text: &str) -> Option<(u64, Option<String>)> {
        parse::<Sample>(text.as_bytes()).map(|s| (s.a, s.b))
    }

    #[test]
    fn object_with_a_repeated_key_is_refused() {
        assert_eq!(read(r#"{"a":1}"#), Some((1, None)));
        assert_eq!(read(r#"{"b":"x","other":1,"other":[2],"a":2}"#), Some((2, Some("x".to_owned()))));
        assert_eq!(read(r#"{"a":1,"b":null}"#), Some((1, None)));
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
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
