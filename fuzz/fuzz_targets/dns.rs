//! Fuzzes the parser of DNS responses. The first byte of the input selects the question, and whether the rest is made a
//! response to it: otherwise few inputs would pass the check of the id.

#![no_main]

use std::net::IpAddr;

use gandi_ddns::dns::error::MAX_MESSAGE;
use gandi_ddns::dns::message::{A, AAAA, CH, IN, NS, Question, TXT};
use libfuzzer_sys::fuzz_target;

const ID: u16 = 0x12ab;
const NAME_SERVERS: Question<'static> =
    Question { name: b"\x07example\x03org\0", rrtype: NS, class: IN, recursion: true };
const QUESTIONS: [Question<'static>; 4] = [
    Question { name: b"\x06whoami\x0acloudflare\0", rrtype: TXT, class: CH, recursion: true },
    Question { name: b"\x03o-o\x06myaddr\x01l\x06google\x03com\0", rrtype: TXT, class: IN, recursion: false },
    Question { name: b"\x04myip\x07opendns\x03com\0", rrtype: A, class: IN, recursion: true },
    Question { name: b"\x04myip\x07opendns\x03com\0", rrtype: AAAA, class: IN, recursion: true },
];

fuzz_target!(|input: &[u8]| {
    let Some((&selector, message)) = input.split_first() else { return };
    let question = &QUESTIONS[usize::from(selector & 3)];
    let mut message = message.to_vec();
    let is_raw = selector >> 2 == 0x3f;
    if selector & 4 != 0 && !is_raw {
        make_related(&NAME_SERVERS, &mut message);
        for name in NAME_SERVERS.read_names(ID, &message).ok().flatten().unwrap_or_default() {
            assert!(
                name.len() <= 255 && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()),
                "{name}"
            );
        }
        return;
    }
    if !is_raw {
        make_related(question, &mut message);
    }
    let result = question.read(ID, &message);
    // The same bytes give the same result.
    assert_eq!(format!("{result:?}"), format!("{:?}", question.read(ID, &message)));
    // A resolver's response: each address is in it, once. The program asks for addresses only.
    let all = if question.rrtype == TXT { Ok(None) } else { question.read_addresses(ID, &message) };
    let all = all.ok().flatten();
    for (i, address) in all.iter().flatten().enumerate() {
        assert!(contains(question, &message[question.query(ID).len()..], *address), "{address}");
        assert!(!all.iter().flatten().take(i).any(|other| other == address), "{address} twice");
    }
    let Ok(Some(address)) = result else { return };
    assert!(all.is_none_or(|all| all.contains(&address)), "{address}");

    // The header of a good response is valid, and the response contains the address.
    assert!(message.len() <= MAX_MESSAGE);
    assert_eq!(message[..2], ID.to_be_bytes());
    assert_eq!((message[2] & 0xfa, message[3] & 0x0f), (0x80, 0), "QR, no other opcode, no TC, no error");
    assert_eq!(message[4..6], [0, 1]);
    assert_ne!(message[6..8], [0, 0]);
    let query = question.query(ID);
    assert!(message[12..query.len()].eq_ignore_ascii_case(&query[12..]));
    assert!(contains(question, &message[query.len()..], address), "{address}");

    // The same message is no response to a query with another id, and an error if it is truncated or too long.
    assert!(matches!(question.read(ID ^ 1, &message), Ok(None)));
    message[2] |= 0x02;
    assert!(question.read(ID, &message).is_err());
    message[2] &= !0x02;
    message.resize(MAX_MESSAGE + 1, 0);
    assert!(question.read(ID, &message).is_err());
});

/// Makes a message a response to the question: id, QR, opcode, one question.
fn make_related(question: &Question, message: &mut Vec<u8>) {
    let query = question.query(ID);
    if message.len() < query.len() {
        message.resize(query.len(), 0);
    }
    message[..2].copy_from_slice(&query[..2]);
    message[2] = message[2] & 0x07 | 0x80;
    message[4..6].copy_from_slice(&query[4..6]);
    message[12..query.len()].copy_from_slice(&query[12..]);
}

/// Returns true if the bytes contain this address in the format of the record type.
fn contains(question: &Question, bytes: &[u8], address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) if question.rrtype == A => bytes.windows(4).any(|w| w == a.octets()),
        IpAddr::V6(a) if question.rrtype == AAAA => bytes.windows(16).any(|w| w == a.octets()),
        _ if question.rrtype != TXT => false,
        _ => (0..bytes.len()).any(|i| {
            let text = bytes.get(i + 1..i + 1 + usize::from(bytes[i]));
            text.and_then(|t| str::from_utf8(t).ok()).and_then(|t| t.parse().ok()) == Some(address)
        }),
    }
}
