//! Parses the command line into an [`Invocation`]. The config checks the values of `--domain`, `--name`, `--type`, `--ttl`
//! and `--option`.

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
pub use error::UsageError;
use given::Given;
pub use help::{help, version};
pub use options::{
    CachePolicy, CheckScope, ConfigSource, Existing, GlobalOptions, Inline, Invocation, LogDestination,
    OutputFormat, Questions, Redaction, SetupOptions, UpdateOptions, WriteMode,
};
use table::{COMMANDS, GET, SETUP, UPDATE};
use values::{addresses, overrides, time};

/// The maximum of `--wait` in seconds: one day.
const WAIT_MAX: u64 = 86_400;
/// The maximum of `--splay` in seconds: one hour.
const SPLAY_MAX: u64 = 3600;

/// Parses the arguments, without the program name. `--help` and `--version`, also without dashes, take precedence over
/// every error but an unknown argument.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, UsageError> {
    let mut given = Given::scan(arguments)?;
    let (command, help) = command(&given)?;
    match help {
        Help::Usage => return Ok(Invocation::Help),
        Help::Version => return Ok(Invocation::Version),
        Help::Not => {}
    }
    if let Some(e) = given.misused.take() {
        return Err(e);
    }
    invocation(&given, command)
}

/// Returns the command of a command line that asks for JSON, empty for an update; `None` if it does not ask for it. It
/// need not be a valid one: this is for the form of the error.
#[must_use]
pub fn json_command(arguments: &[OsString]) -> Option<&'static str> {
    let is_given = |word: &str| arguments.iter().any(|argument| argument == word);
    let command = COMMANDS.iter().map(|(known, _)| *known).find(|known| is_given(known));
    is_given("--json").then(|| command.unwrap_or_default())
}

/// A text that is asked for in place of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Help {
    /// None.
    Not,
    /// `--help`.
    Usage,
    /// `--version`.
    Version,
}

/// Returns the command, empty for an update, and the text that is asked for.
fn command(given: &Given) -> Result<(&'static str, Help), UsageError> {
    let mut help = match (given.has("--help"), given.has("--version")) {
        (true, _) => Help::Usage,
        (false, true) => Help::Version,
        (false, false) => Help::Not,
    };
    let mut command = "";
    for word in &given.words {
        match word.as_str() {
            // The name of a record, even if it is a word such as `help`.
            _ if command == get::WORD => unknown::secret(word).map_or(Ok(()), Err)?,
            "help" => help = Help::Usage,
            "version" if help == Help::Usage => {}
            "version" => help = Help::Version,
            _ => match COMMANDS.iter().find(|(known, _)| known == word) {
                Some((known, _)) if command.is_empty() => command = known,
                _ => return Err(unknown::word(word, command)),
            },
        }
    }
    Ok((command, help))
}

/// Checks that the options can be used together and with the command.
fn invocation(given: &Given, command: &'static str) -> Result<Invocation, UsageError> {
    let bit = COMMANDS.iter().find(|(known, _)| *known == command).map_or(UPDATE, |(_, bit)| *bit);
    if let Some(option) = given.not_for(bit) {
        let only = match option.commands {
            UPDATE => Some(""),
            bits => COMMANDS.iter().find(|(_, bit)| *bit == bits).map(|(known, _)| *known),
        };
        return Err(UsageError::NotFor(option.name, command, only));
    }
    let verbosity = match (given.has("--quiet"), given.has("--verbose")) {
        (true, true) => return Err(UsageError::Conflict("--quiet", "--verbose")),
        (true, false) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let (addresses, mut families) = addresses(given)?;
    if bit == GET && !given.has("--domain") {
        families = get::families(given, families)?;
    }
    let format = if given.has("--json") { OutputFormat::Json } else { OutputFormat::Text };
    let (inline, overrides) = (inline(given, bit, families), overrides(given)?);
    let source = if bit == SETUP { config_file(given) } else { source(given, bit, &inline)? };
    let global = GlobalOptions { source, overrides, addresses, families, format, verbosity };
    Ok(match command {
        "ip" => Invocation::Ip(global),
        "check" => {
            let redaction = if given.has("--redact") { Redaction::On } else { Redaction::Off };
            let scope = if given.has("--offline") { CheckScope::Offline } else { CheckScope::Everything };
            Invocation::Check(global, redaction, scope)
        }
        "status" => Invocation::Status(global),
        get::WORD => Invocation::Get(global, get::names(given)),
        "setup" => {
            let questions = if given.has("--yes") { Questions::AssumeYes } else { Questions::Ask };
            if questions == Questions::AssumeYes && inline.domain.is_empty() {
                return Err(UsageError::Requires("--yes", "--domain"));
            }
            if global.source == ConfigSource::Stdin {
                return Err(UsageError::Value("--config", "setup writes a file: name it".to_owned()));
            }
            let existing = if given.has("--force") { Existing::Replace } else { Existing::Keep };
            Invocation::Setup(global, SetupOptions { inline, questions, existing })
        }
        _ => Invocation::Update(
            global,
            UpdateOptions {
                mode: if given.has("--dry-run") { WriteMode::DryRun } else { WriteMode::Apply },
                cache: if given.has("--force") { CachePolicy::Ignore } else { CachePolicy::Use },
                wait: time(given, "--wait", WAIT_MAX)?,
                splay: time(given, "--splay", SPLAY_MAX)?,
                log: if given.has("--syslog") { LogDestination::Syslog } else { LogDestination::Streams },
            },
        ),
    })
}

/// Returns the config file, or the records that `--domain` and its companions give.
fn source(given: &Given, command: u8, inline: &Inline) -> Result<ConfigSource, UsageError> {
    if !given.has("--domain") {
        let is_allowed = |option: &str| command == GET && option == "--type";
        return match ["--name", "--type", "--ttl"].into_iter().find(|o| given.has(o) && !is_allowed(o)) {
            Some(option) => Err(UsageError::Requires(option, "--domain")),
            None => Ok(config_file(given)),
        };
    }
    if given.has("--config") {
        return Err(UsageError::Conflict("--config", "--domain"));
    }
    if inline.names.is_empty() {
        return Err(UsageError::Requires("--domain", "at least one --name (use @ for the domain itself)"));
    }
    Ok(ConfigSource::Inline(inline.clone()))
}

fn config_file(given: &Given) -> ConfigSource {
    match given.value("--config") {
        Some("-") => ConfigSource::Stdin,
        path => ConfigSource::File(path.map(Into::into)),
    }
}

/// Returns the values of `--domain` and its companions; those that are not given are empty.
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

    fn arguments(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn run(line: &str) -> Result<(GlobalOptions, UpdateOptions), String> {
        match parse(arguments(line)) {
            Ok(Invocation::Update(common, update)) => Ok((common, update)),
            Ok(other) => Err(format!("{other:?}")),
            Err(e) => Err(e.to_string()),
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
        let parse = |line: &str| parse(arguments(line));
        let Ok(Invocation::Ip(ip)) = parse("ip -6 --json -c x.conf") else { panic!("that is `ip`") };
        let wanted = (
            ConfigSource::File(Some("x.conf".into())),
            FamilySelection::Only(Family::V6),
            OutputFormat::Json,
        );
        assert_eq!((ip.source, ip.families, ip.format), wanted);
        for help in
            ["ip --help", "--help", "check -h", "--wait 5 --help", "-Vh", "check --domain x --wait y -h"]
        {
            assert!(matches!(parse(help), Ok(Invocation::Help)), "{help}");
        }
        assert!(matches!(parse("-c x.conf -4 ip"), Ok(Invocation::Ip(_))));
        assert!(matches!(
            parse("check --redact --json"),
            Ok(Invocation::Check(_, Redaction::On, CheckScope::Everything))
        ));
        assert!(matches!(
            parse("check --domain example.org --name @"),
            Ok(Invocation::Check(_, Redaction::Off, _))
        ));
        assert!(matches!(parse("status -c x.conf"), Ok(Invocation::Status(_))));
        let Ok(Invocation::Get(_, names)) = parse("-4 get home help -c x.conf -- status") else {
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
