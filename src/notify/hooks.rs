//! The user's hook programs: `on_change` and `on_failure`. A hook that fails is a warning and never changes the exit code.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::WriteMode;
use crate::config::Notifications;
use crate::console::{self, Console};
use crate::dns::RrsetKey;
use crate::outcome::{Outcome, Success};
use crate::sys::error_chain::chain;
use crate::sys::grouped::Texts;
use crate::sys::subprocess::{self, ProcessError, Spec, Stream};
use crate::sys::words::beginning;

/// Time limit of all hooks of a run together: during that time the lock is held.
pub(crate) const BUDGET: Duration = Duration::from_secs(30);
/// A hook is not started with less time than this: it would be killed in the middle of its work.
const MIN_TIME: Duration = Duration::from_secs(1);
/// Maximum size of a variable in bytes, without the note at its end. The kernel refuses a program whose arguments and
/// environment are larger than 128 KiB, where the stack is limited (execve(2)): six variables fit.
const MAX_VARIABLE: usize = 16 * 1024;

/// Runs the hooks of one run, all attempts included.
pub(crate) struct Hooks {
    /// The rest of [`BUDGET`].
    left: Duration,
    /// The number of hooks that were not run, for lack of time.
    skipped: usize,
}

/// The fate of a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hook {
    /// It was started. It may have failed.
    Started,
    /// It was not started.
    NotStarted,
}

impl Hooks {
    pub(crate) const fn new() -> Self {
        Self { left: BUDGET, skipped: 0 }
    }

    /// Runs the `on_change` hook once for each record that was written.
    pub(crate) fn changes(
        &mut self,
        notifications: &Notifications,
        outcomes: &[Outcome],
        console: &mut Console,
    ) {
        let Some(program) = &notifications.on_change else { return };
        for Outcome { keys, result, .. } in outcomes {
            let (old, new) = match result {
                Ok(Success::Created { new, mode: WriteMode::Apply }) => (String::new(), new.addresses()),
                Ok(Success::Replaced { old, new, mode: WriteMode::Apply }) => {
                    (old.addresses(), new.addresses())
                }
                _ => continue,
            };
            for key in keys {
                self.run("on_change", program, &[key], [&old, &new, ""], console);
            }
        }
    }

    /// Runs the `on_failure` hook once for each failure: its text, and the records that failed for this reason. Returns
    /// the records whose hook was started. For the others, a later run tries again.
    pub(crate) fn failures<'a>(
        &mut self,
        program: &Path,
        failures: &[(String, Vec<&'a RrsetKey>)],
        console: &mut Console,
    ) -> Vec<&'a RrsetKey> {
        let mut reported = Vec::new();
        for (text, keys) in failures {
            if self.run("on_failure", program, keys, ["", "", text], console) == Hook::Started {
                reported.extend_from_slice(keys);
            }
        }
        reported
    }

    /// Warns once if there was no time for some hooks.
    pub(crate) fn report_skipped(&self, console: &mut Console) {
        if self.skipped > 0 {
            console.warn(format_args!(
                "hooks not run: {}; all hooks of a run share {} s, so let a slow hook work in the background",
                self.skipped,
                BUDGET.as_secs()
            ));
        }
    }

    /// Runs one hook. With several records, each variable is a list of distinct words, separated by spaces. The last
    /// three variables are `old`, `new` and `error`.
    fn run(
        &mut self,
        hook: &str,
        program: &Path,
        keys: &[&RrsetKey],
        [old, new, error]: [&str; 3],
        console: &mut Console,
    ) -> Hook {
        if self.left < MIN_TIME {
            self.skipped += 1;
            return Hook::NotStarted;
        }
        let list = |word: fn(&RrsetKey) -> String| variable(&distinct(keys, word));
        let (domains, names) = (list(|k| k.domain.to_string()), list(|k| k.name.to_string()));
        let variables = [
            ("GANDI_DDNS_DOMAIN", domains.as_str()),
            ("GANDI_DDNS_NAME", &names),
            ("GANDI_DDNS_TYPE", &list(|k| k.rrtype.to_string())),
            ("GANDI_DDNS_OLD", &variable(old)),
            ("GANDI_DDNS_NEW", &variable(new)),
            ("GANDI_DDNS_ERROR", &variable(error)),
        ];
        console.debug(format_args!("running {hook} {}", program.display()));
        let stderr = if console.is_verbose() { Stream::Read } else { Stream::Discard };
        let spec = Spec {
            path: program,
            variables: &variables,
            timeout: self.left,
            stdout: Stream::Discard,
            stderr,
        };
        let started = Instant::now();
        let result = subprocess::run(&spec);
        self.left = self.left.saturating_sub(started.elapsed());
        let Err(e) = result else { return Hook::Started };
        console.warn(format_args!("`{hook}` {}: {}", program.display(), chain(&e)));
        if matches!(e, ProcessError::Start(_)) { Hook::NotStarted } else { Hook::Started }
    }
}

/// Joins the words of these records by spaces, each word once.
fn distinct(keys: &[&RrsetKey], word: fn(&RrsetKey) -> String) -> String {
    let mut words = Texts::default();
    for key in keys {
        words.number(&word(key));
    }
    words.as_slice().join(" ")
}

/// Returns a text as a value that the kernel accepts: without control characters such as NUL, which may come from a
/// server, and of at most [`MAX_VARIABLE`] bytes. The number of words that are left out is at the end.
fn variable(text: &str) -> String {
    let mut value = console::one_line(text);
    if value.len() > MAX_VARIABLE {
        let start = beginning(&value, MAX_VARIABLE);
        let end = start.rfind(' ').unwrap_or(start.len());
        let more = value[end..].split_ascii_whitespace().count();
        value.truncate(end);
        let _ = write!(value, " and {more} more");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Verbosity;
    use crate::dns::{RrsetName, RrsetType, ZoneName};

    #[test]
    fn hooks_share_the_budget_in_all_attempts() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
        let domain = ZoneName::parse("example.org").expect("a domain");
        let name = RrsetName::parse("@", &domain).expect("a name");
        let key = RrsetKey { name, domain, rrtype: RrsetType::A };
        let failures = |text: &str| [(text.to_owned(), vec![&key])];
        let mut hooks = Hooks { left: MIN_TIME, ..Hooks::new() };
        // Reads from its stdin, which is empty, and ends with exit code 0.
        let reported = hooks.failures(Path::new("/bin/cat"), &failures("a"), &mut console).len();
        assert_eq!((reported, hooks.skipped), (1, 0));
        assert!(hooks.left < MIN_TIME, "its time was taken");
        for skipped in 1..3 {
            let reported = hooks.failures(Path::new("/bin/cat"), &failures("b"), &mut console).len();
            assert_eq!((reported, hooks.skipped), (0, skipped));
        }
        hooks.report_skipped(&mut console);
        let said = String::from_utf8(err).expect("UTF-8");
        assert!(said.lines().count() == 1 && said.contains("hooks not run: 2;"), "{said}");
    }

    #[test]
    fn variable_is_bounded_and_has_no_control_characters() {
        assert_eq!(variable("a b"), "a b");
        assert_eq!(variable("a\0b\n\u{1b}[31m\u{85}é"), "a b  [31m é");
        let longest = "x".repeat(MAX_VARIABLE);
        assert_eq!(variable(&longest), longest);
        assert_eq!(variable(&format!("{longest} y z")), format!("{longest} and 2 more"));
        assert_eq!(variable(&format!("y {longest} z")), "y and 2 more");
        // No space, and a cut inside a character.
        assert_eq!(variable(&format!("{}é", "x".repeat(MAX_VARIABLE - 1))).len(), MAX_VARIABLE - 1 + 11);
    }
}
