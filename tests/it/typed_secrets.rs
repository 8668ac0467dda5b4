//! Secrets with capitals in wrong places: messages show texts as typed, since a secret is recognised by its capitals.

use crate::run_output::RunOutput;
use crate::sandbox::{Sandbox, TOKEN};
use crate::secrets::head_without;

/// A secret that has the form of one only as long as it has its capitals.
const MIXED: &str = "AbCdEfGhIjKlMnOpQrStUvWx1Yz2";

/// Tokens of other forms, which have them in lower case, too.
const OTHERS: [&str; 2] = [
    "grcO7n8aUDm+8H7CNH8GbtCPXcdRJEfjQEMAAmtuVFWUoGVoXWTEmAu41FRKhyGp",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_w",
];

#[track_caller]
fn keeps_secrets(ran: &RunOutput, context: &str) {
    let output = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    for secret in [MIXED].into_iter().chain(OTHERS) {
        // Every part of a JSON Web Token is a secret.
        for part in secret.split('.') {
            assert!(!output.contains(&part.to_lowercase()), "{context}\n{ran}");
        }
    }
}

#[test]
fn secret_with_capitals_in_a_config_is_never_printed_in_lower_case() {
    let s = Sandbox::new();
    let section = "[example.org]\nnames = home\n";
    let mut configs = Vec::new();
    // Beside a URL, where a secret may stand.
    for item in [
        "X",
        "resolve:X",
        "resolve:e\0:/X",
        "resolve:command:/X",
        "resolve:ü!/X",
        "resolve:-ü。X",
        "resolve:<X>",
        "resolve:X。",
        "e\0mand:/X",
        "web@X",
        "dns:google@X",
        "interface:X",
        "command:/bin/X",
        "https://a b/X",
        "ftp://X/X",
        "https://X:X/",
        "https://X/ip",
        "https://X:443/@eth1",
    ] {
        let value = format!("https://a.example/ {item}");
        configs.push(format!("{}ipv4 = {value}\n{section}", head_without(&s, "ipv4")));
        configs.push(format!("{}{section}ipv4 = {value}\n", s.head()));
    }
    for name in ["X", "X.", "https://X/", "X!", "ü/X", "<X>", "X❤", "*。X", "-ü。X", "X*", "e\0:/X"] {
        configs.push(format!("{}[{name}]\nnames = @\n", s.head()));
        configs.push(format!("{}[example.org]\nnames = {name}\n", s.head()));
        configs.push(format!(
            "{}[local]\napikey = x\ndomain = {name}\na_name = {name}\nhost = {name}\n",
            s.head()
        ));
    }
    let mut commands = [&["-n"][..], &["check", "--json"], &["check", "--offline"]].into_iter().cycle();
    for config in configs {
        for secret in [MIXED].into_iter().chain(OTHERS) {
            let config = config.replace('X', secret);
            s.raw_config(&config);
            let ran = s.run(commands.next().expect("a command"));
            assert_ne!(ran.code, Some(0), "{config}\n{ran}");
            keeps_secrets(&ran, &config);
        }
        // Each secret with another command.
        commands.next();
    }
    assert!(s.fake.requests().is_empty());
}

#[test]
fn secret_with_capitals_as_an_argument_is_never_printed_in_lower_case() {
    let s = Sandbox::new();
    let with_secrets = |line: &str| -> Vec<String> {
        let secrets = [MIXED].into_iter().chain(OTHERS);
        secrets.map(|secret| line.replace('X', secret)).collect()
    };
    for value in ["X", "X.", "https://X/", "X!", "ü/X", "<X>", "X❤", "*。X", "-ü。X", "X*"] {
        for line in [
            format!("--domain {value} --name home"),
            format!("--domain example.org --name {value}"),
            format!("check --json --domain {value} --name home"),
            format!("get {value}"),
            format!("get {value} --json"),
        ] {
            for line in with_secrets(&line) {
                let mut command = s.command();
                let ran = s.finish(command.args(line.split(' ')).env("GANDI_TOKEN", TOKEN));
                assert_ne!(ran.code, Some(0), "{line}\n{ran}");
                keeps_secrets(&ran, &line);
            }
        }
    }
}

#[test]
fn name_with_a_mistake_is_shown_as_typed() {
    let s = Sandbox::new();
    for (arguments, words) in [
        ("--domain Example --name home", "--domain: `Example` is not a full domain name"),
        ("--domain WWW.Example.org --name home", "--domain: the domain is `Example.org`: use that"),
        ("--domain example.org --name H!me", "--name: `H!me` is not a valid name"),
        ("--domain example.org --name H*me", "--name: `H*me`: `*` may only be"),
        (
            "--domain example.org --name Home.Example.ORG",
            "--name: names are relative to the domain: write `Home`",
        ),
        ("--domain example.org --name TÜR.", "--name: names have no trailing dot here: write `TÜR`"),
        ("--domain example.org --name Ĳ", "--name: `Ĳ` has the character U+0132, which"),
    ] {
        let ran = s.finish(s.command().args(arguments.split(' ')).env("GANDI_TOKEN", TOKEN));
        ran.fails(64, &[words]);
    }
    let long = format!("Ü{}", "ü".repeat(58));
    s.config(&format!("names = {long}\n"));
    s.run(&[]).fails(78, &[&format!("`{long} (xn--")]);
}

#[test]
fn token_in_use_is_hidden_in_any_case() {
    let s = Sandbox::new();
    // Without digits it has no form of a secret.
    let token = "CorrectHorseBatteryStaple";
    s.write("token", token);
    s.fake.accept_bearer(token);
    for form in [token.to_owned(), token.to_lowercase(), token.to_uppercase()] {
        s.config(&format!("names = {form}\n"));
        let ran = s.run(&["-n"]);
        let output = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(!output.contains(&token.to_lowercase()), "{ran}");
        assert!(output.contains("[secret].example.org"), "{ran}");
    }
}
