//! The end of setup: it offers the way to run the program regularly that fits the machine.

mod crontab;
mod machine;
mod package;
mod plan;

pub(crate) use plan::Job;
use plan::{Plan, TIMER};

/// An offer to run the program regularly.
pub(crate) struct Offer<'a> {
    job: Job<'a>,
    plan: Plan,
}

/// Looks at the machine, and changes nothing.
pub(crate) fn find(job: Job) -> Offer {
    let plan = plan::choose(&job, machine::look(&job));
    Offer { job, plan }
}

impl Offer<'_> {
    /// Returns the text before the question: the lines for a crontab, or the reason why there is nothing to ask.
    pub(crate) fn text(&self) -> String {
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
    pub(crate) fn question(&self) -> Option<String> {
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

    /// Does it, and returns the text that says so.
    ///
    /// # Errors
    /// The reason why it was not done, and what to do.
    pub(crate) fn accept(&self) -> Result<String, String> {
        match machine::carry_out(&self.plan, &self.job) {
            Err(e) => Err(format!("could not schedule the updates: {e}; {}", self.later())),
            Ok(()) => Ok(match &self.plan {
                Plan::Unit(unit) => format!("Enabled {unit}."),
                Plan::Package => "Enabled the service; its records are in /etc/config/gandi-ddns.".to_owned(),
                _ => format!("Added to {}.", self.table()),
            }),
        }
    }

    /// Returns the text for the user who does not want it now.
    pub(crate) fn decline(&self) -> String {
        format!("Nothing runs it yet: {}.", self.later())
    }

    /// Returns the command that shows what the scheduled runs said.
    pub(crate) fn log(&self) -> &'static str {
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
