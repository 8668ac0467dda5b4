//! The state directory: how it is created, and whose it must be.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::file_kinds::{OTHER, is_root};
use crate::sandbox::{STALE, Sandbox, stale};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

fn mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

#[test]
fn missing_state_directory_is_private_and_its_parents_belong_to_us_alone() {
    let s = stale();
    let text = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    s.raw_config(&text.replace("= state\n", "= new/newer/state\n"));
    let ours = s.command();
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(ours.get_program()).args(ours.get_args());
    command.args(["-c", "gandi-ddns.conf"]).env_clear().current_dir(s.path(""));
    s.finish(&mut command).is(0, REPLACED);
    let modes = ["new", "new/newer", "new/newer/state"]
        .map(|name| fs::metadata(s.path(name)).expect(name).mode() & 0o7777);
    assert_eq!(modes, [0o755, 0o755, 0o700]);
}

#[test]
fn state_directory_of_others_is_refused_by_every_command() {
    let s = stale();
    s.run(&[]).exits(0);
    mode(s.path("state"), 0o777);
    let told = "other users can write to the state directory state";
    s.run(&["-n"]).fails(0, &[told]);
    s.run(&["status"]).fails(78, &[told]);
    assert!(s.run(&["check"]).stdout.contains(told));
    if !is_root(&s) {
        return;
    }
    // The group of root, or the group of this user alone, is no other user.
    mode(s.path("state"), 0o770);
    s.run(&["status"]).exits_without_errors(0);
    chown(s.path("state"), None, Some(OTHER)).expect("chown");
    s.run(&["status"]).fails(78, &[told]);
    mode(s.path("state"), 0o700);
    chown(s.path("state"), Some(OTHER), None).expect("chown");
    s.run(&["--force"]).fails(0, &["the state directory state is owned by another user"]);
}

#[test]
fn root_reads_the_state_of_another_user_and_does_not_write_to_it() {
    let s = stale();
    s.run(&[]).is(0, REPLACED);
    if !is_root(&s) {
        return;
    }
    // As that of a systemd service with DynamicUser=.
    for name in ["", "state", "lock", "history"] {
        let path = if name.is_empty() { s.path("state") } else { s.state_file().with_extension(name) };
        chown(path, Some(OTHER), Some(OTHER)).expect("chown");
    }
    let before = fs::read(s.state_file()).expect("the state");
    let ran = s.run(&["status"]);
    ran.exits_without_errors(0);
    assert!(
        ran.stdout.contains("  81.2.69.142, TTL 600 s (last confirmed ")
            && ran.stdout.contains("81.2.69.1 -> "),
        "{ran}"
    );
    assert!(!s.run(&["check"]).stdout.contains("owned by another user"));
    s.run(&["-n"]).exits_without_errors(0);
    s.run(&["--force"]).fails(0, &["the state directory state is owned by another user"]);
    assert_eq!(fs::read(s.state_file()).expect("the state"), before);
    // A file of a third user is not one of the service.
    chown(s.state_file(), Some(OTHER + 1), None).expect("chown");
    s.run(&["status"]).fails(78, &["another user owns it"]);
}

/// A sandbox with a private directory of ours, `target`, and the symlink `link` to it as the state directory.
fn linked(state_dir: &str) -> Sandbox {
    let s = stale();
    let text = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    s.raw_config(&text.replace("= state\n", &format!("= {state_dir}\n")));
    fs::create_dir(s.path("target")).expect("a directory");
    mode(s.path("target"), 0o700);
    symlink("target", s.path("link")).expect("a link");
    s
}

fn entries(s: &Sandbox, name: &str) -> usize {
    fs::read_dir(s.path(name)).expect(name).count()
}

#[test]
fn symlink_to_the_state_directory_must_be_ours() {
    for state_dir in ["link", "link/below"] {
        let s = linked(state_dir);
        s.run(&[]).is(0, REPLACED);
        assert!(entries(&s, "target") > 0);
        s.run(&["status"]).exits_without_errors(0);
    }
    for state_dir in ["link", "link/below", "link/a/b"] {
        let s = linked(state_dir);
        if !is_root(&s) {
            return;
        }
        lchown(s.path("link"), Some(OTHER), Some(OTHER)).expect("chown");
        let ran = s.run(&[]);
        ran.prints(0, REPLACED);
        ran.says(&[
            "could not use the state directory",
            "another user owns /",
            "/link: run this as that user, or use a path",
        ]);
        assert_eq!(
            (entries(&s, "target"), ran.stderr.lines().count()),
            (0, 1),
            "nothing is created behind it"
        );
        s.run(&["status"]).fails(78, &["another user owns "]);
    }
}

#[test]
fn nothing_is_created_behind_a_symlink_in_the_state_directory() {
    let s = stale();
    s.run(&[]).exits(0);
    let state = s.state_file();
    for name in ["lock", "state"] {
        let path = state.with_extension(name);
        fs::remove_file(&path).expect(name);
        symlink(s.path("elsewhere"), &path).expect("a link");
        let ran = s.run(&["--force"]);
        ran.fails(0, &["it is a symlink, not a regular file"]);
        assert!(!s.path("elsewhere").exists() && path.is_symlink(), "{name}");
        fs::remove_file(&path).expect(name);
    }
    // The temporary file is created and not opened.
    symlink(s.path("elsewhere"), state.with_extension("state.new")).expect("a link");
    s.fake.set("example.org", "home", "A", 900, &[STALE]);
    s.run(&["--force"]).says(&["could not write the state", "is in the way and not ours: remove it"]);
    assert!(!s.path("elsewhere").exists());
}
