//! `gandi-ddns status --json`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use miniserde::json::{self, Value};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use crate::schema::{self, fits};
use fake_gandi::{Answer, Family, Fault, On, Times};

/// Runs `status --json`. It ends with this code, makes no connection, and its object fits the schema.
#[track_caller]
fn status(s: &Sandbox, code: i32) -> (Value, RunOutput) {
    let connections = s.fake.connections();
    let ran = s.run(&["status", "--json"]);
    ran.exits(code);
    assert_eq!(s.fake.connections(), connections);
    let object = fits(schema::STATUS, &ran.stdout);
    assert_eq!(at(&object, "exit"), code.to_string());
    (object, ran)
}

/// Returns a member at a path such as `records/0/address`, as JSON.
#[track_caller]
fn at(object: &Value, path: &str) -> String {
    json::to_string(path.split('/').fold(object, |value, word| match value {
        Value::Object(object) => object.get(word).unwrap_or_else(|| panic!("no {path}")),
        Value::Array(array) => &array[word.parse::<usize>().expect(path)],
        _ => panic!("no {path}"),
    }))
}

#[track_caller]
fn are(object: &Value, wanted: &[(&str, &str)]) {
    for (path, wanted) in wanted {
        assert_eq!(at(object, path), *wanted, "{path}: {}", json::to_string(object));
    }
}

/// Returns a time in the object, which must be of the last minutes.
#[track_caller]
fn recent(object: &Value, path: &str) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    let time: u64 = at(object, path).parse().expect(path);
    assert!(time <= now && now - time < 600, "{path}: {time}");
}

#[test]
fn nothing_is_known_before_the_first_run() {
    let s = stale();
    fs::remove_file(s.path("token")).expect("the token");
    let (object, ran) = status(&s, 0);
    ran.exits_without_errors(0);
    are(
        &object,
        &[
            ("version", concat!("\"", env!("CARGO_PKG_VERSION"), "\"")),
            ("error", "null"),
            ("running", "false"),
            ("last_run", "null"),
            ("last_success", "null"),
            ("token_expires", "null"),
            ("records/0/host", "\"home.example.org\""),
            ("records/0/domain", "\"example.org\""),
            ("records/0/name", "\"home\""),
            ("records/0/type", "\"A\""),
            ("records/0/address", "null"),
            ("records/0/ttl", "null"),
            ("records/0/confirmed", "null"),
            ("records/0/changed", "null"),
            ("records/0/failure", "null"),
            ("changes", "[]"),
            ("warnings", "[]"),
        ],
    );
    recent(&object, "time");
    assert!(!s.path("state").exists());
}

#[test]
fn records_and_changes_are_listed() {
    let s = stale();
    s.config("names = home new\n");
    s.run(&[]).exits(0);
    s.fake.set_address(Family::V4, "81.2.69.180");
    s.run(&[]).exits(0);
    let (object, ran) = status(&s, 0);
    ran.exits_without_errors(0);
    are(
        &object,
        &[
            ("records/0/address", "\"81.2.69.180\""),
            ("records/0/ttl", "600"),
            ("records/1/name", "\"new\""),
            ("records/1/ttl", "300"),
            ("changes/1/host", "\"home.example.org\""),
            ("changes/1/type", "\"A\""),
        ],
    );
    for path in ["last_run", "last_success", "records/0/confirmed", "records/1/changed", "changes/0/time"] {
        recent(&object, path);
    }
    assert!(at(&object, "token_expires").parse::<u64>().is_ok());
    // The newest first, of two records in the order of the config.
    let changes: Vec<String> = (0..4)
        .map(|i| {
            let part = |name| at(&object, &format!("changes/{i}/{name}")).replace('"', "");
            [part("host"), part("old"), part("new")].join(" ")
        })
        .collect();
    let wanted = [
        format!("new.example.org [{ADDRESS}] 81.2.69.180"),
        format!("home.example.org [{ADDRESS}] 81.2.69.180"),
        format!("new.example.org [] {ADDRESS}"),
        format!("home.example.org [{STALE}] {ADDRESS}"),
    ];
    assert_eq!(changes, wanted);
    // Only the records of one family, as without --json.
    s.run(&["status", "--json", "-6"]).exits(78);
    let quiet = s.run(&["status", "--json", "-q"]);
    fits(schema::STATUS, &quiet.stdout);
}

#[test]
fn record_that_was_never_changed_has_no_time_of_a_change() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.run(&[]).exits(0);
    let (object, _) = status(&s, 0);
    are(&object, &[("records/0/changed", "null"), ("changes", "[]")]);
    recent(&object, "records/0/confirmed");
}

/// Breaks a setup.
type Break = Box<dyn Fn(&Sandbox)>;

#[test]
fn failure_has_its_kind_and_times() {
    let answer = |status| Fault::Answer(Answer::json(status, "{}"));
    let set = |rrtype: &'static str, values: &'static [&'static str]| -> Break {
        Box::new(move |s| {
            s.fake.remove("example.org", "home", "A");
            s.fake.set("example.org", "home", rrtype, 600, values);
        })
    };
    let cases: [(&str, i32, Break); 8] = [
        ("several_values", 78, set("A", &[STALE, "81.2.69.2"])),
        ("cname", 78, set("CNAME", &["x.example.net."])),
        ("alias", 78, set("ALIAS", &["x.example.net."])),
        ("delegated", 78, set("NS", &["ns.example.net."])),
        ("read", 75, Box::new(move |s| s.fake.fault(On::method("GET"), Times::Always, answer(500)))),
        ("read", 77, Box::new(move |s| s.fake.fault(On::method("GET"), Times::Always, answer(403)))),
        ("write", 75, Box::new(move |s| s.fake.fault(On::method("PUT"), Times::Always, answer(500)))),
        ("address", 75, Box::new(|s| s.fake.set_address(Family::V4, "192.168.1.2"))),
    ];
    for (kind, code, breaks) in cases {
        let s = stale();
        breaks(&s);
        s.run(&["--force"]).exits(code);
        let (object, ran) = status(&s, code);
        ran.exits_without_errors(code);
        are(
            &object,
            &[
                ("error", "null"),
                ("records/0/failure/kind", &format!("\"{kind}\"")),
                ("records/0/failure/exit", &code.to_string()),
            ],
        );
        for path in ["records/0/failure/since", "records/0/failure/last"] {
            recent(&object, path);
        }
        assert!(at(&object, "records/0/failure/text").len() > 20, "{ran}");
    }
}

#[test]
fn failure_has_its_backoff_until_that_is_over() {
    let s = stale();
    s.run(&[]).exits(0);
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    for _ in 0..2 {
        s.run(&["--force"]).exits(75);
    }
    let (object, _) = status(&s, 75);
    let (last, retry) = (at(&object, "records/0/failure/last"), at(&object, "records/0/failure/retry_after"));
    let seconds = |text: &str| text.parse::<u64>().expect("a time");
    assert_eq!(seconds(&retry) - seconds(&last), 60);
    are(&object, &[("records/0/failure/consecutive", "2"), ("records/0/address", &format!("\"{ADDRESS}\""))]);
    s.age(3600);
    are(&status(&s, 75).0, &[("records/0/failure/retry_after", "null")]);
    s.fake.clear_faults();
    s.run(&["--force"]).exits(0);
    are(&status(&s, 0).0, &[("records/0/failure", "null")]);
}

#[test]
fn state_or_config_that_cannot_be_read_is_the_error_of_the_object() {
    let s = stale();
    s.run(&[]).exits(0);
    let error = |code, words: &str| {
        let (object, ran) = status(&s, code);
        ran.says(&[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        assert!(at(&object, "error").contains(words), "{ran}");
        are(&object, &[("records", "[]"), ("changes", "[]"), ("last_run", "null"), ("running", "false")]);
    };
    let file = s.state_file();
    let state = fs::read_to_string(&file).expect("the state");
    for (text, words) in [
        ("garbage", "is corrupt; ignoring it"),
        (
            &state.replace("gandi-ddns state ", "gandi-ddns state 9"),
            "was written by another version; ignoring it",
        ),
    ] {
        fs::write(&file, text).expect("the state");
        error(75, words);
    }
    // Exit code 1 is no failure of a record.
    fs::write(&file, format!("{state}failure 1 1 1 0 1 0 {} example.org home A x\n", s.fake.api()))
        .expect("the state");
    error(75, "is corrupt; ignoring it");
    fs::write(&file, &state).expect("the state");
    fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o777)).expect("chmod");
    error(78, "other users can write to the state directory");
    fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.raw_config("frob = \u{1b}[31m\"1\\\u{202e}\n");
    error(78, "unknown key `frob`");
    fs::remove_file(s.path("gandi-ddns.conf")).expect("the config");
    error(78, "could not read the config");
    let mut command = s.command();
    command.env_remove("HOME").env("GANDI_TOKEN", "pat_0123456789");
    let ran = s.finish(command.args(["status", "--json", "--domain", "example.org", "--name", "bad!"]));
    ran.exits(64);
    assert!(at(&fits(schema::STATUS, &ran.stdout), "error").contains("bad!"), "{ran}");
}

#[test]
fn run_that_is_under_way_is_told_and_one_that_hangs_is_a_warning() {
    let s = stale();
    s.run(&[]).exits(0);
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let before = s.fake.requests().len();
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf", "--force"]).spawn().expect("a run");
    let timeout = Duration::from_secs(60);
    assert!(s.fake.wait_until(timeout, |r| r[before..].iter().any(|r| r.listener == "livedns")));
    let ran = s.run(&["status", "--json"]);
    ran.exits_without_errors(0);
    are(&fits(schema::STATUS, &ran.stdout), &[("running", "true"), ("warnings", "[]")]);
    let lock = s.state_file().with_extension("lock");
    let lock = fs::File::options().write(true).open(lock).expect("the lock");
    lock.set_modified(SystemTime::now() - Duration::from_secs(7200)).expect("its time");
    let ran = s.run(&["status", "--json"]);
    ran.exits(75);
    ran.says(&["warning: another instance is running", "has not moved for 120 minutes"]);
    let object = fits(schema::STATUS, &ran.stdout);
    are(&object, &[("running", "true"), ("exit", "75")]);
    assert!(at(&object, "warnings/0/text").contains("has not moved for 120 minutes"), "{ran}");
    first.kill().expect("the first run");
    first.wait().expect("its end");
}

#[test]
fn odd_history_is_quoted_or_a_warning() {
    let s = stale();
    s.config_with("history = history\n", "[example.org]\nnames = home\n");
    s.write("history", "7 a\"b\\\u{1b}\u{202e}.example.org A c\"d,81.2.69.1 81.2.69.2\n");
    let (object, ran) = status(&s, 0);
    ran.exits_without_errors(0);
    are(&object, &[("changes/0/time", "7"), ("changes/0/new", "\"81.2.69.2\"")]);
    assert!(at(&object, "changes/0/host").starts_with(r#""a\"b\\"#), "{ran}");
    assert_eq!(at(&object, "changes/0/old"), r#"["c\"d","81.2.69.1"]"#);
    s.write("history", "no history\n");
    let (object, ran) = status(&s, 0);
    ran.says(&["warning: could not read the history "]);
    assert!(at(&object, "warnings/0/text").contains("could not read the history"), "{ran}");
    are(&object, &[("changes", "[]"), ("records/0/name", "\"home\"")]);
}
