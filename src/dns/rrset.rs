//! RRsets as values: type, TTL, key and addresses. No I/O.

use std::fmt;
use std::net::IpAddr;

use super::name::{RrsetName, ZoneName};
use crate::net::Family;

/// The RRset types we keep, which are also the two address families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RrsetType {
    /// An IPv4 address (RFC 1035).
    A,
    /// An IPv6 address (RFC 3596).
    Aaaa,
}

impl RrsetType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::A, Self::Aaaa];

    /// Reads `A` or `AAAA`, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(text))
    }

    /// The type as DNS writes it.
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

/// A time to live in seconds that Gandi accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// Gandi's shortest, and what a record that we create gets: 300 s.
    pub const MIN: Self = Self(300);
    /// Gandi's longest: 2 592 000 s, thirty days.
    pub const MAX: Self = Self(2_592_000);

    /// The number of seconds, if Gandi accepts it.
    #[must_use]
    pub fn new(seconds: u32) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// What names one RRset: domain, name and type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RrsetKey {
    /// The domain whose zone holds it.
    pub domain: ZoneName,
    /// Its name in the zone.
    pub name: RrsetName,
    /// Its type.
    pub rrtype: RrsetType,
}

impl RrsetKey {
    /// The whole name, as in `www.example.org`.
    #[must_use]
    pub fn host_name(&self) -> String {
        match self.name.as_str() {
            "@" => self.domain.to_string(),
            name => format!("{name}.{}", self.domain),
        }
    }
}

impl fmt::Display for RrsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.host_name(), self.rrtype)
    }
}

/// What a zone holds under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    /// Time to live in seconds, as the zone has it.
    pub ttl: u32,
    /// Its addresses, each once and in ascending order, since DNS gives them none. Never empty.
    values: Vec<IpAddr>,
}

impl Rrset {
    /// An RRset of a single address.
    #[must_use]
    pub fn single(address: IpAddr, ttl: u32) -> Self {
        Self { ttl, values: vec![address] }
    }

    /// An RRset of the set of these addresses, of which there must be one.
    #[must_use]
    pub fn of(addresses: &[IpAddr], ttl: u32) -> Option<Self> {
        // A sorted `Vec` and not a `BTreeSet`: the tree alone is 3 kB of program.
        let mut values = Vec::with_capacity(addresses.len());
        for address in addresses {
            if let Err(index) = values.binary_search(address) {
                values.insert(index, *address);
            }
        }
        (!values.is_empty()).then_some(Self { ttl, values })
    }

    /// Its addresses, in ascending order.
    #[must_use]
    pub fn values(&self) -> &[IpAddr] {
        &self.values
    }

    /// Its addresses, joined by blanks, for people.
    #[must_use]
    pub fn addresses(&self) -> String {
        self.values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// What the zone was seen to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Current {
    /// Nothing of this name and type, and no CNAME either.
    Absent,
    /// Nothing of this type, but a CNAME at the name, which excludes every other type (RFC 1034, 3.6.2).
    Cname(String),
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
    }
}
