//! gandi-ddns.conf(5) and the program agree: keys, defaults, ranges, sources, examples, keys of older scripts.

use gandi_ddns::address::TRUST_TABLE;
use gandi_ddns::cli::{ConfigSource, GlobalOptions};
use gandi_ddns::config::{self, Credentials};
use gandi_ddns::sys::environment::Environment;

use crate::man::{Item, items, section};
use crate::option_table::{between, keys, quoted};
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

const MAN: &str = include_str!("../../packaging/man/gandi-ddns.conf.5");
const EXAMPLE: &str = include_str!("../../gandi-ddns.conf.example");

/// Returns the documented keys: the global ones, those of both kinds of section, those of a section.
pub(crate) fn documented() -> [Vec<Item>; 3] {
    let of = |title: &str| items(section(MAN, title));
    let mut both = of(".Ss Keys of accounts, global or in a section");
    both.extend(of(".Ss Keys of addresses, global or in a section"));
    [of(".Ss Global keys"), both, of(".Ss Keys of a section")]
}

pub(crate) fn key(item: &Item) -> &str {
    item.head.strip_prefix("Ic ").expect("a key")
}

/// Returns the default of a key; `None` if it has none.
pub(crate) fn default(item: &Item) -> Option<&str> {
    let text = item.field("Default").unwrap_or_else(|| panic!("{}: no default", item.head));
    Some(text).filter(|text| !text.starts_with("none"))
}

/// Returns a sandbox with the files of the examples.
pub(crate) fn sandbox() -> Sandbox {
    let s = Sandbox::new();
    s.write("token-b", TOKEN);
    s.write("api-key", API_KEY);
    s.write("tell-me", "#!/bin/sh\n");
    s
}

/// Returns the text with the files of the sandbox in place of those in its paths.
pub(crate) fn relocated(text: &str) -> String {
    text.replace("/etc/gandi-ddns/", "").replace("/usr/local/bin/", "")
}

/// Returns a config with one more key, in a section if its list of [`documented`] is the last one. A key of a secret
/// replaces the other one.
fn with_key(key: &str, value: &str, list: usize) -> String {
    let is_global = list < 2;
    let is_secret = ["token", "token_file", "api_key", "api_key_file"].contains(&key);
    let token = if is_secret { "" } else { "token_file = token\n" };
    let types = if key == "suffix" { "types = AAAA\n" } else { "" };
    let names = if key == "names" { "" } else { "names = home\n" };
    let (global, own) = if is_global {
        (format!("{key} = {value}\n"), String::new())
    } else {
        (String::new(), format!("{key} = {value}\n"))
    };
    relocated(&format!("{token}{global}[example.org]\n{names}{types}{own}"))
}

/// Loads a config. Returns all settings as a text, without what differs from file to file.
fn load(s: &Sandbox, text: &str) -> Result<String, String> {
    s.raw_config(text);
    let options = GlobalOptions {
        source: ConfigSource::File(Some(s.path("gandi-ddns.conf"))),
        ..GlobalOptions::default()
    };
    // The defaults of root, whoever runs the test.
    let env = Environment { uid: Some(0), ..Environment::default() };
    let mut loaded = config::load(&options, &env, Credentials::Required).map_err(|e| e.to_string())?;
    loaded.config.fingerprint = 0;
    Ok(format!("{:?}", loaded.config))
}

#[test]
fn keys_in_the_man_page_are_those_of_the_program() {
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    for (listed, expected) in documented().iter().zip(keys()) {
        let listed = listed.iter().map(|item| key(item).to_owned()).collect();
        assert_eq!(sorted(listed), sorted(expected.iter().map(ToString::to_string).collect()));
    }
}

#[test]
fn defaults_in_the_man_page_are_those_of_the_program() {
    let s = sandbox();
    let mut defaults = 0;
    for (place, listed) in documented().iter().enumerate() {
        for item in listed {
            let Some(value) = default(item) else { continue };
            // The default of the state directory is that of root.
            let value = value.split(' ').next().filter(|_| key(item) == "state_dir").unwrap_or(value);
            let plain = load(&s, &with_key("ipv4", "dns web", 0)).expect("a config");
            let set =
                load(&s, &with_key(key(item), value, place)).unwrap_or_else(|e| panic!("{}: {e}", item.head));
            assert_eq!(set, plain, "{} = {value} is not the default", key(item));
            defaults += 1;
        }
    }
    assert!(defaults >= 10, "{defaults} defaults");
}

#[test]
fn defaults_in_the_example_config_are_those_of_the_man_page() {
    let documented = documented();
    let mut seen = 0;
    for line in EXAMPLE.lines().take_while(|line| !line.starts_with('[')).filter_map(|l| l.strip_prefix('#'))
    {
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.starts_with(' ')) else {
            continue;
        };
        let value = value.split('#').next().unwrap_or_default().trim();
        if value.is_empty() {
            continue;
        }
        let item = documented.iter().flatten().find(|item| key(item) == name.trim());
        assert_eq!(item.and_then(default), Some(value), "{name}");
        seen += 1;
    }
    assert!(seen >= 8, "{seen} defaults");
}

#[test]
fn ranges_in_the_man_page_are_those_of_the_program() {
    let s = sandbox();
    let mut ranges = 0;
    for (place, listed) in documented().iter().enumerate() {
        for item in listed {
            let range = item.field("Range").unwrap_or_else(|| panic!("{}: no range", item.head));
            let mut accepts = |value: &str| load(&s, &with_key(key(item), value, place)).is_ok();
            if let Some([first, last]) = item.ends() {
                ranges += 1;
                let values = [(first, true), (last, true), (last + 1, false), (first.wrapping_sub(1), false)];
                for (value, is_valid) in values {
                    assert_eq!(accepts(&value.to_string()), is_valid, "{} = {value}", key(item));
                }
            } else if ["renew_token", "multiple_values"].contains(&key(item)) {
                ranges += 1;
                assert!(range.split(" or ").all(&mut accepts), "{}: {range}", key(item));
                assert!(!accepts("maybe"), "{}", key(item));
            }
        }
    }
    assert_eq!(ranges, 6);
}

#[test]
fn examples_of_keys_in_the_man_page_are_valid_and_no_defaults() {
    let s = sandbox();
    for (place, listed) in documented().iter().enumerate() {
        for item in listed {
            let line = item.lines.iter().find_map(|line| line.strip_prefix(".Dl ")).expect(&item.head);
            let (name, value) = line.split_once(" = ").expect(line);
            assert_eq!(name, key(item));
            let text = load(&s, &with_key(name, value, place)).unwrap_or_else(|e| panic!("{line}: {e}"));
            let other = if name == "names" { "other" } else { "home" };
            let plain =
                load(&s, &format!("token_file = token\n[example.org]\nnames = {other}\n")).expect("a config");
            assert!(name == "token_file" || text != plain, "{line} is the default");
        }
    }
}

#[test]
fn configs_in_the_man_page_load() {
    let s = sandbox();
    let mut configs = 0;
    for block in MAN.split(".Bd -literal -offset indent\n").skip(1) {
        let (text, _) = block.split_once(".Ed").expect("an end");
        if text.contains("services:") {
            continue;
        }
        configs += 1;
        let has_token = text.contains("token_file");
        s.raw_config(&relocated(text));
        let mut command = s.command();
        command.args(["-c", "gandi-ddns.conf", "check", "--offline"]);
        if !has_token {
            command.env("GANDI_TOKEN_FILE", s.path("token"));
        }
        s.finish(&mut command).exits(0);
    }
    assert_eq!(configs, 8);
}

#[test]
fn compose_example_in_the_man_page_is_the_file_of_the_package() {
    let file = include_str!("../../packaging/docker/compose.yaml");
    let lines = |text: &'static str| {
        text.lines()
            .filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'))
            .collect::<Vec<_>>()
    };
    let start = MAN.find("services:\n").expect("the example");
    let (block, _) = MAN[start..].split_once("\n.Ed\n").expect("an end");
    assert_eq!(lines(block), lines(file));
}

#[test]
fn sources_in_the_man_page_are_those_of_the_program() {
    let listed = items(section(MAN, ".Sh SOURCES"));
    let word = |item: &Item| item.head.split_whitespace().nth(1).expect("a word").to_owned();
    let mut expected: Vec<&str> = TRUST_TABLE.iter().map(|(_, word, ..)| *word).collect();
    expected.dedup();
    expected.push("off");
    let mut words: Vec<String> = listed.iter().map(word).collect();
    words.sort();
    expected.sort_unstable();
    assert_eq!(words, expected);
    for (_, name, protocol, trust) in TRUST_TABLE {
        let item = listed.iter().find(|item| word(item) == name).expect(name);
        let via = protocol.map(|protocol| format!(" via {protocol}")).unwrap_or_default();
        let (_, trusts) = item.text.split_once("Trust: ").expect(name);
        assert!(trusts.contains(&format!("{}{via}", trust.as_str())), "{name}: {trusts}");
    }
}

#[test]
fn keys_of_older_scripts_are_in_the_man_page() {
    let legacy = include_str!("../../src/config/legacy.rs");
    let text = section(MAN, ".Ss Older Gandi scripts (INI files)");
    let heads = items(text).into_iter().map(|item| item.head).collect::<Vec<_>>().join(" , ");
    let listed: Vec<&str> = heads.split([' ', ',']).collect();
    for table in ["const KEYS: [&str; 6]", "const WEAK_KEYS: [&str; 3]", "const NAMES: [&str; 7]"] {
        for old in quoted(between(legacy, table, "];")) {
            assert!(listed.contains(&old), "{old}");
        }
    }
    for program in [
        "ddclient",
        "inadyn",
        "gandi-live-dns (Python)",
        "gandi-live-dns-rust",
        "ddns-updater",
        "ddns-scripts (OpenWrt)",
    ] {
        // The keys of each must be followed by one of this program.
        let known = keys().concat();
        let text = section(MAN, &format!(".Ss {program}"));
        let used = text.lines().filter_map(|line| line.strip_prefix(".Ic "));
        for name in used.map(|line| line.split(' ').next().unwrap_or_default()) {
            assert!(known.contains(&name), "{program}: {name}");
        }
    }
}

#[test]
fn variables_of_programs_are_in_the_man_page() {
    for (source, text) in [
        ("src/notify/hooks.rs", include_str!("../../src/notify/hooks.rs")),
        ("src/address/sources/command.rs", include_str!("../../src/address/sources/command.rs")),
    ] {
        for variable in quoted(text).into_iter().filter(|text| text.starts_with("GANDI_DDNS_")) {
            assert!(MAN.contains(&format!(".Ev {variable}")), "{source}: {variable}");
        }
    }
}
