//! `GANDI_TOKEN_FILE`: the file of the token, as for the secrets of containers.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::run_output::RunOutput;
use crate::sandbox::{API_KEY, Sandbox, TOKEN, stale};
use crate::secrets::head_without;

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

/// Runs with these variables.
fn run(s: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> RunOutput {
    let mut command = s.command();
    s.finish(command.args(["-c", "gandi-ddns.conf"]).args(arguments).envs(variables.iter().copied()))
}

/// Writes a config without a credential.
fn without_credential(s: &Sandbox) {
    s.raw_config(&format!("{}[example.org]\nnames = home\n", head_without(s, "token_file")));
}

#[test]
fn token_is_read_from_the_file_of_the_variable() {
    let s = stale();
    without_credential(&s);
    s.run(&[]).fails(78, &["no token configured"]);
    // As Kubernetes mounts it: a link to a link. The path is relative to the working directory.
    fs::create_dir_all(s.path("secrets/..data")).expect("a directory");
    s.write("secrets/..data/gandi", &format!("{TOKEN}\n"));
    symlink("..data/gandi", s.path("secrets/gandi")).expect("a link");
    run(&s, &[("GANDI_TOKEN_FILE", "secrets/gandi")], &[]).is(0, REPLACED);
    let path = s.path("secrets/gandi").display().to_string();
    let ran = run(&s, &[("GANDI_TOKEN_FILE", &path)], &["check"]);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains(&format!("token: from $GANDI_TOKEN_FILE {path}, 26 characters")), "{ran}");
    let mut command = s.command();
    command.args(["--domain", "example.org", "--name", "home", "-n"]).env("GANDI_TOKEN_FILE", &path);
    for line in head_without(&s, "token_file").lines() {
        command.args(["-o", line]);
    }
    s.finish(&mut command).is(0, "");
    // An empty variable counts as unset.
    run(&s, &[("GANDI_TOKEN_FILE", "")], &["-f"]).fails(78, &["no token configured"]);
    run(&s, &[("GANDI_TOKEN", TOKEN), ("GANDI_TOKEN_FILE", "")], &["-f"]).is(0, "");
}

#[test]
fn variable_takes_precedence_over_credential_and_config_and_excludes_the_token_itself() {
    let s = Sandbox::new();
    fs::create_dir(s.path("credentials")).expect("a directory");
    s.write("credentials/token", "pat_wrong");
    s.write("other", TOKEN);
    s.write("token", "pat_wrong");
    let credentials = s.path("credentials").display().to_string();
    let directory = ("CREDENTIALS_DIRECTORY", credentials.as_str());
    run(&s, &[directory, ("GANDI_TOKEN_FILE", "other")], &["-n"]).exits(0);
    run(&s, &[directory], &["-n"]).exits(77);
    let both = [("GANDI_TOKEN", TOKEN), ("GANDI_TOKEN_FILE", "other")];
    run(&s, &both, &[]).fails(78, &["$GANDI_TOKEN and $GANDI_TOKEN_FILE are both set: unset one"]);
    // Neither counts then.
    run(&s, &both, &["-n", "-o", "token_file=other"]).exits(0);
    run(&s, &both, &["status"]).exits_without_errors(0);
}

#[test]
fn mistake_in_the_file_of_the_variable_names_the_variable() {
    let s = Sandbox::new();
    let fails = |path: &str, words: &[&str]| {
        let ran = run(&s, &[("GANDI_TOKEN_FILE", path)], &[]);
        ran.fails(78, &["GANDI_TOKEN_FILE"]);
        ran.says(words);
        run(&s, &[("GANDI_TOKEN_FILE", path)], &["check", "--json"]).exits_without_errors(78);
    };
    fails("nowhere", &["`GANDI_TOKEN_FILE`: token file nowhere does not exist: create it with `"]);
    fails("~/token", &["write the whole path instead of `~`"]);
    fails("state/..", &["a directory"]);
    for secret in [TOKEN, API_KEY] {
        fails(secret, &["`GANDI_TOKEN_FILE` must name a file: this looks like the token itself"]);
    }
    for (text, words) in [
        ("", "$GANDI_TOKEN_FILE other, which overrides `token_file`, is empty"),
        ("<change me>", "still contains a placeholder"),
        ("GANDI_TOKEN=pat_0123456789", "remove the name and the `=` before it"),
        (API_KEY, "looks like a deprecated API key"),
    ] {
        s.write("other", text);
        fails("other", &[words]);
    }
    s.write("other", &"a".repeat(5000));
    fails("other", &["it is larger than 4 KiB"]);
    assert_eq!(s.fake.connections(), 0);
    s.write("other", TOKEN);
    let mode = |mode| fs::set_permissions(s.path("other"), fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o666);
    fails("other", &["other users can write to "]);
    mode(0o644);
    run(&s, &[("GANDI_TOKEN_FILE", "other")], &["-n"])
        .says(&["warning: other contains a secret and is readable by all users: run `chmod 600 other`"]);
    // Gandi's refusal.
    s.write("other", "pat_wrong12345");
    mode(0o600);
    run(&s, &[("GANDI_TOKEN_FILE", "other")], &[])
        .fails(77, &["refused the token from $GANDI_TOKEN_FILE other"]);
}

#[test]
fn changed_file_of_the_variable_ends_the_backoff() {
    let s = stale();
    without_credential(&s);
    let variable = [("GANDI_TOKEN_FILE", "other")];
    s.write("other", "pat_old123456");
    run(&s, &variable, &[]).fails(77, &["refused the token"]);
    s.forget_notices();
    run(&s, &variable, &[]).fails(77, &["(failing since 20"]);
    assert_eq!(s.count("GET"), 1);
    s.write("other", TOKEN);
    run(&s, &variable, &[]).is(0, REPLACED);
}
