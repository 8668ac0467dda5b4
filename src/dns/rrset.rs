//! RRsets as values: type, TTL, key and addresses. No I/O.

use std::fmt;
use std::net::IpAddr;

use super::name::{RrsetName, ZoneName, both};
use crate::net::Family;

/// The type of an RRset that this program updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RrsetType {
    /// IPv4 addresses (RFC 1035, section 3.4.1).
    A,
    /// IPv6 addresses (RFC 3596, section 2).
    Aaaa,
}

impl RrsetType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::A, Self::Aaaa];

    /// Parses `A` or `AAAA`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(text))
    }

    /// Returns `A` or `AAAA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    /// Returns the family of its addresses.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::A => Family::V4,
            Self::Aaaa => Family::V6,
        }
    }
}

impl fmt::Display for RrsetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A time to live (RFC 2181, section 8) that Gandi accepts, in seconds: 300 to 2,592,000
/// (<https://api.gandi.net/docs/livedns/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// The minimum, 300 s. Also the TTL of a new record without a configured TTL.
    pub const MIN: Self = Self(300);
    /// The maximum, 2,592,000 s (30 days).
    pub const MAX: Self = Self(2_592_000);

    /// Returns the TTL, if Gandi accepts it.
    #[must_use]
    pub fn new(seconds: u32) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Returns the TTL nearest to this one that Gandi accepts.
    #[must_use]
    pub fn nearest(seconds: u32) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Returns the number of seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// The key of one RRset: name and type (RFC 2181, section 5). Its class is always IN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RrsetKey {
    /// The zone that holds it.
    pub domain: ZoneName,
    /// Its name relative to the zone.
    pub name: RrsetName,
    /// Its type.
    pub rrtype: RrsetType,
}

impl RrsetKey {
    /// Returns the absolute name as it is sent, without a trailing dot, as in `www.example.org`.
    #[must_use]
    pub fn host_name(&self) -> String {
        absolute(self.name.as_str(), self.domain.as_str())
    }

    /// Returns the absolute name as typed.
    #[must_use]
    pub fn typed(&self) -> String {
        absolute(self.name.typed(), self.domain.typed())
    }

    /// Returns the absolute name as it is sent, and the type, as in the history.
    pub(crate) fn label(&self) -> String {
        [self.host_name().as_str(), self.rrtype.as_str()].join(" ")
    }

    /// Returns a text that no other key has: `scope`, domain, name and type, separated by spaces.
    pub(crate) fn id(&self, scope: &str) -> String {
        [scope, self.domain.as_str(), self.name.as_str(), self.rrtype.as_str()].join(" ")
    }

    /// Returns true if `host`, in lower case, is the absolute name.
    #[must_use]
    pub fn has_host_name(&self, host: &str) -> bool {
        host.strip_suffix(self.domain.as_str()).is_some_and(|rest| match self.name.as_str() {
            "@" => rest.is_empty(),
            name => rest.strip_suffix('.') == Some(name),
        })
    }
}

fn absolute(name: &str, domain: &str) -> String {
    if name == "@" { domain.to_owned() } else { [name, domain].join(".") }
}

impl fmt::Display for RrsetKey {
    /// The name as typed, and as sent in brackets if that is another form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", both(&self.typed(), &self.host_name()), self.rrtype)
    }
}

/// The TTL and the addresses of one RRset (RFC 2181, section 5): all its records have the same TTL (section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    /// The TTL in seconds, as the zone has it: it may be one that Gandi no longer accepts.
    pub ttl: u32,
    /// The addresses, each once, in ascending order, since an RRset is a set. Never empty.
    values: Vec<IpAddr>,
}

impl Rrset {
    /// Creates an RRset of one address.
    #[must_use]
    pub fn single(address: IpAddr, ttl: u32) -> Self {
        Self { ttl, values: vec![address] }
    }

    /// Creates an RRset of these addresses; `None` if there are none.
    #[must_use]
    pub fn of(addresses: &[IpAddr], ttl: u32) -> Option<Self> {
        // A sorted `Vec`, because a `BTreeSet` would add 3 kB of code.
        let mut values = Vec::with_capacity(addresses.len());
        for address in addresses {
            if let Err(index) = values.binary_search(address) {
                values.insert(index, *address);
            }
        }
        (!values.is_empty()).then_some(Self { ttl, values })
    }

    /// Returns the addresses in ascending order, at least one.
    #[must_use]
    pub fn values(&self) -> &[IpAddr] {
        &self.values
    }

    /// Returns the addresses separated by spaces, for messages.
    #[must_use]
    pub fn addresses(&self) -> String {
        self.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The content of the zone under one key, as read from Gandi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Current {
    /// No RRset of this name and type, and none of the following at this name.
    Absent,
    /// A CNAME of this name, with its target; it excludes every other type (RFC 1034, section 3.6.2).
    Cname(String),
    /// An ALIAS of this name, with its target: Gandi answers with the target's addresses.
    Alias(String),
    /// The name is not in the zone; with the record that takes it out, as in `the NS record at home.example.org`.
    Delegated(String),
    /// The RRset.
    Present(Rrset),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> ZoneName {
        ZoneName::parse(text).expect(text)
    }

    #[test]
    fn rrset_key_displays_host_name_and_type() {
        let key = |name: &str| RrsetKey {
            domain: zone("example.org"),
            name: RrsetName::parse(name, &zone("example.org")).expect(name),
            rrtype: RrsetType::A,
        };
        assert_eq!(key("www").to_string(), "www.example.org A");
        assert_eq!(key("@").to_string(), "example.org A");
        assert_eq!(key("*").to_string(), "*.example.org A");
    }

    #[test]
    fn ttl_is_limited_to_what_gandi_accepts() {
        assert_eq!(Ttl::new(299), None);
        assert_eq!(Ttl::new(300).map(Ttl::seconds), Some(300));
        assert_eq!(Ttl::new(2_592_000).map(Ttl::seconds), Some(2_592_000));
        assert_eq!(Ttl::new(2_592_001), None);
        let nearest = [0, 299, 300, 10_800, 2_592_001, u32::MAX].map(|ttl| Ttl::nearest(ttl).seconds());
        assert_eq!(nearest, [300, 300, 300, 10_800, 2_592_000, 2_592_000]);
    }
}
