//! `check` and the first update, with the files that were written.

use std::path::Path;

use super::dialogue::say;
use crate::cli::{ConfigSource, GlobalOptions, Redaction, UpdateOptions};
use crate::commands::context::Context;
use crate::commands::{check, update};
use crate::console::{Console, Verbosity};
use crate::exit::Exit;
use crate::net::FamilySelection;
use crate::sys::environment::Environment;

/// Runs both, and prints the problems that `check` finds and all that the update says. Returns the exit code of the update.
pub(super) fn run(options: &GlobalOptions, config: &Path, context: &Context, console: &mut Console) -> Exit {
    let options = with_config(options, config);
    // The token of a variable is not that of the later runs.
    let env = Environment { token: None, credentials_directory: None, ..context.env.clone() };
    let context = Context { env, now: context.now, sleep: context.sleep, seed: context.seed };
    let found = captured(&|console| check::execute(&options, Redaction::Off, &context, console));
    for line in found.0.lines().filter(|line| line.starts_with("warning") || line.starts_with("failure")) {
        say(&format!("  {line}"), console);
    }
    let (text, exit) =
        captured(&|console| update::execute(&options, &UpdateOptions::default(), &context, console));
    for line in text.lines() {
        say(&format!("  {}", line.strip_prefix("gandi-ddns: ").unwrap_or(line)), console);
    }
    exit
}

/// Returns the options of later runs, which have nothing but this config.
pub(super) fn with_config(options: &GlobalOptions, config: &Path) -> GlobalOptions {
    GlobalOptions {
        source: ConfigSource::File(Some(config.to_owned())),
        overrides: Vec::new(),
        families: FamilySelection::Any,
        ..options.clone()
    }
}

/// Runs a command, and returns its output.
fn captured(command: &dyn Fn(&mut Console) -> Exit) -> (String, Exit) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(Verbosity::Normal, &mut out, &mut err);
    // A person is reading.
    console.note_terminal();
    let exit = command(&mut console);
    out.append(&mut err);
    (String::from_utf8_lossy(&out).into_owned(), exit)
}
