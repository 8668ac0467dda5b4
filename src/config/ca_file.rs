//! `ca_file`: CA certificates that replace the built-in ones.

use std::path::Path;

use rustls::pki_types::CertificateDer;

use super::error::Problem;
use crate::sys::read_limited;

/// The maximum size of the file in bytes: several times that of all public CA certificates.
const MAX_FILE: u64 = 1024 * 1024;

/// Reads all certificates of a PEM file. Fails if the file has none, or if one cannot serve as a trust anchor.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = |cause: &str| format!("could not use {}: {cause}", path.display());
    // Read here and not by rustls, so that an error has the words of this program or the operating system.
    let pem = read_limited::read(path, MAX_FILE)
        .and_then(read_limited::without_nul)
        .map_err(|e| Problem::reading(text(&e.to_string()), &e))?;
    certificates(&pem).map_err(|cause| text(cause).into())
}

/// Returns the certificates of a PEM text (RFC 7468), without its other parts. The parser of rustls is 2 kB larger.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let mut certificates = Vec::new();
    // The certificate that is being read.
    let mut current: Option<Base64> = None;
    for line in pem.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if line == b"-----BEGIN CERTIFICATE-----" {
            current = Some(Base64::default());
        } else if line == b"-----END CERTIFICATE-----" {
            let certificate = CertificateDer::from(current.take().ok_or(DAMAGED)?.bytes);
            webpki::anchor_from_trusted_cert(&certificate).map_err(|_| DAMAGED)?;
            certificates.push(certificate);
        } else if let Some(base64) = &mut current {
            base64.read(line).ok_or(DAMAGED)?;
        }
    }
    match current {
        Some(_) => Err(DAMAGED),
        None if certificates.is_empty() => Err("it contains no certificate"),
        None => Ok(certificates),
    }
}

/// The problem with a file that breaks off, and with a certificate that is none of a CA.
const DAMAGED: &str = "it contains a certificate that is damaged or not supported";

/// A decoder of Base64 (RFC 4648, section 4).
#[derive(Default)]
struct Base64 {
    bytes: Vec<u8>,
    /// The last digits, of which the lowest `length` bits are not in `bytes` yet.
    bits: u32,
    length: u32,
}

impl Base64 {
    /// Decodes one more line. `None` if it has another character.
    fn read(&mut self, line: &[u8]) -> Option<()> {
        for byte in line {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                // The end. Any digit after it would show in the certificate.
                b'=' => continue,
                _ => return None,
            };
            self.bits = self.bits << 6 | u32::from(digit);
            self.length += 6;
            if self.length >= 8 {
                self.length -= 8;
                self.bytes.push((self.bits >> self.length).to_le_bytes()[0]);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_and_other_characters_are_refused() {
        let decoded = |lines: &[&str]| {
            let mut base64 = Base64::default();
            lines.iter().try_for_each(|line| base64.read(line.as_bytes()))?;
            Some(base64.bytes)
        };
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmE=", "fooba")]
        {
            assert_eq!(decoded(&[text]).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(decoded(&["+/", "AZ"]), Some(vec![0xfb, 0xf0, 0x19]));
        assert_eq!((decoded(&["Zm9v YmE="]), decoded(&["Zm-_"])), (None, None));
    }

    #[test]
    fn pem_without_a_whole_certificate_is_refused() {
        let (begin, end) = ("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n");
        for (text, problem) in [
            (String::new(), "it contains no certificate"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(), "no certificate"),
            (begin.to_owned(), "damaged"),
            (end.to_owned(), "damaged"),
            (format!("{begin}{end}"), "damaged"),
            (format!("{begin}MIIB\n{end}"), "damaged"),
            (format!("{begin}!\n{end}"), "damaged"),
        ] {
            assert!(certificates(text.as_bytes()).is_err_and(|e| e.contains(problem)), "{text}");
        }
    }
}
