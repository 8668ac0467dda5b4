//! Gandi's possible responses and faults: each leads to a clear message and the right exit code, never to a wrong
//! write.

use std::time::{Duration, Instant};

use crate::sandbox::{API_KEY, STALE, Sandbox, stale};
use fake_gandi::{Answer, AtAccept, Fault, Framing, On, Setup, Times};

/// Runs with this fault in every GET. The run fails with this exit code and these words, and writes nothing.
#[track_caller]
fn reading(fault: Fault, code: i32, words: &[&str]) {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Always, fault);
    let mut all = vec!["home.example.org A: could not read the record: "];
    all.extend(words);
    s.run(&[]).fails(code, &all);
    assert_eq!((s.count("PUT"), s.zone("home", "A")), (0, format!("600 {STALE}")));
}

#[test]
fn refused_credential_is_explained() {
    let s = stale();
    s.fake.revoke_all();
    s.run(&[]).fails(
        77,
        &[
            "refused the token from token_file token (403)",
            "expired",
            "Manage domain name technical configurations",
            "admin.gandi.net",
        ],
    );
    s.write("key", API_KEY);
    s.raw_config(&format!(
        "{}\n[example.org]\nnames = home\n",
        s.head().replace("token_file = token", "api_key_file = key")
    ));
    s.run(&[])
        .fails(77, &["refused the API key from api_key_file key (401)", "create a token at admin.gandi.net"]);
    s.fake.accept_apikey(API_KEY);
    s.run(&["--force"]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn response_401_exits_77() {
    let body = r#"{"message":"You must provide an access token or an API Key."}"#;
    reading(Fault::Answer(Answer::json(401, body)), 77, &["refused the token from token_file token (401)"]);
}

#[test]
fn each_kind_of_404_has_its_own_message() {
    let s = stale();
    s.config_with("", "[example.net]\nnames = @\n");
    s.run(&[]).fails(
        78,
        &["example.net A: could not read the record", "does not find the domain example.net (404)"],
    );
    s.fake.add_domain_without_zone("example.com");
    s.config_with("", "[example.com]\nnames = @\n");
    s.run(&[]).fails(78, &["no LiveDNS zone for example.com", "nameservers"]);
    reading(Fault::Answer(Answer::html(404, "<pre>Cannot GET /v5/</pre>")), 78, &["404", "check `api`"]);
    let other = r#"{"code": 404, "message": "x", "object": "something-else", "cause": "Not Found"}"#;
    reading(Fault::Answer(Answer::json(404, other)), 78, &["404", "check `api`"]);
}

#[test]
fn wrong_api_url_is_reported() {
    let mut s = stale();
    s.violations_expected = true;
    s.raw_config(&format!("{}\n[example.org]\nnames = home\n", s.head().replace("/v5/livedns", "/v5/wrong")));
    s.run(&[]).fails(78, &["404", "check `api`"]);
}

#[test]
fn errors_of_a_400_are_printed() {
    let s = Sandbox::new();
    // The program accepts this TTL; Gandi's limits may change.
    let body = r#"{"status": "error", "errors": [{"location": "body", "name": "rrset_ttl", "description": "300 is less than minimum value 600"}]}"#;
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(400, body)));
    s.run(&[]).fails(78, &["could not change the record", "rrset_ttl: 300 is less than minimum value 600"]);
    assert_eq!(s.zone("home", "A"), "");
}

#[test]
fn message_of_a_409_is_printed() {
    let s = Sandbox::new();
    let body = r#"{"code":409,"message":"A CNAME already exists","object":"HTTPConflict","cause":"Duplicate Entry"}"#;
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(409, body)));
    s.run(&[]).fails(78, &["could not change the record", "409", "A CNAME already exists"]);
}

#[test]
fn retry_after_is_honoured_within_the_deadline() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::too_many_requests("1"));
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    // One of them looks for a delegation of the name.
    assert_eq!(s.count("GET"), 3);
    reading(
        Fault::too_many_requests("3600"),
        75,
        &["rate limit of 127.0.0.1 exceeded, retry after 3600 s (429)"],
    );
    reading(Fault::too_many_requests("soon"), 75, &["rate limit of 127.0.0.1 exceeded (429)"]);
}

#[test]
fn request_is_repeated_once_after_a_gateway_error() {
    for status in [502, 503, 504] {
        let s = stale();
        for method in ["GET", "PUT"] {
            s.fake.fault(On::method(method), Times::Once, Fault::Answer(Answer::html(status, "<html>")));
        }
        s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
        assert_eq!((s.count("GET"), s.count("PUT")), (3, 2));
    }
}

#[test]
fn unexpected_status_is_reported() {
    reading(Fault::Answer(Answer::html(503, "<html>x</html>")), 75, &["server error (503): an HTML page"]);
    reading(Fault::Answer(Answer::json(500, r#"{"message":"oops"}"#)), 75, &["server error (500): oops"]);
    reading(Fault::Answer(Answer::json(418, "{}")), 75, &["unexpected status 418"]);
    reading(Fault::Redirect("https://127.0.0.1:1/".to_owned()), 75, &["unexpected status 302"]);
}

#[test]
fn damaged_record_response_changes_nothing() {
    reading(Fault::Truncate, 75, &["closed the connection before its response was complete"]);
    reading(Fault::flood(), 75, &["longer than 65536 bytes"]);
    reading(Fault::Garbage, 75, &["is not a record"]);
    reading(Fault::ContentType("text/html".to_owned()), 75, &["of type `text/html`"]);
    reading(Fault::BigHeaders(100_000), 75, &["127.0.0.1"]);
    reading(Fault::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), 75, &["127.0.0.1"]);
    for body in ["", "null", "[]", "{}", "{\"rrset_values\":[\"81.2.69.1\"]}", "\u{0}"] {
        reading(Fault::Answer(Answer::json(200, body)), 75, &["is not a record"]);
    }
    let other = r#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"www","rrset_values":["81.2.69.1"]}"#;
    reading(Fault::Answer(Answer::json(200, other)), 75, &["the record `www A`"]);
    let words = r#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"home","rrset_values":["<script>"]}"#;
    reading(Fault::Answer(Answer::json(200, words)), 75, &["the value `<script>`"]);
}

#[test]
fn damaged_listing_changes_nothing() {
    for fault in [
        Fault::Truncate,
        Fault::Garbage,
        Fault::ContentType("text/plain".to_owned()),
        Fault::Flood { bytes: 8 << 20, framing: Framing::Chunked },
        Fault::Answer(Answer::json(200, r#"{"object":"x"}"#)),
        Fault::Answer(Answer::json(403, "{}")),
        Fault::Answer(Answer::json(200, "[]").header("Link", "<https://127.0.0.9:1/x>; rel=\"next\"")),
    ] {
        let s = stale();
        s.config("names = home www\n");
        s.fake.fault(On::method("GET"), Times::Always, fault.clone());
        let ran = s.run(&[]);
        assert!(matches!(ran.code, Some(75 | 77)), "{fault:?}: {ran:?}");
        ran.says(&["home.example.org A, www.example.org A: could not read the record"]);
        assert_eq!(s.count("PUT"), 0, "{fault:?}");
    }
}

#[test]
fn request_is_repeated_once_after_a_lost_connection() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::DropBefore);
    s.fake.fault(On::method("PUT"), Times::Once, Fault::DropAfter);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!((s.count("GET"), s.count("PUT")), (3, 2));
}

#[test]
fn lost_put_is_repaired_by_the_next_run() {
    for (fault, held) in [(Fault::DropBefore, STALE), (Fault::DropAfter, "81.2.69.142")] {
        let s = stale();
        s.fake.fault(On::method("PUT"), Times::Always, fault);
        s.run(&[]).fails(75, &["could not confirm the change", "closed the connection"]);
        assert_eq!(s.zone("home", "A"), format!("600 {held}"));
        s.fake.clear_faults();
        s.run(&[]).exits(0);
        assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
    }
}

#[test]
fn refused_connection_is_reported() {
    let s = stale();
    s.fake.refuse();
    s.run(&[]).fails(75, &["could not read the record: could not connect to 127.0.0.1", "refused"]);
}

#[test]
fn hanging_or_slow_response_ends_by_the_deadline() {
    let drip = Duration::from_secs(1);
    for fault in [Fault::Hang, Fault::Drip(drip), Fault::DripSocket(drip), Fault::Stall] {
        for method in ["GET", "PUT"] {
            let s = stale();
            s.config_with("timeout = 3", "[example.org]\nnames = home\n");
            s.fake.fault(On::method(method), Times::Always, fault.clone());
            let started = Instant::now();
            let ran = s.run(&[]);
            // Well above the 3 s for the run, and well below the 15 s for one response.
            assert!(started.elapsed() < Duration::from_secs(10), "the deadline was not kept");
            ran.fails(75, &["the time limit of the run was reached"]);
            ran.says(&[if method == "GET" { "could not read" } else { "could not confirm" }]);
        }
    }
}

#[test]
fn hanging_or_slow_handshake_ends_by_the_deadline() {
    for at in [AtAccept::Hang, AtAccept::Drip(Duration::from_secs(1)), AtAccept::Close] {
        let s = stale();
        s.config_with("timeout = 3", "[example.org]\nnames = home\n");
        s.fake.fault_at_accept(Times::Always, at);
        s.run(&[]).fails(75, &["could not read the record"]);
        assert_eq!(s.count("GET"), 0);
    }
}

#[test]
fn connection_closed_between_two_requests_is_reopened() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::ThenClose);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn plain_http_is_refused_except_on_loopback() {
    let s = Sandbox::with(Setup { tls: fake_gandi::Tls::None, ..Setup::default() });
    s.run(&[]).is(0, "home.example.org A: created: 81.2.69.142 (TTL 300)\n");
    s.raw_config("api = http://api.gandi.net/v5/livedns\ntoken_file = token\n[example.org]\nnames = home\n");
    s.run(&[]).fails(78, &["gandi-ddns.conf:1: `api`", "https://"]);
}

#[test]
fn token_in_a_response_is_not_printed() {
    // Each run is checked for the token; see `run_output::wait`.
    let token = crate::sandbox::TOKEN;
    for answer in [
        Answer::json(500, &format!(r#"{{"message":"Bearer {token}"}}"#)),
        Answer::json(200, &format!("\"{token}\"")),
        Answer::typed(200, token, "x"),
        Answer::json(400, &format!(r#"{{"errors":[{{"name":"{token}","description":"{token}"}}]}}"#)),
        Answer::json(
            200,
            &format!(r#"{{"rrset_type":"A","rrset_ttl":1,"rrset_name":"{token}","rrset_values":[]}}"#),
        ),
    ] {
        let s = stale();
        s.fake.fault(On::any(), Times::Always, Fault::Answer(answer));
        assert!(s.run(&["-v"]).code.is_some_and(|c| c != 0));
    }
}

#[test]
fn incomplete_listing_overwrites_no_record() {
    for (body, link) in [
        ("[]", ""),
        ("[]", "</v5/livedns/domains/example.org/records?page=2>; rel='next'"),
        ("[]", "</v5/livedns/domains/example.org/records?a=1,2&page=2>; rel=\"next\""),
    ] {
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", 10800, &[STALE, "81.2.69.2"]);
        s.config("names = home www\n");
        let listing = Answer::json(200, body).header("Link", link);
        s.fake.fault(On::route("GET", "/records"), Times::Once, Fault::Answer(listing));
        let ran = s.run(&[]);
        assert!(ran.code.is_some_and(|c| c != 0), "{ran:?}");
        assert_eq!(s.zone("home", "A"), format!("10800 {STALE} 81.2.69.2"));
    }
}

#[test]
fn put_answered_with_an_html_page_is_unconfirmed() {
    let s = stale();
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::html(200, "<html>portal</html>")));
    s.run(&[]).fails(75, &["could not confirm the change", "an HTML page of type `text/html`"]);
    s.fake.clear_faults();
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
}

#[test]
fn lost_put_stays_unconfirmed_when_the_repeated_one_fails() {
    let s = stale();
    s.fake.fault(On::method("PUT"), Times::Once, Fault::DropAfter);
    s.fake.fault(On::method("PUT"), Times::Always, Fault::too_many_requests("3600"));
    s.run(&[]).fails(75, &["could not confirm the change", "429"]);
}

#[test]
fn status_429_stops_all_further_requests() {
    let s = Sandbox::new();
    for name in ["one", "two", "three"] {
        s.fake.set("example.org", name, "A", 600, &[STALE]);
    }
    s.config("names = one two three\n");
    s.fake.fault(On::method("PUT"), Times::Always, Fault::too_many_requests("18446744073709551615"));
    s.run(&[])
        .fails(75, &["one.example.org A, two.example.org A, three.example.org A: could not change", "429"]);
    assert_eq!(s.count("PUT"), 1);
}

#[test]
fn message_of_a_server_is_truncated_and_cleaned() {
    let s = stale();
    let body = format!(r#"{{"message":"a\u001b[31m\n{}"}}"#, "x".repeat(20_000));
    s.fake.fault(On::method("GET"), Times::Always, Fault::Answer(Answer::json(500, &body)));
    let ran = s.run(&[]);
    ran.fails(75, &["(500): a [31m x"]);
    assert!(ran.stderr.len() < 400 && !ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}

#[test]
fn part_of_a_token_in_a_response_is_not_printed() {
    let token = crate::sandbox::TOKEN;
    for before in [0, 60, 70, 190, 195] {
        let s = stale();
        let body = format!("\"{}{token}\"", "x".repeat(before));
        s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::json(200, &body)));
        let ran = s.run(&["-v"]);
        assert!(!ran.stderr.contains(&token[..8]), "{}", ran.stderr);
    }
}

#[test]
fn response_of_gandi_that_may_be_cut_off_is_refused() {
    let body = r#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"home","rrset_values":["81.2.69.142"]}"#;
    let raw = |status: &str, body: &str| {
        let head = "Content-Type: application/json\r\nConnection: close\r\n\r\n";
        Fault::Raw(format!("HTTP/1.1 {status}\r\n{head}{body}").into_bytes())
    };
    reading(raw("200 OK", body), 75, &["invalid HTTP response from 127.0.0.1", "may be cut off"]);
    let absent = r#"{"code": 404, "message": "x", "object": "dns-record", "cause": "Not Found"}"#;
    reading(raw("404 Not Found", absent), 75, &["may be cut off"]);
    // The status alone tells enough.
    reading(raw("401 Unauthorized", ""), 77, &["refused the token from token_file token (401)"]);
    reading(raw("429 Too Many Requests", ""), 75, &["rate limit of 127.0.0.1 exceeded (429)"]);
    reading(raw("500 Internal Server Error", "oops"), 75, &["server error (500)"]);
    let s = stale();
    s.fake.fault(On::method("PUT"), Times::Always, raw("201 Created", "{}"));
    s.run(&[]).fails(75, &["could not confirm the change", "may be cut off"]);
    // Without a body there is nothing to be cut off.
    for (status, body) in [("204 No Content", ""), ("201 Created\r\nContent-Length: 0", "")] {
        let s = stale();
        s.fake.fault(On::method("PUT"), Times::Always, raw(status, body));
        s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    }
}

#[test]
fn response_after_18_seconds_is_accepted() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Delay(Duration::from_secs(18)));
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!((s.count("GET"), s.count("PUT")), (2, 1));
}

#[test]
fn put_on_a_connection_that_was_never_made_is_not_called_unconfirmed() {
    for at in [AtAccept::Close, AtAccept::Hang] {
        let s = stale();
        s.config_with("timeout = 8", "[example.org]\nnames = home\n");
        // `Connection: close`: the PUT is not sent on this connection, where its loss could not be told from a failure.
        let body = format!(
            r#"[{{"rrset_name":"home","rrset_type":"A","rrset_ttl":600,"rrset_values":["{STALE}"]}}]"#
        );
        let raw = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        s.fake.fault(On::route("GET", "/home/A"), Times::Once, Fault::Pass);
        s.fake.fault(On::method("GET"), Times::Once, Fault::Raw(raw.into_bytes()));
        // The first connection is for the GETs.
        s.fake.before_answer({
            let fake = s.fake.faults_at_accept();
            move |request, _| {
                if request.method == "GET" && request.listener == "livedns" {
                    fake(Times::Always, at);
                }
            }
        });
        s.run(&[]).fails(75, &["could not change the record: "]);
        assert_eq!((s.count("PUT"), s.zone("home", "A")), (0, format!("600 {STALE}")));
    }
}
