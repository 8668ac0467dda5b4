//! Reads whole files with a size limit.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a UTF-8 file of at most `max` bytes. A larger file, or one that is not UTF-8, is an error of the kind
/// `InvalidData`: it is never cut.
pub(crate) fn read_to_string(path: &Path, max: u64) -> io::Result<String> {
    let mut text = String::new();
    // One byte more than allowed, to tell what is too large.
    File::open(path)?.take(max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max {
        let problem = format!("larger than {max} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_to_string_refuses_a_file_larger_than_the_limit() {
        let path = std::env::temp_dir().join(format!("gandi-ddns-read-limited-{}", std::process::id()));
        std::fs::write(&path, "12345").expect("a file");
        assert_eq!(read_to_string(&path, 5).ok().as_deref(), Some("12345"));
        let error = read_to_string(&path, 4).expect_err("one byte too many");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::InvalidData, "larger than 4 bytes")
        );
        std::fs::remove_file(&path).expect("the file");
    }
}
