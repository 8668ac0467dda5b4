//! Notifications: the hooks `on_change` and `on_failure`, and the heartbeat. None of them changes the exit code.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN};
use fake_gandi::{Family, Fault, On, ReservedPort, Times};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";
const DAY: u64 = 86_400;
/// A hook that appends its arguments and variables to the file `heard`.
const HOOK: &str = "#!/bin/sh\n\
    echo \"$#|$GANDI_DDNS_DOMAIN|$GANDI_DDNS_NAME|$GANDI_DDNS_TYPE|$GANDI_DDNS_OLD|$GANDI_DDNS_NEW|$GANDI_DDNS_ERROR|$GANDI_TOKEN\" >>heard\n";

/// A sandbox with a stale record and these config lines.
fn with(keys: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.config_with(keys, "[example.org]\nnames = home\n");
    s
}

fn program(s: &Sandbox, name: &str, text: &str) {
    s.write(name, text);
    fs::set_permissions(s.path(name), fs::Permissions::from_mode(0o700)).expect("chmod");
}

/// Returns the lines that the hook has written since the last call.
fn heard(s: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(s.path("heard")).unwrap_or_default();
    let _ = fs::remove_file(s.path("heard"));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn on_change_hook_runs_for_each_written_record() {
    let s = with("on_change = hook\n");
    program(&s, "hook", HOOK);
    s.config_with("on_change = hook\n", "[example.org]\nnames = home @\n");
    s.run(&["--dry-run"]).exits(0);
    assert_eq!(heard(&s), [""; 0]);
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", TOKEN);
    s.finish(&mut command).exits(0);
    // The hook gets no argument and no token.
    let told = ["0|example.org|home|A|81.2.69.1|81.2.69.142||", "0|example.org|@|A||81.2.69.142||"];
    assert_eq!(heard(&s), told);
    s.run(&[]).is(0, "");
    s.run(&["--force"]).is(0, "");
    assert_eq!(heard(&s), [""; 0]);
}

#[test]
fn on_failure_hook_runs_for_a_new_failure_and_once_a_day() {
    let s = with("on_failure = hook\non_change = hook\n");
    program(&s, "hook", HOOK);
    let sections = "[example.org]\nnames = home www\n";
    s.config_with("on_failure = hook\n", sections);
    s.fake.revoke_all();
    s.run(&[]).exits(77);
    let told = heard(&s);
    assert_eq!(told.len(), 1, "one hook for all records with the same failure: {told:?}");
    assert!(
        told[0]
            .starts_with("0|example.org|home www|A|||could not read the record: 127.0.0.1 refused the token")
    );
    for _ in 0..2 {
        s.run(&[]).exits(77);
        s.run(&["--force"]).exits(77);
    }
    s.age(DAY - 60);
    s.run(&[]).exits(77);
    assert_eq!(heard(&s), [""; 0], "no hook for the same failure on the same day");
    s.age(60);
    s.run(&[]).exits(77);
    assert_eq!(heard(&s).len(), 1, "a hook for a failure that is a day old");
    s.fake.accept_bearer(TOKEN);
    s.run(&["--force"]).exits(0);
    s.fake.revoke_all();
    s.run(&["--force"]).exits(77);
    assert_eq!(heard(&s).len(), 1, "a hook for a new failure");
}

/// A run with this hook succeeds and prints one warning about the hook, with these words.
#[track_caller]
fn warns(s: &Sandbox, words: &[&str]) {
    let ran = s.run(&[]);
    ran.prints(0, REPLACED);
    ran.says(&["warning: `on_change` hook: "]);
    ran.says(words);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn unusable_or_failing_hook_is_one_warning() {
    let s = with("on_change = hook\n");
    program(&s, "hook", "#!/bin/sh\necho loud >&2\nexit 3\n");
    warns(&s, &["ended with exit code 3"]);
    warns(
        &with("on_change = hook\n"),
        &["not found (check the path and the interpreter in its #! line; arguments are not supported)"],
    );
    let s = with("on_change = hook\n");
    s.write("hook", "#!/bin/sh\n");
    warns(&s, &["could not be started", "chmod +x"]);
    let s = with("on_change = hook\n");
    program(&s, "hook", "#!/bin/sh\necho loud >&2\n");
    s.run(&[]).is(0, REPLACED);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force", "-v"]).says(&["running on_change hook", "loud\n"]);
}

#[test]
fn large_output_of_a_hook_is_discarded() {
    let s = with("on_change = hook\n");
    program(
        &s,
        "hook",
        "#!/bin/sh\nhead -c 5000000 /dev/zero\nhead -c 5000000 /dev/zero >&2\necho done >heard\n",
    );
    s.run(&[]).is(0, REPLACED);
    assert_eq!(heard(&s), ["done"], "the hook ran to its end");
}

/// The requests that a monitor got: request line and body.
pub(crate) type Sent = Arc<Mutex<Vec<(String, String)>>>;

/// Starts a monitor that sends this response, or never responds. Returns its URL and its log.
pub(crate) fn monitor(answer: Option<&'static str>) -> (String, Sent) {
    monitor_at("127.0.0.1:0", answer)
}

/// Does the same as [`monitor`], at this address.
pub(crate) fn monitor_at(address: &str, answer: Option<&'static str>) -> (String, Sent) {
    let listener = TcpListener::bind(address).expect("a port");
    let url = format!("http://{}/secret-uuid", listener.local_addr().expect("its address"));
    let sent = Sent::default();
    let log = Arc::clone(&sent);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            let length = |text: &str| {
                let (top, body) = text.split_once("\r\n\r\n")?;
                let lower = top.to_ascii_lowercase();
                let wanted = lower.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
                (body.len() >= wanted.unwrap_or(0)).then(|| body.to_owned())
            };
            let body = loop {
                let read = stream.read(&mut buffer).expect("a request");
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                if let Some(body) = length(&text) {
                    break body;
                }
            };
            assert!(!text.contains("uthorization"), "a credential was shown: {text}");
            let line = text.lines().next().unwrap_or_default().to_owned();
            log.lock().expect("the log").push((line, body));
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => held.push(stream),
            }
        }
    });
    (url, sent)
}

pub(crate) fn sent(log: &Sent) -> Vec<(String, String)> {
    std::mem::take(&mut log.lock().expect("the log"))
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";

#[test]
fn heartbeat_reports_success_or_failure_of_each_run() {
    let (url, log) = monitor(Some(OK));
    let s = with(&format!("heartbeat = {url}\n"));
    s.run(&["--dry-run"]).is(0, "home.example.org A: would replace 81.2.69.1, which gandi-ddns has not written as far as it knows, with 81.2.69.142 (TTL 600)\n");
    assert_eq!(sent(&log), []);
    s.run(&[]).is(0, REPLACED);
    s.run(&[]).is(0, "");
    let get = || ("GET /secret-uuid HTTP/1.1".to_owned(), String::new());
    assert_eq!(sent(&log), [get(), get()]);
    s.fake.revoke_all();
    s.run(&["--force"]).exits(77);
    s.fake.set_address(Family::V4, "192.168.1.2");
    s.run(&["--force"]).exits(75);
    let told = sent(&log);
    assert!(told.iter().all(|(line, _)| line == "POST /secret-uuid/fail HTTP/1.1"), "{told:?}");
    assert!(
        told[0].1.starts_with("home.example.org A: could not read the record: 127.0.0.1 refused the token")
    );
    assert!(told[1].1.contains("answered with 192.168.1.2, a private address"), "{told:?}");
}

#[test]
fn run_without_the_lock_sends_no_heartbeat() {
    let (url, log) = monitor(Some(OK));
    let s = with(&format!("heartbeat = {url}\n"));
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| r.iter().any(|r| r.listener == "livedns")));
    assert_eq!((s.run(&[]).code, sent(&log)), (Some(75), vec![]));
    first.kill().expect("the first run");
    first.wait().expect("its end");
}

/// A heartbeat to this URL fails, and the run is the same; only `-v` prints the failure, without the URL.
#[track_caller]
fn fails_without_effect(url: &str, words: &str) {
    let s = with(&format!("heartbeat = {url}\n"));
    let ran: RunOutput = s.run(&["-v"]);
    ran.prints(0, REPLACED);
    ran.says(&["could not send heartbeat", words]);
    assert!(!ran.stderr.contains("secret-uuid"), "{}", ran.stderr);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["--force"]).is(0, REPLACED);
}

#[test]
fn failing_heartbeat_does_not_change_the_run() {
    let nobody = ReservedPort::on_loopback();
    fails_without_effect(&format!("http://{}/secret-uuid", nobody.address()), "could not connect");
    let (url, log) = monitor(Some(
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ));
    fails_without_effect(&url, "status 302");
    assert!(
        sent(&log).iter().all(|(line, _)| line.starts_with("GET /secret-uuid ")),
        "the redirect was not followed"
    );
    let (url, _) = monitor(Some("HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    fails_without_effect(&url, "status 500");
}

#[test]
fn dripping_heartbeat_ends_by_its_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/secret-uuid", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ");
            // Ends when the program closes the connection.
            while stream.write_all(b"x").is_ok() {
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
    });
    let started = Instant::now();
    fails_without_effect(&url, "timed out (response)");
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn hanging_heartbeat_does_not_change_the_run() {
    let (url, _) = monitor(None);
    fails_without_effect(&url, "timed out (response)");
}
