//! The end of setup: what was written, and the commands for the config in use.

use std::fmt::Arguments;
use std::path::Path;

use super::dialogue::Dialogue;
use super::files::DEFAULT_CONFIG;
use super::schedule::{self, Owner};
use crate::exit::Exit;
use crate::sys::file_error::FileError;

/// The files that setup has written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Nothing,
    Token,
    Config,
}

/// Prints what was written, before the update.
pub(super) fn tell(dialogue: &mut Dialogue, written: Written) {
    let text = match written {
        Written::Nothing => "Kept. Update:",
        Written::Token => "Written. Update:",
        Written::Config => "Written. First update:",
    };
    dialogue.say(format_args!("  {text}"));
}

/// Prints the result of the update, and the commands for the config in use: that at `path`, or that of the service.
pub(super) fn close(
    dialogue: &mut Dialogue,
    exit: Exit,
    written: Written,
    owner: Owner,
    path: &Path,
    sudo: &str,
) {
    let done = match written {
        _ if exit == Exit::Ok => "Done.",
        Written::Nothing => "Nothing was written, and the update failed.",
        Written::Token => "The token is written, but the update failed.",
        Written::Config => "The config is written, but the first update failed.",
    };
    let log = schedule::log();
    dialogue.say(format_args!("\n{done}\n  See what it does:  {log}"));
    let shown = path.display();
    let command = if owner == Owner::Service {
        schedule::SERVICE.to_owned()
    } else if path == Path::new(DEFAULT_CONFIG) {
        format!("{sudo}gandi-ddns")
    } else {
        format!("{sudo}gandi-ddns -c {shown}")
    };
    // To be copied as one line.
    dialogue.console.notice(format_args!("  Check everything:  {command} check"));
    if owner == Owner::Service {
        dialogue.console.notice(format_args!("  See its records:   {command} status"));
        // Of an older setup.
        if path.exists() {
            dialogue.say(format_args!("  The service does not read {shown}: remove it."));
        }
    }
}

/// Prints the error, and returns the code.
pub(super) fn could_not_write(dialogue: &mut Dialogue, what: Arguments, e: &FileError) -> Exit {
    dialogue.console.error(format_args!("could not write {what}: {e}"));
    if e.is_temporary() { Exit::TryLater } else { Exit::Config }
}
