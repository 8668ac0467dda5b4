//! Reads whole files with a size limit.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a UTF-8 file of at most `max` bytes. A larger file is an error of the kind `FileTooLarge`: it is never cut. A
/// file that is not UTF-8 is one of the kind `InvalidData`.
pub(crate) fn read_to_string(path: &Path, max: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    // One byte more than allowed, to tell whether it is too large.
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_to_string_refuses_a_file_that_is_too_large_or_not_utf_8() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-read-limited-{}", std::process::id()));
        let read = |bytes: &[u8], max| {
            std::fs::write(&path, bytes).expect("a file");
            read_to_string(&path, max).map_err(|e| e.kind())
        };
        assert_eq!(read(b"12345", 5).as_deref(), Ok("12345"));
        assert_eq!(read(b"12345", 4), Err(io::ErrorKind::FileTooLarge));
        // The limit falls inside a character.
        assert_eq!(read("123ä".as_bytes(), 3), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(read(b"\xff", 4), Err(io::ErrorKind::InvalidData));
        std::fs::remove_file(&path).expect("the file");
    }
}
