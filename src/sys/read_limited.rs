//! Reads whole files: regular ones only, so that no FIFO or device blocks the run, and with a size limit.

use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::file_error::{FileError, check_regular};

/// The size of the first buffer in bytes. Each further one has twice the size.
const FIRST: usize = 1 << 12;
/// The size limit of a file in /proc, in bytes: that of a table with a million routes.
const MAX_PROC: u64 = 1 << 28;

/// Reads the regular file at `path`, following symlinks. A file of more than `max` bytes is an error: it is never cut.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    // Asked first, since to open a device can have an effect: a watchdog would start.
    check_regular(&fs::metadata(path)?)?;
    read_open(&open_at(CWD, path.as_os_str(), OFlags::RDONLY, 0)?, max)
}

/// Opens a file of any kind; `mode` is that of a new file. A FIFO does not block, and a terminal does not become ours.
pub(super) fn open_at(directory: BorrowedFd, name: &OsStr, flags: OFlags, mode: u32) -> Result<File, Errno> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(directory, c_string(name)?.as_c_str(), flags, Mode::from_raw_mode(mode)).map(File::from)
}

/// Ends a name with a NUL byte. Done here, since rustix has the code for it once for each of its functions.
#[inline(never)]
pub(super) fn c_string(name: &OsStr) -> Result<CString, Errno> {
    CString::new(name.as_encoded_bytes()).map_err(|_| Errno::INVAL)
}

/// Does the same for a file that is open already.
pub(crate) fn read_open(file: &File, max: u64) -> Result<Vec<u8>, FileError> {
    let metadata = file.metadata()?;
    check_regular(&metadata)?;
    if metadata.len() > max {
        return Err(FileError::TooLarge(max));
    }
    read_to_end(file, max)?.ok_or(FileError::TooLarge(max))
}

/// Reads a text from an open file of any kind, which may block: a pipe with the config.
pub(crate) fn read_stream(file: &File, max: u64) -> Result<String, FileError> {
    text_of(read_to_end(file, max)?.ok_or(FileError::TooLarge(max))?)
}

/// Reads a text file in /proc, at its present length, whatever that is.
pub(crate) fn proc(path: &str) -> io::Result<String> {
    let bytes = read_to_end(&open_at(CWD, OsStr::new(path), OFlags::RDONLY, 0)?, MAX_PROC)?;
    String::from_utf8(bytes.ok_or(Errno::FBIG)?).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Reads to the end. `None` if that is after more than `max` bytes. A loop of our own, as those of std are 700 bytes larger.
/// It reads into memory that is not cleared before: most files are much smaller than their buffer.
#[inline(never)]
fn read_to_end(file: &File, max: u64) -> io::Result<Option<Vec<u8>>> {
    // Files in /proc have the size 0, so no size is relied on.
    let mut bytes = Vec::with_capacity(FIRST);
    while bytes.len() as u64 <= max {
        bytes.reserve(1);
        match rustix::io::read(file, spare_capacity(&mut bytes)) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}

/// Reads a text file: UTF-8 without NUL bytes.
pub(crate) fn read_to_string(path: &Path, max: u64) -> Result<String, FileError> {
    text_of(read(path, max)?)
}

/// Checks that bytes are UTF-8 without NUL bytes.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(without_nul(bytes)?).map_err(|_| FileError::NotText("it is not UTF-8 text"))
}

/// Checks that there is no NUL byte, as in a file whose end was lost in a power cut.
pub(crate) fn without_nul(bytes: Vec<u8>) -> Result<Vec<u8>, FileError> {
    if bytes.contains(&0) { Err(FileError::NotText("it contains a NUL byte")) } else { Ok(bytes) }
}

/// Returns `None` for a file that does not exist.
pub(crate) fn if_exists<T>(result: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_to_string_takes_only_text_files_within_the_limit() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-read-limited-{}", std::process::id()));
        let read = |bytes: &[u8], max| {
            std::fs::write(&path, bytes).expect("a file");
            read_to_string(&path, max).map_err(|e| e.to_string())
        };
        assert_eq!(read(b"12345", 5).as_deref(), Ok("12345"));
        let is_error = |result: Result<String, String>, word: &str| result.is_err_and(|e| e.contains(word));
        assert!(is_error(read(b"12345", 4), "larger than"));
        // The limit falls inside a character.
        assert!(is_error(read("123ä".as_bytes(), 3), "larger than"));
        assert!(is_error(read(b"\xff", 4), "UTF-8"));
        assert!(is_error(read(b"a\0b", 4), "NUL"));
        // Longer than the first buffers.
        let long = "0123456789".repeat(FIRST);
        let length = long.len() as u64;
        assert_eq!(read(long.as_bytes(), length), Ok(long.clone()));
        assert!(is_error(read(long.as_bytes(), length - 1), "larger than"));
        std::fs::remove_file(&path).expect("the file");
        let at = |path| read_to_string(Path::new(path), 5).map_err(|e| e.to_string());
        assert!(is_error(at("/dev/zero"), "a device, not a regular file"));
        assert!(is_error(at("/proc"), "a directory"));
        // The size of a file in /proc is 0, whatever it contains.
        assert!(is_error(at("/proc/self/mounts"), "larger than"));
    }
}
