//! The values of options that this folder checks: times, addresses, address families and the form `KEY=VALUE`.

use std::net::IpAddr;
use std::time::Duration;

use super::error::{Invalid, Parsed};
use super::given::Given;
use super::unknown;
use crate::net::{Family, FamilySelection};
use crate::sys::time::duration;

/// Returns the time of an option, from `min` to `max` seconds; the default if the option is not given.
pub(super) fn time(given: &Given, option: &'static str, [min, default, max]: [u64; 3]) -> Parsed<Duration> {
    match given.value(option) {
        None => Ok(Duration::from_secs(default)),
        Some(text) => duration(text, min, max).map_err(|problem| Invalid::value(option, &problem)),
    }
}

/// Returns the values of `--option` as typed. Each is one line with a key, which is not that of a secret.
pub(super) fn overrides(given: &Given) -> Parsed<Vec<String>> {
    let values = given.values("--option");
    for text in &values {
        let key = unknown::key(text).trim();
        if unknown::is_secret(key) {
            return Err(Invalid::secret(&["-o ", key].concat()));
        }
        // A section or a comment would be no setting, and a line break would begin another one. The text may be a secret.
        if !text.contains('=')
            || key.is_empty()
            || key.starts_with(['[', '#'])
            || text.contains(char::is_control)
        {
            let problem = "-o: expected a key of the config and its value, such as timeout=90";
            return Err(Invalid::new(&[problem]));
        }
    }
    Ok(values)
}

/// Reads the addresses of `--address`, in the order of [`Family::ALL`]. Returns the address families to update: those of
/// these addresses, if there are any, which `-4` and `-6` must include. A scope (`%eth0`) says nothing about an address.
pub(super) fn addresses(given: &Given, addresses: &mut [Option<IpAddr>; 2]) -> Parsed<FamilySelection> {
    let chosen = [given.has("-4"), given.has("-6")];
    for text in given.values("--address") {
        let plain = text.split('%').next().unwrap_or_default().trim();
        let Ok(address) = plain.parse::<IpAddr>() else {
            let problem = "` is not an IP address (without prefix length, port and brackets)";
            return Err(Invalid::new(&["--address: `", &text, problem]));
        };
        let number = Family::of(address) as usize;
        if addresses[number].replace(address).is_some() {
            return Err(Invalid::new(&["--address: give one address of each family"]));
        }
        if !chosen[number] && chosen[1 - number] {
            let other = ["-6", "-4"][number];
            return Err(Invalid::new(&["--address: ", other, " excludes ", &address.to_string()]));
        }
    }
    let mut selected = addresses.map(|a| a.is_some());
    if selected == [false; 2] {
        selected = chosen;
    }
    Ok(match selected {
        [false, false] => FamilySelection::Any,
        [true, false] => FamilySelection::Only(Family::V4),
        [false, true] => FamilySelection::Only(Family::V6),
        [true, true] => FamilySelection::Both,
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::{Command, ConfigSource, GlobalOptions, parse};
    use super::*;

    fn options(line: &str) -> Result<GlobalOptions, String> {
        let mut arguments = line.split_whitespace().map(OsString::from);
        let invocation = parse(&mut arguments).map_err(|e| e.text)?;
        assert!(matches!(invocation.command, Command::Update(_)), "{line}");
        Ok(invocation.options)
    }

    #[test]
    fn addresses_choose_their_families_and_the_default_types() {
        let chosen = |line: &str| {
            let options = options(line).expect(line);
            let types = match options.source {
                ConfigSource::Inline(inline) => inline.types.join(" "),
                _ => String::new(),
            };
            (
                options.addresses.iter().flatten().count(),
                Family::ALL.map(|f| options.families.includes(f)),
                types,
            )
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
            (format!("-6 {v4}"), "-6 excludes 81.2.69.142"),
            (format!("-4 {v6} {v4}"), "-4 excludes 2a01:e0a:1:2::3"),
            (format!("{v4} {v4}"), "give one address of each family"),
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
