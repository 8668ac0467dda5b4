//! Words for messages: plurals, cuts, and the known word that is like an unknown one.

/// Returns a number and its noun, as in `1 address` or `2 addresses`.
#[inline(never)]
pub(crate) fn count(number: u64, noun: &str) -> String {
    let ending = match noun {
        _ if number == 1 => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {noun}{ending}")
}

/// Returns the words of a text, separated by white space and by these characters.
#[inline(never)]
pub(crate) fn split<'a>(text: &'a str, separators: &str) -> Vec<&'a str> {
    let parts = text.split(|c: char| c.is_whitespace() || separators.contains(c));
    parts.filter(|word| !word.is_empty()).collect()
}

/// Parses a number, whose digits are decimal (10) or hexadecimal (16). For all types, since the code of std for one has 200
/// bytes.
#[inline]
pub(crate) fn number<T: TryFrom<u64>>(text: &str, radix: u32) -> Option<T> {
    T::try_from(parsed(text, radix)?).ok()
}

#[inline(never)]
fn parsed(text: &str, radix: u32) -> Option<u64> {
    u64::from_str_radix(text, radix).ok()
}

/// Returns the beginning of a text of at most `max` bytes, cut at a character boundary.
pub(crate) fn beginning(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns the entry of `known` with the smallest edit distance to `word`, of several the one that begins with `word`.
/// `None` if the distance is more than 2, or if it is half of a word that begins with another letter.
pub(crate) fn did_you_mean<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // No known word is as long, and the distance takes time in proportion to the length.
    let word = beginning(word, 32);
    let mut nearest: Option<(usize, bool, &str)> = None;
    for entry in known {
        let rank = (strsim::levenshtein(word, entry), !entry.starts_with(word), *entry);
        if nearest.is_none_or(|other| rank < other) {
            nearest = Some(rank);
        }
    }
    let (distance, _, found) = nearest?;
    let is_like =
        distance < 2 || distance * 2 < word.len() || found.as_bytes().first() == word.as_bytes().first();
    (distance <= 2 && is_like).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_adds_the_plural_ending() {
        for (number, noun, text) in [
            (0, "address", "0 addresses"),
            (1, "address", "1 address"),
            (2, "address", "2 addresses"),
            (0, "failure", "0 failures"),
            (1, "failure", "1 failure"),
            (7000, "record", "7000 records"),
        ] {
            assert_eq!(count(number, noun), text);
        }
    }

    #[test]
    fn beginning_is_cut_at_a_character() {
        for (max, text) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (9, "aéb")] {
            assert_eq!(beginning("aéb", max), text);
        }
    }

    #[test]
    fn did_you_mean_returns_the_nearest_word() {
        assert_eq!(did_you_mean("nmes", &["names", "types"]), Some("names"));
        assert_eq!(did_you_mean("frob", &["names", "types"]), None);
        assert_eq!(
            did_you_mean("typ", &["ttl", "types"]),
            Some("types"),
            "two letters are missing, not different"
        );
        assert_eq!(did_you_mean("tpyes", &["ttl", "types"]), Some("types"));
        assert_eq!(did_you_mean("cron", &["json", "splay"]), None, "half of the letters differ");
        assert_eq!(did_you_mean("okenfile", &["token_file"]), Some("token_file"));
    }
}
