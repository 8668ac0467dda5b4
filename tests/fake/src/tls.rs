//! Certificates, good and bad ones, and the certificate authority that each fake makes for itself.
//!
//! All dates except those of [`Tls::ValidIn`] are fixed. On a board whose clock starts in 1970 a good certificate is
//! "not yet valid", as a real one would be.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};

/// ring cannot generate RSA keys. This key is public and for tests only.
const RSA_TEST_KEY: &str = include_str!("rsa_test_key.pem");

type Date = (i32, u8, u8);
const FROM: Date = (2026, 1, 1);
const TO: Date = (2089, 12, 31);

/// The names in each certificate: loopback addresses, the real names for tests that resolve them to loopback, and any
/// name below `names.example`.
const NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "127.0.0.2",
    "127.0.0.3",
    "127.0.0.4",
    "127.0.0.5",
    "127.0.0.6",
    "127.0.0.7",
    "127.0.0.8",
    "127.0.0.9",
    "::1",
    "api.gandi.net",
    "api.sandbox.gandi.net",
    "id.gandi.net",
    "id.sandbox.gandi.net",
    "api.example.test",
    "livedns",
    "api4.ipify.org",
    "api6.ipify.org",
    "ipv4.icanhazip.com",
    "ipv6.icanhazip.com",
    "v4.ident.me",
    "v6.ident.me",
    "checkip.amazonaws.com",
    "checkipv4.dedyn.io",
    "checkipv6.dedyn.io",
    "ipv4.seeip.org",
    "ipv6.seeip.org",
    "api.cloudflare.com",
    "*.names.example",
];

/// The key type of the certificate and of the authority that signs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    /// ECDSA on P-256, signed with SHA-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384, signed with SHA-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
    /// RSA with 2048 bits, signed with SHA-256. Certificate and authority share the key in the repository.
    Rsa2048,
}

/// The TLS versions that the server offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// The only group of the key exchange that a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// X25519.
    X25519,
}

/// The TLS setup of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No TLS: plain HTTP.
    None,
    /// A good certificate, valid from 2026-01-01 to 2089-12-31.
    Good(Key, Versions),
    /// A good certificate, and one group for the key exchange.
    OnlyGroup(Group, Versions),
    /// A certificate for `wrong.example` only.
    WrongName,
    /// A certificate for this number of other names.
    ManyNames(usize),
    /// A certificate for a name with NUL and ESC in it.
    ControlName,
    /// A certificate that was valid in 2020.
    Expired,
    /// A certificate that is valid from 2090 on.
    NotYetValid,
    /// A certificate that is valid from this year, month and day to 2089-12-31.
    NotBefore(i32, u8, u8),
    /// A certificate that is valid from this many seconds after its creation on.
    ValidIn(u8),
    /// A self-signed certificate.
    SelfSigned,
    /// A certificate signed by another authority than the one of `ca_pem`.
    UnknownIssuer,
    /// A certificate for an ECDSA key, signed by an authority with an Ed25519 key.
    Ed25519Authority,
}

impl Default for Tls {
    fn default() -> Self {
        Self::Good(Key::default(), Versions::default())
    }
}

/// The certificate authority of one fake.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    key: Key,
}

impl Authority {
    pub(crate) fn new(key: Key) -> Self {
        let mut params = params(&[], FROM, TO, "Fake Gandi test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key_pair(key)).expect("a self-signed authority");
        Self { issuer, key }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Returns the server config for this TLS setup, or `None` for plain HTTP.
    pub(crate) fn server(&self, tls: Tls) -> Option<Arc<ServerConfig>> {
        let (mut versions, mut group) = (Versions::Both, None);
        let number = if let Tls::ManyNames(number) = tls { number } else { 0 };
        let many: Vec<String> = (0..number).map(|i| format!("host{i}.wrong.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let (names, from, to) = match tls {
            Tls::None => return None,
            Tls::Good(_, wanted) => {
                versions = wanted;
                (NAMES, FROM, TO)
            }
            Tls::OnlyGroup(only, wanted) => {
                (versions, group) = (wanted, Some(only));
                (NAMES, FROM, TO)
            }
            Tls::WrongName => (&["wrong.example"][..], FROM, TO),
            Tls::ManyNames(_) => (&many[..], FROM, TO),
            Tls::ControlName => (&["wrong\0\u{1b}.example"][..], FROM, TO),
            Tls::Expired => (NAMES, (2020, 1, 1), (2020, 12, 31)),
            Tls::NotYetValid => (NAMES, (2090, 1, 1), (2099, 12, 31)),
            Tls::NotBefore(year, month, day) => (NAMES, (year, month, day), TO),
            Tls::ValidIn(_) | Tls::SelfSigned | Tls::UnknownIssuer | Tls::Ed25519Authority => {
                (NAMES, FROM, TO)
            }
        };
        let mut params = params(names, from, to, "Fake Gandi");
        if let Tls::ValidIn(seconds) = tls {
            params.not_before = (SystemTime::now() + Duration::from_secs(seconds.into())).into();
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = key_pair(if tls == Tls::Ed25519Authority { Key::EcdsaP256 } else { self.key });
        let certificate = match tls {
            Tls::SelfSigned => params.self_signed(&key),
            Tls::UnknownIssuer => params.signed_by(&key, &Self::new(self.key).issuer),
            _ => params.signed_by(&key, &self.issuer),
        };
        let certificate = certificate.expect("a certificate").der().clone();
        Some(Arc::new(config(versions, group, certificate, &key)))
    }
}

fn config(
    versions: Versions,
    group: Option<Group>,
    certificate: CertificateDer<'static>,
    key: &KeyPair,
) -> ServerConfig {
    let versions = match versions {
        Versions::Both => &[&TLS13, &TLS12][..],
        Versions::Tls12 => &[&TLS12],
        Versions::Tls13 => &[&TLS13],
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut provider = ring::default_provider();
    if let Some(group) = group {
        provider.kx_groups = vec![match group {
            Group::P256 => ring::kx_group::SECP256R1,
            Group::P384 => ring::kx_group::SECP384R1,
            Group::X25519 => ring::kx_group::X25519,
        }];
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .expect("ring does both versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key fits the certificate");
    // A client that offers only HTTP/2 fails in the handshake.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn params(names: &[&str], from: Date, to: Date, common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names fit for a certificate");
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(to.0, to.1, to.2);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn key_pair(key: Key) -> KeyPair {
    let made = match key {
        Key::EcdsaP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        Key::EcdsaP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        Key::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        Key::Rsa2048 => KeyPair::from_pem(RSA_TEST_KEY),
    };
    made.expect("a key pair")
}
