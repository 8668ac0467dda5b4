//! What lies on this machine: the config's files and programs, the state, the history.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::findings::Findings;
use crate::config::Config;
use crate::exit::Exit;
use crate::gandi::Credential;
use crate::state::{self, StoreStatus};
use crate::sys::hash::ConfigId;
use crate::sys::time::Timestamp;

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
        [("on_change", &config.notifications.on_change), ("on_failure", &config.notifications.on_failure)]
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

pub(super) fn state(config: &Config, id: ConfigId, uid: Option<u32>, now: Timestamp, found: &mut Findings) {
    let Some(dir) = &config.state_dir else {
        found.warn("state", "no place for it, so each run asks Gandi: set `state_dir`, or HOME");
        return;
    };
    let place = dir.display();
    match state::inspect(dir, id, uid) {
        StoreStatus::Missing => found.fine("state", format!("{place} is not there yet: a run will make it")),
        StoreStatus::Usable => found.fine("state", format!("{place} is good, and no run holds the lock")),
        StoreStatus::Unusable(e) if e.is_locked() => found.fail(Exit::TryLater, "state", e.to_string()),
        StoreStatus::Unusable(e) => found.warn("state", format!("{e}; {}", state::WITHOUT_STATE)),
    }
    last_success(config, dir, id, now, found);
}

fn last_success(config: &Config, dir: &Path, id: ConfigId, now: Timestamp, found: &mut Findings) {
    let state = match state::read_unlocked(dir, id) {
        Ok(state) => state,
        Err(e) if e.is_other_version() => return,
        Err(e) => return found.warn("last success", e.to_string()),
    };
    let known = || config.records.iter().filter_map(|r| state.record(config.api.as_str(), &r.key));
    match known().filter_map(|r| r.confirmed.as_ref()).map(|c| c.at).max() {
        Some(at) if at <= now => found.fine("last success", at.to_string()),
        Some(at) => {
            found.warn("last success", format!("{at}, which is yet to come: the clock was wrong"));
        }
        None => found.fine("last success", "none that is remembered"),
    }
    if let Some(since) = known().filter_map(|r| r.failure.as_ref()).map(|f| f.first_seen).min() {
        found.warn("last runs", format!("failing since {since}: see gandi-ddns status"));
    }
}
