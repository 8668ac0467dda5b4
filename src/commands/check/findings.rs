//! The results of the checks, one line each.

use crate::exit::Exit;

/// The status of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// No problem.
    Ok,
    /// It works, but needs attention.
    Warning,
    /// A run would end with this code.
    Failure(Exit),
}

impl Status {
    /// Returns the word for this status, in the text and in `schema/check.json`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure(_) => "failure",
        }
    }
}

/// The result of one check.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) status: Status,
    /// The checked thing, such as `token`.
    pub(super) subject: String,
    /// The result and, unless the status is [`Status::Ok`], the remedy.
    pub(super) text: String,
}

/// The results so far, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Adds a result without a problem.
    pub(super) fn ok(&mut self, subject: &str, text: impl Into<String>) {
        self.add(Status::Ok, subject, text.into());
    }

    /// Adds a warning, which does not change the exit code.
    pub(super) fn warn(&mut self, subject: &str, text: impl Into<String>) {
        self.add(Status::Warning, subject, text.into());
    }

    /// Adds a failure with the exit code of a run that meets it.
    pub(super) fn fail(&mut self, exit: Exit, subject: &str, text: impl Into<String>) {
        self.add(Status::Failure(exit), subject, text.into());
    }

    #[inline(never)]
    fn add(&mut self, status: Status, subject: &str, text: String) {
        let subject = subject.to_owned();
        self.0.push(Finding { status, subject, text });
    }

    /// Returns true for a subject with a failure of this exit code.
    pub(super) fn has(&self, exit: Exit, subject: &str) -> bool {
        self.0.iter().any(|f| f.subject == subject && matches!(f.status, Status::Failure(e) if e == exit))
    }

    /// Returns the most severe exit code.
    pub(super) fn exit(&self) -> Exit {
        let exit = |f: &Finding| match f.status {
            Status::Failure(exit) => exit,
            _ => Exit::Ok,
        };
        self.0.iter().map(exit).max().unwrap_or(Exit::Ok)
    }
}
