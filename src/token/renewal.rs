//! Replaces the token file atomically: after a crash at any point it holds a working token.
//!
//! Steps: write the new token to a temporary file next to it, fsync, verify the token with one read of the zone, rename.
//! Until then the old token remains valid, at Gandi too. All local failures are provoked before the request to Gandi,
//! because a renewal cannot be repeated. An unverified token stays in the temporary file for [`finish`].

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::gandi;
use crate::gandi::Credential;
use crate::sys::atomic_file;
use crate::sys::read_limited;

/// Size in bytes of the preallocated temporary file, larger than any token: a full disk is noticed before the renewal.
const PREALLOCATED: usize = 4096;

/// The text for a token file that cannot be replaced, after its path.
pub(crate) const NOT_A_FILE: &str = "is a symlink or not a regular file: set `token_file` to the file itself";

/// The reason why the token was not renewed.
#[derive(Debug)]
pub(crate) enum RenewalError {
    /// The token file is a symlink or not a regular file.
    NotAFile(PathBuf),
    /// The temporary file could not be created with owner, mode and size.
    Prepare(PathBuf, io::Error),
    /// Gandi refused the renewal or did not respond.
    Gandi(gandi::Error),
    /// The new token could not be stored.
    Store(PathBuf, io::Error),
    /// The new token could not be verified.
    Unverified(gandi::Error),
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile(path) => write!(f, "{} {NOT_A_FILE}", path.display()),
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
            Self::NotAFile(_) => None,
            Self::Prepare(_, e) | Self::Store(_, e) => Some(e),
            // Its text is that of Gandi's error.
            Self::Gandi(e) => e.source(),
            Self::Unverified(e) => Some(e),
        }
    }
}

/// Renews the token in the file at `path`: `request` gets a new token from Gandi, `verify` checks that it works.
pub(super) fn renew(
    path: &Path,
    request: impl FnOnce() -> Result<Credential, gandi::Error>,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Result<(), RenewalError> {
    let old = regular(path)?;
    let temp = atomic_file::temp_path(path);
    let prepared = atomic_file::create(&temp).and_then(|mut f| prepare(&mut f, &old).map(|()| f));
    let mut file = prepared.map_err(|e| discard(&temp, RenewalError::Prepare(temp.clone(), e)))?;
    let token = request().map_err(|e| discard(&temp, RenewalError::Gandi(e)))?;
    // From here on, only the temporary file holds the new token, so it is not removed after an error.
    write_token(&mut file, &token).map_err(|e| store_error(&temp, e))?;
    verify(&token).map_err(|e| unverified(&temp, e))?;
    commit(&temp, path)
}

/// Completes an interrupted renewal of the file at `path`: verifies the token in the temporary file, replaces the old one
/// and returns the new token. `None` if there is no temporary file, or no token in it.
pub(super) fn finish(
    path: &Path,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Option<Result<Credential, RenewalError>> {
    let temp = atomic_file::temp_path(path);
    // The common case, no temporary file, costs one system call.
    fs::symlink_metadata(&temp).ok()?;
    let text =
        regular(&temp).ok().and_then(|_| read_limited::read_to_string(&temp, PREALLOCATED as u64).ok());
    let token = text.as_deref().unwrap_or_default().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        // The renewal was interrupted before there was a new token.
        let _ = fs::remove_file(&temp);
        return None;
    }
    let token = Credential::renewed(token);
    let complete = || {
        // Repeated, as the renewal may have been interrupted before the file was truncated or synced.
        let mut file = OpenOptions::new().write(true).open(&temp).map_err(|e| store_error(&temp, e))?;
        write_token(&mut file, &token).map_err(|e| store_error(&temp, e))?;
        verify(&token).map_err(|e| unverified(&temp, e))?;
        commit(&temp, path)
    };
    Some(complete().map(|()| token))
}

/// Returns the metadata of a regular file. A symlink is refused: a rename would replace the link, not its target.
fn regular(path: &Path) -> Result<Metadata, RenewalError> {
    let metadata = fs::symlink_metadata(path).map_err(|e| RenewalError::Prepare(path.to_owned(), e))?;
    if metadata.is_file() { Ok(metadata) } else { Err(RenewalError::NotAFile(path.to_owned())) }
}

/// Gives the temporary file the owner and mode of the token file, and allocates its space on the disk.
fn prepare(file: &mut File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(&*file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
    file.write_all(&[b' '; PREALLOCATED])?;
    file.sync_all()
}

fn write_token(file: &mut File, token: &Credential) -> io::Result<()> {
    let line = token.line();
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len() as u64)?;
    file.sync_all()
}

fn commit(temp: &Path, path: &Path) -> Result<(), RenewalError> {
    fs::rename(temp, path).map_err(|e| store_error(path, e))?;
    // Makes the rename itself survive a power cut. If that fails, the name still belongs to a working token: the old one.
    if let Some(directory) = path.parent() {
        let _ = File::open(directory).and_then(|d| d.sync_all());
    }
    Ok(())
}

fn store_error(path: &Path, e: io::Error) -> RenewalError {
    RenewalError::Store(path.to_owned(), e)
}

/// Removes a token that Gandi refused. After any other error it may still work, and stays for [`finish`].
fn unverified(temp: &Path, error: gandi::Error) -> RenewalError {
    let refused = error.exit() == Exit::Token;
    let error = RenewalError::Unverified(error);
    if refused { discard(temp, error) } else { error }
}

fn discard(temp: &Path, error: RenewalError) -> RenewalError {
    let _ = fs::remove_file(temp);
    error
}
