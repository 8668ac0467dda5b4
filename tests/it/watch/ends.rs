//! The end by a signal, at any moment.

use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process};

use super::{CHANGED, CHANGED_AGAIN, NEW, OFTEN, change_address};
use crate::namespace::Namespace;
use crate::sandbox::{ADDRESS, STALE, Sandbox, stale};
use crate::watching::{LIMIT, Watching};
use fake_gandi::{Fault, On, Times};

#[test]
fn signal_ends_an_idle_watch_with_code_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let s = stale();
        let watching = Watching::start(&s, &[]);
        watching.sleeps_after(1);
        let ran = watching.end(signal);
        ran.prints(0, CHANGED);
        assert!(ran.stderr.ends_with("gandi-ddns: ended by a signal\n"), "{ran}");
    }
}

#[test]
fn signal_ends_a_pass_whose_server_hangs() {
    let s = stale();
    s.fake.fault(On::method("GET"), Times::Always, Fault::Hang);
    let watching = Watching::start(&s, &[]);
    assert!(s.fake.wait_until(LIMIT, |requests| requests.iter().any(|r| r.method == "GET")));
    watching.end(Signal::TERM).prints(0, "");
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    // The locks are free.
    s.fake.clear_faults();
    s.run(&[]).is(0, CHANGED);
}

#[test]
fn write_that_a_signal_interrupts_is_confirmed_by_the_next_start() {
    let s = stale();
    s.fake.fault(On::method("PUT"), Times::Once, Fault::HangAfter);
    let watching = Watching::start(&s, &[]);
    assert!(s.fake.wait_until(LIMIT, |requests| requests.iter().any(|r| r.method == "PUT")));
    watching.end(Signal::TERM).prints(0, "");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    let again = Watching::start(&s, &[]);
    again.sleeps_after(1);
    again.end(Signal::TERM).prints(0, "");
    assert_eq!(s.count("PUT"), 1);
}

#[test]
fn signal_ends_the_wait_after_a_failure() {
    let s = stale();
    s.fake.refuse();
    let watching = Watching::start(&s, &[]);
    watching.says("next pass in ", 1);
    watching.end(Signal::TERM).prints(0, "");
}

#[test]
fn stopped_watch_goes_on_where_it_was() {
    let s = stale();
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    watching.signal(Signal::STOP);
    change_address(&s);
    // Longer than the interval.
    let eleven_seconds = std::time::Duration::from_secs(11);
    assert!(
        !s.fake
            .wait_until(eleven_seconds, |requests| requests.iter().filter(|r| r.method == "PUT").count() > 1)
    );
    watching.signal(Signal::CONT);
    watching.prints(CHANGED_AGAIN);
    watching.sleeps_after(2);
    assert_eq!(s.zone("home", "A"), format!("600 {NEW}"));
    watching.end(Signal::TERM).prints(0, &[CHANGED, CHANGED_AGAIN].concat());
}

#[test]
fn programs_that_it_starts_can_be_ended_by_signals() {
    // A blocked signal is inherited over fork and exec, unless the parent takes care. dash unblocks them itself, awk and
    // the shell of BusyBox do not.
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let script = if std::path::Path::new("/usr/bin/awk").exists() {
        format!(
            "#!/usr/bin/awk -f\nBEGIN {{ while ((getline line < \"/proc/self/status\") > 0)\n\
             if (line ~ /^SigBlk:/) print line > \"blocked\"; print \"{ADDRESS}\" }}\n"
        )
    } else {
        format!("#!/bin/sh\ngrep SigBlk: /proc/self/status >blocked\necho {ADDRESS}\n")
    };
    s.write("address", &script);
    std::fs::set_permissions(s.path("address"), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("chmod");
    s.raw_config(&format!(
        "token_file = token\nca_file = ca.pem\nstate_dir = state\napi = {}\nipv4 = command:address\n[example.org]\nnames = home\n",
        s.fake.api()
    ));
    let watching = Watching::start(&s, &[]);
    watching.prints(CHANGED);
    watching.end(Signal::TERM).prints(0, CHANGED);
    let blocked = std::fs::read_to_string(s.path("blocked")).expect("its mask");
    assert_eq!(blocked.trim_start_matches("SigBlk:").trim().trim_start_matches('0'), "");
}

#[test]
fn signal_ends_the_first_process_of_a_container() {
    const TEST: &str = "watch::ends::signal_ends_the_first_process_of_a_container";
    let allowed = |options: &[&str]| {
        let mut probe = Command::new("unshare");
        probe.args(options).arg("true").stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let options = [&["-rpf", "--mount-proc", "--kill-child"][..], &["-pf", "--mount-proc", "--kill-child"]];
    let Some(options) = options.into_iter().find(|options| allowed(options)) else {
        return Namespace::skip(TEST, "no process namespace is allowed");
    };
    let s = stale();
    let plain = s.command();
    let mut command = Command::new("unshare");
    command.args(options).arg(plain.get_program()).args(plain.get_args());
    command.args(["-c", "gandi-ddns.conf", "watch", "-v"]).env_clear();
    command.env("HOME", s.path("")).current_dir(s.path(""));
    let watching = Watching::of(&s, &command);
    watching.sleeps_after(1);
    kill_process(watching.id_of_child(), Signal::TERM).expect("the signal");
    watching.ended().prints(0, CHANGED);
}
