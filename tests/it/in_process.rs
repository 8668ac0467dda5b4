//! The program without a process around it, for what no process can have: a clock and pauses of the test's own.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use gandi_ddns::cli::{self, Invocation};
use gandi_ddns::commands::context::World;
use gandi_ddns::commands::update::run;
use gandi_ddns::console::Console;
use gandi_ddns::sys::environment::Environment;

use crate::run_output::RunOutput;
use crate::sandbox::Sandbox;

/// Set in the process in which a test is alone.
const ALONE: &str = "GANDI_DDNS_ALONE";

/// Whether this test has the process to itself; if not, it runs again in one of its own, and is done here. Another
/// test's child holds our lock between its fork and its exec, and to [`run_inside`] that is another run.
pub(crate) fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").stdin(Stdio::null());
    let output = command.output().expect("this program starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{test}, alone:\n{out}\n{err}");
    // What it has to tell, past libtest, which keeps the output of what passes to itself.
    let _ = write!(std::io::stderr(), "{err}");
    false
}

/// Runs with the sandbox's config and these arguments, by this clock; `pause` lets time pass.
pub(crate) fn run_inside(
    s: &Sandbox,
    arguments: &[&str],
    clock: &dyn Fn() -> u64,
    pause: &dyn Fn(Duration),
    seed: u64,
) -> RunOutput {
    let config = s.path("gandi-ddns.conf").into_os_string();
    let words = arguments.iter().map(Into::into).chain(["-c".into(), config]).collect();
    let Ok(Invocation::Run(common, asked)) = cli::parse(words) else { panic!("that is no run") };
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(s.path("")).expect("the sandbox"));
    let world = World { env: Environment { uid: Some(uid), ..Environment::default() }, clock, pause, seed };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(&common, &asked, &world, &mut Console::new(common.verbosity, &mut out, &mut err));
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let ran = RunOutput { code: Some(exit.code().into()), stdout: text(out), stderr: text(err) };
    s.keep_last_run(&arguments.join(" "), &ran);
    ran
}
