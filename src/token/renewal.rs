//! Replaces the token file atomically: after a crash at any point it holds a working token.
//!
//! Steps: write the new token to a temporary file next to it, fsync, verify the token with one read of the zone, rename.
//! Until then the old token remains valid, at Gandi too. All local failures are provoked before the request to Gandi,
//! because a renewal cannot be repeated. An unverified token stays in the temporary file for [`finish`].

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::exit::Exit;
use crate::gandi;
use crate::gandi::Credential;
use crate::sys::atomic_file;
use crate::sys::directory::{Directory, Missing};
use crate::sys::file_error::FileError;
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
    let draft = Draft::of(path).map_err(|e| RenewalError::Prepare(path.to_owned(), e))?;
    let old = draft.regular()?;
    let prepared = atomic_file::create(&draft.dir, &draft.temp, Some(&old))
        .and_then(|mut f| Ok(prepare(&mut f, &old).map(|()| f)?));
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
    let text = read_limited::read_open(&file, PREALLOCATED as u64).and_then(read_limited::text_of);
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

/// The temporary file of a renewal, beside the token file.
struct Draft {
    dir: Directory,
    /// The path of the token file.
    path: PathBuf,
    /// The name of the token file.
    name: OsString,
    /// The name of the temporary file.
    temp: OsString,
}

impl Draft {
    fn of(path: &Path) -> Result<Self, FileError> {
        let name = path.file_name().unwrap_or_default().to_owned();
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let dir = Directory::open(parent, Missing::Fail)?;
        Ok(Self { dir, path: path.to_owned(), temp: atomic_file::temp_name(&name), name })
    }

    /// Returns owner and mode of the token file. A symlink is refused: a rename would replace the link, not its target.
    fn regular(&self) -> Result<Metadata, RenewalError> {
        match self.dir.open_file(&self.name, OFlags::RDONLY).and_then(|f| Ok(f.metadata()?)) {
            Err(FileError::NotRegular(_)) => Err(RenewalError::NotAFile(self.path.clone())),
            metadata => metadata.map_err(|e| RenewalError::Prepare(self.path.clone(), e)),
        }
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
