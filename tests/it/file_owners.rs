//! Files and directories that other users can change.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::file_kinds::{OTHER, is_root, snapshot};
use crate::namespace::Namespace;
use crate::other_user::OtherUser;
use crate::run_output::RunOutput;
use crate::sandbox::{API_KEY, STALE, Sandbox, stale};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

fn mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

/// A sandbox in which each file that a run trusts is in the directory `dir`, named in the config by the symlinks of
/// the directory `links`.
fn sandbox(more: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    fs::create_dir_all(s.path("dir/inner")).expect("a directory");
    fs::create_dir(s.path("links")).expect("a directory");
    for directory in ["", "dir", "dir/inner", "links"] {
        mode(s.path(directory), 0o755);
    }
    s.write("dir/inner/key", API_KEY);
    let config = format!("{}{more}\n[example.org]\nnames = home\n", s.head());
    let config = config.replace("= token\n", "= links/token\n").replace("= ca.pem\n", "= links/ca.pem\n");
    s.raw_config(&config.replace("= state\n", "= ../../state\n").replace("= links", "= ../../links"));
    for name in ["gandi-ddns.conf", "token", "ca.pem"] {
        fs::rename(s.path(name), s.path("dir/inner").join(name)).expect(name);
    }
    for name in ["hook", "address"] {
        // By another process: see `command_source`.
        let line =
            format!("printf '#!/bin/sh\\necho 81.2.69.142\\n' >dir/inner/{name}; chmod 700 dir/inner/{name}");
        assert!(
            Command::new("sh")
                .args(["-c", &line])
                .current_dir(s.path(""))
                .status()
                .is_ok_and(|s| s.success())
        );
    }
    for name in ["gandi-ddns.conf", "token", "ca.pem", "key", "hook", "address"] {
        symlink(format!("../dir/inner/{name}"), s.path("links").join(name)).expect(name);
    }
    s
}

fn run(s: &Sandbox, command: &str) -> RunOutput {
    let mut run = s.command();
    run.args(["-c", "dir/inner/gandi-ddns.conf"]);
    s.finish(if command.is_empty() { &mut run } else { run.arg(command) })
}

/// A file that a run trusts, and the lines of the config that name it.
const TRUSTED: [(&str, &str); 7] = [
    ("gandi-ddns.conf", ""),
    ("token", ""),
    ("ca.pem", ""),
    ("key", "api_key_file = ../../links/key"),
    ("hook", "on_change = ../../links/hook"),
    ("hook", "on_failure = ../../links/hook"),
    ("address", "ipv4 = command:../../links/address"),
];

/// A sandbox for one row of [`TRUSTED`].
fn trusting(more: &str) -> Sandbox {
    let s = sandbox(more);
    // Another key in place of the one that is there.
    let key = more.split(' ').next().unwrap_or_default();
    let replaced = if key == "api_key_file" { "token_file" } else { key };
    let config = fs::read_to_string(s.path("dir/inner/gandi-ddns.conf")).expect("the config");
    let lines: Vec<&str> =
        config.lines().filter(|l| more.is_empty() || *l == more || !l.starts_with(replaced)).collect();
    s.write("dir/inner/gandi-ddns.conf", &(lines.join("\n") + "\n"));
    s
}

#[test]
fn what_others_can_change_is_refused_with_path_and_remedy() {
    let (user, group) = (Some(OTHER), Some(OTHER));
    for (name, more) in TRUSTED {
        let inner = format!("dir/inner/{name}");
        let s = trusting(more);
        let root = is_root(&s);
        let ours = fs::metadata(s.path("")).expect("the sandbox").uid();
        run(&s, "").is(0, REPLACED);
        let refused = |path: &str, problem: &str, remedy: &str| {
            let path = s.path(path).display().to_string();
            for command in ["", "-n", "status", "check"] {
                // They need no token.
                if command == "status" && matches!(name, "token" | "key") {
                    continue;
                }
                let ran = run(&s, command);
                let all = format!("{}{}", ran.stdout, ran.stderr);
                assert_eq!(ran.code, Some(78), "{name} {command}: {ran}");
                assert!(
                    all.contains(&format!("{problem}{path}: run {}", remedy.replace("PATH", &path))),
                    "{ran}"
                );
                // Several files can be behind one directory.
                let mut lines = ran.stderr.lines().filter(|l| !l.ends_with(" errors"));
                assert!(command == "check" || lines.all(|l| l.contains(&path)), "{ran}");
            }
        };
        let before = |path: &str| fs::metadata(s.path(path)).expect(path).mode();
        for (path, bad) in [(inner.as_str(), 0o666), ("dir/inner", 0o777), ("dir", 0o757), ("links", 0o777)] {
            // The config itself is not behind a symlink.
            if path == "links" && name == "gandi-ddns.conf" {
                continue;
            }
            let good = before(path);
            mode(s.path(path), bad);
            refused(path, "other users can write to ", "`chmod go-w PATH`");
            mode(s.path(path), good);
        }
        if root {
            for path in [inner.as_str(), "dir/inner"] {
                chown(s.path(path), user, None).expect("chown");
                // No `chown` of a directory: it may be a home directory.
                let chown_file = format!("`chown {ours} PATH`");
                let remedy =
                    if path == inner { chown_file.as_str() } else { "this as that user, or use a path" };
                refused(path, "another user owns ", remedy);
                chown(s.path(path), Some(ours), None).expect("chown");
                // A group of other users.
                let good = before(path);
                chown(s.path(path), None, group).expect("chown");
                mode(s.path(path), good | 0o020);
                refused(path, "other users can write to ", "`chmod go-w PATH`");
                mode(s.path(path), good);
            }
            if name != "gandi-ddns.conf" {
                lchown(s.path(&format!("links/{name}")), user, group).expect("chown");
                refused(&format!("links/{name}"), "another user owns ", "this as that user, or use a path");
            }
        }
    }
}

#[test]
fn missing_program_that_others_could_create_is_refused() {
    let s = sandbox("on_change = ../hook2");
    run(&s, "--force").says(&["/hook2: not found"]);
    // Anybody could put one there before it is run.
    mode(s.path("dir"), 0o1777);
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    run(&s, "--force")
        .fails(78, &["/dir/hook2 does not exist, and other users can create it: use another path"]);
}

#[test]
fn what_only_root_and_the_user_can_change_is_used() {
    let s = sandbox("on_change = ../../links/hook");
    // A sticky directory such as /tmp: only the owner of a file in it can replace it.
    mode(s.path("dir"), 0o1777);
    mode(s.path("links"), 0o1777);
    run(&s, "").is(0, REPLACED);
    let checked = run(&s, "check");
    assert!(checked.stdout.contains("no other user can change it, its secrets or its programs"), "{checked}");
    // As Kubernetes mounts a secret: read by a group, behind links, in a sticky directory.
    if is_root(&s) {
        chown(s.path("dir/inner/token"), None, Some(OTHER)).expect("chown");
    }
    mode(s.path("dir/inner/token"), 0o440);
    run(&s, "--force").is(0, "");
    // The group of root, or the group of this user alone, which has the number of the user.
    if is_root(&s) {
        mode(s.path("dir/inner"), 0o775);
        mode(s.path("dir/inner/gandi-ddns.conf"), 0o664);
        run(&s, "--force").is(0, "");
    }
}

/// Gives a copy of a sandbox to the user `nobody`. Returns `None` if the tests do not run as root.
fn foreign(s: &Sandbox) -> Option<OtherUser> {
    if !is_root(s) {
        return None;
    }
    let user = OtherUser::new(s, OTHER);
    for name in ["gandi-ddns.conf", "token", "ca.pem"] {
        user.write(name, &fs::read_to_string(s.path(name)).expect(name), 0o600);
    }
    Some(user)
}

/// Runs the program as the user.
fn run_as(user: &OtherUser, s: &Sandbox, arguments: &[&str]) -> RunOutput {
    s.finish(user.command(s, &[]).args(["-c", "gandi-ddns.conf"]).args(arguments))
}

#[test]
fn ordinary_user_may_use_files_of_root_and_of_the_own_group() {
    let s = stale();
    let Some(user) = foreign(&s) else { return };
    run_as(&user, &s, &[]).is(0, REPLACED);
    // The user's private group, as on systems with umask 0002.
    mode(user.path("gandi-ddns.conf"), 0o664);
    run_as(&user, &s, &["--force"]).is(0, "");
    // A config of root.
    chown(user.path("gandi-ddns.conf"), Some(0), Some(0)).expect("chown");
    mode(user.path("gandi-ddns.conf"), 0o644);
    run_as(&user, &s, &["--force"]).is(0, "");
    for (owner, bits, problem) in
        [(OTHER, 0o666, "chmod go-w /"), (4711, 0o644, "another user owns /"), (0, 0o664, "")]
    {
        chown(user.path("gandi-ddns.conf"), Some(owner), Some(0)).expect("chown");
        mode(user.path("gandi-ddns.conf"), bits);
        let ran = run_as(&user, &s, &["--force"]);
        if problem.is_empty() {
            ran.is(0, "");
        } else {
            ran.fails(78, &[problem]);
        }
    }
}

#[test]
fn user_namespace_shows_files_of_root_as_those_of_nobody() {
    const NAME: &str = "file_owners::user_namespace_shows_files_of_root_as_those_of_nobody";
    const INSIDE: [&str; 4] = ["unshare", "-U", "--map-user=4711", "--map-group=4711"];
    let s = stale();
    if !is_root(&s) {
        return;
    }
    let user = OtherUser::new(&s, 4711);
    let mut probe = user.plain("unshare");
    if !probe.args(&INSIDE[1..]).arg("true").stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return Namespace::skip(NAME, "`unshare -U` is not allowed");
    }
    // A file of root, as in /etc/ssl.
    fs::copy(s.path("ca.pem"), user.path("ca.pem")).expect("a file of root");
    mode(user.path("ca.pem"), 0o644);
    for name in ["gandi-ddns.conf", "token"] {
        user.write(name, &fs::read_to_string(s.path(name)).expect(name), 0o600);
    }
    // A unit of `systemd --user` with `PrivateUsers=yes`: root is not in its namespace.
    let run = |mut command: Command| s.finish(command.args(["-c", "gandi-ddns.conf"]));
    run(user.command(&s, &INSIDE)).is(0, REPLACED);
    mode(user.path("ca.pem"), 0o666);
    run(user.command(&s, &INSIDE)).fails(78, &["other users can write to /", "/ca.pem: run `chmod go-w"]);
    mode(user.path("ca.pem"), 0o644);
    // A unit of root with `PrivateUsers=yes`: whoever appears as `nobody` is another user.
    let mut command = user.command(&s, &["unshare", "-Ur"]);
    command.uid(0).gid(0);
    run(command).fails(78, &["another user owns /"]);
}

#[test]
fn ip_shows_the_default_sources_if_the_default_config_may_not_be_read() {
    let s = stale();
    let Some(user) = foreign(&s) else { return };
    for name in ["xdg", "xdg/gandi-ddns"] {
        fs::create_dir(user.path(name)).expect("a directory");
        user.owns(name);
    }
    let config = user.path("xdg/gandi-ddns/gandi-ddns.conf").display().to_string();
    let hint = "run it as root (sudo), or use --config";
    let denied = format!("could not read the config {config}: Permission denied (os error 13); {hint}");
    let ip = |more: &[&str]| {
        let mut command = user.command(&s, &[]);
        command.env("XDG_CONFIG_HOME", user.path("xdg")).args(["ip", "-4"]).args(more);
        s.finish(&mut command)
    };
    user.write("address", "#!/bin/sh\necho 81.2.69.142\n", 0o755);
    let source = format!("ipv4=command:{}", user.path("address").display());
    for mode in [0o000, 0o600] {
        user.write("xdg/gandi-ddns/gandi-ddns.conf", "ipv4 = off\n", mode);
        if mode != 0 {
            chown(&config, Some(0), None).expect("chown");
        }
        for more in [&[][..], &["--json"]] {
            let ran = ip(&[&["-o", &source], more].concat());
            ran.exits(0);
            assert!(ran.stdout.contains("81.2.69.142"), "{ran}");
            assert_eq!(ran.stderr, format!("gandi-ddns: warning: {denied}; here are the default sources\n"));
        }
        // A config that is named is not passed over.
        ip(&["-c", &config]).fails(78, &[&denied]);
    }
    // Nor one that can be read and is wrong.
    user.write("xdg/gandi-ddns/gandi-ddns.conf", "ipv4 = nowhere\n", 0o600);
    ip(&[]).fails(78, &["gandi-ddns.conf:1: `ipv4`"]);
}

#[test]
fn history_of_another_user_stays_where_the_owner_cannot_be_kept() {
    let s = stale();
    s.config_with("history = history\n", "[example.org]\nnames = home\n");
    let Some(user) = foreign(&s) else { return };
    fs::write(user.path("history"), "").expect("a history of root");
    let before = snapshot(&user.path("history"));
    let ran = run_as(&user, &s, &[]);
    ran.prints(0, REPLACED);
    ran.says(&["warning: could not write the history history: Operation not permitted"]);
    assert_eq!((snapshot(&user.path("history")), ran.stderr.lines().count()), (before, 1));
    // Nothing is left over, and what was left over by a killed run does not matter.
    assert!(!user.path("history.new").exists());
    fs::remove_file(user.path("history")).expect("the history of root");
    fs::write(user.path("history.new"), "half a li").expect("a leftover");
    user.owns("history.new");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    run_as(&user, &s, &["--force"]).is(0, REPLACED);
    // What another user has put there stays, and stops nothing but the history.
    fs::write(user.path("history.new"), "of root").expect("an obstacle");
    fs::remove_file(user.path("history")).expect("the history");
    chown(user.path("history.new"), Some(4711), None).expect("chown");
    let before = snapshot(&user.path("history.new"));
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let ran = run_as(&user, &s, &["--force"]);
    ran.prints(0, REPLACED);
    ran.says(&["history.new is in the way and not ours: remove it"]);
    assert_eq!((snapshot(&user.path("history.new")), ran.stderr.lines().count()), (before, 1));
}
