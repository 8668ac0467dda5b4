//! `check` and the first update, with the files that were written.

use std::path::Path;

use super::dialogue::{Dialogue, say};
use crate::cli::{CheckScope, ConfigSource, GlobalOptions, Redaction, UpdateOptions};
use crate::commands::context::Context;
use crate::commands::{check, update};
use crate::console::{Console, Verbosity};
use crate::exit::Exit;
use crate::net::FamilySelection;
use crate::sys::environment::Environment;

/// Returns the options and the environment of a run with the config at `path`: without the token of a variable, which is
/// not that of the later runs.
pub(super) fn later<'a>(
    options: &GlobalOptions,
    path: &Path,
    context: &'a Context,
) -> (GlobalOptions, Context<'a>) {
    let source = ConfigSource::File(Some(path.to_owned()));
    let (overrides, families) = (Vec::new(), FamilySelection::Any);
    let options = GlobalOptions { source, overrides, families, ..options.clone() };
    let env =
        Environment { token: None, token_file: None, credentials_directory: None, ..context.env.clone() };
    (options, Context { env, now: context.now, sleep: context.sleep, seed: context.seed })
}

/// Runs both, and prints the problems that `check` finds and all that the update says. Returns the exit code of the update.
pub(super) fn run(
    dialogue: &Dialogue,
    options: &GlobalOptions,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let findings = captured(&|console| {
        check::execute(options, (Redaction::Off, CheckScope::Everything), context, console)
    });
    for line in findings.out.lines().filter(|l| l.starts_with("warning") || l.starts_with("failure")) {
        say(&format!("  {line}"), console);
    }
    let run = |console: &mut Console| update::execute(options, &UpdateOptions::default(), context, console);
    let Captured { out, err, exit } = captured(&run);
    for line in out.lines() {
        say(&format!("  {line}"), console);
    }
    for line in err.lines() {
        let line = line.strip_prefix("gandi-ddns: ").unwrap_or(line);
        match line.strip_prefix("warning: ") {
            _ if dialogue.is_terminal => say(&format!("  {line}"), console),
            Some(warning) => console.warn(format_args!("{warning}")),
            None => console.error(format_args!("{line}")),
        }
    }
    exit
}

/// The output of a command, and its exit code.
struct Captured {
    out: String,
    err: String,
    exit: Exit,
}

/// Runs a command, and returns its output.
fn captured(command: &dyn Fn(&mut Console) -> Exit) -> Captured {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
    // A person is reading.
    console.note_terminal();
    let exit = command(&mut console);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Captured { out: text(&out), err: text(&err), exit }
}
