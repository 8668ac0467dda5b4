//! The error of the files that this program reads and writes.

use std::error::Error;
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt as _;

use rustix::io::Errno;

use super::error_chain::debug_as_display;

/// The reason why a file or directory cannot be used. Its text follows the name of the file and a colon.
pub(crate) enum FileError {
    /// A system call failed.
    Io(io::Error),
    /// It is not a regular file but of this kind, as in "a FIFO".
    NotRegular(&'static str),
    /// It is larger than this number of bytes.
    TooLarge(u64),
    /// The content is not text for this reason.
    NotText(&'static str),
    /// Another user could change it, or it belongs to another user; with the remedy.
    Unsafe(String),
}

impl FileError {
    /// Returns the kind of the error; that of a wrong kind of file, a wrong content or owner is `InvalidData`.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io(e) => e.kind(),
            _ => io::ErrorKind::InvalidData,
        }
    }

    /// Returns true if the next run may succeed without a change by the user.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Io(e) if is_temporary(e))
    }
}

/// Returns true for errors that say nothing about the file: the system is out of descriptors or memory, or a disk or
/// a file server does not respond.
pub(crate) fn is_temporary(error: &io::Error) -> bool {
    const TEMPORARY: [Errno; 10] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::IO,
        Errno::AGAIN,
        Errno::INTR,
        Errno::NOBUFS,
        Errno::BUSY,
        Errno::STALE,
        Errno::TIMEDOUT,
    ];
    Errno::from_io_error(error).is_some_and(|errno| TEMPORARY.contains(&errno))
}

impl From<io::Error> for FileError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<Errno> for FileError {
    fn from(e: Errno) -> Self {
        Self::Io(e.into())
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => e.fmt(f),
            Self::NotRegular(kind) => write!(f, "it is {kind}, not a regular file"),
            Self::TooLarge(max) if *max < 1 << 20 => write!(f, "it is larger than {} KiB", max >> 10),
            Self::TooLarge(max) => write!(f, "it is larger than {} MiB", max >> 20),
            Self::NotText(reason) => f.write_str(reason),
            Self::Unsafe(problem) => f.write_str(problem),
        }
    }
}

debug_as_display!(FileError);

impl Error for FileError {}

/// Fails unless the file is a regular one.
pub(crate) fn check_regular(metadata: &Metadata) -> Result<(), FileError> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(FileError::NotRegular(if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_symlink() {
        "a symlink"
    } else {
        "a device"
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_temporary_and_errors_of_the_file_are_not() {
        let temporary = |errno: Errno| FileError::from(io::Error::from(errno)).is_temporary();
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO] {
            assert!(temporary(errno), "{errno}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::LOOP, Errno::NOTDIR, Errno::ISDIR] {
            assert!(!temporary(errno), "{errno}");
        }
        assert!(!FileError::TooLarge(1).is_temporary());
    }

    #[test]
    fn size_limit_is_told_in_its_unit() {
        assert_eq!(FileError::TooLarge(1 << 20).to_string(), "it is larger than 1 MiB");
        assert_eq!(FileError::TooLarge(4096).to_string(), "it is larger than 4 KiB");
    }
}
