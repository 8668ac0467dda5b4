//! The machine: the facts that decide, and the changes to it.

use std::fs;
use std::path::Path;

use rustix::fs::OFlags;

use super::crontab::Dialect;
use super::package;
use super::plan::{Cron, Job, Machine, Plan, TIMER, WATCH};
use crate::sys::atomic_file;
use crate::sys::directory::Directory;
use crate::sys::file_error::FileError;
use crate::sys::ownership;
use crate::sys::read_limited::{if_exists, read_open, read_to_string, text_of};
use crate::sys::subprocess::{ToolError, tool};

/// The places of units of the administrator and of packages (systemd.unit(5)).
const UNIT_DIRS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Exists if the service that waits for changes is enabled. The timer must not be enabled beside it.
const WATCH_ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/gandi-ddns-watch.service";

/// The directory of busybox's and OpenWrt's crontabs, and that of root.
const CRONTABS: &str = "/etc/crontabs";
const CRONTAB: &str = "/etc/crontabs/root";
/// The init scripts of OpenWrt's package and of its cron.
const SERVICE: &str = "/etc/init.d/gandi-ddns";
const CRON_SERVICE: &str = "/etc/init.d/cron";
/// Maximum size in bytes of a crontab.
const MAX_CRONTAB: u64 = 1 << 20;
/// Directories that are empty after a reboot.
const TEMPORARY: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/dev/shm"];

/// Collects the facts.
pub(super) fn look(job: &Job) -> Machine {
    let is_root = job.uid == Some(0);
    let has_file = is_root && Path::new(CRONTABS).is_dir();
    Machine {
        unit: if has_systemd() && job.is_packaged() { unit() } else { None },
        has_package: job.is_packaged()
            && !job.domain.is_empty()
            && [SERVICE, "/etc/config/gandi-ddns"].iter().all(|f| Path::new(f).is_file()),
        others: other_tables(),
        cron: if has_file { cron_of_file() } else { cron_of_program() },
        misplaced: job.program.map(misplaced).unwrap_or_default(),
    }
}

/// Returns true if systemd is running (`sd_booted(3)`).
fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Returns the installed unit that is to be enabled.
fn unit() -> Option<&'static str> {
    let is_installed = |unit: &str| UNIT_DIRS.iter().any(|dir| Path::new(dir).join(unit).is_file());
    let units = if Path::new(WATCH_ENABLED).is_symlink() { [WATCH, TIMER] } else { [TIMER, WATCH] };
    units.into_iter().find(|unit| is_installed(unit))
}

/// Returns the lines of the crontabs that belong to the system. Those that leave the work to systemd do not count where
/// it is running.
fn other_tables() -> String {
    let leaves_to_systemd = |line: &str| line.contains("/run/systemd") && has_systemd();
    let mut files = vec![Path::new("/etc/crontab").to_owned()];
    files.extend(fs::read_dir("/etc/cron.d").into_iter().flatten().flatten().map(|entry| entry.path()));
    let mut lines = String::new();
    for text in files.iter().filter_map(|file| read_to_string(file, MAX_CRONTAB).ok()) {
        for line in text.lines().filter(|line| !leaves_to_systemd(line)) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

fn cron_of_file() -> Cron {
    match if_exists(read_to_string(Path::new(CRONTAB), MAX_CRONTAB)) {
        Ok(table) => Cron::File(table.unwrap_or_default()),
        Err(e) => Cron::Unreadable(format!("could not read {CRONTAB}: {e}")),
    }
}

fn cron_of_program() -> Cron {
    let table = match tool(&["crontab", "-l"], "") {
        Ok(table) => table,
        Err(ToolError::Missing) => return Cron::Missing,
        // There is no exit code for it. The words are those of cron, cronie and systemd-cron, and of busybox.
        Err(ToolError::Failed(e)) if e.contains("no crontab for") || e.contains("No such file") => {
            String::new()
        }
        Err(ToolError::Failed(e)) => return Cron::Unreadable(e),
    };
    let is_busybox =
        matches!(tool(&["crontab", "--help"], ""), Err(ToolError::Failed(e)) if e.contains("BusyBox"));
    Cron::Program(table, if is_busybox { Dialect::Busybox } else { Dialect::Full })
}

/// Returns the reason why cron should not run this program; empty if there is none.
fn misplaced(program: &Path) -> String {
    if TEMPORARY.iter().any(|dir| program.starts_with(dir)) {
        return format!("{} may be gone after a reboot", program.display());
    }
    ownership::check(program).err().unwrap_or_default()
}

/// Does what the plan says.
pub(super) fn carry_out(plan: &Plan, job: &Job) -> Result<(), String> {
    match plan {
        Plan::Unit(unit) => {
            run(&["systemctl", "enable", "--now", unit])?;
            // It may have been running with another config.
            if *unit == WATCH { run(&["systemctl", "restart", unit]) } else { Ok(()) }
        }
        Plan::Package => enable_package(job),
        Plan::Program(table, _) => tool(&["crontab", "-"], table).map(drop).map_err(text),
        Plan::File(table, _) => {
            write_file(table).map_err(|e| format!("could not write {CRONTAB}: {e}"))?;
            // OpenWrt does not start crond without a crontab. Others notice the new file by themselves.
            if !Path::new(CRON_SERVICE).is_file() {
                return Ok(());
            }
            run(&[CRON_SERVICE, "enable"])?;
            run(&[CRON_SERVICE, "restart"])
        }
        Plan::Running(_) | Plan::Print(..) => Ok(()),
    }
}

fn enable_package(job: &Job) -> Result<(), String> {
    let shown = tool(&["uci", "show", "gandi-ddns"], "").map_err(text)?;
    for setting in package::settings(&shown, job) {
        if let Err(e) = run(&["uci", "set", &setting]) {
            // Otherwise the next `uci commit` of others would take the rest of it.
            let _ = run(&["uci", "revert", "gandi-ddns"]);
            return Err(e);
        }
    }
    run(&["uci", "commit", "gandi-ddns"])?;
    run(&[SERVICE, "enable"])?;
    run(&[SERVICE, "reload"])
}

/// Replaces root's table, unless it has changed since it was read.
fn write_file(table: &str) -> Result<(), FileError> {
    let (dir, name) = Directory::of(Path::new(CRONTAB))?;
    let old = if_exists(dir.open_file(&name, OFlags::RDONLY))?;
    let Some(old) = old else { return atomic_file::replace(&dir, &name, table, None) };
    if !table.starts_with(&text_of(read_open(&old, MAX_CRONTAB)?)?) {
        return Err(FileError::NotText("it has changed meanwhile"));
    }
    atomic_file::replace(&dir, &name, table, Some(&old.metadata()?))
}

fn run(words: &[&str]) -> Result<(), String> {
    tool(words, "").map(drop).map_err(text)
}

fn text(e: ToolError) -> String {
    match e {
        ToolError::Missing => "a program of the system is missing".to_owned(),
        ToolError::Failed(text) => text,
    }
}
