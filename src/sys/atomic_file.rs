//! Files that are there whole or not at all, whatever stops us in between.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The name of the file that is written first: the same directory, so that a rename can put it in place.
#[must_use]
pub(crate) fn temp_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// A new file of mode 0600 under this name.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    // What an interrupted run left. `create_new` follows no link that may have come instead.
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Puts `text` in the file's place, all of it or nothing.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = temp_path(path);
    let write = || {
        let mut file = create(&draft)?;
        file.write_all(text.as_bytes())?;
        // Without it a power cut may leave the new name with nothing in it.
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}
