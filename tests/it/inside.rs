//! The program without a process around it, for what no process can have: a clock and pauses of the test's own.

use std::time::Duration;

use gandi_ddns::cli::{self, Invocation};
use gandi_ddns::environment::Environment;
use gandi_ddns::report::Console;
use gandi_ddns::run::{World, run};

use crate::sandbox::{Ran, Sandbox};

/// Runs with the sandbox's config and these arguments, by this clock; `pause` lets time pass.
pub(crate) fn run_inside(
    s: &Sandbox,
    arguments: &[&str],
    clock: &dyn Fn() -> u64,
    pause: &dyn Fn(Duration),
    seed: u64,
) -> Ran {
    let config = s.path("gandi-ddns.conf").into_os_string();
    let arguments = arguments.iter().map(Into::into).chain(["-c".into(), config]).collect();
    let Ok(Invocation::Run(common, asked)) = cli::parse(arguments) else { panic!("that is no run") };
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(s.path("")).expect("the sandbox"));
    let world = World { env: Environment { uid: Some(uid), ..Environment::default() }, clock, pause, seed };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(&common, &asked, &world, &mut Console::new(common.verbosity, &mut out, &mut err));
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: Some(exit.code().into()), stdout: text(out), stderr: text(err) }
}
