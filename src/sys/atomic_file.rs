//! Replaces files atomically: after a crash or a power cut a file has either its old or its new content.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::file_limit;

/// Returns the path of the temporary file for `path`: in the same directory, since a rename cannot cross file systems.
#[must_use]
pub(crate) fn temp_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Creates a file of mode 0600, open for writing. Replaces a file or symlink that is already there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    // Removes the leftover of an interrupted run. `create_new` does not follow a symlink made in the meantime.
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Replaces the file's content, creating the file if there is none. On an error the file is unchanged and the temporary
/// file is removed.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temp = temp_path(path);
    let write = || {
        file_limit::check(text.len() as u64)?;
        let mut file = create(&temp)?;
        file.write_all(text.as_bytes())?;
        // Without this, the renamed file may be empty after a power cut.
        file.sync_all()?;
        fs::rename(&temp, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temp);
    })
}
