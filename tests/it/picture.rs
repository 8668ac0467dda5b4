//! The pictures of a terminal in the README are those of this program.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::sandbox::is_emulated;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the command that makes the pictures with this program. The fake is an example, which `cargo test` builds
/// unless only some targets are tested; then internet.sh does.
fn picture(arguments: &[&str]) -> Command {
    let mut command = Command::new("scripts/internet.sh");
    command.arg("scripts/picture.py").args(arguments).current_dir(ROOT).stdin(Stdio::null());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_gandi-ddns"));
    let fake = Path::new(env!("CARGO_BIN_EXE_gandi-ddns")).with_file_name("examples").join("fake_gandi");
    if fake.is_file() {
        command.env("FAKE", fake);
    }
    command
}

#[test]
fn pictures_are_those_of_this_program() {
    let test = "picture::pictures_are_those_of_this_program";
    if is_emulated() || !Namespace::has(test, &["python3", "ip"]) {
        return;
    }
    let output = picture(&["--check"]).output().expect("a shell");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    // As internet.sh says where namespaces are not allowed.
    if output.status.code() == Some(69) {
        Namespace::skip(test, &text);
        return;
    }
    assert!(output.status.success(), "{text}");
}

#[test]
fn pictures_are_small_and_accessible() {
    for name in ["setup", "check"] {
        let text = std::fs::read_to_string(format!("{ROOT}/docs/{name}.svg")).expect("a picture");
        assert!(text.len() < 30_000, "{name}: {} bytes", text.len());
        for part in [" role=\"img\" ", "<title id=", "<desc id=", "(prefers-color-scheme: dark)", "class=\"typed\""] {
            assert!(text.contains(part), "{name}: {part}");
        }
    }
}
