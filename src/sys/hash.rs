//! FNV-1a, a small hash that is stable across runs and versions. Not for secrets.

use std::fmt;

/// Identifies a config among those of one machine: the hash of its absolute path, or of the arguments that stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigId(u64);

impl ConfigId {
    /// Hashes the path or arguments.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(fnv(bytes))
    }
}

impl fmt::Display for ConfigId {
    /// Writes sixteen hexadecimal digits, for file names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The hash of no byte.
pub(crate) const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// Returns the FNV-1a hash of some bytes.
#[must_use]
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    extend(FNV_START, bytes)
}

/// Returns the hash of the bytes that have the hash `hash`, and more.
#[inline(never)]
pub(crate) fn extend(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| add_to_hash(hash, *byte))
}

/// Returns the hash of the bytes that have the hash `hash`, and one more.
pub(crate) fn add_to_hash(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}
