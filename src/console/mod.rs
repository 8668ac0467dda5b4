//! Output: stdout and stderr, or the system log. Write errors are ignored: what was done is done, and a closed or full
//! stream must not change the exit code.

pub mod syslog;
mod text;

use std::fmt;
use std::io::Write;

use crate::sys::secret;
use syslog::{Severity, Syslog};
pub(crate) use text::{clean, one_line};

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
    /// Warnings and errors that wait for [`Console::take_held`]; `None` when they are printed at once.
    held: Option<Vec<(Severity, String)>>,
    /// True if stderr is a terminal, so that a person is reading.
    is_terminal: bool,
    /// The tokens and API keys in use, which are hidden in every line.
    credentials: Vec<String>,
}

impl<'a> Console<'a> {
    /// Creates a console that writes to these two streams.
    pub fn new(verbosity: Verbosity, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        let (log, stdout, held, credentials) = (None, Stdout::Lines, None, Vec::new());
        Self { verbosity, out, err, log, stdout, held, is_terminal: false, credentials }
    }

    /// Hides this token or API key in all further output, whatever its form.
    #[inline(never)]
    pub fn hide(&mut self, credential: &str) {
        // A short one would occur in other words.
        if credential.len() >= 8 && !self.credentials.iter().any(|known| known == credential) {
            // The longest one first: another one may be its beginning.
            let at = self.credentials.iter().position(|known| known.len() < credential.len());
            self.credentials.insert(at.unwrap_or(self.credentials.len()), credential.to_owned());
        }
    }

    /// Prepares another pass of a process that makes many: only this credential is hidden from now on, the system log is
    /// tried again if it did not accept lines, and nobody is assumed to read every line.
    pub(crate) fn start_anew(&mut self, credential: Option<&str>) {
        self.credentials.clear();
        if let Some(credential) = credential {
            self.hide(credential);
        }
        if let Some((log, _)) = &mut self.log {
            log.retry();
        }
        self.is_terminal = false;
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

    /// Notes that stderr is a terminal.
    pub fn note_terminal(&mut self) {
        self.is_terminal = true;
    }

    /// Returns true if stderr is a terminal: then a person is reading.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Holds warnings and errors back until [`Console::take_held`]: the caller decides which of them are news. With `-v`
    /// they are printed at once as well.
    pub fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// Returns the warnings and errors that were held back, each text once, and goes on holding.
    pub fn take_held(&mut self) -> Vec<(Severity, String)> {
        self.held.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Ends [`Console::hold`].
    pub fn release(&mut self) {
        self.held = None;
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

    /// Prints a change, or a text that the user asked for, on stdout. The text may have several lines.
    pub fn notice(&mut self, text: fmt::Arguments) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        let text = text::lines(&self.without_secrets(&text.to_string()));
        if !self.log(Severity::Notice, &text) && self.stdout == Stdout::Lines {
            // There is nowhere left to report a failed write to.
            let _ = writeln!(self.out, "{text}");
        }
    }

    /// Prints a question on stdout, without a line end, whatever the verbosity.
    pub fn prompt(&mut self, text: &str) {
        let text = text::lines(&self.without_secrets(text));
        let _ = write!(self.out, "{text}");
    }

    /// Prints the JSON object on stdout, whatever the verbosity.
    pub fn object(&mut self, json: &str) {
        // The letter of an escape sequence would join the word after it.
        let mut object = String::with_capacity(json.len());
        for line in json.split_inclusive("\\n") {
            object.push_str(&self.without_secrets(line));
        }
        let _ = writeln!(self.out, "{}", text::escape(&object));
    }

    fn emit(&mut self, severity: Severity, text: &str) {
        if let Some(held) = &mut self.held
            && severity != Severity::Debug
        {
            if held.iter().any(|(_, known)| known == text) {
                return;
            }
            held.push((severity, text.to_owned()));
            if !self.is_verbose() {
                return;
            }
        }
        self.print(severity, text);
    }

    /// Prints a line on stderr, or in the system log.
    pub(crate) fn print(&mut self, severity: Severity, text: &str) {
        let text = text::printed_line(&self.without_secrets(text));
        if !self.log(severity, &text) {
            let _ = writeln!(self.err, "gandi-ddns: {text}");
        }
    }

    /// The last line of defence: no message should contain a secret in the first place.
    #[inline(never)]
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for credential in &self.credentials {
            text = secret::hide_known(&text, credential);
        }
        secret::hide(&text)
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::json::quoted;
    use crate::sys::time::Timestamp;

    #[test]
    fn only_the_credentials_of_this_pass_are_kept_and_hidden() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
        console.note_terminal();
        for pass in 0..1000 {
            console.start_anew(Some("key-of-the-environment"));
            console.hide(&format!("renewed-key-{pass}"));
        }
        assert_eq!(console.credentials.len(), 2);
        assert!(!console.is_terminal());
        console.notice(format_args!("key-of-the-environment, renewed-key-999, renewed-key-1"));
        assert_eq!(String::from_utf8_lossy(&out), "***, ***, renewed-key-1\n".replace("***", secret::HIDDEN));
    }

    #[test]
    fn log_that_was_full_is_tried_again_in_the_next_pass() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-full-log-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let log = UnixDatagram::bind(&path).expect("a log");
        log.set_nonblocking(true).expect("a socket");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
        console.log_to(Syslog::new(path.clone(), 1, || Timestamp::from_secs(1_795_485_310)));
        let full = |console: &Console| console.log.as_ref().is_some_and(|(log, _)| log.is_full());
        // More than the kernel keeps for a reader (net.unix.max_dgram_qlen).
        let sent = (0..10_000).take_while(|n| {
            console.notice(format_args!("line {n}"));
            !full(&console)
        });
        assert!(sent.count() < 10_000);
        while log.recv(&mut [0; 2048]).is_ok() {}
        console.notice(format_args!("not tried"));
        console.start_anew(None);
        console.notice(format_args!("tried"));
        let mut buffer = [0; 2048];
        let length = log.recv(&mut buffer).expect("a line");
        assert!(buffer[..length].ends_with(b": tried"));
        std::fs::remove_file(&path).expect("the log");
        assert!(String::from_utf8_lossy(&out).ends_with("not tried\n"));
    }

    #[test]
    fn secret_after_a_line_end_or_a_control_character_of_an_object_is_hidden() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
        console.object(&quoted("a\npat_abcdefg1\u{1}pat_abcdefg1\tb\u{202e}"));
        let object = "\"a\\n[secret]\u{fffd}[secret]\u{fffd}b\\u202e\"\n";
        assert_eq!((str::from_utf8(&out), err.len()), (Ok(object), 0));
    }
}
