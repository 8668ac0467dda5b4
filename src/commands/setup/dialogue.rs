//! The questions and their answers. A line of the output has at most 79 columns, or those of a narrow terminal.

use std::fmt::Arguments;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use super::terminal::{self, is_cancel};
use crate::cli::{Questions, SetupOptions};
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::random::Random;
use crate::sys::secret;
use crate::sys::words::split;

/// The text after whatever ends the questions that follow.
pub(super) const WRITTEN: &str = "the config stays";
/// The text after whatever ends the setup before the files are written.
pub(super) const NOTHING_WRITTEN: &str = "nothing was written";

/// The problem with an answer that has the form of a token. It is not repeated.
const SHOWN: &str =
    "this looks like a token: clear it from the screen and its scrollback, or better create a new one";

/// The answer that Enter gives, and `--yes`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
}

/// Asks the user; or, with `--yes`, nobody.
pub(super) struct Dialogue<'a, 'c> {
    pub(super) stdin: BorrowedFd<'a>,
    /// True if stdin is a terminal, so that a wrong answer can be corrected.
    pub(super) is_terminal: bool,
    /// The number of columns in use.
    pub(super) columns: usize,
    /// The answers that are given as options.
    pub(super) given: &'a SetupOptions,
    /// The end of an error: [`NOTHING_WRITTEN`], or [`WRITTEN`] after the questions about the files.
    pub(super) written: &'static str,
    pub(super) random: Random,
    pub(super) console: &'a mut Console<'c>,
}

impl Dialogue<'_, '_> {
    /// Returns true if nobody is asked.
    pub(super) fn assumes_yes(&self) -> bool {
        self.given.questions == Questions::AssumeYes
    }

    /// Returns true if a person may answer a question again.
    pub(super) fn can_repeat(&self) -> bool {
        self.is_terminal && !self.assumes_yes()
    }

    /// Returns the place that an answer is from.
    pub(super) fn source(&self) -> &'static str {
        if self.is_terminal { "your input" } else { "stdin" }
    }

    /// Prints a text, wrapped.
    #[inline(never)]
    pub(super) fn say(&mut self, text: Arguments) {
        self.console.notice(format_args!("{}", wrap(&text.to_string(), self.columns)));
    }

    /// Prints why the setup ends, and returns the code.
    pub(super) fn end(&mut self, text: Arguments, exit: Exit) -> Exit {
        self.console.error(format_args!("{text}; {}", self.written));
        exit
    }

    /// Tells a problem: in the dialogue, or as an error. It ends the setup unless a person can answer again.
    pub(super) fn problem(&mut self, text: &str, exit: Exit) -> Result<(), Exit> {
        if self.can_repeat() {
            self.say(format_args!("  {text}"));
            return Ok(());
        }
        Err(self.end(format_args!("{text}"), exit))
    }

    /// Ends the setup, since the user does not want to go on.
    pub(super) fn declined(&mut self) -> Exit {
        self.end(format_args!("stopped"), Exit::Usage)
    }

    /// Asks for a text. Enter gives the `default`, which `--yes` gives as well. An `Err` is the end of the setup.
    #[inline(never)]
    pub(super) fn ask(&mut self, question: Arguments, default: &'static str) -> Result<&'static str, Exit> {
        if self.assumes_yes() {
            return Ok(default);
        }
        loop {
            self.console.prompt(&wrap(&question.to_string(), self.columns));
            let line = self.answer(terminal::line(self.stdin))?;
            if !self.is_terminal {
                self.console.notice(format_args!(""));
            }
            let line = line.trim();
            if !split(line, ",").into_iter().any(secret::is_secret_name) {
                return Ok(if line.is_empty() { default } else { line });
            }
            // Pasted at the wrong question, where the terminal shows it.
            self.problem(SHOWN, Exit::Usage)?;
        }
    }

    /// Returns the words of an option, or asks for a text if it is not given. Its default is at the end of the question.
    #[inline(never)]
    pub(super) fn ask_unless(
        &mut self,
        given: &[String],
        question: Arguments,
        default: &str,
    ) -> Result<&'static str, Exit> {
        if given.is_empty() {
            self.ask(format_args!("{question} [{default}]: "), default.to_owned().leak())
        } else {
            Ok(given.join(" ").leak())
        }
    }

    /// Asks for yes or no.
    pub(super) fn confirm(&mut self, question: Arguments, default: Answer) -> Result<bool, Exit> {
        let choices = if default == Answer::Yes { "[Y/n]" } else { "[y/N]" };
        let default = if default == Answer::Yes { "y" } else { "n" };
        loop {
            let answer = self.ask(format_args!("{question} {choices} "), default)?;
            let begins =
                |word: &str| word.get(..answer.len()).is_some_and(|start| start.eq_ignore_ascii_case(answer));
            if begins("yes") || begins("no") {
                return Ok(begins("yes"));
            }
            self.say(format_args!("  Answer y or n."));
        }
    }

    /// Asks for the token: without echo, or for the first line of a stdin that is no terminal.
    pub(super) fn secret(&mut self, question: &str) -> Result<&'static str, Exit> {
        if !self.is_terminal {
            let line = terminal::line(self.stdin);
            return self.answer(line.map(|line| Some(line.unwrap_or_default())));
        }
        let typed = terminal::silent_line(self.stdin, &mut || self.console.prompt(question));
        let is_text = matches!(&typed, Ok(Some(text)) if !text.is_empty());
        self.console.notice(format_args!("{}", if is_text { "****" } else { "" }));
        if matches!(&typed, Ok(Some(text)) if text.bytes().any(is_cancel)) {
            // As at the other questions, where the terminal sends the signal.
            let _ = kill_process(getpid(), Signal::INT);
            return self.answer(Ok(None));
        }
        self.answer(typed)
    }

    /// Returns what was read, which is kept until the program ends. The error is printed.
    fn answer(&mut self, read: Result<Option<String>, Errno>) -> Result<&'static str, Exit> {
        match read {
            Ok(Some(line)) => Ok(line.leak()),
            Ok(None) => {
                self.console.notice(format_args!(""));
                Err(self.end(format_args!("the input ended before the last answer"), Exit::Usage))
            }
            Err(e) => Err(self.end(format_args!("could not read the answer: {e}"), Exit::TryLater)),
        }
    }
}

/// Breaks each line of a text at spaces, so that it fits the columns. The spaces at its start are repeated. A longer word
/// is left as it is.
fn wrap(text: &str, columns: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + 8);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            wrapped.push('\n');
        }
        let words = line.trim_start_matches(' ');
        let indent = &line[..line.len() - words.len()];
        let mut column = indent.len();
        wrapped.push_str(indent);
        for (index, word) in words.split(' ').enumerate() {
            let width = word.chars().count();
            if index > 0 && column + 1 + width > columns && column > indent.len() {
                wrapped.push('\n');
                wrapped.push_str(indent);
                column = indent.len();
            } else if index > 0 {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(word);
            column += width;
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    #[test]
    fn wrap_breaks_at_spaces_and_keeps_the_indentation() {
        let words = |number| vec!["abcdefghi"; number].join(" ");
        let wrap = |text: &str| super::wrap(text, 79);
        assert_eq!(wrap("a  b\n  c "), "a  b\n  c ");
        assert_eq!(wrap(&words(8)), words(8), "79 columns");
        assert_eq!(wrap(&format!("  {}", words(8))), format!("  {}\n  abcdefghi", words(7)));
        let long = "x".repeat(100);
        assert_eq!(wrap(&format!("a {long} b")), format!("a\n{long}\nb"));
        assert_eq!(wrap(&long), long);
        assert_eq!(super::wrap("  one two three", 11), "  one two\n  three");
    }
}
