//! Tests of the parser: options, their values, commands, and mistakes.

use super::*;
use crate::net::Family;

fn arguments(line: &str) -> impl Iterator<Item = OsString> {
    line.split_whitespace().map(OsString::from)
}

fn run(line: &str) -> Result<(GlobalOptions, UpdateOptions), String> {
    match parse(&mut arguments(line)) {
        Ok(invocation) => match invocation.command {
            Command::Update(update) => Ok((invocation.options, update)),
            other => Err(format!("{other:?}")),
        },
        Err(e) => Err(e.text),
    }
}

#[test]
fn value_is_taken_after_space_and_after_equals_sign() {
    let file = ConfigSource::File(Some("x.conf".into()));
    for line in ["-c x.conf", "--config x.conf", "--config=x.conf", "-c=x.conf"] {
        assert_eq!(run(line).map(|(c, _)| c.source), Ok(file.clone()), "{line}");
    }
    let inline = run("--domain example.org --name home --name=*.home --type A --type=AAAA --ttl=300");
    assert_eq!(
        inline.map(|(c, _)| c.source),
        Ok(ConfigSource::Inline(Inline {
            domain: "example.org".to_owned(),
            names: vec!["home".to_owned(), "*.home".to_owned()],
            types: vec!["A".to_owned(), "AAAA".to_owned()],
            ttl: Some("300".to_owned()),
        }))
    );
}

#[test]
fn last_letter_of_several_takes_the_value() {
    let file = ConfigSource::File(Some("x.conf".into()));
    for line in
        ["-nc x.conf", "-vnc x.conf -v", "-v -vc x.conf", "-vvfc x.conf", "-fc x.conf -q", "-nc x.conf --"]
    {
        assert_eq!(run(line).map(|(c, _)| c.source), Ok(file.clone()), "{line}");
    }
    for line in ["-nc", "-nc -v", "-nc -c x.conf", "-nc x.conf -c y.conf", "-cn x.conf", "-nc=x.conf"] {
        assert!(run(line).is_err(), "{line}");
    }
}

#[test]
fn value_is_not_taken_from_another_option() {
    for line in ["--name --domain example.org check", "--wait -c x.conf 5", "--config --json", "-c -v"] {
        let error = run(line).expect_err(line);
        assert!(error.contains("needs a value") || error.contains("unexpected argument"), "{error}");
    }
    let values = |line: &str| match run(line).expect(line).0.source {
        ConfigSource::Inline(inline) => inline.names,
        _ => Vec::new(),
    };
    assert_eq!(values("--domain example.org --name=-x --name=--force"), ["-x", "--force"]);
}

#[test]
fn flags_set_their_options() {
    let (common, update) = run("-nfv").expect("three flags in one");
    assert_eq!(
        (update.mode, update.cache, common.verbosity),
        (WriteMode::DryRun, CachePolicy::Ignore, Verbosity::Verbose)
    );
    assert_eq!(run("-q").map(|(c, _)| c.verbosity), Ok(Verbosity::Quiet));
    let (common, update) = run("--json --syslog --wait 10m --splay=60").expect("all that a run has");
    assert_eq!((common.format, update.log), (OutputFormat::Json, LogDestination::Syslog));
    assert_eq!((update.wait.as_secs(), update.splay.as_secs()), (600, 60));
    assert_eq!(run("--help"), Err("Help".to_owned()));
    assert_eq!(run("-V"), Err("Version".to_owned()));
}

#[test]
fn families_follow_the_options_4_and_6() {
    let includes = |line: &str| {
        let families = run(line).expect(line).0.families;
        Family::ALL.map(|family| families.includes(family))
    };
    assert_eq!(includes(""), [true, true]);
    assert_eq!(includes("-4"), [true, false]);
    assert_eq!(includes("-6v"), [false, true]);
    assert_eq!(includes("-4 -6"), [true, true]);
    let types = |line: &str| match run(line).expect(line).0.source {
        ConfigSource::Inline(inline) => inline.types,
        _ => Vec::new(),
    };
    assert_eq!(types("--domain example.org --name home -6"), ["AAAA"]);
    assert_eq!(types("--domain example.org --name home -46"), ["A", "AAAA"]);
    assert!(types("--domain example.org --name home").is_empty());
}

#[test]
fn command_refuses_options_that_are_not_for_it() {
    let parse = |line: &str| parse(&mut arguments(line)).map(|invocation| *invocation);
    let Ok(Invocation { options: ip, command: Command::Ip }) = parse("ip -6 --json -c x.conf") else {
        panic!("that is `ip`")
    };
    let wanted =
        (ConfigSource::File(Some("x.conf".into())), FamilySelection::Only(Family::V6), OutputFormat::Json);
    assert_eq!((ip.source, ip.families, ip.format), wanted);
    for help in ["ip --help", "--help", "check -h", "--wait 5 --help", "-Vh", "check --domain x --wait y -h"]
    {
        assert!(matches!(parse(help), Ok(Invocation { command: Command::Help, .. })), "{help}");
    }
    assert!(parse("-c x.conf -4 ip").is_ok_and(|i| i.command == Command::Ip));
    for (line, command) in [
        ("check --redact --json", Command::Check(Redaction::On, CheckScope::Everything)),
        (
            "check --domain example.org --name @ --offline",
            Command::Check(Redaction::Off, CheckScope::Offline),
        ),
        ("status -c x.conf", Command::Status),
    ] {
        assert!(parse(line).is_ok_and(|i| i.command == command), "{line}");
    }
    let Ok(Invocation { command: Command::Get(names), .. }) = parse("-4 get home help -c x.conf -- status")
    else {
        panic!("that is `get`")
    };
    assert_eq!(names, ["home", "help", "status"]);
    for bad in [
        "get --dry-run",
        "get -4 --type A",
        "get --type MX",
        "get --name home",
        "get --ttl 300",
        "get --domain example.org",
        "home get",
        "ip --dry-run",
        "ip stray",
        "ip --domain example.org --name @",
        "ip --redact",
        "ipp",
        "-n ip",
        "check --force",
        "check --wait 5",
        "check --syslog",
        "status --redact",
        "--redact",
        "--wait",
        "--wait soon",
        "--wait 2d",
        "--splay 2h",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn unknown_repeated_or_incomplete_argument_is_an_error() {
    for line in [
        "--frobnicate",
        "stray",
        "-x",
        "--config",
        "-q -v",
        "-c a -c b",
        "--domain example.org",
        "--name home",
        "--ttl 300",
        "--type A",
        "-c a --domain example.org --name @",
        "--dry-run=yes",
        "-- x",
        "--help --frob",
        "--help --frob",
    ] {
        assert!(run(line).is_err(), "{line}");
    }
}

#[test]
fn help_lists_every_option() {
    let help = help();
    for option in &table::OPTIONS {
        let value = if option.value.is_empty() { String::new() } else { format!(" {}", option.value) };
        let line = match (option.short, option.name) {
            (short, name) if short == name => format!("\n  {short} "),
            ("", name) => format!("\n      {name}{value} "),
            (short, name) => format!("\n  {short}, {name}{value} "),
        };
        assert!(help.contains(&line), "{line}");
    }
}

#[test]
fn secret_argument_is_refused_and_not_repeated() {
    for line in [
        "--token s3cr3t",
        "--token=s3cr3t",
        "--api-key=s3cr3t",
        "s3cr3t",
        "--frob=s3cr3t",
        "-s3cr3t",
        "-x=s3cr3t",
    ] {
        let error = run(line).expect_err(line);
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    assert!(run("--token x").expect_err("refused").contains("token_file"));
}
