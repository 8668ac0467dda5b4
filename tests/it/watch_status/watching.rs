//! Helper: `gandi-ddns watch` in the background, and `status` beside it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use miniserde::json::{self, Value};
use rustix::process::{Pid, Signal, kill_process};

use crate::run_output::{RunOutput, wait};
use crate::sandbox::Sandbox;
use crate::schema::{self, fits};

/// The longest wait for something that a watcher does, however slow the machine is.
pub(super) const LIMIT: Duration = Duration::from_secs(100);

/// A watcher in a sandbox. It is killed at the end of the test.
pub(super) struct Watching<'a> {
    s: &'a Sandbox,
    child: Option<Child>,
}

impl<'a> Watching<'a> {
    /// Starts one with the sandbox's config, these arguments and these variables.
    pub(super) fn start(s: &'a Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = s.command();
        command.args(["-c", "gandi-ddns.conf", "watch"]).args(arguments).stdin(Stdio::null());
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { s, child: Some(command.spawn().expect("a watcher")) }
    }

    /// Starts one and waits until it has written the stale record and sleeps.
    pub(super) fn asleep(s: &'a Sandbox, arguments: &[&str]) -> Self {
        let watching = Self::start(s, arguments, &[]);
        // A pass that has written the record still holds the lock for a moment.
        let is_over = || s.run(&["status", "--json"]).stdout.contains("\"running\":false");
        watching.until(|text| text.contains("(last confirmed ") && is_over());
        watching
    }

    /// Returns its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().expect("a watcher").id()
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("its id");
        kill_process(id, signal).expect("the signal");
    }

    /// Ends it by a signal, and returns its output.
    #[track_caller]
    pub(super) fn end(mut self, signal: Signal) -> RunOutput {
        self.signal(signal);
        let ran = wait(self.child.take().expect("a watcher"));
        self.s.keep_last_run("watch", &ran);
        ran
    }

    /// Waits until the text of `status` is as wanted, and returns it.
    #[track_caller]
    pub(super) fn until(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let ran = self.s.run(&["status"]);
            if is_wanted(&ran.stdout) {
                return ran.stdout;
            }
            assert!(started.elapsed() < LIMIT, "status is not as wanted\n{ran}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns the member `watcher` of `status --json`, which must fit the schema.
#[track_caller]
pub(super) fn watcher(s: &Sandbox) -> Option<json::Object> {
    match fits(schema::STATUS, &s.run(&["status", "--json"]).stdout) {
        Value::Object(mut object) => match object.remove("watcher") {
            Some(Value::Object(watcher)) => Some(watcher),
            Some(Value::Null) => None,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
