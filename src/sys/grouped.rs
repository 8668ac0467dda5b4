//! Lists in which equal items are merged.

use super::hash::fnv;
use super::index::Index;

/// Distinct texts, numbered from 0 in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    list: Vec<String>,
    index: Index,
}

/// The index follows from the list.
impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Texts {}

impl Texts {
    /// Returns the texts in the order of their numbers.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.list
    }

    /// Returns the number of a text; `None` if it is not known.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        self.index.find(fnv(text.as_bytes()), &|number| self.list[number] == text)
    }

    /// Returns the number of a text, which is added if it is not known.
    #[inline(never)]
    pub(crate) fn number(&mut self, text: &str) -> usize {
        let list = &mut self.list;
        let new = list.len();
        let known = self.index.find_or_add(fnv(text.as_bytes()), new, &|number| list[number] == text);
        known.unwrap_or_else(|| {
            list.push(text.to_owned());
            new
        })
    }
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
