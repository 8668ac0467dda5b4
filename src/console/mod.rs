//! Where lines go: stdout and stderr, or the system log. A closed or full stream is nobody's error: what was done is
//! done.

pub mod syslog;

use std::fmt;
use std::io::Write;

use syslog::{Severity, Syslog};

/// How much to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Changes, warnings and errors.
    #[default]
    Normal,
    /// Each step as well.
    Verbose,
}

/// The streams, and how much goes to them.
pub struct Console<'a> {
    verbosity: Verbosity,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    log: Option<Syslog>,
    /// Whether it has been told that the log is out of reach.
    missed: bool,
    /// Whether stdout is for one object of JSON.
    json: bool,
    /// Complaints of a try that is not the last one, if this is one.
    held: Option<Vec<(Severity, String)>>,
}

impl<'a> Console<'a> {
    /// Speaks to these two streams.
    pub fn new(verbosity: Verbosity, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { verbosity, out, err, log: None, missed: false, json: false, held: None }
    }

    /// From now on, lines go to the system log, and to the streams only if it cannot take them.
    pub fn speak_to(&mut self, log: Syslog) {
        self.log = Some(log);
    }

    /// From now on, stdout is for JSON alone.
    pub fn keep_for_json(&mut self) {
        self.json = true;
    }

    /// Whether each step is told.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// From now on, complaints wait for [`Console::release`]: whether they matter is seen later. Those who want each
    /// step have them at once.
    pub fn hold(&mut self) {
        if !self.is_verbose() {
            self.held = Some(Vec::new());
        }
    }

    /// Tells what was held, or lets it be.
    pub fn release(&mut self, tell: bool) {
        for (severity, line) in self.held.take().unwrap_or_default() {
            if tell {
                self.complain(severity, &line);
            }
        }
    }

    /// What is being done, for `-v`.
    pub fn step(&mut self, text: fmt::Arguments) {
        if self.is_verbose() {
            self.complain(Severity::Debug, &text.to_string());
        }
    }

    /// Something that a person should see to, although the run goes on.
    pub fn warn(&mut self, text: fmt::Arguments) {
        if self.verbosity >= Verbosity::Normal {
            self.complain(Severity::Warning, &format!("warning: {text}"));
        }
    }

    /// Something that failed.
    pub fn error(&mut self, text: fmt::Arguments) {
        self.complain(Severity::Error, &text.to_string());
    }

    /// Something that was done, or asked for.
    pub fn say(&mut self, text: fmt::Arguments) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        if !self.log(Severity::Notice, &text.to_string()) && !self.json {
            // A write that fails leaves nobody to tell.
            let _ = writeln!(self.out, "{text}");
        }
    }

    /// The one object for programs, on stdout whatever else is said.
    pub fn object(&mut self, json: &str) {
        let _ = writeln!(self.out, "{json}");
    }

    fn complain(&mut self, severity: Severity, text: &str) {
        if let Some(held) = &mut self.held {
            held.push((severity, text.to_owned()));
            return;
        }
        if !self.log(severity, text) {
            let _ = writeln!(self.err, "gandi-ddns: {text}");
        }
    }

    /// Whether the system log has taken it.
    fn log(&mut self, severity: Severity, text: &str) -> bool {
        let Some(log) = &mut self.log else { return false };
        match log.send(severity, text) {
            Ok(()) => true,
            Err(e) => {
                if !self.missed {
                    self.missed = true;
                    let _ = writeln!(
                        self.err,
                        "gandi-ddns: warning: the system log ({}) took nothing, so it is told here: {e}",
                        log.place()
                    );
                }
                false
            }
        }
    }
}
