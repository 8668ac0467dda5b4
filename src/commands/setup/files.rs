//! The two files: their place, their text, and their writing. Until the last rename there is no config, so that a setup
//! that was killed leaves none.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::cli::{ConfigSource, GlobalOptions};
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::atomic_file::{stage, temp_name};
use crate::sys::directory::{Directory, Missing};
use crate::sys::environment::Environment;
use crate::sys::file_error::FileError;
use crate::sys::ownership;
use crate::sys::read_limited;

/// The name of the token file, in the directory of the config.
const TOKEN: &str = "token";
/// Maximum size of a file that may be equal to a new one.
const MAX_FILE: u64 = 1024 * 1024;
/// Maximum number of copies of former files.
const MAX_COPIES: u32 = 99;

/// One of the two files.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) found: Found,
}

/// The file that has the name already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// It has the same text.
    Same,
    /// It has another text, or cannot be read.
    Other,
}

impl Target {
    /// Looks for a file at `path`.
    pub(super) fn new(path: PathBuf, text: String) -> Self {
        let found = match read_limited::read(&path, MAX_FILE) {
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound) => Found::Nothing,
            Ok(bytes) if bytes.trim_ascii() == text.trim().as_bytes() => Found::Same,
            _ => Found::Other,
        };
        Self { path, text, found }
    }

    /// Returns the end of its line in the list of files to write.
    pub(super) const fn note(&self) -> &'static str {
        match self.found {
            Found::Nothing => "(mode 600)",
            Found::Same => "(there already, kept)",
            Found::Other => "(mode 600; the present one stays with the ending .old)",
        }
    }
}

/// Returns the path of the config. The error is printed: this user may not write there, or others can change it.
pub(super) fn place(
    options: &GlobalOptions,
    env: &Environment,
    console: &mut Console,
) -> Result<PathBuf, Exit> {
    let mut path = match &options.source {
        ConfigSource::File(Some(path)) => path.clone(),
        _ if !geteuid().is_root() => {
            console.error(format_args!(
                "setup writes below /etc: run it with sudo, or give -c FILE for a setup of your own"
            ));
            return Err(Exit::Usage);
        }
        _ => env.config_files().remove(0),
    };
    let linked = path.is_symlink().then(|| path.canonicalize());
    let problem = if let Some(Err(e)) = &linked {
        Some(format!("could not follow the link {}: {e}", path.display()))
    } else if path.file_name().is_none_or(|name| name == TOKEN) || path.is_dir() {
        Some(format!("-c {}: it must name the config file", path.display()))
    } else {
        ownership::check(&path).err().or_else(|| {
            // The nearest directory that exists.
            let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
            let existing = absolute.ancestors().skip(1).find(|path| path.exists())?;
            let e = match access(existing, Access::WRITE_OK | Access::EXEC_OK) {
                Ok(()) if existing.is_dir() => return None,
                Ok(()) => Errno::NOTDIR,
                Err(e) => e,
            };
            Some(format!("could not write to {}: {}", existing.display(), io::Error::from(e)))
        })
    };
    if let Some(Ok(real)) = linked {
        path = real;
    }
    match problem {
        None => Ok(path),
        Some(problem) => {
            console.error(format_args!("{problem}"));
            Err(Exit::Config)
        }
    }
}

/// Returns the path of the token file that belongs to a config.
pub(super) fn token_beside(config: &Path) -> PathBuf {
    config.with_file_name(TOKEN)
}

/// The values of the config.
pub(super) struct Values<'a> {
    pub(super) domain: &'a str,
    pub(super) names: String,
    pub(super) types: String,
    pub(super) ttl: Option<&'a str>,
    /// Those of `-o`.
    pub(super) overrides: &'a [String],
    /// True for the IPv6 address of the interface.
    pub(super) prefers_interface: bool,
}

/// Returns the text of the config.
pub(super) fn text(values: &Values) -> String {
    let mut lines = vec![
        "# Written by `gandi-ddns setup`. gandi-ddns.conf.example has all other keys.\n".to_owned(),
        format!("token_file = {TOKEN}            # in this directory; mode 600"),
    ];
    let key = |o: &str| o.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
    if values.prefers_interface && !values.overrides.iter().any(|o| key(o) == "ipv6") {
        lines.push("ipv6 = interface web          # the stable address, not a temporary one".to_owned());
    }
    for (key, value) in values.overrides.iter().filter_map(|o| o.split_once('=')) {
        lines.push(format!("{} = {}", key.trim(), value.trim()));
    }
    let Values { domain, names, types, .. } = values;
    lines.push(format!("\n[{domain}]\nnames = {names}\ntypes = {types}"));
    if let Some(ttl) = values.ttl {
        lines.push(format!("ttl = {ttl}"));
    }
    lines.join("\n") + "\n"
}

/// Writes the files, in this order. If their directory does not exist, it appears with all of them.
pub(super) fn write(files: &[Target]) -> Result<(), FileError> {
    let Some(first) = files.first() else { return Ok(()) };
    let real = ownership::follow(&first.path, ownership::Check::All)?;
    let Some(directory) = real.parent() else { return Ok(()) };
    if directory.exists() {
        return put(&Directory::open(directory, Missing::Fail)?, files);
    }
    let (Some(parent), Some(name)) = (directory.parent(), directory.file_name()) else { return Ok(()) };
    let (staging_name, parent) = (temp_name(name), Directory::open(parent, Missing::Create)?);
    let staging = directory.with_file_name(&staging_name);
    // The leftover of a setup that was killed.
    discard(&staging, files);
    DirBuilder::new().mode(0o700).create(&staging)?;
    let result = Directory::open(&staging, Missing::Fail)
        .and_then(|dir| put(&dir, files))
        .and_then(|()| Ok(parent.rename(&staging_name, name)?));
    if result.is_err() {
        discard(&staging, files);
    }
    result
}

fn discard(staging: &Path, files: &[Target]) {
    for file in files {
        if let Some(name) = file.path.file_name() {
            let _ = fs::remove_file(staging.join(name));
            let _ = fs::remove_file(staging.join(temp_name(name)));
        }
    }
    let _ = fs::remove_dir(staging);
}

/// Writes the files into a directory: first all of them under temporary names.
fn put(dir: &Directory, files: &[Target]) -> Result<(), FileError> {
    let mut staged: Vec<(&OsStr, OsString)> = Vec::new();
    let result = put_staged(dir, files, &mut staged);
    if result.is_err() {
        for (_, temp) in &staged {
            dir.remove(temp);
        }
    }
    result
}

fn put_staged<'a>(
    dir: &Directory,
    files: &'a [Target],
    staged: &mut Vec<(&'a OsStr, OsString)>,
) -> Result<(), FileError> {
    for file in files.iter().filter(|file| file.found != Found::Same) {
        let name = file.path.file_name().unwrap_or_default();
        staged.push((name, stage(dir, name, &file.text, None)?));
    }
    for file in files.iter().filter(|file| file.found == Found::Other) {
        keep_copy(dir, file.path.file_name().unwrap_or_default())?;
    }
    for (name, temp) in staged.iter() {
        dir.rename(temp, name)?;
    }
    Ok(())
}

/// Gives a file a second name, which ends in `.old`; with a number if there is such a file.
fn keep_copy(dir: &Directory, name: &OsStr) -> io::Result<()> {
    let mut copy = name.to_owned();
    copy.push(".old");
    for number in 2..=MAX_COPIES {
        match dir.link(name, &copy) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
        name.clone_into(&mut copy);
        copy.push(format!(".old{number}"));
    }
    dir.link(name, &copy)
}
