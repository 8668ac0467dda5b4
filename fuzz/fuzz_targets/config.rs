//! Fuzzes the config file. The first byte selects whether a token is required, and whether the environment has
//! one. The bytes 1 to 4 stand for secrets.

#![no_main]

use std::collections::HashSet;
use std::path::Path;

use gandi_ddns::cli::GlobalOptions;
use gandi_ddns::config::fuzzing::{lines, load_text};
use gandi_ddns::config::{Config, ConfigError, Credentials, Loaded};
use gandi_ddns::dns::RrsetType;
use gandi_ddns::net::Family;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns_fuzz::{hides, in_linear_time, is_host_name, is_sampled, plant_secrets, repeated};
use libfuzzer_sys::fuzz_target;

/// Nothing exists there, so that relative paths lead nowhere.
const FILE: &str = "/nonexistent/x.conf";
/// A quarter of the maximum size of a config. What is quadratic takes far longer here than the time limit.
const LARGE: usize = 256 * 1024;

/// Texts to repeat, each after the same start.
const PARTS: [(&str, &str); 6] = [
    ("[example.org]\nnames = @", " a% b%"),
    ("[example.org]\nnames = @", "\n[d%.example]\nnames = @ www"),
    ("", "\nkey% = x"),
    ("ipv4 = web", " https://%.example/"),
    ("[example.org]\n", "\n[local]\napikey = x\ndomain = d%.example\na_name = n%"),
    ("{", "\"a%\": {"),
];

/// Loads a large config.
fn large((start, part): (&str, &str)) {
    let text = format!("{start}{}", repeated(part, LARGE));
    in_linear_time(|| drop(load(&text, &Environment::default(), Credentials::Optional)));
}

/// Loads a text without any option.
fn load(text: &str, env: &Environment, credentials: Credentials) -> Result<Loaded, ConfigError> {
    load_text(text, Path::new(FILE), &GlobalOptions::default(), env, credentials)
}

fuzz_target!(init: PARTS.into_iter().for_each(large), |input: &[u8]| {
    let Some((&selector, input)) = input.split_first() else { return };
    let (text, secrets) = plant_secrets(&String::from_utf8_lossy(input));
    if is_sampled(input) {
        large(("", &text));
    }
    let credentials = if selector & 1 == 0 { Credentials::Optional } else { Credentials::Required };
    let token = (selector & 2 != 0).then(|| "pat_1".to_owned());
    let env = Environment { token, ..Environment::default() };
    let read = || load(&text, &env, credentials).map(|loaded| loaded.config);
    let result = read();
    assert_eq!(format!("{result:?}"), format!("{:?}", read()), "the same text gives the same result");
    match result {
        Ok(config) => {
            hides(&format!("{:?} {:?}", config.accounts, config.warnings), &secrets);
            valid(&config, &text.to_ascii_lowercase());
        }
        Err(error) => error_has_a_line_of(&error, &text, &secrets),
    }
});

/// An error has at least one line, each line names at most a line of the file, and none shows a secret.
fn error_has_a_line_of(error: &ConfigError, text: &str, secrets: &[&str]) {
    let message = error.to_string();
    hides(&message, secrets);
    hides(error.translation().unwrap_or_default(), secrets);
    let lines = lines(error);
    assert!(!lines.is_empty() && !message.contains('\n'), "{message:?}");
    for problem in lines {
        let Some((place, words)) = problem.split_once(": ") else { panic!("no problem: {message:?}") };
        assert!(!words.is_empty());
        if let Some(line) = place.strip_prefix(&format!("{FILE}:")).filter(|line| !line.is_empty()) {
            let line: usize = line.parse().expect("a line number");
            assert!((1..=text.lines().count()).contains(&line), "{message:?}");
        }
    }
}

/// Returns true if a host, with or without a port, is a private address.
fn is_private(host: &str) -> bool {
    let start = |prefix| host.starts_with(prefix);
    let is_172 = (16..32).any(|n| host.starts_with(&format!("172.{n}.")));
    let is_v4 = start("10.") || start("192.168.") || start("169.254.") || is_172;
    let name = host.split(':').next().unwrap_or_default();
    is_v4 && name.parse::<std::net::Ipv4Addr>().is_ok()
        || host.starts_with('[') && !start("[2") && !start("[fe")
}

/// Every value of a config is valid, by rules that are written anew here.
fn valid(config: &Config, lower_text: &str) {
    assert!(!config.records.is_empty());
    let mut keys = HashSet::new();
    for record in &config.records {
        let (domain, name) = (record.key.domain.as_str(), record.key.name.as_str());
        assert!(is_host_name(domain) && domain.contains('.'), "{domain:?}");
        assert!(
            lower_text.contains(domain) || domain.contains("xn--") || !lower_text.is_ascii(),
            "{domain:?}"
        );
        assert!(lower_text.contains(name) || name.contains("xn--") || !lower_text.is_ascii(), "{name:?}");
        match name.strip_prefix("*.").unwrap_or(name) {
            "@" | "*" => {}
            labels => assert!(is_host_name(labels) && labels.len() + domain.len() < 253, "{name:?}"),
        }
        assert!(!name.ends_with(&format!(".{domain}")), "{name:?} repeats the domain");
        let ttl = record.ttl.map_or(300, |ttl| ttl.seconds());
        assert!((300..=2_592_000).contains(&ttl), "{ttl}");
        assert!(record.suffix.is_none() || record.key.rrtype == RrsetType::Aaaa);
        assert!(!config.detection.targets[record.target].sources.is_off());
        assert!(keys.insert(&record.key), "{:?} is there twice", record.key);
    }
    let heartbeats = &config.notifications.heartbeat;
    assert!(heartbeats.len() <= 5);
    let apis = config.accounts.iter().map(|account| (true, &account.api));
    for (is_api, url) in apis.chain(heartbeats.iter().map(|url| (false, url))) {
        let url = url.as_str();
        // A path is appended to that of the API, and no user name stands before the host.
        let host = url.split(['/', '?']).nth(2).unwrap_or_default();
        assert!(!url.contains(['#', ' ', '\n']) && !host.contains('@'), "{url:?}");
        assert!(!is_api || !url.contains('?'), "{url:?}");
        let lower = url.to_ascii_lowercase();
        assert!(
            lower.starts_with("https://")
                || lower.starts_with("http://127.")
                || lower.starts_with("http://[::1]")
                || !is_api && is_private(host),
            "{url:?}"
        );
    }
    let detection = &config.detection;
    assert!((1..=3600).contains(&detection.timeout.as_secs()) && config.recheck.as_secs() <= 2_592_000);
    assert!((1..=5).contains(&detection.global(Family::V4).quorum.providers()));
    assert!(Family::ALL.iter().any(|family| !detection.global(*family).sources.is_off()));
    for account in &config.accounts {
        assert!(!account.renew_token || lower_text.contains("token_file"));
        assert!(account.sharing_id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'));
    }
    assert!(config.records.iter().all(|record| record.account < config.accounts.len()));
}
