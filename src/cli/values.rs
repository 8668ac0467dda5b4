//! The values of options that this folder checks: times, addresses, address families and the form `KEY=VALUE`.

use std::net::IpAddr;
use std::time::Duration;

use super::error::UsageError;
use super::given::Given;
use super::unknown;
use crate::net::{Family, FamilySelection};
use crate::sys::time::duration;

/// Returns the time of an option, at most `max` seconds; zero if the option is not given.
pub(super) fn time(given: &Given, option: &'static str, max: u64) -> Result<Duration, UsageError> {
    match given.value(option) {
        None => Ok(Duration::ZERO),
        Some(text) => duration(text, 0, max).map_err(|problem| UsageError::Value(option, problem)),
    }
}

/// Returns the values of `--option` as typed. Each has a key, which is not that of a secret.
pub(super) fn overrides(given: &Given) -> Result<Vec<String>, UsageError> {
    let values = given.values("--option");
    for text in &values {
        let key = unknown::key(text).trim();
        if unknown::is_secret(key) {
            return Err(UsageError::Secret(format!("-o {key}")));
        }
        // A line break would begin another key, and the text may be a secret.
        if key.is_empty() || !text.contains('=') || text.contains(char::is_control) {
            let problem = "expected a key of the config and its value, such as timeout=90".to_owned();
            return Err(UsageError::Value("-o", problem));
        }
    }
    Ok(values)
}

/// Returns the addresses of `--address`, at most one of each family. A scope (`%eth0`) says nothing about the address.
pub(super) fn addresses(given: &Given) -> Result<Vec<IpAddr>, UsageError> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for text in given.values("--address") {
        let error = |problem| Err(UsageError::Value("--address", problem));
        let plain = text.split('%').next().unwrap_or_default().trim();
        let Ok(address) = plain.parse::<IpAddr>() else {
            return error(format!(
                "`{text}` is not an IP address (without prefix length, port and brackets)"
            ));
        };
        let family = Family::of(address);
        if addresses.iter().any(|other| Family::of(*other) == family) {
            return error(format!("two addresses of {family}: give one of each family"));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

/// Returns the address families to update: those of `addresses`, if there are any, which `-4` and `-6` must include.
pub(super) fn families(given: &Given, addresses: &[IpAddr]) -> Result<FamilySelection, UsageError> {
    let selection = |v4, v6| match (v4, v6) {
        (false, false) => FamilySelection::Any,
        (true, false) => FamilySelection::Only(Family::V4),
        (false, true) => FamilySelection::Only(Family::V6),
        (true, true) => FamilySelection::Both,
    };
    let chosen = selection(given.has("-4"), given.has("-6"));
    let [v4, v6] = Family::ALL.map(|family| addresses.iter().any(|a| Family::of(*a) == family));
    let excluded = [(v4, Family::V4, "-6"), (v6, Family::V6, "-4")];
    match excluded.into_iter().find(|(is_given, family, _)| *is_given && !chosen.includes(*family)) {
        Some((_, family, option)) => {
            let problem = format!("{option} excludes an address of {family}");
            Err(UsageError::Value("--address", problem))
        }
        None if addresses.is_empty() => Ok(chosen),
        None => Ok(selection(v4, v6)),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::{ConfigSource, GlobalOptions, Invocation, parse};
    use super::*;

    fn options(line: &str) -> Result<GlobalOptions, String> {
        let arguments = line.split_whitespace().map(OsString::from).collect();
        match parse(arguments) {
            Ok(Invocation::Update(options, _)) => Ok(options),
            Ok(other) => Err(format!("{other:?}")),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn addresses_choose_their_families_and_the_default_types() {
        let chosen = |line: &str| {
            let options = options(line).expect(line);
            let types = match options.source {
                ConfigSource::Inline(inline) => inline.types.join(" "),
                _ => String::new(),
            };
            (options.addresses.len(), Family::ALL.map(|f| options.families.includes(f)), types)
        };
        let (v4, v6) = ("--address 81.2.69.142", "--address=2a01:e0a:1:2::3");
        let inline = "--domain example.org --name home";
        for (line, wanted) in [
            (String::new(), (0, [true, true], "")),
            (v4.to_owned(), (1, [true, false], "")),
            (format!("-4 {v4}"), (1, [true, false], "")),
            (format!("-46 {v4}"), (1, [true, false], "")),
            (format!("{v6} {v4}"), (2, [true, true], "")),
            (format!("{inline} {v6}"), (1, [false, true], "AAAA")),
            (format!("{inline} {v4} {v6}"), (2, [true, true], "A AAAA")),
            (format!("{inline} {v4} --type A --type AAAA"), (1, [true, false], "A AAAA")),
        ] {
            assert_eq!(chosen(&line), (wanted.0, wanted.1, wanted.2.to_owned()), "{line}");
        }
        for (line, words) in [
            (format!("-6 {v4}"), "-6 excludes an address of IPv4"),
            (format!("-4 {v6} {v4}"), "-4 excludes an address of IPv6"),
            (format!("{v4} {v4}"), "two addresses of IPv4"),
            ("--address".to_owned(), "needs a value: --address ADDR"),
        ] {
            assert!(options(&line).is_err_and(|e| e.contains(words)), "{line}: {:?}", options(&line));
        }
    }

    #[test]
    fn overrides_are_kept_as_typed() {
        let overrides = |line: &str| options(line).map(|o| o.overrides);
        for line in
            ["-o timeout=5", "--option timeout=5", "--option=timeout=5", "-o=timeout=5", "-no timeout=5"]
        {
            assert_eq!(overrides(line), Ok(vec!["timeout=5".to_owned()]), "{line}");
        }
        assert_eq!(overrides("-o a=1 -f -o A=2").map(|o| o.join(" ")).as_deref(), Ok("a=1 A=2"));
        for line in ["-o", "-o timeout", "-o =5", "-o -f", "-otimeout=5"] {
            assert!(overrides(line).is_err(), "{line}");
        }
    }
}
