//! The questions and their answers. A line of the output has at most 79 columns.

use std::os::fd::BorrowedFd;

use rustix::process::{Signal, getpid, kill_process};

use super::terminal::{self, Typed};
use crate::cli::Questions;
use crate::console::Console;
use crate::exit::Exit;

/// The number of columns in use. In the last one of a terminal, some start a new line.
const COLUMNS: usize = 79;
/// The text after whatever ends the questions that follow.
pub(super) const WRITTEN: &str = "the config stays";
/// The text after whatever ends the setup before the files are written.
pub(super) const NOTHING_WRITTEN: &str = "nothing was written";

/// The answer that Enter gives, and `--yes`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    Yes,
    No,
}

/// Asks the user; or, with `--yes`, nobody.
pub(super) struct Dialogue<'a> {
    pub(super) stdin: BorrowedFd<'a>,
    /// True if stdin is a terminal, so that a wrong answer can be corrected.
    pub(super) is_terminal: bool,
    pub(super) questions: Questions,
    /// The end of an error: [`NOTHING_WRITTEN`], or another text after the files are written.
    pub(super) written: &'static str,
}

impl Dialogue<'_> {
    /// Returns true if a person may answer a question again.
    pub(super) fn can_repeat(&self) -> bool {
        self.is_terminal && self.questions == Questions::Ask
    }

    /// Asks for a text. Enter gives the `default`, which `--yes` gives as well. An `Err` is the end of the setup.
    pub(super) fn ask(
        &mut self,
        question: &str,
        default: &str,
        console: &mut Console,
    ) -> Result<String, Exit> {
        if self.questions == Questions::AssumeYes {
            return Ok(default.to_owned());
        }
        console.prompt(&wrap(question));
        match terminal::line(self.stdin) {
            Ok(Some(line)) => {
                if !self.is_terminal {
                    console.notice(format_args!(""));
                }
                let line = line.trim();
                Ok(if line.is_empty() { default } else { line }.to_owned())
            }
            Ok(None) => Err(self.end_of_input(console)),
            Err(e) => Err(self.unreadable(&e.to_string(), console)),
        }
    }

    /// Asks for yes or no.
    pub(super) fn confirm(
        &mut self,
        question: &str,
        default: Default,
        console: &mut Console,
    ) -> Result<bool, Exit> {
        let (choices, default) = if default == Default::Yes { ("[Y/n]", "y") } else { ("[y/N]", "n") };
        loop {
            let answer = self.ask(&format!("{question} {choices} "), default, console)?;
            match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => say("  Answer y or n.", console),
            }
        }
    }

    /// Asks for the token: without echo, or for the first line of a stdin that is no terminal.
    pub(super) fn secret(&mut self, question: &str, console: &mut Console) -> Result<String, Exit> {
        if !self.is_terminal {
            let line = terminal::line(self.stdin).map_err(|e| self.unreadable(&e.to_string(), console))?;
            return Ok(line.unwrap_or_default());
        }
        let typed = terminal::silent_line(self.stdin, &mut || console.prompt(question));
        let is_text = matches!(&typed, Ok(Typed::Line(text)) if !text.is_empty());
        console.notice(format_args!("{}", if is_text { "****" } else { "" }));
        match typed {
            Ok(Typed::Line(text)) => Ok(text),
            Ok(Typed::End) => Err(self.end_of_input(console)),
            Ok(Typed::Cancelled) => {
                // As at the other questions, where the terminal sends the signal.
                let _ = kill_process(getpid(), Signal::INT);
                Err(self.end_of_input(console))
            }
            Err(e) => Err(self.unreadable(&e.to_string(), console)),
        }
    }

    /// Tells a problem: in the dialogue, or as an error. It ends the setup unless a person can answer again.
    pub(super) fn problem(&self, text: &str, exit: Exit, console: &mut Console) -> Result<(), Exit> {
        if self.can_repeat() {
            say(&format!("  {text}"), console);
            return Ok(());
        }
        console.error(format_args!("{text}; {NOTHING_WRITTEN}"));
        Err(exit)
    }

    fn end_of_input(&self, console: &mut Console) -> Exit {
        console.notice(format_args!(""));
        console.error(format_args!("the input ended before the last answer; {}", self.written));
        Exit::Usage
    }

    fn unreadable(&self, cause: &str, console: &mut Console) -> Exit {
        console.error(format_args!("could not read the answer: {cause}; {}", self.written));
        Exit::TryLater
    }
}

/// Ends the setup, since the user does not want to go on.
pub(super) fn declined(console: &mut Console) -> Exit {
    console.error(format_args!("stopped; {NOTHING_WRITTEN}"));
    Exit::Usage
}

/// Prints a text, wrapped.
pub(super) fn say(text: &str, console: &mut Console) {
    console.notice(format_args!("{}", wrap(text)));
}

/// Breaks each line of a text at spaces, so that it fits the columns. The spaces at its start are repeated. A longer word
/// is left as it is.
pub(super) fn wrap(text: &str) -> String {
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
            if index > 0 && column + 1 + width > COLUMNS && column > indent.len() {
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
    use super::*;

    #[test]
    fn wrap_breaks_at_spaces_and_keeps_the_indentation() {
        let words = |number| vec!["abcdefghi"; number].join(" ");
        assert_eq!(wrap("a  b\n  c "), "a  b\n  c ");
        assert_eq!(wrap(&words(8)), words(8), "79 columns");
        assert_eq!(wrap(&format!("  {}", words(8))), format!("  {}\n  abcdefghi", words(7)));
        let long = "x".repeat(100);
        assert_eq!(wrap(&format!("a {long} b")), format!("a\n{long}\nb"));
        assert_eq!(wrap(&long), long);
    }
}
