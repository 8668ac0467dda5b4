//! Helper: `gandi-ddns watch` in the background, with its output as it comes.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::run_output::{RunOutput, wait};
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// The longest wait for something that a watcher does, however slow the machine is.
pub(super) const LIMIT: Duration = Duration::from_secs(100);

/// A text to which threads add lines.
#[derive(Clone, Default)]
struct Lines(Arc<(Mutex<String>, Condvar)>);

impl Lines {
    /// Reads a stream to its end in a thread.
    fn reader(&self, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = self.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|length| length > 0) {
                let (text, changed) = &*lines.0;
                text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
                changed.notify_all();
                line.clear();
            }
        })
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a text has been added this many times.
    #[track_caller]
    fn until(&self, wanted: &str, times: usize) {
        let (text, changed) = &*self.0;
        let lacks = |text: &mut String| text.matches(wanted).count() < times;
        let guard = text.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, result) = changed.wait_timeout_while(guard, LIMIT, lacks).expect("a reader");
        assert!(!result.timed_out(), "not {times} times `{wanted}`:\n{}", *text);
    }
}

/// A watcher in a sandbox. It is killed at the end of the test.
pub(super) struct Watching<'a> {
    s: &'a Sandbox,
    child: Option<Child>,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl<'a> Watching<'a> {
    /// Starts one with `-v`, the sandbox's config and these arguments.
    pub(super) fn start(s: &'a Sandbox, arguments: &[&str]) -> Self {
        let mut command = s.command();
        command.args(["-c", "gandi-ddns.conf", "watch", "-v"]).args(arguments);
        Self::of(s, &mut command)
    }

    /// Starts one by this command.
    pub(super) fn of(s: &'a Sandbox, command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a watcher");
        let (out, err) = (Lines::default(), Lines::default());
        let readers = vec![
            out.reader(child.stdout.take().expect("its stdout")),
            err.reader(child.stderr.take().expect("its stderr")),
        ];
        Self { s, child: Some(child), out, err, readers }
    }

    /// Waits until it sleeps after this many passes.
    #[track_caller]
    pub(super) fn sleeps_after(&self, passes: usize) {
        self.says("next pass in ", passes);
    }

    /// Waits until a text has been printed on stderr this many times.
    #[track_caller]
    pub(super) fn says(&self, text: &str, times: usize) {
        self.err.until(text, times);
    }

    /// Waits until a text has been printed on stdout.
    #[track_caller]
    pub(super) fn prints(&self, text: &str) {
        self.out.until(text, 1);
    }

    /// Returns the number of times that a text is on stderr so far.
    pub(super) fn count(&self, text: &str) -> usize {
        self.err.text().matches(text).count()
    }

    /// Returns the process id.
    pub(super) fn id(&self) -> Pid {
        let id = self.child.as_ref().expect("a watcher").id();
        i32::try_from(id).ok().and_then(Pid::from_raw).expect("its id")
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("the signal");
    }

    /// Ends it by a signal, and returns its output.
    #[track_caller]
    pub(super) fn end(self, signal: Signal) -> RunOutput {
        self.signal(signal);
        self.ended()
    }

    /// Waits until it ends by itself or by a signal, and returns its output.
    #[track_caller]
    pub(super) fn ended(mut self) -> RunOutput {
        let started = Instant::now();
        let code = wait(self.child.take().expect("a watcher")).code;
        assert!(started.elapsed() < Duration::from_secs(30), "the end takes too long");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
        let ran = RunOutput { code, stdout: self.out.text(), stderr: self.err.text() };
        assert!(![TOKEN, API_KEY].iter().any(|secret| format!("{ran:?}").contains(secret)), "{ran}");
        self.s.keep_last_run("watch", &ran);
        ran
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
            let ran = RunOutput { code: None, stdout: self.out.text(), stderr: self.err.text() };
            self.s.keep_last_run("watch, killed", &ran);
        }
    }
}
