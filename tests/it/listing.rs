//! Listings that do not end, contradict themselves, or need much memory: none leads to a write, nor to many requests.

use std::fmt::Write as _;

use crate::sandbox::{ADDRESS, STALE, Sandbox};
use fake_gandi::{Answer, Fault, On, Times};

const RECORDS: &str = "/v5/livedns/domains/example.org/records";

/// Returns one RRset of a listing.
fn rrset(name: &str, rrtype: &str, value: &str) -> String {
    format!(r#"{{"rrset_name":"{name}","rrset_type":"{rrtype}","rrset_ttl":600,"rrset_values":["{value}"]}}"#)
}

/// Returns a sandbox with two stale records, so that the zone is read by a listing.
fn two() -> Sandbox {
    let s = Sandbox::new();
    for name in ["home", "www"] {
        s.fake.set("example.org", name, "A", 600, &[STALE]);
    }
    // Under qemu, a listing of 16 MB takes more than the usual minute.
    s.config_with("timeout = 600", "[example.org]\nnames = home www\n");
    s
}

/// Answers the next requests for the listing with these pages: the RRsets, and the link to the next page.
fn pages(s: &Sandbox, times: Times, pages: &[(&str, &str)]) {
    for (body, next) in pages {
        let mut answer = Answer::json(200, &format!("[{body}]"));
        if !next.is_empty() {
            answer = answer
                .header("Link", &format!("<{}>; rel=\"next\"", next.replace("ORIGIN", &s.fake.origin())));
        }
        s.fake.fault(On::route("GET", "/records"), times, Fault::Answer(answer));
    }
}

fn listings(s: &Sandbox) -> usize {
    let is_listing = |target: &str| target.split('?').next() == Some(RECORDS);
    s.fake.requests().iter().filter(|r| is_listing(&r.target)).count()
}

/// Returns the peak memory of a run in kilobytes, and its output.
fn peak(s: &Sandbox) -> (u64, crate::run_output::RunOutput) {
    let mut command = std::process::Command::new("sh");
    let run = s.command();
    let words: Vec<String> = std::iter::once(run.get_program())
        .chain(run.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    // The shell stays, and prints the peak of its child when that has ended: `VmHWM` of the child is gone by then.
    let script = format!(
        "{} -c gandi-ddns.conf & pid=$!; peak=0; \
         while now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null) && [ -n \"$now\" ]; \
         do peak=$now; done; wait $pid; code=$?; echo $peak >peak; exit $code",
        words.join(" ")
    );
    command.args(["-c", &script]).env("HOME", s.path("")).current_dir(s.path(""));
    let ran = s.finish(&mut command);
    let text = std::fs::read_to_string(s.path("peak")).expect("the peak");
    (text.trim().parse().expect("a number"), ran)
}

#[test]
fn listing_in_a_circle_ends_at_once() {
    let home = rrset("home", "A", STALE);
    let www = rrset("www", "A", STALE);
    let page = |n: usize| format!("ORIGIN{RECORDS}?page={n}");
    for (listing, requests) in [
        (vec![(home.as_str(), format!("ORIGIN{RECORDS}"))], 1),
        (vec![(&home, RECORDS.to_owned())], 1),
        (vec![("", page(2))], 1),
        (vec![(&home, page(2)), (&www, page(2))], 2),
        (vec![(&home, page(2)), (&www, page(3)), ("{}", page(2))], 3),
        // The same page by another URL.
        (vec![(&home, page(1)), (&home, format!("ORIGIN{RECORDS}?page=01"))], 2),
        (vec![(&home, page(2)), (&www, page(3)), (&home, page(4))], 3),
        (vec![(&home, page(2)), ("", page(3))], 2),
    ] {
        let s = two();
        let last = rrset("x", "TXT", "\\\"x\\\"");
        let listing: Vec<(&str, &str)> = listing
            .iter()
            .map(|(body, next)| (if *body == "{}" { &last } else { *body }, next.as_str()))
            .collect();
        pages(&s, Times::Once, &listing);
        // Whatever follows is the first page again.
        pages(&s, Times::Always, &listing[..1]);
        let words = ["home.example.org A, www.example.org A: could not read the record", "leads in a circle"];
        s.run(&[]).fails(75, &words);
        assert_eq!((listings(&s), s.count("PUT")), (requests, 0), "{listing:?}");
    }
}

#[test]
fn listing_is_not_followed_to_another_host() {
    for next in [
        "https://127.0.0.9:1/v5/livedns/domains/example.org/records?page=2",
        "//127.0.0.9:1/x",
        "ORIGIN.evil.example/x",
        "ORIGIN@evil.example/x",
        "http://127.0.0.1:1/x",
        "?page=2",
    ] {
        let s = two();
        pages(&s, Times::Always, &[(&rrset("home", "A", STALE), next)]);
        s.run(&[]).fails(75, &["the link to the next page is `"]);
        assert_eq!((listings(&s), s.count("PUT"), s.fake.requests().len()), (1, 0, 3), "{next}");
    }
}

#[test]
fn listing_without_end_is_bounded_in_size() {
    let s = two();
    // Each page is new, and 2 MB long.
    let mut faults = Vec::new();
    for n in 0..12 {
        let body =
            format!("{},{}", rrset(&format!("n{n}"), "A", STALE), rrset("txt", "TXT", &"x".repeat(2 << 20)));
        faults.push((body, format!("{RECORDS}?page={}", n + 2)));
    }
    let listing: Vec<(&str, &str)> =
        faults.iter().map(|(body, next)| (body.as_str(), next.as_str())).collect();
    pages(&s, Times::Once, &listing);
    let (kilobytes, ran) = peak(&s);
    ran.fails(75, &["longer than "]);
    assert_eq!((listings(&s), s.count("PUT")), (8, 0));
    assert!(kilobytes < 40_000 || crate::sandbox::is_emulated(), "{kilobytes} KB");
}

#[test]
fn listing_of_three_hundred_pages_is_read() {
    let s = two();
    let mut faults = Vec::new();
    for n in 0..300 {
        faults.push((rrset(&format!("n{n}"), "MX", "10 mail"), format!("{RECORDS}?page={}", n + 2)));
    }
    faults.push((format!("{},{}", rrset("home", "A", STALE), rrset("www", "A", ADDRESS)), String::new()));
    let listing: Vec<(&str, &str)> =
        faults.iter().map(|(body, next)| (body.as_str(), next.as_str())).collect();
    pages(&s, Times::Once, &listing);
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    assert_eq!(listings(&s), 301);
}

#[test]
fn nested_or_many_values_cost_little_memory() {
    let many = |item: &str, separator: &str| {
        let mut text = item.to_owned();
        for _ in 0..(3 << 20) / (item.len() + separator.len()) {
            write!(text, "{separator}{item}").expect("memory");
        }
        text
    };
    let record = |value: &str| {
        format!(
            r#"{{"rrset_name":"home","rrset_type":"A","rrset_ttl":600,"x":{value},"rrset_values":["{STALE}"]}}"#
        )
    };
    for body in [
        many("[", ""),
        format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20)),
        many("{\"rrset_name\":", ""),
        record(&many("[", "")),
        record(&many("{\"a\":", "")),
        format!(
            r#"{{"rrset_name":"home","rrset_type":"A","rrset_ttl":600,"rrset_values":[{}]}}"#,
            many("\"\"", ",")
        ),
    ] {
        let s = two();
        s.fake.fault(
            On::route("GET", "/records"),
            Times::Always,
            Fault::Answer(Answer::json(200, &format!("[{body}]"))),
        );
        let (kilobytes, ran) = peak(&s);
        ran.fails(75, &["could not read the record", "is not a list of records"]);
        assert_eq!(s.count("PUT"), 0);
        assert!(kilobytes < 30_000 || crate::sandbox::is_emulated(), "{kilobytes} KB: {}", &body[..40]);
    }
}

#[test]
fn nested_json_in_any_other_response_is_no_result() {
    let nested = |levels: usize| {
        format!(
            r#"{{"current":"livedns","object":"dns-record","expires_in":9,"x":{}1{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    for (path, status, code) in [
        ("/tokeninfo", 200, 0),
        ("/v5/domain/", 200, 0),
        ("/home/A", 404, 78),
        ("/home/A", 500, 75),
        ("/home/A", 200, 75),
    ] {
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
        s.fake.fault(On::path(path), Times::Always, Fault::Answer(Answer::json(status, &nested(30_000))));
        let ran = s.run(&[]);
        assert_eq!((ran.code, s.count("PUT")), (Some(code), 0), "{path} {status}\n{ran}");
    }
}

#[test]
fn total_count_that_lies_has_no_effect() {
    for count in ["0", "1", "99999999999999999999", "-1", "x"] {
        let s = two();
        let body = format!("[{},{}]", rrset("home", "A", STALE), rrset("www", "A", ADDRESS));
        let answer = Answer::json(200, &body).header("Total-Count", count);
        s.fake.fault(On::route("GET", "/records"), Times::Once, Fault::Answer(answer));
        s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    }
}

#[test]
fn record_that_a_listing_contradicts_is_read_alone() {
    let (right, wrong) = (rrset("home", "A", ADDRESS), rrset("home", "A", "81.2.69.9"));
    let www = rrset("www", "A", ADDRESS);
    let next = format!("{RECORDS}?page=2");
    let damaged = rrset("home", "A", "x");
    for (first, second, reads) in
        [(&right, &wrong, 1), (&wrong, &right, 1), (&damaged, &right, 1), (&right, &right, 0)]
    {
        let s = Sandbox::new();
        s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
        s.config("names = home www\n");
        pages(&s, Times::Once, &[(&format!("{first},{www}"), &next), (second, "")]);
        s.run(&[]).is(0, "");
        assert_eq!((s.count("GET"), s.count("PUT")), (2 + reads, 0), "{first} {second}");
    }
}

#[test]
fn object_with_a_repeated_key_changes_nothing() {
    let twice = format!(
        r#"{{"rrset_name":"home","rrset_type":"A","rrset_ttl":600,"rrset_values":["{STALE}"],"rrset_values":["{ADDRESS}"]}}"#
    );
    let escaped = twice.replacen("rrset_values", "rrset\\u005fvalues", 1);
    for body in [&twice, &escaped] {
        let s = two();
        pages(&s, Times::Always, &[(body, "")]);
        s.run(&[]).fails(75, &["is not a list of records"]);
        s.config("names = home\n");
        s.fake.clear_faults();
        s.fake.fault(On::path("/home"), Times::Always, Fault::Answer(Answer::json(200, body)));
        s.run(&["--force"]).fails(75, &["is not a record"]);
        assert_eq!(s.count("PUT"), 0);
    }
    let s = Sandbox::new();
    let absent = r#"{"object":"HTTPNotFound","object":"dns-record","message":"x"}"#;
    s.fake.fault(On::path("/home"), Times::Always, Fault::Answer(Answer::json(404, absent)));
    s.run(&[]).fails(78, &["could not read the record", "404"]);
    assert_eq!(s.count("PUT"), 0);
}
