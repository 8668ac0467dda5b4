//! The way to run the program regularly that fits a machine; pure.

use std::path::Path;

use super::crontab::{self, DEFAULT_CONFIG, Dialect};

/// The unit that runs the program every 5 minutes.
pub(super) const TIMER: &str = "gandi-ddns.timer";
/// The unit that keeps it running.
pub(super) const WATCH: &str = "gandi-ddns-watch.service";
/// The place of a program that no package has brought.
const INSTALLED: &str = "/usr/local/bin/gandi-ddns";

/// What is to run, and the records in the config.
pub(super) struct Job<'a> {
    /// The absolute path of this program; `None` if it is unknown.
    pub(super) program: Option<&'a Path>,
    /// The absolute path of the config.
    pub(super) config: &'a Path,
    /// The domain of all records, which the config of OpenWrt's package gets as well; empty if there are several.
    pub(super) domain: &'a str,
    /// The names in the domain, as in `@ www`.
    pub(super) name: &'a str,
    /// The types, as in `A AAAA`.
    pub(super) types: &'a str,
    /// The effective user ID; `None` if it could not be determined.
    pub(super) uid: Option<u32>,
    /// Spreads the minutes of many machines.
    pub(super) seed: u64,
}

impl Job<'_> {
    /// Returns true if the units and services of packages run this config: root's, in the default place.
    pub(super) fn is_packaged(&self) -> bool {
        self.uid == Some(0) && self.config == Path::new(DEFAULT_CONFIG)
    }
}

/// The facts about the machine that decide.
#[derive(Default)]
pub(super) struct Machine {
    /// A unit that is installed, if systemd is running.
    pub(super) unit: Option<&'static str>,
    /// True if OpenWrt's package is installed.
    pub(super) has_package: bool,
    /// The lines of other crontabs than the user's own: `/etc/crontab` and `/etc/cron.d`.
    pub(super) others: String,
    pub(super) cron: Cron,
    /// The reason why cron should not run the program where it is; empty if there is none.
    pub(super) misplaced: String,
}

/// The crontab of this user.
#[derive(Default)]
pub(super) enum Cron {
    /// There is no cron.
    #[default]
    Missing,
    /// The table is that of the program `crontab`, with this content.
    Program(String, Dialect),
    /// The table is the file `/etc/crontabs/root`, with this content.
    File(String),
    /// It could not be read, for this reason.
    Unreadable(String),
}

/// The way to run the program regularly.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// This line of a crontab does it already.
    Running(String),
    /// Enable this systemd unit.
    Unit(&'static str),
    /// Enable the service of OpenWrt's package.
    Package,
    /// Write this table by the program `crontab`; with the lines that are new.
    Program(String, String),
    /// Write this table to `/etc/crontabs/root`; with the lines that are new.
    File(String, String),
    /// Nothing can be done. Print this reason, and these lines to copy.
    Print(String, String),
}

/// Returns the way that fits the machine.
pub(super) fn choose(job: &Job, machine: Machine) -> Plan {
    let table = match &machine.cron {
        Cron::Program(table, _) | Cron::File(table) => table.as_str(),
        Cron::Missing | Cron::Unreadable(_) => "",
    };
    let running = [table, &machine.others].into_iter().find_map(|t| crontab::running_line(t, job.config));
    if let Some(line) = running {
        return Plan::Running(line.to_owned());
    }
    if let Some(unit) = machine.unit {
        return Plan::Unit(unit);
    }
    if machine.has_package {
        return Plan::Package;
    }
    let dialect = match machine.cron {
        Cron::Program(_, dialect) => dialect,
        Cron::File(_) => Dialect::Busybox,
        Cron::Missing | Cron::Unreadable(_) => Dialect::Full,
    };
    let is_misplaced = !machine.misplaced.is_empty();
    let program = job.program.filter(|_| !is_misplaced).unwrap_or(Path::new(INSTALLED));
    let Some(command) = crontab::command(program, job.config) else {
        let reason = "a crontab cannot hold the path of the program or of the config";
        return Plan::Print(reason.to_owned(), String::new());
    };
    let lines = crontab::lines(&command, dialect, job.seed);
    if is_misplaced {
        let path = job.program.unwrap_or(program).display();
        let reason = format!("{}; first run `install -m 755 {path} {INSTALLED}`", machine.misplaced);
        return Plan::Print(reason, lines);
    }
    match machine.cron {
        Cron::Missing => Plan::Print("found neither a packaged service nor cron".to_owned(), lines),
        Cron::Unreadable(reason) => Plan::Print(reason, lines),
        Cron::Program(table, _) => Plan::Program(crontab::with_lines(&table, &lines), lines),
        Cron::File(table) => Plan::File(crontab::with_lines(&table, &lines), lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "*/5 * * * * gandi-ddns";

    fn job(config: &str) -> Job<'_> {
        let (program, config) = (Some(Path::new("/opt/gandi-ddns")), Path::new(config));
        Job { program, config, domain: "example.org", name: "home", types: "A", uid: Some(0), seed: 1 }
    }

    fn plan(machine: Machine) -> Plan {
        choose(&job(DEFAULT_CONFIG), machine)
    }

    #[test]
    fn plan_prefers_what_runs_then_packages_then_cron() {
        let table = |text: &str| Cron::Program(text.to_owned(), Dialect::Full);
        let unit = Some("gandi-ddns.timer");
        let others = format!("# x\n{LINE}\n");
        let running = Plan::Running(LINE.to_owned());
        assert_eq!(plan(Machine { unit, others, ..Machine::default() }), running);
        assert_eq!(plan(Machine { unit, cron: table(LINE), ..Machine::default() }), running);
        assert_eq!(plan(Machine { cron: Cron::File(LINE.to_owned()), ..Machine::default() }), running);
        let misplaced = "bad".to_owned();
        assert_eq!(
            plan(Machine { unit, misplaced, cron: table(""), ..Machine::default() }),
            Plan::Unit("gandi-ddns.timer")
        );
        assert_eq!(plan(Machine { has_package: true, cron: table(""), ..Machine::default() }), Plan::Package);
        let minutes = "2-59/5 * * * * /opt/gandi-ddns --splay 60 --syslog\n".to_owned();
        let both = format!("@reboot /opt/gandi-ddns --wait 600 --syslog\n{minutes}");
        assert_eq!(
            plan(Machine { cron: table("# mine"), ..Machine::default() }),
            Plan::Program(format!("# mine\n{both}"), both.clone())
        );
        let cron = Cron::Program(String::new(), Dialect::Busybox);
        assert_eq!(
            plan(Machine { cron, ..Machine::default() }),
            Plan::Program(minutes.clone(), minutes.clone())
        );
        let cron = Cron::File("1 1 * * * x\n".to_owned());
        assert_eq!(
            plan(Machine { cron, ..Machine::default() }),
            Plan::File(format!("1 1 * * * x\n{minutes}"), minutes)
        );
    }

    #[test]
    fn plan_prints_lines_when_nothing_can_be_done() {
        let printed = |machine: Machine| match plan(machine) {
            Plan::Print(reason, lines) => (reason, lines),
            other => panic!("{other:?}"),
        };
        assert!(printed(Machine::default()).1.contains("* /opt/gandi-ddns --splay"));
        let cron = Cron::Unreadable("denied".to_owned());
        assert_eq!(printed(Machine { cron, ..Machine::default() }).0, "denied");
        let cron = Cron::Program(String::new(), Dialect::Full);
        let (reason, lines) = printed(Machine { cron, misplaced: "bad".to_owned(), ..Machine::default() });
        assert_eq!(reason, "bad; first run `install -m 755 /opt/gandi-ddns /usr/local/bin/gandi-ddns`");
        assert!(lines.starts_with("@reboot /usr/local/bin/gandi-ddns --wait"), "{lines}");
        let Plan::Print(_, lines) = choose(&job("/etc/50%"), Machine::default()) else { panic!("a plan") };
        assert_eq!(lines, "");
    }

    #[test]
    fn packages_run_only_the_default_config_of_root() {
        assert!(job(DEFAULT_CONFIG).is_packaged());
        assert!(!job("/etc/other.conf").is_packaged());
        assert!(!Job { uid: Some(1000), ..job(DEFAULT_CONFIG) }.is_packaged());
    }
}
