//! Limits of the files that are read, the config on stdin, and errors of the system while a file is read.

use std::fs;
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::run_output::{RunOutput, wait};
use crate::sandbox::{Sandbox, stale};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

#[test]
fn config_from_a_file_on_stdin_is_read_and_one_from_a_pipe_is_refused() {
    let s = stale();
    let mut command = s.command();
    command.args(["-c", "/dev/stdin"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let text = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    // Paths in it are relative to /dev.
    let here = s.path("").display().to_string();
    s.write(
        "absolute",
        &["token", "ca.pem", "state"]
            .iter()
            .fold(text, |text, name| text.replace(&format!("= {name}\n"), &format!("= {here}{name}\n"))),
    );
    command.stdin(fs::File::open(s.path("absolute")).expect("the config"));
    wait(command.spawn().expect("a run")).is(0, REPLACED);
    command.stdin(Stdio::piped());
    let refused = wait(command.spawn().expect("a run"));
    refused.fails(78, &["could not read the config /dev/stdin: it is a FIFO, not a regular file"]);
}

#[test]
fn config_of_more_than_a_mebibyte_is_refused_and_not_cut() {
    let s = stale();
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    let padding = "# padding\n".repeat(1 << 20);
    let end = (1 << 20) - config.len() - 3;
    // The limit falls inside the name `server`.
    s.raw_config(&format!("{}\n{config} server\n", &padding[..end]));
    s.run(&[]).fails(78, &["could not read the config gandi-ddns.conf: it is larger than 1 MiB"]);
    assert_eq!(s.fake.connections(), 0);
}

/// Runs with an error injected into system calls that use this file.
fn traced(s: &Sandbox, file: &str, call: &str, more: &[&str]) -> RunOutput {
    let binary = s.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(s.path(file));
    command.arg(format!("--inject={call}")).arg(binary.get_program()).args(binary.get_args());
    command.arg("-c").arg(s.path("gandi-ddns.conf")).args(more).env_clear().env("PATH", "/usr/bin:/bin");
    s.finish(command.current_dir(s.path("")))
}

#[test]
fn error_of_the_system_while_a_file_is_read_is_temporary() {
    const NAME: &str = "file_reading::error_of_the_system_while_a_file_is_read_is_temporary";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(NAME, &["strace"]) {
        return;
    }
    let s = stale();
    for file in ["gandi-ddns.conf", "token", "ca.pem"] {
        for call in ["openat:error=EMFILE", "openat:error=ENFILE", "openat:error=ENOMEM", "read:error=EIO"] {
            let connections = s.fake.connections();
            let ran = traced(&s, file, call, &[]);
            ran.fails(75, &[file, "could not "]);
            assert_eq!(s.fake.connections(), connections, "{file} {call}: {ran}");
        }
        traced(&s, file, "openat:error=EACCES", &[]).fails(78, &["Permission denied"]);
        // `--wait` goes on: the second attempt finds the system well again.
        let ran = traced(&s, file, "openat:error=EMFILE:when=1", &["--wait", "60", "--force"]);
        ran.prints(0, if file == "gandi-ddns.conf" { REPLACED } else { "" });
        ran.says(&["could not ", "; retrying for up to 60 s\n"]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        assert_eq!(s.zone("home", "A"), "600 81.2.69.142");
    }
}

#[test]
fn renewed_token_that_could_not_be_read_stays_for_the_next_run() {
    const NAME: &str = "file_reading::renewed_token_that_could_not_be_read_stays_for_the_next_run";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(NAME, &["strace"]) {
        return;
    }
    let s = stale();
    s.config_with("renew_token = yes\n", "[example.org]\nnames = home\n");
    // The leftover of an interrupted renewal: maybe the only token that Gandi still accepts.
    s.write("token.new", "pat_renewed12345");
    traced(&s, "token.new", "read:error=EIO", &[]).is(0, REPLACED);
    assert_eq!(fs::read_to_string(s.path("token.new")).expect("it stays"), "pat_renewed12345");
}
