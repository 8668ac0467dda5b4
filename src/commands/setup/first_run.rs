//! The first update: after a check, whose problems are shown.

use super::dialogue::{Answer, Dialogue};
use crate::cli::{CheckScope, Existing, GlobalOptions, Redaction, UpdateOptions};
use crate::commands::context::Context;
use crate::commands::{check, update};
use crate::console::{Console, Verbosity};
use crate::exit::Exit;
use crate::report::WILL_REPLACE;

/// Prints the problems that `check` finds, and runs the update. Before it replaces `addresses` that are to be kept, it
/// asks; and there is no update then if `check` could not find out.
pub(super) fn update(
    options: &mut GlobalOptions,
    context: &mut Context,
    dialogue: &mut Dialogue,
    addresses: Existing,
) -> Result<Exit, Exit> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console::new(Verbosity::Normal, &mut found, &mut errors);
    let scope = (Redaction::Off, CheckScope::Everything);
    let checked = check::execute(options, scope, context, &mut console);
    let mut replaces = false;
    for line in String::from_utf8_lossy(&found).lines() {
        // The update prints nothing about a record that is right.
        let right = line.strip_prefix("ok ").filter(|line| line.contains("up to date (")).map(str::trim);
        if right.is_some() || line.starts_with("warning") || line.starts_with("failure") {
            dialogue.say(format_args!("  {}", right.unwrap_or(line)));
            replaces |= line.contains(WILL_REPLACE);
        }
    }
    if addresses == Existing::Keep && checked != Exit::Ok {
        return Ok(checked);
    }
    if replaces && addresses == Existing::Keep {
        if dialogue.assumes_yes() {
            let text = format_args!("gandi-ddns has not written this address; to replace it, add --force");
            return Err(dialogue.end(text, Exit::Config));
        }
        if !dialogue.confirm(format_args!("Replace it now?"), Answer::No)? {
            return Err(dialogue.declined());
        }
    }
    let console = &mut *dialogue.console;
    // A person is reading.
    console.note_terminal();
    let exit = update::execute(options, &UpdateOptions::default(), context, console);
    console.release();
    Ok(exit)
}
