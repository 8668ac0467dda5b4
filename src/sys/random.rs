//! Random numbers for jitter, shuffling and DNS queries. Not for secrets.

use rustix::rand::{GetRandomFlags, getrandom};

/// Returns a number of the kernel, without a wait. Old kernels (before 5.6) have none shortly after the boot: then it is 0.
#[must_use]
pub fn number() -> u64 {
    let mut bytes = [0; 8];
    for flags in [GetRandomFlags::INSECURE, GetRandomFlags::NONBLOCK] {
        if getrandom(&mut bytes, flags).is_ok() {
            break;
        }
    }
    u64::from_ne_bytes(bytes)
}

/// A SplitMix64 generator, seeded by `main` (prng.di.unimi.it/splitmix64.c).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator; the same seed gives the same sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates an independent generator from this one.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, which must not be 0. The bias of the remainder, at most 1 in 2^32, does not matter
    /// here.
    pub fn below(&mut self, bound: u32) -> u32 {
        // The remainder of a u32 fits a u32.
        u32::try_from(self.next() % u64::from(bound)).unwrap_or_default()
    }

    /// Shuffles `items` (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let bound = u32::try_from(i + 1).unwrap_or(u32::MAX);
            items.swap(i, self.below(bound) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn shuffle_keeps_the_items_and_reaches_every_order() {
        let mut random = Random::new(1);
        let orders: std::collections::BTreeSet<[u8; 3]> = (0..200)
            .map(|_| {
                let mut items = [1, 2, 3];
                random.shuffle(&mut items);
                items
            })
            .collect();
        assert_eq!(orders.len(), 6);
        assert!(orders.iter().all(|o| o.iter().sum::<u8>() == 6));
    }
}
