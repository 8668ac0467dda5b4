//! `command:PATH`: the first line that a program prints.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::net::Family;
use crate::sys::subprocess::{self, MAX_LINE, ProcessError, Spec, Stderr};

/// The longest that a program may run.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no address. What the program printed is not repeated: it may be anything.
#[derive(Debug)]
pub enum CommandError {
    /// It did not end well.
    Process(ProcessError),
    /// It ended well, without a word.
    Silent,
    /// Its first line is something else.
    NoAddress,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(e) => e.fmt(f),
            Self::Silent => write!(f, "printed nothing"),
            Self::NoAddress => write!(f, "printed something else than one address on its first line"),
        }
    }
}

impl std::error::Error for CommandError {}

/// Runs the program at `path`, without arguments and without a shell between.
pub(crate) fn query(path: &Path, family: Family, time: Duration) -> Result<IpAddr, CommandError> {
    let family = if family == Family::V4 { "ipv4" } else { "ipv6" };
    let variables = [("GANDI_DDNS_FAMILY", family)];
    let timeout = time.min(TIMEOUT);
    let spec = Spec { path, variables: &variables, timeout, stderr: Stderr::Inherit };
    read(&subprocess::run(&spec).map_err(CommandError::Process)?)
}

fn read(output: &[u8]) -> Result<IpAddr, CommandError> {
    if output.is_empty() {
        return Err(CommandError::Silent);
    }
    let line = output.split(|b| *b == b'\n').next().filter(|line| line.len() <= MAX_LINE);
    let text = line.and_then(|line| std::str::from_utf8(line.trim_ascii()).ok());
    text.and_then(|text| text.parse().ok()).ok_or(CommandError::NoAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_one_address() {
        let line = |text: &str| read(text.as_bytes()).map(|a| a.to_string());
        let padded = |blanks| format!("{}81.2.69.142\n", " ".repeat(blanks));
        for text in ["81.2.69.142", "81.2.69.142\n", "\t81.2.69.142 \r\nmore\n", &padded(MAX_LINE - 11)] {
            assert_eq!(line(text).ok().as_deref(), Some("81.2.69.142"), "{text:?}");
        }
        assert_eq!(line("2a01:e0a::1\n").ok().as_deref(), Some("2a01:e0a::1"));
        for text in ["\n81.2.69.142\n", "81.2.69.142 81.2.69.143", "ip: 81.2.69.142", &padded(MAX_LINE - 10)]
        {
            assert!(matches!(line(text), Err(CommandError::NoAddress)), "{text:?}");
        }
        assert!(matches!(line(""), Err(CommandError::Silent)));
    }
}
