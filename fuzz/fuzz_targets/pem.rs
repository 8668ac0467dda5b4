//! Fuzzes the reader of `ca_file`. The first byte selects whether the rest is a PEM file, or the layout of one.

#![no_main]

use gandi_ddns::config::fuzzing::certificates;
use libfuzzer_sys::fuzz_target;

/// A CA certificate.
const CA: &str = include_str!("../seeds/pem/ca");
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

fuzz_target!(|input: &[u8]| {
    let Some((&selector, input)) = input.split_first() else { return };
    if selector & 1 == 0 {
        any(input);
    } else {
        layout(selector, input);
    }
});

/// Any text: each certificate is in it.
fn any(pem: &[u8]) {
    let Ok(found) = certificates(pem) else { return };
    assert!(!found.is_empty());
    let mut rest = digits(&String::from_utf8_lossy(pem));
    for certificate in &found {
        // The lowest bits of the last digit do not count.
        let wanted = base64(certificate);
        let at = rest.find(&wanted[..wanted.len() - 1]).expect("a certificate of the file");
        rest.drain(..at + wanted.len() - 1);
    }
    // A mark stands alone on its line.
    let lines = pem.split(|byte| *byte == b'\n');
    assert_eq!(found.len(), lines.filter(|line| line.trim_ascii() == END.as_bytes()).count());
}

/// The same certificate, with other line ends and lengths, and other texts around it: it is found once for each time.
fn layout(selector: u8, input: &[u8]) {
    let body: String = CA.lines().filter(|line| !line.starts_with('-')).collect();
    let wanted = certificates(CA.as_bytes()).expect("the certificate");
    let end = if selector & 2 == 0 { "\n" } else { " \r\n" };
    let mut pem = String::new();
    for line in String::from_utf8_lossy(input).lines().filter(|line| !line.contains("CERTIFICATE")) {
        pem += &format!("{line}{end}");
    }
    let times = usize::from(selector >> 6) + 1;
    for _ in 0..times {
        pem += &format!("{BEGIN}{end}");
        let mut rest = body.as_str();
        let mut widths = input.iter().map(|b| usize::from(*b)).cycle();
        while !rest.is_empty() {
            let width = widths.next().unwrap_or(64).clamp(1, rest.len());
            pem += &format!("{}{end}", &rest[..width]);
            rest = &rest[width..];
        }
        pem += &format!("{END}{end}text{end}");
    }
    let found = certificates(pem.as_bytes()).unwrap_or_else(|e| panic!("{e}: {pem:?}"));
    assert!(found.len() == times && found.iter().all(|certificate| *certificate == wanted[0]), "{pem:?}");
    let damaged = pem.replacen(&format!("{BEGIN}{end}"), &format!("{BEGIN}{end}!"), 1);
    assert!(certificates(damaged.as_bytes()).is_err(), "{damaged:?}");
}

/// Returns the digits of Base64 in a text.
fn digits(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "+/".contains(*c)).collect()
}

/// Encodes bytes in Base64, without the signs at the end.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut block = [0; 4];
        block[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(block);
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}
