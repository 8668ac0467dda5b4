//! `gandi-ddns status`: what is remembered, for people. No network, and nothing is changed.

use crate::cli::GlobalOptions;
use crate::commands::context::{Context, load, report_config_error};
use crate::config::{Config, Credentials};
use crate::console::Console;
use crate::exit::Exit;
use crate::outcome::FailureRecord;
use crate::state::{self, Confirmed, State, history};
use crate::sys::time::Timestamp;
use crate::token;

/// Runs the command. The code is that of the gravest failure that stands.
pub fn execute(asked: &GlobalOptions, context: &Context, console: &mut Console) -> Exit {
    let (config, id) = match load(asked, context, Credentials::Optional) {
        Ok(loaded) => loaded,
        Err(e) => return report_config_error(&e, console),
    };
    let Some(dir) = &config.state_dir else {
        console.error(format_args!(
            "there is no place for the state, so nothing is remembered: set `state_dir`, or HOME"
        ));
        return Exit::Config;
    };
    let state = match state::read_unlocked(dir, id) {
        Ok(state) => state,
        Err(e) => {
            console.error(format_args!("{e}"));
            return Exit::TryLater;
        }
    };
    let now = (context.now)();
    match state::last_run(dir, id) {
        Some(at) => console.notice(format_args!("last run: {}", when(at, now))),
        None => console.notice(format_args!(
            "last run: none that is remembered in {} (it is empty after a reboot if it is memory)",
            dir.display()
        )),
    }
    if let Some(expires) = state.token.expires_at {
        console.notice(format_args!("token: {}", token::expiry(expires, now)));
    }
    let exit = records(&config, &state, now, console);
    let place = config.history.clone().unwrap_or_else(|| history::default_path(dir, id));
    match history::read(&place) {
        Ok(changes) if changes.is_empty() => console.notice(format_args!("\nno change is remembered")),
        Ok(changes) => {
            console.notice(format_args!("\nchanges, newest first:"));
            for history::HistoryEntry { at, record, old, new } in changes.iter().rev() {
                console.notice(format_args!("  {at}  {record}  {old} -> {new}"));
            }
        }
        Err(e) => console.warn(format_args!("could not read the history {}: {e}", place.display())),
    }
    exit
}

/// A paragraph for each record.
fn records(config: &Config, state: &State, now: Timestamp, console: &mut Console) -> Exit {
    let mut exit = Exit::Ok;
    for record in &config.records {
        console.notice(format_args!("\n{}", record.key));
        let known = state.record(config.api.as_str(), &record.key);
        match known.and_then(|r| r.confirmed.as_ref()) {
            Some(Confirmed { address, ttl, at, changed, .. }) => {
                let at = when(*at, now);
                console.notice(format_args!("  {address}, TTL {ttl} s (last confirmed {at})"));
                if let Some(changed) = changed {
                    console.notice(format_args!("  last changed: {}", when(*changed, now)));
                }
            }
            None => console.notice(format_args!("  not confirmed yet")),
        }
        if let Some(failure) = known.and_then(|r| r.failure.as_ref()) {
            let FailureRecord { exit: code, first_seen, consecutive, text, .. } = failure;
            exit = exit.max(*code);
            let s = if *consecutive == 1 { "" } else { "s" };
            let since = when(*first_seen, now);
            console.notice(format_args!("  failing since {since}, {consecutive} attempt{s}: {text}"));
            if let Some(end) = failure.retry_after.filter(|end| *end > now) {
                console.notice(format_args!("  next try at {end}"));
            }
        }
    }
    exit
}

/// A time, and how long ago that is.
fn when(at: Timestamp, now: Timestamp) -> String {
    let ago = now.left(at);
    let (number, unit) = match ago {
        0..120 => (ago, "second"),
        120..7200 => (ago / 60, "minute"),
        7200..172_800 => (ago / 3600, "hour"),
        _ => (ago / 86_400, "day"),
    };
    format!("{at} ({number} {unit}{} ago)", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, when};

    #[test]
    fn when_tells_the_age_in_the_largest_fitting_unit() {
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
            assert!(when(at(now - ago), at(now)).ends_with(&format!(" UTC ({words} ago)")), "{ago}");
        }
        assert!(when(at(now + 5), at(now)).ends_with("(0 seconds ago)"), "by a clock that was ahead");
    }
}
