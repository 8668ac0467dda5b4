//! The end of setup: it offers the way to run the program regularly that fits the machine.

mod crontab;
mod machine;

use super::dialogue::{Answer, Dialogue};
use super::files::DEFAULT_CONFIG;
use crate::exit::Exit;
use crontab::Dialect;
use machine::{CRONTAB, INSTALLED, TIMER, Way};
pub(super) use machine::{Job, SERVICE, UCI, config_of_service};

/// Returns the command that shows what the scheduled runs said.
pub(super) fn log() -> &'static str {
    if machine::has_systemd() { "journalctl -t gandi-ddns" } else { "logread -e gandi-ddns" }
}

/// The words before an object: of the question, after it was done, and for later.
type Words = &'static [&'static str; 3];

const TIMER_WORDS: Words = &["Run it every 5 minutes by", "Enabled", "run systemctl enable --now"];
const SERVICE_WORDS: Words = &["Keep it running by", "Enabled", "run systemctl enable --now"];
const PACKAGE_WORDS: Words = &["Run it by", "Enabled", "run setup again for"];
const CRON_WORDS: Words = &["Add this to", "Added to", "add the lines above to"];

/// Prints that this line or service runs the program.
fn tell_running(dialogue: &mut Dialogue, by: &str) {
    dialogue.console.notice(format_args!("\nIt runs already:\n  {by}"));
}

/// Prints that the service of OpenWrt runs the program.
pub(super) fn tell_service(dialogue: &mut Dialogue) {
    tell_running(dialogue, SERVICE);
}

/// The owner of the config in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The service of OpenWrt, which makes its own.
    Service,
    /// The user.
    User,
}

/// Offers to run the program regularly. Returns an error if the user wants it and it could not be scheduled.
pub(super) fn offer(dialogue: &mut Dialogue, job: &Job) -> Result<Owner, Exit> {
    let way = machine::way(job);
    let table = machine::table(way);
    let own = table.as_ref().ok().and_then(|(table, _)| machine::running(table, job));
    if let Some(line) = own.or_else(|| machine::running_elsewhere(job)) {
        tell_running(dialogue, &line);
        return Ok(Owner::User);
    }
    let mut lines = String::new();
    let ([question, done, later], object) = match way {
        Way::Unit(TIMER) => (TIMER_WORDS, TIMER),
        Way::Unit(unit) => (SERVICE_WORDS, unit),
        Way::Package => (PACKAGE_WORDS, "the service of OpenWrt, with its records in /etc/config/gandi-ddns"),
        Way::Program | Way::File => {
            let object = table_name(way, job);
            let text = match cron_lines(job, table, object) {
                Ok(found) => {
                    lines = found;
                    dialogue.say(format_args!("\nTo run it every 5 minutes and to log to syslog:"));
                    indented(&lines)
                }
                Err(text) => ["\nNothing runs it yet: ", &text].concat(),
            };
            dialogue.console.notice(format_args!("{text}"));
            if lines.is_empty() {
                return Ok(Owner::User);
            }
            (CRON_WORDS, object)
        }
    };
    // Only a person at a terminal, or `--yes`, can agree.
    let mut agrees = dialogue.assumes_yes();
    if dialogue.can_repeat() {
        agrees = dialogue.confirm(format_args!("{question} {object}?"), Answer::Yes)?;
    }
    if !agrees {
        // The service of OpenWrt may have a config already.
        let state = if way == Way::Package && machine::has_made() {
            "The service stays as it was"
        } else {
            "Nothing runs it yet"
        };
        dialogue.say(format_args!("  {state}: {later} {object}."));
    } else if let Err(e) = machine::carry_out(way, job, &lines) {
        dialogue.console.error(format_args!("could not schedule the updates: {e}; {later} {object}"));
        return Err(Exit::TryLater);
    } else {
        dialogue.say(format_args!("  {done} {object}."));
        if way == Way::Package {
            dialogue.say(format_args!("  Removed {DEFAULT_CONFIG}: the service does not read it."));
            return Ok(Owner::Service);
        }
    }
    Ok(Owner::User)
}

fn table_name(way: Way, job: &Job) -> &'static str {
    match way {
        Way::File => CRONTAB,
        _ if job.is_root => "root's crontab",
        _ => "your crontab",
    }
}

/// Returns the lines to add. The error is the reason why they cannot be added, with those to copy.
fn cron_lines(job: &Job, table: Result<(String, Dialect), String>, object: &str) -> Result<String, String> {
    let mut program = job.path();
    let mut problem = machine::misplaced(program);
    if !problem.is_empty() {
        problem = format!("{problem}; first run `install -m 755 {program} {INSTALLED}`");
        program = INSTALLED;
    }
    let dialect = match table {
        Ok((_, dialect)) => dialect,
        Err(e) => {
            problem = e;
            Dialect::Full
        }
    };
    let Some(lines) = crontab::lines(program, job.config, dialect, job.seed) else {
        return Err("a crontab cannot hold the path of the program or of the config".to_owned());
    };
    if problem.is_empty() {
        return Ok(lines);
    }
    let shown = indented(&lines);
    Err(format!("{problem}.\nWith cron, add these lines to {object}:\n{shown}"))
}

/// Returns the lines, each after two blanks, without a line break at the end.
fn indented(lines: &str) -> String {
    ["  ", &lines.trim_end().replace('\n', "\n  ")].concat()
}
