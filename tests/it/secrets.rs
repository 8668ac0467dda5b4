//! Secrets in the wrong place: refused if they could become part of a path or a name, and never printed.

use std::fs;

use crate::run_output::RunOutput;
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// Tokens and keys of all forms that Gandi has issued.
const SECRETS: [&str; 4] =
    ["f1d2d2f924e986ac86fdf7b36c94bcdf32beec15", TOKEN, API_KEY, "pat_Zx81Spectrum48K"];

/// Every command, and every option that changes what is printed.
const COMMANDS: [&[&str]; 8] =
    [&[], &["-v"], &["-n"], &["check"], &["check", "--json"], &["check", "--redact"], &["status"], &["ip"]];

/// Every variable that the program reads.
const VARIABLES: [&str; 8] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "RUNTIME_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "GANDI_TOKEN",
    "GANDI_TOKEN_FILE",
];

#[track_caller]
fn keeps(secret: &str, ran: &RunOutput, context: &str) {
    let output = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    assert!(!output.contains(&secret.to_lowercase()), "{context}\n{ran}");
}

/// Returns the head of the sandbox's config without this key.
pub(crate) fn head_without(s: &Sandbox, key: &str) -> String {
    let head = s.head();
    let lines = head.lines().filter(|l| l.split(' ').next() != Some(key));
    lines.fold(String::new(), |head, line| head + line + "\n")
}

/// Returns configs with `X` in every place where a secret can be by mistake.
fn configs_with_a_secret(s: &Sandbox) -> Vec<String> {
    let section = "[example.org]\nnames = home\n";
    let mut configs = Vec::new();
    for line in ["X", "X = abc", "X=", "token X", "token: X", "[X]", "[X", "frob = X", "[X.]"] {
        configs.push(format!("{}{line}\n{section}", s.head()));
    }
    for key in [
        "api",
        "ca_file",
        "state_dir",
        "history",
        "on_change",
        "on_failure",
        "heartbeat",
        "timeout",
        "recheck",
        "quorum",
        "multiple_values",
        "renew_token",
        "ipv4",
        "ipv6",
    ] {
        configs.push(format!("{}{key} = X\n{section}", head_without(s, key)));
    }
    for value in ["X", "./X", "/etc/gandi-ddns/X", "~/X", "Bearer X", "token=X", "<X>", "\"X\"", "X X"] {
        let head = head_without(s, "token_file");
        configs.push(format!("{head}token_file = {value}\n{section}"));
        configs.push(format!("{head}api_key_file = {value}\n{section}"));
    }
    for value in ["web:X", "web X", "dns:X", "dns:google@X", "resolve:X", "interface:X", "command:/bin/X"] {
        configs.push(format!("{}ipv4 = {value}\n{section}", head_without(s, "ipv4")));
    }
    for value in ["https://X", "http://X/v5", "https://api.gandi.net/v5/livedns?key=X", "X://api.gandi.net"] {
        configs.push(format!("{}api = {value}\n{section}", head_without(s, "api")));
    }
    for line in ["names = X", "names = @ X", "types = X", "ttl = X", "suffix = X", "multiple_values = X"] {
        configs.push(format!("{}[example.org]\n{line}\n", s.head()));
    }
    configs
}

#[test]
fn secret_in_a_wrong_place_of_the_config_is_refused_and_not_repeated() {
    let s = Sandbox::new();
    for (i, config) in configs_with_a_secret(&s).into_iter().enumerate() {
        // Every secret is in each kind of place, but not in each place.
        let secret = SECRETS[i % SECRETS.len()];
        let config = config.replace('X', secret);
        s.raw_config(&config);
        for command in [COMMANDS[i % COMMANDS.len()], COMMANDS[(i / 2 + 3) % COMMANDS.len()], &[]] {
            let ran = s.run(command);
            keeps(secret, &ran, &config);
            if command.is_empty() {
                ran.prints(78, "");
            }
        }
    }
    for secret in [SECRETS[0], SECRETS[1]] {
        for (section, names) in [
            (format!("{secret}.org"), "home".to_owned()),
            ("example.org".to_owned(), format!("home.{secret}")),
        ] {
            s.raw_config(&format!("{}[{section}]\nnames = {names}\n", s.head()));
            let ran = s.run(&[]);
            ran.fails(78, &["this looks like the token itself"]);
            keeps(secret, &ran, "a label");
        }
    }
    for name in fs::read_dir(s.path("")).expect("the sandbox").flatten() {
        let name = name.file_name().to_string_lossy().into_owned();
        assert!(!SECRETS.iter().any(|secret| name.contains(secret)), "{name} was created");
    }
    assert!(!s.fake.requests().iter().any(|r| r.listener == "livedns" || r.listener == "id"));
    s.config("names = home\n");
}

#[test]
fn token_in_place_of_its_file_is_named() {
    let s = Sandbox::new();
    for secret in SECRETS.into_iter().chain(["abcdefghijklmnopqrstuvwx"]) {
        s.raw_config(&format!("token_file = {secret}\n[example.org]\nnames = @\n"));
        let words =
            ["gandi-ddns.conf:1: ", "`token_file` must name a file: this looks like the token itself"];
        s.run(&[]).fails(78, &words);
        for command in [&["check"][..], &["check", "--json"], &["check", "--redact"]] {
            let ran = s.run(command);
            assert!(ran.code == Some(78) && ran.stdout.contains(words[1]), "{ran}");
            keeps(secret, &ran, "token_file");
        }
    }
}

#[test]
fn heartbeat_url_is_not_repeated() {
    let s = Sandbox::new();
    let id = "550e8400-e29b-41d4-a716-446655440000";
    for value in [
        "X",
        "hc-ping.com/X",
        "http://hc-ping.com/X",
        "https://hc-ping.com/X#a",
        "https://hc-ping.com/X?a https://hc-ping.com/Y,http://81.2.69.142/X?a",
        "https://a:X@b/c",
        "https://h/X y",
    ] {
        s.config_with(&format!("heartbeat = {}\n", value.replace('X', id)), "[example.org]\nnames = home\n");
        for command in
            [&[][..], &["check"], &["check", "--json"], &["check", "--redact"], &["-v"], &["status"]]
        {
            let ran = s.run(command);
            assert_eq!(ran.code, Some(78), "{value}: {ran}");
            keeps(id, &ran, value);
        }
    }
    // The one of a good config, whose host is not reachable.
    s.config_with(&format!("heartbeat = https://127.0.0.1:1/{id}\n"), "[example.org]\nnames = home\n");
    let ran = s.run(&["-v"]);
    ran.says(&["could not send heartbeat"]);
    keeps(id, &ran, "a failed heartbeat");
}

#[test]
fn secret_in_an_argument_or_a_variable_is_not_repeated() {
    let s = Sandbox::new();
    for (i, secret) in SECRETS.into_iter().enumerate() {
        for line in [
            "X",
            "X check",
            "check X",
            "-X",
            "--X",
            "-cX",
            "-c X",
            "--config=X",
            "-c X/y",
            "--domain X --name @",
            "--domain example.org --name X",
            "--domain example.org --name @ --type X",
            "--domain example.org --name @ --ttl X",
            "--wait X",
            "--splay=X",
            "--token X",
            "--frob=X",
            "-qX",
            "status -c X",
            "ip -c X",
            "check --redact -c X",
            "--ttl X",
            "X=1",
        ] {
            let line = line.replace('X', secret);
            let ran = s.finish(s.command().args(line.split(' ')).env("GANDI_TOKEN", TOKEN));
            assert!(matches!(ran.code, Some(64 | 78)), "{line}: {ran}");
            keeps(secret, &ran, &line);
        }
        s.raw_config(&format!("{}[example.org]\nnames = home\n", head_without(&s, "state_dir")));
        for (j, variable) in VARIABLES.into_iter().enumerate() {
            let value = if i % 2 == 0 { secret.to_owned() } else { format!("/proc/{secret}") };
            let command = [&["-v"][..], &["-n"], &["check", "--json"], &["status"]][(i + j) % 4];
            for config in [&["-c", "gandi-ddns.conf"][..], &[]] {
                let mut command_line = s.command();
                command_line.args(command).args(config).env(variable, &value);
                keeps(secret, &s.finish(&mut command_line), variable);
            }
        }
    }
}

#[test]
fn credential_of_an_unknown_form_is_hidden_in_every_line() {
    let s = Sandbox::new();
    let odd = "my.odd-credential";
    s.fake.accept_bearer(odd);
    let head = head_without(&s, "token_file");
    s.raw_config(&format!(
        "{head}token = {odd}\non_change = /nowhere/{odd}\nhistory = /nowhere/{odd}/x\n[example.org]\nnames = home\n"
    ));
    for command in [&["check"][..], &["check", "--json"], &["check", "--redact"], &["-v"]] {
        let ran = s.run(command);
        assert!(ran.code == Some(0) && format!("{ran}").contains("[secret]"), "{ran}");
        keeps(odd, &ran, "its own token");
    }
    s.raw_config(&format!("{head}[example.org]\nnames = my_{odd}.\n"));
    let ran = s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", odd));
    assert_eq!(ran.code, Some(78), "{ran}");
    keeps(odd, &ran, "the token of the environment");
}

#[test]
fn long_names_and_paths_are_not_taken_for_secrets() {
    let s = Sandbox::new();
    // The name of a Docker volume, a machine ID, and a directory of Nix.
    let directory =
        "var/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0c7kzyhjk9xn3dbz4v8p9w1m-x";
    let machine = s.path("3f2504e04f8911d39a0c0305e82c3301");
    fs::create_dir_all(s.path(directory)).expect("a directory");
    fs::create_dir_all(&machine).expect("a directory");
    s.write(&format!("{directory}/pat_token"), TOKEN);
    let names = "xn--ihqwcrb4cv8a8dqg056pqjye, homeserverwohnzimmer2024, verylonghostnameofmyhomeserver2, a-host-with-12-words-in-it-2026, \
                 550e8400-e29b-41d4-a716-446655440000, _acme-challenge";
    s.raw_config(&format!(
        "{}token_file = {directory}/pat_token\nhistory = {}/history\n[example.org]\nnames = {names}\n",
        head_without(&s, "token_file"),
        machine.display()
    ));
    let ran = s.run(&["-n"]);
    ran.exits_without_errors(0);
    for name in names.split(", ") {
        assert!(ran.stdout.contains(&format!("{name}.example.org A: would be created")), "{ran}");
    }
}
