//! `gandi-ddns status`: shows the saved state and the history. Makes no request and changes nothing.

mod json;
mod report;

use std::path::{Path, PathBuf};

use crate::cli::{GlobalOptions, OutputFormat};
use crate::commands::context::{Context, load, report_config_error};
use crate::config::{Config, ConfigError, Credentials};
use crate::console::Console;
use crate::exit::Exit;
use crate::outcome::FailureRecord;
use crate::state::history::{self, HistoryEntry};
use crate::state::{self, Confirmed, State, StoreStatus, WatcherStatus};
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::time::{EARLIEST, Timestamp, implausible};
use crate::sys::words::count;
use crate::token;
use report::Report;

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(now: Timestamp, text: &str) -> String {
    early_end(now, Exit::Usage, text.to_owned())
}

/// Returns the object of a command that has read nothing.
fn early_end(now: Timestamp, exit: Exit, error: String) -> String {
    let mut report = Report::new(now);
    report.exit = exit;
    report.error = Some(error);
    json::object(&report)
}

/// Runs the command. Returns the most severe exit code of the saved failures.
#[inline(never)]
pub fn execute(options: &GlobalOptions, context: &Context, console: &mut Console) -> Exit {
    let now = (context.now)();
    let (config, dir, id, state) = match read(options, context) {
        Ok(saved) => saved,
        Err(e) => {
            if options.format == OutputFormat::Json {
                console.object(&early_end(now, e.exit(), e.to_string()));
            }
            return report_config_error(&e, "", console);
        }
    };
    let dir = dir.as_path();
    let mut report = Report::new(now);
    report.saved = Some((&config, &state));
    report.warnings.extend(implausible(now));
    report.last_run = state::last_run(dir, id);
    report.watcher = state::last_watcher(dir, id);
    for record in &config.records {
        let failure =
            state.record(config.account(record).api.as_str(), &record.key).and_then(|r| r.failure.as_ref());
        report.exit = report.exit.max(failure.map_or(Exit::Ok, |f| f.exit));
    }
    if let StoreStatus::Unusable(e) = state::inspect(dir, id) {
        report.is_running = e.is_locked();
        if let Some(text) = e.hung(now) {
            report.warnings.push(text);
            report.exit = report.exit.max(Exit::TryLater);
        }
    }
    let path = config.history.clone().unwrap_or_else(|| history::default_path(dir, id));
    match history::read(&path) {
        Ok(changes) => report.changes = Some(changes),
        Err(e) => report.warnings.push(format!("could not read the history {}: {e}", path.display())),
    }
    for text in &report.warnings {
        console.warn(format_args!("{text}"));
    }
    if options.format == OutputFormat::Json {
        console.object(&json::object(&report));
    } else {
        print(&report, dir, console);
    }
    report.exit
}

/// Reads the config, its state directory and the state.
fn read(
    options: &GlobalOptions,
    context: &Context,
) -> Result<(Box<Config>, PathBuf, ConfigId, State), ConfigError> {
    let (config, id) = load(options, context, Credentials::Optional)?;
    let Some(dir) = config.state_dir.clone() else {
        let text = "no directory for the state: set `state_dir`, or HOME".to_owned();
        return Err(ConfigError::other(Exit::Config, text));
    };
    match state::read_unlocked(&dir, id) {
        Ok(state) => Ok((config, dir, id, state)),
        Err(e) => Err(ConfigError::other(e.exit(), chain(&e))),
    }
}

/// Prints the report as text.
fn print(report: &Report, dir: &Path, console: &mut Console) {
    let Some((config, state)) = report.saved else { return };
    let now = report.now;
    match report.last_run {
        Some(at) => print_time("last run: ", at, now, console),
        None => console.notice(format_args!(
            "last run: none recorded in {} (a directory in memory is empty after a reboot)",
            dir.display()
        )),
    }
    if let Some(watcher) = &report.watcher {
        print_watcher(watcher, now, console);
    }
    for (number, account) in config.accounts.iter().enumerate() {
        let Some(expires) = state.token(number, account).and_then(|token| token.expires_at) else { continue };
        // A clock that is wrong does not know how many days are left.
        let text = if now < EARLIEST { format!("expires at {expires}") } else { token::expiry(expires, now) };
        console.notice(format_args!("token{}: {text}", config.source_of(account)));
    }
    print_records(config, state, now, console);
    if let Some(changes) = &report.changes {
        print_changes(changes, console);
    }
}

/// Prints the state of the last watcher.
fn print_watcher(watcher: &WatcherStatus, now: Timestamp, console: &mut Console) {
    match watcher.since.filter(|_| watcher.is_running) {
        Some(since) => print_time("watcher: running since ", since, now, console),
        None => console.notice(format_args!("watcher: not running")),
    }
    if let Some(woken) = watcher.woken {
        print_time("last wake-up: ", woken, now, console);
    }
}

/// Prints a line for each change, the newest first.
fn print_changes(changes: &[HistoryEntry], console: &mut Console) {
    if changes.is_empty() {
        return console.notice(format_args!("\nno changes recorded"));
    }
    console.notice(format_args!("\nchanges, newest first:"));
    for HistoryEntry { at, record, old, new } in changes.iter().rev() {
        match old {
            Some(old) => console.notice(format_args!("  {at}  {record}  {old} -> {new}")),
            None => console.notice(format_args!("  {at}  {record}  created {new}")),
        }
    }
}

/// Prints a paragraph for each record.
fn print_records(config: &Config, state: &State, now: Timestamp, console: &mut Console) {
    for record in &config.records {
        console.notice(format_args!("\n{}", record.key));
        let known = state.record(config.account(record).api.as_str(), &record.key);
        match known.and_then(|r| r.confirmed.as_ref()) {
            Some(Confirmed { address, ttl, at, changed, .. }) => {
                let at = with_age(*at, now);
                console.notice(format_args!("  {address}, TTL {ttl} s (last confirmed {at})"));
                if let Some(changed) = changed {
                    print_time("  last changed: ", *changed, now, console);
                }
            }
            None => console.notice(format_args!("  not confirmed yet")),
        }
        if let Some(failure) = known.and_then(|r| r.failure.as_ref()) {
            let FailureRecord { first_seen, consecutive, text, .. } = failure;
            let number = match consecutive {
                // No server was reached, or the time of the run was up: such failures are not counted.
                0 => String::new(),
                number => format!(", {} in a row", count(u64::from(*number), "failure")),
            };
            let since = with_age(*first_seen, now);
            console.notice(format_args!("  failing since {since}{number}: {text}"));
            if let Some(end) = failure.retry_after.filter(|end| *end > now) {
                console.notice(format_args!("  next try at {end}"));
            }
        }
    }
}

/// Prints a time after its meaning.
#[inline(never)]
fn print_time(meaning: &str, at: Timestamp, now: Timestamp, console: &mut Console) {
    console.notice(format_args!("{meaning}{}", with_age(at, now)));
}

/// Returns the time and its age, as in `2026-11-24 01:55:10 UTC (3 minutes ago)`.
fn with_age(at: Timestamp, now: Timestamp) -> String {
    // A clock that is wrong tells no age; one that was a little ahead, a small one.
    if now < EARLIEST {
        return at.to_string();
    }
    let age = now.since(at).unwrap_or(0);
    let (number, unit) = match age {
        0..120 => (age, "second"),
        120..7200 => (age / 60, "minute"),
        7200..172_800 => (age / 3600, "hour"),
        _ => (age / 86_400, "day"),
    };
    format!("{at} ({} ago)", count(number, unit))
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, with_age};

    #[test]
    fn with_age_gives_the_age_in_the_largest_fitting_unit() {
        let at = Timestamp::from_secs;
        let now = 1_795_478_400;
        for (ago, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7200, "2 hours"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
        ] {
            assert!(with_age(at(now - ago), at(now)).ends_with(&format!(" UTC ({words} ago)")), "{ago}");
        }
        assert!(with_age(at(now + 5), at(now)).ends_with("(0 seconds ago)"), "the clock was ahead");
    }
}
