//! The size limit of files (`RLIMIT_FSIZE`, `ulimit -f`). A write beyond it kills the process by SIGXFSZ, and nothing
//! safe ignores this signal. So every write is checked first, and fails as with EFBIG.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, fstat, tell};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// Returns an error if the limit does not allow a file of this length in bytes.
pub(crate) fn check(length: u64) -> io::Result<()> {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if length > limit => Err(Errno::FBIG.into()),
        _ => Ok(()),
    }
}

/// Stdout or stderr, which may be a file. Writes each line at once, without a buffer.
#[derive(Debug)]
pub struct Stream<'a>(pub BorrowedFd<'a>);

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(stat) = fstat(self.0)
            && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        {
            // With O_APPEND the kernel writes at the end, otherwise at the offset.
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            check(size.max(tell(self.0).unwrap_or(0)) + bytes.len() as u64)?;
        }
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write_fmt(&mut self, text: std::fmt::Arguments) -> io::Result<()> {
        self.write_all(text.to_string().as_bytes())
    }
}
