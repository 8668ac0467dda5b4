//! The choice among the IPv6 addresses of this machine, which are parsed from `/proc/net/if_inet6`. Pure.

use std::net::Ipv6Addr;

use crate::address::global;
use crate::sys::words::number;

/// The note on an address that was chosen as the kernel's preferred source address.
pub(super) const PREFERRED: &str = "chosen from several (the kernel's choice)";
/// A public address in the network of the resolver `2606:4700:4700::1111`, but not that one: a route to a single resolver
/// is no way to the internet.
pub(super) const INTERNET6: Ipv6Addr = Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 1);

// Flags of an address (linux/if_addr.h). An optimistic address (RFC 4429) is tentative as well, until duplicate address
// detection has finished.
const TEMPORARY: u8 = 0x01;
const DAD_FAILED: u8 = 0x08;
const DEPRECATED: u8 = 0x20;
const IS_TENTATIVE: u8 = 0x40;
/// The word for an address that awaits the end of duplicate address detection.
pub(super) const TENTATIVE: &str = "tentative";
/// The words for the flags. The first one that is set counts: a duplicate address is also tentative.
const FLAGS: [(u8, &str); 4] = [
    (DAD_FAILED, "duplicate"),
    (IS_TENTATIVE, TENTATIVE),
    (TEMPORARY, "temporary"),
    (DEPRECATED, "deprecated"),
];

/// An address of an interface.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InterfaceAddr {
    /// The name of the interface.
    pub(super) name: String,
    pub(super) address: Ipv6Addr,
    prefix_length: u8,
    /// 0 for a global address (`net/ipv6.h`).
    scope: u8,
    /// The lowest eight of the `IFA_F_` flags (`linux/if_addr.h`).
    flags: u8,
}

impl InterfaceAddr {
    /// Returns the reason why it must not be published, in one word or two; `None` if it may be.
    pub(super) fn rejection(&self) -> Option<&'static str> {
        match global::reason_not_global(self.address.into()) {
            // Of "a unique local address (RFC 4193)", only the kind.
            Some(why) => {
                let kind = why.split(" address").next().unwrap_or(why);
                Some(kind.split_once(' ').map_or(kind, |(_article, kind)| kind))
            }
            None if self.scope != 0 => Some("local"),
            None => FLAGS.iter().find(|(flag, _)| self.flags & flag != 0).map(|(_, word)| *word),
        }
    }

    /// Returns true if it is valid beyond its link.
    pub(super) fn is_of_global_scope(&self) -> bool {
        self.scope == 0
    }

    /// Returns true if it may be published as soon as duplicate address detection has finished.
    pub(super) fn is_tentative(&self) -> bool {
        self.rejection() == Some(TENTATIVE) && self.flags & (TEMPORARY | DEPRECATED) == 0
    }
}

/// Parses `/proc/net/if_inet6`: address, index, prefix length, scope and flags in hexadecimal, and the name
/// (`if6_seq_show` in net/ipv6/addrconf.c). Skips lines of another form.
pub(super) fn parse(text: &str) -> Vec<InterfaceAddr> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<InterfaceAddr> {
    let mut words = line.split_ascii_whitespace();
    let (prefix, host) = words.next().filter(|w| w.len() == 32)?.split_at_checked(16)?;
    let half = |digits| Some(u128::from(number::<u64>(digits, 16)?));
    let address = Ipv6Addr::from_bits(half(prefix)? << 64 | half(host)?);
    let _index = words.next()?;
    let mut byte = || number::<u8>(words.next()?, 16);
    let (prefix_length, scope, flags) = (byte()?, byte()?, byte()?);
    Some(InterfaceAddr { name: words.next()?.to_owned(), address, prefix_length, scope, flags })
}

/// Lists the reasons against the addresses that must not be published, each once, as in `link-local, temporary`.
pub(super) fn rejections(addresses: &[InterfaceAddr]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for kind in addresses.iter().filter_map(InterfaceAddr::rejection) {
        // Insert in alphabetical order; a sort would add 1 kB of code.
        if let Err(index) = kinds.binary_search(&kind) {
            kinds.insert(index, kind);
        }
    }
    kinds.join(", ")
}

/// Chooses the address to publish, and explains the choice if there are several: the kernel's preferred source address;
/// else one of its /64, since the preferred one may be temporary; else the one with the longest prefix in common with
/// [`INTERNET6`] (RFC 6724, section 5, rule 8); else the lowest.
pub(super) fn choose(
    suitable: &[InterfaceAddr],
    preferred: Option<Ipv6Addr>,
) -> Option<(Ipv6Addr, Option<&'static str>)> {
    let difference = |a: Ipv6Addr, b: Ipv6Addr| a.to_bits() ^ b.to_bits();
    let is_preferred = |a| preferred == Some(a);
    let is_near = |a| preferred.is_some_and(|p| difference(p, a) >> 64 == 0);
    let common =
        |a: &InterfaceAddr| difference(a.address, INTERNET6).leading_zeros().min(u32::from(a.prefix_length));
    let key = |a: &&InterfaceAddr| {
        let (is_other, is_far) = (!is_preferred(a.address), !is_near(a.address));
        (u32::from(is_other) << 9 | u32::from(is_far) << 8 | (128 - common(a)), a.address)
    };
    let best = suitable.iter().min_by_key(key)?.address;
    let note = match suitable.len() {
        1 => None,
        _ if is_preferred(best) => Some(PREFERRED),
        _ if is_near(best) => Some("chosen from several (prefix of the kernel's choice)"),
        _ => Some("chosen from several (RFC 6724 rule 8)"),
    };
    Some((best, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect(text)
    }

    fn of(address: &str) -> InterfaceAddr {
        InterfaceAddr {
            name: "eth0".to_owned(),
            address: ip(address),
            prefix_length: 64,
            scope: 0,
            flags: 0x80,
        }
    }

    #[test]
    fn parse_reads_the_table_of_the_kernel() {
        // Lines of Linux 6.18, and lines of another form.
        let text = "2a010e0a000100020000000000000003 02 40 00 82     eth0\n\
                    00000000000000000000000000000001 01 80 10 80       lo\n\
                    2a010e0a000100023f2dfa16402630da 10e 40 00 01 br-lan.7\n\
                    2a010e0a 02 40 00 80 eth0\n\n\
                    2a010e0a000100020000000000000003 02 40 00\n";
        let lo = InterfaceAddr {
            name: "lo".to_owned(),
            address: ip("::1"),
            prefix_length: 128,
            scope: 0x10,
            flags: 0x80,
        };
        let bridge = InterfaceAddr {
            name: "br-lan.7".to_owned(),
            flags: TEMPORARY,
            ..of("2a01:e0a:1:2:3f2d:fa16:4026:30da")
        };
        assert_eq!(parse(text), [InterfaceAddr { flags: 0x82, ..of("2a01:e0a:1:2::3") }, lo, bridge]);
    }

    #[test]
    fn rejection_is_none_only_for_stable_preferred_global_addresses() {
        for (address, scope, flags, expected) in [
            ("2a01:e0a:1:2::3", 0, 0x80, None),
            ("2a01:e0a:1:2::3", 0, 0x82, None),
            ("2a01:e0a:1:2::3", 0, 0x00, None),
            ("2a01:e0a:1:2::3", 0, 0x01, Some("temporary")),
            ("2a01:e0a:1:2::3", 0, 0x21, Some("temporary")),
            ("2a01:e0a:1:2::3", 0, 0xa0, Some("deprecated")),
            ("2a01:e0a:1:2::3", 0, 0xc0, Some("tentative")),
            ("2a01:e0a:1:2::3", 0, 0xc4, Some("tentative")),
            ("2a01:e0a:1:2::3", 0, 0xc8, Some("duplicate")),
            ("2a01:e0a:1:2::3", 0x40, 0x80, Some("local")),
            ("fe80::1", 0x20, 0xc0, Some("link-local")),
            ("fd00::1", 0, 0x80, Some("unique local")),
            ("2001:db8::1", 0, 0x80, Some("documentation")),
            ("::1", 0x10, 0x80, Some("loopback")),
        ] {
            let address = InterfaceAddr { scope, flags, ..of(address) };
            assert_eq!(address.rejection(), expected, "{address:?} {flags:#x}");
        }
        let addresses = [
            InterfaceAddr { flags: 1, ..of("2a01:e0a:1:2::4") },
            of("fe80::1"),
            InterfaceAddr { flags: 1, ..of("2a01:e0a:1:2::5") },
            of("2a01:e0a:1:2::3"),
        ];
        assert_eq!(rejections(&addresses), "link-local, temporary");
    }

    #[test]
    fn choose_prefers_the_kernels_address_then_its_prefix_then_rfc_6724() {
        const A: &str = "2a01:e0a:1:a::1";
        const A2: &str = "2a01:e0a:1:a::2";
        const B: &str = "2a01:e0a:1:b::1";
        // It has more leading bits in common with 2606: than 2a01: has.
        const LIKE: &str = "2600:1::9";
        for (suitable, preferred, expected) in [
            (&[][..], Some(A), None),
            (&[A], None, Some((A, ""))),
            (&[A], Some(B), Some((A, ""))),
            (&[A, A2, B], Some(B), Some((B, "(the kernel's choice)"))),
            (&[A2, A, B], Some(A2), Some((A2, "(the kernel's choice)"))),
            // The preferred address is a temporary one of this prefix.
            (&[A, B], Some("2a01:e0a:1:b:d00f::"), Some((B, "(prefix of the kernel's"))),
            (&[B, A2, A], Some("2a01:e0a:1:a:d00f::"), Some((A, "(prefix of the kernel's"))),
            // The preferred address is on another interface, or there is none.
            (&[B, A], Some("2a02::1"), Some((A, "RFC 6724 rule 8"))),
            (&[B, LIKE, A], Some("2a02::1"), Some((LIKE, "RFC 6724 rule 8"))),
            (&[LIKE, A], None, Some((LIKE, "RFC 6724 rule 8"))),
        ] {
            let addresses: Vec<_> = suitable.iter().map(|a| of(a)).collect();
            let chosen = choose(&addresses, preferred.map(ip));
            assert_eq!(chosen.map(|c| c.0), expected.map(|(a, _)| ip(a)), "{suitable:?} {preferred:?}");
            let (note, words) = (chosen.and_then(|c| c.1), expected.map_or("", |e| e.1));
            assert!(note.unwrap_or_default().contains(words), "{suitable:?} {preferred:?}: {note:?}");
            assert_eq!(note.is_none(), words.is_empty(), "{suitable:?} {preferred:?}: {note:?}");
        }
        // Bits after the prefix do not count.
        let addresses = [of("2606:4700:4700:0:ff::"), of("2606:4700:4700:0:1::")];
        let lowest = choose(&addresses, None).expect("one").0;
        assert_eq!(lowest, ip("2606:4700:4700:0:1::"));
    }
}
