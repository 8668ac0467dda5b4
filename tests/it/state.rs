//! The lock and the state: the zone stays right after any damage to them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, SystemTime};

use crate::notifications::{OK, monitor, sent};
use crate::run_output::wait;
use crate::sandbox::{ADDRESS, STALE, stale};
use fake_gandi::{Fault, On, Times};

#[test]
fn four_runs_at_once_make_exactly_one_write() {
    let s = stale();
    // The first run waits at Gandi until the others have ended.
    let (gate, held) = (Arc::new(Barrier::new(2)), AtomicBool::new(false));
    let inside = Arc::clone(&gate);
    s.fake.before_answer(move |request, _| {
        if request.listener == "livedns" && !held.swap(true, Ordering::SeqCst) {
            inside.wait();
        }
    });
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            let mut command = s.command();
            command.args(["-c", "gandi-ddns.conf"]).stdin(Stdio::null());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run")
        })
        .collect();
    let mut ended = Vec::new();
    while running.len() > 1 {
        let index = running.iter_mut().position(|c| c.try_wait().expect("a status").is_some());
        match index {
            Some(index) => ended.push(running.remove(index)),
            None => std::thread::park_timeout(Duration::from_millis(5)),
        }
    }
    gate.wait();
    ended.append(&mut running);
    let mut codes: Vec<_> = ended.into_iter().map(wait).map(|r| (r.code, r.stderr)).collect();
    codes.sort();
    let late = || (Some(75), String::new());
    assert_eq!(codes, [(Some(0), String::new()), late(), late(), late()]);
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (1, format!("600 {ADDRESS}")));
}

#[test]
fn second_run_exits_75_while_the_lock_is_held() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| {
        r.iter().any(|r| r.method == "GET" && r.listener == "livedns")
    }));
    s.run(&["-v"]).fails(75, &["another instance is running"]);
    s.run(&[]).is(75, "");
    first.kill().expect("the first run");
    first.wait().expect("its end");
    // The kernel released the lock when the process died.
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn write_of_a_killed_run_is_kept_by_the_next() {
    let s = stale();
    s.fake.fault(On::method("PUT"), Times::Once, Fault::HangAfter);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| r.iter().any(|r| r.method == "PUT")));
    first.kill().expect("the first run");
    first.wait().expect("its end");
    s.run(&[]).is(0, "");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn damaged_state_is_one_warning_and_replaced() {
    let s = stale();
    s.run(&[]).exits(0);
    for damage in ["", "gandi-ddns state 4\nnonsense\n", "\u{0}\u{1}"] {
        fs::write(s.state_file(), damage).expect("the damage");
        let ran = s.run(&[]);
        ran.fails(0, &["warning: ", "is corrupt; ignoring it"]);
        s.run(&[]).is(0, "");
    }
    fs::write(s.state_file(), [0xff, 0xfe]).expect("the damage");
    s.run(&[]).fails(0, &["is corrupt; ignoring it"]);
}

#[test]
fn state_of_another_version_is_replaced_silently() {
    let s = stale();
    s.run(&[]).exits(0);
    fs::write(s.state_file(), "gandi-ddns state 9\nwho knows\n").expect("another version");
    s.run(&[]).is(0, "");
    assert_eq!(s.count("GET"), 3, "two before the first write, one check of the zone");
    s.run(&[]).is(0, "");
    assert_eq!(s.count("GET"), 3, "the new state is used");
}

#[test]
fn record_is_updated_without_a_usable_state_directory() {
    let s = stale();
    // A file in place of the directory, which stops root as well.
    s.write("state", "");
    let ran = s.run(&[]);
    ran.says(&["warning: could not use the state directory", "without it every run queries Gandi"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(0), 1), "{}", ran.stderr);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    fs::remove_file(s.path("state")).expect("the file");
}

#[test]
fn unwritable_state_is_one_warning() {
    let s = stale();
    s.run(&[]).exits(0);
    // A directory in place of the temporary file, which stops root as well.
    let blocked = s.state_file().with_extension("state.new");
    fs::create_dir(&blocked).expect("an obstacle");
    let ran = s.run(&["--force"]);
    // Within the same second the state may be unchanged, and then it is not written.
    if !ran.stderr.is_empty() {
        ran.fails(0, &["warning: could not write the state"]);
    }
    s.fake.set("example.org", "home", "A", 900, &[STALE]);
    let ran = s.run(&["--force"]);
    ran.says(&["warning: could not write the state"]);
    assert_eq!((ran.code, s.zone("home", "A")), (Some(0), format!("900 {ADDRESS}")));
}

#[test]
fn state_is_private_and_a_public_directory_is_refused() {
    let s = stale();
    s.run(&[]).exits(0);
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!((mode(s.path("state")), mode(s.state_file())), (0o700, 0o600));
    fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o777)).expect("chmod");
    s.run(&[]).fails(0, &["other users can write to the state directory"]);
}

#[test]
fn state_directory_that_is_a_dangling_symlink_is_refused() {
    let s = stale();
    symlink("/nonexistent/elsewhere", s.path("state")).expect("a link");
    let ran = s.run(&[]);
    ran.says(&["warning: could not use the state directory"]);
    ran.exits(0);
}

#[test]
fn state_file_is_not_written_when_nothing_changed() {
    let s = stale();
    s.run(&[]).exits(0);
    let before = fs::metadata(s.state_file()).expect("metadata").modified().expect("a time");
    s.run(&[]).is(0, "");
    assert_eq!(fs::metadata(s.state_file()).expect("metadata").modified().expect("a time"), before);
}

#[test]
fn configs_in_one_directory_have_separate_locks() {
    let s = stale();
    s.fake.set("example.org", "www", "A", 600, &[STALE]);
    s.write("other.conf", &format!("{}\n[example.org]\nnames = www\n", s.head()));
    s.fake.fault(On::route("GET", "/home/"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| r.iter().any(|r| r.target.contains("/home/"))));
    let ran = s.finish(s.command().args(["-c", "other.conf"]));
    ran.is(0, "www.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    first.kill().expect("the first run");
    first.wait().expect("its end");
}

#[test]
fn confirmation_expires_after_an_hour() {
    let s = stale();
    s.run(&[]).exits(0);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.age(3000);
    s.run(&[]).is(0, "");
    s.age(600);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn fresh_confirmation_does_not_hide_a_missing_address() {
    let s = stale();
    s.run(&[]).exits(0);
    s.v4.iter().for_each(fake_gandi::Echo::refuse);
    s.run(&[]).fails(75, &["could not determine a public IPv4 address; nothing was changed"]);
}

#[test]
fn lock_held_for_hours_is_told() {
    let (url, log) = monitor(Some(OK));
    let s = stale();
    s.config_with(&format!("heartbeat = {url}\n"), "[example.org]\nnames = home\n");
    s.run(&[]).exits(0);
    let path = s.state_file().with_extension("lock");
    let lock = fs::OpenOptions::new().append(true).open(&path).expect("the lock");
    lock.lock().expect("the lock");
    // Fresh: silent, as the other run may be at work.
    sent(&log);
    s.run(&[]).is(75, "");
    assert_eq!(sent(&log), []);
    // Taken when the clock was years ahead: its age counts from now.
    lock.set_modified(SystemTime::now() + Duration::from_secs(100_000_000)).expect("a time in the future");
    s.run(&[]).is(75, "");
    assert!(lock.metadata().and_then(|m| m.modified()).expect("its time") <= SystemTime::now());
    lock.set_modified(SystemTime::now() - Duration::from_secs(3 * 3600)).expect("an old time");
    let words = [
        "another instance is running (lock state/",
        "has not moved for 180 minutes; nothing is updated until you end it: `fuser -k state/",
    ];
    let ran = s.run(&[]);
    ran.fails(75, &words);
    let told = sent(&log);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].0 == "POST /secret-uuid/fail HTTP/1.1" && told[0].1.contains("for 180 minutes"),
        "{told:?}"
    );
    let status = s.run(&["status"]);
    status.says(&words);
    assert_eq!((status.code, status.stderr.lines().count()), (Some(75), 1), "{status}");
    assert!(s.run(&["check"]).stdout.contains("has not moved for 180 minutes"));
    // Not by closing it: the child of a concurrent test may have inherited it.
    lock.unlock().expect("unlocked");
    s.run(&[]).is(0, "");
    s.run(&["status"]).exits_without_errors(0);
}
