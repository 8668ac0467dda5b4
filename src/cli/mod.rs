//! Parses the command line into an [`Invocation`]. The config checks the values of `--domain`, `--name`, `--type`, `--ttl`
//! and `--option`.

// An error is passed on by several functions, in one word.
#![allow(clippy::unnecessary_box_returns, reason = "size")]

mod error;
mod get;
mod given;
mod help;
mod options;
mod table;
mod unknown;
mod values;

use std::ffi::OsString;

use crate::console::Verbosity;
use crate::dns::RrsetType;
use crate::net::FamilySelection;
pub use error::Invalid;
use error::Parsed;
use given::Given;
pub use help::{help, version};
pub use options::{
    CachePolicy, CheckScope, Command, ConfigSource, Existing, GlobalOptions, Inline, Invocation,
    LogDestination, OutputFormat, Questions, Redaction, SetupOptions, UpdateOptions, WriteMode,
};
use table::{CHECK, COMMANDS, GET, IP, SETUP, STATUS, Spec, UPDATE};
use values::{addresses, overrides, time};

/// The maximum of `--wait` in seconds: one day.
const WAIT_MAX: u64 = 86_400;
/// The maximum of `--splay` in seconds: one hour.
const SPLAY_MAX: u64 = 3600;

/// Parses the arguments, without the program name. `--help` and `--version`, also without dashes, take precedence over
/// every error but an unknown argument.
pub fn parse(arguments: &mut dyn Iterator<Item = OsString>) -> Result<Box<Invocation>, Box<Invalid>> {
    let mut given = Given::scan(arguments);
    let mut parsed = invocation(&mut given);
    if let Err(e) = &mut parsed {
        e.json_command = given.json_command();
    }
    parsed
}

/// Returns the word of the command, empty for an update, and the command if a text is asked for in its place.
fn command(given: &Given) -> Parsed<(&'static str, Option<Command>)> {
    let (mut is_help, mut is_version) = (given.has("--help"), given.has("--version"));
    let mut command = "";
    for word in &given.words {
        match word.as_str() {
            // The name of a record, even if it is a word such as `help`.
            _ if command == get::WORD => unknown::secret(word).map_or(Ok(()), Err)?,
            "help" => is_help = true,
            "version" => is_version = true,
            _ => match COMMANDS.iter().find(|(known, _)| known == word) {
                Some((known, _)) if command.is_empty() => command = known,
                _ => return Err(unknown::word(word, command)),
            },
        }
    }
    let text = if is_help { Some(Command::Help) } else { is_version.then_some(Command::Version) };
    Ok((command, text))
}

/// Checks that the options can be used together and with the command.
#[inline(never)]
fn invocation(given: &mut Given) -> Parsed<Box<Invocation>> {
    if let Some(e) = given.unknown.take() {
        return Err(e);
    }
    let (word, text) = command(given)?;
    let mut new = Box::<Invocation>::default();
    if let Some(text) = text {
        new.command = text;
        return Ok(new);
    }
    if let Some(e) = given.misused.take() {
        return Err(e);
    }
    let bit = COMMANDS.iter().find(|(known, _)| *known == word).map_or(UPDATE, |(_, bit)| *bit);
    if let Some(option) = given.not_for(bit) {
        return Err(not_for(option, word));
    }
    let options = &mut new.options;
    options.verbosity = match (given.has("--quiet"), given.has("--verbose")) {
        (true, true) => return Err(Invalid::new(&["--quiet and --verbose cannot be used together"])),
        (true, false) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    options.families = addresses(given, &mut options.addresses)?;
    if bit == GET && !given.has("--domain") {
        options.families = get::families(given, options.families)?;
    }
    if given.has("--json") {
        options.format = OutputFormat::Json;
    }
    options.overrides = overrides(given)?;
    options.source = if bit != SETUP && given.has("--domain") {
        source(given, bit, options.families)?
    } else {
        config_file(given, bit)?
    };
    new.command = with_options(given, bit, options.families)?;
    Ok(new)
}

/// Returns the error for an option that is not for this command, with the only one that it is for, if it is one.
fn not_for(option: &Spec, command: &'static str) -> Box<Invalid> {
    let named = |command: &'static str| {
        if command.is_empty() { "an update (a run without a command)" } else { command }
    };
    let (before, only) = match option.commands {
        UPDATE => (", only with ", named("")),
        bits => match COMMANDS.iter().find(|(_, bit)| *bit == bits) {
            Some((only, _)) => (", only with ", *only),
            None => ("", ""),
        },
    };
    Invalid::new(&[option.name, " cannot be used with ", named(command), before, only])
}

/// Returns the command with its own options.
fn with_options(given: &Given, bit: u8, families: FamilySelection) -> Parsed<Command> {
    let is_forced = given.has("--force");
    Ok(match bit {
        IP => Command::Ip,
        STATUS => Command::Status,
        GET => Command::Get(get::names(given)),
        CHECK => Command::Check(
            if given.has("--redact") { Redaction::On } else { Redaction::Off },
            if given.has("--offline") { CheckScope::Offline } else { CheckScope::Everything },
        ),
        SETUP => {
            let questions = if given.has("--yes") { Questions::AssumeYes } else { Questions::Ask };
            if questions == Questions::AssumeYes && !given.has("--domain") {
                return Err(Invalid::new(&["--yes requires --domain"]));
            }
            let existing = if is_forced { Existing::Replace } else { Existing::Keep };
            Command::Setup(SetupOptions { inline: inline(given, bit, families), questions, existing })
        }
        _ => Command::Update(UpdateOptions {
            mode: if given.has("--dry-run") { WriteMode::DryRun } else { WriteMode::Apply },
            cache: if is_forced { CachePolicy::Ignore } else { CachePolicy::Use },
            wait: time(given, "--wait", WAIT_MAX)?,
            splay: time(given, "--splay", SPLAY_MAX)?,
            log: if given.has("--syslog") { LogDestination::Syslog } else { LogDestination::Streams },
        }),
    })
}

/// Returns the records that `--domain` and its companions give.
fn source(given: &Given, command: u8, families: FamilySelection) -> Parsed<ConfigSource> {
    if given.has("--config") {
        return Err(Invalid::new(&["--config and --domain cannot be used together"]));
    }
    let inline = inline(given, command, families);
    if inline.names.is_empty() {
        return Err(Invalid::new(&["--domain requires at least one --name (use @ for the domain itself)"]));
    }
    Ok(ConfigSource::Inline(inline))
}

/// Returns the config file, with which the companions of `--domain` have no meaning.
fn config_file(given: &Given, command: u8) -> Parsed<ConfigSource> {
    for option in ["--name", "--type", "--ttl"] {
        if command != SETUP && given.has(option) && !(command == GET && option == "--type") {
            return Err(Invalid::new(&[option, " requires --domain"]));
        }
    }
    match given.value("--config") {
        Some("-") if command == SETUP => Err(Invalid::new(&["--config: setup writes a file: name it"])),
        Some("-") => Ok(ConfigSource::Stdin),
        path => Ok(ConfigSource::File(path.map(Into::into))),
    }
}

/// Returns the values of `--domain` and its companions; those that are not given are empty.
#[inline(never)]
fn inline(given: &Given, command: u8, families: FamilySelection) -> Inline {
    let mut types = given.values("--type");
    // The default type A would leave nothing to do under `-6` alone.
    if types.is_empty() && families.is_explicit() {
        for rrtype in RrsetType::ALL.iter().filter(|t| families.includes(t.family())) {
            types.push(rrtype.to_string());
        }
    }
    let domain = given.value("--domain").unwrap_or_default().to_owned();
    let mut names = given.values("--name");
    if names.is_empty() && command == GET {
        names = get::names(given);
    }
    Inline { domain, names, types, ttl: given.value("--ttl").map(str::to_owned) }
}

#[cfg(test)]
mod tests {
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
        for line in [
            "-nc x.conf",
            "-vnc x.conf -v",
            "-v -vc x.conf",
            "-vvfc x.conf",
            "-fc x.conf -q",
            "-nc x.conf --",
        ] {
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
        let wanted = (
            ConfigSource::File(Some("x.conf".into())),
            FamilySelection::Only(Family::V6),
            OutputFormat::Json,
        );
        assert_eq!((ip.source, ip.families, ip.format), wanted);
        for help in
            ["ip --help", "--help", "check -h", "--wait 5 --help", "-Vh", "check --domain x --wait y -h"]
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
        let Ok(Invocation { command: Command::Get(names), .. }) =
            parse("-4 get home help -c x.conf -- status")
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
}
