//! Errors of TLS and of certificates in plain words: rustls describes most of them by the names of its types.

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible};

use crate::sys::time::Timestamp;

/// Maximum number of names of a certificate that a message lists.
const MAX_NAMES: usize = 3;

/// Describes an error of the connection, as the end of a sentence.
pub(super) fn connection(error: &Error) -> String {
    let text = match error {
        Error::AlertReceived(alert) => return alert_text((*alert).into()),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "the answer is not TLS: another service uses this port, or a login page of the network answers",
        Error::InvalidMessage(_) | Error::DecryptError | Error::PeerSentOversizedRecord => DAMAGED,
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => VERSION,
        Error::PeerIncompatible(_) => CIPHER,
        Error::NoCertificatesPresented => "the server sent no certificate",
        Error::FailedToGetRandomBytes => "this machine has no random numbers",
        Error::General(_) | Error::Other(_) => "an unexpected error of TLS",
        _ => "the server does not follow the TLS protocol",
    };
    text.to_owned()
}

const DAMAGED: &str = "a TLS message was damaged on its way";
const VERSION: &str = "the server supports neither TLS 1.2 nor 1.3";
/// The alert for these is one and the same. The program has neither X25519 nor Ed25519 (`provider`).
const CIPHER: &str =
    "no cipher, key exchange (P-256, P-384, not X25519) or certificate (RSA, ECDSA, not Ed25519) in common";

/// Describes an alert that the server sent (RFC 8446, section 6).
fn alert_text(alert: u8) -> String {
    let text = match alert {
        // It stands for the end of the connection.
        0 | 90 => "the server ended the connection",
        10 | 20..=22 | 47 | 50 | 51 => DAMAGED,
        40 | 71 => CIPHER,
        70 | 86 => VERSION,
        80 => "the server has an internal error",
        112 => "the server does not serve this host name",
        _ => "the server refused the connection",
    };
    format!("{text} (TLS alert {alert})")
}

/// Describes the fault of a certificate, as the end of a sentence.
pub(super) fn certificate(fault: &CertificateError) -> String {
    let text = match fault {
        CertificateError::ExpiredContext { time, not_after } => {
            let (end, now) = (timestamp(*not_after), timestamp(*time));
            return format!("it expired on {end} (this machine's clock reads {now})");
        }
        CertificateError::Expired => "it has expired",
        CertificateError::NotValidYet => "it is not valid yet, or this machine's clock is wrong",
        CertificateError::NotValidForNameContext { presented, .. } => return names(presented),
        CertificateError::NotValidForName => "it is for another host",
        // A forged certificate may name a trusted issuer, but its signature is not the issuer's.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "unknown issuer (to trust another CA, set `ca_file`)"
        }
        CertificateError::Revoked => "it was revoked",
        CertificateError::BadEncoding => "it is damaged",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its signature algorithm is not supported (RSA and ECDSA are)"
        }
        CertificateError::Other(OtherError(e))
            if matches!(e.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) =>
        {
            "it is self-signed, or belongs to a CA and not to a server"
        }
        _ => "it does not follow the rules for certificates (RFC 5280)",
    };
    text.to_owned()
}

/// Lists the first names of a certificate, which rustls gives as `DnsName("example.org")` or `IpAddress(192.0.2.1)`.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| match name.split_once('(') {
        Some((_, name)) => name.trim_matches([')', '"']).to_owned(),
        None => name.clone(),
    };
    let shown: Vec<String> = presented.iter().take(MAX_NAMES).map(plain).collect();
    let shown = shown.join(", ");
    match presented.len() {
        0 => "it is for no host".to_owned(),
        number if number > MAX_NAMES => format!("it is for {shown} and {} more", number - MAX_NAMES),
        _ => format!("it is for {shown}"),
    }
}

/// Converts a time of rustls.
pub(super) fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{AlertDescription, CertRevocationListError, InconsistentKeys, PeerMisbehaved};

    use super::*;

    #[test]
    fn every_error_of_a_connection_is_described_in_words() {
        for (error, expected) in [
            (
                Error::AlertReceived(AlertDescription::HandshakeFailure),
                "or certificate (RSA, ECDSA, not Ed25519) in common (TLS alert 40)",
            ),
            (
                Error::AlertReceived(AlertDescription::InsufficientSecurity),
                "no cipher, key exchange (P-256, P-384, not X25519) or certificate",
            ),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                "neither TLS 1.2 nor 1.3 (TLS alert 70)",
            ),
            (
                Error::AlertReceived(AlertDescription::UnrecognisedName),
                "does not serve this host name (TLS alert 112)",
            ),
            (Error::AlertReceived(AlertDescription::InternalError), "has an internal error (TLS alert 80)"),
            (
                Error::AlertReceived(AlertDescription::CertificateRequired),
                "refused the connection (TLS alert 116)",
            ),
            (Error::AlertReceived(AlertDescription::AccessDenied), "refused the connection (TLS alert 49)"),
            (Error::AlertReceived(AlertDescription::DecodeError), "damaged on its way (TLS alert 50)"),
            (Error::AlertReceived(AlertDescription::CloseNotify), "ended the connection (TLS alert 0)"),
            (Error::AlertReceived(AlertDescription::Unknown(200)), "refused the connection (TLS alert 200)"),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "the answer is not TLS"),
            (Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion), "the answer is not TLS"),
            (Error::InvalidMessage(InvalidMessage::MissingData("x")), "damaged on its way"),
            (Error::DecryptError, "damaged on its way"),
            (Error::PeerSentOversizedRecord, "damaged on its way"),
            (
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                "neither TLS 1.2 nor 1.3",
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
                "no cipher, key exchange (P-256, P-384, not X25519) or certificate",
            ),
            (
                Error::PeerMisbehaved(PeerMisbehaved::IllegalTlsInnerPlaintext),
                "does not follow the TLS protocol",
            ),
            (Error::NoCertificatesPresented, "the server sent no certificate"),
            (Error::FailedToGetRandomBytes, "this machine has no random numbers"),
            (Error::General("x".to_owned()), "an unexpected error of TLS"),
            (Error::InconsistentKeys(InconsistentKeys::Unknown), "does not follow the TLS protocol"),
            (
                Error::InvalidCertRevocationList(CertRevocationListError::ParseError),
                "does not follow the TLS protocol",
            ),
        ] {
            let text = connection(&error);
            assert!(text.contains(expected) && text.len() < 120, "{error:?}: {text}");
        }
    }

    #[test]
    fn every_fault_of_a_certificate_is_described_in_words() {
        let time = |days: u64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(days * 86_400));
        let other = |e| CertificateError::Other(OtherError(Arc::new(e)));
        for (fault, expected) in [
            (
                CertificateError::ExpiredContext { time: time(20_000), not_after: time(19_000) },
                "it expired on 2022-01-08 00:00:00 UTC (this machine's clock reads 2024-10-04 00:00:00 UTC)",
            ),
            (CertificateError::Expired, "it has expired"),
            (CertificateError::NotValidYet, "it is not valid yet, or this machine's clock is wrong"),
            (CertificateError::NotValidForName, "it is for another host"),
            (CertificateError::UnknownIssuer, "unknown issuer (to trust another CA, set `ca_file`)"),
            (CertificateError::BadSignature, "unknown issuer (to trust another CA, set `ca_file`)"),
            (CertificateError::Revoked, "it was revoked"),
            (CertificateError::BadEncoding, "it is damaged"),
            (CertificateError::InvalidPurpose, "it is not for servers"),
            (
                CertificateError::UnsupportedSignatureAlgorithmContext {
                    signature_algorithm_id: vec![1, 2],
                    supported_algorithms: Vec::new(),
                },
                "its signature algorithm is not supported (RSA and ECDSA are)",
            ),
            (
                other(webpki::Error::CaUsedAsEndEntity),
                "it is self-signed, or belongs to a CA and not to a server",
            ),
            (
                other(webpki::Error::NameConstraintViolation),
                "it does not follow the rules for certificates (RFC 5280)",
            ),
            (
                CertificateError::UnhandledCriticalExtension,
                "it does not follow the rules for certificates (RFC 5280)",
            ),
            (
                CertificateError::ApplicationVerificationFailure,
                "it does not follow the rules for certificates (RFC 5280)",
            ),
        ] {
            assert_eq!(certificate(&fault), expected, "{fault:?}");
        }
    }

    #[test]
    fn at_most_three_names_of_a_certificate_are_listed() {
        let hosts =
            |number: usize| (0..number).map(|i| format!("DnsName(\"h{i}.example\")")).collect::<Vec<_>>();
        for (presented, expected) in [
            (hosts(0), "it is for no host"),
            (hosts(1), "it is for h0.example"),
            (hosts(3), "it is for h0.example, h1.example, h2.example"),
            (hosts(4), "it is for h0.example, h1.example, h2.example and 1 more"),
            (hosts(100), "it is for h0.example, h1.example, h2.example and 97 more"),
            (
                vec!["IpAddress(192.0.2.1)".to_owned(), "DirectoryName".to_owned()],
                "it is for 192.0.2.1, DirectoryName",
            ),
        ] {
            assert_eq!(names(&presented), expected);
        }
    }
}
