//! Reads whole files: regular ones only, so that no FIFO or device blocks the run, and with a size limit.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::file_error::{FileError, check_regular};

/// Flags for files whose kind is not known yet: a FIFO does not block, and a terminal does not become ours.
pub(super) const CAREFUL: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Reads the regular file at `path`, following symlinks. A file of more than `max` bytes is an error: it is never cut.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    // Asked first, since to open a device can have an effect: a watchdog would start.
    check_regular(&fs::metadata(path)?)?;
    let flags = CAREFUL.bits().cast_signed();
    read_open(&OpenOptions::new().read(true).custom_flags(flags).open(path)?, max)
}

/// Does the same for a file that is open already.
pub(crate) fn read_open(mut file: &File, max: u64) -> Result<Vec<u8>, FileError> {
    let metadata = file.metadata()?;
    check_regular(&metadata)?;
    let mut bytes = Vec::new();
    if metadata.len() <= max {
        // One byte more than allowed: the file may have grown, and files in /proc have the size 0.
        file.by_ref().take(max + 1).read_to_end(&mut bytes)?;
    }
    if metadata.len() > max || bytes.len() as u64 > max {
        return Err(FileError::TooLarge(max));
    }
    Ok(bytes)
}

/// Reads a text file: UTF-8 without NUL bytes.
pub(crate) fn read_to_string(path: &Path, max: u64) -> Result<String, FileError> {
    text_of(read(path, max)?)
}

/// Checks that bytes are UTF-8 without NUL bytes.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, FileError> {
    if bytes.contains(&0) {
        return Err(FileError::NotText("it is not a text file: it contains a NUL byte"));
    }
    String::from_utf8(bytes).map_err(|_| FileError::NotText("it is not a text file in UTF-8"))
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
        std::fs::remove_file(&path).expect("the file");
        let at = |path| read_to_string(Path::new(path), 5).map_err(|e| e.to_string());
        assert!(is_error(at("/dev/zero"), "a device, not a regular file"));
        assert!(is_error(at("/proc"), "a directory"));
        // The size of a file in /proc is 0, whatever it contains.
        assert!(is_error(at("/proc/self/mounts"), "larger than"));
    }
}
