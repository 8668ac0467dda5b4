//! `--address`: an address that another program knows.

use std::process::Command;

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{STALE, STALE6, Sandbox, stale};
use fake_gandi::Family;

const GIVEN: &str = "81.2.69.99";
const GIVEN6: &str = "2a01:e0a:1:2::99";

/// Returns a sandbox with a stale A and a stale AAAA record.
fn both() -> Sandbox {
    let s = stale();
    s.fake.set("example.org", "home", "AAAA", 600, &[STALE6]);
    s.config("names = home\ntypes = A AAAA\n");
    s
}

/// No address service got a request.
#[track_caller]
fn nothing_is_detected(s: &Sandbox) {
    let detection = s.fake.requests().into_iter().find(|r| r.listener.starts_with("echo"));
    assert!(detection.is_none(), "{detection:?}");
}

#[test]
fn given_address_is_published_and_nothing_is_detected() {
    let s = both();
    let ran = s.run(&["--address", GIVEN, "-v"]);
    ran.prints(0, &format!("home.example.org A: {STALE} -> {GIVEN}\n"));
    ran.says(&["--address reported 81.2.69.99"]);
    // The other family is left alone.
    assert_eq!(s.zone("home", "AAAA"), format!("600 {STALE6}"));
    s.run(&["--address=2a01:0E0A:1:2::99"]).is(0, &format!("home.example.org AAAA: {STALE6} -> {GIVEN6}\n"));
    s.run(&["-n", "--address", "81.2.69.98", "--address", "2a01:e0a:1:2::98"]).is(
        0,
        &format!(
            "home.example.org A: would change: {GIVEN} -> 81.2.69.98\n\
             home.example.org AAAA: would change: {GIVEN6} -> 2a01:e0a:1:2::98\n"
        ),
    );
    let requests = s.fake.requests().len();
    // Equal and confirmed: not even Gandi gets a request.
    let ran = s.run(&["--json", "--wait", "5", "--address", GIVEN, "--address", GIVEN6]);
    ran.exits_without_errors(0);
    assert_eq!(ran.stdout.matches("\"cached\"").count(), 2, "{ran}");
    assert_eq!(s.fake.requests().len(), requests);
    s.run(&["-f", "--address", GIVEN]).is(0, "");
    assert!(s.fake.requests().len() > requests);
    nothing_is_detected(&s);
    // A later run detects again.
    s.run(&["-4"]).is(0, "home.example.org A: 81.2.69.99 -> 81.2.69.142\n");
}

#[test]
fn given_address_needs_no_source_of_its_family() {
    let s = Sandbox::new();
    // No service answers; `off`; a suffix.
    s.fake.set_address(Family::V4, "nothing");
    s.run(&["--address", GIVEN]).exits(0);
    assert_eq!(s.zone("home", "A"), format!("300 {GIVEN}"));
    s.config_with(
        "",
        "[example.org]\nnames = nas\ntypes = AAAA\nsuffix = ::5\n[example.org]\nnames = home\ntypes = A\n",
    );
    s.run(&["--address", GIVEN6]).is(0, "nas.example.org AAAA: created: 2a01:e0a:1:2::5 (TTL 300)\n");
    let off: String =
        s.head().lines().filter(|l| !l.starts_with("ipv")).fold(String::new(), |h, l| h + l + "\n");
    s.raw_config(&format!("{off}ipv4 = off\nipv6 = off\n[example.org]\nnames = off\ntypes = A AAAA\n"));
    s.run(&[]).exits(78);
    let ran = s.run(&["--address", GIVEN, "--address", GIVEN6]);
    ran.prints(
        0,
        "off.example.org A: created: 81.2.69.99 (TTL 300)\noff.example.org AAAA: created: 2a01:e0a:1:2::99 (TTL 300)\n",
    );
    nothing_is_detected(&s);
}

#[test]
fn given_address_is_refused_for_sections_with_other_sources() {
    let s = both();
    let own = format!("ipv4 = {} {}\n", s.v4[0].url(), s.v4[1].url());
    s.config_with("", &format!("[example.org]\nnames = home\n[example.org]\nnames = other\n{own}"));
    s.run(&["--address", GIVEN]).fails(
        64,
        &["--address: sections have other sources of IPv4, maybe of another line: name records with --domain"],
    );
    // All of them have the same other sources, or those of the other family differ.
    for config in [
        format!("[example.org]\nnames = home\n{own}"),
        "[example.org]\nnames = home\n[example.org]\nnames = home\ntypes = AAAA\nipv6 = interface\n"
            .to_owned(),
    ] {
        s.config_with("", &config);
        let ran = s.run(&["-n", "--address", GIVEN]);
        ran.exits_without_errors(0);
        assert!(ran.stdout.starts_with("home.example.org A: ") && ran.stdout.contains(GIVEN), "{ran}");
    }
    nothing_is_detected(&s);
}

#[test]
fn given_address_chooses_the_types_of_records_given_as_arguments() {
    let s = both();
    let inline = |more: &[&str]| {
        let mut command = s.command();
        command.args(["--domain", "example.org", "--name", "home"]);
        for line in s.head().lines().filter(|l| !l.starts_with("ipv")) {
            command.args(["-o", line]);
        }
        s.finish(command.args(more))
    };
    inline(&["--address", GIVEN6]).is(0, &format!("home.example.org AAAA: {STALE6} -> {GIVEN6}\n"));
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    inline(&["--address", GIVEN6, "--type", "A"]).fails(64, &["nothing to do: no record of the chosen"]);
    s.config("names = home\n");
    s.run(&["--address", GIVEN6]).fails(78, &["nothing to do: no record of the chosen address family"]);
}

#[test]
fn address_that_must_not_be_published_is_refused_with_the_reason() {
    let s = Sandbox::new();
    let not_one = "is not an IP address (without prefix length, port and brackets)";
    for (address, words) in [
        ("192.168.1.1", "192.168.1.1 is a private address (RFC 1918), which is never published"),
        ("10.64.64.64", "private"),
        ("100.64.0.1", "CGNAT"),
        ("127.0.0.1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("192.0.2.1", "documentation"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:81.2.69.142", "an IPv4-mapped address (RFC 4291)"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "fe80::1 is a link-local address"),
        ("fd12::1", "unique local"),
        ("2001:db8::1", "documentation"),
        ("2002:5102:458e::1", "6to4"),
        ("ff02::1", "multicast"),
        ("[2a01:e0a:1:2::99]", not_one),
        ("2a01:e0a:1:2::99/64", not_one),
        ("81.2.69.99/32", not_one),
        ("81.2.69.99:80", not_one),
        ("81.2.69", not_one),
        ("81.2.69.300", not_one),
        ("081.2.69.99", not_one),
        ("81.2.69.99 81.2.69.98", not_one),
        ("home.example.org", not_one),
        ("eth0", not_one),
        ("auto", not_one),
    ] {
        for more in [&[][..], &["-n"], &["--force"], &["--wait", "5"]] {
            let ran = s.run(&[&["--address", address], more].concat());
            ran.fails(64, &["--address: ", words, "; see gandi-ddns --help"]);
        }
    }
    for (arguments, words) in [
        (&["--address", GIVEN, "--address", "81.2.69.98"][..], "--address: give one address of each family"),
        (&["--address", GIVEN6, "--address", GIVEN6], "--address: give one address of each family"),
        (&["-6", "--address", GIVEN], "--address: -6 excludes 81.2.69.99"),
        (&["-4", "--address", GIVEN6], "--address: -4 excludes 2a01:e0a:1:2::99"),
        (&["check", "--address", GIVEN], "--address cannot be used with check, only with an update"),
        (&["ip", "--address", GIVEN], "--address cannot be used with ip, only with an update"),
        (&["status", "--address", GIVEN], "--address cannot be used with status, only with an update"),
        (&["--address", ""], "--address needs a value: --address ADDR"),
        (&["--address"], "--address needs a value: --address ADDR"),
    ] {
        s.run(arguments).fails(64, &[words]);
    }
    assert_eq!(s.fake.connections(), 0);
}

/// Runs under strace, which counts the calls of the network.
fn traced(s: &Sandbox, arguments: &[&str]) -> (RunOutput, String) {
    let binary = s.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=%network", "-o", "calls"]).arg(binary.get_program());
    command.args(["-c", "gandi-ddns.conf"]).args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(s.path(""));
    let ran = s.finish(&mut command);
    (ran, std::fs::read_to_string(s.path("calls")).expect("the calls"))
}

#[test]
fn neither_a_quiet_run_with_an_address_nor_an_offline_check_opens_a_socket() {
    const NAME: &str =
        "given_address::neither_a_quiet_run_with_an_address_nor_an_offline_check_opens_a_socket";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(NAME, &["strace"]) {
        return;
    }
    let s = both();
    let (ran, calls) = traced(&s, &["--address", GIVEN]);
    ran.exits_without_errors(0);
    assert!(calls.contains("socket("), "Gandi was queried: {calls}");
    for arguments in
        [&["--address", GIVEN][..], &["check", "--offline"], &["check", "--offline", "--json", "--redact"]]
    {
        let (ran, calls) = traced(&s, arguments);
        ran.exits_without_errors(0);
        assert_eq!(calls, "", "{arguments:?}");
    }
}
