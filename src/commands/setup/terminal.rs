//! Reads lines from stdin: as typed, or without echo for the token. Each read takes one byte, so that the rest stays for
//! the next question.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, read};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcgetwinsize, tcsetattr};

/// The longest line that is kept, in bytes. A token is shorter.
const MAX_LINE: usize = 4096;
/// Ctrl-C and Ctrl-\.
const CANCEL: [u8; 2] = [0x03, 0x1c];

/// The number of columns in use, unless the terminal has fewer.
const COLUMNS: u16 = 79;
/// The fewest columns that are believed: a terminal of unknown size has 0.
const MIN_COLUMNS: u16 = 20;

/// Returns the number of columns to use: not the last one of a terminal, in which some start a new line.
pub(super) fn columns(stdin: BorrowedFd) -> usize {
    let width = tcgetwinsize(stdin).map_or(0, |size| size.ws_col);
    usize::from(if width < MIN_COLUMNS { COLUMNS } else { COLUMNS.min(width - 1) })
}

/// Returns true for Ctrl-C and Ctrl-\, which end a line that is typed without echo, and are its last character.
pub(super) fn is_cancel(byte: u8) -> bool {
    CANCEL.contains(&byte)
}

/// Reads a line, without its line break; `None` at the end of the input.
pub(super) fn line(stdin: BorrowedFd) -> Result<Option<String>, Errno> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        match read(stdin, &mut byte) {
            Ok(0) if bytes.is_empty() => return Ok(None),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
            Ok(read) => {
                let [byte] = byte;
                let is_end = read == 0 || byte == b'\n';
                if !is_end && bytes.len() < MAX_LINE {
                    bytes.push(byte);
                }
                if is_end || is_cancel(byte) {
                    return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
        }
    }
}

/// Reads a line from a terminal without echo, which is off before `prompt` prints the question. The terminal itself edits
/// the line. No key can end the program meanwhile, so that the mode is always restored: Ctrl-C and Ctrl-\ end the line.
pub(super) fn silent_line(terminal: BorrowedFd, prompt: &mut dyn FnMut()) -> Result<Option<String>, Errno> {
    let before = tcgetattr(terminal)?;
    let mut mode = before.clone();
    mode.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG;
    mode.local_modes |= LocalModes::ICANON | LocalModes::IEXTEN;
    mode.special_codes[SpecialCodeIndex::VEOL] = CANCEL[0];
    mode.special_codes[SpecialCodeIndex::VEOL2] = CANCEL[1];
    tcsetattr(terminal, OptionalActions::Now, &mode)?;
    prompt();
    let line = line(terminal);
    // What is left of a paste must not answer the next question.
    let _ = tcsetattr(terminal, OptionalActions::Flush, &before);
    line
}
