//! Lists in which equal items are merged. Linear search: a sort or a map would add 1 to 9 kB of code.

/// Appends `item` to the group of this `text`, or starts a new group at the end.
pub(crate) fn push_grouped<T>(groups: &mut Vec<(String, Vec<T>)>, text: String, item: T) {
    match groups.iter_mut().find(|(known, _)| *known == text) {
        Some((_, items)) => items.push(item),
        None => groups.push((text, vec![item])),
    }
}

/// Appends `item` unless the list contains it already.
pub(crate) fn push_if_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_grouped_keeps_the_order_of_first_appearance() {
        let mut groups = Vec::new();
        for (text, item) in [("b", 1), ("a", 2), ("b", 3)] {
            push_grouped(&mut groups, text.to_owned(), item);
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
