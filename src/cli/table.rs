//! The one table of options, and the commands that each of them is for. `--help` lists the same options.

/// The commands of an option: bits of [`Spec::commands`].
pub(super) const UPDATE: u8 = 1;
pub(super) const CHECK: u8 = 2;
pub(super) const STATUS: u8 = 4;
pub(super) const IP: u8 = 8;
pub(super) const GET: u8 = 16;
pub(super) const SETUP: u8 = 32;
pub(super) const WATCH: u8 = 64;
/// The commands that update records.
pub(super) const UPDATES: u8 = UPDATE | WATCH;
/// The commands that work on records.
const RECORDS: u8 = UPDATES | CHECK | STATUS | GET;
const ALL: u8 = RECORDS | IP | SETUP;

/// The words of the commands. An update has none.
pub(super) const COMMANDS: [(&str, u8); 6] =
    [("watch", WATCH), ("check", CHECK), ("status", STATUS), ("ip", IP), ("get", GET), ("setup", SETUP)];

/// One option.
#[derive(Debug)]
pub(super) struct Spec {
    /// The long form; the short one if there is no other.
    pub(super) name: &'static str,
    /// The short form; empty if there is none.
    pub(super) short: &'static str,
    /// The word for its value; empty for a flag, which has none.
    pub(super) value: &'static str,
    /// The number of times that it may be given.
    pub(super) times: Times,
    /// The commands that it may be used with.
    pub(super) commands: u8,
}

/// The number of times that an option may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Once.
    Once,
    /// Any number of times: as a list of values, or without a further effect (`-vv`).
    Many,
}

const fn option(
    name: &'static str,
    short: &'static str,
    value: &'static str,
    times: Times,
    commands: u8,
) -> Spec {
    Spec { name, short, value, times, commands }
}

/// All options, in the order of `--help`.
pub(super) static OPTIONS: [Spec; 23] = [
    option("--config", "-c", "FILE", Times::Once, ALL),
    option("--option", "-o", "KEY=VALUE", Times::Many, ALL),
    option("-4", "-4", "", Times::Many, ALL),
    option("-6", "-6", "", Times::Many, ALL),
    option("--verbose", "-v", "", Times::Many, ALL),
    option("--quiet", "-q", "", Times::Many, ALL),
    option("--help", "-h", "", Times::Many, ALL),
    option("--version", "-V", "", Times::Many, ALL),
    option("--dry-run", "-n", "", Times::Once, UPDATE),
    option("--force", "-f", "", Times::Once, UPDATE | SETUP),
    option("--address", "", "ADDR", Times::Many, UPDATE),
    option("--wait", "", "TIME", Times::Once, UPDATE),
    option("--splay", "", "TIME", Times::Once, UPDATE),
    option("--syslog", "", "", Times::Once, UPDATES),
    option("--interval", "", "TIME", Times::Once, WATCH),
    option("--json", "", "", Times::Once, UPDATE | CHECK | STATUS | GET | IP),
    option("--yes", "-y", "", Times::Once, SETUP),
    option("--redact", "", "", Times::Once, CHECK),
    option("--offline", "", "", Times::Once, CHECK),
    option("--domain", "", "DOMAIN", Times::Once, RECORDS | SETUP),
    option("--name", "", "NAME", Times::Many, RECORDS | SETUP),
    option("--type", "", "TYPE", Times::Many, RECORDS | SETUP),
    option("--ttl", "", "TIME", Times::Once, RECORDS | SETUP),
];

/// Returns the option that `name` stands for: of several short ones in one word the last, which alone may have a value.
/// `None` if one of them is unknown.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    if name.starts_with("--") {
        return OPTIONS.iter().find(|o| o.name == name);
    }
    let mut last: Option<&Spec> = None;
    for letter in name.strip_prefix('-')?.bytes() {
        if last.is_some_and(|o| !o.value.is_empty()) {
            return None;
        }
        last = Some(OPTIONS.iter().find(|o| o.short.as_bytes().get(1) == Some(&letter))?);
    }
    last
}
