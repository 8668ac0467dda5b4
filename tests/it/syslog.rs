//! `--syslog`, with a socket of the test's own as `/dev/log` in a namespace.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use gandi_ddns::console::syslog::{Severity, Syslog};
use gandi_ddns::sys::time::Timestamp;

use crate::namespace::Namespace;
use crate::sandbox::{STALE, Sandbox};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142";

/// A sandbox with a stale record, and a `/dev` without a log.
fn enter(test: &str) -> Option<Sandbox> {
    let net = Namespace::enter(test)?;
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    mount_dev(&net, &s);
    Some(s)
}

/// Gives this namespace a `/dev` without a log.
pub(crate) fn mount_dev(net: &Namespace, s: &Sandbox) {
    let dev = s.path("dev");
    fs::create_dir(&dev).expect("a directory");
    let dev = dev.display();
    net.run(&format!(
        "mount -t tmpfs tmpfs {dev}; touch {dev}/null {dev}/urandom
         mount --bind /dev/null {dev}/null; mount --bind /dev/urandom {dev}/urandom
         mount --rbind {dev} /dev"
    ));
}

fn log() -> UnixDatagram {
    let _ = fs::remove_file("/dev/log");
    let log = UnixDatagram::bind("/dev/log").expect("a log");
    log.set_nonblocking(true).expect("a socket");
    log
}

/// Returns the lines that the log got, without time and process: `<29> home.example.org …`.
fn sent(log: &UnixDatagram) -> Vec<String> {
    let (mut buffer, mut lines) = ([0; 4096], Vec::new());
    while let Ok(length) = log.recv(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let (head, message) = text.split_once("]: ").expect(&text);
        let (priority, rest) = head.split_once('>').expect(&text);
        // For example `Nov 24 01:55:10 gandi-ddns[17`.
        assert!(rest.len() > 27 && rest[15..].starts_with(" gandi-ddns["), "{text}");
        lines.push(format!("{priority}> {message}"));
    }
    lines
}

#[test]
fn every_line_goes_to_the_log() {
    let Some(s) = enter("syslog::every_line_goes_to_the_log") else { return };
    let log = log();
    s.run(&["--syslog"]).is(0, "");
    assert_eq!(sent(&log), [format!("<29> {REPLACED}")]);
    s.run(&["--syslog"]).is(0, "");
    assert_eq!(sent(&log), [""; 0]);
    s.run(&["--syslog", "-v"]).is(0, "");
    assert!(sent(&log).iter().all(|l| l.starts_with("<31> ")));
    s.fake.set_left(crate::sandbox::TOKEN, 5 * 86_400 + 100);
    s.age(86_400);
    s.run(&["--syslog"]).is(0, "");
    let warning = sent(&log);
    assert!(
        warning.len() == 1 && warning[0].starts_with("<28> warning: the token expires on"),
        "{warning:?}"
    );
    s.fake.revoke_all();
    let ran = s.run(&["--syslog", "--force"]);
    ran.is(77, "");
    assert!(sent(&log).iter().any(|l| l.starts_with("<27> home.example.org A: could not read")));
    s.raw_config("frob = 1\n");
    assert_eq!(s.run(&["--syslog"]).stderr, "");
    assert!(sent(&log)[0].contains("unknown key `frob`"));
}

#[test]
fn connection_after_a_restart_of_the_log_is_kept() {
    // As long as /dev/log is, in a directory of the test.
    let s = Sandbox::new();
    let path = s.path("log");
    let bind = || {
        let _ = fs::remove_file(&path);
        let log = UnixDatagram::bind(&path).expect("a log");
        log.set_nonblocking(true).expect("a socket");
        log
    };
    let mut syslog = Syslog::new(path.clone(), 1, || Timestamp::from_secs(1_795_485_310));
    let first = bind();
    syslog.send(Severity::Notice, "a").expect("a log");
    assert_eq!(sent(&first), ["<29> a"]);
    drop(first);
    let second = bind();
    syslog.send(Severity::Notice, "b").expect("a log");
    // Without a path, only a connection that was kept leads to the log.
    fs::remove_file(&path).expect("the path");
    for text in ["c", "d"] {
        syslog.send(Severity::Notice, text).expect("a log");
    }
    assert_eq!(sent(&second), ["<29> b", "<29> c", "<29> d"]);
}

#[test]
fn json_object_stays_on_stdout() {
    let Some(s) = enter("syslog::json_object_stays_on_stdout") else { return };
    let log = log();
    let ran = s.run(&["--syslog", "--json"]);
    crate::schema::fits(crate::schema::RUN, &ran.stdout);
    assert_eq!((ran.stderr.as_str(), sent(&log)), ("", vec![format!("<29> {REPLACED}")]));
}

/// The output goes to stdout and stderr as without `--syslog`, with one warning about the log.
#[track_caller]
fn falls_back(s: &Sandbox) {
    let ran = s.run(&["--syslog"]);
    ran.prints(0, &format!("{REPLACED}\n"));
    assert!(
        ran.stderr.starts_with(
            "gandi-ddns: warning: could not write to syslog (/dev/log); printing here instead: "
        ),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    s.fake.revoke_all();
    let ran = s.run(&["--syslog", "--force"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(77), 2), "{}", ran.stderr);
    ran.says(&["refused the token"]);
    // The warning appears once, even with many lines.
    let stderr = s.run(&["--syslog", "--force", "-v"]).stderr;
    assert!(
        stderr.matches("could not write to syslog").count() == 1 && stderr.lines().count() > 3,
        "{stderr}"
    );
}

#[test]
fn absent_log_falls_back_to_the_streams() {
    let Some(s) = enter("syslog::absent_log_falls_back_to_the_streams") else { return };
    falls_back(&s);
}

#[test]
fn full_log_falls_back_to_the_streams() {
    let Some(s) = enter("syslog::full_log_falls_back_to_the_streams") else { return };
    let log = log();
    let filler = UnixDatagram::unbound().expect("a socket");
    filler.connect("/dev/log").expect("the log");
    filler.set_write_timeout(Some(Duration::from_millis(10))).expect("a limit");
    while filler.send(b"x").is_ok() {}
    falls_back(&s);
    drop(log);
}
