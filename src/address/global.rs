//! The check that an address is a globally routable unicast address: no other may be published.
//!
//! One table, after the IANA special-purpose address registries (RFC 6890 and its updates). Ranges that the registries
//! call "globally reachable" are refused as well if they belong to services and never to a single machine (anycast,
//! protocol assignments).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A refused IPv4 range: network, prefix length, and its kind with the RFC that reserves it.
type V4Range = (Ipv4Addr, u32, &'static str);
/// A refused IPv6 range.
type V6Range = (Ipv6Addr, u32, &'static str);

const fn v4(a: u8, b: u8, c: u8, length: u32, reason: &'static str) -> V4Range {
    (Ipv4Addr::new(a, b, c, 0), length, reason)
}

const fn v6(a: u16, b: u16, c: u16, length: u32, reason: &'static str) -> V6Range {
    (Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length, reason)
}

// The first match counts, so a range comes before a wider one that contains it.
const V4: [V4Range; 19] = [
    v4(0, 0, 0, 8, "an unspecified address (RFC 791)"),
    v4(10, 0, 0, 8, "a private address (RFC 1918)"),
    v4(100, 64, 0, 10, "a CGNAT address (RFC 6598)"),
    v4(127, 0, 0, 8, "a loopback address (RFC 1122)"),
    v4(169, 254, 0, 16, "a link-local address (RFC 3927)"),
    v4(172, 16, 0, 12, "a private address (RFC 1918)"),
    v4(192, 0, 0, 29, "a DS-Lite or 464XLAT address (RFC 7335)"),
    v4(192, 0, 0, 24, "an IETF protocol address (RFC 6890)"),
    v4(192, 0, 2, 24, "a documentation address (RFC 5737)"),
    v4(192, 31, 196, 24, "an AS112 address (RFC 7535)"),
    v4(192, 52, 193, 24, "an AMT address (RFC 7450)"),
    v4(192, 88, 99, 24, "a 6to4 relay address (RFC 7526)"),
    v4(192, 168, 0, 16, "a private address (RFC 1918)"),
    v4(192, 175, 48, 24, "an AS112 address (RFC 7534)"),
    v4(198, 18, 0, 15, "a benchmarking address (RFC 2544)"),
    v4(198, 51, 100, 24, "a documentation address (RFC 5737)"),
    v4(203, 0, 113, 24, "a documentation address (RFC 5737)"),
    v4(224, 0, 0, 4, "a multicast address (RFC 5771)"),
    v4(240, 0, 0, 4, "a reserved address (RFC 1112)"),
];

const V6: [V6Range; 15] = [
    (Ipv6Addr::UNSPECIFIED, 128, "the unspecified address (RFC 4291)"),
    (Ipv6Addr::LOCALHOST, 128, "the loopback address (RFC 4291)"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4-mapped address (RFC 4291)"),
    v6(0x64, 0xff9b, 0, 96, "a NAT64 address (RFC 6052)"),
    v6(0x64, 0xff9b, 1, 48, "a NAT64 address (RFC 8215)"),
    v6(0x100, 0, 0, 64, "a discard-only address (RFC 6666)"),
    v6(0x2001, 0, 0, 32, "a Teredo address (RFC 4380)"),
    v6(0x2001, 2, 0, 48, "a benchmarking address (RFC 5180)"),
    v6(0x2001, 0, 0, 23, "an IETF protocol address (RFC 2928)"),
    v6(0x2001, 0xdb8, 0, 32, "a documentation address (RFC 3849)"),
    v6(0x2002, 0, 0, 16, "a 6to4 address (RFC 3056)"),
    v6(0x2620, 0x4f, 0x8000, 48, "an AS112 address (RFC 7534)"),
    v6(0x3fff, 0, 0, 20, "a documentation address (RFC 9637)"),
    v6(0xfe80, 0, 0, 10, "a link-local address (RFC 4291)"),
    v6(0xfc00, 0, 0, 7, "a unique local address (RFC 4193)"),
];

/// Returns true for an address that a carrier gives to a line behind its own NAT: CGNAT, DS-Lite and 464XLAT. A private
/// one (RFC 1918) is usual on any host behind a home router, and says nothing about the carrier.
#[must_use]
pub fn is_carrier_nat(address: IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    matches!(address.octets(), [100, 64..=127, ..] | [192, 0, 0, 0..=7])
}

/// Returns the reason why `address` must not be published; `None` if it is a global unicast address.
#[must_use]
pub fn reason_not_global(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(a) => {
            V4.iter().find(|(network, length, _)| (a.to_bits() ^ network.to_bits()) >> (32 - length) == 0)
        }
        IpAddr::V6(a) => return reason_v6(a),
    }
    .map(|(.., reason)| *reason)
}

fn reason_v6(a: Ipv6Addr) -> Option<&'static str> {
    let range =
        V6.iter().find(|(network, length, _)| (a.to_bits() ^ network.to_bits()) >> (128 - length) == 0);
    match range {
        Some((.., reason)) => Some(reason),
        None if a.is_multicast() => Some("a multicast address (RFC 4291)"),
        // Only 2000::/3 is allocated for global unicast (RFC 4291, section 2.4; IANA IPv6 address space).
        None if a.segments()[0] >> 13 != 1 => Some("a reserved address (RFC 4291)"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<&'static str> {
        reason_not_global(text.parse().expect(text))
    }

    #[test]
    fn public_addresses_are_accepted() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "81.2.69.142",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2a01:e0a:1::1",
            "2620:4f:8001::1",
            "3ffe::1",
            "2001:db7::1",
            "2001:db9::1",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
    }

    #[test]
    fn first_and_last_of_every_range_are_refused() {
        for (network, length, reason) in V4 {
            // The first addresses of this range have a reason of their own.
            let first = if length == 24 && network.octets() == [192, 0, 0, 0] {
                Ipv4Addr::new(192, 0, 0, 8)
            } else {
                network
            };
            let last = Ipv4Addr::from_bits(network.to_bits() | (u32::MAX >> length));
            assert_eq!(
                (reason_not_global(first.into()), reason_not_global(last.into())),
                (Some(reason), Some(reason)),
                "{network}/{length}"
            );
        }
        for (network, length, _) in V6 {
            let last = Ipv6Addr::from_bits(network.to_bits() | u128::MAX.checked_shr(length).unwrap_or(0));
            assert!(
                reason_not_global(network.into()).is_some() && reason_not_global(last.into()).is_some(),
                "{network}/{length}"
            );
        }
    }

    #[test]
    fn reason_names_the_kind_of_range() {
        for (text, word) in [
            ("192.168.1.10", "private"),
            ("172.31.255.255", "private"),
            ("100.64.0.1", "CGNAT"),
            ("192.0.0.4", "464XLAT"),
            ("255.255.255.255", "reserved"),
            ("239.1.1.1", "multicast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::ffff:81.2.69.142", "IPv4-mapped"),
            ("::81.2.69.142", "reserved"),
            ("64:ff9b::5102:458e", "NAT64"),
            ("2001:0:53aa:64c::1", "Teredo"),
            ("2001:2::1", "benchmarking"),
            ("2001:20::1", "IETF"),
            ("2002:5102:458e::1", "6to4"),
            ("fd12:3456:789a::1", "unique local"),
            ("fe80::1", "link-local"),
            ("fec0::1", "reserved"),
            ("ff02::1", "multicast"),
            ("4000::1", "reserved"),
            ("5f00::1", "reserved"),
        ] {
            assert!(reason(text).is_some_and(|r| r.contains(word)), "{text}: {:?}", reason(text));
        }
    }
}
