//! Checks on this machine: files and programs named in the config, the state directory, the results of former runs.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::findings::{Findings, Id};
use crate::config::Config;
use crate::dns::RrsetKey;
use crate::exit::Exit;
use crate::gandi::{Credential, USE_TOKEN};
use crate::state::{self, StoreStatus, history};
use crate::sys::error_chain::chain;
use crate::sys::hash::ConfigId;
use crate::sys::subprocess::ProcessError;
use crate::sys::time::Timestamp;
use crate::sys::words::count;
use crate::token;

/// Checks the config: its warnings, and the files and programs that it names.
#[inline(never)]
pub(super) fn check_config(config: &Config, findings: &mut Findings) {
    let records = count(config.records.len() as u64, "record");
    // The config would not have been loaded otherwise.
    let safe = "no other user can change it, its secrets or its programs";
    findings.ok(Id::Config, "", format!("{records} configured; {safe}"));
    for warning in &config.warnings {
        findings.warn(Id::Config, "", warning.clone());
    }
    check_names(config, findings);
    for account in &config.accounts {
        let (source, length) = (account.credential.source(), account.credential.expose().len() as u64);
        findings.ok(Id::Token, "", format!("from {source}, {}", count(length, "character")));
        let about = config.source_of(account);
        if matches!(account.credential, Credential::ApiKey(_)) {
            let text = format!("Gandi has deprecated API keys: {USE_TOKEN}");
            findings.warn(Id::ApiKey, about.trim(), text);
        }
        if let Some(obstacle) = token::renewal_obstacle(account) {
            findings.warn(Id::RenewToken, about.trim(), obstacle);
        }
    }
    let hooks = &config.notifications;
    for (id, program) in [(Id::OnChange, &hooks.on_change), (Id::OnFailure, &hooks.on_failure)] {
        if let Some(path) = program {
            check_program(id, path, findings);
        }
    }
    if let Some(path) = &config.history {
        let name = path.display();
        if !path.parent().is_none_or(|d| d.as_os_str().is_empty() || d.is_dir()) {
            findings.warn(Id::History, "", format!("{name}: create its directory first"));
        } else if let Err(e) = history::read(path) {
            findings.warn(Id::History, "", format!("could not use {name}: {e}"));
        }
    }
}

/// Warns of names that look like absolute ones.
fn check_names(config: &Config, findings: &mut Findings) {
    let mut first: Option<&RrsetKey> = None;
    let mut more = 0;
    for record in config.records.iter().filter(|r| r.looks_absolute()) {
        match first {
            None => first = Some(&record.key),
            // A name has up to two types.
            Some(first) => more += usize::from(record.key.rrtype == first.rrtype),
        }
    }
    let Some(first) = first else { return };
    let are = match more {
        0 => " looks like a full name, but is".to_owned(),
        more => format!(" and {more} more look like full names, but are"),
    };
    let (name, host) = (first.name.typed(), first.typed());
    findings.warn(Id::Names, "", format!("`{name}`{are} relative to the domain: {host}"));
}

/// Checks that a hook program is an executable file.
fn check_program(id: Id, path: &Path, findings: &mut Findings) {
    let path_text = path.display();
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            findings.warn(id, "", format!("{path_text}: {}", ProcessError::Start(e)));
        }
        Err(e) => findings.warn(id, "", format!("{path_text}: {e}")),
        Ok(m) if !m.is_file() || m.permissions().mode() & 0o111 == 0 => {
            findings.warn(id, "", format!("{path_text}: not an executable file: chmod +x {path_text}"));
        }
        Ok(_) => findings.ok(id, "", format!("{path_text} is executable")),
    }
}

/// Checks the state directory, its lock, and the results of former runs.
pub(super) fn check_state(config: &Config, id: ConfigId, now: Timestamp, findings: &mut Findings) {
    let Some(dir) = check_state_directory(config, id, Some(now), findings) else { return };
    check_former_runs(config, dir, id, now, findings);
}

/// Checks the state directory, and with `now` its lock. Returns it if the results of former runs can be read.
pub(super) fn check_state_directory<'a>(
    config: &'a Config,
    id: ConfigId,
    now: Option<Timestamp>,
    findings: &mut Findings,
) -> Option<&'a Path> {
    let Some(dir) = &config.state_dir else {
        let text = format!("no directory: set `state_dir`, or HOME; {}", state::WITHOUT_STATE);
        findings.warn(Id::State, "", text);
        return None;
    };
    let path = dir.display();
    match (state::inspect(dir, id), now) {
        (StoreStatus::Missing, _) => {
            findings.ok(Id::State, "", format!("{path} does not exist yet (created on the first run)"));
        }
        (StoreStatus::Usable, _) => {
            findings.ok(Id::State, "", format!("{path} is usable and not locked"));
        }
        (StoreStatus::Unusable(e), Some(now)) if e.is_locked() => {
            findings.fail(Exit::TryLater, Id::State, "", e.hung(now).unwrap_or_else(|| e.to_string()));
        }
        (StoreStatus::Unusable(e), _) if e.is_locked() => {
            findings.ok(Id::State, "", format!("{path} is usable"));
        }
        (StoreStatus::Unusable(e), _) => {
            // The results of former runs cannot be read either.
            findings.warn(Id::State, "", format!("{}; {}", chain(&e), state::WITHOUT_STATE));
            return None;
        }
    }
    Some(dir)
}

fn check_former_runs(config: &Config, dir: &Path, id: ConfigId, now: Timestamp, findings: &mut Findings) {
    let state = match state::read_unlocked(dir, id) {
        Ok(state) => state,
        Err(e) if e.is_other_version() => return,
        Err(e) => return findings.warn(Id::LastSuccess, "", chain(&e)),
    };
    let (mut last_success, mut since) = (None, None);
    for record in &config.records {
        let Some(known) = state.record(config.account(record).api.as_str(), &record.key) else { continue };
        last_success = last_success.max(known.confirmed.as_ref().map(|c| c.at));
        if let Some(failure) = &known.failure
            && since.is_none_or(|since| failure.first_seen < since)
        {
            since = Some(failure.first_seen);
        }
    }
    match last_success {
        Some(at) if at <= now => findings.ok(Id::LastSuccess, "", at.to_string()),
        Some(at) => {
            findings.warn(Id::LastSuccess, "", format!("{at}, which is in the future: the clock was wrong"));
        }
        None => findings.ok(Id::LastSuccess, "", "none recorded"),
    }
    if let Some(since) = since {
        findings.warn(Id::LastRuns, "", format!("failing since {since}: see gandi-ddns status"));
    }
}
