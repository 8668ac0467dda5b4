//! The messages to the service manager, by a socket of the test's own, and the variables that programs do not get.

use std::fs;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::commands::{start, status_until};
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use crate::watching::LIMIT;
use fake_gandi::{Fault, On, Times};

/// The service manager's socket.
struct Manager(UnixDatagram);

impl Manager {
    /// Binds the socket `notify` in the sandbox. Returns it and its path.
    fn new(s: &Sandbox) -> (Self, String) {
        // The path of a socket has 107 bytes at most, and that of a sandbox may have more.
        let short = std::env::temp_dir().join(format!("gandi-ddns-notify-{}", s.fake.port()));
        let _ = fs::remove_file(&short);
        let socket = UnixDatagram::bind(&short).expect("a socket");
        socket.set_read_timeout(Some(LIMIT)).expect("a time limit");
        (Self(socket), short.to_string_lossy().into_owned())
    }

    /// Returns the next message.
    #[track_caller]
    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        loop {
            match self.0.recv(&mut bytes) {
                Ok(length) => return String::from_utf8_lossy(&bytes[..length]).into_owned(),
                // By a signal, such as that of a child of another test.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("no message: {error}"),
            }
        }
    }

    /// Returns the messages up to the first one that begins with this text.
    #[track_caller]
    fn until(&self, start: &str) -> Vec<String> {
        let mut messages = vec![self.next()];
        while !messages.last().is_some_and(|last| last.starts_with(start)) {
            messages.push(self.next());
        }
        messages
    }

    /// Returns the number of pings before the first message that begins with this text.
    #[track_caller]
    fn pings_until(&self, start: &str) -> usize {
        self.until(start).iter().filter(|message| message.starts_with("WATCHDOG=1")).count()
    }
}

/// Removes the socket's file.
impl Drop for Manager {
    fn drop(&mut self) {
        let address = self.0.local_addr().ok();
        let _ = address.as_ref().and_then(|a| a.as_pathname()).map(fs::remove_file);
    }
}

#[test]
fn readiness_comes_before_the_first_pass_and_the_result_after_it() {
    let s = stale();
    let (manager, path) = Manager::new(&s);
    let manager = Arc::new(manager);
    let (first, receiver) = (Mutex::new(Some(Arc::clone(&manager))), channel());
    let sender = Mutex::new(receiver.0);
    s.fake.on_request(move |_| {
        // Nothing but the first request takes a message.
        if let Some(manager) = first.lock().expect("the socket").take() {
            sender.lock().expect("a channel").send(manager.next()).expect("a receiver");
        }
    });
    let watching = start(&s, &[], &[("NOTIFY_SOCKET", &path)]);
    let message = receiver.1.recv_timeout(LIMIT).expect("a message before the first request");
    assert!(message.starts_with("READY=1"), "{message}");
    let messages = manager.until("STATUS=");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(!messages[0].contains('\n') && messages[0].len() > "STATUS=".len(), "{messages:?}");
    let ran = watching.end(Signal::TERM);
    ran.is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    assert_eq!(manager.next(), "STOPPING=1");
}

#[test]
fn abstract_socket_gets_the_messages() {
    let s = stale();
    let name = format!("gandi-ddns-watch-{}", s.fake.port());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let manager = Manager(UnixDatagram::bind_addr(&address).expect("a socket"));
    manager.0.set_read_timeout(Some(LIMIT)).expect("a time limit");
    let watching = start(&s, &[], &[("NOTIFY_SOCKET", &format!("@{name}"))]);
    manager.until("READY=1");
    manager.until("STATUS=");
    watching.end(Signal::TERM).exits_without_errors(0);
    manager.until("STOPPING=1");
}

#[test]
fn failure_is_in_the_status_and_pings_go_on_while_it_lasts() {
    let s = stale();
    let (manager, path) = Manager::new(&s);
    s.fake.refuse();
    let watching = start(&s, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "400000")]);
    let messages = manager.until("STATUS=");
    let failed = messages.last().expect("a status");
    // Several pings: the next try comes after 10 s.
    let more: Vec<String> = (0..5).map(|_| manager.next()).collect();
    assert!(more.iter().all(|message| message.starts_with("WATCHDOG=1")), "{more:?}");
    s.fake.restore();
    let messages = manager.until("STATUS=");
    let worked = messages.last().expect("a status");
    assert!(messages.len() > 5 && failed != worked, "{failed} {messages:?}");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    watching.end(Signal::TERM).exits(0);
    manager.until("STOPPING=1");
}

#[test]
fn manager_is_asked_for_patience_during_a_pass_and_gets_pings_after_it() {
    let s = stale();
    s.config_with("timeout = 10", "[example.org]\nnames = home\n");
    let (manager, path) = Manager::new(&s);
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let watching = start(&s, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "500000")]);
    let messages = manager.until("STATUS=");
    assert_eq!(messages.len(), 3, "{messages:?}");
    // `timeout` and two minutes for hooks; afterwards what it has by itself.
    assert_eq!(messages[..2], ["READY=1", "WATCHDOG=1\nWATCHDOG_USEC=130000000"]);
    assert_eq!(manager.next(), "WATCHDOG=1\nWATCHDOG_USEC=500000");
    for _ in 0..5 {
        assert_eq!(manager.until("WATCHDOG=1").len(), 1);
    }
    watching.end(Signal::TERM).exits(0);
}

#[test]
fn longest_pass_ends_within_the_time_that_the_manager_was_asked_for() {
    let s = stale();
    // Nobody answers until `timeout`, the hook until all hooks have used up their time, and then no monitor does.
    s.v4.iter().for_each(|echo| echo.fault(Times::Always, Fault::Hang));
    let monitors = [9, 10].map(|number| s.fake.echo(number, fake_gandi::Family::V4));
    for monitor in &monitors {
        monitor.fault(Times::Always, Fault::Hang);
    }
    s.write("hang", "#!/bin/sh\nsleep 1000\n");
    fs::set_permissions(s.path("hang"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let settings =
        format!("timeout = 3\non_failure = hang\nheartbeat = {} {}\n", monitors[0].url(), monitors[1].url());
    s.config_with(&settings, "[example.org]\nnames = home\n");
    let (manager, path) = Manager::new(&s);
    let watching = start(&s, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "500000")]);
    manager.until("WATCHDOG=1\nWATCHDOG_USEC=123000000");
    let started = Instant::now();
    // No message comes meanwhile: a pass that hangs is ended.
    assert_eq!(manager.until("STATUS=").len(), 1);
    let took = started.elapsed();
    // Far longer than the time that the manager has without being asked, and half of what it was asked for.
    assert!(took > Duration::from_secs(30) && took < Duration::from_secs(123), "{took:?}");
    assert!(monitors.iter().all(|monitor| monitor.count() == 1));
    let ran = watching.end(Signal::TERM);
    ran.says(&["warning: `on_failure` hang: timed out after 30 s\n"]);
}

#[test]
fn manager_that_names_no_time_gets_no_pings() {
    for usec in ["0", "soon", ""] {
        let s = stale();
        let (manager, path) = Manager::new(&s);
        let watching = start(&s, &[], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", usec)]);
        manager.until("STATUS=");
        watching.end(Signal::TERM).exits(0);
        assert_eq!(manager.pings_until("STOPPING=1"), 0, "{usec}");
    }
}

#[test]
fn socket_that_nobody_listens_to_is_no_error() {
    let s = stale();
    let (manager, path) = Manager::new(&s);
    drop(manager);
    for name in [path.as_str(), "vsock:2:9", "relative", "@", "/dev/null"] {
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let _ = fs::remove_dir_all(s.path("state"));
        let watching = start(&s, &[], &[("NOTIFY_SOCKET", name), ("WATCHDOG_USEC", "100000")]);
        status_until(&s, |text| text.contains("(last confirmed "));
        watching.end(Signal::TERM).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    }
}

#[test]
fn manager_gets_no_readiness_from_an_invalid_config() {
    let s = stale();
    let (manager, path) = Manager::new(&s);
    s.raw_config("frob = 1\n");
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf", "watch"]).env("NOTIFY_SOCKET", path);
    s.finish(&mut command).fails(78, &["unknown key `frob`"]);
    manager.0.set_nonblocking(true).expect("a socket");
    assert!(manager.0.recv(&mut [0; 9]).is_err());
}

#[test]
fn programs_get_no_variable_of_the_manager() {
    let s = stale();
    s.config_with("on_change = hook", "[example.org]\nnames = home\nipv4 = command:address\n");
    for (name, last) in [("hook", ""), ("address", "echo 81.2.69.142\n")] {
        s.write(name, &format!("#!/bin/sh\nenv >{}/env.{name}\n{last}", s.path("").display()));
        fs::set_permissions(s.path(name), fs::Permissions::from_mode(0o700)).expect("chmod");
    }
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf"]).env("PATH", std::env::var_os("PATH").expect("a PATH"));
    for name in
        ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
    {
        command.env(name, "7");
    }
    command.env("KEPT", "yes");
    s.finish(&mut command).is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
    for name in ["hook", "address"] {
        let env = fs::read_to_string(s.path(&format!("env.{name}"))).expect(name);
        assert!(env.contains("KEPT=yes\n"), "{name}: {env}");
        assert!(!env.contains("NOTIFY") && !env.contains("WATCHDOG") && !env.contains("LISTEN"), "{env}");
    }
}
