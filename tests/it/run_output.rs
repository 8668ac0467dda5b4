//! The output of a run, and the assertions on it.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::sandbox::{API_KEY, TOKEN};

/// No test waits longer than this for a run to end by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RunOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Waits for a child with pipes, and checks that it kept the secrets.
pub(crate) fn wait(mut child: Child) -> RunOutput {
    let status = patiently(&mut child);
    let output = child.wait_with_output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let ran = RunOutput { code: status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
    for secret in [TOKEN, API_KEY] {
        assert!(!format!("{ran:?}").contains(secret), "a secret is in the output: {ran:?}");
    }
    ran
}

/// Waits for a child to end by itself. Polls, since std has no wait with a limit.
fn patiently(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().expect("the end of a run that never ends");
            panic!("the run did not end by itself");
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

impl RunOutput {
    /// Exactly this, and nothing on stderr.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (Some(code), stdout, ""));
    }

    /// This code, nothing on stdout, and one line on stderr in which all these words stand.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        self.says(words);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
    }

    /// All these words stand on stderr.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
    }
}
