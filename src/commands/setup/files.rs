//! The two files: their place, their text, and their writing. The rename of the config comes last: until then, there is
//! none, or the old one with a token that it can use. So a setup that was killed leaves a working config, or none.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::cli::ConfigSource;
use crate::config::is_token;
use crate::console::Console;
use crate::exit::Exit;
use crate::sys::atomic_file::{stage, temp_name};
use crate::sys::directory::{Directory, Missing};
use crate::sys::file_error::FileError;
use crate::sys::ownership;
use crate::sys::read_limited;

/// The config that the program finds without `-c`, also under cron and in the packaged units.
pub(super) const DEFAULT_CONFIG: &str = "/etc/gandi-ddns/gandi-ddns.conf";
/// The name of the token file, in the directory of the config; with a number if another token has it.
const TOKEN: &str = "token";
/// Maximum size of a config that is there already.
pub(super) const MAX_FILE: u64 = 1024 * 1024;
/// Maximum number of copies of former files, and of token files.
const MAX_COPIES: u32 = 99;
/// The keys of `-o` whose value is a path.
pub(super) const PATHS: [&str; 5] = ["ca_file", "history", "on_change", "on_failure", "state_dir"];

/// One of the two files.
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// The file whose owner and mode it gets, if that exists: those who could read this one can read the new one.
    like: PathBuf,
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
        Self { like: path.clone(), path, text, found }
    }

    /// Returns the token file for a config: one that has this token, or a new one. Another token stays, for it may be that
    /// of another config. `like` is the token file of the present config, if there is one.
    pub(super) fn token(config: &Path, text: &str, like: Option<PathBuf>) -> Self {
        let mut number = 1;
        loop {
            let name = numbered(OsStr::new(TOKEN), number);
            let mut target = Self::new(config.with_file_name(name), text.to_owned());
            if target.found != Found::Other || number == MAX_COPIES {
                target.like = like.unwrap_or(target.like);
                return target;
            }
            number += 1;
        }
    }

    /// Returns the name of the file.
    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Returns the end of its line in the list of files to write.
    pub(super) fn note(&self) -> &'static str {
        match self.found {
            Found::Nothing if self.like.exists() => "(owner and mode of the present one)",
            Found::Nothing => "(mode 600)",
            Found::Same => "(there already, kept)",
            Found::Other => "(new; the present one stays with the ending .old)",
        }
    }
}

/// Returns the name with a number at its end, but the first one.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let mut name = name.to_owned();
    if number > 1 {
        name.push(number.to_string());
    }
    name
}

/// Returns the absolute path of the config. The error is printed: this user may not write there, or others can change it.
pub(super) fn place(source: &ConfigSource, console: &mut Console) -> Result<PathBuf, Exit> {
    let path = match source {
        ConfigSource::File(Some(path)) => path.as_path(),
        _ if !geteuid().is_root() => {
            console.error(format_args!(
                "setup writes below /etc: run it as root (sudo), or give -c FILE for a setup of your own"
            ));
            return Err(Exit::Usage);
        }
        _ => Path::new(DEFAULT_CONFIG),
    };
    checked(path).map_err(|problem| {
        console.error(format_args!("{problem}"));
        Exit::Config
    })
}

fn checked(path: &Path) -> Result<PathBuf, String> {
    let could_not = |path: &Path, e: &FileError| format!("could not write to {}: {e}", path.display());
    let real = match ownership::follow(path, ownership::Check::All) {
        Ok(real) => real,
        Err(FileError::Unsafe(problem)) => return Err(problem),
        Err(e) => return Err(could_not(path, &e)),
    };
    let name = real.file_name().unwrap_or_default().as_encoded_bytes();
    let is_token = || read_limited::read_to_string(&real, MAX_FILE).is_ok_and(|text| is_token(&text));
    if name.starts_with(TOKEN.as_bytes()) || is_token() {
        return Err(format!(
            "-c {}: that is a token file, for `token_file` in the config: name the config to write; the token is typed, \
             or the first line of stdin",
            path.display()
        ));
    }
    // A relative path in a file behind a link would be relative to the link.
    if name.is_empty() || path.is_symlink() || real.exists() && !real.is_file() {
        return Err(format!("-c {}: it must name the config file", path.display()));
    }
    // The nearest directory that exists.
    let mut directory = real.as_path();
    while let Some(parent) = directory.parent() {
        directory = parent;
        match access(directory, Access::WRITE_OK | Access::EXEC_OK) {
            Ok(()) => break,
            Err(Errno::NOENT) => {}
            Err(e) => return Err(could_not(directory, &e.into())),
        }
    }
    Ok(if path == Path::new(DEFAULT_CONFIG) { path.to_owned() } else { real })
}

/// The records of a new config, as words, with names as typed; empty if it was kept.
#[derive(Default)]
pub(super) struct Records {
    pub(super) domain: String,
    pub(super) names: String,
    pub(super) types: &'static str,
    pub(super) ttl: String,
}

/// Returns true if an option of `-o` has this key.
pub(super) fn has_key(option: &str, key: &str) -> bool {
    option.split('=').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(key))
}

/// Returns true if an option has a relative path. It would be another one in the config, which has its own directory.
pub(super) fn has_relative_path(option: &str) -> bool {
    let value = option.split_once('=').map_or("", |(_, value)| value.trim());
    PATHS.iter().any(|key| has_key(option, key)) && !value.starts_with('/')
        || value.contains("command:") && !value.contains("command:/")
}

/// Returns the text of the config. `options` are those of `-o`, with `ipv6` unless one of them has that key.
pub(super) fn text(token: &Target, records: &Records, options: &[String], ipv6: &str) -> String {
    let token = token.name().display();
    let mut lines = String::new();
    if !options.iter().any(|o| has_key(o, "ipv6")) {
        lines.push_str(ipv6);
    }
    for option in options {
        let (key, value) = option.split_once('=').unwrap_or_default();
        for part in [key.trim(), " = ", value.trim(), "\n"] {
            lines.push_str(part);
        }
    }
    let Records { domain, names, types, ttl } = records;
    let key = if ttl.is_empty() { "" } else { "\nttl = " };
    format!(
        "# Written by `gandi-ddns setup`. gandi-ddns.conf.example has all other keys.\n\ntoken_file = {token}\n\
         {lines}\n[{domain}]\nnames = {names}\ntypes = {types}{key}{ttl}\n"
    )
}

/// Writes the files. If their directory does not exist, it appears with both of them.
pub(super) fn write(files: &[Target; 2]) -> Result<(), FileError> {
    let directory = files[1].path.parent().unwrap_or(Path::new("/"));
    if directory.exists() {
        return put(&Directory::open(directory, Missing::Fail)?, files);
    }
    let (parent, name) = (directory.parent().unwrap_or(directory), directory.file_name().unwrap_or_default());
    let (parent, staging_name) = (Directory::open(parent, Missing::Create)?, temp_name(name));
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

/// Replaces the token file of a config that stays.
pub(super) fn write_token(file: &Target) -> Result<(), FileError> {
    put_one(&Directory::open(file.path.parent().unwrap_or(Path::new("/")), Missing::Fail)?, file)
}

fn discard(staging: &Path, files: &[Target; 2]) {
    for file in files {
        for name in [file.name(), &temp_name(file.name())] {
            let _ = fs::remove_file(staging.join(name));
        }
    }
    let _ = fs::remove_dir(staging);
}

/// Writes the files into a directory. After an error, they are as before, but for a token that was replaced: the new one
/// is one for the present config as well.
fn put(dir: &Directory, [token, config]: &[Target; 2]) -> Result<(), FileError> {
    put_one(dir, token)?;
    let result = put_one(dir, config);
    if result.is_err() && token.found == Found::Nothing {
        dir.remove(token.name());
    }
    result
}

/// Writes a file. Those who can read the present one can read it as well.
fn put_one(dir: &Directory, file: &Target) -> Result<(), FileError> {
    if file.found == Found::Same {
        return Ok(());
    }
    let old = fs::metadata(&file.like).ok();
    let name = file.name();
    let temp = stage(dir, name, &file.text, old.as_ref())?;
    let mut result = Ok(());
    if file.found == Found::Other {
        result = keep_copy(dir, name).map_err(io::Error::from);
    }
    if result.is_ok() {
        result = dir.rename(&temp, name);
    }
    if result.is_err() {
        dir.remove(&temp);
    }
    Ok(result?)
}

/// Gives a file a second name, which ends in `.old`; with a number if there is such a file.
fn keep_copy(dir: &Directory, name: &OsStr) -> Result<(), Errno> {
    let mut copy = name.to_owned();
    copy.push(".old");
    let mut number = 1;
    loop {
        match dir.link(name, &numbered(&copy, number)) {
            Err(Errno::EXIST) if number < MAX_COPIES => number += 1,
            result => return result,
        }
    }
}
