//! `make demo` and `make test` say what is missing, and how to get it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::sandbox::Sandbox;

/// Tools of every machine that the script itself uses.
const SYSTEM: [&str; 3] = ["sed", "dirname", "sh"];

/// Runs the script with these tools, each with its output for `--version`, as the only ones. Returns the exit code and
/// the output.
fn run(tools: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let s = Sandbox::new();
    for name in SYSTEM {
        let found =
            ["/usr/bin", "/bin"].iter().map(|dir| Path::new(dir).join(name)).find(|path| path.exists());
        std::os::unix::fs::symlink(found.expect(name), s.path(name)).expect("a link");
    }
    for (name, version) in tools {
        // None of them has the components.
        let script = format!("#!/bin/sh\ncase $1 in fmt | clippy) exit 1 ;; esac\necho '{version}'\n");
        s.write(name, &script);
        std::fs::set_permissions(s.path(name), std::fs::Permissions::from_mode(0o700)).expect("chmod");
    }
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/need-rust.sh"));
    command.args(arguments).env_clear().env("PATH", s.path(""));
    let output = command.output().expect("the script");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn missing_or_old_rust_is_named_with_a_remedy() {
    let cc = ("cc", "cc 12");
    for (tools, says) in [
        (vec![cc], "cargo is missing: install Rust "),
        (vec![cc, ("cargo", "cargo 1.95.0")], "rustc is missing: install Rust "),
        (
            vec![cc, ("cargo", "cargo 1.85.0 (d73d2caf9 2024-12-31)"), ("rustc", "rustc 1.95.0")],
            "cargo 1.85 is too old: ",
        ),
        (vec![cc, ("cargo", "cargo 1.95.0"), ("rustc", "rustc 1.9.0")], "rustc 1.9 is too old: "),
        (vec![cc, ("cargo", "cargo 0.66.0"), ("rustc", "rustc 1.63.0")], "cargo 0.66 is too old: "),
        (
            vec![cc, ("cargo", "error: no toolchain"), ("rustc", "rustc 1.95.0")],
            "cargo has an unknown version (error: ",
        ),
        (vec![("cargo", "cargo 1.89.0-nightly"), ("rustc", "rustc 2.0.0")], "a C compiler (cc) is missing"),
    ] {
        let (code, said) = run(&tools, &[]);
        assert_eq!(code, Some(1), "{tools:?}: {said}");
        assert!(said.starts_with(says) && said.lines().count() == 1, "{tools:?}: {said}");
    }
}

#[test]
fn present_tools_are_accepted_in_silence_and_missing_components_named() {
    let rustc = ("rustc", "rustc 1.95.0 (59807616e 2026-04-14)");
    let tools = [("cc", "cc"), ("cargo", "cargo 1.95.0"), rustc];
    assert_eq!(run(&tools, &[]), (Some(0), String::new()));
    // This cargo has no such subcommands.
    let (code, said) = run(&tools, &["rustfmt", "clippy"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("rustfmt is missing: run `rustup component add rustfmt`"), "{said}");
}

#[test]
fn demo_and_test_look_for_rust_first() {
    let makefile = include_str!("../../Makefile");
    for (target, arguments) in [("build", ""), ("demo", ""), ("fmt", " rustfmt clippy")] {
        assert!(makefile.contains(&format!("\n{target}:\n\t@scripts/need-rust.sh{arguments}\n")), "{target}");
    }
    // The tests begin with the format.
    assert!(makefile.contains("\ntest: fmt "));
}
