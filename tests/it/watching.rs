//! Helper: `gandi-ddns watch` in the background, with its output as it comes. It ends with the test that started it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::run_output::{RunOutput, wait};
use crate::sandbox::{API_KEY, LastRun, Sandbox, TOKEN};

/// The longest wait for something that a watcher does, however slow the machine is.
pub(crate) const LIMIT: Duration = Duration::from_secs(100);
/// The longest time from a signal to the end.
const END: Duration = Duration::from_secs(30);

/// The files with the output of a watcher: what it has printed is there at once, which a thread that reads from a pipe
/// cannot promise.
struct Output {
    out: PathBuf,
    err: PathBuf,
}

impl Output {
    fn new(s: &Sandbox) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { out: s.path(&format!("watch-{number}.out")), err: s.path(&format!("watch-{number}.err")) }
    }

    fn ran(&self, code: Option<i32>) -> RunOutput {
        RunOutput { code, stdout: text(&self.out), stderr: text(&self.err) }
    }
}

fn text(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
}

fn create(file: &Path) -> File {
    File::options().create_new(true).append(true).open(file).expect("a file for its output")
}

/// A watcher. It is killed when this is dropped, with the program that runs it and the programs that it runs.
pub(crate) struct Watching {
    child: Option<Child>,
    output: Output,
    last_run: LastRun,
}

impl Watching {
    /// Starts one with `-v`, the sandbox's config and these arguments.
    pub(crate) fn start(s: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = s.command();
        command.args(["-c", "gandi-ddns.conf", "watch", "-v"]).args(arguments);
        Self::of(s, &command)
    }

    /// Starts one by this command, in a process group of its own, in the sandbox, with no variable but those that the
    /// command sets.
    pub(crate) fn of(s: &Sandbox, command: &Command) -> Self {
        let mut group = bound();
        group.arg(command.get_program()).args(command.get_args()).current_dir(s.path("")).env_clear();
        group.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).process_group(0);
        let output = Output::new(s);
        group.stdin(Stdio::null()).stdout(create(&output.out)).stderr(create(&output.err));
        Self { child: Some(group.spawn().expect("a watcher")), output, last_run: s.last_run() }
    }

    /// Waits until it sleeps after this many passes.
    #[track_caller]
    pub(crate) fn sleeps_after(&self, passes: usize) {
        self.says("next pass in ", passes);
    }

    /// Waits until a text has been printed on stderr this many times.
    #[track_caller]
    pub(crate) fn says(&self, text: &str, times: usize) {
        self.until(&format!("{times} x `{text}`"), || self.count(text) >= times);
    }

    /// Waits until a text has been printed on stdout.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) {
        self.until(text, || self::text(&self.output.out).contains(text));
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(started.elapsed() < LIMIT, "not yet: {what}; the watcher's lines:\n{}", self.log());
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Returns the number of times that a text is on stderr so far.
    pub(crate) fn count(&self, text: &str) -> usize {
        self::text(&self.output.err).matches(text).count()
    }

    /// Returns its lines so far: those on stdout, and then those on stderr.
    pub(crate) fn log(&self) -> String {
        text(&self.output.out) + &text(&self.output.err)
    }

    /// Returns the reasons of the passes after the first one.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.log().lines().filter_map(|l| l.split_once("woken: ")).map(|(_, r)| r.to_owned()).collect()
    }

    /// These were the reasons of all passes after the first one.
    #[track_caller]
    pub(crate) fn was_woken(&self, reasons: &[&str]) {
        assert_eq!(self.reasons(), reasons, "{}", self.log());
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("a watcher"))
    }

    /// Returns the process id of its only child: the watcher, if another program runs that.
    pub(crate) fn id_of_child(&self) -> Pid {
        let id = self.id().as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        children.expect("its child").trim().parse().ok().and_then(Pid::from_raw).expect("one child")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("the signal");
    }

    /// Ends it by a signal, and returns its output.
    #[track_caller]
    pub(crate) fn end(self, signal: Signal) -> RunOutput {
        self.signal(signal);
        self.ended()
    }

    /// Ends it by SIGTERM, on which it exits with 0. Returns the time that it took.
    #[track_caller]
    pub(crate) fn stop(self) -> Duration {
        let started = Instant::now();
        self.end(Signal::TERM).exits(0);
        started.elapsed()
    }

    /// Waits until it ends by itself or by a signal, and returns its output, which has no secret.
    #[track_caller]
    pub(crate) fn ended(mut self) -> RunOutput {
        let started = Instant::now();
        let code = wait(self.child.take().expect("a watcher")).code;
        assert!(started.elapsed() < END, "the end takes too long:\n{}", self.log());
        let ran = self.output.ran(code);
        assert!(![TOKEN, API_KEY].iter().any(|secret| format!("{ran:?}").contains(secret)), "{ran}");
        self.last_run.keep("watch", &ran);
        ran
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A tracer that is killed alone lets its program go on.
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
            self.last_run.keep("watch, killed", &self.output.ran(None));
        }
    }
}

/// Returns the beginning of a command whose process ends with the thread that starts it, even if that one is killed. Only
/// setpriv(1) can do that; where it is missing, the process outlives a killed test.
pub(crate) fn bound() -> Command {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let setpriv = || {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        command
    };
    let is_found = FOUND.get_or_init(|| {
        let mut probe = setpriv();
        probe.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    });
    if *is_found { setpriv() } else { Command::new("env") }
}

#[test]
fn watcher_ends_with_its_test_and_with_the_program_that_runs_it() {
    use std::os::unix::process::ExitStatusExt as _;

    let s = crate::sandbox::stale();
    // A shell that waits for the watcher, as a tracer does.
    let plain = s.command();
    let mut command = Command::new("sh");
    command.args(["-c", "\"$@\"; true", "sh"]).arg(plain.get_program()).args(plain.get_args());
    command.args(["-c", "gandi-ddns.conf", "watch", "-v"]).env("HOME", s.path(""));
    let watching = Watching::of(&s, &command);
    watching.sleeps_after(1);
    let watcher = watching.id_of_child();
    drop(watching);
    let is_gone = |id: Pid| {
        let status = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
        status.map_or(true, |status| status.contains(") Z "))
    };
    assert!((0..500).any(|_| {
        thread::park_timeout(Duration::from_millis(20));
        is_gone(watcher)
    }));
    // The thread of a test ends without a destructor.
    let start = || {
        let child = bound().args(["sleep", "600"]).spawn().expect("a process");
        // Only then setpriv has set the signal.
        let name = format!("/proc/{}/comm", child.id());
        while fs::read_to_string(&name).is_ok_and(|name| name != "sleep\n") {
            thread::park_timeout(Duration::from_millis(5));
        }
        child
    };
    let mut child = thread::spawn(start).join().expect("a process");
    if bound().get_program() == "setpriv" {
        let status = child.wait().expect("its end");
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    } else {
        child.kill().expect("its end");
        child.wait().expect("its end");
    }
}
