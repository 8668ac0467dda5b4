//! What lies on this machine: the config's files and programs, the state, the history.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::findings::Findings;
use crate::config::Config;
use crate::exit::Exit;
use crate::gandi::Credential;
use crate::state::{self, Place};
use crate::sys::time::Utc;

pub(super) fn config(config: &Config, found: &mut Findings) {
    let records = config.records.len();
    found.fine("config", format!("good; {records} record{} to keep", if records == 1 { "" } else { "s" }));
    for warning in &config.warnings {
        found.warn("config", warning.clone());
    }
    if matches!(config.credential, Credential::ApiKey(_)) {
        let text = "Gandi has deprecated API keys: make a personal access token at admin.gandi.net, and name its file \
                    with `token_file`";
        found.warn("token", text);
    }
    for (key, program) in
        [("on_change", &config.hearing.on_change), ("on_failure", &config.hearing.on_failure)]
    {
        if let Some(path) = program {
            let problem = match fs::metadata(path) {
                Err(e) => Some(format!("{e}")),
                Ok(m) if !m.is_file() || m.permissions().mode() & 0o111 == 0 => {
                    Some(format!("is no program: chmod +x {}", path.display()))
                }
                Ok(_) => None,
            };
            match problem {
                Some(problem) => found.warn(key, format!("{}: {problem}", path.display())),
                None => found.fine(key, format!("{} is there", path.display())),
            }
        }
    }
    if let Some(path) = config.token_file.as_deref().filter(|_| config.renew_token)
        && fs::symlink_metadata(path).is_ok_and(|m| !m.is_file())
    {
        let text = "is a link: the token cannot be renewed there; name the file itself in `token_file`";
        found.warn("renew_token", format!("{} {text}", path.display()));
    }
    if let Some(path) = &config.history
        && !path.parent().is_none_or(|d| d.as_os_str().is_empty() || d.is_dir())
    {
        found.warn("history", format!("{}: make its directory first", path.display()));
    }
}

pub(super) fn state(config: &Config, instance: u64, uid: Option<u32>, now: u64, found: &mut Findings) {
    let Some(dir) = &config.state_dir else {
        found.warn("state", "no place for it, so each run asks Gandi: set `state_dir`, or HOME");
        return;
    };
    let place = dir.display();
    match state::look(dir, instance, uid) {
        Place::Missing => found.fine("state", format!("{place} is not there yet: a run will make it")),
        Place::Good => found.fine("state", format!("{place} is good, and no run holds the lock")),
        Place::Bad(e) if e.is_busy() => found.fail(Exit::TryLater, "state", e.to_string()),
        Place::Bad(e) => found.warn("state", format!("{e}; each run asks Gandi, and two runs may meet")),
    }
    last_success(config, dir, instance, now, found);
}

fn last_success(config: &Config, dir: &Path, instance: u64, now: u64, found: &mut Findings) {
    let state = match state::peek(dir, instance) {
        Ok(state) => state,
        Err(e) if e.is_harmless() => return,
        Err(e) => return found.warn("last success", e.to_string()),
    };
    let memories = || config.records.iter().filter_map(|r| state.memory(config.api.as_str(), &r.key));
    match memories().filter_map(|m| m.seen.as_ref()).map(|s| s.at).max() {
        Some(at) if at <= now => found.fine("last success", Utc(at).to_string()),
        Some(at) => {
            found.warn("last success", format!("{}, which is yet to come: the clock was wrong", Utc(at)));
        }
        None => found.fine("last success", "none that is remembered"),
    }
    if let Some(since) = memories().filter_map(|m| m.failed.as_ref()).map(|f| f.since).min() {
        found.warn("last runs", format!("failing since {}: see gandi-ddns status", Utc(since)));
    }
}
