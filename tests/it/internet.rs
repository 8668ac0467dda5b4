//! scripts/internet.sh, in which the fake Gandi is the internet, and what runs in it: the pictures of a terminal in the
//! README and the examples in docs/json.md are those of this program, and the comparison of `make bench` works.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::sandbox::is_emulated;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the path of an example. `cargo test` has built it, unless only some targets are tested.
fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_gandi-ddns")).with_file_name("examples").join(name);
    if !path.is_file() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--example", name]).current_dir(ROOT);
        assert!(cargo.status().is_ok_and(|status| status.success()), "{name} does not build");
    }
    path
}

/// Runs a script in internet.sh with this program. Returns whether it succeeded, stdout and stderr; `None` if the test is
/// to be skipped.
fn run(test: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Option<(bool, String, String)> {
    if is_emulated() || !Namespace::has(test, &["python3", "ip"]) {
        return None;
    }
    let mut command = Command::new("scripts/internet.sh");
    command.args(arguments).current_dir(ROOT).stdin(Stdio::null()).envs(variables.iter().copied());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_gandi-ddns")).env("FAKE", example("fake_gandi"));
    let output = command.env("PLAIN_CLIENT", example("plain_client")).output().expect("a shell");
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (lossy(&output.stdout), lossy(&output.stderr));
    // As it says where namespaces are not allowed.
    if output.status.code() == Some(69) {
        Namespace::skip(test, &err);
        return None;
    }
    Some((output.status.success(), out, err))
}

#[test]
fn pictures_are_those_of_this_program() {
    let test = "internet::pictures_are_those_of_this_program";
    let Some((ok, out, err)) = run(test, &["scripts/picture.py", "--check"], &[]) else { return };
    assert!(ok, "{out}{err}");
}

#[test]
fn json_examples_are_those_of_this_program() {
    let test = "internet::json_examples_are_those_of_this_program";
    let Some((ok, out, err)) = run(test, &["scripts/json-examples.py", "--check"], &[]) else { return };
    assert!(ok, "{out}{err}");
}

#[test]
fn pictures_are_small_and_accessible() {
    for name in ["setup", "check"] {
        let text = std::fs::read_to_string(format!("{ROOT}/docs/{name}.svg")).expect("a picture");
        assert!(text.len() < 30_000, "{name}: {} bytes", text.len());
        for part in
            [" role=\"img\" ", "<title id=", "<desc id=", "(prefers-color-scheme: dark)", "class=\"typed\""]
        {
            assert!(text.contains(part), "{name}: {part}");
        }
        assert!(!text.contains("pat_"), "{name}: a token");
    }
}

/// Returns a field of a row of the table.
fn field<'a>(table: &'a str, client: &str, kind: &str, column: usize) -> &'a str {
    let row = table.lines().find(|line| line.starts_with(&format!("| {client} | {kind} |")));
    row.unwrap_or_else(|| panic!("no row of {client}, {kind}:\n{table}"))
        .split(" | ")
        .nth(column)
        .unwrap_or_default()
}

#[test]
fn bench_compares_this_program_with_a_given_client() {
    let test = "internet::bench_compares_this_program_with_a_given_client";
    if !Namespace::has(test, &["/usr/bin/time", "curl"]) {
        return;
    }
    let client = "curl -sS --fail --cacert {ca} -X PUT -H \"Authorization: Bearer $(cat {token})\" \
                  -H 'Content-Type: application/json' \
                  -d \"{\\\"rrset_values\\\":[\\\"$(curl -sS --cacert {ca} https://api4.ipify.org)\\\"]}\" \
                  {api}/domains/example.org/records/home/A";
    let variables =
        [("RUNS", "1"), ("CLIENT", client), ("CLIENT_NAME", "a script"), ("ONLY", "gandi_ddns own")];
    let Some((ok, table, err)) = run(test, &["scripts/bench.py"], &variables) else { return };
    assert!(ok && err.is_empty(), "{table}{err}");
    let name = concat!("gandi-ddns ", env!("CARGO_PKG_VERSION"));
    // Handshakes, requests and UDP queries.
    let counts =
        |client, kind| [4, 5, 6].map(|column| field(&table, client, kind, column).trim_end_matches(" |"));
    assert_eq!(counts(name, "change"), ["3", "4", "2"]);
    assert_eq!(counts(name, "no change"), ["0", "0", "1"]);
    assert_eq!(counts("a script", "change"), ["2", "2", "0"]);
    // A client that does not do its work has no row.
    for (command, reason) in [("false", "exit code 1"), ("true", "the record has")] {
        let variables = [("RUNS", "1"), ("CLIENT", command), ("ONLY", "own")];
        let Some((ok, table, err)) = run(test, &["scripts/bench.py"], &variables) else { return };
        let told = err.contains(&format!("{command} was not measured: {reason}"));
        assert!(!ok && told && table.lines().count() == 2, "{table}{err}");
    }
}
