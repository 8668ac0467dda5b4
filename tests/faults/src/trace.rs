//! The logs of strace: which calls a run makes, and which files it changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The number of calls that a thread or process makes, by name.
pub(crate) type Counts = BTreeMap<String, u32>;

/// The calls of a run. strace counts them for each thread, beginning with the loader's.
#[derive(Default)]
pub(crate) struct Calls {
    /// Those before `main`: of the loader, of libc and of Rust's runtime.
    pub(crate) start: Counts,
    /// All those of the main thread.
    pub(crate) main: Counts,
    /// The largest number of each among the other threads, and the child processes until they execute a program.
    pub(crate) others: Counts,
}

/// The first file that `main` opens.
const MARK: &str = "/proc/self/coredump_filter";

/// Calls that change the file system, besides `open`.
const CHANGES: [&str; 24] = [
    "creat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "truncate",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchownat",
    "utimensat",
    "setxattr",
];

/// Reads the log of a run with `-f`.
pub(crate) fn calls(log: &str) -> Calls {
    let (mut calls, mut threads) = (Calls::default(), BTreeMap::<&str, Counts>::new());
    let (mut main, mut executed, mut started) = (None, Vec::new(), false);
    for line in log.lines() {
        let Some((thread, call, arguments)) = parse(line) else { continue };
        let is_main = *main.get_or_insert(thread) == thread;
        if executed.contains(&thread) {
            continue;
        }
        if is_main && !started && arguments.contains(MARK) {
            started = true;
            calls.start = threads.get(thread).cloned().unwrap_or_default();
        }
        *threads.entry(thread).or_default().entry(call.to_owned()).or_default() += 1;
        if !is_main && call == "execve" {
            executed.push(thread);
        }
    }
    assert!(started, "the program does not open {MARK}");
    for (thread, counts) in threads {
        if Some(thread) == main {
            calls.main = counts;
            continue;
        }
        for (call, number) in counts {
            let most = calls.others.entry(call).or_default();
            *most = number.max(*most);
        }
    }
    calls
}

/// Splits a line into thread, call and the rest. `None` for a signal, an end, or the second half of a call.
fn parse(line: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = line.split_once('(')?;
    let (thread, call) = head.split_once(' ').unwrap_or(("", head));
    let call = call.trim_start();
    let is_call =
        !call.is_empty() && call.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_call.then_some((thread, call, rest))
}

/// Returns the files that a run tried to change outside of its directory.
pub(crate) fn changes_outside(log: &str, dir: &Path) -> Vec<String> {
    let mut outside = Vec::new();
    for line in log.lines() {
        let Some((_, call, arguments)) = parse(line) else { continue };
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| arguments.contains(flag));
        if CHANGES.contains(&call) || (call.starts_with("open") && writes) {
            let is_outside = |path: &PathBuf| {
                !path.starts_with(dir) && ![MARK, "/dev/null"].contains(&path.to_str().unwrap_or_default())
            };
            outside.extend(
                paths(arguments, dir).filter(is_outside).map(|path| format!("{call} {}", path.display())),
            );
        }
    }
    outside
}

/// Returns the paths in the arguments of a call: the strings, each relative to the directory before it.
fn paths<'a>(arguments: &'a str, dir: &'a Path) -> impl Iterator<Item = PathBuf> {
    let mut parts = arguments.split('"');
    std::iter::from_fn(move || {
        let (before, path) = (parts.next()?, parts.next()?);
        let base = before.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
        Some(base.map_or(dir, |(base, _)| Path::new(base)).join(path))
    })
}
