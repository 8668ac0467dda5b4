//! The output of a run, and the assertions on it. A failed assertion prints each part that was wrong as an expected
//! and a got block, and the other parts as they are.

use std::fmt::Write as _;
use std::io::Read;
use std::process::{Child, ExitStatus};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::sandbox::{API_KEY, TOKEN};

/// The longest time that a run may take to end by itself.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Exit code, stdout and stderr of a finished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunOutput {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl RunOutput {
    /// Exit code 0, nothing on stderr, and on stdout only that `home.example.org A` works again.
    #[track_caller]
    pub(crate) fn works_again(&self) {
        self.exits_without_errors(0);
        let is_end = self.stdout.starts_with("home.example.org A: works again; it failed since 20");
        assert!(is_end && self.stdout.lines().count() == 1, "it does not work again\n{self}");
    }

    /// Exactly this, and nothing on stderr.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str) {
        self.compare(code, Some(stdout), Some(""));
    }

    /// This exit code and exactly this on stdout; anything on stderr.
    #[track_caller]
    pub(crate) fn prints(&self, code: i32, stdout: &str) {
        self.compare(code, Some(stdout), None);
    }

    /// This exit code and nothing on stderr; anything on stdout.
    #[track_caller]
    pub(crate) fn exits_without_errors(&self, code: i32) {
        self.compare(code, None, Some(""));
    }

    /// This exit code; anything on stdout and stderr.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) {
        self.compare(code, None, None);
    }

    /// This exit code, nothing on stdout, and on stderr one line that contains all these words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        self.prints(code, "");
        self.says(words);
        assert_eq!(self.stderr.lines().count(), 1, "lines on stderr\n{self}");
    }

    /// All these words are on stderr.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "not on stderr: `{word}`\n{self}");
        }
    }

    /// Compares with what is wanted; `None` takes anything.
    #[track_caller]
    fn compare(&self, code: i32, stdout: Option<&str>, stderr: Option<&str>) {
        let same = |wanted: Option<&str>, got: &str| wanted.is_none_or(|wanted| wanted == got);
        if self.code == Some(code) && same(stdout, &self.stdout) && same(stderr, &self.stderr) {
            return;
        }
        let mut report = String::from("the run did not end as expected\n");
        if self.code == Some(code) {
            report.push_str(&exit_line(self.code));
        } else {
            let _ = writeln!(report, "exit code: expected {code}, got {}", shown(self.code));
        }
        for (title, wanted, got) in [("stdout", stdout, &self.stdout), ("stderr", stderr, &self.stderr)] {
            report.push_str(&match wanted {
                Some(wanted) if wanted != got => expected_got(title, wanted, got),
                _ => block(title, got),
            });
        }
        panic!("{report}");
    }
}

/// The whole run, a block for each stream.
impl std::fmt::Display for RunOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (stdout, stderr) = (block("stdout", &self.stdout), block("stderr", &self.stderr));
        write!(f, "{}{stdout}{stderr}", exit_line(self.code))
    }
}

fn exit_line(code: Option<i32>) -> String {
    format!("exit code: {}\n", shown(code))
}

fn shown(code: Option<i32>) -> String {
    code.map_or_else(|| "none, ended by a signal".to_owned(), |code| code.to_string())
}

/// Fails unless the texts are the same, and shows them line by line.
#[track_caller]
pub(crate) fn same_text(title: &str, expected: &str, got: &str) {
    assert!(expected == got, "the texts differ\n{}", expected_got(title, expected, got));
}

/// Two blocks; `!` marks each line that the other one does not have at this place.
fn expected_got(title: &str, expected: &str, got: &str) -> String {
    marked_block(&format!("{title}: expected"), expected, got)
        + &marked_block(&format!("{title}: got"), got, expected)
}

/// A title, and each line of the text after a bar.
pub(crate) fn block(title: &str, text: &str) -> String {
    marked_block(title, text, text)
}

fn marked_block(title: &str, text: &str, other: &str) -> String {
    let mut block = format!("{title}:\n");
    let mut others = other.lines();
    for line in text.lines() {
        let mark = if others.next() == Some(line) { ' ' } else { '!' };
        let printable = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        let line: String = line.chars().map(printable).collect();
        let _ = writeln!(block, "  {mark}| {line}");
    }
    if text.is_empty() {
        block.push_str("    (empty)\n");
    } else if !text.ends_with('\n') {
        block.push_str("    (no newline at the end)\n");
    }
    block
}

/// Waits for a child with pipes, and checks that it kept the secrets.
pub(crate) fn wait(mut child: Child) -> RunOutput {
    // Read while it runs: a pipe holds 64 KiB, and then the run waits for a reader.
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = wait_with_timeout(&mut child);
    let text = |reader: JoinHandle<String>| reader.join().expect("UTF-8");
    let ran = RunOutput { code: status.code(), stdout: text(stdout), stderr: text(stderr) };
    for secret in [TOKEN, API_KEY] {
        assert!(!format!("{ran:?}").contains(secret), "a secret is in the output\n{ran}");
    }
    ran
}

/// Reads a pipe, if there is one, to its end.
fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.map(|mut pipe| pipe.read_to_string(&mut text)).transpose().expect("UTF-8");
        text
    })
}

/// Waits for a child to end by itself. Polls, since std has no wait with a timeout: seldom for a long run, since tables
/// of tests wait for a hundred of them at a time.
fn wait_with_timeout(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return status;
        }
        if started.elapsed() > TIMEOUT {
            child.kill().expect("the end of a run that never ends");
            panic!("the run did not end by itself within {TIMEOUT:?}");
        }
        let pause = started.elapsed() / 8;
        std::thread::park_timeout(pause.clamp(Duration::from_millis(2), Duration::from_millis(50)));
    }
}
