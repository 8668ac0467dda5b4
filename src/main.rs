//! The process's edge: arguments, environment, streams, clock and exit code.

use std::env;
use std::ffi::OsStr;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gandi_ddns::cli::{self, Invocation, LogDestination};
use gandi_ddns::commands::check;
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::ip;
use gandi_ddns::commands::status;
use gandi_ddns::commands::update;
use gandi_ddns::console::syslog::{self, Syslog};
use gandi_ddns::console::{Console, Verbosity};
use gandi_ddns::exit::Exit;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::time::Timestamp;

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let invocation = cli::parse(env::args_os().skip(1).collect());
    let verbosity = match &invocation {
        Ok(
            Invocation::Update(c, _) | Invocation::Ip(c) | Invocation::Check(c, _) | Invocation::Status(c),
        ) => c.verbosity,
        _ => Verbosity::Normal,
    };
    let mut console = Console::new(verbosity, &mut out, &mut err);
    let context = Context {
        env: environment(),
        now: &now,
        sleep: &thread::sleep,
        seed: RandomState::new().hash_one(Instant::now()),
    };
    let exit = match invocation {
        Err(e) => {
            console.error(format_args!("{e}"));
            Exit::Usage
        }
        Ok(Invocation::Help) => {
            console.notice(format_args!("{}", cli::help()));
            Exit::Ok
        }
        Ok(Invocation::Version) => {
            console.notice(format_args!("{}", cli::version()));
            Exit::Ok
        }
        Ok(Invocation::Update(common, asked)) => {
            if asked.log == LogDestination::Syslog {
                console.log_to(Syslog::new(syslog::SOCKET.into(), process::id(), now));
            }
            update::execute(&common, &asked, &context, &mut console)
        }
        Ok(Invocation::Ip(common)) => ip::execute(&common, &context, &mut console),
        Ok(Invocation::Check(common, redact)) => check::execute(&common, redact, &context, &mut console),
        Ok(Invocation::Status(common)) => status::execute(&common, &context, &mut console),
    };
    ExitCode::from(exit.code())
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since_1970.map_or(0, |d| d.as_secs()))
}

fn environment() -> Environment {
    let var = |name: &str| env::var_os(name).filter(|v| !v.is_empty());
    let path = |name: &str| var(name).map(PathBuf::from);
    // What is not UTF-8 keeps its place, so that the config can refuse it.
    let text = |name: &str| var(name).map(|v| OsStr::to_string_lossy(&v).into_owned());
    Environment {
        token: text("GANDI_TOKEN"),
        credentials_directory: path("CREDENTIALS_DIRECTORY"),
        runtime_directory: text("RUNTIME_DIRECTORY"),
        system_runtime: ["/run", "/var/run"].map(PathBuf::from).into_iter().find(|d| d.is_dir()),
        xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
        xdg_cache_home: path("XDG_CACHE_HOME"),
        xdg_config_home: path("XDG_CONFIG_HOME"),
        home: path("HOME"),
        uid: std::fs::metadata("/proc/self").map(|m| m.uid()).ok(),
    }
}
