//! `-o KEY=VALUE`: global keys of the config as arguments.

use std::fs;

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, API_KEY, STALE, Sandbox, TOKEN, stale};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

/// Runs with `home.example.org` as arguments, the head of the sandbox's config as values of `-o`, and more arguments.
fn inline(s: &Sandbox, more: &[&str]) -> RunOutput {
    let mut command = s.command();
    command.args(["--domain", "example.org", "--name", "home"]);
    for line in s.head().lines() {
        command.args(["-o", line]);
    }
    s.finish(command.args(more))
}

/// Returns the number of state files.
fn states(s: &Sandbox) -> usize {
    let files = fs::read_dir(s.path("state")).expect("the state").flatten();
    files.filter(|f| f.path().extension().is_some_and(|e| e == "state")).count()
}

#[test]
fn option_sets_every_global_key_without_a_config_file() {
    let s = stale();
    inline(&s, &[]).is(0, REPLACED);
    inline(&s, &["-v"]).says(&["home.example.org A: unchanged (cached)"]);
    // The state is that of the records.
    inline(&s, &["-v", "-o", "quorum=1"]).says(&["home.example.org A: unchanged (cached)"]);
    assert_eq!(states(&s), 1);
    // Each of the keys in the example.
    for setting in [
        "multiple_values=replace",
        "recheck=0",
        "timeout = 30",
        "TIMEOUT=30s",
        "renew_token=no",
        "history=history",
        "on_change=/bin/true",
        "on_failure=/bin/true",
        "heartbeat=https://127.0.0.1:1/x",
    ] {
        inline(&s, &["-o", setting]).is(0, "");
    }
    inline(&s, &["status"]).exits_without_errors(0);
    inline(&s, &["check", "--option=recheck=5m"]).exits(0);
}

#[test]
fn option_overrides_the_file_and_the_environment() {
    let s = stale();
    s.config_with("timeout = 0\n", "[example.org]\nnames = home\n");
    s.run(&[]).fails(78, &["gandi-ddns.conf:7: `timeout`"]);
    s.run(&["-o", "timeout=30"]).is(0, REPLACED);
    s.run(&["ip", "-4", "-o", "timeout=30"]).exits_without_errors(0);
    s.run(&["ip", "-4"]).fails(78, &["`timeout`"]);
    // Another way to give the secret replaces that of the file.
    s.config("names = home\n");
    s.write("key", API_KEY);
    s.run(&["-f", "-o", "api_key_file=key"]).exits(0);
    assert!(
        s.fake.requests().iter().any(|r| r.header("authorization").is_some_and(|v| v.contains("Apikey")))
    );
    s.write("wrong", "pat_wrong12345");
    s.run(&["-f", "-o", "token_file=wrong"]).fails(77, &["refused the token from token_file wrong"]);
    let mut command = s.command();
    command
        .args(["-f", "-c", "gandi-ddns.conf", "-o", "token_file=token"])
        .env("GANDI_TOKEN", "pat_wrong12345");
    s.finish(&mut command).exits(0);
}

#[test]
fn relative_path_of_an_option_is_relative_to_the_working_directory() {
    let s = stale();
    fs::create_dir(s.path("etc")).expect("a directory");
    let head = s.head().replace("ca_file = ca.pem\nstate_dir = state\n", "");
    s.write("etc/gandi-ddns.conf", &format!("{head}[example.org]\nnames = home\n"));
    s.write("etc/token", TOKEN);
    fs::remove_file(s.path("token")).expect("the other token");
    let mut command = s.command();
    command.args(["-c", "etc/gandi-ddns.conf", "-o", "ca_file=ca.pem", "-o", "state_dir=state"]);
    s.finish(&mut command).is(0, REPLACED);
    assert_eq!(states(&s), 1);
    let mut command = s.command();
    command.args(["-c", "etc/gandi-ddns.conf", "-o", "ca_file=ca.pem", "-o", "token_file=token"]);
    s.finish(&mut command).fails(64, &["-o: token file token does not exist"]);
}

#[test]
fn other_value_of_an_option_ends_the_backoff() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    s.run(&[]).fails(78, &["2 addresses"]);
    s.run(&["-v"]).says(&["(failing since 20"]);
    assert_eq!(s.count("GET"), 1);
    s.run(&["-o", "multiple_values=replace"]).exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    assert_eq!(states(&s), 1);
}

#[test]
fn mistake_in_an_option_exits_64_and_names_the_option() {
    let s = Sandbox::new();
    for (setting, words) in [
        ("timeout", &["-o: expected a key of the config and its value, such as timeout=90"][..]),
        ("=5", &["-o: expected a key"]),
        ("timeout=5\nrecheck=0", &["-o: expected a key"]),
        ("timeout:5", &["-o: expected a key"]),
        ("timeout=", &["-o: `timeout`: needs a value"]),
        ("timeout=soon", &["-o: `timeout`: invalid duration `soon`"]),
        ("timeuot=5", &["-o: unknown key `timeuot`: did you mean `timeout`?"]),
        ("frobnicate=5", &["-o: unknown key `frobnicate`;"]),
        ("agree=2", &["-o: unknown key `agree`: did you mean `quorum`?"]),
        ("names=home", &["-o: `names` is a setting of a section"]),
        ("ttl=300", &["-o: `ttl` is a setting of a section"]),
        ("ipv4=wbe", &["-o: `ipv4`: unknown address source `wbe`: did you mean `web`?"]),
        ("ipv4=dns", &["-o: `ipv4` has no source that can be published"]),
        ("ipv4=\"web\"", &["-o: `ipv4`: write the value without quotes"]),
        ("ca_file=nowhere", &["-o: `ca_file`: could not use nowhere"]),
        ("token_file=nowhere", &["-o: token file nowhere does not exist"]),
        ("api=http://api.gandi.net", &["-o: `api`: "]),
    ] {
        for command in [&[][..], &["-n"], &["check"]] {
            let ran = s.run(&[command, &["-o", setting]].concat());
            ran.fails(64, words);
            assert!(ran.stderr.ends_with("; see gandi-ddns --help\n"), "{ran}");
        }
        inline(&s, &["-o", setting]).exits(64);
    }
    for twice in [["timeout=5", "timeout=6"], ["timeout=5", "timeout=5"]] {
        s.run(&["-o", twice[0], "-o", twice[1]]).fails(64, &["-o: `timeout` is set twice"]);
    }
    s.run(&["-o", "token_file=a", "-o", "api_key_file=b"])
        .fails(64, &["-o: `token_file` and `api_key_file` cannot be used together"]);
    // Together with a mistake in the file, whose code is the more severe one.
    s.config_with("timeout = 0\n", "[example.org]\nnames = home\n");
    let ran = s.run(&["-o", "frob=1"]);
    ran.prints(78, "");
    ran.says(&["gandi-ddns.conf: 2 errors", "gandi-ddns.conf:7: `timeout`", "-o: unknown key `frob`"]);
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn secret_in_an_option_is_refused_and_not_repeated() {
    let s = Sandbox::new();
    for secret in [TOKEN, API_KEY, "s3cr3tP4ss"] {
        for key in ["token", "api_key", "TOKEN", "api-key", "apikey", " token ", "password", "GANDI_TOKEN"] {
            let ran = s.run(&["-o", &format!("{key}={secret}")]);
            ran.fails(64, &[" is not supported, because other users can see arguments", "token_file"]);
            assert!(!ran.stderr.contains(secret), "{ran}");
        }
        let ran = s.run(&["-o", &format!("{TOKEN}=1")]);
        ran.fails(64, &["-o: unknown key `[secret]`"]);
        let ran = s.run(&["-o", secret]);
        ran.fails(64, &["-o: expected a key"]);
        assert!(!ran.stderr.contains(secret), "{ran}");
    }
    for key in ["token_file", "api_key_file", "state_dir", "on_change", "ipv4", "timeout"] {
        let ran = s.run(&["-o", &format!("{key}={TOKEN}")]);
        ran.prints(64, "");
        ran.says(&["this looks like the token itself"]);
    }
    assert_eq!(s.fake.connections(), 0);
}
