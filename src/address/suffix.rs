//! The config key `suffix`: the AAAA of another machine of the LAN is this network's prefix and that machine's host
//! part. Pure.

use std::net::Ipv6Addr;

use crate::sys::words::number;

/// A host part, and the length of the prefix before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suffix {
    /// The bits after the prefix, in the halves of an address; the others are 0.
    host: (u64, u64),
    /// The bits of the prefix in the first half: 48 to 64.
    prefix: u64,
}

/// Returns the halves of an address. Two `u64` take less code than one `u128`.
#[allow(clippy::cast_possible_truncation)]
const fn halves(address: Ipv6Addr) -> (u64, u64) {
    let bits = address.to_bits();
    ((bits >> 64) as u64, bits as u64)
}

impl Suffix {
    /// Parses `::1:2:3:4`, `::12:0:0:0:1/56` or `mac 00:11:22:33:44:55`. The error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(mac) = text.strip_prefix("mac").filter(|rest| rest.starts_with([' ', '\t'])) {
            return modified_eui64(mac.trim_ascii());
        }
        let (address, length) = text.split_once('/').unwrap_or((text, "64"));
        let Ok(host) = address.trim_ascii().parse().map(halves) else {
            let hint = match mac_address(text) {
                Some(_) => format!("write a MAC address as `mac {text}`"),
                None => "use the end of an address, such as `::1:2:3:4/64`".to_owned(),
            };
            return Err(format!("`{text}` is not a host part: {hint}"));
        };
        let Some(length @ 48..=64) = number::<u32>(length.trim_ascii(), 10) else {
            return Err(format!("`{text}`: invalid prefix length: use /48 to /64"));
        };
        let prefix = u64::MAX << (64 - length);
        if host.0 & prefix != 0 {
            return Err(format!(
                "`{text}`: the first {length} bits must be 0: they are replaced by this network's prefix"
            ));
        }
        // In every subnet, an interface identifier of zero is the anycast address of its routers (RFC 4291, section
        // 2.6.1).
        if host.1 == 0 {
            return Err(format!(
                "`{text}`: the host part must not be 0, the address of every router of the subnet"
            ));
        }
        Ok(Self { host, prefix })
    }

    /// Returns the prefix of `prefix_of` with this host part.
    #[must_use]
    pub fn apply(self, prefix_of: Ipv6Addr) -> Ipv6Addr {
        let first = halves(prefix_of).0 & self.prefix | self.host.0;
        Ipv6Addr::from_bits(u128::from(first) << 64 | u128::from(self.host.1))
    }
}

/// Returns the modified EUI-64 of a MAC address: `fffe` in the middle, and the universal/local bit inverted (RFC 4291,
/// appendix A).
fn modified_eui64(text: &str) -> Result<Suffix, String> {
    let Some(mac @ [a, b, c, d, e, f]) = mac_address(text) else {
        return Err(format!("`{text}` is not a MAC address: use `mac 00:11:22:33:44:55`"));
    };
    if mac == [0; 6] || a & 1 != 0 {
        return Err(format!("`{text}` is not the MAC address of a single machine"));
    }
    let host = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    Ok(Suffix { host: (0, host), prefix: u64::MAX })
}

/// Parses six pairs of hexadecimal digits, separated by colons or by dashes.
fn mac_address(text: &str) -> Option<[u8; 6]> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut octets = [0; 6];
    let mut pairs = text.split(separator);
    for octet in &mut octets {
        // `number` accepts a sign, as in `+1`.
        let pair = pairs.next().filter(|p| p.len() == 2 && !p.starts_with('+'))?;
        *octet = number(pair, 16)?;
    }
    pairs.next().is_none().then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_replaces_the_host_part_of_an_address() {
        for (suffix, expected) in [
            ("::1:2:3:4", "2a01:e0a:abcd:ef12:1:2:3:4"),
            ("::1:2:3:4/64", "2a01:e0a:abcd:ef12:1:2:3:4"),
            ("::1/64", "2a01:e0a:abcd:ef12::1"),
            ("::1 / 64", "2a01:e0a:abcd:ef12::1"),
            ("::f:0:0:0:1/60", "2a01:e0a:abcd:ef1f::1"),
            ("::1/60", "2a01:e0a:abcd:ef10::1"),
            ("::12:0:0:0:1/56", "2a01:e0a:abcd:ef12::1"),
            ("::34:0:0:0:1/56", "2a01:e0a:abcd:ef34::1"),
            ("::1234:5:6:7:8/48", "2a01:e0a:abcd:1234:5:6:7:8"),
            ("::192.0.2.1", "2a01:e0a:abcd:ef12::c000:201"),
            ("mac 00:11:22:33:44:55", "2a01:e0a:abcd:ef12:211:22ff:fe33:4455"),
            ("mac 00-11-22-aA-Bb-cC", "2a01:e0a:abcd:ef12:211:22ff:feaa:bbcc"),
            ("mac\tb8:27:eb:01:02:03", "2a01:e0a:abcd:ef12:ba27:ebff:fe01:203"),
            // A locally administered MAC address.
            ("mac 02:00:00:00:00:01", "2a01:e0a:abcd:ef12:0:ff:fe00:1"),
        ] {
            let own = "2a01:e0a:abcd:ef12:9:9:9:9".parse().expect("an address");
            let address = Suffix::parse(suffix).map(|s| s.apply(own).to_string());
            assert_eq!(address.as_deref(), Ok(expected), "{suffix}");
        }
    }

    #[test]
    fn invalid_suffix_is_an_error_with_advice() {
        for (text, part) in [
            ("", "is not a host part: use the end"),
            ("1:2:3:4", "is not a host part: use the end"),
            ("192.168.1.2", "is not a host part: use the end"),
            ("::1/", "use /48 to /64"),
            ("::1/47", "use /48 to /64"),
            ("::1/65", "use /48 to /64"),
            ("::1/-1", "use /48 to /64"),
            ("::1/64/64", "use /48 to /64"),
            ("2a01:e0a::1/64", "the first 64 bits must be 0"),
            ("::1:0:0:0:1", "the first 64 bits must be 0"),
            ("::10:0:0:0:1/60", "the first 60 bits must be 0"),
            ("::100:0:0:0:1/56", "the first 56 bits must be 0"),
            ("::1:0:0:0:0:1/48", "the first 48 bits must be 0"),
            ("::", "every router"),
            ("::12:0:0:0:0/56", "every router"),
            ("00:11:22:33:44:55", "write a MAC address as `mac 00:11:22:33:44:55`"),
            ("mac", "is not a host part: use the end"),
            ("mac ", "is not a MAC address"),
            ("mac 00:11:22:33:44", "is not a MAC address"),
            ("mac 00:11:22:33:44:55:66", "is not a MAC address"),
            ("mac 00:11:22:33-44:55", "is not a MAC address"),
            ("mac 0:11:22:33:44:55", "is not a MAC address"),
            ("mac +1:11:22:33:44:55", "is not a MAC address"),
            ("mac 0g:11:22:33:44:55", "is not a MAC address"),
            ("mac 01:00:5e:00:00:01", "not the MAC address of a single machine"),
            ("mac ff:ff:ff:ff:ff:ff", "not the MAC address of a single machine"),
            ("mac 00:00:00:00:00:00", "not the MAC address of a single machine"),
        ] {
            let error = Suffix::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
