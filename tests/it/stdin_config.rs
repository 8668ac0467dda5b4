//! `-c -`: the config on stdin.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::run_output::{RunOutput, wait};
use crate::sandbox::{Sandbox, TOKEN, stale};
use crate::schema::{self, fits};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

/// Runs a command with this text on stdin.
pub(crate) fn piped(s: &Sandbox, command: &mut Command, text: &str) -> RunOutput {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A run that does not read it closes the pipe.
    let _ = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
    let ran = wait(child);
    s.keep_last_run("a run with a config on stdin", &ran);
    ran
}

/// Runs with this config on stdin and these arguments.
fn run(s: &Sandbox, text: &str, arguments: &[&str]) -> RunOutput {
    piped(s, s.command().args(["-c", "-"]).args(arguments), text)
}

/// Returns the number of state files.
fn states(s: &Sandbox) -> usize {
    let files = fs::read_dir(s.path("state")).expect("the state").flatten();
    files.filter(|f| f.path().extension().is_some_and(|e| e == "state")).count()
}

#[test]
fn config_on_stdin_is_used_by_every_command() {
    let s = stale();
    let config = format!("{}[example.org]\nnames = home\n", s.head());
    fs::remove_file(s.path("gandi-ddns.conf")).expect("the file");
    run(&s, &config, &["check", "--offline"]).exits_without_errors(0);
    let ran = run(&s, &config, &["check", "--redact"]);
    ran.exits_without_errors(0);
    assert!(!ran.stdout.contains("example.org"), "{ran}");
    run(&s, &config, &["ip", "-4"]).exits_without_errors(0);
    run(&s, &config, &[]).is(0, REPLACED);
    let ran = run(&s, &config, &["status"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("81.2.69.142, TTL 600 s"), "{ran}");
    for form in [&["--config=-"][..], &["--config", "-"], &["-nc", "-"], &["-c=-"]] {
        piped(&s, s.command().args(form), &config).is(0, "");
    }
    // A file is read where it is, not from its beginning.
    s.write("on-stdin", &config);
    let mut command = s.command();
    command.args(["-c", "-", "-v"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(fs::File::open(s.path("on-stdin")).expect("the config"));
    wait(command.spawn().expect("a run")).says(&["unchanged (cached)"]);
    // Not that of a file with this name.
    s.write("-", "frob = 1\n");
    run(&s, &config, &[]).is(0, "");
}

#[test]
fn state_of_a_config_on_stdin_is_that_of_its_records() {
    let s = stale();
    let config = |names: &str| format!("# comment\n{}[example.org]\nnames = {names}\n", s.head());
    run(&s, &config("home"), &[]).is(0, REPLACED);
    let cached = "home.example.org A: unchanged (cached)";
    run(&s, &config("home"), &["-v"]).says(&[cached]);
    run(&s, &config("home").replace("# comment", "timeout = 30"), &["-v"]).says(&[cached]);
    let with_token = config("home").replace("token_file = token", &format!("token = {TOKEN}"));
    run(&s, &with_token, &["-v"]).says(&[cached]);
    // `-4` leaves records out of the run only.
    run(&s, &config("home"), &["-v4"]).says(&[cached]);
    assert_eq!(states(&s), 1);
    for (number, names) in [(2, "home nas"), (3, "nas")] {
        run(&s, &config(names), &[]).exits(0);
        assert_eq!(states(&s), number, "{names}");
    }
}

#[test]
fn other_config_on_stdin_ends_the_backoff() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &["81.2.69.1", "81.2.69.2"]);
    let config = format!("{}[example.org]\nnames = home\n", s.head());
    run(&s, &config, &[]).fails(78, &["2 addresses"]);
    run(&s, &config, &["-v"]).says(&["(failing since 20"]);
    assert_eq!(s.count("GET"), 1);
    run(&s, &(config + "multiple_values = replace\n"), &[]).exits(0);
}

#[test]
fn mistakes_in_a_config_on_stdin_have_their_line() {
    let s = Sandbox::new();
    run(&s, "frob = 1\n[example.org]\nnames = home\n", &[]).fails(78, &["<stdin>:1: unknown key `frob`"]);
    run(&s, "# nothing\n", &[]).fails(78, &["<stdin>: no domain configured"]);
    let config = format!("{}[example.org]\nnames = home\n", s.head());
    let mut command = s.command();
    fs::create_dir(s.path("elsewhere")).expect("a directory");
    command.args(["-c", "-"]).current_dir(s.path("elsewhere"));
    // Paths are relative to the working directory.
    let ran = piped(&s, &mut command, &config.replace("ca_file = ca.pem\n", ""));
    ran.fails(78, &["<stdin>:1: token file token does not exist"]);
    run(&s, "\0", &[]).fails(78, &["from stdin: it contains a NUL byte"]);
    run(&s, &"# padding\n".repeat(200_000), &[]).fails(78, &["from stdin: it is larger than 1 MiB"]);
    let legacy = "[local]\napikey = x\ndomain = example.org\na_name = home\n";
    let ran = run(&s, legacy, &["check", "--redact"]);
    assert!(ran.code == Some(78) && ran.stdout.contains("Write this instead:"), "{ran}");
    assert!(!ran.stdout.contains("example.org"), "{ran}");
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn stdin_without_a_config_is_an_error_with_a_remedy() {
    const REMEDY: &str = "; use `-c - < FILE`, or a pipe";
    let s = Sandbox::new();
    let empty = ["could not read the config from stdin: it is empty or closed", REMEDY];
    for command in [&[][..], &["check", "--offline"], &["ip"], &["status"]] {
        let ran = run(&s, "", command);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == Some(78) && empty.iter().all(|word| text.contains(word)), "{ran}");
    }
    for (command, schema) in [("-n", schema::RUN), ("check", schema::CHECK), ("ip", schema::IP)] {
        let ran = run(&s, "", &[command, "--json"]);
        fits(schema, &ran.stdout);
        assert!(ran.code == Some(78) && ran.stdout.contains(empty[0]), "{ran}");
    }
    s.finish(s.command().args(["-c", "-"])).fails(78, &empty);
    let mut closed = Command::new("sh");
    let binary = s.command();
    closed.args(["-c", "exec \"$@\" <&-", "sh"]).arg(binary.get_program()).args(binary.get_args());
    closed.args(["-c", "-"]).env_clear().env("PATH", "/usr/bin:/bin");
    piped(&s, &mut closed, "").fails(78, &empty);
    // Twice.
    for twice in [["-c", "-", "-c", "-"], ["-c", "-", "--config", "-"]] {
        piped(&s, s.command().args(twice), "").fails(64, &["--config is given twice"]);
    }
    piped(&s, s.command().args(["-c", "-", "--domain", "example.org", "--name", "home"]), "")
        .fails(64, &["--config and --domain cannot be used together"]);
    let directory = fs::File::open(s.path("")).expect("the sandbox");
    let mut command = s.command();
    command.args(["-c", "-"]).stdin(directory).stdout(Stdio::piped()).stderr(Stdio::piped());
    wait(command.spawn().expect("a run")).fails(78, &["could not read the config from stdin: ", REMEDY]);
}

#[test]
fn terminal_on_stdin_is_an_error_with_a_remedy() {
    const NAME: &str = "stdin_config::terminal_on_stdin_is_an_error_with_a_remedy";
    if !Namespace::has(NAME, &["script"]) {
        return;
    }
    let s = Sandbox::new();
    let binary = s.command();
    let words: Vec<_> = [binary.get_program()].into_iter().chain(binary.get_args()).collect();
    let line = words.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{line} -c -"), "/dev/null"]).current_dir(s.path(""));
    command.env_clear().env("PATH", "/usr/bin:/bin");
    let ran = s.finish(&mut command);
    assert!(ran.code == Some(78) && ran.stdout.contains("from stdin: it is a terminal; use `-c -"), "{ran}");
}

#[test]
fn stdin_is_read_once_by_a_run_that_waits() {
    const NAME: &str = "stdin_config::stdin_is_read_once_by_a_run_that_waits";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(NAME, &["strace"]) {
        return;
    }
    let s = stale();
    let config = format!("{}[example.org]\nnames = home\n", s.head());
    let binary = s.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(s.path("token"));
    command
        .arg("--inject=openat:error=EMFILE:when=1")
        .arg(binary.get_program())
        .args(["-c", "-", "--wait", "60"]);
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(s.path(""));
    let ran =
        piped(&s, &mut command, &config.replace("= token\n", &format!("= {}\n", s.path("token").display())));
    ran.prints(0, REPLACED);
    ran.says(&["<stdin>:1: could not read token file ", "; retrying for up to 60 s\n"]);
}
