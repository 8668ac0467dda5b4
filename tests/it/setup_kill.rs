//! `gandi-ddns setup`, killed at each system call that can change a file: there is no config, or all of it works; what
//! was there before is not lost, and the next setup leaves nothing of the killed one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, Sandbox, TOKEN};
use crate::setup_machine::finish;
use crate::setup_terminal::{command, only_there, tree};

/// The system calls at which a run is killed. Some of them do not exist on every machine.
const CALLS: [&str; 21] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "fchmod",
    "fchmodat",
    "fchown",
    "chown",
    "chmod",
    "ftruncate",
    "close",
];
/// Of the calls before and after those that write the config, this many are taken: there nothing changes.
const AROUND: usize = 6;

const ARGUMENTS: [&str; 8] = ["--domain", "example.org", "--name", "home", "--type", "A", "--yes", "--force"];
const OLD: &str = "# mine\n";
const OLD_TOKEN: &str = "pat_mine0123456789\n";

/// The config directory before the setup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    Nothing,
    /// It has another config and another token.
    Files,
    /// It has a config for the same records, which works with its token; the new token is another one.
    Working,
}

fn prepare(before: Before) -> Sandbox {
    let s = Sandbox::new();
    let table = s.path("table").display().to_string();
    fs::create_dir(s.path("bin")).expect("a directory");
    let script = format!(
        "#!/bin/sh\ncase $1 in -l) /bin/cat '{table}' 2>/dev/null || {{ echo 'no crontab for me' >&2; exit 1; }} ;;\n\
         -) /bin/cat >'{table}.new' && /bin/mv '{table}.new' '{table}' ;; *) exit 1 ;; esac\n"
    );
    s.write("bin/crontab", &script);
    fs::set_permissions(s.path("bin/crontab"), fs::Permissions::from_mode(0o755)).expect("chmod");
    if before != Before::Nothing {
        fs::create_dir(s.path("conf")).expect("a directory");
        fs::set_permissions(s.path("conf"), fs::Permissions::from_mode(0o700)).expect("chmod");
        s.write("conf/gandi-ddns.conf", &old(&s, before));
        s.write("conf/token", OLD_TOKEN);
    }
    // Of a token that expires soon.
    s.fake.accept_bearer(OLD_TOKEN.trim());
    s
}

/// Returns the text of the config before the setup.
fn old(s: &Sandbox, before: Before) -> String {
    if before != Before::Working {
        return OLD.to_owned();
    }
    let top = s.path("").display().to_string();
    let head = s.head().replace("= ca.pem", &format!("= {top}/ca.pem"));
    format!("{OLD}{}[example.org]\nnames = home\n", head.replace("= state", &format!("= {top}/state")))
}

/// Runs setup under strace with these options, and returns true if it was not killed.
fn traced(s: &Sandbox, log: &Path, options: &[&str]) -> bool {
    let inner = command(s, &ARGUMENTS);
    let mut traced = Command::new("/usr/bin/strace");
    traced.args(["-qq", "-o"]).arg(log).args(options);
    traced.arg(inner.get_program()).args(inner.get_args()).env_clear().current_dir(s.path(""));
    traced.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced.stdin(fs::File::open(s.path("token")).expect("the token"));
    traced.stdout(Stdio::null()).stderr(Stdio::null());
    traced.status().expect("strace").code() == Some(0)
}

/// Returns the calls of an undisturbed run, as a name and a number, from a few before the first one that changes the
/// directory of the config to a few after the last one.
fn calls(before: Before) -> Vec<(&'static str, usize)> {
    let s = prepare(before);
    assert!(traced(&s, &s.path("log"), &[]), "without a fault");
    let log = fs::read_to_string(s.path("log")).expect("the log");
    fs::remove_file(s.path("log")).expect("the log");
    let mut numbers = [0; CALLS.len()];
    let mut calls = Vec::new();
    let (mut first, mut last) = (None, 0);
    for line in log.lines() {
        let Some(index) = CALLS.iter().position(|call| line.starts_with(&format!("{call}("))) else {
            continue;
        };
        numbers[index] += 1;
        let is_change = line.starts_with("rename") || line.starts_with("mkdir") || line.contains("O_CREAT");
        if is_change && ["\"conf", "\"token", "\"gandi-ddns.conf"].iter().any(|name| line.contains(name))
            || line.contains("/conf.new\"")
        {
            first = first.or(Some(calls.len()));
            last = calls.len();
        }
        calls.push((CALLS[index], numbers[index]));
    }
    let first = first.expect("the config is written").saturating_sub(AROUND);
    calls[first..(last + AROUND).min(calls.len())].to_vec()
}

/// Checks what a killed run has left. Returns true if the new config is there.
#[track_caller]
fn look(s: &Sandbox, before: Before, when: &str) -> bool {
    let read = |name: &str| fs::read_to_string(s.path("conf").join(name)).ok();
    let config = read("gandi-ddns.conf");
    let old = old(s, before);
    let is_new = config.as_deref().is_some_and(|text| text != old);
    let file = if before == Before::Files { "token2" } else { "token" };
    let token = read(file);
    if is_new {
        assert_eq!(token.as_deref(), Some(&*format!("{TOKEN}\n")), "{when}: a config without its token");
        let text = config.unwrap_or_default();
        assert!(text.contains(&format!("\ntoken_file = {file}\n")), "{when}: {text}");
        assert!(text.ends_with("\n[example.org]\nnames = home\ntypes = A\n"), "{when}: {text}");
    } else if before == Before::Nothing {
        assert_eq!((config, token), (None, None), "{when}: only one of the files");
        assert_eq!(s.fake.count("PUT"), 0, "{when}");
    } else {
        assert_eq!(config.as_deref(), Some(&*old), "{when}");
    }
    if before == Before::Working {
        // Either config works with either token, and the old one is not lost.
        let old_token = read("token").filter(|text| text == OLD_TOKEN).or(read("token.old"));
        assert_eq!(old_token.as_deref(), Some(OLD_TOKEN), "{when}: the old token is lost");
        let ran = s.finish(s.command().args(["-c", "conf/gandi-ddns.conf"]));
        assert_eq!(ran.code, Some(0), "{when}\n{ran}");
    }
    if before == Before::Files {
        // The old config works with its own token until the new one works with the new one.
        assert_eq!(read("token").as_deref(), Some(OLD_TOKEN), "{when}: the old token is lost");
    }
    if before != Before::Nothing {
        assert!(!is_new || read("gandi-ddns.conf.old").as_deref() == Some(&*old), "{when}: the old config");
    }
    // Nothing of it can be read by others, whatever is left.
    for (path, mode, _) in tree(&s.path("")) {
        let name = path.display().to_string();
        let is_ours = name.contains("/conf") && !name.ends_with("gandi-ddns.conf.old");
        assert!(!is_ours || mode % 0o100 == 0, "{when}: {name} has mode {mode:o}");
    }
    is_new
}

#[test]
fn setup_killed_at_any_system_call_leaves_nothing_or_a_working_config() {
    let test = "setup_kill::setup_killed_at_any_system_call_leaves_nothing_or_a_working_config";
    // Under an emulator, strace sees the calls of the emulator.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return;
    }
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return Namespace::skip(test, "strace is not allowed");
    }
    // Without a router and name servers, which would be waited for.
    let Some(_net) = Namespace::enter(test) else { return };
    let (mut without, mut with) = (0, 0);
    for before in [Before::Nothing, Before::Files, Before::Working] {
        for (call, n) in calls(before) {
            let s = prepare(before);
            let when = format!("{before:?}, killed at {call} {n}");
            let inject = format!("--inject={call}:signal=SIGKILL:when={n}");
            // The trace of its writes has the token.
            let ended = traced(&s, Path::new("/dev/null"), &[&format!("--trace={call}"), &inject]);
            let is_new = look(&s, before, &when);
            assert!(!ended || is_new, "{when}: it ended with 0, without a config");
            *if is_new { &mut with } else { &mut without } += usize::from(!ended);
            // The next setup leaves nothing of the killed one.
            let ran = finish(&s, &mut command(&s, &ARGUMENTS));
            assert_eq!(ran.code, Some(0), "{when}\n{ran}");
            let names: Vec<_> =
                tree(&s.path("")).into_iter().map(|(path, ..)| path.display().to_string()).collect();
            let left = names.iter().find(|name| name.contains(".new") && !name.contains("/table."));
            assert_eq!(left, None, "{when}");
            only_there(&s, &[if before == Before::Files { "conf/token2" } else { "conf/token" }]);
            assert_eq!(s.zone("home", "A"), format!("300 {ADDRESS}"), "{when}");
            s.finish(s.command().args(["-c", "conf/gandi-ddns.conf"])).is(0, "");
        }
    }
    // The kills were on both sides of the renames.
    assert!(without > 20 && with > 5, "{without} without a config, {with} with one");
}
