//! The lock, and what the last rounds confirmed. A cache: the zone is the truth, so losing it costs one look.
//!
//! Lives in memory where there is a choice (`/run`), since SD cards wear; is written only when it changed, by
//! temporary file and rename; and lies in a directory of mode 0700 that nobody else can have put there.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::record::{Rrset, RrsetKey, Ttl};
use crate::round::{Done, Failure, Outcome};

/// First line of the file; the number changes with the format.
const HEADER: &str = "gandi-ddns state 1";
/// The largest file that we would have written: some ten thousand records.
const LIMIT: u64 = 1024 * 1024;

/// What a zone held under one key, and when that was seen, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Confirmed {
    address: IpAddr,
    ttl: u32,
    at: u64,
}

/// What is remembered, by API base and RRset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    // A list and not a tree: a tree is 9 kB of program, and a thousand records are found soon enough.
    records: Vec<(String, Confirmed)>,
}

/// Identifies an RRset in the state: the same name at the sandbox is another one.
fn id(api: &str, key: &RrsetKey) -> String {
    format!("{api} {} {} {}", key.domain, key.name, key.rrtype)
}

impl State {
    /// The RRset under `key`, if it was seen with a fitting TTL less than `recheck` seconds ago. A time in the
    /// future is a clock that was wrong, and proves nothing.
    pub(crate) fn recalls(
        &self,
        api: &str,
        key: &RrsetKey,
        ttl: Option<Ttl>,
        now: u64,
        recheck: u64,
    ) -> Option<Rrset> {
        let id = id(api, key);
        let (_, seen) = self.records.iter().find(|(known, _)| *known == id)?;
        let fresh = now.checked_sub(seen.at).is_some_and(|age| age < recheck);
        let fits = ttl.is_none_or(|ttl| ttl.seconds() == seen.ttl);
        (fresh && fits).then(|| Rrset::single(seen.address, seen.ttl))
    }

    /// What is known after a round. What failed at Gandi is forgotten, so that the next run looks; what is too
    /// old to be of use is dropped.
    pub(crate) fn after(mut self, api: &str, outcomes: &[Outcome], now: u64, recheck: u64) -> Self {
        for Outcome { keys, result } in outcomes {
            for key in keys {
                match result {
                    Ok(Done::Remembered(_)) | Err(Failure::Address(_)) => {}
                    Ok(Done::Kept(new) | Done::Created { new, .. } | Done::Replaced { new, .. }) => {
                        if let Some(&address) = new.values().first() {
                            self.set(id(api, key), Some(Confirmed { address, ttl: new.ttl, at: now }));
                        }
                    }
                    Err(_) => {
                        self.set(id(api, key), None);
                    }
                }
            }
        }
        self.records.retain(|(_, seen)| now.checked_sub(seen.at).is_some_and(|age| age < recheck));
        self
    }

    /// Remembers or forgets one RRset.
    fn set(&mut self, id: String, seen: Option<Confirmed>) {
        match (self.records.iter().position(|(known, _)| *known == id), seen) {
            (Some(place), Some(seen)) => self.records[place].1 = seen,
            (Some(place), None) => drop(self.records.remove(place)),
            (None, Some(seen)) => self.records.push((id, seen)),
            (None, None) => {}
        }
    }

    /// Reads the file's text.
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut lines = text.lines();
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if other.starts_with("gandi-ddns state ") => return Err(Problem::OtherVersion),
            _ => return Err(Problem::Damaged),
        }
        let record = |line: &str| {
            let (id, rest) = line.rsplit_once(" = ")?;
            let mut fields = rest.split(' ');
            let seen = Confirmed {
                address: fields.next()?.parse().ok()?,
                ttl: fields.next()?.parse().ok()?,
                at: fields.next()?.parse().ok()?,
            };
            fields.next().is_none().then(|| (id.to_owned(), seen))
        };
        let records = lines.map(record).collect::<Option<_>>().ok_or(Problem::Damaged)?;
        Ok(Self { records })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.records
            .iter()
            .try_for_each(|(id, seen)| writeln!(f, "{id} = {} {} {}", seen.address, seen.ttl, seen.at))
    }
}

/// What is the matter with a state directory or file.
#[derive(Debug)]
enum Problem {
    Io(io::Error),
    NotOurs,
    Writable,
    Busy,
    Damaged,
    OtherVersion,
}

/// A [`Problem`], where it is, and what was tried. Only [`StateError::is_busy`] ends a run.
#[derive(Debug)]
pub struct StateError {
    path: PathBuf,
    tried: &'static str,
    problem: Problem,
}

impl StateError {
    /// Whether another run holds the lock.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.problem, Problem::Busy)
    }

    /// Whether it is what follows every upgrade, and so no news to anybody.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self.problem, Problem::OtherVersion)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Busy => write!(f, "another run holds the lock {path}: nothing was done"),
            Problem::Damaged => write!(f, "{path} is damaged: starting afresh"),
            Problem::OtherVersion => write!(f, "{path} is of another version: starting afresh"),
            Problem::NotOurs => {
                write!(
                    f,
                    "could not {} {path}: it belongs to somebody else; choose another `state_dir`",
                    self.tried
                )
            }
            Problem::Writable => write!(
                f,
                "could not {} {path}: others may write to it; name a directory of its own in `state_dir`, such as \
                 {path}/gandi-ddns",
                self.tried
            ),
            Problem::Io(e) => write!(f, "could not {} {path}: {e}", self.tried),
        }
    }
}

impl std::error::Error for StateError {}

/// The state directory, locked for this run.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    /// Held until the run ends. A file of its own, never renamed, or else two runs could lock two files.
    _lock: File,
}

impl Store {
    /// Makes the directory if need be and takes the lock. `instance` tells the configs of one machine apart;
    /// `uid` is who we are.
    pub fn open(dir: &Path, instance: u64, uid: Option<u32>) -> Result<Self, StateError> {
        let failed = |path: &Path, tried, problem| Err(StateError { path: path.to_owned(), tried, problem });
        // Parents get ordinary modes: `~/.cache` is not ours alone.
        if let Some(parent) = dir.parent()
            && let Err(e) = fs::create_dir_all(parent)
        {
            return failed(parent, "make the directory", Problem::Io(e));
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return failed(dir, "make the state directory", Problem::Io(e));
            }
            _ => {}
        }
        if let Err(problem) = check_dir(dir, uid) {
            return failed(dir, "use the state directory", problem);
        }
        let path = dir.join(format!("{instance:016x}.lock"));
        let lock = match OpenOptions::new().create(true).append(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(e) => return failed(&path, "open the lock", Problem::Io(e)),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: state_file(dir, instance), _lock: lock }),
            Err(TryLockError::WouldBlock) => failed(&path, "take", Problem::Busy),
            Err(TryLockError::Error(e)) => failed(&path, "take the lock", Problem::Io(e)),
        }
    }

    /// What the last run left. No file is an empty state.
    pub fn load(&self) -> Result<State, StateError> {
        read(&self.file)
    }

    /// Puts `state` in the file's place, all of it or nothing.
    pub fn save(&self, state: &State) -> Result<(), StateError> {
        let temporary = self.file.with_extension("new");
        let write = || {
            // What an interrupted run left. `create_new` follows no link that may have come instead.
            let _ = fs::remove_file(&temporary);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
            file.write_all(state.to_string().as_bytes())?;
            // Without it a power cut may leave the new name with nothing in it.
            file.sync_all()?;
            fs::rename(&temporary, &self.file)
        };
        write().map_err(|e| {
            let _ = fs::remove_file(&temporary);
            StateError { path: self.file.clone(), tried: "write the state", problem: Problem::Io(e) }
        })
    }
}

/// What the last run left, for a dry run, which takes no lock and makes no directory.
pub fn peek(dir: &Path, instance: u64) -> Result<State, StateError> {
    read(&state_file(dir, instance))
}

fn state_file(dir: &Path, instance: u64) -> PathBuf {
    dir.join(format!("{instance:016x}.state"))
}

fn read(file: &Path) -> Result<State, StateError> {
    let failed = |problem| StateError { path: file.to_owned(), tried: "read", problem };
    let mut text = String::new();
    match File::open(file).and_then(|f| f.take(LIMIT).read_to_string(&mut text)) {
        Ok(_) => State::parse(&text).map_err(failed),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(failed(Problem::Damaged)),
        Err(e) => Err(failed(Problem::Io(e))),
    }
}

/// Whether the directory, and the link that may lead to it, are ours or root's, and only ours to write to.
fn check_dir(dir: &Path, uid: Option<u32>) -> Result<(), Problem> {
    let ours = |m: &fs::Metadata| m.uid() == 0 || Some(m.uid()) == uid;
    let (link, target) =
        (fs::symlink_metadata(dir).map_err(Problem::Io)?, fs::metadata(dir).map_err(Problem::Io)?);
    if !target.is_dir() {
        return Err(Problem::Io(io::ErrorKind::NotADirectory.into()));
    }
    if !ours(&link) || !ours(&target) {
        Err(Problem::NotOurs)
    } else if target.mode() & 0o022 != 0 {
        Err(Problem::Writable)
    } else {
        Ok(())
    }
}

/// A number for a config, by FNV-1a: stable from run to run and version to version.
#[must_use]
pub fn instance(text: &[u8]) -> u64 {
    text.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Fqdn, RrsetName, RrsetType};

    fn key() -> RrsetKey {
        let domain = Fqdn::parse("example.org").expect("a domain");
        RrsetKey { name: RrsetName::parse("*", &domain).expect("a name"), domain, rrtype: RrsetType::A }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn seen_at(now: u64) -> State {
        let kept = Done::Kept(Rrset::single(address("81.2.69.142"), 600));
        State::default().after("api", &[Outcome { keys: vec![key()], result: Ok(kept) }], now, 3600)
    }

    #[test]
    fn confirmed_only_while_fresh_and_the_same() {
        let state = seen_at(10_000);
        let confirms = |api, a, ttl, now| {
            state.recalls(api, &key(), ttl, now, 3600) == Some(Rrset::single(address(a), 600))
        };
        assert!(confirms("api", "81.2.69.142", None, 10_000));
        assert!(confirms("api", "81.2.69.142", Ttl::new(600), 13_599));
        assert!(!confirms("api", "81.2.69.142", None, 13_600));
        assert!(!confirms("api", "81.2.69.142", None, 9_999), "a clock that went back");
        assert!(!confirms("api", "81.2.69.142", Ttl::new(300), 10_000));
        assert!(!confirms("api", "81.2.69.143", None, 10_000));
        assert!(!confirms("sandbox", "81.2.69.142", None, 10_000));
    }

    #[test]
    fn survives_the_file() {
        let state = seen_at(10_000);
        assert_eq!(State::parse(&state.to_string()).ok(), Some(state));
    }

    #[test]
    fn damage_and_other_versions_are_told_apart() {
        for text in ["", "x", "gandi-ddns state 1\nx", "gandi-ddns state 1\na = 1.2.3.4 x 1", "\0"] {
            assert!(matches!(State::parse(text), Err(Problem::Damaged)), "{text:?}");
        }
        assert!(matches!(State::parse("gandi-ddns state 2\nx"), Err(Problem::OtherVersion)));
    }

    #[test]
    fn failures_at_gandi_are_forgotten() {
        let refused = Err(Failure::Refused(crate::plan::Refusal::Cname("a.".to_owned())));
        let state =
            seen_at(10_000).after("api", &[Outcome { keys: vec![key()], result: refused }], 10_001, 3600);
        assert_eq!(state, State::default());
        assert_eq!(seen_at(10_000).after("api", &[], 20_000, 3600), State::default(), "too old to be of use");
    }
}
