//! The arguments of `get`: the words after it name records, and `--type` selects records of a config file as well.

use super::error::UsageError;
use super::given::Given;
use crate::dns::RrsetType;
use crate::net::{Family, FamilySelection};

/// The word of the command.
pub(super) const WORD: &str = "get";

/// Returns the names of records, as typed.
pub(super) fn names(given: &Given) -> Vec<String> {
    given.words.iter().skip_while(|word| *word != WORD).skip(1).cloned().collect()
}

/// Returns the names relative to `domain`, which may be typed with it. A name of another domain stays as it is.
pub(super) fn relative(names: &[String], domain: &str) -> Vec<String> {
    let domain = domain.to_ascii_lowercase();
    let mut relative = Vec::with_capacity(names.len());
    for typed in names {
        let name = typed.to_ascii_lowercase();
        relative.push(match name.trim_end_matches('.').strip_suffix(&domain) {
            Some("") => "@".to_owned(),
            Some(rest) if rest.ends_with('.') => rest.trim_end_matches('.').to_owned(),
            _ => name,
        });
    }
    relative
}

/// Returns the families of `--type`, which cannot be used together with `-4` and `-6` unless `--domain` is given.
pub(super) fn families(given: &Given) -> Result<FamilySelection, UsageError> {
    if let Some(option) = ["-4", "-6"].into_iter().find(|option| given.has(option)) {
        return Err(UsageError::Conflict(option, "--type"));
    }
    let mut includes = [false; 2];
    for value in given.values("--type") {
        for word in value.split([' ', ',']).filter(|word| !word.is_empty()) {
            let rrtype = RrsetType::parse(word).map_err(|problem| UsageError::Value("--type", problem))?;
            includes[rrtype.family() as usize] = true;
        }
    }
    Ok(match includes {
        [true, false] => FamilySelection::Only(Family::V4),
        [false, true] => FamilySelection::Only(Family::V6),
        _ => FamilySelection::Both,
    })
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn name_is_relative_to_the_domain_in_any_case_and_form() {
        for (typed, name) in [
            ("home", "home"),
            ("Home.Example.org", "home"),
            ("home.example.org.", "home"),
            ("EXAMPLE.ORG", "@"),
            ("*.home.example.org", "*.home"),
            ("@", "@"),
            ("home.example.net", "home.example.net"),
            ("home.", "home."),
            ("myexample.org", "myexample.org"),
        ] {
            assert_eq!(relative(&[typed.to_owned()], "Example.org"), [name], "{typed}");
        }
    }
}
