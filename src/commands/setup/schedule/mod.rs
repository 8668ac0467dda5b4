//! The end of setup: it offers the way to run the program regularly that fits the machine.

mod crontab;
mod machine;
mod package;
mod plan;

use std::path::{self, Path};

use super::dialogue::{Default, Dialogue, say};
use crate::cli::{GlobalOptions, Questions};
use crate::commands::context::{self, Context};
use crate::config::{Credentials, Record};
use crate::console::Console;
use crate::exit::Exit;
use plan::{Job, Plan, TIMER};

/// Offers to run the program regularly with the config at `path`, which `options` name. Returns the command that shows
/// the output of these runs, and an error if the user wants them and they could not be scheduled.
pub(super) fn offer(
    dialogue: &mut Dialogue,
    options: &GlobalOptions,
    path: &Path,
    context: &Context,
    console: &mut Console,
) -> (&'static str, Exit) {
    let config = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let records = context::load(options, context, Credentials::Optional).map(|(config, _)| config.records);
    let [domain, name, types] = of_one_domain(&records.unwrap_or_default());
    let job = Job {
        program: context.env.program.as_deref(),
        config: &config,
        domain: &domain,
        name: &name,
        types: &types,
        uid: context.env.uid,
        seed: context.seed,
    };
    let plan = plan::choose(&job, machine::look(&job));
    let offer = Offer { job, plan };
    (offer.log(), offer.make(dialogue, console))
}

/// Returns domain, names and types of the records; empty unless all are in one domain.
fn of_one_domain(records: &[Record]) -> [String; 3] {
    let mut words = [const { String::new() }; 3];
    let Some(first) = records.first().map(|record| &record.key.domain) else { return words };
    if records.iter().any(|record| record.key.domain != *first) {
        return words;
    }
    first.as_str().clone_into(&mut words[0]);
    for record in records {
        add(&mut words[1], record.key.name.as_str());
        add(&mut words[2], record.key.rrtype.as_str());
    }
    words
}

/// Adds a word to a list, unless it is there.
fn add(list: &mut String, word: &str) {
    if !list.split(' ').any(|known| known == word) {
        list.push_str(if list.is_empty() { "" } else { " " });
        list.push_str(word);
    }
}

/// An offer to run the program regularly.
struct Offer<'a> {
    job: Job<'a>,
    plan: Plan,
}

impl Offer<'_> {
    /// Asks the user, and does it. Only a person at a terminal, or `--yes`, can agree.
    fn make(&self, dialogue: &mut Dialogue, console: &mut Console) -> Exit {
        let text = self.text();
        if !text.is_empty() {
            console.notice(format_args!("\n{text}"));
        }
        let Some(question) = self.question() else { return Exit::Ok };
        let can_agree = dialogue.can_repeat() || dialogue.questions == Questions::AssumeYes;
        let agrees = can_agree.then(|| dialogue.confirm(&question, Default::Yes, console));
        match agrees {
            Some(Ok(true)) => {}
            Some(Err(exit)) => return exit,
            _ => {
                say(&format!("  Nothing runs it yet: {}.", self.later()), console);
                return Exit::Ok;
            }
        }
        match machine::carry_out(&self.plan, &self.job) {
            Ok(()) => {
                say(&format!("  {}", self.done()), console);
                Exit::Ok
            }
            Err(e) => {
                console.error(format_args!("could not schedule the updates: {e}; {}", self.later()));
                Exit::TryLater
            }
        }
    }

    /// Returns the text before the question: the lines for a crontab, or the reason why there is nothing to ask.
    fn text(&self) -> String {
        match &self.plan {
            Plan::Running(line) => format!("It runs already:\n  {line}"),
            Plan::Program(_, lines) | Plan::File(_, lines) => {
                format!("To run it every 5 minutes and to log to syslog:\n{}", indented(lines))
            }
            Plan::Print(reason, lines) => self.by_hand(reason, lines),
            Plan::Unit(_) | Plan::Package => String::new(),
        }
    }

    /// Returns the question, to which yes is the default; `None` if there is nothing to ask.
    fn question(&self) -> Option<String> {
        Some(match &self.plan {
            Plan::Running(_) | Plan::Print(..) => return None,
            Plan::Unit(TIMER) => "Run it every 5 minutes with the systemd timer?".to_owned(),
            Plan::Unit(unit) => format!("Keep it running as {unit}?"),
            Plan::Package => "Enable its service of OpenWrt?".to_owned(),
            Plan::Program(_, lines) | Plan::File(_, lines) => {
                let number = if lines.lines().count() == 1 { "this line" } else { "these two lines" };
                format!("Add {number} to {}?", self.table())
            }
        })
    }

    /// Returns the text after it was done.
    fn done(&self) -> String {
        match &self.plan {
            Plan::Unit(unit) => format!("Enabled {unit}."),
            Plan::Package => "Enabled. The service has its records in /etc/config/gandi-ddns.".to_owned(),
            _ => format!("Added to {}.", self.table()),
        }
    }

    /// Returns the command that shows what the scheduled runs said.
    fn log(&self) -> &'static str {
        match self.plan {
            Plan::Package | Plan::File(..) => "logread -e gandi-ddns",
            _ => "journalctl -t gandi-ddns",
        }
    }

    fn later(&self) -> String {
        match &self.plan {
            Plan::Unit(unit) => format!("run `systemctl enable --now {unit}`"),
            Plan::Package => "run `gandi-ddns setup` again".to_owned(),
            _ => format!("add the lines above to {}", self.table()),
        }
    }

    fn table(&self) -> &'static str {
        match self.plan {
            Plan::File(..) => "/etc/crontabs/root",
            _ if self.job.uid == Some(0) => "root's crontab",
            _ => "your crontab",
        }
    }

    fn by_hand(&self, reason: &str, lines: &str) -> String {
        if lines.is_empty() {
            return format!("Nothing runs it yet: {reason}.");
        }
        format!(
            "Nothing runs it yet: {reason}.\nWith cron, add these lines to {}:\n{}",
            self.table(),
            indented(lines)
        )
    }
}

/// Returns the lines, each after two blanks, without a line break at the end.
fn indented(lines: &str) -> String {
    format!("  {}", lines.trim_end().replace('\n', "\n  "))
}
