//! Replaces the token file atomically: after a crash at any point it holds a working token.
//!
//! Steps: write the new token to a temporary file next to it, fsync, verify the token with one read of the zone, rename.
//! Until then the old token remains valid, at Gandi too. All local failures are provoked before the request to Gandi,
//! because a renewal cannot be repeated. An unverified token stays in the temporary file for [`finish`].

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::exit::Exit;
use crate::gandi;
use crate::gandi::Credential;
use crate::sys::atomic_file;
use crate::sys::directory::{Directory, Missing};
use crate::sys::file_error::FileError;
use crate::sys::file_limit;
use crate::sys::ownership::{Check, follow, is_ours, is_writable_by_others};
use crate::sys::read_limited;

/// Size in bytes of the preallocated temporary file, larger than any token: a full disk is noticed before the renewal.
const PREALLOCATED: usize = 4096;

/// The reason why the token was not renewed.
#[derive(Debug)]
pub(crate) enum RenewalError {
    /// Another user owns the directory of the token file.
    NotOurs(PathBuf),
    /// Other users can write to the directory of the token file.
    Writable(PathBuf),
    /// The temporary file could not be created with owner, mode and size.
    Prepare(PathBuf, FileError),
    /// Gandi refused the renewal or did not respond.
    Gandi(gandi::Error),
    /// The new token could not be stored.
    Store(PathBuf, FileError),
    /// The new token could not be verified.
    Unverified(gandi::Error),
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(dir) => {
                write!(
                    f,
                    "another user owns {}: move the token file to a directory of its own",
                    dir.display()
                )
            }
            Self::Writable(dir) => {
                let dir = dir.display();
                write!(
                    f,
                    "other users can write to {dir}: move the token file to a directory of its own, or run \
                     `chmod go-w {dir}`"
                )
            }
            Self::Prepare(path, _) => {
                write!(f, "could not create a temporary file next to it ({})", path.display())
            }
            Self::Gandi(e) => e.fmt(f),
            Self::Store(path, _) => write!(f, "could not store the new token in {}", path.display()),
            Self::Unverified(_) => f.write_str("the new token did not work"),
        }
    }
}

impl std::error::Error for RenewalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotOurs(_) | Self::Writable(_) => None,
            Self::Prepare(_, e) | Self::Store(_, e) => Some(e),
            // Its text is that of Gandi's error.
            Self::Gandi(e) => e.source(),
            Self::Unverified(e) => Some(e),
        }
    }
}

/// Renews the token in the file at `path`: `request` gets a new token from Gandi, `verify` checks that it works.
#[inline(never)]
pub(super) fn renew(
    path: &Path,
    request: impl FnOnce() -> Result<Credential, gandi::Error>,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Result<(), RenewalError> {
    let draft = Draft::of(path)?;
    let prepared = atomic_file::create(&draft.dir, &draft.temp, Some(&draft.old))
        .and_then(|mut f| Ok(prepare(&mut f, &draft.old).map(|()| f)?));
    let mut file = prepared.map_err(|e| draft.discard(RenewalError::Prepare(draft.path.clone(), e)))?;
    let token = request().map_err(|e| draft.discard(RenewalError::Gandi(e)))?;
    // From here on, only the temporary file holds the new token, so it is not removed after an error.
    write_token(&mut file, &token).map_err(|e| draft.store_error(e))?;
    verify(&token).map_err(|e| draft.unverified(e))?;
    draft.commit()
}

/// Completes an interrupted renewal of the file at `path`: verifies the token in the temporary file, replaces the old one
/// and returns the new token. `None` if there is no temporary file, or no token in it.
pub(super) fn finish(
    path: &Path,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Option<Result<Credential, RenewalError>> {
    let draft = Draft::of(path).ok()?;
    let mut file = draft.dir.open_file(&draft.temp, OFlags::RDWR).ok()?;
    // Another user's file, or one with a second name elsewhere, is not the leftover of a renewal.
    file.metadata().ok().filter(|m| (is_ours(m) || m.uid() == draft.old.uid()) && m.nlink() == 1)?;
    let text = read_limited::read_open(&file, PREALLOCATED as u64).and_then(read_limited::text_of);
    if text.as_ref().is_err_and(FileError::is_temporary) {
        // It may hold a token, and stays for the next run.
        return None;
    }
    let token = text.as_deref().unwrap_or_default().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        // The renewal was interrupted before there was a new token.
        draft.dir.remove(&draft.temp);
        return None;
    }
    let token = Credential::renewed(token);
    let complete = || {
        // Repeated, as the renewal may have been interrupted before the file was truncated or synced.
        write_token(&mut file, &token).map_err(|e| draft.store_error(e))?;
        verify(&token).map_err(|e| draft.unverified(e))?;
        draft.commit()
    };
    Some(complete().map(|()| token))
}

/// Returns the reason why the token in the file at `path` could not be renewed; `None` if nothing is in the way.
pub(super) fn obstacle(path: &Path) -> Option<RenewalError> {
    Draft::of(path).err()
}

/// The temporary file of a renewal, beside the token file.
struct Draft {
    dir: Directory,
    /// The path of the token file, without symlinks.
    path: PathBuf,
    /// The name of the token file.
    name: OsString,
    /// Owner and mode of the token file.
    old: Metadata,
    /// The name of the temporary file.
    temp: OsString,
}

impl Draft {
    /// Opens the directory of the token file, or of the file that a symlink there leads to. Nobody but root and this
    /// user may be able to exchange files in it: not even if it is sticky, for there they can create the temporary file.
    #[inline(never)]
    fn of(path: &Path) -> Result<Self, RenewalError> {
        let failed = |e| RenewalError::Prepare(path.to_owned(), e);
        let real = follow(path, Check::Links).map_err(failed)?;
        let (parent, name) = (real.parent().unwrap_or(&real), real.file_name().unwrap_or_default());
        let dir = Directory::open(parent, Missing::Fail).map_err(failed)?;
        let metadata = dir.metadata().map_err(|e| failed(e.into()))?;
        if !is_ours(&metadata) {
            return Err(RenewalError::NotOurs(parent.to_owned()));
        }
        if is_writable_by_others(&metadata) {
            return Err(RenewalError::Writable(parent.to_owned()));
        }
        let old = dir.open_file(name, OFlags::RDONLY).and_then(|f| Ok(f.metadata()?)).map_err(failed)?;
        Ok(Self { dir, temp: atomic_file::temp_name(name), name: name.to_owned(), path: real, old })
    }

    fn commit(&self) -> Result<(), RenewalError> {
        // A rename that does not survive a power cut leaves the name to the old token, which still works.
        self.dir.rename(&self.temp, &self.name).map_err(|e| self.store_error(e))
    }

    fn store_error(&self, e: io::Error) -> RenewalError {
        RenewalError::Store(self.path.clone(), e.into())
    }

    /// Removes a token that Gandi refused. After any other error it may still work, and stays for [`finish`].
    fn unverified(&self, error: gandi::Error) -> RenewalError {
        let refused = error.exit() == Exit::Token;
        let error = RenewalError::Unverified(error);
        if refused { self.discard(error) } else { error }
    }

    fn discard(&self, error: RenewalError) -> RenewalError {
        self.dir.remove(&self.temp);
        error
    }
}

/// Gives the temporary file the owner and mode of the token file, and allocates its space on the disk.
fn prepare(file: &mut File, old: &Metadata) -> io::Result<()> {
    atomic_file::adopt(file, old)?;
    file_limit::check(PREALLOCATED as u64)?;
    // Not an array: it would be 4 kB of the program.
    file.write_all(&vec![b' '; PREALLOCATED])?;
    file.sync_all()
}

fn write_token(file: &mut File, token: &Credential) -> io::Result<()> {
    let line = token.line();
    file_limit::check(line.len() as u64)?;
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len() as u64)?;
    file.sync_all()
}
