//! `--wait` on a machine that has just booted, without network, name resolution or clock, and `--splay`.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::in_process::{is_alone, run_in_process};
use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Answer, Fault, On, Setup, Times, Tls};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

fn stale() -> Sandbox {
    with(Tls::default())
}

fn with(tls: Tls) -> Sandbox {
    let s = Sandbox::with(Setup { tls, ..Setup::default() });
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// A run with `--wait` and `-v`, and its stderr.
struct Waiting(Child, BufReader<std::process::ChildStderr>);

impl Waiting {
    fn start(s: &Sandbox) -> Self {
        let mut command = s.command();
        command.args(["-c", "gandi-ddns.conf", "--wait", "60", "-v"]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        Self(child, stderr)
    }

    /// Waits until the first attempt has failed, and returns stderr so far.
    fn has_failed(&mut self) -> String {
        let mut told = String::new();
        loop {
            let length = self.1.read_line(&mut told).expect("a line");
            assert!(length > 0, "it ended: {told}");
            if told.contains("trying again in ") {
                return told;
            }
        }
    }

    fn ends(mut self) -> (Option<i32>, String) {
        let mut stdout = String::new();
        self.1.read_to_string(&mut stdout).expect("the rest of its stderr");
        stdout.clear();
        self.0.stdout.take().expect("its stdout").read_to_string(&mut stdout).expect("UTF-8");
        (self.0.wait().expect("its end").code(), stdout)
    }
}

#[test]
fn wait_ends_when_the_network_comes_up() {
    let Some(net) = Namespace::enter("wait_and_splay::wait_ends_when_the_network_comes_up") else { return };
    let s = stale();
    net.ip("addr del 127.0.0.1/8 dev lo");
    let mut waiting = Waiting::start(&s);
    let told = waiting.has_failed();
    assert!(told.contains("check the network connection and DNS resolver"), "{told}");
    net.ip("addr add 127.0.0.1/8 dev lo");
    assert_eq!(waiting.ends(), (Some(0), REPLACED.to_owned()));
}

#[test]
fn wait_ends_when_name_resolution_works() {
    let Some(net) = Namespace::enter("wait_and_splay::wait_ends_when_name_resolution_works") else { return };
    let s = stale();
    fs::write(s.path("hosts"), "127.0.0.1 localhost\n").expect("hosts");
    fs::write(s.path("resolv"), "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n").expect("resolv.conf");
    for (file, over) in [("hosts", "/etc/hosts"), ("resolv", "/etc/resolv.conf")] {
        net.run(&format!("mount --bind {} $(readlink -f {over})", s.path(file).display()));
    }
    let head = s.head().replace("https://127.0.0.1:", "https://api.gandi.net:");
    s.raw_config(&format!("{head}\n[example.org]\nnames = home\n"));
    let mut waiting = Waiting::start(&s);
    let told = waiting.has_failed();
    assert!(told.contains("could not find an address of api.gandi.net"), "{told}");
    fs::write(s.path("hosts"), "127.0.0.1 localhost api.gandi.net\n").expect("hosts");
    assert_eq!(waiting.ends(), (Some(0), REPLACED.to_owned()));
}

#[test]
fn wait_ends_when_the_certificate_becomes_valid() {
    let s = with(Tls::ValidIn(3));
    let mut waiting = Waiting::start(&s);
    let told = waiting.has_failed();
    assert!(told.contains("is not valid before ") && told.contains("set it by NTP"), "{told}");
    assert_eq!(waiting.ends(), (Some(0), REPLACED.to_owned()));
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn wait_ends_when_the_clock_is_set() {
    if !is_alone("wait_and_splay::wait_ends_when_the_clock_is_set") {
        return;
    }
    let s = stale();
    let reads = Cell::new(0);
    // The third read of the clock finds it set.
    let clock = || {
        reads.set(reads.get() + 1);
        if reads.get() < 3 { 86_400 } else { now() }
    };
    let ran = run_in_process(&s, &["--wait", "600"], &clock, &|_| {}, 1);
    ran.prints(0, REPLACED);
    ran.says(&["the clock is wrong; set it by NTP; retrying for up to 600 s\n"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    let s = stale();
    let ran = run_in_process(&s, &[], &|| 86_400, &|_| {}, 1);
    ran.fails(
        75,
        &["this machine's clock reads 1970-01-02 00:00:00 UTC", "the clock is wrong; set it by NTP"],
    );
    assert_eq!(s.fake.connections(), 0, "no request with a wrong clock");
    let state = fs::read_to_string(s.state_file()).expect("the state");
    let kinds: Vec<_> = state.lines().filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(kinds, ["gandi-ddns", "fingerprint", "token", "told"], "no record with a wrong clock");
}

/// Runs with `--wait` until it gives up. Returns the output and the delays in milliseconds.
fn in_vain(s: &Sandbox, wait: &str, seed: u64) -> (RunOutput, Vec<u128>) {
    let pauses = RefCell::new(Vec::new());
    let pause = |time: Duration| pauses.borrow_mut().push(time.as_millis());
    let ran = run_in_process(s, &["--wait", wait], &now, &pause, seed);
    (ran, pauses.into_inner())
}

#[test]
fn wait_retries_with_growing_delays_and_prints_one_error() {
    if !is_alone("wait_and_splay::wait_retries_with_growing_delays_and_prints_one_error") {
        return;
    }
    let s = stale();
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    let (ran, pauses) = in_vain(&s, "600", 1);
    ran.fails(75, &["127.0.0.1 has a server error (500)"]);
    assert_eq!(s.count("GET"), pauses.len() + 1);
    // The time of the attempts themselves counts as well.
    let waited: u128 = pauses.iter().sum();
    assert!((590_000..=600_000).contains(&waited), "{pauses:?}");
    for (i, pause) in pauses.iter().rev().skip(1).rev().enumerate() {
        let longest = 60_000.min(1000 << i);
        assert!((longest / 2..=longest).contains(pause), "{pauses:?}");
    }
    let (_, others) = in_vain(&stale_and_broken(), "600", 2);
    assert_ne!(pauses, others, "the delays depend on the seed");
}

fn stale_and_broken() -> Sandbox {
    let s = stale();
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    s
}

#[test]
fn wait_of_the_binary_ends_at_its_limit() {
    let s = stale_and_broken();
    s.run(&["--wait", "2"]).fails(75, &["127.0.0.1 has a server error (500)"]);
    assert!(s.count("GET") > 1);
    // The state has one failure for all attempts of the run.
    let status = s.run(&["status"]);
    assert!(status.stdout.contains(", 1 failure in a row: "), "{}", status.stdout);
}

#[test]
fn wait_does_not_retry_config_and_token_errors() {
    let s = stale();
    s.fake.revoke_all();
    s.run(&["--wait", "600"]).fails(77, &["refused the token"]);
    assert_eq!(s.count("GET"), 1);
    let s = stale();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    s.run(&["--wait", "600"]).fails(78, &["has 2 addresses"]);
    assert_eq!(s.count("GET"), 1);
    s.raw_config("frob = 1\n");
    s.run(&["--wait", "600", "--splay", "3600"]).fails(78, &["unknown key"]);
}

#[test]
fn change_of_an_earlier_attempt_is_printed_once_and_kept() {
    let s = stale();
    s.config("names = home\n[example.net]\nnames = @\n");
    s.fake.add_domain("example.net");
    // The second domain fails in the first attempt.
    s.fake.fault(On::path("example.net"), Times::Once, Fault::Answer(Answer::html(500, "<p>no")));
    let ran = s.run(&["--wait", "60"]);
    ran.prints(0, &format!("{REPLACED}example.net A: created: {ADDRESS} (TTL 300)\n"));
    ran.says(&["example.net A: could not read the record", "; retrying for up to 60 s\n"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
    assert_eq!(
        (s.count("PUT"), s.count("GET")),
        (2, 5),
        "home and its name once, example.net twice, its name once"
    );
}

#[test]
fn wait_ends_when_the_lock_is_free() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).stdin(Stdio::null()).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| r.iter().any(|r| r.listener == "livedns")));
    let mut waiting = Waiting::start(&s);
    assert!(waiting.has_failed().contains("another instance is running"));
    first.kill().expect("the first run");
    first.wait().expect("its end");
    assert_eq!(waiting.ends(), (Some(0), REPLACED.to_owned()));
}

#[test]
fn splay_is_random_and_within_its_limit() {
    if !is_alone("wait_and_splay::splay_is_random_and_within_its_limit") {
        return;
    }
    let splay = |seed| {
        let pauses = RefCell::new(Vec::new());
        let s = stale();
        run_in_process(&s, &["--splay", "60"], &now, &|time| pauses.borrow_mut().push(time), seed)
            .is(0, REPLACED);
        pauses.into_inner()
    };
    let splays: Vec<Vec<Duration>> = (1..=4).map(splay).collect();
    assert!(splays.iter().all(|p| p.len() == 1 && p[0] < Duration::from_secs(60)), "{splays:?}");
    assert!(splays.iter().any(|p| *p != splays[0]), "{splays:?}");
}
