//! Replaces files atomically: after a crash or a power cut a file has either its old or its new content. All steps use
//! the open directory and the open file, none a path.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

use rustix::fs::OFlags;

use super::directory::Directory;
use super::file_error::FileError;
use super::file_limit;
use super::ownership::is_ours;

/// Returns the name of the temporary file for `name`: in the same directory, since a rename cannot cross file systems.
#[must_use]
pub(crate) fn temp_name(name: &OsStr) -> OsString {
    let mut name = name.to_owned();
    name.push(".new");
    name
}

/// Creates a file of mode 0600, open for reading and writing. Removes the leftover of an interrupted run, which is a
/// regular file of ours or of the owner of `old`, the file to be replaced. Anything else with this name is an error.
pub(crate) fn create(dir: &Directory, name: &OsStr, old: Option<&Metadata>) -> Result<File, FileError> {
    if let Ok(found) = dir.open_file(name, OFlags::RDONLY).and_then(|file| Ok(file.metadata()?))
        && (is_ours(&found) || old.is_some_and(|old| old.uid() == found.uid()))
    {
        dir.remove(name);
    }
    dir.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            FileError::Unsafe(format!("{} is in the way and not ours: remove it", name.display()))
        }
        _ => e,
    })
}

/// Gives a new file the owner and the mode of the file that it will replace.
pub(crate) fn adopt(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    if new.mode() != old.mode() {
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
    }
    Ok(())
}

/// Replaces the content of a file, creating it with mode 0600 if there is none. `old` gives owner and mode to keep. On
/// an error the file is unchanged and the temporary file is removed.
pub(crate) fn replace(
    dir: &Directory,
    name: &OsStr,
    text: &str,
    old: Option<&Metadata>,
) -> Result<(), FileError> {
    let temp = stage(dir, name, text, old)?;
    let result = dir.rename(&temp, name);
    if result.is_err() {
        dir.remove(&temp);
    }
    Ok(result?)
}

/// Writes the new content of a file under its temporary name, which is returned and to be renamed. On an error the
/// temporary file is removed.
pub(crate) fn stage(
    dir: &Directory,
    name: &OsStr,
    text: &str,
    old: Option<&Metadata>,
) -> Result<OsString, FileError> {
    file_limit::check(text.len() as u64)?;
    let temp = temp_name(name);
    let mut file = create(dir, &temp, old)?;
    let mut write = || {
        if let Some(old) = old {
            adopt(&file, old)?;
        }
        file.write_all(text.as_bytes())?;
        // Without this, the renamed file may be empty after a power cut.
        file.sync_all()
    };
    let result: io::Result<()> = write();
    if result.is_err() {
        dir.remove(&temp);
    }
    Ok(result.map(|()| temp)?)
}
