//! `gandi-ddns status`: what is remembered, for people. No network, and nothing is changed.

use crate::cli::Common;
use crate::commands::context::{World, load, unusable};
use crate::config::{Config, Token};
use crate::console::Console;
use crate::exit::Exit;
use crate::outcome::Failed;
use crate::state::{self, Seen, State, history};
use crate::sys::time::Utc;
use crate::token;

/// Runs the command. The code is that of the gravest failure that stands.
pub fn run(asked: &Common, world: &World, console: &mut Console) -> Exit {
    let (config, instance) = match load(asked, world, Token::Unneeded) {
        Ok(loaded) => loaded,
        Err(e) => return unusable(&e, console),
    };
    let Some(dir) = &config.state_dir else {
        console.error(format_args!(
            "there is no place for the state, so nothing is remembered: set `state_dir`, or HOME"
        ));
        return Exit::Config;
    };
    let state = match state::peek(dir, instance) {
        Ok(state) => state,
        Err(e) => {
            console.error(format_args!("{e}"));
            return Exit::TryLater;
        }
    };
    let now = (world.clock)();
    match state::last_run(dir, instance) {
        Some(at) => console.say(format_args!("last run: {}", when(at, now))),
        None => console.say(format_args!(
            "last run: none that is remembered in {} (it is empty after a reboot if it is memory)",
            dir.display()
        )),
    }
    if state.token.expires != 0 {
        console.say(format_args!("token: {}", token::expiry(state.token.expires, now)));
    }
    let exit = records(&config, &state, now, console);
    let place = config.history.clone().unwrap_or_else(|| history::with_state(dir, instance));
    match history::read(&place) {
        Ok(changes) if changes.is_empty() => console.say(format_args!("\nno change is remembered")),
        Ok(changes) => {
            console.say(format_args!("\nchanges, newest first:"));
            for history::Change { at, record, old, new } in changes.iter().rev() {
                console.say(format_args!("  {}  {record}  {old} -> {new}", Utc(*at)));
            }
        }
        Err(e) => console.warn(format_args!("could not read the history {}: {e}", place.display())),
    }
    exit
}

/// A paragraph for each record.
fn records(config: &Config, state: &State, now: u64, console: &mut Console) -> Exit {
    let mut exit = Exit::Ok;
    for record in &config.records {
        console.say(format_args!("\n{}", record.key));
        let memory = state.memory(config.api.as_str(), &record.key);
        match memory.and_then(|m| m.seen.as_ref()) {
            Some(Seen { address, ttl, at, changed, .. }) => {
                console
                    .say(format_args!("  held {address}, TTL {ttl} s, when last seen: {}", when(*at, now)));
                if *changed != 0 {
                    console.say(format_args!("  last changed: {}", when(*changed, now)));
                }
            }
            None => console.say(format_args!("  never confirmed, as far as is remembered")),
        }
        if let Some(failed) = memory.and_then(|m| m.failed.as_ref()) {
            let Failed { exit: code, since, tries, until, text, .. } = failed;
            exit = exit.max(*code);
            let s = if *tries == 1 { "" } else { "s" };
            console.say(format_args!("  failing since {}, tried {tries} time{s}: {text}", when(*since, now)));
            if *until > now {
                console.say(format_args!("  left alone until {}", Utc(*until)));
            }
        }
    }
    exit
}

/// A time, and how long ago that is.
fn when(at: u64, now: u64) -> String {
    let ago = now.saturating_sub(at);
    let (number, unit) = match ago {
        0..120 => (ago, "second"),
        120..7200 => (ago / 60, "minute"),
        7200..172_800 => (ago / 3600, "hour"),
        _ => (ago / 86_400, "day"),
    };
    format!("{} ({number} {unit}{} ago)", Utc(at), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::when;

    #[test]
    fn how_long_ago() {
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
            assert!(when(now - ago, now).ends_with(&format!(" UTC ({words} ago)")), "{ago}");
        }
        assert!(when(now + 5, now).ends_with("(0 seconds ago)"), "by a clock that was ahead");
    }
}
