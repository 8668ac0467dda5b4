//! Lists in which equal items are merged. A text is found by its hash, so that the work is linear in the number of items,
//! and the code 9 kB smaller than with a map of std's.

use super::hash::fnv;

/// Distinct texts, numbered from 0 in the order of their first appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    list: Vec<String>,
    /// The hash of each text, and the number plus one of the text before it in its bucket; 0 if there is none.
    links: Vec<(u32, u32)>,
    /// The number plus one of the last text in each bucket; 0 if there is none. At least as many as there are texts.
    buckets: Vec<u32>,
}

impl Texts {
    /// Returns the texts in the order of their numbers.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.list
    }

    /// Returns the number of a text; `None` if it is not known.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        self.find_hashed(text, hash(text))
    }

    fn find_hashed(&self, text: &str, hash: u32) -> Option<usize> {
        let mut next = *self.buckets.get(self.bucket(hash))?;
        while let Some(number) = (next as usize).checked_sub(1) {
            let (known, before) = self.links[number];
            if known == hash && self.list[number] == text {
                return Some(number);
            }
            next = before;
        }
        None
    }

    /// Returns the number of a text, which is added if it is not known.
    #[inline(never)]
    pub(crate) fn number(&mut self, text: &str) -> usize {
        let hash = hash(text);
        if let Some(number) = self.find_hashed(text, hash) {
            return number;
        }
        let number = self.list.len();
        if number == self.buckets.len() {
            self.buckets = vec![0; 16.max(2 * number)];
            for known in 0..number {
                self.link(known);
            }
        }
        self.list.push(text.to_owned());
        self.links.push((hash, 0));
        self.link(number);
        number
    }

    /// Puts a text at the start of its bucket.
    fn link(&mut self, number: usize) {
        let bucket = self.bucket(self.links[number].0);
        self.links[number].1 = self.buckets[bucket];
        // More texts than `u32` can count do not fit into memory.
        self.buckets[bucket] = u32::try_from(number + 1).unwrap_or_default();
    }

    /// Returns the bucket of a hash. There are 16 buckets or a power of two above.
    fn bucket(&self, hash: u32) -> usize {
        hash as usize & self.buckets.len().wrapping_sub(1)
    }
}

/// Returns the lower half of the 64-bit hash, mixed with the upper one.
#[allow(clippy::cast_possible_truncation, reason = "half of the bits are enough")]
fn hash(text: &str) -> u32 {
    let hash = fnv(text.as_bytes());
    (hash ^ (hash >> 32)) as u32
}

/// Appends `item` to the group of this `text`, or starts a new group at the end. `texts` are those of the groups.
pub(crate) fn push_grouped<T>(groups: &mut Vec<(String, Vec<T>)>, texts: &mut Texts, text: &str, item: T) {
    let number = texts.number(text);
    match groups.get_mut(number) {
        Some((_, items)) => items.push(item),
        None => groups.push((text.to_owned(), vec![item])),
    }
}

/// Appends `item` unless the list contains it already. For short lists: the search is linear.
pub(crate) fn push_if_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_by_first_appearance() {
        let mut texts = Texts::default();
        assert_eq!(texts.find("0"), None);
        for round in 0..2 {
            for n in 0..1000_usize {
                assert_eq!(texts.find(&n.to_string()), (round == 1).then_some(n));
                assert_eq!(texts.number(&n.to_string()), n);
            }
        }
        assert_eq!(texts.as_slice().len(), 1000);
        assert_eq!((texts.as_slice()[7].as_str(), texts.find("1000"), texts.find("")), ("7", None, None));
    }

    #[test]
    fn buckets_hold_few_texts_whatever_differs_in_the_names() {
        for name in
            [|n| format!("host-{n}"), |n| format!("{n}.example.org A"), |n: u32| "x".repeat(n as usize)]
        {
            let mut texts = Texts::default();
            for n in 0..5000 {
                texts.number(&name(n));
            }
            let mut sizes = vec![0; texts.buckets.len()];
            texts.links.iter().for_each(|(hash, _)| sizes[texts.bucket(*hash)] += 1);
            let comparisons: usize = sizes.iter().map(|size| size * size).sum();
            assert!(comparisons < 5 * 5000, "{}: {comparisons}", name(1));
        }
    }

    #[test]
    fn push_grouped_keeps_the_order_of_first_appearance() {
        let (mut groups, mut texts) = (Vec::new(), Texts::default());
        for (text, item) in [("b", 1), ("a", 2), ("b", 3)] {
            push_grouped(&mut groups, &mut texts, text, item);
        }
        assert_eq!(groups, [("b".to_owned(), vec![1, 3]), ("a".to_owned(), vec![2])]);
    }

    #[test]
    fn push_if_new_skips_what_the_list_contains() {
        let mut list = vec![1];
        push_if_new(&mut list, 1);
        push_if_new(&mut list, 2);
        assert_eq!(list, [1, 2]);
    }
}
