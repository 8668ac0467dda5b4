//! Output: stdout and stderr, or the system log. Write errors are ignored: what was done is done, and a closed or full
//! stream must not change the exit code.

pub mod syslog;

use std::fmt;
use std::io::Write;

use crate::sys::secret;
use syslog::{Severity, Syslog};

/// The amount of output.
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

/// A failure of the system log, which is still tried for each line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LogFailure {
    /// No failure so far.
    Unreported,
    /// The user has been warned once.
    Reported,
}

/// The use of stdout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stdout {
    /// One line per change.
    Lines,
    /// Nothing but the JSON object.
    Reserved,
}

/// The streams and the system log, and how much goes to them.
pub struct Console<'a> {
    verbosity: Verbosity,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// The system log, if lines go there, and whether the user knows that it failed.
    log: Option<(Syslog, LogFailure)>,
    stdout: Stdout,
    /// Warnings and errors of an attempt that may be retried; `None` when they are printed at once.
    buffer: Option<Vec<(Severity, String)>>,
    /// The token or API key in use, which is hidden in every line; empty if none is known.
    credential: String,
}

impl<'a> Console<'a> {
    /// Creates a console that writes to these two streams.
    pub fn new(verbosity: Verbosity, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        let credential = String::new();
        Self { verbosity, out, err, log: None, stdout: Stdout::Lines, buffer: None, credential }
    }

    /// Hides this token or API key in all further output, whatever its form.
    #[inline(never)]
    pub fn hide(&mut self, credential: &str) {
        credential.clone_into(&mut self.credential);
    }

    /// Sends all further lines to the system log, and to the streams only when the log does not accept them.
    pub fn log_to(&mut self, log: Syslog) {
        self.log = Some((log, LogFailure::Unreported));
    }

    /// Keeps all further lines off stdout, which then carries the JSON object only.
    pub fn reserve_stdout(&mut self) {
        self.stdout = Stdout::Reserved;
    }

    /// Returns true if each step is printed.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// Buffers warnings and errors until [`Console::flush_errors`] or [`Console::discard_errors`]: an attempt that is
    /// retried with success should not print them. Has no effect with `-v`.
    pub fn buffer_errors(&mut self) {
        if !self.is_verbose() {
            self.buffer = Some(Vec::new());
        }
    }

    /// Prints the buffered warnings and errors, and ends buffering.
    pub fn flush_errors(&mut self) {
        for (severity, line) in self.buffer.take().unwrap_or_default() {
            self.emit(severity, &line);
        }
    }

    /// Drops the buffered warnings and errors, and ends buffering.
    pub fn discard_errors(&mut self) {
        self.buffer = None;
    }

    /// Prints a step, with `-v` only.
    pub fn debug(&mut self, text: fmt::Arguments) {
        if self.is_verbose() {
            self.emit(Severity::Debug, &text.to_string());
        }
    }

    /// Prints a problem that needs attention although the run continues.
    pub fn warn(&mut self, text: fmt::Arguments) {
        if self.verbosity >= Verbosity::Normal {
            self.emit(Severity::Warning, &format!("warning: {text}"));
        }
    }

    /// Prints a failure.
    pub fn error(&mut self, text: fmt::Arguments) {
        self.emit(Severity::Error, &text.to_string());
    }

    /// Prints a change, or a text that the user asked for, on stdout.
    pub fn notice(&mut self, text: fmt::Arguments) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        let text = self.without_secrets(&text.to_string());
        if !self.log(Severity::Notice, &text) && self.stdout == Stdout::Lines {
            // There is nowhere left to report a failed write to.
            let _ = writeln!(self.out, "{text}");
        }
    }

    /// Prints the JSON object on stdout, whatever the verbosity.
    pub fn object(&mut self, json: &str) {
        let json = self.without_secrets(json);
        let _ = writeln!(self.out, "{json}");
    }

    fn emit(&mut self, severity: Severity, text: &str) {
        if let Some(buffer) = &mut self.buffer {
            buffer.push((severity, text.to_owned()));
            return;
        }
        let text = self.without_secrets(text);
        if !self.log(severity, &text) {
            let _ = writeln!(self.err, "gandi-ddns: {text}");
        }
    }

    /// The last line of defence: no message should contain a secret in the first place.
    #[inline(never)]
    fn without_secrets(&self, text: &str) -> String {
        // A short one would occur in other words.
        if self.credential.len() < 8 {
            return secret::hide(text);
        }
        secret::hide(&text.replace(self.credential.as_str(), secret::HIDDEN))
    }

    /// Returns true if the system log has accepted the line.
    fn log(&mut self, severity: Severity, text: &str) -> bool {
        let Some((log, failure)) = &mut self.log else { return false };
        let Err(e) = log.send(severity, text) else { return true };
        if *failure == LogFailure::Unreported {
            *failure = LogFailure::Reported;
            let _ = writeln!(
                self.err,
                "gandi-ddns: warning: could not write to syslog ({}); printing here instead: {e}",
                log.path()
            );
        }
        false
    }
}
