//! What the checks found, line by line.

use crate::exit::Exit;

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well.
    Fine,
    /// It works, but should be seen to.
    Warning,
    /// A run would end with this code.
    Failure(Exit),
}

/// One line.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) subject: String,
    pub(super) text: String,
}

/// All lines so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, verdict: Verdict, subject: impl Into<String>, text: impl Into<String>) {
        self.0.push(Finding { verdict, subject: subject.into(), text: text.into() });
    }

    pub(super) fn fine(&mut self, subject: impl Into<String>, text: impl Into<String>) {
        self.add(Verdict::Fine, subject, text);
    }

    pub(super) fn warn(&mut self, subject: impl Into<String>, text: impl Into<String>) {
        self.add(Verdict::Warning, subject, text);
    }

    pub(super) fn fail(&mut self, exit: Exit, subject: impl Into<String>, text: impl Into<String>) {
        self.add(Verdict::Failure(exit), subject, text);
    }

    /// The gravest code.
    pub(super) fn exit(&self) -> Exit {
        let exit = |f: &Finding| match f.verdict {
            Verdict::Failure(exit) => exit,
            _ => Exit::Ok,
        };
        self.0.iter().map(exit).max().unwrap_or(Exit::Ok)
    }
}
