//! The ids in `check --json`: which of them a setup has, whatever the texts are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use miniserde::json::{self, Value};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, API_KEY, STALE, Sandbox, TOKEN};
use crate::schema::{self, fits};

/// Returns a member of a finding; empty if it is null.
#[track_caller]
fn member(finding: &Value, name: &str) -> String {
    match finding {
        Value::Object(finding) => match finding.get(name).expect(name) {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => panic!("{name}: {}", json::to_string(other)),
        },
        _ => panic!("no object"),
    }
}

/// Runs `check --json` and returns its findings.
#[track_caller]
fn check(s: &Sandbox, arguments: &[&str]) -> (Vec<Value>, RunOutput) {
    let ran = s.run(&[&["check", "--json"], arguments].concat());
    let Value::Object(object) = fits(schema::CHECK, &ran.stdout) else { panic!("no object") };
    let Some(Value::Array(findings)) = object.get("checks") else { panic!("no checks") };
    (findings.iter().map(copy).collect(), ran)
}

fn copy(value: &Value) -> Value {
    json::from_str(&json::to_string(value)).expect("JSON")
}

/// Returns the findings as `id verdict about`.
#[track_caller]
fn found(s: &Sandbox) -> Vec<String> {
    let words = |f| ["id", "verdict", "about"].map(|name| member(f, name)).join(" ").trim_end().to_owned();
    check(s, &[]).0.iter().map(words).collect()
}

fn good() -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s
}

#[test]
fn good_setup_has_these_ids() {
    let s = good();
    s.config_with("on_change = hook\n", "[example.org]\nnames = home @\n");
    s.write("hook", "#!/bin/sh\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let wanted = [
        "clock ok",
        "config ok",
        "token ok",
        "on_change ok",
        "state ok",
        "last_success ok",
        "source ok 127.0.0.2 IPv4",
        "source ok 127.0.0.3 IPv4",
        "source ok 127.0.0.4 IPv4",
        "address ok IPv4",
        "gandi ok",
        "token_access ok",
        "token_expiry ok",
        "token_permissions ok",
        "domain ok example.org",
        "nameservers ok example.org",
        "record ok home.example.org A",
        "record ok example.org A",
    ];
    assert_eq!(found(&s), wanted);
}

/// Breaks a good setup.
type Break = fn(&Sandbox);

/// The findings of a setup that is broken on this machine, as [`found`] returns them.
const LOCAL: &[(&str, Break)] = &[
    ("config failure", |s| s.raw_config("frob = 1\n")),
    ("config warning", |s| {
        fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o644)).expect("chmod");
    }),
    ("names warning", |s| s.config("names = home home.example.com\n")),
    ("api_key warning", |s| {
        s.write("key", API_KEY);
        let head = s.head().replace("token_file = token", "api_key_file = key");
        s.raw_config(&format!("{head}[example.org]\nnames = home\n"));
    }),
    ("on_change warning", |s| head(s, "on_change = token\n")),
    ("on_failure warning", |s| head(s, "on_failure = missing\n")),
    ("renew_token warning", |s| {
        fs::create_dir(s.path("public")).expect("a directory");
        s.write("public/token", TOKEN);
        fs::set_permissions(s.path("public"), fs::Permissions::from_mode(0o1777)).expect("chmod");
        let head = s.head().replace("token_file = token", "token_file = public/token\nrenew_token = yes");
        s.raw_config(&format!("{head}[example.org]\nnames = home\n"));
    }),
    ("history warning", |s| head(s, "history = nowhere/history\n")),
];

/// The findings of a setup that is broken elsewhere, or has broken before.
const REMOTE: &[(&str, Break)] = &[
    ("state warning", |s| {
        fs::create_dir(s.path("state")).expect("a directory");
        fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o777)).expect("chmod");
    }),
    ("last_success warning", |s| {
        s.run(&[]).exits(0);
        fs::write(s.state_file(), "garbage").expect("the state");
    }),
    ("last_runs warning", |s| {
        s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
        s.run(&[]).exits(78);
    }),
    ("source warning 127.0.0.2 IPv4", |s| s.v4[0].refuse()),
    ("address failure IPv4", |s| s.v4.iter().for_each(fake_gandi::Echo::refuse)),
    ("gandi failure", |s| s.fake.refuse()),
    ("token_access failure", |s| s.write("token", "pat_another")),
    ("token_expiry warning", |s| s.fake.set_left(TOKEN, 5 * 86_400 + 100)),
    ("domain failure example.net", |s| {
        s.config_with("", "[example.org]\nnames = home\n[example.net]\nnames = @\n");
    }),
    ("nameservers warning example.org", |s| s.fake.set_current("example.org", "classic")),
    ("record warning home.example.org A", |s| {
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
    }),
    ("record failure home.example.org A", |s| {
        s.fake.remove("example.org", "home", "A");
        s.fake.set("example.org", "home", "CNAME", 600, &["x.example.net."]);
    }),
];

/// Writes a config with these global lines.
fn head(s: &Sandbox, more: &str) {
    s.config_with(more, "[example.org]\nnames = home\n");
}

#[test]
fn each_problem_has_its_id() {
    for (wanted, breaks) in [LOCAL, REMOTE].concat() {
        let s = good();
        breaks(&s);
        let found = found(&s);
        assert!(found.iter().any(|f| f == wanted), "{wanted}: {found:?}");
    }
}

#[test]
fn objects_and_lines_have_the_same_findings() {
    let s = good();
    s.config("names = home @ new\n");
    s.v4[2].refuse();
    s.fake.set("example.org", "@", "CNAME", 600, &["x.example.net."]);
    for arguments in [&[][..], &["--redact"]] {
        let (findings, ran) = check(&s, arguments);
        ran.exits_without_errors(78);
        let text = s.run(&[&["check"], arguments].concat());
        let mut lines = text.stdout.lines();
        for finding in &findings {
            let [verdict, subject, result] = ["verdict", "subject", "text"].map(|name| member(finding, name));
            let line = lines.next().unwrap_or_default();
            // The clock has moved on.
            if subject != "clock" {
                assert_eq!(line, format!("{verdict:7}  {subject}: {result}"));
            }
            let about = member(finding, "about");
            assert!(subject.ends_with(&about), "{subject}: {about}");
        }
        assert_eq!(lines.next(), Some(""), "{text}");
    }
}

#[test]
fn redacted_object_has_no_name_in_any_member() {
    let s = good();
    s.config("names = home @\n");
    let (findings, _) = check(&s, &["--redact"]);
    let about: Vec<String> = findings.iter().map(|f| member(f, "about")).filter(|a| !a.is_empty()).collect();
    for wanted in ["[IPv4] IPv4", "[domain 1]", "[name 1].[domain 1] A", "[domain 1] A"] {
        assert!(about.iter().any(|a| a == wanted), "{wanted}: {about:?}");
    }
    for finding in &findings {
        let text = json::to_string(finding);
        for hidden in ["example", "home", "127.0.0", "81.2.69"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
}

#[test]
fn odd_characters_in_file_names_are_valid_json() {
    let s = good();
    s.config_with("on_failure = mis\"sing\\\u{202e}\u{7}\u{e4}\n", "[example.org]\nnames = home\n");
    let (findings, ran) = check(&s, &[]);
    let finding = findings.iter().find(|f| member(f, "id") == "on_failure").expect("the program");
    assert!(member(finding, "text").contains("mis\"sing\\"), "{ran}");
}
