//! A directory that is held open. The files in it are used through it, not by path: whoever can rename a directory on
//! the way cannot direct the program to other files.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::file_error::{FileError, check_regular};
use super::ownership::{Check, follow};
use super::read_limited::CAREFUL;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Directory(File);

/// The treatment of a directory that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is an error.
    Fail,
    /// It is created with mode 0700, and its parents with 0755.
    Create,
}

impl Directory {
    /// Opens the directory at `path`. A symlink in it is followed if it belongs to root or this user.
    pub(crate) fn open(path: &Path, missing: Missing) -> Result<Self, FileError> {
        let real = follow(path, Check::Links)?;
        let parts: Vec<&OsStr> = real.iter().skip(1).collect();
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut directory = open_at(CWD, OsStr::new("/"), flags, 0)?;
        // Each part is opened on its own: a part that has become a symlink meanwhile is an error.
        for (i, part) in parts.iter().enumerate() {
            let is_last = i + 1 == parts.len();
            // Directories on the way need not be readable.
            let flags = if is_last { flags } else { flags | OFlags::PATH };
            let mut next = open_at(&directory, part, flags, 0);
            if missing == Missing::Create && next.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
            {
                let mode = if is_last { 0o700 } else { 0o755 };
                match mkdirat(&directory, *part, Mode::from_raw_mode(mode)) {
                    Err(e) if e != Errno::EXIST => return Err(FileError::Io(e.into())),
                    _ => next = open_at(&directory, part, flags, 0),
                }
            }
            directory = next?;
        }
        Ok(Self(directory.into()))
    }

    /// Opens the directory of the file at `path` and returns it with the file's name in it. If `path` is a symlink,
    /// they are those of its target. A file that exists must be a regular one.
    pub(crate) fn of(path: &Path) -> Result<(Self, OsString), FileError> {
        let real = follow(path, Check::Links)?;
        match real.symlink_metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            metadata => check_regular(&metadata?)?,
        }
        let name = real.file_name().ok_or(FileError::NotRegular("a directory"))?;
        Ok((Self::open(real.parent().unwrap_or(&real), Missing::Fail)?, name.to_owned()))
    }

    /// Returns owner and mode of the directory.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// Opens or creates a regular file in the directory. A symlink is not followed. A new file has mode 0600.
    pub(crate) fn open_file(&self, name: &OsStr, flags: OFlags) -> Result<File, FileError> {
        let flags = flags | OFlags::NOFOLLOW | CAREFUL;
        let file = open_at(&self.0, name, flags, 0o600).map_err(|e| match Errno::from_io_error(&e) {
            Some(Errno::LOOP) => FileError::NotRegular("a symlink"),
            Some(Errno::NXIO) => FileError::NotRegular("a socket"),
            Some(Errno::ISDIR) => FileError::NotRegular("a directory"),
            _ => FileError::Io(e),
        })?;
        let file = File::from(file);
        check_regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Renames a file in the directory, replacing the one that has the name. Survives a power cut if the file system
    /// can promise it.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        renameat(&self.0, from, &self.0, to)?;
        let _ = self.0.sync_all();
        Ok(())
    }

    /// Removes a file in the directory. An error has no consequence for any caller.
    pub(crate) fn remove(&self, name: &OsStr) {
        let _ = unlinkat(&self.0, name, AtFlags::empty());
    }
}

// One copy of the code that ends a path with a NUL byte.
#[inline(never)]
fn open_at(directory: impl std::os::fd::AsFd, name: &OsStr, flags: OFlags, mode: u32) -> io::Result<OwnedFd> {
    Ok(openat(directory, name, flags, Mode::from_raw_mode(mode))?)
}
