//! A small, stable hash. Not for secrets.

/// A number for some bytes, by FNV-1a: stable from run to run and version to version.
#[must_use]
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
