//! `check`, `status` and hooks with several accounts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{DAY, SECOND, head_without_token, queried, replaced, run, sections, two};
use crate::run_output::RunOutput;
use crate::sandbox::TOKEN;

#[test]
fn check_names_the_account_of_each_line() {
    let s = two("");
    s.fake.set_left(SECOND, 20 * DAY + 100);
    let has = |ran: &RunOutput, lines: &[&str]| {
        for line in lines {
            assert!(ran.stdout.contains(line), "`{line}`\n{ran}");
        }
    };
    let ran = run(&s, &["check"]);
    ran.exits_without_errors(0);
    let lines = [
        "ok       token: from token_file token, 26 characters\n",
        "ok       token: from token_file token-b, 26 characters\n",
        "ok       token from token_file token: accepted\n",
        "ok       token from token_file token: expires on 20",
        "ok       domain example.org: zone found",
        "ok       token from token_file token-b: accepted\n",
        "warning  token from token_file token-b: expires on 20",
        "ok       domain example.net: zone found",
    ];
    has(&ran, &lines);
    assert_eq!(ran.stdout.matches("gandi: 127.0.0.1 is reachable").count(), 1, "{ran}");
    s.fake.revoke(TOKEN);
    let ran = run(&s, &["check"]);
    ran.exits_without_errors(77);
    has(
        &ran,
        &[
            "failure  token from token_file token: 127.0.0.1 refused the token from token_file token (403)",
            "ok       token from token_file token-b: accepted\n",
            "home.example.net A: the next run will replace",
            "\n1 failure, 2 warnings; a run would exit with code 77\n",
        ],
    );
    let ran = run(&s, &["check", "--redact"]);
    ran.exits_without_errors(77);
    assert!(!ran.stdout.contains("example."), "{ran}");
    s.fake.revoke_all();
    let ran = run(&s, &["check"]);
    ran.exits_without_errors(77);
    has(&ran, &["\n2 failures; a run would exit with code 77\n"]);
}

#[test]
fn status_shows_the_expiry_of_each_token() {
    let s = two("");
    run(&s, &[]).exits(0);
    let lines =
        ["token from token_file token: expires on 20", "token from token_file token-b: expires on 20"];
    let shows = |wanted: &[&str]| {
        let ran = run(&s, &["status"]);
        ran.exits_without_errors(0);
        let shown: Vec<&str> = ran.stdout.lines().filter(|l| l.starts_with("token")).collect();
        assert_eq!(shown.len(), wanted.len(), "{ran}");
        assert!(shown.iter().zip(wanted).all(|(line, wanted)| line.starts_with(wanted)), "{ran}");
    };
    shows(&lines);
    // The secrets are not read.
    s.write("token-b", "");
    shows(&lines);
    // Nor is the environment of a run.
    s.write("token-b", SECOND);
    s.raw_config(&format!(
        "{}[example.org]\nnames = home\n[example.net]\nnames = home\ntoken = {SECOND}\n",
        head_without_token(&s)
    ));
    s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", TOKEN)).exits(0);
    shows(&[
        "token from the environment: expires on 20",
        "token from `token` of [example.net] in gandi-ddns.conf: exp",
    ]);
}

#[test]
fn family_without_records_of_an_account_leaves_its_token_alone() {
    let s = two("types = AAAA\n");
    s.fake.set_left(SECOND, 5 * DAY);
    run(&s, &["-4"]).is(0, &replaced("example.org"));
    assert_eq!(queried(&s), [TOKEN]);
    run(&s, &["check", "-4"]).exits_without_errors(0);
    assert_eq!(queried(&s), [TOKEN; 2]);
}

#[test]
fn on_failure_is_run_once_a_day_for_each_account() {
    let s = two("");
    let program = "#!/bin/sh\necho \"$GANDI_DDNS_DOMAIN $GANDI_DDNS_ERROR\" >>hook.log\n";
    s.write("hook", program);
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    sections(&s, "on_failure = hook\n", "token_file = token-b\n");
    s.fake.revoke_all();
    for _ in 0..3 {
        run(&s, &[]).exits(77);
    }
    let log = fs::read_to_string(s.path("hook.log")).expect("the hook's log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].starts_with("example.org ") && lines[0].contains("token_file token ("), "{log}");
    assert!(lines[1].starts_with("example.net ") && lines[1].contains("token_file token-b ("), "{log}");
}
