//! The users that could change a file: its owner, those who can write to it, and those who could put another one in its
//! place, since they own or can write to a directory or a symlink on the way to it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::geteuid;

use super::file_error::{FileError, check_regular};
use super::read_limited;

/// The number of symlinks that Linux follows in a path.
const MAX_LINKS: usize = 40;

/// The parts of a path that [`follow`] checks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// The symlinks only: they must belong to root or this user.
    Links,
    /// All of them: nobody but root and this user may be able to change them.
    All,
}

/// Returns true if root or this user owns the file.
pub(crate) fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || metadata.uid() == geteuid().as_raw()
}

/// Checks that the file at `path` is a regular one, and that only root and this user can change it or put another one in
/// its place. The error has the remedy. A file that cannot be found is no error here: whoever opens it tells the reason.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    match follow(path, Check::All).and_then(|real| check_regular(&fs::symlink_metadata(real)?)) {
        Ok(()) | Err(FileError::Io(_)) => Ok(()),
        Err(FileError::Unsafe(problem)) => Err(problem),
        Err(e) => Err(format!("could not use {}: {e}", path.display())),
    }
}

/// Returns `path` without symlinks and relative parts, and checks what it passes. Parts that do not exist are returned as
/// they are, unless others could create them; in the target of a symlink they are an error.
pub(crate) fn follow(path: &Path, check: Check) -> Result<PathBuf, FileError> {
    // An absolute path replaces that of the working directory.
    follow_links(&Path::new("/proc/self/cwd").join(path), check, &mut 0)
}

fn follow_links(path: &Path, check: Check, links: &mut usize) -> Result<PathBuf, FileError> {
    let Some(parent) = path.parent() else { return Ok(path.to_owned()) };
    let directory = follow_links(parent, check, links)?;
    let Some(name) = path.file_name() else {
        // The last part is `..`.
        return Ok(directory.parent().unwrap_or(&directory).to_owned());
    };
    let real = directory.join(name);
    let metadata = match fs::symlink_metadata(&real) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // The directory was accepted because it is sticky, which keeps nobody from creating a file.
            let others_create = |m: Metadata| m.is_dir() && is_writable_by_others(&m);
            if check == Check::All && fs::symlink_metadata(&directory).is_ok_and(others_create) {
                let path = real.display();
                let problem =
                    format!("{path} does not exist, and other users can create it: use another path");
                return Err(FileError::Unsafe(problem));
            }
            return Ok(real);
        }
        metadata => metadata?,
    };
    let is_link = metadata.is_symlink();
    if is_link || check == Check::All {
        check_one(&real, &metadata)?;
    }
    if !is_link {
        return Ok(real);
    }
    *links += 1;
    if *links > MAX_LINKS {
        return Err(FileError::Io(Errno::LOOP.into()));
    }
    let target = follow_links(&directory.join(fs::read_link(&real)?), check, links)?;
    fs::symlink_metadata(&target)?;
    Ok(target)
}

/// Checks one file, directory or symlink. Other kinds are refused by whoever opens them.
fn check_one(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    // In a sticky directory such as /tmp, only the owner of a file can replace it.
    let is_sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
    let path = path.display();
    Err(FileError::Unsafe(if !is_ours(metadata) && !is_outside(metadata) {
        if metadata.is_file() {
            format!("another user owns {path}: run `chown {} {path}`", geteuid().as_raw())
        } else {
            // No `chown`: it may be a home directory, and of a symlink it would change the target.
            format!(
                "another user owns {path}: run this as that user, or use a path that only you and root can change"
            )
        }
    } else if is_writable_by_others(metadata) && !is_sticky && (metadata.is_dir() || metadata.is_file()) {
        format!("other users can write to {path}: run `chmod go-w {path}`")
    } else {
        return Ok(());
    }))
}

/// Returns true if the mode of a file or directory lets others than root and this user write to it.
pub(crate) fn is_writable_by_others(metadata: &Metadata) -> bool {
    // Root's group, or the group that many systems give each user. Its number is that of the user.
    let is_own_group = metadata.gid() == 0 || metadata.gid() == geteuid().as_raw();
    metadata.mode() & if is_own_group { 0o002 } else { 0o022 } != 0
}

/// Returns true for a directory or symlink of a user outside this user namespace, who appears as `nobody`: in a
/// container without privileges these are the host's directories above the files that it got. A file may be one of the
/// real `nobody`, unless only single users are in the namespace (`PrivateUsers=` of systemd).
fn is_outside(metadata: &Metadata) -> bool {
    const NOBODY: u32 = 65534;
    // The root of the parent namespace is in this one: it could tell others apart, so they are other users.
    const WITH_ROOT: &str = "         0          0 ";
    metadata.uid() == NOBODY
        && read_limited::proc("/proc/self/uid_map").is_ok_and(|map| {
            map.lines().all(|line| {
                !line.starts_with(WITH_ROOT) && (!metadata.is_file() || line.ends_with("         1"))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn check_names_the_part_that_others_can_change() {
        let top = std::env::temp_dir().join(format!("gandi-ddns-ownership-{}", std::process::id()));
        fs::create_dir_all(top.join("a/b")).expect("directories");
        let mode = |path: &str, mode| {
            fs::set_permissions(top.join(path), fs::Permissions::from_mode(mode)).expect(path);
        };
        fs::write(top.join("a/b/file"), "").expect("a file");
        symlink("b/../../a/b/file", top.join("a/link")).expect("a link");
        for path in ["", "a", "a/b"] {
            mode(path, 0o755);
        }
        mode("a/b/file", 0o644);
        let checked = |path: &str| check(&top.join(path)).err().unwrap_or_default();
        for path in ["a/b/file", "a/link", "a/missing", "a/b/file/x", "missing/x"] {
            assert_eq!(checked(path), "", "{path}");
        }
        for (path, bad) in [("a/b/file", 0o666), ("a/b", 0o757), ("a", 0o757), ("", 0o757)] {
            let before = fs::metadata(top.join(path)).expect(path).permissions().mode();
            mode(path, bad);
            let named = top.join(path).display().to_string();
            let named = named.trim_end_matches('/');
            let wanted = format!("other users can write to {named}: run `chmod go-w {named}`");
            assert_eq!((checked("a/b/file"), checked("a/link")), (wanted.clone(), wanted), "{path}");
            mode(path, before);
        }
        mode("a", 0o1777);
        assert_eq!(checked("a/b/file"), "", "a sticky directory");
        for path in ["a/missing", "a/missing/x"] {
            assert!(
                checked(path)
                    .ends_with("a/missing does not exist, and other users can create it: use another path")
            );
        }
        assert_eq!(checked("a/b/missing"), "");
        let followed = |path: &str| follow(&top.join(path), Check::Links).map_err(|e| e.kind());
        symlink("b/none", top.join("a/dangling")).expect("a link");
        assert_eq!(followed("a/dangling/x"), Err(io::ErrorKind::NotFound));
        symlink("b", top.join("a/c")).expect("a link");
        assert_eq!(followed("a/c/none/x"), Ok(top.join("a/b/none/x")));
        symlink("loop", top.join("loop")).expect("a link");
        assert!(followed("loop/x").is_err_and(|kind| kind != io::ErrorKind::NotFound));
        fs::remove_dir_all(&top).expect("the directories");
    }
}
