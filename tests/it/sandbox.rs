//! A test's own directory with a config, a fake Gandi with three echo services per address family, and the binary,
//! which runs with an empty environment. Each run is checked for leaked credentials. The end of each test checks that
//! the fake got no request that the program must not send.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::namespace::process_name;
use crate::run_output::{RunOutput, block, wait};
use crate::state_file;
use fake_gandi::{Echo, Fake, Family, Setup};

/// The personal access token, which must not appear in any output or in the state.
pub(crate) const TOKEN: &str = "pat_0123456789abcdefSECRET";
/// A deprecated API key, with the 24 characters of Gandi's.
pub(crate) const API_KEY: &str = "abcdefghijkl0123456789xy";
/// The public IPv4 address in most tests. It is a global one, as the program requires; no test connects to it.
pub(crate) const ADDRESS: &str = "81.2.69.142";
/// The address in a stale A record.
pub(crate) const STALE: &str = "81.2.69.1";
/// The public IPv6 address in most tests.
pub(crate) const ADDRESS6: &str = "2a01:e0a:1:2::3";
pub(crate) const STALE6: &str = "2a01:e0a:1:2::1";

/// The environment of one test.
pub(crate) struct Sandbox {
    pub(crate) fake: Fake,
    /// Three IPv4 services, each of another provider.
    pub(crate) v4: Vec<Echo>,
    /// Three IPv6 services, each of another provider.
    pub(crate) v6: Vec<Echo>,
    /// True if the test sends requests that the fake counts as violations.
    pub(crate) violations_expected: bool,
    dir: PathBuf,
    last_run: LastRun,
}

/// The arguments and the output of the last run, for the report of a failed test. A clone is the same one.
#[derive(Clone, Default)]
pub(crate) struct LastRun(Arc<Mutex<Option<(String, RunOutput)>>>);

impl LastRun {
    /// Keeps a run instead of the one before.
    pub(crate) fn keep(&self, arguments: &str, ran: &RunOutput) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((arguments.to_owned(), ran.clone()));
    }
}

/// Returns a sandbox whose zone has the address [`STALE`] for `home.example.org`.
pub(crate) fn stale() -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

/// A failed test shows this many of the last requests.
const REQUESTS_SHOWN: usize = 50;

impl Sandbox {
    /// Starts a fake with an empty zone `example.org` and a valid token. The config names `home.example.org`.
    pub(crate) fn new() -> Self {
        Self::with(Setup::default())
    }

    /// Does the same as [`Sandbox::new`], with another TLS setup or address of the fake.
    pub(crate) fn with(setup: Setup<'_>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = base().join(format!("{}-{number}", process_name()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a directory for the test");
        let fake = Fake::start_with(setup);
        fake.add_domain("example.org");
        fake.accept_bearer(TOKEN);
        fake.accept_apikey(API_KEY);
        let v4 = fake.echoes(3, Family::V4);
        let v6 = fake.echoes(3, Family::V6);
        fake.set_address(Family::V4, &format!("{ADDRESS}\n"));
        fake.set_address(Family::V6, &format!("{ADDRESS6}\n"));
        let sandbox = Self { fake, v4, v6, violations_expected: false, dir, last_run: LastRun::default() };
        sandbox.write("ca.pem", &sandbox.fake.ca_pem());
        sandbox.write("token", TOKEN);
        sandbox.config("names = home\n");
        sandbox
    }

    /// Returns a path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file with mode 0600.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect(name);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect(name);
    }

    /// Returns the first lines of a config: files, API and address services.
    pub(crate) fn head(&self) -> String {
        // All IPv6 services are on ::1. The program takes each spelling for another provider.
        let spellings = ["[::1]", "[0::1]", "[0:0::1]"];
        let mut head = format!(
            "token_file = token\nca_file = ca.pem\nstate_dir = state\napi = {}\nipv4 =",
            self.fake.api()
        );
        for echo in &self.v4 {
            write!(head, " {}", echo.url()).expect("memory");
        }
        head.push_str("\nipv6 =");
        for (echo, spelling) in self.v6.iter().zip(spellings) {
            write!(head, " {}", echo.url().replace("[::1]", spelling)).expect("memory");
        }
        head.push('\n');
        head
    }

    /// Writes a config with the usual head and the section `[example.org]` with these lines.
    pub(crate) fn config(&self, section: &str) {
        self.config_with("", &format!("[example.org]\n{section}"));
    }

    /// Writes a config with the usual head, more global lines and these sections.
    pub(crate) fn config_with(&self, head: &str, sections: &str) {
        self.raw_config(&format!("{}{head}\n{sections}", self.head()));
    }

    /// Writes this text as the config.
    pub(crate) fn raw_config(&self, text: &str) {
        self.write("gandi-ddns.conf", text);
    }

    /// Returns a command for the binary under test, with an empty environment. `GANDI_DDNS_COMMAND` replaces the
    /// binary, for example by `qemu-arm-static -cpu arm1176 FILE`.
    pub(crate) fn command(&self) -> Command {
        let named = std::env::var("GANDI_DDNS_COMMAND").ok();
        let mut words = named.as_deref().unwrap_or(env!("CARGO_BIN_EXE_gandi-ddns")).split_whitespace();
        let mut command = Command::new(in_path(words.next().expect("a command")));
        command.args(words).env_clear().env("HOME", &self.dir).current_dir(&self.dir);
        command
    }

    /// Runs the binary with the sandbox's config and these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> RunOutput {
        let mut command = self.command();
        command.args(["-c", "gandi-ddns.conf"]).args(arguments);
        self.finish(&mut command)
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> RunOutput {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let ran = wait(child.expect("the binary starts"));
        let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        self.keep_last_run(&arguments.join(" "), &ran);
        ran
    }

    /// Keeps a run for the report of a failed test.
    pub(crate) fn keep_last_run(&self, arguments: &str, ran: &RunOutput) {
        self.last_run.keep(arguments, ran);
    }

    /// Returns the place for the last run, for a process that outlives the caller.
    pub(crate) fn last_run(&self) -> LastRun {
        self.last_run.clone()
    }

    /// Returns an RRset of the zone `example.org` as `TTL value value`, or an empty string if there is none.
    pub(crate) fn zone(&self, name: &str, rrtype: &str) -> String {
        let rrset = self.fake.get("example.org", name, rrtype);
        rrset.map(|r| format!("{} {}", r.ttl, r.values.join(" "))).unwrap_or_default()
    }

    /// Returns the path of the only state file.
    pub(crate) fn state_file(&self) -> PathBuf {
        let mut files =
            fs::read_dir(self.path("state")).expect("a state directory").flatten().map(|f| f.path());
        files.find(|f| f.extension().is_some_and(|e| e == "state")).expect("a state file")
    }

    /// Moves every time in the state back by this many seconds, as if that time had passed.
    #[track_caller]
    pub(crate) fn age(&self, seconds: u64) {
        let text = fs::read_to_string(self.state_file()).expect("the state");
        fs::write(self.state_file(), state_file::earlier(&text, seconds)).expect("the state");
    }

    /// Removes the memory of printed messages from the state, if there is one: the next run prints what lasts.
    pub(crate) fn forget_notices(&self) {
        let files = fs::read_dir(self.path("state")).into_iter().flatten().flatten().map(|f| f.path());
        for path in files.filter(|f| f.extension().is_some_and(|e| e == "state")) {
            let text = fs::read_to_string(&path).expect("the state");
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("told ")).collect();
            fs::write(&path, lines.join("\n") + "\n").expect("the state");
        }
    }

    /// Returns the number of requests with this method to LiveDNS.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.fake.requests().iter().filter(|r| r.listener == "livedns" && r.method == method).count()
    }
}

/// Returns true if the binary under test runs under qemu, which is slow and has limits of its own.
pub(crate) fn is_emulated() -> bool {
    std::env::var("GANDI_DDNS_COMMAND").is_ok_and(|command| command.contains("qemu"))
}

/// Returns the text with the error numbers of the CPU that the binary under test is built for. MIPS has its own for
/// `ELOOP` and `ECONNREFUSED`.
pub(crate) fn with_its_numbers(text: &str) -> String {
    let is_mips = |command: String| command.contains("qemu-mips");
    if !cfg!(target_arch = "mips") && !std::env::var("GANDI_DDNS_COMMAND").is_ok_and(is_mips) {
        return text.to_owned();
    }
    text.replace("(os error 40)", "(os error 90)").replace("(os error 111)", "(os error 146)")
}

/// Returns the path of a program in `$PATH`: a test may give the binary another `$PATH`, without an emulator in it.
fn in_path(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| program.into())
}

/// Returns the directory of all sandboxes: cargo's, or one below the directory for temporary files if other users could
/// change what is in cargo's, as in a checkout that another user owns. The program refuses a config there.
fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let cargo = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let user = fs::metadata("/proc/self").expect("this process").uid();
        let is_safe = |m: fs::Metadata| [0, user].contains(&m.uid()) && m.mode() & 0o022 == 0;
        if cargo.ancestors().all(|dir| dir.metadata().is_ok_and(is_safe)) {
            return cargo.to_owned();
        }
        let dir = std::env::temp_dir().join(format!("gandi-ddns-tests-{user}"));
        fs::create_dir_all(&dir).expect("a directory for the tests");
        dir
    })
}

/// The checks and the report at the end of a test.
impl Sandbox {
    /// Returns a problem that fails the test although all its assertions held.
    fn problem(&self) -> Option<String> {
        let violations = self.fake.violations();
        if !self.violations_expected && !violations.is_empty() {
            return Some(block("requests that the fake did not understand", &violations.join("\n")));
        }
        let requests = self.fake.requests();
        let other =
            requests.iter().find(|r| r.listener == "livedns" && r.method != "GET" && r.method != "PUT");
        if let (false, Some(request)) = (self.violations_expected, other) {
            return Some(format!("a request that neither reads nor replaces: {request}"));
        }
        // The state must not contain the token either.
        let files = fs::read_dir(self.path("state")).into_iter().flatten().flatten();
        // A test may have put a FIFO there, or a file of 1 GB.
        let small = |file: &fs::DirEntry| {
            file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < 1 << 24)
        };
        let files = files.filter(small);
        let leaks =
            |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).contains(TOKEN);
        let leak = files.map(|file| file.path()).find(|path| leaks(path))?;
        Some(format!("the token is in {}", leak.display()))
    }

    /// Describes the sandbox of a failed test, with every credential masked.
    fn report(&self) -> String {
        let config = fs::read_to_string(self.path("gandi-ddns.conf")).unwrap_or_default();
        let requests = self.fake.requests();
        let shown = &requests[requests.len().saturating_sub(REQUESTS_SHOWN)..];
        let mut log = String::new();
        for request in shown {
            writeln!(log, "{request}").expect("memory");
        }
        let last = self.last_run.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let last =
            last.map(|(arguments, ran)| format!("the last run: {arguments}\n{ran}")).unwrap_or_default();
        let title = format!("the last {} of {} requests", shown.len(), requests.len());
        mask(&format!(
            "the sandbox is kept in {}\n{}{}{last}",
            self.dir.display(),
            block("gandi-ddns.conf", &config),
            block(&title, &log),
        ))
    }
}

/// Masks every credential that the tests use.
fn mask(text: &str) -> String {
    let text = text.replace(API_KEY, "***");
    let mut parts = text.split("pat_");
    let first = parts.next().unwrap_or_default().to_owned();
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '_';
    parts.fold(first, |masked, part| masked + "pat_***" + part.trim_start_matches(is_token))
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        let problem = if panicking { None } else { self.problem() };
        if panicking || problem.is_some() {
            // libtest captures only what the macro prints, and shows it below the name of the failed test.
            #[expect(clippy::print_stderr, reason = "the report of a failed test")]
            {
                eprintln!("{}", self.report());
            }
        } else {
            let _ = fs::remove_dir_all(&self.dir);
        }
        if let Some(problem) = problem {
            panic!("{problem}");
        }
    }
}
