//! Fuzzes the translation of older Gandi scripts' configs. The bytes 1 to 4 stand for secrets.

#![no_main]

use std::path::Path;

use gandi_ddns::cli::GlobalOptions;
use gandi_ddns::config::fuzzing::{lines, load_text};
use gandi_ddns::config::{ConfigError, Credentials, Loaded};
use gandi_ddns::sys::environment::Environment;
use gandi_ddns_fuzz::{hides, plant_secrets};
use libfuzzer_sys::fuzz_target;

/// Nothing exists there, so that relative paths lead nowhere.
const FILE: &str = "/nonexistent/x.conf";
/// Another API key.
const OTHER: &str = "zyxwvutsrqponmlkjihgfedc";

fuzz_target!(|input: &[u8]| {
    let (text, secrets) = plant_secrets(&String::from_utf8_lossy(input));
    let Some(new) = translation(&text) else { return };
    hides(&new, &secrets);
    // No letter of it depends on the API key.
    let mut without_key = String::new();
    for line in text.split_inclusive('\n') {
        match line.split_once(['=', ':']) {
            Some((key, _)) if key.trim().eq_ignore_ascii_case("apikey") => {
                let separator = &line[key.len()..=key.len()];
                without_key.push_str(&format!("{key}{separator}{OTHER}\n"));
            }
            _ => without_key.push_str(line),
        }
    }
    // A value that looks like settings of this program may make the text another kind of config.
    if let Some(other) = translation(&without_key) {
        assert_eq!(other, new, "the API key has an effect on the translation");
    }

    // It is a config of this program, which loads, or fails at a placeholder.
    assert_eq!(translation(&new), None, "recognised once more: {new}");
    let Err(error) = load(&new) else { return };
    for problem in lines(&error) {
        // Scripts have sections without a domain.
        if problem.contains("no domain configured") && !new.contains("\n[") {
            continue;
        }
        // The end of a long list.
        if problem.starts_with(&format!("{FILE}: and ")) {
            continue;
        }
        let place = problem.strip_prefix(&format!("{FILE}:")).and_then(|rest| rest.split(':').next());
        let line: usize =
            place.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no line: {problem} of\n{new}"));
        let line = new.lines().nth(line - 1).expect("a line of the translation");
        assert!(line.contains('<') && line.contains('>'), "{problem}, at {line:?} of\n{new}");
    }
});

fn translation(text: &str) -> Option<String> {
    load(text).err()?.translation().map(str::to_owned)
}

/// Loads a text without any option, nor a token from elsewhere.
fn load(text: &str) -> Result<Loaded, ConfigError> {
    let (options, env) = (GlobalOptions::default(), Environment::default());
    load_text(text, Path::new(FILE), &options, &env, Credentials::Optional)
}
