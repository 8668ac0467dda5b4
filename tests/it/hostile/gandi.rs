//! Gandi, or whatever answers in its place: the answers to a read, to a write, to the question about the token, and the
//! pages of a listing.

use super::{FINITE, each, endless, is_late, judge, run, sample, trap};
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use fake_gandi::hostile::{Good, Reaction, Row, Step, http_rows, json_rows};
use fake_gandi::{Answer, Fault, On, Times};

const JSON: &str = "application/json; charset=UTF-8";
const RECORD: &str = r#"{"rrset_name":"home","rrset_type":"A","rrset_ttl":600,"rrset_values":["81.2.69.1"],"rrset_href":"https://x/"}"#;
const WRITTEN: &str = r#"{"message":"DNS Record Created"}"#;
const TOKEN_INFO: &str = r#"{"pat_name":"home","scope":["domain:tech"],"entities":[],"expires_in":17280000}"#;

/// Returns a good response of Gandi. What is smuggled in behind it refuses the token.
fn good(status: &str, body: &str, trap: u16) -> Good {
    Good {
        status: status.to_owned(),
        content_type: JSON.to_owned(),
        body: body.to_owned(),
        smuggled: "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            .to_owned(),
        trap: format!("127.0.0.1:{trap}"),
    }
}

/// Returns a sandbox with a stale record and this timeout.
fn with_timeout(seconds: u64) -> Sandbox {
    let s = stale();
    s.config_with(&format!("timeout = {seconds}"), "[example.org]\nnames = home\n");
    s
}

/// Plays a row as the answer to these requests.
fn play(on: &On, row: &Row, reaction: Reaction) -> (Sandbox, RunOutput, Vec<String>) {
    let seconds = if row.is_endless() { endless() } else { FINITE };
    let s = with_timeout(seconds);
    s.fake.fault(on.clone(), Times::Always, Fault::Steps(row.steps.clone()));
    let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
    problems.extend(judge(&s, &row.name, reaction, &ran));
    (s, ran, problems)
}

#[test]
fn hostile_answer_to_a_read_changes_nothing() {
    let trap = trap();
    let rows = sample(http_rows(&good("200 OK", RECORD, trap.port())), 1);
    each(&rows, |row| {
        let (s, ran, mut problems) = play(&On::route("GET", "/home/A"), row, row.reaction);
        if ran.code != Some(0) && s.count("PUT") > 0 {
            problems.push(format!("{}: a write after an answer that was refused\n{ran}", row.name));
        }
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn hostile_answer_to_a_write_is_an_error_or_success() {
    let trap = trap();
    let rows = sample(http_rows(&good("201 Created", WRITTEN, trap.port())), 2);
    each(&rows, |row| {
        let reaction = if row.reaction == Reaction::OffTopic { Reaction::Either } else { row.reaction };
        let (s, ran, mut problems) = play(&On::method("PUT"), row, reaction);
        if ran.code == Some(0) && s.zone("home", "A") != format!("600 {ADDRESS}") {
            problems.push(format!("{}: the write was not sent\n{ran}", row.name));
        }
        if s.count("PUT") > 2 {
            problems.push(format!("{}: {} writes", row.name, s.count("PUT")));
        }
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn hostile_answer_about_the_token_does_not_fail_the_run() {
    let trap = trap();
    let mut rows = sample(http_rows(&good("200 OK", TOKEN_INFO, trap.port())), 4);
    for (name, reaction, body) in sample(json_rows(TOKEN_INFO, "17280000"), 1) {
        rows.push(Row { name, reaction, steps: json(&body) });
    }
    each(&rows, |row| {
        // An answer without an end takes the rest of the time: the record needs some before.
        let seconds = if row.is_endless() { 4 * endless() } else { FINITE };
        let s = with_timeout(seconds);
        s.fake.fault(On::path("/tokeninfo"), Times::Always, Fault::Steps(row.steps.clone()));
        let (ran, mut problems) = run(&s, &row.name, seconds, &[]);
        if is_late(&ran) {
            return problems;
        }
        problems.extend(judge(&s, &row.name, Reaction::Taken, &ran));
        // The state that it leaves can be read.
        if row.name.starts_with("the number") {
            let (ran, found) = run(&s, &row.name, seconds, &["-v"]);
            problems.extend(found);
            problems.extend(judge(&s, &row.name, Reaction::Taken, &ran));
        }
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

/// Returns the steps of a response of status 200 with this JSON.
fn json(body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: {}\r\n\r\n", body.len());
    vec![Step::Send([head.as_bytes(), body].concat()), Step::KeepAlive]
}

#[test]
fn hostile_json_of_a_record_leads_to_no_wrong_write() {
    let values = |values: &str| (RECORD.replace(r#"["81.2.69.1"]"#, values), Reaction::Either);
    let mut rows: Vec<Row> = sample(json_rows(RECORD, "600"), 1)
        .into_iter()
        .map(|(name, reaction, body)| Row { name, reaction, steps: json(&body) })
        .collect();
    for (name, (body, reaction)) in [
        ("no values", values("[]")),
        ("5,000 values", values(&format!("[{}\"81.2.69.1\"]", "\"81.2.69.1\",".repeat(4999)))),
        ("20,000 empty values", values(&format!("[{}\"\"]", "\"\",".repeat(19_999)))),
        ("a value with ESC", values(r#"["\u001b[2J\u202e\u0007\n81.2.69.1"]"#)),
        ("a value of 60 kB", values(&format!("[\"{}\"]", "8".repeat(60_000)))),
        ("a value with a NUL", values(r#"["81.2.69.1\u0000"]"#)),
        ("a value as an object", values(r#"[{"81.2.69.1":1}]"#)),
        ("values as an object", values(r#"{"0":"81.2.69.1"}"#)),
        ("null", values("null")),
        ("another name", (RECORD.replace("home", "www"), Reaction::Refused)),
        ("another type", (RECORD.replace("\"A\"", "\"CNAME\""), Reaction::Refused)),
        ("a name with ESC", (RECORD.replace("home", "\\u001b[31m"), Reaction::Refused)),
    ] {
        rows.push(Row { name: name.to_owned(), reaction, steps: json(body.as_bytes()) });
    }
    each(&rows, |row| play(&On::route("GET", "/home/A"), row, row.reaction).2);
}

#[test]
fn hostile_error_is_one_clean_line() {
    let mut rows = Vec::new();
    let error = r#"{"code": 404, "message": "600", "object": "x", "cause": "Not Found"}"#;
    let statuses = [400, 404, 409, 500];
    for (n, (name, _, body)) in sample(json_rows(error, "404"), 1).into_iter().enumerate() {
        let status = statuses[n % 4];
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Type: {JSON}\r\nContent-Length: {}\r\n\r\n", body.len());
        let steps = vec![Step::Send([head.as_bytes(), &body].concat()), Step::KeepAlive];
        rows.push(Row { name: format!("{status}: {name}"), reaction: Reaction::Refused, steps });
    }
    each(&rows, |row| {
        play(&On::method(if row.name.len() % 2 == 0 { "GET" } else { "PUT" }), row, row.reaction).2
    });
}

/// A page of a listing with the two names of the config.
fn page(link: &str) -> Fault {
    let body = format!("[{RECORD},{}]", RECORD.replace("home", "www").replace(STALE, ADDRESS));
    let answer = Answer::json(200, &body);
    Fault::Answer(if link.is_empty() { answer } else { answer.header("Link", link) })
}

/// Returns a sandbox in which a listing is worth reading.
fn two_names() -> Sandbox {
    let s = stale();
    s.fake.set("example.org", "www", "A", 600, &[ADDRESS]);
    let seconds = FINITE;
    s.config_with(&format!("timeout = {seconds}"), "[example.org]\nnames = home www\n");
    s
}

#[test]
fn next_page_of_a_listing_leads_nowhere_else() {
    let trap = trap();
    let host = format!("127.0.0.1:{}", trap.port());
    let links: Vec<String> = [
        "<https://HOST/v5/livedns/domains/example.org/records?page=2>; rel=\"next\"",
        "<http://HOST/>; rel=next",
        "<//HOST/>; rel=\"next\"",
        "<https:\\\\HOST\\>; rel=\"next\"",
        "<API@HOST/>; rel=\"next\"",
        "<API.HOST/>; rel=\"next\"",
        "<API/../../@HOST>; rel=\"next\"",
        "<file:///etc/passwd>; rel=\"next\"",
        "<>; rel=\"next\"",
        "<\u{1b}[31m>; rel=\"next\"",
        "<API/domains/example.org/records?page=2; rel=\"next\"",
        "rel=\"next\"; <API/domains/example.org/records>",
        "next next next",
    ]
    .iter()
    .map(|link| link.replace("HOST", &host))
    .collect();
    each(&links, |link| {
        let mut s = two_names();
        // A path of the same host that Gandi does not have.
        s.violations_expected = true;
        let link = link.replace("API", &s.fake.api());
        s.fake.fault(On::route("GET", "/records?"), Times::Always, Fault::Answer(Answer::json(404, "{}")));
        s.fake.fault(On::route("GET", "/records"), Times::Always, page(&link));
        let (ran, mut problems) = run(&s, &link, FINITE, &[]);
        problems.extend(judge(&s, &link, Reaction::Either, &ran));
        let requests = s.fake.requests();
        let elsewhere =
            requests.iter().any(|r| r.listener == "livedns" && !r.target.starts_with("/v5/livedns"));
        if elsewhere {
            problems.push(format!("{link}: a request to another path\n{ran}"));
        }
        problems
    });
    assert_eq!(trap.connections(), 0, "connections to another host");
}

#[test]
fn pages_in_a_circle_end() {
    let circles: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("a page that leads to itself", vec![("/records", "")]),
        ("a page that leads to itself with a query", vec![("?page=2", "?page=2"), ("/records", "?page=2")]),
        ("two pages", vec![("?page=2", "?page=3"), ("?page=3", "?page=2"), ("/records", "?page=2")]),
        (
            "three pages",
            vec![
                ("?page=2", "?page=3"),
                ("?page=3", "?page=4"),
                ("?page=4", "?page=2"),
                ("/records", "?page=2"),
            ],
        ),
    ];
    each(&circles, |(name, pages)| {
        let s = two_names();
        for (part, next) in pages {
            let link = format!("<{}/domains/example.org/records{next}>; rel=\"next\"", s.fake.api());
            s.fake.fault(On::route("GET", part), Times::Always, page(&link));
        }
        let (ran, mut problems) = run(&s, name, FINITE, &[]);
        problems.extend(judge(&s, name, Reaction::Refused, &ran));
        if s.count("GET") > 8 {
            problems.push(format!("{name}: {} requests\n{ran}", s.count("GET")));
        }
        problems
    });
}

#[test]
fn hostile_listing_costs_little_and_changes_nothing() {
    let mb = 1 << 20;
    let fill = |part: &str, size: usize| part.repeat(size / part.len());
    let mut rows: Vec<(String, String)> = vec![
        ("4 MB of arrays".to_owned(), fill("[", 4 * mb - 9)),
        ("4 MB of objects".to_owned(), format!("[{}", fill("{\"a\":", 4 * mb - 9))),
        (
            "4 MB of empty values".to_owned(),
            format!("[{}", RECORD.replace("[\"81", &format!("[{}\"81", fill("\"\",", 4 * mb - 999)))) + "]",
        ),
        ("4 MB of numbers".to_owned(), format!("[{}0]", fill("0,", 4 * mb - 99))),
        ("4 MB of empty lists".to_owned(), format!("[{}[]]", fill("[],", 4 * mb - 99))),
        (
            "4 MB of an unknown key".to_owned(),
            format!("[{{\"x\":[{}0],{}]", fill("0,", 4 * mb - 999), &RECORD[1..]),
        ),
        (
            "4 MB of unknown objects".to_owned(),
            format!("[{{\"x\":[{}{{}}],{}]", fill("{},", 4 * mb - 999), &RECORD[1..]),
        ),
        ("4 MB of one string".to_owned(), format!("[\"{}\"]", fill("x", 4 * mb - 99))),
        ("8 MB of spaces".to_owned(), format!("[{}]", fill(" ", 8 * mb))),
    ];
    for (name, _, body) in sample(json_rows(RECORD, "600"), 3) {
        // Only texts that are UTF-8: the fake's answers are text.
        if let Ok(text) = String::from_utf8(body) {
            rows.push((format!("in a list: {name}"), format!("[{text}]")));
        }
    }
    each(&rows, |(name, body)| {
        let s = two_names();
        s.fake.fault(On::route("GET", "/records"), Times::Once, Fault::Answer(Answer::json(200, body)));
        let (ran, mut problems) = run(&s, name, FINITE, &[]);
        problems.extend(judge(&s, name, Reaction::Either, &ran));
        problems
    });
}

#[test]
fn absurd_retry_after_does_not_outlast_the_fault() {
    let rows = http_rows(&good("200 OK", RECORD, 1));
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.name.contains("retry after")).collect();
    assert!(rows.len() > 20, "the rows have other names");
    each(&rows, |row| {
        let (s, _, mut problems) = play(&On::method("GET"), row, row.reaction);
        let (_, found) = run(&s, &row.name, FINITE, &[]);
        problems.extend(found);
        s.fake.clear_faults();
        // The longest backoff is an hour.
        s.age(3600);
        let (ran, found) = run(&s, &row.name, FINITE, &[]);
        problems.extend(found);
        problems.extend(judge(&s, &row.name, Reaction::Taken, &ran));
        problems
    });
}
