//! Finds equal items of a list by their hash, so that long lists take linear time.

/// The positions of a list's items in a hash table with linear probing. Not generic, and without the sort or the map
/// that would add 1.5 to 9 kB of code.
#[derive(Default)]
pub(crate) struct Index {
    /// Each hash with the position of its item plus 1; 0 marks a free slot. The length is 0 or a power of two, and at
    /// least half of the slots are free.
    slots: Vec<(u64, usize)>,
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
            self.put((hash, position + 1));
        }
        found
    }

    /// Returns the position of the item with this hash that `is_equal` accepts.
    pub(crate) fn find(&self, hash: u64, is_equal: &dyn Fn(usize) -> bool) -> Option<usize> {
        let (mut at, mask) = (start(hash), self.slots.len().wrapping_sub(1));
        loop {
            let (known, next) = *self.slots.get(at & mask)?;
            let position = next.checked_sub(1)?;
            if known == hash && is_equal(position) {
                return Some(position);
            }
            at = at.wrapping_add(1);
        }
    }

    fn put(&mut self, slot: (u64, usize)) {
        let (mut at, mask) = (start(slot.0), self.slots.len().wrapping_sub(1));
        while let Some(place) = self.slots.get_mut(at & mask) {
            if place.1 == 0 {
                *place = slot;
                return;
            }
            at = at.wrapping_add(1);
        }
    }
}

/// Returns the first slot for a hash, before it is cut to the length of the table.
fn start(hash: u64) -> usize {
    // The lowest bits of FNV-1a depend on few bits of the text.
    usize::try_from((hash ^ hash >> 32) & 0xffff_ffff).unwrap_or_default()
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
}
