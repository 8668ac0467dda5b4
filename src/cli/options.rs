//! The command line as typed values.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::console::Verbosity;
use crate::net::FamilySelection;

/// The records, if they are given as arguments instead of a config file. Texts as typed; the config checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline {
    /// `--domain`: the domain at Gandi.
    pub domain: String,
    /// `--name`: names relative to the domain. Never empty.
    pub names: Vec<String>,
    /// `--type`, or the types of `-4` and `-6`. Empty for the default.
    pub types: Vec<String>,
    /// `--ttl`: seconds; `None` for the default.
    pub ttl: Option<String>,
}

/// The place where the records are configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file; `None` for the first default file that exists.
    File(Option<PathBuf>),
    /// `-c -`: the standard input, which `main` has read into the environment.
    Stdin,
    /// The arguments.
    Inline(Inline),
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputFormat {
    /// Lines of text.
    #[default]
    Text,
    /// `--json`: one JSON object.
    Json,
}

/// Options of every command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalOptions {
    /// `--config`, or `--domain` with `--name`, `--type` and `--ttl`.
    pub source: ConfigSource,
    /// `--option`: global keys of the config with their values, each as typed. The config checks all but the `=`.
    pub overrides: Vec<String>,
    /// `--address`: the address to publish of each family, in the order of [`Family::ALL`]; the config checks that it is
    /// global. `None` if it is detected.
    ///
    /// [`Family::ALL`]: crate::net::Family::ALL
    pub addresses: [Option<IpAddr>; 2],
    /// `-4`, `-6` and `--address`: the address families to update.
    pub families: FamilySelection,
    /// `--json`: the form of the output.
    pub format: OutputFormat,
    /// `--verbose` and `--quiet`.
    pub verbosity: Verbosity,
}

/// The effect of a run on the zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// Changes are written.
    #[default]
    Apply,
    /// `--dry-run`: changes are only shown.
    DryRun,
}

/// The use of cached confirmations and backoff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CachePolicy {
    /// Both are used.
    #[default]
    Use,
    /// `--force`: both are ignored.
    Ignore,
}

/// The destination of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogDestination {
    /// stdout and stderr.
    #[default]
    Streams,
    /// `--syslog`: the system log.
    Syslog,
}

/// Options of an update, the run without a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateOptions {
    /// `--dry-run`: whether changes are written.
    pub mode: WriteMode,
    /// `--force`: whether cached confirmations and backoff count.
    pub cache: CachePolicy,
    /// `--wait`: temporary failures are retried for up to this time, at most one day.
    pub wait: Duration,
    /// `--splay`: upper limit of the random delay before the start, at most one hour.
    pub splay: Duration,
    /// `--syslog`: the destination of messages.
    pub log: LogDestination,
}

/// Options of `watch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// `--interval`: the time between two passes without an event, 10 s to 1 d.
    pub interval: Duration,
    /// `--syslog`: the destination of messages.
    pub log: LogDestination,
}

/// The amount of detail in the output of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Everything but secrets is shown.
    Off,
    /// `--redact`: host names and addresses are hidden as well.
    On,
}

/// The questions of `setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Questions {
    /// They are asked.
    Ask,
    /// `--yes`: none is asked; the defaults are the answers.
    AssumeYes,
}

/// Options of `setup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupOptions {
    /// The answers that are given as options. What is not given is empty.
    pub inline: Inline,
    /// `--yes`: whether anything is asked.
    pub questions: Questions,
    /// `--force`: files and addresses that exist are replaced without a question.
    pub existing: Existing,
}

/// Files and addresses that `setup` finds, and has not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They are kept, unless the user wants to replace them.
    Keep,
    /// They are replaced.
    Replace,
}

/// The extent of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckScope {
    /// Everything that a run depends on.
    Everything,
    /// `--offline`: the config, the files that it names, and their permissions.
    Offline,
}

/// A command with its own options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// No command: update the records.
    Update(UpdateOptions),
    /// `watch`: update the records again and again, whenever there is a reason.
    Watch(WatchOptions),
    /// `ip`: show the address that each source reports.
    Ip,
    /// `check`: diagnose the whole setup.
    Check(Redaction, CheckScope),
    /// `status`: show the saved state.
    Status,
    /// `get`: print what the zone holds for the records with these names; all records if there are none.
    Get(Vec<String>),
    /// `setup`: ask for everything, and write the config.
    Setup(SetupOptions),
}

/// A parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The options of every command. The defaults if a text is asked for.
    pub options: GlobalOptions,
    /// The command.
    pub command: Command,
}

impl Default for Invocation {
    fn default() -> Self {
        Self { options: GlobalOptions::default(), command: Command::Help }
    }
}

impl Default for ConfigSource {
    fn default() -> Self {
        Self::File(None)
    }
}
