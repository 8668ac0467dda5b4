//! A new token in the old one's file, such that at every moment, whatever stops us, the file holds one that works.
//!
//! The new one is written beside the old, synced, and proven by a read of the zone before it takes the old one's place
//! by a rename; until then the old one lives on, at Gandi too. Everything that may fail on this machine is tried before
//! Gandi is asked, since its answer cannot be had twice. A new token that could not be proven stays beside the old one
//! for [`finish`].

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

/// More than any token has, so that the disk has room for it.
const PREALLOCATED: usize = 4096;

/// Why the old token stays.
#[derive(Debug)]
pub(crate) enum RenewalError {
    /// The file is a link or no file at all.
    NotAFile(PathBuf),
    /// A new file beside the old one could not be made like it.
    Prepare(PathBuf, io::Error),
    /// Gandi would not.
    Gandi(gandi::Error),
    /// The new token could not be kept.
    Keep(PathBuf, io::Error),
    /// The new token does not work, or not yet.
    Unproven(gandi::Error),
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile(path) => write!(
                f,
                "{} is a link or no regular file: name the file itself in `token_file`",
                path.display()
            ),
            Self::Prepare(path, e) => {
                write!(f, "no file like it could be made beside it, {}: {e}", path.display())
            }
            Self::Gandi(e) => e.fmt(f),
            Self::Keep(path, e) => write!(f, "the new one could not be kept in {}: {e}", path.display()),
            Self::Unproven(e) => write!(f, "the new one was tried, and {e}"),
        }
    }
}

/// Renews the token in the file at `path`: `ask` has Gandi make a new one, `verify` tries it.
pub(super) fn renew(
    path: &Path,
    ask: impl FnOnce() -> Result<Credential, gandi::Error>,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Result<(), RenewalError> {
    let old = regular(path)?;
    let draft = atomic_file::temp_path(path);
    let prepared = atomic_file::create(&draft).and_then(|mut f| prepare(&mut f, &old).map(|()| f));
    let mut file = prepared.map_err(|e| discard(&draft, RenewalError::Prepare(draft.clone(), e)))?;
    let token = ask().map_err(|e| discard(&draft, RenewalError::Gandi(e)))?;
    // Whatever comes of it now, the draft is the only place that the new token is in.
    write_token(&mut file, &token).map_err(|e| keep_error(&draft, e))?;
    verify(&token).map_err(|e| unproven(&draft, e))?;
    commit(&draft, path)
}

/// Takes up what an interrupted renewal left beside the file at `path`: the token, once it is proven and in place.
/// `None` when nothing was left, or nothing of use.
pub(super) fn finish(
    path: &Path,
    verify: impl FnOnce(&Credential) -> Result<(), gandi::Error>,
) -> Option<Result<Credential, RenewalError>> {
    let draft = atomic_file::temp_path(path);
    // One system call on all but a few days.
    fs::symlink_metadata(&draft).ok()?;
    let text =
        regular(&draft).ok().and_then(|_| read_limited::read_to_string(&draft, PREALLOCATED as u64).ok());
    let token = text.as_deref().unwrap_or_default().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        // We were stopped before there was a new token.
        let _ = fs::remove_file(&draft);
        return None;
    }
    let token = Credential::Token(token.to_owned());
    let whole = || {
        // We may have been stopped before the rest of the room was given back, or before all was on the disk.
        let mut file = OpenOptions::new().write(true).open(&draft).map_err(|e| keep_error(&draft, e))?;
        write_token(&mut file, &token).map_err(|e| keep_error(&draft, e))?;
        verify(&token).map_err(|e| unproven(&draft, e))?;
        commit(&draft, path)
    };
    Some(whole().map(|()| token))
}

/// The file's metadata, if it is one. A link's target may lie anywhere, where no rename could replace it.
fn regular(path: &Path) -> Result<Metadata, RenewalError> {
    let metadata = fs::symlink_metadata(path).map_err(|e| RenewalError::Prepare(path.to_owned(), e))?;
    if metadata.is_file() { Ok(metadata) } else { Err(RenewalError::NotAFile(path.to_owned())) }
}

/// Gives the new file the old one's owner and mode, and room on the disk.
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

fn commit(draft: &Path, path: &Path) -> Result<(), RenewalError> {
    fs::rename(draft, path).map_err(|e| keep_error(path, e))?;
    // The name too is to outlive a power cut. Where a directory cannot be synced, the old name is as good.
    if let Some(directory) = path.parent() {
        let _ = File::open(directory).and_then(|d| d.sync_all());
    }
    Ok(())
}

fn keep_error(path: &Path, e: io::Error) -> RenewalError {
    RenewalError::Keep(path.to_owned(), e)
}

/// A token that is refused is of no use; any other failure says nothing of it.
fn unproven(draft: &Path, error: gandi::Error) -> RenewalError {
    let refused = error.exit() == Exit::Token;
    let error = RenewalError::Unproven(error);
    if refused { discard(draft, error) } else { error }
}

fn discard(draft: &Path, error: RenewalError) -> RenewalError {
    let _ = fs::remove_file(draft);
    error
}
