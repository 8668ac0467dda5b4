//! A directory that is held open. The files in it are used through it, not by path: whoever can rename a directory on
//! the way cannot direct the program to other files.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, mkdirat, renameat, unlinkat};
use rustix::io::Errno;

use super::file_error::{FileError, check_regular};
use super::ownership::{Check, follow};
use super::read_limited::{c_string, open_at};

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
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
        // Each part is opened on its own: a part that has become a symlink meanwhile is an error.
        let mut directory = open_at(CWD, OsStr::new("/"), flags, 0)?;
        let mut rest = &real.as_os_str().as_bytes()[1..];
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'/');
            let part = OsStr::from_bytes(&rest[..end.unwrap_or(rest.len())]);
            rest = end.map_or(&[], |end| &rest[end + 1..]);
            // Directories on the way need not be readable.
            let (access, mode) = if end.is_some() { (OFlags::PATH, 0o755) } else { (OFlags::RDONLY, 0o700) };
            let mut next = open_at(directory.as_fd(), part, flags | access, 0);
            if missing == Missing::Create && next.as_ref().is_err_and(|e| *e == Errno::NOENT) {
                // Another run may have made it meanwhile.
                let _ = mkdirat(&directory, c_string(part)?.as_c_str(), Mode::from_raw_mode(mode));
                next = open_at(directory.as_fd(), part, flags | access, 0);
            }
            directory = next?;
        }
        Ok(Self(directory))
    }

    /// Opens the directory of the file at `path` and returns it with the file's name in it. If `path` is a symlink,
    /// they are those of its target. A file that exists must be a regular one.
    pub(crate) fn of(path: &Path) -> Result<(Self, OsString), FileError> {
        let real = follow(path, Check::Links)?;
        if let Ok(metadata) = real.symlink_metadata() {
            check_regular(&metadata)?;
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
        let file = open_at(self.0.as_fd(), name, flags | OFlags::NOFOLLOW, 0o600).map_err(|e| match e {
            Errno::LOOP => FileError::NotRegular("a symlink"),
            Errno::NXIO => FileError::NotRegular("a socket"),
            Errno::ISDIR => FileError::NotRegular("a directory"),
            _ => FileError::from(e),
        })?;
        check_regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Renames a file in the directory, replacing the one that has the name. Survives a power cut if the file system
    /// can promise it.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let (from, to) = (c_string(from)?, c_string(to)?);
        renameat(&self.0, from.as_c_str(), &self.0, to.as_c_str())?;
        let _ = self.0.sync_all();
        Ok(())
    }

    /// Gives a file in the directory a second name, which must be a new one.
    pub(crate) fn link(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        let (from, to) = (c_string(from)?, c_string(to)?);
        linkat(&self.0, from.as_c_str(), &self.0, to.as_c_str(), AtFlags::empty())
    }

    /// Removes a file in the directory. An error has no consequence for any caller.
    pub(crate) fn remove(&self, name: &OsStr) {
        let _ = c_string(name).map(|name| unlinkat(&self.0, name.as_c_str(), AtFlags::empty()));
    }
}
