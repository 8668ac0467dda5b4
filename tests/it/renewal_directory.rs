//! `renew_token` where other users can exchange files: no file but the token file is ever written.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::sandbox::{Sandbox, TOKEN};

const DAY: u64 = 86_400;
const CREATED: &str = "home.example.org A: created: 81.2.69.142 (TTL 300)\n";
const RENEWED: &str = "pat_renewed1_SECRET";
/// Another user than the one of the test.
const OTHER: u32 = 4711;

/// A sandbox whose token expires in ten days and is to be renewed in the directory `secret`, which has this mode.
fn due(mode: u32) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set_left(TOKEN, 10 * DAY + 100);
    fs::create_dir(s.path("secret")).expect("a directory");
    s.write("secret/token", TOKEN);
    fs::set_permissions(s.path("secret"), fs::Permissions::from_mode(mode)).expect("chmod");
    let head = s.head().replace("token_file = token", "token_file = secret/token");
    s.raw_config(&format!("{head}renew_token = yes\n[example.org]\nnames = home\n"));
    s
}

fn token(s: &Sandbox) -> String {
    fs::read_to_string(s.path("secret/token")).expect("the token")
}

fn is_root(s: &Sandbox) -> bool {
    fs::metadata(s.path("")).expect("the sandbox").uid() == 0
}

/// One warning names the directory and the remedy, and the old token stays in use.
#[track_caller]
fn is_refused(s: &Sandbox, problem: &str) {
    let ran = s.run(&[]);
    ran.prints(0, CREATED);
    let dir = s.path("secret").canonicalize().expect("its path");
    ran.says(&[
        "warning: could not renew the token, which works until it expires on 20",
        &format!("{problem} {}: move the token file to a directory of its own", dir.display()),
        "; next attempt in a day\n",
    ]);
    assert_eq!((token(s).as_str(), s.fake.renewals()), (TOKEN, 0));
    assert!(s.path("secret/token.new").symlink_metadata().is_err());
}

#[test]
fn token_is_not_renewed_in_a_directory_that_others_can_write_to() {
    // A sticky directory protects the files in it, but not the name of the temporary file.
    let s = due(0o1777);
    is_refused(&s, "other users can write to");
    let dir = s.path("secret").canonicalize().expect("its path");
    s.age(DAY);
    s.run(&[]).says(&[&format!("or run `chmod go-w {}`; next attempt in a day\n", dir.display())]);
    fs::set_permissions(s.path("secret"), fs::Permissions::from_mode(0o755)).expect("chmod");
    s.age(DAY);
    s.run(&[]).exits_without_errors(0);
    assert_eq!(token(&s), format!("{RENEWED}\n"));
}

/// Runs the program while `secret` is changed by `change` at the first request to LiveDNS: after the config was loaded.
fn changed_meanwhile(s: &Sandbox, change: impl Fn(&Path) + Send + Sync + 'static) {
    let dir = s.path("secret");
    let done = AtomicBool::new(false);
    s.fake.before_answer(move |request, _| {
        if request.listener == "livedns" && !done.swap(true, Ordering::SeqCst) {
            change(&dir);
        }
    });
}

#[test]
fn token_is_not_renewed_if_its_directory_becomes_that_of_another_user() {
    let s = due(0o755);
    changed_meanwhile(&s, |dir| {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).expect("chmod");
    });
    is_refused(&s, "other users can write to");
    let s = due(0o755);
    if is_root(&s) {
        changed_meanwhile(&s, |dir| lchown(dir, Some(OTHER), None).expect("chown"));
        is_refused(&s, "another user owns");
    }
}

#[test]
fn planted_draft_is_neither_used_nor_written_through() {
    // A link to a file of ours, a hard link to one, a file of another user, and the kinds that block.
    type Plant = fn(&Path, &Path);
    let plants: [(&str, Plant); 5] = [
        ("a symlink", |victim, draft| symlink(victim, draft).expect("a link")),
        ("a hard link", |victim, draft| fs::hard_link(victim, draft).expect("a link")),
        ("another user's file", |_, draft| {
            fs::write(draft, RENEWED).expect("a file");
            lchown(draft, Some(OTHER), None).expect("chown");
        }),
        ("a directory", |_, draft| fs::create_dir(draft).expect("a directory")),
        ("a FIFO", |_, draft| {
            let made = std::process::Command::new("mkfifo").arg(draft).status();
            assert!(made.expect("mkfifo").success());
        }),
    ];
    for (kind, plant) in plants {
        let s = due(0o755);
        if kind.starts_with("another") && !is_root(&s) {
            continue;
        }
        // It would be accepted, if it were believed.
        s.fake.accept_bearer(RENEWED);
        s.write("victim", RENEWED);
        plant(&s.path("victim"), &s.path("secret/token.new"));
        let ran = s.run(&[]);
        assert_eq!(ran.code, Some(0), "{kind}: {ran}");
        assert_eq!(fs::read_to_string(s.path("victim")).expect("the victim"), RENEWED, "{kind}");
        let held = token(&s);
        // Either it was in the way, or it was replaced by a draft of our own.
        let is_own = s.fake.renewals() == 1 && held.ends_with("_SECRET\n");
        assert!(is_own || held == TOKEN, "{kind}: {held} after {} renewals", s.fake.renewals());
        assert_eq!(fs::symlink_metadata(s.path("secret/token")).expect("it").nlink(), 1, "{kind}");
    }
}

/// Ends the thread of the test also when an assertion fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn flipping_link_in_a_directory_of_another_user_writes_no_other_file() {
    let s = due(0o1777);
    s.write("victim", "precious\n");
    let (draft, victim): (PathBuf, PathBuf) = (s.path("secret/token.new"), s.path("victim"));
    let (stop, flips) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let _ = symlink(&victim, &draft);
                let _ = lchown(&draft, Some(OTHER), None);
                let _ = fs::remove_file(&draft);
                let _ = fs::write(&draft, "pat_planted");
                let _ = fs::remove_file(&draft);
                flips.fetch_add(1, Ordering::SeqCst);
            }
        });
        let _end = SetAtEnd(&stop);
        for _ in 0..10 {
            let before = flips.load(Ordering::SeqCst);
            // A disk under load can hold up the thread.
            while flips.load(Ordering::SeqCst) == before {
                std::thread::yield_now();
            }
            s.run(&["--force"]).exits(0);
            assert_eq!(fs::read_to_string(&victim).expect("the victim"), "precious\n");
            assert_eq!((token(&s).as_str(), s.fake.renewals()), (TOKEN, 0));
            s.age(DAY);
        }
    });
}
