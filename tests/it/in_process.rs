//! Runs the program as a library in the test's process, which allows a test to supply the clock and the sleeps.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use gandi_ddns::cli::{self, Invocation};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::update;
use gandi_ddns::console::Console;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::time::Timestamp;

use crate::run_output::RunOutput;
use crate::sandbox::Sandbox;

/// This variable is set in a process that runs one test only.
const ALONE: &str = "GANDI_DDNS_ALONE";

/// Returns true if this test is the only one in the process. Otherwise runs the test in a process of its own and
/// returns false. In a shared process, the child of another test inherits the lock file between fork and exec, and
/// [`run_in_process`] then finds the lock held.
pub(crate) fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").stdin(Stdio::null());
    let output = command.output().expect("this program starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{test}, alone:\n{out}\n{err}");
    // Not with `eprintln!`: libtest hides the captured output of a test that passes.
    let _ = write!(std::io::stderr(), "{err}");
    false
}

/// Runs `update` with the sandbox's config and these arguments. `clock` returns the time in seconds since 1970,
/// `pause` replaces each sleep, and `seed` seeds the random numbers.
pub(crate) fn run_in_process(
    s: &Sandbox,
    arguments: &[&str],
    clock: &dyn Fn() -> u64,
    pause: &dyn Fn(Duration),
    seed: u64,
) -> RunOutput {
    let config = s.path("gandi-ddns.conf").into_os_string();
    let mut words = arguments.iter().map(Into::into).chain(["-c".into(), config]);
    let Invocation { options, command: cli::Command::Update(update) } =
        *cli::parse(&mut words).expect("arguments")
    else {
        panic!("that is no run")
    };
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(s.path("")).expect("the sandbox"));
    let env = Environment { uid: Some(uid), ..Environment::default() };
    let now = || Timestamp::from_secs(clock());
    let context = Context { env, now: &now, sleep: pause, seed };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(options.verbosity, &mut out, &mut err);
    let exit = update::execute(&options, &update, &context, &mut console);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let ran = RunOutput { code: Some(exit.code().into()), stdout: text(out), stderr: text(err) };
    s.keep_last_run(&arguments.join(" "), &ran);
    ran
}
