//! Parses the command line into an [`Invocation`]. The config checks the values of `--domain`, `--name`, `--type` and
//! `--ttl`.

mod error;
mod help;
mod options;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use pico_args::Arguments;

use crate::console::Verbosity;
use crate::dns::RrsetType;
use crate::net::{Family, FamilySelection};
use crate::sys::time::duration;
pub use error::UsageError;
pub use help::{help, version};
pub use options::{
    CachePolicy, ConfigSource, GlobalOptions, Inline, Invocation, LogDestination, OutputFormat, Redaction,
    UpdateOptions, WriteMode,
};

/// The maximum of `--wait` in seconds: one day.
const WAIT_MAX: u64 = 86_400;
/// The maximum of `--splay` in seconds: one hour.
const SPLAY_MAX: u64 = 3600;

/// Parses the arguments, without the program name. `--help` and `--version` take precedence over every error but an
/// unknown argument.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, UsageError> {
    let mut args = Arguments::from_vec(arguments);
    let invocation = invocation(&mut args);
    let (help, version) = (args.contains(["-h", "--help"]), args.contains(["-V", "--version"]));
    if (invocation.is_ok() || help || version)
        && let Some(argument) = args.finish().first()
    {
        return Err(unknown(&argument.to_string_lossy()));
    }
    match (help, version) {
        (true, _) => Ok(Invocation::Help),
        (false, true) => Ok(Invocation::Version),
        (false, false) => invocation,
    }
}

/// Takes all known options in any order, and then checks that they can be used together and with the command.
fn invocation(args: &mut Arguments) -> Result<Invocation, UsageError> {
    // Options with a value come first: otherwise the flag `-f` would be found in `-c=f`.
    let config: Option<PathBuf> = args.opt_value_from_str(["-c", "--config"])?;
    let (quiet, verbose) = (args.contains(["-q", "--quiet"]), args.contains(["-v", "--verbose"]));
    let families = match (args.contains("-4"), args.contains("-6")) {
        (false, false) => FamilySelection::Any,
        (true, false) => FamilySelection::Only(Family::V4),
        (false, true) => FamilySelection::Only(Family::V6),
        (true, true) => FamilySelection::Both,
    };
    let (json, redact) = (args.contains("--json"), args.contains("--redact"));
    let (dry_run, force) = (args.contains(["-n", "--dry-run"]), args.contains(["-f", "--force"]));
    let syslog = args.contains("--syslog");
    // No error is returned before all options are taken: `--help` takes precedence over errors.
    let (wait, splay) = (time(args, "--wait", WAIT_MAX), time(args, "--splay", SPLAY_MAX));
    let source = source(args, config, families);
    let command = args.subcommand()?;
    let (wait, splay, source) = (wait?, splay?, source?);
    let verbosity = match (quiet, verbose) {
        (true, true) => return Err(UsageError::Conflict("--quiet", "--verbose")),
        (true, false) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let inline = matches!(source, ConfigSource::Inline(_));
    let format = if json { OutputFormat::Json } else { OutputFormat::Text };
    let global = GlobalOptions { source, families, format, verbosity };
    let update_options = [
        ("--dry-run", dry_run),
        ("--force", force),
        ("--wait", wait.is_some()),
        ("--splay", splay.is_some()),
        ("--syslog", syslog),
    ];
    let refuse = |options: &[(&'static str, bool)], command| match options.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(UsageError::NotFor(option, command)),
        None => Ok(()),
    };
    match command.as_deref() {
        Some("ip") => {
            refuse(&[("--domain", inline), ("--redact", redact)], "ip")?;
            refuse(&update_options, "ip").map(|()| Invocation::Ip(global))
        }
        Some("check") => {
            let redaction = if redact { Redaction::On } else { Redaction::Off };
            refuse(&update_options, "check").map(|()| Invocation::Check(global, redaction))
        }
        Some("status") => {
            refuse(&[("--json", json), ("--redact", redact)], "status")?;
            refuse(&update_options, "status").map(|()| Invocation::Status(global))
        }
        Some(_) => Err(UsageError::UnexpectedArgument),
        None if redact => Err(UsageError::RedactWithoutCheck),
        None => {
            let (wait, splay) = (wait.unwrap_or_default(), splay.unwrap_or_default());
            let mode = if dry_run { WriteMode::DryRun } else { WriteMode::Apply };
            let cache = if force { CachePolicy::Ignore } else { CachePolicy::Use };
            let log = if syslog { LogDestination::Syslog } else { LogDestination::Streams };
            Ok(Invocation::Update(global, UpdateOptions { mode, cache, wait, splay, log }))
        }
    }
}

/// Reads the time of an option, at most `max` seconds. `None` if the option is not given.
fn time(args: &mut Arguments, option: &'static str, max: u64) -> Result<Option<Duration>, UsageError> {
    let text: Option<String> = args.opt_value_from_str(option)?;
    let parse = |text: String| duration(&text, 0, max).map_err(|problem| UsageError::Value(option, problem));
    text.map(parse).transpose()
}

/// Returns the config file, or the records that `--domain` and its companions give.
fn source(
    args: &mut Arguments,
    config: Option<PathBuf>,
    families: FamilySelection,
) -> Result<ConfigSource, UsageError> {
    let domain: Option<String> = args.opt_value_from_str("--domain")?;
    let names: Vec<String> = args.values_from_str("--name")?;
    let mut types: Vec<String> = args.values_from_str("--type")?;
    let ttl: Option<String> = args.opt_value_from_str("--ttl")?;
    match domain {
        Some(_) if config.is_some() => Err(UsageError::Conflict("--config", "--domain")),
        Some(_) if names.is_empty() => {
            Err(UsageError::Requires("--domain", "at least one --name (use @ for the domain itself)"))
        }
        Some(domain) => {
            // The default type A would leave nothing to do under `-6` alone.
            if types.is_empty() && families.is_explicit() {
                let chosen = RrsetType::ALL.iter().filter(|t| families.includes(t.family()));
                types = chosen.map(ToString::to_string).collect();
            }
            Ok(ConfigSource::Inline(Inline { domain, names, types, ttl }))
        }
        None if !names.is_empty() => Err(UsageError::Requires("--name", "--domain")),
        None if !types.is_empty() => Err(UsageError::Requires("--type", "--domain")),
        None if ttl.is_some() => Err(UsageError::Requires("--ttl", "--domain")),
        None => Ok(ConfigSource::File(config)),
    }
}

/// Returns the error for an argument that nothing has taken. Neither values nor anything that may be a secret is kept.
fn unknown(argument: &str) -> UsageError {
    let option = argument.split('=').next().unwrap_or_default();
    let folded = option.trim_start_matches('-').replace('_', "-").to_ascii_lowercase();
    // A long word, or one with digits or other characters, may be a secret.
    let is_harmless = folded.len() <= 20 && folded.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !option.starts_with('-') || !is_harmless {
        return UsageError::UnexpectedArgument;
    }
    if ["token", "api-key", "apikey", "key", "password", "pat", "secret"].contains(&folded.as_str()) {
        UsageError::Secret(option.to_owned())
    } else {
        UsageError::UnknownOption(option.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<(GlobalOptions, UpdateOptions), String> {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
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
            ConfigSource::File(_) => Vec::new(),
        };
        assert_eq!(types("--domain example.org --name home -6"), ["AAAA"]);
        assert_eq!(types("--domain example.org --name home -46"), ["A", "AAAA"]);
        assert!(types("--domain example.org --name home").is_empty());
    }

    #[test]
    fn command_refuses_options_that_are_not_for_it() {
        let parse = |line: &str| parse(line.split_whitespace().map(OsString::from).collect());
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
        assert!(matches!(parse("check --redact --json"), Ok(Invocation::Check(_, Redaction::On))));
        assert!(matches!(
            parse("check --domain example.org --name @"),
            Ok(Invocation::Check(_, Redaction::Off))
        ));
        assert!(matches!(parse("status -c x.conf"), Ok(Invocation::Status(_))));
        for bad in [
            "ip --dry-run",
            "ip stray",
            "ip --domain example.org --name @",
            "ip --redact",
            "ipp",
            "-n ip",
            "check --force",
            "check --wait 5",
            "check --syslog",
            "status --json",
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
