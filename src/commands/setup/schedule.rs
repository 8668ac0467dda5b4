//! Offers to run the program regularly.

use std::path::Path;

use super::dialogue::Dialogue;
use crate::cli::GlobalOptions;
use crate::commands::context::Context;
use crate::console::Console;
use crate::exit::Exit;

/// Offers to run the program regularly with the config at `path`, which `options` name. Returns the command that shows
/// the output of these runs, and an error if the user wants them and they could not be scheduled.
pub(super) fn offer(
    _dialogue: &mut Dialogue,
    _options: &GlobalOptions,
    _path: &Path,
    _context: &Context,
    _console: &mut Console,
) -> (&'static str, Exit) {
    ("journalctl -t gandi-ddns", Exit::Ok)
}
