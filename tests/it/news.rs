//! Less usual ways in which an error or a warning is news, or is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{ADDRESS, Sandbox, stale};
use fake_gandi::{Answer, Family, Fault, On, Times};

const DAY: u64 = 86_400;

#[test]
fn domains_with_digits_have_a_warning_each() {
    let s = Sandbox::new();
    for domain in ["t18s.fr", "t19s.fr", "24-7.fr"] {
        s.fake.add_domain(domain);
        s.fake.set_current(domain, "classic");
    }
    s.config_with("", "[t18s.fr]\nnames = @\n[t19s.fr]\nnames = @\n[24-7.fr]\nnames = @\n");
    let ran = s.run(&[]);
    ran.says(&["nameservers of t18s.fr", "nameservers of t19s.fr", "nameservers of 24-7.fr"]);
    ran.exits(0);
    s.run(&["--force"]).is(0, "");
}

#[test]
fn run_that_finds_the_lock_held_prints_no_warning_about_the_config() {
    let s = stale();
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o644)).expect("chmod");
    let warning = "is readable by all users";
    let ran = s.run(&[]);
    if !ran.stderr.contains(warning) {
        // The directories above are private.
        return;
    }
    s.run(&[]).is(0, "");
    let path = s.state_file().with_extension("lock");
    let lock = fs::OpenOptions::new().append(true).open(path).expect("the lock");
    lock.lock().expect("the lock");
    for arguments in [&[][..], &["--wait", "1"]] {
        s.run(arguments).is(75, "");
    }
    lock.unlock().expect("unlocked");
    s.age(DAY);
    s.run(&[]).says(&[warning]);
}

#[test]
fn hook_that_fails_at_each_change_is_a_warning_once_a_day() {
    let s = stale();
    s.run(&[]).exits(0);
    let head = format!("{}on_change = hook\n", s.head());
    s.write("hook", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.raw_config(&format!("{head}[example.org]\nnames = home\n"));
    s.run(&[]).exits(0);
    s.write("hook", "#!/bin/sh\nexit 3\n");
    for (run, address) in ["81.2.69.180", "81.2.69.181", "81.2.69.182"].into_iter().enumerate() {
        s.fake.set_address(Family::V4, address);
        let ran = s.run(&[]);
        ran.exits(0);
        assert!(ran.stdout.contains(address), "{ran}");
        assert_eq!(ran.stderr.matches("`on_change` hook").count(), usize::from(run == 0), "{run}: {ran}");
        s.age(900);
    }
}

#[test]
fn end_of_failures_that_alternate_is_printed() {
    for runs in 1..12 {
        let s = stale();
        s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
        for run in 0..runs {
            s.fake.clear_faults();
            let answer = if run % 2 == 0 { Answer::html(500, "<p>no") } else { Answer::json(404, "{}") };
            s.fake.fault(On::path("/v5/"), Times::Always, Fault::Answer(answer));
            assert_ne!(s.run(&[]).code, Some(0));
            s.age(3600);
        }
        s.fake.clear_faults();
        let ran = s.run(&[]);
        assert!(ran.stdout.starts_with("home.example.org A: works again"), "{runs} runs: {ran}");
        s.age(3600);
        s.run(&["--force"]).is(0, "");
    }
}
