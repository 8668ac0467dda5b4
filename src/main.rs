//! The edge of the process: reads arguments, environment and clock, runs one command, and returns its exit code.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use gandi_ddns::cli::{self, Invocation, LogDestination};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::{check, get, ip, setup, status, update};
use gandi_ddns::config;
use gandi_ddns::console::syslog::{self, Syslog};
use gandi_ddns::console::{Console, Verbosity};
use gandi_ddns::exit::Exit;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::file_limit::Stream;
use gandi_ddns::sys::time::Timestamp;

fn main() -> ExitCode {
    // A core dump would hold the token, so it gets no memory (core(5)). Without this file there are no core dumps.
    let _ = fs::write("/proc/self/coredump_filter", "0");
    let mut arguments = env::args_os();
    let _name = arguments.next();
    let arguments: Vec<_> = arguments.collect();
    let json_command = cli::json_command(&arguments);
    let invocation = cli::parse(arguments);
    let verbosity = invocation.as_ref().map_or(Verbosity::Normal, Invocation::verbosity);
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (mut out, mut err) = (Stream(stdout.as_fd()), Stream(stderr.as_fd()));
    let mut console = Console::new(verbosity, &mut out, &mut err);
    if stderr.is_terminal() {
        console.note_terminal();
    }
    let mut env = environment();
    if invocation.as_ref().is_ok_and(Invocation::reads_stdin) {
        env.stdin = Some(config::read_stdin());
    }
    let mut context = Context {
        env,
        now: &now,
        sleep: &thread::sleep,
        // Its keys are random.
        seed: RandomState::new().build_hasher().finish(),
    };
    context.env.token.iter().for_each(|token| console.hide(token));
    let exit = match invocation {
        Ok(Invocation::Update(options, update_options)) => {
            if update_options.log == LogDestination::Syslog {
                console.log_to(Syslog::new(syslog::SOCKET.into(), process::id(), now));
            }
            update::execute(&options, &update_options, &context, &mut console)
        }
        Ok(Invocation::Check(options, redaction, scope)) => {
            check::execute(&options, (redaction, scope), &context, &mut console)
        }
        Ok(Invocation::Status(options)) => status::execute(&options, &context, &mut console),
        Ok(Invocation::Get(options, names)) => get::execute(&options, &names, &context, &mut console),
        Ok(Invocation::Ip(options)) => ip::execute(&options, &context, &mut console),
        Ok(Invocation::Setup(mut options, setup)) => {
            setup::execute(&mut options, &setup, rustix::stdio::stdin(), &mut context, &mut console)
        }
        Ok(Invocation::Help) => {
            console.notice(format_args!("{}", cli::help()));
            Exit::Ok
        }
        Ok(Invocation::Version) => {
            console.notice(format_args!("{}", cli::version()));
            Exit::Ok
        }
        Err(e) => {
            let text = e.to_string();
            console.error(format_args!("{text}"));
            if let Some(command) = json_command {
                console.object(&usage_error(command, &text));
            }
            Exit::Usage
        }
    };
    ExitCode::from(exit.code())
}

/// Returns the object of `--json` for an invalid command line of this command; empty for an update.
fn usage_error(command: &str, text: &str) -> String {
    match command {
        "check" => check::usage_error(text),
        "get" => get::usage_error(text),
        "ip" => ip::usage_error(text),
        "status" => status::usage_error(now(), text),
        _ => update::usage_error(now(), text),
    }
}

/// Reads the system clock. A time before 1970 counts as 1970.
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since_1970.map_or(0, |d| d.as_secs()))
}

/// Reads the environment variables and the user ID. An empty variable counts as unset.
fn environment() -> Environment {
    let var = |name: &str| env::var_os(name).filter(|v| !v.is_empty());
    let path = |name: &str| var(name).map(PathBuf::from);
    // A value that is not UTF-8 must not count as unset: the config reports it as invalid.
    let text = |name: &str| var(name).map(|v| OsStr::to_string_lossy(&v).into_owned());
    Environment {
        token: text("GANDI_TOKEN"),
        token_file: path("GANDI_TOKEN_FILE"),
        credentials_directory: path("CREDENTIALS_DIRECTORY"),
        runtime_directory: text("RUNTIME_DIRECTORY"),
        system_runtime: ["/run", "/var/run"].map(PathBuf::from).into_iter().find(|d| d.is_dir()),
        xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
        xdg_cache_home: path("XDG_CACHE_HOME"),
        xdg_config_home: path("XDG_CONFIG_HOME"),
        home: path("HOME"),
        program: env::current_exe().ok(),
        uid: fs::metadata("/proc/self").map(|m| m.uid()).ok(),
        stdin: None,
    }
}
