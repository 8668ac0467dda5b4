//! `renew_token`: the file holds a valid token after any failure.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{Sandbox, TOKEN};
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;
const CREATED: &str = "home.example.org A: created: 81.2.69.142 (TTL 300)\n";
const RENEWED: &str = "pat_renewed1_SECRET";

/// A sandbox whose token expires in ten days and is to be renewed.
fn due() -> Sandbox {
    let s = Sandbox::new();
    s.fake.set_left(TOKEN, 10 * DAY + 100);
    s.config_with("renew_token = yes\n", "[example.org]\nnames = home\n");
    s
}

fn token(s: &Sandbox) -> String {
    fs::read_to_string(s.path("token")).expect("the token")
}

/// The output contains no renewed token.
#[track_caller]
fn kept_secret(ran: &RunOutput) {
    assert!(!format!("{ran:?}").contains("_SECRET"), "{ran:?}");
}

#[test]
fn new_token_replaces_the_old_one_in_its_file() {
    let s = due();
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o640)).expect("chmod");
    // Only root can give the file to another group, and so test that the group is kept. A token of another user is
    // refused.
    let owner = fs::metadata(s.path("token")).expect("metadata").uid();
    if owner == 0 {
        chown(s.path("token"), None, Some(4712)).expect("chown");
    }
    let before = fs::metadata(s.path("token")).expect("metadata");
    let ran = s.run(&[]);
    kept_secret(&ran);
    ran.exits_without_errors(0);
    let (created, renewed) = ran.stdout.split_once('\n').expect("two lines");
    assert!(
        created.ends_with("(TTL 300)")
            && renewed.starts_with("token renewed (the old one would have expired on 20"),
        "{}",
        ran.stdout
    );
    assert_eq!(token(&s), format!("{RENEWED}\n"));
    let after = fs::metadata(s.path("token")).expect("metadata");
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert!(!s.path("token.new").exists() && s.fake.accepts(TOKEN));
    // The new token is in use, and expires in a year.
    s.fake.revoke(TOKEN);
    s.run(&["--force"]).is(0, "");
    s.age(DAY);
    s.run(&[]).is(0, "");
    assert_eq!(s.fake.renewals(), 1);
}

#[test]
fn token_is_renewed_only_when_configured_and_due() {
    let s = due();
    s.fake.set_left(TOKEN, 16 * DAY);
    s.run(&["-q"]).is(0, "");
    let s = due();
    s.config("names = home\n");
    s.run(&[]).says(&["warning: the token expires"]);
    let s = due();
    let ran = s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", TOKEN));
    ran.says(&["warning: the token expires"]);
    assert_eq!((s.fake.renewals(), token(&s).as_str()), (0, TOKEN));
}

/// The renewal fails: the old token stays, the exit code is 0, and one warning contains these words.
#[track_caller]
fn stays(s: &Sandbox, words: &[&str]) {
    let ran = s.run(&[]);
    kept_secret(&ran);
    ran.prints(0, CREATED);
    ran.says(&[
        "warning: could not renew the token, which works until it expires on 20",
        "; next attempt in a day",
    ]);
    ran.says(words);
    let about = ran.stderr.lines().filter(|l| l.contains("could not renew")).count();
    assert_eq!((about, ran.stderr.lines().count()), (1, 1), "{}", ran.stderr);
    assert_eq!(token(s), TOKEN);
    // There is no second attempt on the same day. The caller makes the one of the next day, without the fault.
    s.run(&[]).is(0, "");
    s.fake.clear_faults();
    s.age(DAY);
}

/// The renewal on the next day succeeds.
#[track_caller]
fn is_renewed(s: &Sandbox) {
    let ran = s.run(&[]);
    ran.exits_without_errors(0);
    assert!(
        token(s).ends_with("_SECRET\n") && s.fake.accepts(token(s).trim()) && !s.path("token.new").exists()
    );
}

#[test]
fn old_token_stays_when_gandi_refuses_the_renewal() {
    let leak = "{\"access_token\": [\"pat_renewed9_SECRET\"]}";
    for (fault, word) in [
        (Fault::Answer(Answer::json(403, "{}")), "(403)"),
        (Fault::Answer(Answer::json(400, "{\"message\":\"not yet\"}")), "not yet"),
        (Fault::Answer(Answer::html(502, "<p>no")), "(502)"),
        (Fault::Answer(Answer::json(404, "{}")), "404"),
        (Fault::Answer(Answer::json(201, leak)), "it contains no valid token"),
        (Fault::Answer(Answer::json(201, "{\"access_token\":\"\"}")), "it contains no valid token"),
        (Fault::Truncate, "127.0.0.1"),
        (Fault::DropBefore, "127.0.0.1"),
    ] {
        let s = due();
        s.fake.fault(On::route("POST", "access-tokens"), Times::Always, fault);
        stays(&s, &[word]);
        assert!(!s.path("token.new").exists());
        is_renewed(&s);
    }
}

#[test]
fn refused_new_token_is_discarded() {
    let s = due();
    // The first two GETs are for the record and for its name; the third one verifies the new token.
    s.fake.fault(On::route("GET", "/home"), Times::Next(2), Fault::Pass);
    s.fake.fault(On::route("GET", "/home"), Times::Always, Fault::Answer(Answer::json(403, "{}")));
    stays(&s, &["the new token did not work: 127.0.0.1 refused the token"]);
    assert!(!s.path("token.new").exists(), "the refused token is discarded");
    is_renewed(&s);
}

#[test]
fn unverified_token_is_verified_by_a_later_run() {
    let s = due();
    s.fake.fault(On::route("GET", "/home"), Times::Next(2), Fault::Pass);
    s.fake.fault(On::route("GET", "/home"), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
    let ran = s.run(&[]);
    ran.says(&["the new token did not work: 127.0.0.1 has a server error (500)"]);
    kept_secret(&ran);
    assert_eq!(
        (token(&s).as_str(), fs::read_to_string(s.path("token.new")).expect("it")),
        (TOKEN, format!("{RENEWED}\n"))
    );
    s.run(&[]).is(0, "");
    assert_eq!(token(&s), TOKEN, "Gandi still fails");
    s.fake.clear_faults();
    s.run(&[]).is(0, "");
    assert_eq!((token(&s), s.fake.renewals()), (format!("{RENEWED}\n"), 1));
}

#[test]
fn leftover_of_an_interrupted_renewal_is_resumed_or_removed() {
    for left in ["", "   \n", "two words", "\u{1}"] {
        let s = due();
        s.fake.set_left(TOKEN, 100 * DAY);
        s.write("token.new", left);
        s.run(&[]).is(0, CREATED);
        assert!(token(&s) == TOKEN && !s.path("token.new").exists(), "{left:?}");
    }
    // An unknown token, and a new token whose renewal has revoked the old one.
    let s = due();
    s.fake.set_left(TOKEN, 100 * DAY);
    s.write("token.new", "pat_unknown");
    s.run(&[]).is(0, CREATED);
    assert!(token(&s) == TOKEN && !s.path("token.new").exists());
    let s = due();
    s.fake.revoke_all();
    s.run(&[]).fails(77, &["refused the token"]);
    s.fake.accept_bearer(RENEWED);
    s.write("token.new", RENEWED);
    s.run(&[]).is(0, CREATED);
    assert_eq!(token(&s).trim(), RENEWED);
}

#[test]
fn token_file_that_is_a_symlink_is_renewed_at_its_target() {
    let s = due();
    fs::create_dir(s.path("elsewhere")).expect("a directory");
    fs::rename(s.path("token"), s.path("elsewhere/secret")).expect("a move");
    symlink("elsewhere/secret", s.path("token")).expect("a link");
    s.run(&[]).exits_without_errors(0);
    let target = fs::read_link(s.path("token")).expect("still a link");
    assert_eq!((target.to_str(), token(&s)), (Some("elsewhere/secret"), format!("{RENEWED}\n")));
    assert!(!s.path("token.new").exists() && !s.path("elsewhere/secret.new").exists());
    // The directory that counts is that of the target.
    let s = due();
    fs::create_dir(s.path("elsewhere")).expect("a directory");
    fs::rename(s.path("token"), s.path("elsewhere/secret")).expect("a move");
    symlink("elsewhere/secret", s.path("token")).expect("a link");
    fs::set_permissions(s.path("elsewhere"), fs::Permissions::from_mode(0o1777)).expect("chmod");
    stays(&s, &["other users can write to /", "/elsewhere: move the token file"]);
    assert_eq!(s.fake.renewals(), 0);
}

#[test]
fn full_or_read_only_disk_keeps_the_old_token() {
    let name = "renewal::full_or_read_only_disk_keeps_the_old_token";
    let Some(net) = Namespace::enter(name) else { return };
    let s = due();
    let dir = s.path("secret");
    fs::create_dir(&dir).expect("a directory");
    net.run(&format!("mount -t tmpfs -o size=16k,mode=755 tmpfs {}", dir.display()));
    fs::write(dir.join("token"), TOKEN).expect("the token");
    fs::set_permissions(dir.join("token"), fs::Permissions::from_mode(0o600)).expect("chmod");
    s.raw_config(&format!(
        "{}renew_token = yes\n[example.org]\nnames = home\n",
        s.head().replace("token_file = token", "token_file = secret/token")
    ));
    // Fills the disk.
    let filled = Command::new("sh")
        .args(["-c", "cat /dev/zero >secret/filling"])
        .current_dir(s.path(""))
        .stderr(Stdio::null())
        .status();
    assert!(!filled.expect("a shell").success());
    let held = || fs::read_to_string(dir.join("token")).expect("the token");
    stays(&s, &["could not create a temporary file next to it", "No space left on device"]);
    assert_eq!((held().as_str(), s.fake.renewals(), dir.join("token.new").exists()), (TOKEN, 0, false));
    fs::remove_file(dir.join("filling")).expect("it");
    net.run(&format!("mount -o remount,ro {}", dir.display()));
    let ran = s.run(&[]);
    ran.says(&["could not create a temporary file next to it", "Read-only file system"]);
    assert_eq!((ran.code, held().as_str(), s.fake.renewals()), (Some(0), TOKEN, 0));
    net.run(&format!("mount -o remount,rw {}", dir.display()));
    s.age(DAY);
    s.run(&[]).exits(0);
    assert_eq!(held(), format!("{RENEWED}\n"));
    net.run(&format!("umount {}", dir.display()));
}

/// The system calls that touch files. Some of them do not exist on every machine.
const CALLS: [&str; 20] = [
    "open",
    "openat",
    "write",
    "writev",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "fchownat",
    "ftruncate",
    "lseek",
    "close",
];

/// Kills a run at the `n`th of these calls. Returns true if the run ended normally before that.
fn killed_at(s: &Sandbox, call: &str, n: usize) -> bool {
    let binary = s.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", &format!("--trace=?{call}")]);
    command.arg(format!("--inject=?{call}:signal=SIGKILL:when={n}"));
    command.arg(binary.get_program()).args(binary.get_args()).args(["-c", "gandi-ddns.conf"]);
    command.env_clear().env("HOME", s.path("")).env("PATH", "/usr/bin:/bin").current_dir(s.path(""));
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("strace").code() == Some(0)
}

/// Kills a run at each of its calls, and passes each sandbox to `look`, with the call and its number, and true if the
/// run ended normally. Returns the number of killed runs.
fn at_each_call(look: &mut dyn FnMut(&Sandbox, &str, bool), prepare: fn(&Sandbox)) -> usize {
    let mut kills = 0;
    for call in CALLS {
        for n in 1.. {
            let s = due();
            prepare(&s);
            let whole = killed_at(&s, call, n);
            look(&s, &format!("killed at {call} {n}"), whole);
            if whole {
                break;
            }
            kills += 1;
        }
    }
    kills
}

fn can_trace(test: &str) -> bool {
    // Under an emulator, strace sees the calls of the emulator.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return false;
    }
    let traced =
        Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status().is_ok_and(|s| s.success());
    if !traced {
        Namespace::skip(test, "strace is not allowed");
    }
    traced
}

/// The token file has one line with a valid token.
#[track_caller]
fn holds_a_good_one(s: &Sandbox, when: &str) {
    let held = token(s);
    assert!(held.lines().count() == 1 && s.fake.accepts(held.trim()), "{when}: {held:?}");
}

#[test]
fn token_file_is_valid_after_a_kill_at_any_system_call() {
    if !can_trace("renewal::token_file_is_valid_after_a_kill_at_any_system_call") {
        return;
    }
    let (mut before, mut after) = (0, 0);
    let mut look = |s: &Sandbox, when: &str, whole: bool| {
        holds_a_good_one(s, when);
        match (token(s) == TOKEN, whole) {
            (true, _) => before += 1,
            (false, false) => after += 1,
            (false, true) => {}
        }
        // The next run completes the renewal, whatever was left.
        assert_eq!(s.run(&["--force"]).code, Some(0), "{when}");
        holds_a_good_one(s, when);
        assert!(token(s).ends_with("_SECRET\n") && !s.path("token.new").exists(), "{when}");
    };
    let kills = at_each_call(&mut look, |_| {});
    // The kills were at many points, before and after the new token was in place.
    assert!(kills > 40 && before > 20 && after > 0, "{kills} kills, {before} before, {after} after");
}

#[test]
fn killed_renewal_recovers_when_the_old_token_is_revoked() {
    if !can_trace("renewal::killed_renewal_recovers_when_the_old_token_is_revoked") {
        return;
    }
    // Gandi is said to keep the old token valid. If it revoked it, a token could be lost only by a kill between Gandi's
    // response and the end of the write that follows.
    let (mut lost, mut recovered) = (Vec::new(), 0);
    let mut look = |s: &Sandbox, when: &str, _| {
        if s.fake.accepts(token(s).trim()) {
            return;
        }
        match s.run(&["--force"]).code {
            Some(77) => lost.push(when.to_owned()),
            code => {
                assert_eq!(code, Some(0), "{when}");
                holds_a_good_one(s, when);
                recovered += 1;
            }
        }
    };
    at_each_call(&mut look, |s| s.fake.renewal_revokes());
    let write = |when: &String| ["write", "lseek"].iter().any(|call| when.contains(call));
    assert!(recovered > 0 && lost.iter().all(write), "{recovered} recovered, lost: {lost:?}");
}
