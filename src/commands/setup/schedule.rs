//! Offers to run the program regularly.

use std::path::Path;

use super::dialogue::Dialogue;
use crate::console::Console;

/// Offers what fits this machine.
pub(super) fn offer(_dialogue: &mut Dialogue, _config: &Path, _console: &mut Console) {}
