//! Address families.

use std::fmt;
use std::net::IpAddr;

/// An address family: IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4, the addresses of A records.
    V4,
    /// IPv6, the addresses of AAAA records.
    V6,
}

impl Family {
    /// Both families, IPv4 first.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// Returns `IPv4` or `IPv6`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// Returns the family of `address`. An IPv4-mapped IPv6 address counts as IPv6.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The address families that the options `-4` and `-6` select.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilySelection {
    /// Neither option is given: every family that the config uses.
    #[default]
    Any,
    /// One option is given.
    Only(Family),
    /// Both options are given.
    Both,
}

impl FamilySelection {
    /// Returns true if `family` is selected.
    #[must_use]
    pub fn includes(self, family: Family) -> bool {
        match self {
            Self::Any | Self::Both => true,
            Self::Only(only) => only == family,
        }
    }

    /// Returns true if an option was given, so that every selected family is required.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        self != Self::Any
    }
}
