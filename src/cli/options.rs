//! The arguments as values.

use std::path::PathBuf;
use std::time::Duration;

use crate::console::Verbosity;
use crate::net::FamilySelection;

/// The records, when arguments name them instead of a config file. Texts as typed; the config checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline {
    /// `--domain`.
    pub domain: String,
    /// Each `--name`.
    pub names: Vec<String>,
    /// Each `--type`.
    pub types: Vec<String>,
    /// `--ttl`.
    pub ttl: Option<String>,
}

/// The place where the records are configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file; `None` for the first default file that exists.
    File(Option<PathBuf>),
    /// The arguments.
    Inline(Inline),
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Lines of text.
    Text,
    /// `--json`: one JSON object.
    Json,
}

/// Options of every command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalOptions {
    /// `--config`, or `--domain` and its companions.
    pub source: ConfigSource,
    /// `-4` and `-6`.
    pub families: FamilySelection,
    /// `--json`.
    pub format: OutputFormat,
    /// `--verbose` or `--quiet`.
    pub verbosity: Verbosity,
}

/// Whether changes are written.
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
    /// Both count.
    #[default]
    Use,
    /// `--force`: both are ignored.
    Ignore,
}

/// The destination of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogDestination {
    /// stdout and stderr.
    #[default]
    Streams,
    /// `--syslog`: the system log.
    Syslog,
}

/// Options of the update command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateOptions {
    /// `--dry-run`.
    pub mode: WriteMode,
    /// `--force`.
    pub cache: CachePolicy,
    /// `--wait`: temporary failures are retried for up to this time, at most one day.
    pub wait: Duration,
    /// `--splay`: upper limit of the random delay before the start, at most one hour.
    pub splay: Duration,
    /// `--syslog`.
    pub log: LogDestination,
}

/// The output of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Everything but secrets is shown.
    Off,
    /// `--redact`: host names and addresses are hidden as well.
    On,
}

/// A parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// No command: update the records.
    Update(GlobalOptions, UpdateOptions),
    /// `ip`: show the address that each source reports.
    Ip(GlobalOptions),
    /// `check`: diagnose the whole setup.
    Check(GlobalOptions, Redaction),
    /// `status`: show the saved state.
    Status(GlobalOptions),
}
