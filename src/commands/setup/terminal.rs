//! Reads lines from stdin: as typed, or without echo for the token. Each read takes one byte, so that the rest stays for
//! the next question.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, read};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// The longest line that is kept, in bytes. A token is shorter.
const MAX_LINE: usize = 4096;

/// The end of a line that is typed without echo.
pub(super) enum Typed {
    /// Enter, with the text.
    Line(String),
    /// The end of the input.
    End,
    /// Ctrl-C or Ctrl-\.
    Cancelled,
}

/// A terminal that shows nothing that is typed, and whose keys send no signal. No key can end the program meanwhile, so
/// the mode is always restored.
struct Silent<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn enter(terminal: BorrowedFd<'a>) -> Result<Self, Errno> {
        let before = tcgetattr(terminal)?;
        let mut mode = before.clone();
        mode.local_modes -= LocalModes::ECHO
            | LocalModes::ECHONL
            | LocalModes::ICANON
            | LocalModes::ISIG
            | LocalModes::IEXTEN;
        mode.special_codes[SpecialCodeIndex::VMIN] = 1;
        mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        let silent = Self { terminal, before };
        tcsetattr(terminal, OptionalActions::Now, &mode)?;
        Ok(silent)
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // What is left of a paste must not answer the next question.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Reads one byte; `None` at the end of the input.
fn byte(stdin: BorrowedFd) -> Result<Option<u8>, Errno> {
    let mut bytes = [0];
    loop {
        match read(stdin, &mut bytes) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(bytes[0])),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
}

/// Reads a line, without its end; `None` at the end of the input.
pub(super) fn line(stdin: BorrowedFd) -> Result<Option<String>, Errno> {
    let mut bytes = Vec::new();
    loop {
        match byte(stdin)? {
            None if bytes.is_empty() => return Ok(None),
            None | Some(b'\n') => return Ok(Some(text(&bytes))),
            Some(byte) if bytes.len() < MAX_LINE => bytes.push(byte),
            Some(_) => {}
        }
    }
}

/// Reads a line from a terminal without echo, which is off before `prompt` prints the question. The usual keys edit it.
pub(super) fn silent_line(terminal: BorrowedFd, prompt: &mut dyn FnMut()) -> Result<Typed, Errno> {
    let _silent = Silent::enter(terminal)?;
    prompt();
    let mut line = Line::default();
    loop {
        let Some(byte) = byte(terminal)? else { return Ok(Typed::End) };
        if let Some(typed) = line.key(byte) {
            return Ok(typed);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A place in an escape sequence, as of an arrow key, or around a paste (`ESC [ 200 ~`).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Escape {
    /// Outside.
    #[default]
    None,
    /// After the escape character.
    Started,
    /// Before the final character.
    Open,
}

/// A line while it is typed.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    escape: Escape,
}

impl Line {
    /// Takes one key; returns the end of the line, if it is one.
    fn key(&mut self, byte: u8) -> Option<Typed> {
        let bytes = &mut self.bytes;
        let escape = std::mem::take(&mut self.escape);
        match (escape, byte) {
            (_, 0x03 | 0x1c) => return Some(Typed::Cancelled),
            (_, b'\r' | b'\n') => return Some(Typed::Line(text(bytes))),
            (_, 0x1b) => self.escape = Escape::Started,
            (Escape::Started, b'[' | b'O') => self.escape = Escape::Open,
            (Escape::Started, _) | (Escape::Open, 0x40..=0x7e) => {}
            (Escape::Open, _) => self.escape = Escape::Open,
            (_, 0x04) if bytes.is_empty() => return Some(Typed::End),
            (_, 0x08 | 0x7f) => {
                bytes.pop();
            }
            // Ctrl-U and Ctrl-W: a token is one word.
            (_, 0x15 | 0x17) => bytes.clear(),
            (_, b'\t' | 0x20..) if bytes.len() < MAX_LINE => bytes.push(byte),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the line, and `^C` or `^D` for its other ends; `None` without an end.
    fn typed(keys: &str) -> Option<String> {
        let mut line = Line::default();
        let end = keys.bytes().find_map(|byte| line.key(byte))?;
        Some(match end {
            Typed::Line(text) => text,
            Typed::End => "^D".to_owned(),
            Typed::Cancelled => "^C".to_owned(),
        })
    }

    #[test]
    fn keys_edit_the_line() {
        for (keys, line) in [
            ("pat_1\r", "pat_1"),
            ("pat_1\n", "pat_1"),
            ("\r", ""),
            ("pax\x7f\x08ab\x7ft_1\r", "pat_1"),
            ("\x7fx\r", "x"),
            ("wrong\x15pat_1\r", "pat_1"),
            ("wrong\x17pat_1\r", "pat_1"),
            ("\x1b[200~pat_1\x1b[201~\r", "pat_1"),
            ("a\x1b[D\x1bOC\x1b[1;5Cb\r", "ab"),
            ("a\x1bxb\r", "ab"),
            ("a\x1a\x11\x13\0b\r", "ab"),
            ("a\x04b\r", "ab"),
            (" a\tb \r", " a\tb "),
            ("\x04", "^D"),
            ("abc\x03", "^C"),
            ("\x1c", "^C"),
            ("\x1b[\x03", "^C"),
            ("\u{fc}\r", "\u{fc}"),
        ] {
            assert_eq!(typed(keys).as_deref(), Some(line), "{keys:?}");
        }
        assert_eq!(typed("pat_1"), None);
        assert_eq!(typed(&("x".repeat(10_000) + "\r")).map(|line| line.len()), Some(MAX_LINE));
    }
}
