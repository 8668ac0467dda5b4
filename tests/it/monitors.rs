//! Heartbeats to several monitors, to URLs with a query, and to private addresses by plain HTTP.

use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::notifications::{OK, Sent, monitor, monitor_at, sent};
use crate::sandbox::Sandbox;
use fake_gandi::ReservedPort;

const KEY: &str = "PushKey0123456789abcd";

fn with(heartbeat: &str) -> Sandbox {
    let s = Sandbox::new();
    s.config_with(&format!("heartbeat = {heartbeat}\n"), "[example.org]\nnames = home\n");
    s
}

/// Returns the request lines so far, and forgets them.
fn lines(log: &Sent) -> Vec<String> {
    sent(log).into_iter().map(|(line, _)| line).collect()
}

#[test]
fn url_with_a_query_is_requested_after_good_runs_only() {
    let (url, log) = monitor(Some(OK));
    let kuma = url.replace("secret-uuid", &format!("api/push/{KEY}?status=up&msg=OK&ping="));
    let s = with(&kuma);
    let ran = s.run(&["-v"]);
    ran.exits(0);
    ran.says(&["heartbeat sent to 127.0.0.1"]);
    let get = format!("GET /api/push/{KEY}?status=up&msg=OK&ping= HTTP/1.1");
    assert_eq!(lines(&log), [get.as_str()]);
    s.fake.revoke_all();
    let failed = s.run(&["--force", "-v"]);
    failed.exits(77);
    failed.says(&["no heartbeat to 127.0.0.1: a URL with `?` is for good runs only"]);
    assert_eq!(lines(&log), [""; 0]);
    for ran in [ran, failed, s.run(&["check"]), s.run(&["--json"])] {
        assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY), "{ran}");
    }
}

#[test]
fn each_url_is_requested_even_if_another_fails() {
    let nobody = ReservedPort::on_loopback();
    let (refusing, _refused) =
        monitor(Some("HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let (url, log) = monitor(Some(OK));
    let (other, other_log) = monitor(Some(OK));
    let s = with(&format!("http://{}/{KEY} {refusing}, {url},{other}?x=1", nobody.address()));
    let ran = s.run(&["-v"]);
    ran.exits(0);
    ran.says(&[
        "could not send heartbeat: could not connect",
        "could not send heartbeat to 127.0.0.1: the response has status 500",
        "heartbeat sent to 127.0.0.1",
    ]);
    assert_eq!(lines(&log), ["GET /secret-uuid HTTP/1.1"]);
    assert_eq!(lines(&other_log), ["GET /secret-uuid?x=1 HTTP/1.1"]);
    s.fake.revoke_all();
    s.run(&["--force"]).exits(77);
    assert_eq!(lines(&log), ["POST /secret-uuid/fail HTTP/1.1"]);
    assert_eq!(lines(&other_log), [""; 0]);
    for secret in [KEY, "secret-uuid"] {
        assert!(!ran.stderr.contains(secret), "{ran}");
    }
}

#[test]
fn hanging_urls_share_one_deadline_and_leave_time_for_the_last_one() {
    let hanging = [monitor(None), monitor(None), monitor(None), monitor(None)];
    let (url, log) = monitor(Some(OK));
    let urls: Vec<&str> = hanging.iter().map(|(url, _)| url.as_str()).chain([url.as_str()]).collect();
    let s = with(&urls.join(" "));
    let started = Instant::now();
    s.run(&[]).exits(0);
    // Five requests of 5 s each would take longer than this with the run itself.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(lines(&log), ["GET /secret-uuid HTTP/1.1"]);
}

#[test]
fn private_address_is_requested_by_plain_http() {
    let test = "monitors::private_address_is_requested_by_plain_http";
    let Some(net) = Namespace::enter(test) else { return };
    net.ip("addr add 192.168.77.5/24 dev lo");
    net.ip("addr add fd77::5/64 dev lo nodad");
    let (four, log4) = monitor_at("192.168.77.5:0", Some(OK));
    let (six, log6) = monitor_at("[fd77::5]:0", Some(OK));
    let s = with(&format!("{four}?status=up {six}"));
    let ran = s.run(&["-v"]);
    ran.exits(0);
    ran.says(&["heartbeat sent to 192.168.77.5", "heartbeat sent to [fd77::5]"]);
    assert_eq!(lines(&log4), ["GET /secret-uuid?status=up HTTP/1.1"]);
    assert_eq!(lines(&log6), ["GET /secret-uuid HTTP/1.1"]);
    s.fake.revoke_all();
    s.run(&["--force"]).exits(77);
    assert_eq!((lines(&log4).len(), lines(&log6)), (0, vec!["POST /secret-uuid/fail HTTP/1.1".to_owned()]));
}

#[test]
fn plain_http_elsewhere_is_refused() {
    let s = Sandbox::new();
    for url in [
        "http://81.2.69.142/x",
        "http://kuma.local/x",
        "http://kuma:3001/x",
        "http://100.64.0.1/x?y",
        "ftp://10.0.0.1/x",
    ] {
        s.config_with(
            &format!("heartbeat = https://127.0.0.1:1/a {url}{KEY}\n"),
            "[example.org]\nnames = home\n",
        );
        let ran = s.run(&[]);
        ran.fails(
            78,
            &["`heartbeat`: URL 2 must begin with https://, or with http:// and a private address"],
        );
        assert!(!ran.stderr.contains(KEY), "{ran}");
    }
    for key in ["api", "ipv4"] {
        s.raw_config(&format!(
            "token_file = token\n{key} = http://192.168.1.2/\n[example.org]\nnames = home\n"
        ));
        s.run(&[]).fails(78, &["`http://192.168.1.2/` must begin with https://"]);
    }
}

#[test]
fn every_bad_url_is_told_in_one_run() {
    let s = with(
        "http://example.org/KEY1 https://127.0.0.1:1/KEY2 https://me:KEY3@a.example/, https://a.exämple/KEY4",
    );
    let ran = s.run(&[]);
    ran.exits(78);
    let bad = "must begin with https://, or with http:// and a private address";
    for (number, problem) in [
        (1, format!(" {bad}")),
        (3, ": URLs with a user name are not supported".to_owned()),
        (4, ": URLs have ASCII characters only: write the host in its `xn--` form".to_owned()),
    ] {
        ran.says(&[&format!("`heartbeat`: URL {number}{problem} (not shown: it is a secret)\n")]);
    }
    ran.says(&["gandi-ddns.conf: 3 errors\n"]);
    assert!(!ran.stderr.contains("KEY"), "{ran}");
    // Those beyond the limit as well.
    let ran = with(&"ftp://a.example/ ".repeat(7)).run(&[]);
    ran.exits(78);
    ran.says(&["URL 7 must begin with https://", "7 URLs are too many: list at most 5", "8 errors"]);
}

#[test]
fn config_that_cannot_be_read_sends_no_heartbeat() {
    let (url, log) = monitor(Some(OK));
    let s = with(&format!("{url}\nfrob = x"));
    s.run(&[]).fails(78, &["unknown key `frob`"]);
    assert_eq!(lines(&log), [""; 0]);
}
