//! The edge of the process: reads arguments, environment and clock, runs one command, and returns its exit code.

use std::env;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use gandi_ddns::cli::{self, Command, ConfigSource, Invocation, LogDestination};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::{check, get, ip, setup, status, update, watch};
use gandi_ddns::config;
use gandi_ddns::console::syslog::{self, Syslog};
use gandi_ddns::console::{Console, Verbosity};
use gandi_ddns::exit::Exit;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::file_limit::Stream;
use gandi_ddns::sys::notify_socket::{self, Manager};
use gandi_ddns::sys::oneshot;
use gandi_ddns::sys::random;
use gandi_ddns::sys::stop_signals;
use gandi_ddns::sys::time::Timestamp;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::write;
use rustix::process::geteuid;

/// The time for the end of `watch` after a signal. Then the process ends, even during a pass.
const GRACE: Duration = Duration::from_millis(500);

fn main() {
    // A core dump would hold the token, so it gets no memory (core(5)). Without this file there are no core dumps.
    let _ = open(c"/proc/self/coredump_filter", OFlags::WRONLY, Mode::empty()).map(|file| write(file, b"0"));
    let mut arguments = env::args_os();
    let _name = arguments.next();
    let invocation = cli::parse(&mut arguments);
    let verbosity = invocation.as_ref().map_or(Verbosity::Normal, |i| i.options.verbosity);
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (mut out, mut err) = (Stream(stdout.as_fd()), Stream(stderr.as_fd()));
    let mut console = Console::new(verbosity, &mut out, &mut err);
    if stderr.is_terminal() {
        console.note_terminal();
    }
    let mut env = environment();
    if invocation.as_ref().is_ok_and(|i| matches!(i.options.source, ConfigSource::Stdin)) {
        env.stdin = Some(config::read_stdin());
    }
    let mut context = Context { env, now: &now, sleep: &thread::sleep, seed: seed() };
    context.env.token.iter().for_each(|token| console.hide(token));
    let exit = match invocation {
        Ok(mut invocation) => execute(&mut invocation, &mut context, &mut console),
        Err(e) => {
            console.error(format_args!("{}", e.text));
            if let Some(command) = e.json_command {
                console.object(&usage_error(command, &e.text));
            }
            Exit::Usage
        }
    };
    // Ends the process without freeing each value first.
    process::exit(exit.code().into())
}

fn execute(invocation: &mut Invocation, context: &mut Context, console: &mut Console) -> Exit {
    let options = &mut invocation.options;
    match &invocation.command {
        Command::Update(update_options) => {
            log_to(update_options.log, console);
            update::execute(options, update_options, context, console)
        }
        Command::Watch(watch_options) => {
            log_to(watch_options.log, console);
            match stop_by_signal() {
                Ok(stop) => {
                    watch::execute(options, watch_options, (stop, service_manager()), context, console)
                }
                Err(e) => {
                    console.error(format_args!("could not wait for signals: {e}"));
                    Exit::TryLater
                }
            }
        }
        Command::Check(redaction, scope) => check::execute(options, (*redaction, *scope), context, console),
        Command::Status => status::execute(options, context, console),
        Command::Get(names) => get::execute(options, names, context, console),
        Command::Ip => ip::execute(options, context, console),
        Command::Setup(setup) => setup::execute(options, setup, rustix::stdio::stdin(), context, console),
        text => {
            let text = if matches!(text, Command::Help) { cli::help() } else { cli::version() };
            console.notice(format_args!("{text}"));
            Exit::Ok
        }
    }
}

fn log_to(destination: LogDestination, console: &mut Console) {
    if destination == LogDestination::Syslog {
        console.log_to(Syslog::new(syslog::SOCKET.into(), process::id(), now));
    }
}

/// Returns the service manager that started this process, if there is one.
#[inline(never)]
fn service_manager() -> Manager {
    let interval = text("WATCHDOG_USEC").map_or(0, |usec| notify_socket::interval(&usec));
    Manager::new(path("NOTIFY_SOCKET").as_deref(), interval)
}

/// Returns a descriptor that is readable from the first SIGTERM or SIGINT on. [`GRACE`] after it the process ends with
/// code 0. Must be called before there is another thread, in which the signals would not be blocked.
#[inline(never)]
fn stop_by_signal() -> io::Result<BorrowedFd<'static>> {
    // Open as long as the process lives.
    let stop: &'static _ = Box::leak(Box::new(stop_signals::block()?));
    let stop = stop.as_fd();
    oneshot::spawn_detached(Box::new(move || {
        while poll(&mut [PollFd::from_borrowed_fd(stop, PollFlags::IN)], None).is_err() {}
        thread::sleep(GRACE);
        process::exit(Exit::Ok.code().into())
    }))?;
    Ok(stop)
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

/// Returns a random number. Shortly after the boot the kernel may have none, but the number still differs between runs.
fn seed() -> u64 {
    random::number() ^ now().as_secs() ^ u64::from(process::id()) << 32
}

/// Returns a path in an environment variable. An empty variable counts as unset.
#[inline(never)]
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns a text in an environment variable. One that is not UTF-8 must not count as unset: the config reports it as
/// invalid.
fn text(name: &str) -> Option<String> {
    path(name).map(|value| value.to_string_lossy().into_owned())
}

/// Reads the environment variables and the user ID.
fn environment() -> Environment {
    Environment {
        token: text("GANDI_TOKEN"),
        token_file: path("GANDI_TOKEN_FILE"),
        credentials_directory: path("CREDENTIALS_DIRECTORY"),
        runtime_directory: text("RUNTIME_DIRECTORY"),
        system_runtime: Some(if Path::new("/run").is_dir() { "/run" } else { "/var/run" }.into()),
        xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
        xdg_cache_home: path("XDG_CACHE_HOME"),
        xdg_config_home: path("XDG_CONFIG_HOME"),
        home: path("HOME"),
        program: env::current_exe().ok(),
        uid: Some(geteuid().as_raw()),
        sudo: if path("SUDO_USER").is_some() { "sudo " } else { "" },
        stdin: None,
    }
}
