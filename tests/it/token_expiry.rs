//! The expiry of the token: the daily query, and the warnings.

use crate::in_process::{is_alone, run_in_process};
use crate::sandbox::{API_KEY, Sandbox, TOKEN};
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;

/// Returns the number of requests to `tokeninfo`.
fn asked(s: &Sandbox) -> usize {
    s.fake.requests().iter().filter(|r| r.listener == "id").count()
}

fn left(days: u64) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set_left(TOKEN, days * DAY + 100);
    s
}

#[test]
fn expiry_is_queried_once_a_day() {
    let s = left(100);
    s.run(&[]).exits(0);
    assert_eq!(asked(&s), 1);
    s.run(&[]).is(0, "");
    s.age(DAY - 60);
    s.run(&[]).is(0, "");
    assert_eq!(asked(&s), 1);
    s.age(60);
    s.run(&[]).is(0, "");
    assert_eq!(asked(&s), 2);
}

#[test]
fn expiry_warning_is_daily_from_30_days_on() {
    for (days, warned) in [(31, false), (29, true), (8, true), (6, true), (1, true), (0, true)] {
        let s = left(days);
        let warns = |s: &Sandbox| {
            let ran = s.run(&[]);
            assert_eq!(ran.code, Some(0), "{days} days: {ran:?}");
            if !ran.stderr.is_empty() {
                let when = match days {
                    0 => "within a day".to_owned(),
                    1 => "in 1 day".to_owned(),
                    _ => format!("in {days} days"),
                };
                ran.says(&[
                    "warning: the token expires on 20",
                    &when,
                    "create a token at admin.gandi.net",
                    "replace the old one in token; after that, updates fail",
                ]);
                assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
            }
            !ran.stderr.is_empty()
        };
        assert_eq!((warns(&s), warns(&s)), (warned, false), "{days} days");
        s.age(DAY);
        assert_eq!(warns(&s), warned, "{days} days, a day later");
    }
}

#[test]
fn warnings_over_the_last_month_follow_the_schedule() {
    if !is_alone("token_expiry::warnings_over_the_last_month_follow_the_schedule") {
        return;
    }
    let s = left(0);
    let start = 1_800_000_000;
    let mut warned = Vec::new();
    for day in 0..=31 {
        s.fake.set_left(TOKEN, (31 - day) * DAY);
        let runs = [0, DAY / 2].map(|later| {
            let ran = run_in_process(&s, &["-4"], &|| start + day * DAY + later, &|_| {}, day);
            ran.exits(0);
            ran.stderr.matches("warning: the token expire").count()
        });
        warned.push((31 - day, runs));
    }
    for (left, runs) in warned {
        let wanted = match left {
            31 => [0, 0],
            // `within a day` is news.
            1 => [1, 1],
            _ => [1, 0],
        };
        assert_eq!(runs, wanted, "{left} days left");
    }
}

#[test]
fn expiry_is_not_queried_for_dry_runs_api_keys_and_refused_tokens() {
    let s = left(5);
    s.run(&["--dry-run"]).is(0, "home.example.org A: would be created: 81.2.69.142 (TTL 300)\n");
    s.write("key", API_KEY);
    s.raw_config(&format!(
        "{}[example.org]\nnames = home\n",
        s.head().replace("token_file = token", "api_key_file = key")
    ));
    s.run(&[]).exits(0);
    s.fake.revoke_all();
    s.config("names = www\n");
    s.run(&[]).exits(77);
    assert_eq!(asked(&s), 0);
}

#[test]
fn useless_tokeninfo_response_is_ignored() {
    for fault in [
        Fault::Answer(Answer::html(500, "<p>no")),
        Fault::Answer(Answer::json(200, "{\"expires_in\":\"soon\"}")),
        Fault::Answer(Answer::json(200, "{\"expires_in\":-5}")),
        Fault::DropBefore,
        Fault::Truncate,
    ] {
        let s = left(5);
        s.fake.fault(On::path("/tokeninfo"), Times::Always, fault.clone());
        s.run(&[]).is(0, "home.example.org A: created: 81.2.69.142 (TTL 300)\n");
        s.run(&[]).is(0, "");
        assert_eq!(asked(&s), 1, "{fault:?}");
    }
}

#[test]
fn known_expiry_is_kept_when_the_query_fails() {
    let s = left(5);
    s.run(&[]).says(&["in 5 days"]);
    s.fake.fault(On::path("/tokeninfo"), Times::Always, Fault::DropBefore);
    s.age(DAY);
    s.run(&[]).says(&["in 4 days"]);
}
