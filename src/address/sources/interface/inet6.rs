//! The IPv6 addresses of this machine, and which of several is the one to publish. Pure.

use std::cmp::Reverse;
use std::net::Ipv6Addr;

use crate::address::global;

/// A public resolver, which stands for the internet: the way to it is the way out.
pub(super) const OUT6: Ipv6Addr = Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111);

// What an address may be, in `/proc/net/if_inet6` (linux/if_addr.h). An optimistic address is tentative too
// (RFC 4429), as long as it has not been checked.
const TEMPORARY: u8 = 0x01;
const DAD_FAILED: u8 = 0x08;
const DEPRECATED: u8 = 0x20;
const TENTATIVE: u8 = 0x40;
/// Each of them in words; the first counts, and a duplicate is also tentative.
const FLAGS: [(u8, &str); 4] = [
    (DAD_FAILED, "duplicate"),
    (TENTATIVE, "tentative"),
    (TEMPORARY, "temporary"),
    (DEPRECATED, "deprecated"),
];

/// An address that an interface holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) address: Ipv6Addr,
    prefix: u8,
    scope: u8,
    flags: u8,
}

impl Held {
    /// Why it is not to be published, in one word or two.
    pub(super) fn unfit(&self) -> Option<&'static str> {
        match global::reason_not_global(self.address.into()) {
            // "a unique local address (RFC 4193)": the kind alone.
            Some(why) => {
                let kind = why.split(" address").next().unwrap_or(why);
                Some(kind.split_once(' ').map_or(kind, |(_article, kind)| kind))
            }
            None if self.scope != 0 => Some("local"),
            None => FLAGS.iter().find(|(flag, _)| self.flags & flag != 0).map(|(_, word)| *word),
        }
    }
}

/// Reads `/proc/net/if_inet6`: address, index, prefix length, scope and flags in hexadecimal, and the name
/// (`if6_seq_show` in net/ipv6/addrconf.c). Lines of another form are not for us.
pub(super) fn parse(text: &str) -> Vec<Held> {
    text.lines().filter_map(held).collect()
}

fn held(line: &str) -> Option<Held> {
    let mut words = line.split_ascii_whitespace();
    let address = words.next().filter(|w| w.len() == 32)?;
    let address = Ipv6Addr::from_bits(u128::from_str_radix(address, 16).ok()?);
    let _index = words.next()?;
    let mut byte = || u8::from_str_radix(words.next()?, 16).ok();
    let (prefix, scope, flags) = (byte()?, byte()?, byte()?);
    Some(Held { name: words.next()?.to_owned(), address, prefix, scope, flags })
}

/// The kinds of those that are unfit, each once: `temporary, link-local`.
pub(super) fn unfit(all: &[Held]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for kind in all.iter().filter_map(Held::unfit) {
        // In order without a sort, which is a kilobyte of program.
        if let Err(place) = kinds.binary_search(&kind) {
            kinds.insert(place, kind);
        }
    }
    kinds.join(", ")
}

/// The one to publish: the kernel's own choice, else of its /64, where its choice is a temporary one, else the
/// one with the longest prefix in common with the internet's end (RFC 6724, rule 8), else the lowest.
pub(super) fn choose(fit: &[Held], kernel: Option<Ipv6Addr>) -> Option<(Ipv6Addr, Option<&'static str>)> {
    let differing = |a: Ipv6Addr, b: Ipv6Addr| a.to_bits() ^ b.to_bits();
    let chosen = |a| kernel == Some(a);
    let near = |a| kernel.is_some_and(|k| differing(k, a) >> 64 == 0);
    let common = |h: &Held| differing(h.address, OUT6).leading_zeros().min(u32::from(h.prefix));
    let key = |h: &&Held| (!chosen(h.address), !near(h.address), Reverse(common(h)), h.address);
    let best = fit.iter().min_by_key(key)?.address;
    let note = match fit.len() {
        1 => None,
        _ if chosen(best) => Some("of several, the one that the kernel uses"),
        _ if near(best) => Some("of several, one of the prefix that the kernel uses"),
        _ => Some("of several, none of which the kernel uses, by RFC 6724 rule 8"),
    };
    Some((best, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect(text)
    }

    fn of(address: &str, prefix: u8) -> Held {
        Held { name: "eth0".to_owned(), address: ip(address), prefix, scope: 0, flags: 0x80 }
    }

    #[test]
    fn the_kernels_table() {
        // From a kernel 6.18, and a line of another form.
        let text = "2a010e0a000100020000000000000003 02 40 00 82     eth0\n\
                    00000000000000000000000000000001 01 80 10 80       lo\n\
                    2a010e0a000100023f2dfa16402630da 10e 40 00 01 br-lan.7\n\
                    2a010e0a 02 40 00 80 eth0\n\n\
                    2a010e0a000100020000000000000003 02 40 00\n";
        let lo = Held { name: "lo".to_owned(), address: ip("::1"), prefix: 128, scope: 0x10, flags: 0x80 };
        let bridge = Held {
            name: "br-lan.7".to_owned(),
            flags: TEMPORARY,
            ..of("2a01:e0a:1:2:3f2d:fa16:4026:30da", 64)
        };
        assert_eq!(parse(text), [Held { flags: 0x82, ..of("2a01:e0a:1:2::3", 64) }, lo, bridge]);
    }

    #[test]
    fn only_stable_preferred_global_ones_are_fit() {
        for (address, scope, flags, wanted) in [
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
            let held = Held { scope, flags, ..of(address, 64) };
            assert_eq!(held.unfit(), wanted, "{address} {flags:#x}");
        }
        let kinds = [
            Held { flags: 1, ..of("2a01:e0a:1:2::4", 64) },
            of("fe80::1", 64),
            Held { flags: 1, ..of("2a01:e0a:1:2::5", 64) },
            of("2a01:e0a:1:2::3", 64),
        ];
        assert_eq!(unfit(&kinds), "link-local, temporary");
    }

    #[test]
    fn of_several() {
        const A: &str = "2a01:e0a:1:a::1";
        const A2: &str = "2a01:e0a:1:a::2";
        const B: &str = "2a01:e0a:1:b::1";
        // More like the resolver's 2606: than 2a01: is.
        const LIKE: &str = "2600:1::9";
        for (fit, kernel, wanted) in [
            (&[][..], Some(A), None),
            (&[A], None, Some((A, ""))),
            (&[A], Some(B), Some((A, ""))),
            (&[A, A2, B], Some(B), Some((B, "the one that the kernel uses"))),
            (&[A2, A, B], Some(A2), Some((A2, "the one that the kernel uses"))),
            // A temporary one of that prefix.
            (&[A, B], Some("2a01:e0a:1:b:d00f::"), Some((B, "one of the prefix"))),
            (&[B, A2, A], Some("2a01:e0a:1:a:d00f::"), Some((A, "one of the prefix"))),
            // Another interface's, and none.
            (&[B, A], Some("2a02::1"), Some((A, "by RFC 6724"))),
            (&[B, LIKE, A], Some("2a02::1"), Some((LIKE, "by RFC 6724"))),
            (&[LIKE, A], None, Some((LIKE, "by RFC 6724"))),
        ] {
            let held: Vec<_> = fit.iter().map(|a| of(a, 64)).collect();
            let chosen = choose(&held, kernel.map(ip));
            assert_eq!(chosen.map(|c| c.0), wanted.map(|(a, _)| ip(a)), "{fit:?} {kernel:?}");
            let (note, words) = (chosen.and_then(|c| c.1), wanted.map_or("", |w| w.1));
            assert!(note.unwrap_or_default().contains(words), "{fit:?} {kernel:?}: {note:?}");
            assert_eq!(note.is_none(), words.is_empty(), "{fit:?} {kernel:?}: {note:?}");
        }
        // What two have in common ends where the prefix does.
        let held = [of("2606:4700:4700:0:ff::", 64), of("2606:4700:4700:0:1::", 64)];
        let lowest = choose(&held, None).expect("one").0;
        assert_eq!(lowest, ip("2606:4700:4700:0:1::"));
    }
}
