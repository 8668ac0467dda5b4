//! Failures that end, a clock that is stepped, a system log that is restarted, and a lock that is held.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use gandi_ddns::cli::{self, Invocation};
use gandi_ddns::commands::context::Context;
use gandi_ddns::commands::watch;
use gandi_ddns::console::Console;
use gandi_ddns::sys::environment::Environment;
use gandi_ddns::sys::notify_socket::Manager;
use gandi_ddns::sys::time::Timestamp;

use super::{CHANGED, CHANGED_AGAIN, NEW, OFTEN, change_address};
use crate::in_process::is_alone;
use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use crate::watching::{LIMIT, Watching};
use fake_gandi::{Fault, On, Times};

#[test]
fn temporary_failure_at_the_start_is_tried_again_within_seconds() {
    let s = stale();
    s.v4.iter().for_each(fake_gandi::Echo::refuse);
    let watching = Watching::start(&s, &["--interval", "1d"]);
    watching.says("next pass in ", 1);
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    s.v4.iter().for_each(fake_gandi::Echo::restore);
    watching.prints(CHANGED);
    watching.says("next pass in 86", 1);
    watching.end(Signal::TERM).exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn config_that_cannot_be_read_for_lack_of_descriptors_is_tried_again() {
    if !Namespace::has("watch::outages", &["prlimit"]) || crate::sandbox::is_emulated() {
        return;
    }
    let s = stale();
    let plain = s.command();
    let mut command = Command::new("prlimit");
    command.args(["--nofile=5:4096", "--"]).arg(plain.get_program());
    command
        .args(["-c", "gandi-ddns.conf", "watch", "-v"])
        .env_clear()
        .env("HOME", s.path(""))
        .current_dir(s.path(""));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let watching = Watching::of(&s, &command);
    watching.says("; trying again\n", 1);
    let id = watching.id().as_raw_nonzero().to_string();
    let raised = Command::new("prlimit").args(["--nofile=4096:4096", "--pid", &id]).status();
    assert!(raised.is_ok_and(|status| status.success()));
    watching.prints(CHANGED);
    watching.end(Signal::TERM).prints(0, &["the config is valid again\n", CHANGED].concat());
}

#[test]
fn missing_state_directory_is_told_once_and_brings_no_request_for_each_pass() {
    let s = stale();
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf", "watch", "-o", "state_dir=token/state"]).args(OFTEN);
    let watching = Watching::of(&s, &command);
    watching.prints(CHANGED);
    let count = |s: &Sandbox| s.v4.iter().map(fake_gandi::Echo::count).sum::<usize>();
    let first = count(&s);
    for n in 1..=2 {
        // One service is asked for the address, and then the pass is over. Not by `park_timeout`, which returns at once on
        // MIPS (std waits there with a time of another size).
        assert!((0..2000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            count(&s) >= first + n
        }));
    }
    change_address(&s);
    watching.prints(CHANGED_AGAIN);
    let ran = watching.end(Signal::TERM);
    ran.prints(0, &[CHANGED, CHANGED_AGAIN].concat());
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    ran.says(&["token/state"]);
    assert_eq!((s.count("GET"), s.count("PUT")), (3, 2));
}

#[test]
fn run_that_holds_the_lock_delays_a_pass() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut run = s.command();
    run.args(["-c", "gandi-ddns.conf", "-o", "timeout=600"]).stdin(std::process::Stdio::null());
    let mut run = run.spawn().expect("a run");
    assert!(s.fake.wait_until(LIMIT, |requests| requests.iter().any(|r| r.method == "GET")));
    let watching = Watching::start(&s, &[]);
    watching.says("another instance is running", 1);
    watching.says("next pass in ", 1);
    run.kill().expect("its end");
    run.wait().expect("its end");
    watching.prints(CHANGED);
    watching.end(Signal::TERM).prints(0, CHANGED);
}

#[test]
fn restarted_system_log_gets_the_lines() {
    let Some(net) = Namespace::enter("watch::outages::restarted_system_log_gets_the_lines") else { return };
    let s = stale();
    crate::syslog::mount_dev(&net, &s);
    let bind = || {
        let _ = fs::remove_file("/dev/log");
        let log = UnixDatagram::bind("/dev/log").expect("a log");
        log.set_read_timeout(Some(LIMIT)).expect("a time limit");
        log
    };
    let received = |log: &UnixDatagram| {
        let mut buffer = [0; 2048];
        let length = log.recv(&mut buffer).expect("a line");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let log = bind();
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf", "watch", "--syslog"]).args(OFTEN);
    let watching = Watching::of(&s, &command);
    assert!(received(&log).contains(CHANGED.trim()));
    // Without a log, the lines go to the streams; a new one gets them again.
    drop(log);
    fs::remove_file("/dev/log").expect("the log");
    change_address(&s);
    watching.prints(CHANGED_AGAIN);
    let log = bind();
    s.fake.set_address(fake_gandi::Family::V4, ADDRESS);
    assert!(received(&log).contains("81.2.69.160 -> 81.2.69.142"));
    let ran = watching.end(Signal::TERM);
    ran.prints(0, CHANGED_AGAIN);
    assert_eq!(ran.stderr.matches("could not write to syslog (/dev/log)").count(), 1, "{ran}");
}

#[test]
fn stepped_clock_neither_stops_nor_hurries_it() {
    if !is_alone("watch::outages::stepped_clock_neither_stops_nor_hurries_it") {
        return;
    }
    let s = stale();
    let real = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    // No atomic: a 32-bit MIPS has none of 64 bits.
    let clock = Mutex::new(real);
    let config = s.path("gandi-ddns.conf").into_os_string();
    let mut words = ["watch", "--interval", "10", "-c"].into_iter().map(Into::into).chain([config]);
    let Invocation { options, command: cli::Command::Watch(arguments) } =
        *cli::parse(&mut words).expect("arguments")
    else {
        panic!("that is no watch")
    };
    let uid = std::os::unix::fs::MetadataExt::uid(&fs::metadata(s.path("")).expect("the sandbox"));
    let now = || Timestamp::from_secs(*clock.lock().expect("the clock"));
    let context = Context {
        env: Environment { uid: Some(uid), ..Environment::default() },
        now: &now,
        sleep: &|_| {},
        seed: 1,
    };
    let (stop, mut end) = std::io::pipe().expect("a pipe");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let puts =
        |n: usize| assert!(s.fake.wait_until(LIMIT, |r| r.iter().filter(|r| r.method == "PUT").count() == n));
    let exit = std::thread::scope(|scope| {
        scope.spawn(|| {
            puts(1);
            for (n, (address, time)) in
                [(NEW, real + 400 * 86_400), (STALE, real - 86_400), (ADDRESS, real)].into_iter().enumerate()
            {
                *clock.lock().expect("the clock") = time;
                s.fake.set_address(fake_gandi::Family::V4, address);
                puts(n + 2);
            }
            std::io::Write::write_all(&mut end, b"!").expect("the end");
        });
        let mut console = Console::new(options.verbosity, &mut out, &mut err);
        let stop = std::os::fd::AsFd::as_fd(&stop);
        watch::execute(&options, &arguments, (stop, Manager::new(None, 0)), &context, &mut console)
    });
    assert_eq!(exit.code(), 0, "{}", String::from_utf8_lossy(&err));
    assert_eq!(String::from_utf8_lossy(&out).lines().count(), 4);
    assert_eq!(s.count("PUT"), 4);
}
