//! Fuzzes the command line, one argument on each line, and the records and settings that it gives. The bytes 1 to 4 stand
//! for secrets.

#![no_main]

use std::ffi::OsString;
use std::path::Path;

use gandi_ddns::cli::{ConfigSource, GlobalOptions, parse};
use gandi_ddns::config::fuzzing::{lines, load_text};
use gandi_ddns::config::{Config, ConfigError, Credentials, load};
use gandi_ddns::sys::environment::Environment;
use gandi_ddns_fuzz::{hides, is_plausibly_public, plant_secrets};
use libfuzzer_sys::fuzz_target;

/// Nothing exists there, so that relative paths lead nowhere.
const FILE: &str = "/nonexistent/x.conf";
/// A config without a global setting.
const CONFIG: &str = "[example.org]\nnames = @ home\ntypes = A\n[müller.de]\nnames = *.x\ntypes = AAAA\n";
/// The keys whose value may be a path: a relative one is relative to another directory in a file.
const PATHS: [&str; 6] = ["state_dir", "ca_file", "history", "on_", "ipv", "_file"];

fuzz_target!(|input: &str| {
    let (text, secrets) = plant_secrets(input);
    let mut arguments = text.lines().map(OsString::from);
    let options = match parse(&mut arguments) {
        Ok(invocation) => invocation.options,
        Err(invalid) => {
            hides(&invalid.text, &secrets);
            assert!(!invalid.text.is_empty() && !invalid.text.contains('\n'), "{:?}", invalid.text);
            return;
        }
    };
    let env = Environment { token: Some("pat_1".to_owned()), ..Environment::default() };
    let with = |text: &str, options| load_text(text, Path::new(FILE), options, &env, Credentials::Optional);
    if let ConfigSource::Inline(inline) = &options.source {
        assert!(!inline.names.is_empty());
        match load(&options, &env, Credentials::Optional) {
            Ok(loaded) => valid(&loaded.config, &options),
            Err(error) => hidden(&error, &secrets),
        }
        return;
    }
    let loaded = with(CONFIG, &options);
    match &loaded {
        Ok(loaded) => valid(&loaded.config, &options),
        Err(error) => hidden(error, &secrets),
    }
    // A setting has the meaning that it has in the file.
    let is_path = |setting: &String| {
        let setting = setting.to_ascii_lowercase();
        PATHS.iter().any(|key| setting.contains(key))
    };
    if options.addresses == [None; 2] && !options.overrides.iter().any(is_path) {
        let text = format!("{}\n{CONFIG}", options.overrides.join("\n"));
        let same = with(&text, &GlobalOptions { overrides: Vec::new(), ..options.clone() });
        match (&loaded, &same) {
            (Ok(one), Ok(other)) => {
                assert_eq!(format!("{:?}", one.config.records), format!("{:?}", other.config.records));
                assert_eq!(format!("{:?}", one.config.detection), format!("{:?}", other.config.detection));
                assert_eq!(format!("{:?}", one.config.recheck), format!("{:?}", other.config.recheck));
            }
            (Err(_), Err(_)) => {}
            _ => panic!("{:?}: {:?}, {:?}", options.overrides, loaded.err(), same.err()),
        }
    }
});

/// Fails if an error shows a secret.
#[track_caller]
fn hidden(error: &ConfigError, secrets: &[&str]) {
    hides(&error.to_string(), secrets);
    assert!(!lines(error).is_empty() && error.translation().is_none());
}

/// Fails unless there are records, and each address that is given may be published.
#[track_caller]
fn valid(config: &Config, options: &GlobalOptions) {
    assert!(!config.records.is_empty());
    for address in options.addresses.into_iter().flatten() {
        assert!(is_plausibly_public(address), "{address}");
    }
}
