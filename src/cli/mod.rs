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
    LogDestination, OutputFormat, Questions, Redaction, SetupOptions, UpdateOptions, WatchOptions, WriteMode,
};
use table::{CHECK, COMMANDS, GET, IP, SETUP, STATUS, Spec, UPDATE, UPDATES, WATCH};
use values::{addresses, overrides, time};

/// The maximum of `--wait` in seconds: one day.
const WAIT_MAX: u64 = 86_400;
/// The maximum of `--splay` in seconds: one hour.
const SPLAY_MAX: u64 = 3600;
/// The least value of `--interval`, its default and its maximum, in seconds.
const INTERVAL: [u64; 3] = [10, 300, 86_400];

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
    let (before, only, also) = match option.commands {
        UPDATE => (", only with ", named(""), ""),
        UPDATES => (", only with ", named(""), " and watch"),
        bits => match COMMANDS.iter().find(|(_, bit)| *bit == bits) {
            Some((only, _)) => (", only with ", *only, ""),
            None => ("", "", ""),
        },
    };
    Invalid::new(&[option.name, " cannot be used with ", named(command), before, only, also])
}

/// Returns the command with its own options.
fn with_options(given: &Given, bit: u8, families: FamilySelection) -> Parsed<Command> {
    let is_forced = given.has("--force");
    let log = if given.has("--syslog") { LogDestination::Syslog } else { LogDestination::Streams };
    Ok(match bit {
        WATCH => Command::Watch(WatchOptions { interval: time(given, "--interval", INTERVAL)?, log }),
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
            wait: time(given, "--wait", [0, 0, WAIT_MAX])?,
            splay: time(given, "--splay", [0, 0, SPLAY_MAX])?,
            log,
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
mod tests;
