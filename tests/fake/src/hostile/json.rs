//! JSON texts that are none, or that mean something else to each parser (RFC 8259).

use super::Reaction::{self, Either, Refused, Taken};

/// Returns bodies that are made of a good one, each with a name and the right reaction. `good` is an object, and
/// `number` is the digits of a number in it.
pub fn json_rows(good: &str, number: &str) -> Vec<(String, Reaction, Vec<u8>)> {
    let (mut rows, opened) = (shapes(good), &good[1..]);
    for (name, value) in [
        ("60,000 arrays", format!("{}{}", "[".repeat(30_000), "]".repeat(30_000))),
        ("20,000 objects", format!("{}0{}", "{\"a\":".repeat(9000), "}".repeat(9000))),
        ("a long string", format!("\"{}\"", "x".repeat(60_000))),
        ("escapes", format!("\"{}\"", "\\u0000\\n\\\"".repeat(4000))),
        ("a surrogate alone", "\"\\ud800\"".to_owned()),
        ("two low surrogates", "\"\\udc00\\udc00\"".to_owned()),
        ("half of an escape", "\"\\u00\"".to_owned()),
        ("a number of 60,000 digits", "9".repeat(60_000)),
        ("a number with an exponent", "1e999999999".to_owned()),
        ("many small numbers", format!("[{}0]", "0,".repeat(30_000))),
        ("many strings", format!("[{}\"\"]", "\"\",".repeat(20_000))),
        ("many keys", format!("{{{}\"a\":0}}", "\"a\":0,".repeat(10_000))),
    ] {
        // An unknown key must not do harm, before the known ones or after them.
        let before = format!("{{\"unknown\":{value},{opened}");
        let after = format!("{},\"unknown\":{value}}}", &good[..good.len() - 1]);
        rows.push((format!("an unknown key first: {name}"), Either, before.into_bytes()));
        rows.push((format!("an unknown key last: {name}"), Either, after.into_bytes()));
    }
    for value in [
        "-1",
        "-0",
        "0",
        "1",
        "1.5",
        "6e2",
        "1e400",
        "-1e400",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "0600",
        "+600",
        "0x258",
        "NaN",
        "Infinity",
        "null",
        "true",
        "\"600\"",
        "[]",
        "{}",
        "[600]",
        "\u{666}00",
    ] {
        rows.push((format!("the number {value}"), Either, good.replace(number, value).into_bytes()));
    }
    rows
}

fn shapes(good: &str) -> Vec<(String, Reaction, Vec<u8>)> {
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inner = &good[1..good.len() - 1];
    let rows: Vec<(&str, Reaction, Vec<u8>)> = vec![
        ("a BOM", Either, format!("\u{feff}{good}").into()),
        ("UTF-16", Refused, utf16),
        (
            "UTF-16 with a BOM",
            Refused,
            [vec![0xff, 0xfe], good.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        ),
        ("a NUL at the end", Refused, format!("{good}\0").into()),
        ("a NUL at the beginning", Refused, format!("\0{good}").into()),
        ("a NUL in a key", Either, good.replacen("\":", "\0\":", 1).into()),
        ("a line feed in a key", Either, good.replacen("\":", "\n\":", 1).into()),
        ("ESC in a key", Either, good.replacen("\":", "\u{1b}\":", 1).into()),
        (
            "bytes that are not UTF-8",
            Either,
            [&good.as_bytes()[..2], &[0xff, 0xfe], &good.as_bytes()[2..]].concat(),
        ),
        (
            "an overlong encoding",
            Either,
            [&good.as_bytes()[..2], &[0xc0, 0x80], &good.as_bytes()[2..]].concat(),
        ),
        ("twice", Refused, good.repeat(2).into()),
        ("a bracket too many", Refused, format!("{good}]").into()),
        ("a brace too many", Refused, format!("{good}}}").into()),
        ("a brace too few", Refused, good[..good.len() - 1].into()),
        ("a comma at the end", Either, format!("{{{inner},}}").into()),
        ("a comment", Either, format!("/* x */{good}").into()),
        ("single quotes", Refused, good.replace('"', "'").into()),
        ("all keys twice", Either, format!("{{{inner},{inner}}}").into()),
        ("60,000 spaces", Taken, format!("{}{good}{}", " ".repeat(30_000), "\r\n\t ".repeat(7000)).into()),
        ("in an array", Refused, format!("[{good}]").into()),
        ("in a string", Refused, format!("\"{}\"", good.replace('"', "\\\"")).into()),
        ("60,000 arrays", Refused, "[".repeat(60_000).into()),
        ("12,000 objects", Refused, "{\"a\":".repeat(12_000).into()),
        ("arrays and objects", Refused, "[{\"a\":".repeat(10_000).into()),
        ("a list of 20,000 empty objects", Refused, format!("[{}{{}}]", "{},".repeat(20_000)).into()),
        ("a list of 20,000 empty lists", Refused, format!("[{}[]]", "[],".repeat(20_000)).into()),
        ("quotes", Refused, "\"".repeat(60_000).into()),
        ("backslashes", Refused, format!("\"{}", "\\".repeat(60_000)).into()),
        ("null", Refused, "null".into()),
        ("a number", Refused, "1e400".into()),
        ("nothing but spaces", Either, " ".repeat(1000).into()),
    ];
    rows.into_iter().map(|(name, reaction, body)| (name.to_owned(), reaction, body)).collect()
}
