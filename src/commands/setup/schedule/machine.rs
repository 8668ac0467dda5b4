//! The machine: the facts that decide, and the changes to it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::super::files::Records;
use super::crontab::{Dialect, running_line};
use crate::sys::ownership;
use crate::sys::read_limited::{if_exists, read_to_string};
use crate::sys::subprocess::{MISSING, tool};

/// The unit that runs the program every 5 minutes.
pub(super) const TIMER: &str = "gandi-ddns.timer";
/// The unit that keeps it running.
const WATCH: &str = "gandi-ddns-watch.service";
/// The places of units of the administrator and of packages (systemd.unit(5)).
const UNIT_DIRS: [&str; 4] = [
    "/etc/systemd/system/",
    "/usr/local/lib/systemd/system/",
    "/usr/lib/systemd/system/",
    "/lib/systemd/system/",
];
/// Exists if the service that waits for changes is enabled. The timer must not be enabled beside it.
const WATCH_ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/gandi-ddns-watch.service";

/// The directory of busybox's and OpenWrt's crontabs, and that of root.
const CRONTABS: &str = "/etc/crontabs";
pub(super) const CRONTAB: &str = "/etc/crontabs/root";
/// The init scripts of OpenWrt's package and of its cron, and the config of the package.
const SERVICE: &str = "/etc/init.d/gandi-ddns";
const CRON_SERVICE: &str = "/etc/init.d/cron";
const UCI: &str = "/etc/config/gandi-ddns";
/// Maximum size in bytes of a crontab.
const MAX_CRONTAB: u64 = 1 << 20;
/// Directories that are empty after a reboot.
const TEMPORARY: [&str; 4] = ["/tmp/", "/var/tmp/", "/run/", "/dev/shm/"];

/// The program and the config to run, and the records in the config.
pub(in crate::commands::setup) struct Job<'a> {
    /// The absolute path of this program; `None` if it is unknown.
    pub(in crate::commands::setup) program: Option<&'a Path>,
    /// The absolute path of the config; empty for the default one, which the packaged units run.
    pub(in crate::commands::setup) config: &'a str,
    pub(in crate::commands::setup) is_root: bool,
    /// The path of the token file, and the records, which the config of OpenWrt's package gets as well. Empty if they are
    /// not known.
    pub(in crate::commands::setup) token: &'a str,
    pub(in crate::commands::setup) records: &'a Records,
    /// Spreads the minutes of many machines.
    pub(in crate::commands::setup) seed: u64,
}

/// A way to run the program regularly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// This systemd unit.
    Unit(&'static str),
    /// The service of OpenWrt's package.
    Package,
    /// The table of the program `crontab`.
    Program,
    /// The table `/etc/crontabs/root`.
    File,
}

/// Returns true if systemd is running (`sd_booted(3)`).
pub(super) fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Returns the way that fits the machine.
pub(super) fn way(job: &Job) -> Way {
    let is_packaged = job.is_root && job.config.is_empty();
    if is_packaged && has_systemd() {
        let units = if Path::new(WATCH_ENABLED).is_symlink() { [WATCH, TIMER] } else { [TIMER, WATCH] };
        for unit in units {
            if UNIT_DIRS.iter().any(|dir| Path::new(&[dir, unit].concat()).is_file()) {
                return Way::Unit(unit);
            }
        }
    }
    if is_packaged
        && !job.records.domain.is_empty()
        && Path::new(SERVICE).is_file()
        && Path::new(UCI).is_file()
    {
        Way::Package
    } else if job.is_root && Path::new(CRONTABS).is_dir() {
        Way::File
    } else {
        Way::Program
    }
}

/// Returns the table of the user, and the dialect of its cron. The error is the reason why it cannot be read.
pub(super) fn table(way: Way) -> Result<(String, Dialect), String> {
    if way == Way::File {
        let table = if_exists(read_to_string(Path::new(CRONTAB), MAX_CRONTAB));
        let table = table.map_err(|e| format!("could not read {CRONTAB}: {e}"))?;
        return Ok((table.unwrap_or_default(), Dialect::Busybox));
    }
    let table = match tool(&["crontab", "-l"], "") {
        Err(e) if e.ends_with(MISSING) => {
            return Err("found neither a packaged service nor cron".to_owned());
        }
        // There is no exit code for it. The words are those of cron, cronie and systemd-cron, and of busybox.
        Err(e) if e.contains("no crontab for") || e.contains("No such file") => String::new(),
        table => table?,
    };
    let is_busybox = tool(&["crontab", "--help"], "").is_err_and(|e| e.contains("BusyBox"));
    Ok((table, if is_busybox { Dialect::Busybox } else { Dialect::Full }))
}

/// Returns the line of a crontab of the system that runs the program with this config. A line that leaves the work to
/// systemd does not count where that is running.
pub(super) fn running_elsewhere(config: &str) -> Option<String> {
    // A list of the directory by std would add 1 kB of code.
    const LINES: &str = "grep -h gandi-ddns /etc/crontab /etc/cron.d/* 2>/dev/null || :";
    let lines = tool(&["sh", "-c", LINES], "").unwrap_or_default();
    let line = running_line(&lines, config)?;
    let is_left = line.contains("/run/systemd") && has_systemd();
    (!is_left).then(|| line.to_owned())
}

/// Returns the reason why cron should not run this program; empty if there is none.
pub(super) fn misplaced(program: &str) -> String {
    if TEMPORARY.iter().any(|dir| program.starts_with(dir)) {
        return [program, " may be gone after a reboot"].concat();
    }
    ownership::check(Path::new(program)).err().unwrap_or_default()
}

fn run(words: &[&str]) -> Result<(), String> {
    tool(words, "").map(drop)
}

/// Goes that way. `lines` are those for a crontab.
pub(super) fn carry_out(way: Way, job: &Job, lines: &str) -> Result<(), String> {
    match way {
        Way::Unit(unit) => {
            run(&["systemctl", "enable", "--now", unit])?;
            // It may have been running with another config.
            if unit == WATCH { run(&["systemctl", "restart", unit]) } else { Ok(()) }
        }
        Way::Package => enable_package(job),
        Way::Program | Way::File => {
            // Read again: the answer may have taken a while.
            let (table, _) = table(way)?;
            let end = if table.is_empty() || table.ends_with('\n') { "" } else { "\n" };
            if way == Way::Program {
                return tool(&["crontab", "-"], &[&table, end, lines].concat()).map(drop);
            }
            append(&[end, lines].concat()).map_err(|e| format!("could not write {CRONTAB}: {e}"))?;
            // OpenWrt does not start crond without a crontab. Others notice the new file by themselves.
            if Path::new(CRON_SERVICE).is_file() { start(CRON_SERVICE, "restart") } else { Ok(()) }
        }
    }
}

/// Enables a service of OpenWrt, and starts it by this command.
fn start(service: &str, command: &str) -> Result<(), String> {
    run(&[service, "enable"])?;
    run(&[service, command])
}

fn append(lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(CRONTAB)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// Writes the UCI config of OpenWrt's package, from which its service makes the real one, and enables that. The records
/// are in the section `setup`, so that setup can be repeated. A section of the user for the domain stays as it is, and is
/// enough.
fn enable_package(job: &Job) -> Result<(), String> {
    let shown = tool(&["uci", "show", "gandi-ddns"], "")?;
    let mut result = Ok(());
    for setting in settings(&shown, job.token, job.records).lines() {
        if result.is_ok() {
            result = run(&["uci", "set", &["gandi-ddns.", setting].concat()]);
        }
    }
    if result.is_err() {
        // Otherwise the next `uci commit` of others would take the rest of it.
        let _ = run(&["uci", "revert", "gandi-ddns"]);
        return result;
    }
    run(&["uci", "commit", "gandi-ddns"])?;
    start(SERVICE, "reload")
}

/// Returns what `uci set` gets, one setting on a line, for the output of `uci show gandi-ddns`.
fn settings(shown: &str, token: &str, records: &Records) -> String {
    let Records { domain, names, types } = records;
    let of_domain = [".domain='", domain, "'"].concat();
    let mut all = ["main.enabled=1\nmain.token_file=", token].concat();
    if !shown.lines().any(|line| line.ends_with(&of_domain) && !line.starts_with("gandi-ddns.setup.")) {
        // The example that the package brings.
        let has_example = shown.contains("@records[0].domain='example.org'");
        let example = if has_example { "\n@records[0].enabled=0" } else { "" };
        all = format!(
            "{all}\nsetup=records\nsetup.domain={domain}\nsetup.name={names}\nsetup.type={types}{example}"
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "gandi-ddns.main=gandi-ddns\ngandi-ddns.main.enabled='0'\ngandi-ddns.@records[0]=records\n\
         gandi-ddns.@records[0].domain='example.org'\ngandi-ddns.@records[0].name='@' 'www'\n";

    #[test]
    fn settings_replace_the_example_and_leave_sections_of_the_user() {
        let records = Records { domain: "example.net".to_owned(), names: "home".to_owned(), types: "A AAAA" };
        let set = |shown: &str| settings(shown, "/etc/t", &records);
        let enabled = "main.enabled=1\nmain.token_file=/etc/t";
        let of_setup =
            format!("{enabled}\nsetup=records\nsetup.domain=example.net\nsetup.name=home\nsetup.type=A AAAA");
        assert_eq!(set(SHOWN), format!("{of_setup}\n@records[0].enabled=0"));
        // A second time, and after the example was removed.
        let again = "gandi-ddns.setup=records\ngandi-ddns.setup.domain='example.net'\n";
        assert_eq!(set(again), of_setup);
        assert_eq!(set(&SHOWN.replace("example.org", "example.net")), enabled);
        assert_eq!(set(&again.replace("setup", "mine")), enabled);
    }

    #[test]
    fn program_in_a_temporary_directory_is_misplaced() {
        assert!(misplaced("/tmp/x/gandi-ddns").contains("may be gone after a reboot"));
        assert!(!misplaced("/tmpfs/gandi-ddns").contains("reboot"));
    }
}
