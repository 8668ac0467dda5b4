//! The user's hook programs: `on_change` and `on_failure`. A hook that fails is a warning and never changes the exit code.

use std::path::Path;
use std::time::Duration;

use crate::cli::WriteMode;
use crate::config::Notifications;
use crate::console::Console;
use crate::dns::RrsetKey;
use crate::outcome::{Outcome, Success};
use crate::sys::error_chain::chain;
use crate::sys::grouped::push_if_new;
use crate::sys::subprocess::{self, Spec, Stderr};

/// Timeout for a hook.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs the `on_change` hook once for each record that was written.
pub(crate) fn changes(notifications: &Notifications, outcomes: &[Outcome], console: &mut Console) {
    let Some(program) = &notifications.on_change else { return };
    for Outcome { keys, result } in outcomes {
        let (old, new) = match result {
            Ok(Success::Created { new, mode: WriteMode::Apply }) => (String::new(), new.addresses()),
            Ok(Success::Replaced { old, new, mode: WriteMode::Apply }) => (old.addresses(), new.addresses()),
            _ => continue,
        };
        for key in keys {
            run("on_change", program, &[key], &old, &new, "", console);
        }
    }
}

/// Runs the `on_failure` hook once for each failure: its text, and the records that failed for this reason.
pub(crate) fn failures(program: &Path, failures: &[(String, Vec<&RrsetKey>)], console: &mut Console) {
    for (text, keys) in failures {
        run("on_failure", program, keys, "", "", text, console);
    }
}

/// Runs one hook. With several records, each variable is a list of distinct words, separated by spaces.
fn run(
    hook: &str,
    program: &Path,
    keys: &[&RrsetKey],
    old: &str,
    new: &str,
    error: &str,
    console: &mut Console,
) {
    let list = |word: fn(&RrsetKey) -> String| {
        let mut words = Vec::new();
        for key in keys {
            push_if_new(&mut words, word(key));
        }
        words.join(" ")
    };
    let (domains, names) = (list(|k| k.domain.to_string()), list(|k| k.name.to_string()));
    let types = list(|k| k.rrtype.to_string());
    let variables = [
        ("GANDI_DDNS_DOMAIN", domains.as_str()),
        ("GANDI_DDNS_NAME", &names),
        ("GANDI_DDNS_TYPE", &types),
        ("GANDI_DDNS_OLD", old),
        ("GANDI_DDNS_NEW", new),
        ("GANDI_DDNS_ERROR", error),
    ];
    console.debug(format_args!("running {hook} {}", program.display()));
    let stderr = if console.is_verbose() { Stderr::Inherit } else { Stderr::Discard };
    let spec = Spec { path: program, variables: &variables, timeout: TIMEOUT, stderr };
    if let Err(e) = subprocess::run(&spec) {
        console.warn(format_args!("`{hook}` {}: {}", program.display(), chain(&e)));
    }
}
