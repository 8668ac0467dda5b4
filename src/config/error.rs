//! The errors of this folder: the problems in a config, with file and line.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::sys::file_error::FileError;
use crate::sys::secret;

/// The maximum number of problems that are printed.
const SHOWN: usize = 20;
/// The same for the config of another program, where they are of little use.
const SHOWN_IF_FOREIGN: usize = 3;
/// The maximum length of a problem's text in bytes. A longer one, with a long value in it, loses its middle.
const TEXT: usize = 400;

/// The line of a problem that is outside the config, such as in a variable.
pub(super) const OUTSIDE: usize = usize::MAX;
/// The line of the first entry that `--option` gives. Those of further ones follow.
pub(super) const OPTION: usize = usize::MAX / 2;

/// The problems in a config: one or more. Each is one line; for the config of an older Gandi script, [`translation`]
/// has the config to use instead.
///
/// [`translation`]: ConfigError::translation
#[derive(Debug)]
pub struct ConfigError {
    /// The config file; `None` if the records were given as arguments, or the problem is elsewhere.
    file: Option<PathBuf>,
    /// The kind of config that this file is, if it is that of another program.
    foreign: Option<&'static str>,
    /// The first problems in the order of their lines, at most [`SHOWN`].
    problems: Vec<(usize, Problem)>,
    /// The number of all problems.
    number: usize,
    /// The equivalent config for this program, if the file is the config of an older Gandi script.
    translation: Option<String>,
}

/// The text of a problem, and its consequence.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    /// The exit code: `TryLater` if the next run may not have the problem, `Usage` for a value of an argument.
    exit: Exit,
}

impl Problem {
    /// Creates a problem with a file that could not be read.
    pub(super) fn reading(text: String, cause: &FileError) -> Self {
        Self { text, exit: if cause.is_temporary() { Exit::TryLater } else { Exit::Config } }
    }

    /// Creates a problem with the value of an option.
    fn of_option(option: &str, problem: &str) -> Self {
        Self { text: format!("{option}: {problem}; see gandi-ddns --help"), exit: Exit::Usage }
    }

    /// Puts the config key in front of the text.
    pub(super) fn of_key(self, key: &str) -> Self {
        Self { text: format!("`{key}`: {}", self.text), ..self }
    }
}

impl<T: Into<String>> From<T> for Problem {
    fn from(text: T) -> Self {
        Self { text: text.into(), exit: Exit::Config }
    }
}

/// Collects the problems while a config is read.
pub(super) struct Errors<'a> {
    /// The config file; `None` for arguments.
    pub(super) file: Option<&'a Path>,
    // Not a `RefCell`, which has code for a panic.
    problems: Cell<Vec<(usize, Problem)>>,
    number: Cell<usize>,
}

impl<'a> Errors<'a> {
    pub(super) const fn new(file: Option<&'a Path>) -> Self {
        Self { file, problems: Cell::new(Vec::new()), number: Cell::new(0) }
    }

    /// Returns the config file whose directory is the base of relative paths in this line; `None` for the working
    /// directory, if the line is no one of the file.
    pub(super) fn base(&self, line: usize) -> Option<&'a Path> {
        self.file.filter(|_| line < OPTION)
    }

    /// Adds a problem. Line 0 stands for the whole file, or for arguments; see also [`OUTSIDE`] and [`OPTION`].
    pub(super) fn add(&self, line: usize, problem: impl Into<Problem>) {
        self.insert(line, problem.into());
    }

    #[inline(never)]
    fn insert(&self, line: usize, mut problem: Problem) {
        if (OPTION..OUTSIDE).contains(&line) && problem.exit == Exit::Config {
            problem.exit = Exit::Usage;
        }
        self.number.set(self.number.get() + 1);
        let mut problems = self.problems.take();
        // Problems of the whole file come last.
        let place = |line: usize| line.wrapping_sub(1);
        let at = problems.iter().position(|(other, _)| place(*other) > place(line));
        problems.insert(at.unwrap_or(problems.len()), (line, problem));
        problems.truncate(SHOWN);
        self.problems.set(problems);
    }

    /// Adds a problem with the value of a key, or with that of the argument which stands for it.
    pub(super) fn add_of_key(&self, line: usize, key: &str, problem: Problem) {
        let option = match key {
            _ if self.file.is_some() || line >= OPTION => return self.insert(line, problem.of_key(key)),
            "names" => "--name",
            "types" => "--type",
            "domain" => "--domain",
            _ => "--ttl",
        };
        self.insert(line, Problem::of_option(option, &problem.text));
    }

    /// Returns true if a problem in this line would be among the first ones, whose texts are shown.
    pub(super) fn shows(&self, line: usize) -> bool {
        let problems = self.problems.take();
        let shows = problems.get(SHOWN - 1).is_none_or(|(last, _)| *last > line);
        self.problems.set(problems);
        shows
    }

    /// Returns true if there is no problem so far.
    pub(super) fn is_empty(&self) -> bool {
        self.number.get() == 0
    }

    /// Returns the problems as an error, if there are any.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.is_empty() {
            return Ok(());
        }
        let (problems, number) = (self.problems.take(), self.number.get());
        let file = self.file.map(Path::to_owned);
        Err(ConfigError { file, foreign: None, problems, number, translation: None })
    }
}

impl ConfigError {
    /// Creates an error about no line of a file.
    pub(super) fn new(problem: impl Into<Problem>) -> Self {
        let problems = vec![(0, problem.into())];
        Self { file: None, foreign: None, problems, number: 1, translation: None }
    }

    /// Creates the error for the value of an option.
    pub(crate) fn of_option(option: &str, problem: &str) -> Self {
        Self::new(Problem::of_option(option, problem))
    }

    /// Creates the error for a problem that is none of the config, but ends the command before it has read more.
    pub(crate) fn other(exit: Exit, text: String) -> Self {
        Self::new(Problem { text, exit })
    }

    /// Creates the error for arguments that leave nothing to do, or for a config and arguments that do.
    pub(super) fn nothing_to_do(exit: Exit) -> Self {
        let text = "nothing to do: no record of the chosen address family is configured".to_owned();
        Self::new(Problem { text, exit })
    }

    /// Replaces the problems by the fact that the file is the config of an older Gandi script. `line` is that of the
    /// first key of such a script.
    pub(super) fn legacy(self, line: usize, translation: String) -> Self {
        let problem = "this looks like the config of an older Gandi script: `gandi-ddns check` prints the equivalent for \
                       gandi-ddns";
        let problems = vec![(line, problem.into())];
        Self { problems, number: 1, translation: Some(translation), ..self }
    }

    /// Adds that the file looks like another kind of config.
    pub(super) fn foreign(mut self, kind: &'static str) -> Self {
        self.problems.truncate(SHOWN_IF_FOREIGN);
        Self { foreign: Some(kind), ..self }
    }

    /// Returns the exit code of a run that ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.problems.iter().map(|(_, problem)| problem.exit).max().unwrap_or(Exit::Config)
    }

    /// Returns the text of a config file that replaces the config of an older Gandi script.
    #[must_use]
    pub fn translation(&self) -> Option<&str> {
        self.translation.as_deref()
    }

    /// Returns the number of errors as a line, if there are several.
    #[must_use]
    pub fn heading(&self) -> Option<String> {
        (self.number > 1 && self.foreign.is_none())
            .then(|| self.line_of(0, &format!("{} errors", self.number)))
    }

    /// Returns the lines to print: one for each problem, by line number. That of a foreign config comes first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::with_capacity(self.problems.len() + 2);
        if let Some(kind) = self.foreign {
            let text = format!(
                "this looks like {kind}, not like a config of gandi-ddns: start from gandi-ddns.conf.example; see \
                 docs/migration.md"
            );
            lines.push(self.line_of(0, &text));
        }
        let problems = self.problems.iter();
        lines.extend(problems.map(|(line, p)| self.line_of(*line, &shortened(secret::hide(&p.text)))));
        if self.number > self.problems.len() {
            lines.push(self.line_of(0, &format!("and {} more", self.number - self.problems.len())));
        }
        lines
    }

    /// Puts file and line in front of a text.
    fn line_of(&self, line: usize, text: &str) -> String {
        match (&self.file, line) {
            (_, OUTSIDE) => text.to_owned(),
            (_, OPTION..) => format!("-o: {text}; see gandi-ddns --help"),
            (None, _) => text.to_owned(),
            (Some(file), 0) => format!("{}: {text}", file.display()),
            (Some(file), line) => format!("{}:{line}: {text}", file.display()),
        }
    }
}

/// Cuts out the middle of a text that is too long: its beginning names the problem, and its end the remedy.
fn shortened(text: String) -> String {
    if text.len() <= TEXT {
        return text;
    }
    let boundary = |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let (start, end) = (boundary(TEXT / 2), boundary(text.len() - TEXT / 2));
    format!("{}…{}", &text[..start], &text[end..])
}

impl fmt::Display for ConfigError {
    /// Writes all lines, separated by semicolons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("; "))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_sorted_by_line_and_bounded() {
        let errors = Errors::new(Some(Path::new("x.conf")));
        errors.add(0, "whole file");
        for line in (1..=30).rev() {
            errors.add(line, format!("problem {line}"));
        }
        let error = errors.finish().expect_err("problems");
        assert_eq!(error.heading().as_deref(), Some("x.conf: 31 errors"));
        let lines = error.lines();
        assert_eq!((lines.len(), lines[0].as_str()), (21, "x.conf:1: problem 1"));
        assert_eq!(lines[19..], ["x.conf:20: problem 20", "x.conf: and 11 more"]);
    }

    #[test]
    fn single_problem_is_one_line_and_the_whole_file_comes_last() {
        let lines = |problems: &[(usize, &str)]| {
            let errors = Errors::new(Some(Path::new("x.conf")));
            for (line, text) in problems {
                errors.add(*line, *text);
            }
            errors.finish().map_or_else(|e| e.lines(), |()| Vec::new())
        };
        assert_eq!(lines(&[(7, "a")]), ["x.conf:7: a"]);
        assert_eq!(lines(&[(0, "b"), (OUTSIDE, "c"), (7, "a")]), ["x.conf:7: a", "c", "x.conf: b"]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn long_value_loses_its_middle() {
        for filler in ["a", "ä", "日"] {
            let text = shortened(format!("unknown value `{}`: use `yes` or `no`", filler.repeat(500_000)));
            assert!(text.len() < TEXT + 10, "{} bytes", text.len());
            assert!(text.starts_with("unknown value `") && text.ends_with("`: use `yes` or `no`"), "{text}");
        }
    }
}
