//! The source `command:PATH`: the address is the first line that a program prints, if it then ends with exit code 0.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::address::answer::SourceError;
use crate::net::Family;
use crate::sys::subprocess::{self, MAX_LINE, ProcessError, Spec, Stream};

/// Time limit of a program.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Reasons for a program to give no address. Its output is not repeated: it may be long or secret.
#[derive(Debug)]
pub enum CommandError {
    /// The program failed, or could not be run.
    Process(ProcessError),
    /// The program printed nothing.
    Silent,
    /// The first line is not exactly one address.
    NoAddress,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(e) => e.fmt(f),
            Self::Silent => write!(f, "printed nothing"),
            Self::NoAddress => write!(f, "did not print exactly one address on its first line"),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its text is that of the program's error.
            Self::Process(e) => e.source(),
            _ => None,
        }
    }
}

impl From<CommandError> for SourceError {
    fn from(e: CommandError) -> Self {
        match e {
            CommandError::Process(e) => Self::failed(&e),
            e => Self::Failed(e.to_string()),
        }
    }
}

/// Runs the program at `path`, without arguments and without a shell, and parses its first line.
pub(crate) fn query(path: &Path, family: Family, timeout: Duration) -> Result<IpAddr, CommandError> {
    let family = if family == Family::V4 { "ipv4" } else { "ipv6" };
    let variables = [("GANDI_DDNS_FAMILY", family)];
    let timeout = timeout.min(TIMEOUT);
    let spec = Spec { path, variables: &variables, timeout, stdout: Stream::Read, stderr: Stream::Read };
    parse(&subprocess::run(&spec).map_err(CommandError::Process)?)
}

pub(in crate::address) fn parse(output: &[u8]) -> Result<IpAddr, CommandError> {
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
    fn first_line_must_be_exactly_one_address() {
        let address = |text: &str| parse(text.as_bytes()).map(|a| a.to_string());
        let padded = |spaces| format!("{}81.2.69.142\n", " ".repeat(spaces));
        for text in ["81.2.69.142", "81.2.69.142\n", "\t81.2.69.142 \r\nmore\n", &padded(MAX_LINE - 11)] {
            assert_eq!(address(text).ok().as_deref(), Some("81.2.69.142"), "{text:?}");
        }
        assert_eq!(address("2a01:e0a::1\n").ok().as_deref(), Some("2a01:e0a::1"));
        for text in ["\n81.2.69.142\n", "81.2.69.142 81.2.69.143", "ip: 81.2.69.142", &padded(MAX_LINE - 10)]
        {
            assert!(matches!(address(text), Err(CommandError::NoAddress)), "{text:?}");
        }
        assert!(matches!(address(""), Err(CommandError::Silent)));
    }
}
