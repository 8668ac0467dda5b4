//! Finds equal items of a list by their hash, so that long lists take linear time.

/// The positions of a list's items in a hash table with linear probing. Not generic, and without the sort or the map
/// that would add 1.5 to 9 kB of code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Half of each hash, with the position of its item plus 1; 0 marks a free slot. The length is 0 or a power of two,
    /// and at least half of the slots are free.
    slots: Vec<(u32, u32)>,
    used: usize,
}

impl Index {
    /// Returns the position of the item with this hash that `is_equal` accepts. If there is none, adds `position`.
    pub(crate) fn find_or_add(
        &mut self,
        hash: u64,
        position: usize,
        is_equal: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let found = self.find(hash, is_equal);
        if found.is_none() {
            if self.used * 2 >= self.slots.len() {
                let larger = vec![(0, 0); (self.slots.len() * 2).max(64)];
                for slot in std::mem::replace(&mut self.slots, larger) {
                    self.put(slot);
                }
            }
            self.used += 1;
            // More items than `u32` can count do not fit into memory.
            self.put((half(hash), u32::try_from(position + 1).unwrap_or_default()));
        }
        found
    }

    /// Returns the position of the item with this hash that `is_equal` accepts.
    pub(crate) fn find(&self, hash: u64, is_equal: &dyn Fn(usize) -> bool) -> Option<usize> {
        let hash = half(hash);
        let (mut at, mask) = (hash as usize, self.slots.len().wrapping_sub(1));
        loop {
            let (known, next) = *self.slots.get(at & mask)?;
            let position = next.checked_sub(1)? as usize;
            if known == hash && is_equal(position) {
                return Some(position);
            }
            at = at.wrapping_add(1);
        }
    }

    fn put(&mut self, slot: (u32, u32)) {
        let (mut at, mask) = (slot.0 as usize, self.slots.len().wrapping_sub(1));
        while let Some(place) = self.slots.get_mut(at & mask) {
            if place.1 == 0 {
                *place = slot;
                return;
            }
            at = at.wrapping_add(1);
        }
    }
}

/// Returns the lower half of a hash, mixed with the upper one: the lowest bits of FNV-1a depend on few bits of the text.
#[allow(clippy::cast_possible_truncation, reason = "half of the bits are enough")]
const fn half(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_found_among_many_even_with_equal_hashes() {
        for hash_of in [|n: usize| n as u64, |_| 7, |n| (n as u64 % 3) << 40] {
            let mut index = Index::default();
            let items: Vec<usize> = (0..300).map(|n| n * 2).collect();
            for (position, item) in items.iter().enumerate() {
                let is_equal = |at: usize| items[at] == *item;
                assert_eq!(index.find(hash_of(*item), &is_equal), None);
                assert_eq!(index.find_or_add(hash_of(*item), position, &is_equal), None);
                assert_eq!(index.find_or_add(hash_of(*item), 1000, &is_equal), Some(position));
            }
            for item in 0..600 {
                let found = index.find(hash_of(item), &|at| items[at] == item);
                assert_eq!(found, (item % 2 == 0).then_some(item / 2));
            }
        }
    }

    #[test]
    fn find_compares_few_items_whatever_differs_in_the_texts() {
        const ITEMS: usize = 5000;
        for text in [|n| format!("host-{n}"), |n| format!("{n}.example.org A"), |n: usize| "x".repeat(n)] {
            let mut index = Index::default();
            let hash = |n| crate::sys::hash::fnv(text(n).as_bytes());
            (0..ITEMS).for_each(|n| assert_eq!(index.find_or_add(hash(n), n, &|_| false), None));
            let mask = index.slots.len() - 1;
            let steps = index.slots.iter().enumerate().filter(|(_, slot)| slot.1 > 0);
            let steps: usize = steps.map(|(at, slot)| at.wrapping_sub(slot.0 as usize) & mask).sum();
            assert!(steps < 3 * ITEMS, "{}: {steps}", text(1));
        }
    }
}
