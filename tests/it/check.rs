//! `gandi-ddns check`: the line, the advice and the exit code for a good setup and for broken ones, without a change.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, ADDRESS6, API_KEY, STALE, Sandbox, TOKEN};
use crate::schema::{self, fits};
use fake_gandi::{Answer, Family, Fault, On, Setup, Times, Tls};

const DAY: u64 = 86_400;

/// A setup without any problem.
pub(crate) fn good() -> Sandbox {
    with(Tls::default())
}

fn with(tls: Tls) -> Sandbox {
    let s = Sandbox::with(Setup { tls, ..Setup::default() });
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s
}

/// Runs `check`. The exit code is this one, and a line begins with `line` and contains all these words. Neither the
/// zone nor a file may change.
#[track_caller]
pub(crate) fn finds(s: &Sandbox, code: i32, line: &str, words: &[&str]) -> RunOutput {
    let before = (s.fake.zone_text(), files(s));
    let ran = s.run(&["check"]);
    ran.exits_without_errors(code);
    let finding = ran.stdout.lines().find(|l| l.starts_with(line));
    let finding = finding.unwrap_or_else(|| panic!("no line begins with `{line}`:\n{}", ran.stdout));
    for word in words {
        assert!(finding.contains(word), "`{word}` is not in: {finding}");
    }
    let starting = |word| ran.stdout.lines().filter(|l: &&str| l.starts_with(word)).count();
    let plural = |number, noun| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let warnings = match starting("warning  ") {
        0 => String::new(),
        number => format!(", {}", plural(number, "warning")),
    };
    let summary = match starting("failure  ") {
        0 => format!("All checks passed{warnings}."),
        number => format!("{}{warnings}; a run would exit with code {code}", plural(number, "failure")),
    };
    assert!(ran.stdout.ends_with(&format!("\n\n{summary}\n")), "{}", ran.stdout);
    assert_eq!((s.fake.zone_text(), files(s)), before, "something was changed");
    assert_eq!(s.count("PUT"), 0);
    ran
}

/// Returns every file of the sandbox with its content.
fn files(s: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for dir in [s.path(""), s.path("state")] {
        for file in fs::read_dir(dir).into_iter().flatten().flatten() {
            let content = fs::read(file.path()).unwrap_or_default();
            files.push((file.path().display().to_string(), content));
        }
    }
    files.sort();
    files
}

#[test]
fn good_setup_has_only_ok_lines() {
    let s = good();
    s.fake.set("example.org", "@", "AAAA", 300, &[ADDRESS6]);
    s.config_with(
        "on_change = hook\n",
        "[example.org]\nnames = home\n[example.org]\nnames = @\ntypes = AAAA\n",
    );
    s.write("hook", "#!/bin/sh\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let ran = finds(&s, 0, "ok       config: 2 records configured", &[]);
    assert!(!ran.stdout.contains("warning  ") && !ran.stdout.contains("failure  "), "{}", ran.stdout);
    for subject in [
        "clock: 20",
        "on_change: hook is executable",
        "state: state does not exist yet (created on the first run)",
        "last success: none recorded",
        "source 127.0.0.2 IPv4: 81.2.69.142",
        "address IPv4: 81.2.69.142: ",
        "address IPv6: 2a01:e0a:1:2::3: ",
        "gandi: 127.0.0.1 is reachable, certificate valid",
        "token: accepted",
        "token: expires on 20",
        "token: permissions: domain:tech",
        "domain example.org: zone found, token has access",
        "nameservers of example.org: domain uses Gandi LiveDNS",
        "home.example.org A: up to date (81.2.69.142)",
        "example.org AAAA: up to date (2a01:e0a:1:2::3)",
    ] {
        assert!(ran.stdout.contains(&format!("ok       {subject}")), "{subject}: {}", ran.stdout);
    }
    let json = s.run(&["check", "--json"]);
    json.exits_without_errors(0);
    fits(schema::CHECK, &json.stdout);
    // After a run there is a state.
    s.run(&[]).exits(0);
    finds(&s, 0, "ok       last success: 20", &[]);
}

#[test]
fn pending_changes_are_reported() {
    let s = good();
    s.config("names = home new\nttl = 900\n");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    finds(
        &s,
        0,
        "warning  home.example.org A: the next run will replace 81.2.69.1, which gandi-ddns has not written as far as it \
         knows, with 81.2.69.142 (TTL 900)",
        &[],
    );
    let line = "ok       new.example.org A: does not exist yet; the next run will create it (81.2.69.142)";
    finds(&s, 0, line, &[]);
}

#[test]
fn broken_config_is_a_failure() {
    let s = good();
    s.raw_config("frob = 1\n");
    finds(&s, 78, "failure  config: ", &["gandi-ddns.conf:1: unknown key `frob`"]);
    s.raw_config(&s.head());
    finds(&s, 78, "failure  config: ", &["add a section such as [example.org]"]);
    s.raw_config(&s.head().replace("token_file = token\n", "token_file = elsewhere\n"));
    finds(&s, 78, "failure  config: ", &[]);
    fs::remove_file(s.path("gandi-ddns.conf")).expect("the config");
    finds(&s, 78, "failure  config: ", &["could not read the config gandi-ddns.conf"]);
}

#[test]
fn bad_token_file_or_token_is_reported() {
    let s = good();
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o644)).expect("chmod");
    finds(&s, 0, "warning  config: ", &["is readable by all users: run `chmod 600"]);
    s.write("token", "<your token>\n");
    finds(&s, 78, "failure  config: ", &["placeholder"]);
    s.write("token", "pat_another");
    finds(
        &s,
        77,
        "failure  token: ",
        &[
            "refused the token from token_file token (403)",
            "create a token at admin.gandi.net with the permission",
        ],
    );
    s.write("key", API_KEY);
    s.raw_config(&format!(
        "{}[example.org]\nnames = home\n",
        s.head().replace("token_file = token", "api_key_file = key")
    ));
    finds(&s, 0, "warning  token: ", &["deprecated API keys: create a token at admin.gandi.net"]);
}

#[test]
fn token_that_expires_soon_is_a_warning() {
    let s = good();
    s.fake.set_left(TOKEN, 30 * DAY + 100);
    assert!(!finds(&s, 0, "ok       token: expires", &[]).stdout.contains("warning  "));
    s.fake.set_left(TOKEN, 5 * DAY + 100);
    finds(&s, 0, "warning  token: expires on 20", &["in 5 days", "create a token at admin.gandi.net"]);
    s.fake.fault(On::path("/tokeninfo"), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    finds(&s, 0, "warning  token: could not determine the expiry date: ", &["500"]);
}

#[test]
fn unknown_or_undelegated_domain_is_reported() {
    let s = good();
    s.config_with("", "[example.net]\nnames = @\n[example.org]\nnames = home\n");
    let ran = finds(
        &s,
        78,
        "failure  domain example.net: ",
        &["does not find the domain example.net", "spelled correctly"],
    );
    assert!(
        ran.stdout.contains("ok       home.example.org A: "),
        "its neighbour is looked at: {}",
        ran.stdout
    );
    assert_eq!(ran.stdout.matches("does not find").count(), 1, "not again for each record: {}", ran.stdout);
    s.fake.add_domain_without_zone("example.net");
    finds(&s, 78, "failure  domain example.net: ", &["no LiveDNS zone", "choose LiveDNS"]);
    s.config("names = home\n");
    s.fake.set_current("example.org", "classic");
    finds(
        &s,
        0,
        "warning  nameservers of example.org: domain uses `classic` nameservers",
        &["updates here have no effect", "switch to LiveDNS at admin.gandi.net"],
    );
}

#[test]
fn record_with_several_values_or_a_cname_is_a_failure() {
    let s = good();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    finds(&s, 78, "failure  home.example.org A: ", &["2 addresses", "`multiple_values = replace`"]);
    s.fake.remove("example.org", "home", "A");
    s.fake.set("example.org", "home", "CNAME", 600, &["elsewhere.example.net."]);
    finds(
        &s,
        78,
        "failure  home.example.org A: ",
        &["a CNAME record (to elsewhere.example.net.) exists", "delete it at Gandi"],
    );
}

#[test]
fn failing_or_disagreeing_sources_are_reported() {
    let s = good();
    s.v4[0].refuse();
    finds(&s, 0, "warning  source 127.0.0.2 IPv4: could not connect", &[]);
    s.v4[1].set("81.2.69.180");
    finds(&s, 75, "failure  address IPv4: none: ", &["`ipv4`"]);
    s.fake.set_address(Family::V4, "192.168.1.2");
    s.v4[1].set("192.168.1.2");
    finds(&s, 75, "warning  source 127.0.0.3 IPv4: answered with 192.168.1.2, a private address", &[]);
}

#[test]
fn unreachable_or_untrusted_gandi_is_a_failure() {
    let s = good();
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::html(503, "<p>no")));
    finds(&s, 75, "failure  domain example.org: 127.0.0.1 has a server error (503)", &[]);
    s.fake.clear_faults();
    s.fake.refuse();
    finds(&s, 75, "failure  gandi: could not connect to 127.0.0.1", &[]);
    finds(
        &with(Tls::UnknownIssuer),
        75,
        "failure  gandi: the certificate of 127.0.0.1",
        &["is not trusted: "],
    );
    finds(&with(Tls::NotYetValid), 75, "failure  gandi: the certificate", &["clock is wrong; set it by NTP"]);
}

#[test]
fn unsafe_or_locked_state_directory_is_reported() {
    let s = good();
    s.run(&[]).exits(0);
    fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o777)).expect("chmod");
    let ran = finds(
        &s,
        0,
        "warning  state: ",
        &["other users can write to the state directory", "set `state_dir`"],
    );
    assert_eq!(ran.stdout.matches("can write to").count(), 1, "one cause, one line: {}", ran.stdout);
    fs::set_permissions(s.path("state"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let before = s.fake.requests().len();
    let mut command = s.command();
    let mut first =
        command.args(["-c", "gandi-ddns.conf", "--force"]).stdin(Stdio::null()).spawn().expect("a run");
    assert!(
        s.fake.wait_until(Duration::from_secs(60), |r| r[before..].iter().any(|r| r.listener == "livedns"))
    );
    finds(&s, 75, "failure  state: another instance is running", &[]);
    first.kill().expect("the first run");
    first.wait().expect("its end");
}

#[test]
fn unusable_hooks_and_files_are_warnings() {
    let s = good();
    s.write("hook", "#!/bin/sh\n");
    fs::create_dir(s.path("public")).expect("a directory");
    s.write("public/token", TOKEN);
    fs::set_permissions(s.path("public"), fs::Permissions::from_mode(0o1777)).expect("chmod");
    let sections = "[example.org]\nnames = home\n";
    let head = "on_change = hook\non_failure = missing\nrenew_token = yes\nhistory = nowhere/history\n";
    s.raw_config(&format!(
        "{}{head}{sections}",
        s.head().replace("token_file = token", "token_file = public/token")
    ));
    finds(&s, 0, "warning  on_change: hook: not an executable file: chmod +x", &[]);
    finds(&s, 0, "warning  on_failure: missing: not found (", &["arguments are not supported"]);
    finds(&s, 0, "warning  renew_token: other users can write to /", &["/public: move the token file to a"]);
    finds(&s, 0, "warning  history: ", &["create its directory first"]);
}

#[test]
fn failures_of_the_last_runs_are_a_warning() {
    let s = good();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.2"]);
    s.run(&[]).fails(78, &["2 addresses"]);
    finds(&s, 78, "warning  last runs: failing since 20", &["gandi-ddns status"]);
}

#[test]
fn redacted_output_has_no_name_and_no_address() {
    let s = good();
    s.config("names = home @\n");
    s.fake.set("example.org", "@", "CNAME", 600, &["elsewhere.example.net."]);
    s.v4[2].refuse();
    for arguments in [&["check", "--redact"][..], &["check", "--redact", "--json"]] {
        let ran = s.run(arguments);
        ran.exits(78);
        for hidden in ["example.org", "example.net", "home", "81.2.69", "127.0.0", "::1"] {
            assert!(!ran.stdout.contains(hidden), "{hidden}: {}", ran.stdout);
        }
        assert!(
            ran.stdout.contains("[name 1].[domain 1] A") && ran.stdout.contains("[IPv4]"),
            "{}",
            ran.stdout
        );
    }
    s.raw_config("[www.example.org]\nnames = home\n");
    let ran = s.run(&["check", "--redact"]);
    assert!(ran.code == Some(78) && !ran.stdout.contains("example.org"), "{}", ran.stdout);
}

#[test]
fn line_end_in_a_file_name_does_not_make_a_line_of_its_own() {
    let s = Sandbox::new();
    let ran = s.finish(s.command().args(["check", "-c", "x\nok       token: accepted"]));
    assert!(ran.stdout.contains("read the config x ok       token: accepted: "), "{ran}");
}
