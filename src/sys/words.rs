//! Words for messages: the known word that is like an unknown one.

/// Returns the entry of `known` with the smallest edit distance to `word`, if that is at most 2.
pub(crate) fn did_you_mean<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().map(|k| (strsim::levenshtein(word, k), *k)).min().filter(|(d, _)| *d <= 2).map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn did_you_mean_returns_the_nearest_word() {
        assert_eq!(did_you_mean("nmes", &["names", "types"]), Some("names"));
        assert_eq!(did_you_mean("frob", &["names", "types"]), None);
    }
}
