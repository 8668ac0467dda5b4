//! HTTP responses that lie about the length and the coding of their body (RFC 9112, sections 6 and 7).

use super::Reaction::{Either, OffTopic, Refused, Taken};
use super::Row;
use super::Step::{self, Send, Wait};
use super::http::{Good, endless, row, text};

pub(super) fn lengths(good: &Good) -> Vec<Row> {
    let length = good.body.len();
    let with = |headers: &str| good.framed(headers, &good.body);
    let twice = |a: &str, b: &str| with(&format!("Content-Length: {a}\r\nContent-Length: {b}\r\n"));
    let mut rows = vec![
        text("a length twice", Either, twice(&length.to_string(), &length.to_string())),
        text("two lengths", Refused, twice(&length.to_string(), "1")),
        text("two lengths, the short one first", Refused, twice("1", &length.to_string())),
        text("two lengths in a list", Refused, with(&format!("Content-Length: {length}, 1\r\n"))),
        text("no length and no end of the connection", Refused, with("")),
        row(
            "a length that is too long, then nothing",
            Refused,
            vec![Send(with(&format!("Content-Length: {}\r\n", length + 1)).into()), Wait],
        ),
        text(
            "a length of a megabyte of digits",
            Refused,
            with(&format!("Content-Length: {}\r\n", "1".repeat(1 << 20))),
        ),
    ];
    let longer = (length + 1).to_string();
    for bad in [
        longer.as_str(),
        "-1",
        "-0",
        "+12",
        "0x0c",
        "",
        " ",
        "twelve",
        "12abc",
        "1e1",
        "12.0",
        "1 2",
        "99999999",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "\u{0660}",
    ] {
        rows.push(text(format!("length {bad:?}"), Refused, with(&format!("Content-Length: {bad}\r\n"))));
    }
    rows
}

pub(super) fn transfer(good: &Good) -> Vec<Row> {
    let chunked = good.chunks() + "0\r\n\r\n";
    let with = |headers: &str| good.framed(headers, &chunked);
    let mut rows = vec![
        text("chunks and a length", Either, with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")),
        text("a length and chunks", Either, with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")),
        text("chunks twice", Either, with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
        text(
            "chunks in HTTP/1.0",
            Refused,
            with("Transfer-Encoding: chunked\r\n").replacen("/1.1", "/1.0", 1),
        ),
        text("gzip, then chunks", Either, with("Transfer-Encoding: gzip, chunked\r\n")),
        text("gzip, though not asked for", Either, good.with("Content-Encoding: gzip\r\n")),
        text("brotli, though not asked for", Either, good.with("Content-Encoding: br\r\n")),
        row("a gzip bomb", OffTopic, bomb(&good.start())),
    ];
    for coding in ["chunked, gzip", "identity", "xchunked", "chunked\u{1}", "\"chunked\"", "chunked;q=1", ""]
    {
        rows.push(text(
            format!("transfer coding {coding:?}"),
            Refused,
            with(&format!("Transfer-Encoding: {coding}\r\n")),
        ));
    }
    rows
}

/// Returns a response with some 50 kB of gzip that are 8 MB of spaces.
fn bomb(start: &str) -> Vec<Step> {
    // One block with the fixed codes of RFC 1951, section 3.2.6, from the lowest bit of each byte on.
    let mut bits: Vec<bool> = Vec::new();
    let mut push = |code: u32, length: u32| bits.extend((0..length).rev().map(|i| code >> i & 1 == 1));
    // The last block, type 1; the literal space.
    push(0b1_10, 3);
    push(0x30 + 32, 8);
    for _ in 0..32_000 {
        // Length 258, distance 1.
        push(0b1100_0101, 8);
        push(0, 5);
    }
    push(0, 7);
    let byte =
        |bits: &[bool]| bits.iter().enumerate().fold(0_u8, |byte, (i, bit)| byte | u8::from(*bit) << i);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(bits.chunks(8).map(byte));
    gzip.extend([0; 8]);
    let head = format!("{start}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len());
    vec![Send(head.into_bytes()), Send(gzip)]
}

pub(super) fn chunks(good: &Good) -> Vec<Row> {
    let with = |body: &str| good.framed("Transfer-Encoding: chunked\r\n", body);
    let (all, body) = (good.chunks(), &good.body);
    let sized = |size: &str| with(&format!("{size}\r\n{body}\r\n0\r\n\r\n"));
    let n = body.len();
    let mut rows = vec![
        text("chunks of one byte", Taken, with(&format!("{all}0\r\n\r\n"))),
        text("a short chunk extension", Taken, sized(&format!("{n:x};a=b"))),
        text("leading zeros in a size", Taken, sized(&format!("0000{n:x}"))),
        text("chunk extensions of a megabyte", Refused, sized(&format!("{n:x};{}", "a".repeat(1 << 20)))),
        text(
            "trailers of a megabyte",
            Either,
            with(&format!("{all}0\r\nX: {}\r\n\r\n", "x".repeat(1 << 20))),
        ),
        text("ten trailers", Taken, with(&format!("{all}0\r\n{}\r\n", "Content-Length: 1\r\n".repeat(10)))),
        text("a trailer with a lone CR", Either, with(&format!("{all}0\r\nX: a\rb\r\n\r\n"))),
        text("no last chunk", Refused, with(&all)),
        text("half of a chunk", Refused, with(&format!("{:x}\r\n{body}", n + 1))),
        text("a chunk longer than its size", Refused, sized(&format!("{:x}", n - 1))),
        text("chunks without a line end", Refused, with(&format!("{n:x}\r\n{body}0\r\n\r\n"))),
        text(
            "chunks of a megabyte",
            Refused,
            with(&format!("100000\r\n{}\r\n0\r\n\r\n", " ".repeat(1 << 20))),
        ),
        endless("a chunk extension without end", with(&format!("{n:x};")), "a"),
        endless("a chunk size without end", with(""), "0"),
        endless("chunks without end", with(""), "1\r\n \r\n"),
        endless("trailers without end", with(&format!("{all}0\r\n")), "X: y\r\n"),
        endless("one trailer without end", with(&format!("{all}0\r\nX: ")), "y"),
    ];
    for bad in [
        "",
        "x",
        "-1",
        "0x5",
        "5 5",
        "7fffffff",
        "80000000",
        "ffffffff",
        "100000000",
        "7fffffffffffffff",
        "ffffffffffffffff",
        "fffffffffffffffff",
        "10000000000000000",
        "\u{0660}",
    ] {
        rows.push(text(format!("chunk size {bad:?}"), Refused, sized(bad)));
    }
    rows
}
