//! The machine: the facts that decide, and the changes to it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::super::files::{DEFAULT_CONFIG, Records};
use super::crontab::{Dialect, running_line};
use crate::sys::ownership;
use crate::sys::read_limited::{if_exists, read_to_string};
use crate::sys::subprocess::{MISSING, tool};
use crate::sys::words::split;

/// The place of a program that no package has brought.
pub(super) const INSTALLED: &str = "/usr/local/bin/gandi-ddns";
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
pub(in crate::commands::setup) const SERVICE: &str = "/etc/init.d/gandi-ddns";
const CRON_SERVICE: &str = "/etc/init.d/cron";
pub(in crate::commands::setup) const UCI: &str = "/etc/config/gandi-ddns";
/// The config that the service makes of it as long as it is enabled, and that it runs.
const MADE: &str = "/var/etc/gandi-ddns.conf";
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
    /// The options of `-o`, for that config.
    pub(in crate::commands::setup) options: &'a [String],
    /// Spreads the minutes of many machines.
    pub(in crate::commands::setup) seed: u64,
}

impl<'a> Job<'a> {
    /// Returns the path of the program.
    pub(super) fn path(&self) -> &'a str {
        self.program.and_then(Path::to_str).unwrap_or(INSTALLED)
    }
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

/// Returns true if OpenWrt's package is installed.
fn has_package() -> bool {
    Path::new(SERVICE).is_file() && Path::new(UCI).is_file()
}

/// Returns true if the service of OpenWrt's package has made a config: it is enabled.
pub(super) fn has_made() -> bool {
    Path::new(MADE).is_file()
}

/// Returns the config that the service of OpenWrt's package runs, if root sets up the default one, and it is enabled.
pub(in crate::commands::setup) fn config_of_service(path: &Path, uid: Option<u32>) -> Option<&'static Path> {
    let is_packaged = path == Path::new(DEFAULT_CONFIG) && uid == Some(0) && has_package();
    Some(Path::new(MADE)).filter(|_| is_packaged && has_made())
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
    if is_packaged && !job.records.domain.is_empty() && has_package() {
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

/// Returns the line of a table that runs this program with this config.
pub(super) fn running(table: &str, job: &Job) -> Option<String> {
    let id = |path: &str| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    let program = job.path();
    let (this, installed) = (id(program), misplaced(program).is_empty());
    // One in a temporary directory is there to be installed.
    let is_this = |path: &str| {
        let found = id(path);
        found.is_some() && (found == this || !installed && path == INSTALLED)
    };
    running_line(table, &is_this, program, job.config).map(str::to_owned)
}

/// Returns the line of a crontab of the system that does so. A line that leaves the work to systemd does not count where
/// that is running.
pub(super) fn running_elsewhere(job: &Job) -> Option<String> {
    // A list of the directory by std would add 1 kB of code.
    const LINES: &str = "grep -h gandi-ddns /etc/crontab /etc/cron.d/* 2>/dev/null || :";
    let lines = tool(&["sh", "-c", LINES], "").unwrap_or_default();
    let line = running(&lines, job)?;
    let is_left = line.contains("/run/systemd") && has_systemd();
    (!is_left).then_some(line)
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
/// are in the section `setup`, so that setup can be repeated. A section of the user for the domain stays as it is, and its
/// names are left out. The config that setup has written goes: there is one in use, and no other that looks like it.
fn enable_package(job: &Job) -> Result<(), String> {
    let shown = tool(&["uci", "show", "gandi-ddns"], "")?;
    let mut result = Ok(());
    for setting in settings(&shown, job).lines() {
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
    start(SERVICE, "reload")?;
    fs::remove_file(DEFAULT_CONFIG).map_err(|e| format!("could not remove {DEFAULT_CONFIG}: {e}"))
}

/// Returns the names that sections of the user have in this domain, for the output of `uci show gandi-ddns`.
fn names_of_user(shown: &str, domain: &str) -> String {
    let mut names = String::new();
    for line in shown.lines() {
        if let Some((section, of_domain)) = line.split_once(".domain='")
            && of_domain.strip_suffix('\'') == Some(domain)
            && section != "gandi-ddns.setup"
            && !shown.contains(&[section, ".enabled='0'"].concat())
        {
            let name = [section, ".name="].concat();
            for line in shown.lines() {
                names.push_str(line.strip_prefix(name.as_str()).unwrap_or(" "));
            }
        }
    }
    names
}

/// Returns what `uci set` gets, one setting on a line, for the output of `uci show gandi-ddns`.
fn settings(shown: &str, job: &Job) -> String {
    let Records { domain, names, types, ttl } = job.records;
    let mut all = ["main.enabled=1\nmain.token_file=", job.token].concat();
    for option in job.options {
        let (key, value) = option.split_once('=').unwrap_or_default();
        // A comment is none of the value.
        let value = value.split(" #").next().unwrap_or_default();
        for part in ["\nmain.", &key.trim().to_ascii_lowercase(), "=", value.trim()] {
            all.push_str(part);
        }
    }
    let has = names_of_user(shown, domain);
    // The items of a list are in quotes each.
    let has = split(&has, "'");
    let lacking: Vec<&str> = split(names, "").into_iter().filter(|name| !has.contains(name)).collect();
    if !lacking.is_empty() {
        // The example that the package brings.
        let has_example = shown.contains("@records[0].domain='example.org'") && domain != "example.org";
        let example = if has_example { "\n@records[0].enabled=0" } else { "" };
        let key = if ttl.is_empty() { "" } else { "\nsetup.ttl=" };
        let names = lacking.join(" ");
        all = format!(
            "{all}\nsetup=records\nsetup.domain={domain}\nsetup.name={names}\nsetup.type={types}{key}{ttl}{example}"
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "gandi-ddns.main=gandi-ddns\ngandi-ddns.main.enabled='0'\ngandi-ddns.@records[0]=records\n\
         gandi-ddns.@records[0].domain='example.org'\ngandi-ddns.@records[0].name='@' 'www'\n";

    fn set(shown: &str, options: &[&str]) -> String {
        let records = Records {
            domain: "example.net".to_owned(),
            names: "home www".to_owned(),
            types: "A AAAA",
            ttl: if options.is_empty() { String::new() } else { "5m".to_owned() },
        };
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let job = Job {
            program: None,
            config: "",
            is_root: true,
            token: "/etc/t",
            records: &records,
            options: &options,
            seed: 0,
        };
        settings(shown, &job)
    }

    #[test]
    fn settings_replace_the_example_and_leave_sections_of_the_user() {
        let enabled = "main.enabled=1\nmain.token_file=/etc/t";
        let section = |names| {
            format!(
                "{enabled}\nsetup=records\nsetup.domain=example.net\nsetup.name={names}\nsetup.type=A AAAA"
            )
        };
        assert_eq!(set(SHOWN, &[]), section("home www") + "\n@records[0].enabled=0");
        // A second time, and after the example was removed.
        let again = "gandi-ddns.setup=records\ngandi-ddns.setup.domain='example.net'\ngandi-ddns.setup.name='home www'\n";
        assert_eq!(set(again, &[]), section("home www"));
        // A name is listed once.
        assert_eq!(set(&SHOWN.replace("example.org", "example.net"), &[]), section("home"));
        assert_eq!(set(&again.replace("setup", "mine"), &[]), enabled);
        let disabled = again.replace("setup", "mine") + "gandi-ddns.mine.enabled='0'\n";
        assert_eq!(set(&disabled, &[]), section("home www"));
    }

    #[test]
    fn settings_have_the_options() {
        let found = set(
            "",
            &["Recheck = 2h", "ipv4=interface  web # mine", "heartbeat=https://x.example/#a", "ipv6="],
        );
        let wanted = "main.enabled=1\nmain.token_file=/etc/t\nmain.recheck=2h\nmain.ipv4=interface  web\n\
             main.heartbeat=https://x.example/#a\nmain.ipv6=\nsetup=records\n";
        assert!(found.starts_with(wanted) && found.ends_with("\nsetup.type=A AAAA\nsetup.ttl=5m"), "{found}");
    }

    #[test]
    fn program_in_a_temporary_directory_is_misplaced() {
        assert!(misplaced("/tmp/x/gandi-ddns").contains("may be gone after a reboot"));
        assert!(!misplaced("/tmpfs/gandi-ddns").contains("reboot"));
    }
}
