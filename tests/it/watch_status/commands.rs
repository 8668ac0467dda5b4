//! Helper: a watcher without `-v`, and `status` beside it.

use std::time::{Duration, Instant};

use miniserde::json::{self, Value};

use crate::sandbox::Sandbox;
use crate::schema::{self, fits};
use crate::watching::{LIMIT, Watching};

/// Starts a watcher with the sandbox's config, these arguments and these variables.
pub(super) fn start(s: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Watching {
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf", "watch"]).args(arguments);
    Watching::of(s, command.envs(variables.iter().copied()))
}

/// Starts one and waits until it has written the stale record and sleeps.
#[track_caller]
pub(super) fn asleep(s: &Sandbox, arguments: &[&str]) -> Watching {
    let watching = start(s, arguments, &[]);
    status_until(s, |text| text.contains("(last confirmed "));
    // A pass that has written the record still holds the lock for a moment.
    let is_over = || s.run(&["status", "--json"]).stdout.contains("\"running\":false");
    watching.until("the end of the pass", is_over);
    watching
}

/// Waits until the text of `status` is as wanted, and returns it.
#[track_caller]
pub(super) fn status_until(s: &Sandbox, is_wanted: impl Fn(&str) -> bool) -> String {
    let started = Instant::now();
    loop {
        let ran = s.run(&["status"]);
        if is_wanted(&ran.stdout) {
            return ran.stdout;
        }
        assert!(started.elapsed() < LIMIT, "status is not as wanted\n{ran}");
        std::thread::park_timeout(Duration::from_millis(50));
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
