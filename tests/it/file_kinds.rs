//! Something else in place of each file that the program reads or writes: it never hangs, says so in one line, and
//! leaves what it found as it was.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::history_file::with_history;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, API_KEY, STALE, Sandbox, with_its_numbers};

pub(crate) const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";
pub(crate) const CREATED_LINE: &str = "1795478400 home.example.org A - 81.2.69.1\n";
/// The user `nobody`, who owns the files of another user.
pub(crate) const OTHER: u32 = 65534;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fifo,
    Device,
    Directory,
    Socket,
    LinkLoop,
    /// A symlink of ours to a good file of another user.
    LinkToOthers,
    /// A sparse file of 1 GB.
    Huge,
    /// The good file with a NUL byte at the end.
    NulByte,
    OtherOwner,
    /// The good file with mode 0666, or 0777 if it is a program.
    Writable,
}

use Kind::{Device, Directory, Fifo, Huge, LinkLoop, LinkToOthers, NulByte, OtherOwner, Socket, Writable};

const KINDS: [Kind; 10] =
    [Fifo, Device, Directory, Socket, LinkLoop, LinkToOthers, Huge, NulByte, OtherOwner, Writable];

/// Returns true if the tests run as root, who alone can give files to other users.
pub(crate) fn is_root(s: &Sandbox) -> bool {
    fs::metadata(s.path("")).expect("the sandbox").uid() == 0
}

/// A sandbox whose record is to be changed, with these lines at the head of the config.
pub(crate) fn stale(head: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.config_with(head, "[example.org]\nnames = home\n");
    s
}

/// Replaces the file at `path`, which is a good one, by something of this kind.
pub(crate) fn put(path: &Path, kind: Kind) {
    let good = fs::read(path).expect("a good file");
    let mode = fs::metadata(path).expect("its mode").mode() & 0o777;
    let write = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    };
    fs::remove_file(path).expect("the good file");
    let run = |program: &str, arguments: &[&str]| {
        Command::new(program).arg(path).args(arguments).status().is_ok_and(|s| s.success())
    };
    match kind {
        Fifo => assert!(run("mkfifo", &[]), "a FIFO"),
        // A node of its own, so that the device of the system is safe whatever the program does.
        Device if run("mknod", &["c", "1", "3"]) => {}
        Device => symlink("/dev/null", path).expect("a link"),
        Directory => fs::create_dir(path).expect("a directory"),
        Socket => drop(UnixListener::bind(path).expect("a socket")),
        LinkLoop => symlink(path, path).expect("a link"),
        LinkToOthers => {
            let target = path.with_file_name("theirs");
            write(&target, &good);
            chown(&target, Some(OTHER), Some(OTHER)).expect("chown");
            symlink("theirs", path).expect("a link");
        }
        Huge => {
            write(path, b"");
            let file = fs::OpenOptions::new().write(true).open(path);
            file.and_then(|f| f.set_len(1 << 30)).expect("a sparse file");
        }
        NulByte => write(path, &[&good[..], b"\0"].concat()),
        OtherOwner => {
            write(path, &good);
            chown(path, Some(OTHER), Some(OTHER)).expect("chown");
        }
        Writable => {
            write(path, &good);
            fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o666)).expect("chmod");
        }
    }
}

/// All that must stay of what is at a path: what it is, whose it is, and what it contains.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    size: u64,
    content: Option<Vec<u8>>,
    pub(crate) link: Option<PathBuf>,
}

pub(crate) fn snapshot(path: &Path) -> Snapshot {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    let small = metadata.is_file() && metadata.len() < 1 << 20;
    Snapshot {
        inode: metadata.ino(),
        mode: metadata.mode(),
        owner: (metadata.uid(), metadata.gid()),
        size: metadata.len(),
        content: small.then(|| fs::read(path).expect("its content")),
        link: fs::read_link(path).ok(),
    }
}

/// The fate of what was put there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// It is a file of ours, or one that the user has named for this: it may be replaced.
    MayChange,
}
use Fate::{MayChange, Stays};

/// Puts each kind in place of the file at the path that `prepare` returns, and runs. `wanted` gives the exit code, the
/// words of the one line on stderr (none: no line), and what becomes of it.
fn each_kind(prepare: fn() -> (Sandbox, PathBuf), wanted: fn(Kind) -> (i32, &'static [&'static str], Fate)) {
    for kind in KINDS {
        let (s, path) = prepare();
        if matches!(kind, LinkToOthers | OtherOwner) && !is_root(&s) {
            continue;
        }
        put(&path, kind);
        let (code, words, fate) = wanted(kind);
        let look = || {
            let target = path.with_file_name("theirs");
            (snapshot(&path), target.exists().then(|| snapshot(&target)))
        };
        let before = look();
        let ran = s.run(&[]);
        said(kind, &ran, code, words);
        let updated = s.zone("home", "A") == format!("600 {ADDRESS}");
        assert_eq!(updated, code == 0, "{kind:?}: {ran}");
        // These make no change either, and they end.
        for command in ["status", "-n"] {
            assert!(s.run(&[command]).code.is_some(), "{kind:?}: {command}");
        }
        assert!(fate == MayChange || look() == before, "{kind:?} has changed: {before:?} {:?}", look());
    }
}

#[track_caller]
fn said(kind: Kind, ran: &RunOutput, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{kind:?}: {ran}");
    assert_eq!(ran.stderr.lines().count(), usize::from(!words.is_empty()), "{kind:?}: {ran}");
    for word in words {
        let word = with_its_numbers(word);
        assert!(ran.stderr.contains(&word), "{kind:?}: no `{word}` in {ran}");
    }
}

/// Returns the words for what is not a regular file, or what others can change; `None` for the others.
fn refused(kind: Kind) -> Option<&'static [&'static str]> {
    Some(match kind {
        Fifo => &["it is a FIFO, not a regular file"],
        Device => &["it is a device, not a regular file"],
        Directory => &["it is a directory, not a regular file"],
        Socket => &["it is a socket, not a regular file"],
        LinkToOthers => &["another user owns /", "/theirs: run `chown 0 /"],
        OtherOwner => &["another user owns /", ": run `chown 0 /"],
        Writable => &["other users can write to /", "run `chmod go-w /"],
        LinkLoop | Huge | NulByte => return None,
    })
}

/// The words for a text file that must be good.
fn bad_text(kind: Kind, too_large: &'static [&'static str]) -> (i32, &'static [&'static str], Fate) {
    let words = refused(kind).unwrap_or(match kind {
        Huge => too_large,
        NulByte => &["gandi-ddns.conf"],
        // ELOOP, which glibc and musl word differently.
        _ => &["(os error 40)"],
    });
    (78, words, Stays)
}

#[test]
fn config_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("");
            let path = s.path("gandi-ddns.conf");
            (s, path)
        },
        |kind| bad_text(kind, &["could not read the config gandi-ddns.conf: it is larger than 1 MiB"]),
    );
}

#[test]
fn token_file_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("");
            let path = s.path("token");
            (s, path)
        },
        |kind| bad_text(kind, &["could not read token file token: it is larger than 4 KiB"]),
    );
}

#[test]
fn api_key_file_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("");
            s.write("key", API_KEY);
            let head = s.head().replace("token_file = token", "api_key_file = key");
            s.raw_config(&format!("{head}[example.org]\nnames = home\n"));
            let path = s.path("key");
            (s, path)
        },
        |kind| bad_text(kind, &["could not read API key file key: it is larger than 4 KiB"]),
    );
}

#[test]
fn ca_file_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("");
            let path = s.path("ca.pem");
            (s, path)
        },
        |kind| {
            bad_text(kind, &["gandi-ddns.conf:2: `ca_file`: could not use ca.pem: it is larger than 1 MiB"])
        },
    );
}

/// A sandbox after one run, with a stale record again.
fn used() -> Sandbox {
    let s = stale("");
    s.run(&[]).exits(0);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    // The confirmation of the first run is too old.
    s.age(4000);
    s
}

#[test]
fn state_of_another_kind_is_one_warning() {
    each_kind(
        || {
            let s = used();
            let path = s.state_file();
            (s, path)
        },
        |kind| match kind {
            LinkLoop | LinkToOthers => (0, &["could not read state/", "it is a symlink"], Stays),
            Huge | NulByte => (0, &["is corrupt; ignoring it"], MayChange),
            OtherOwner => (0, &["could not read state/", "another user owns it"], Stays),
            // The directory is private, so nobody can reach it.
            Writable => (0, &[], MayChange),
            _ => (0, refused(kind).expect("words"), Stays),
        },
    );
}

#[test]
fn lock_of_another_kind_is_one_warning() {
    each_kind(
        || {
            let s = used();
            let path = s.state_file().with_extension("lock");
            (s, path)
        },
        |kind| match kind {
            LinkLoop | LinkToOthers => (0, &["could not open the lock state/", "it is a symlink"], Stays),
            Huge | NulByte | Writable => (0, &[], Stays),
            OtherOwner => (0, &["could not open the lock state/", "another user owns it"], Stays),
            _ => (0, refused(kind).expect("words"), Stays),
        },
    );
}

#[test]
fn history_of_another_kind_is_one_warning() {
    each_kind(
        || with_history(CREATED_LINE),
        |kind| match kind {
            LinkLoop => (0, &["could not write the history history: ", "(os error 40)"], Stays),
            Huge => (0, &["could not write the history history: it is larger than 16 MiB"], Stays),
            NulByte => (0, &["could not write the history history: it contains a NUL byte"], Stays),
            LinkToOthers | OtherOwner | Writable => (0, &[], MayChange),
            _ => (0, refused(kind).expect("words"), Stays),
        },
    );
}

#[test]
fn text_file_named_as_history_stays() {
    each_kind(
        || with_history("root:x:0:0:root:/root:/bin/sh\n"),
        |kind| match kind {
            LinkLoop => (0, &["could not write the history history: ", "(os error 40)"], Stays),
            Fifo | Device | Directory | Socket => (0, refused(kind).expect("words"), Stays),
            Huge => (0, &["could not write the history history: it is larger than 16 MiB"], Stays),
            NulByte => (0, &["could not write the history history: it contains a NUL byte"], Stays),
            _ => (0, &["could not write the history history: it has lines that are no history"], Stays),
        },
    );
}

/// Writes a program by another process: see `command_source`.
fn program(s: &Sandbox, name: &str, text: &str) -> PathBuf {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf '%s' \"$2\" >\"$1\" && chmod 700 \"$1\"", "sh", name, text]);
    assert!(shell.current_dir(s.path("")).status().expect("a shell").success());
    s.path(name)
}

/// The words for a program that must be good.
fn bad_program(
    kind: Kind,
    other: (i32, &'static [&'static str], Fate),
) -> (i32, &'static [&'static str], Fate) {
    refused(kind).map_or(other, |words| (78, words, Stays))
}

#[test]
fn hook_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("on_change = hook\n");
            let path = program(&s, "hook", "no program");
            (s, path)
        },
        |kind| bad_program(kind, (0, &["warning: `on_change` hook: "], Stays)),
    );
    each_kind(
        || {
            let s = stale("on_failure = hook\n");
            let path = program(&s, "hook", "no program");
            (s, path)
        },
        |kind| bad_program(kind, (0, &[], Stays)),
    );
}

#[test]
fn command_of_another_kind_is_refused() {
    each_kind(
        || {
            let s = stale("");
            let head = s.head();
            let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv4")).collect();
            let head = head.join("\n");
            s.raw_config(&format!("{head}\nipv4 = command:address\n[example.org]\nnames = home\n"));
            let path = program(&s, "address", "no program");
            (s, path)
        },
        |kind| bad_program(kind, (75, &["could not determine a public IPv4 address", "command:"], Stays)),
    );
}
