//! Runs that may start no process: an error or a warning, never an abort.

use std::fs;

use crate::other_user::OtherUser;
use crate::sandbox::Sandbox;

/// A user without another process, for the limit of processes is one of the user.
const UID: u32 = 54_321;
const CAUSE: &str = "could not be started: Resource temporarily unavailable";

#[test]
fn program_and_hook_that_cannot_be_started_for_lack_of_processes_are_reported() {
    let s = Sandbox::new();
    let user = OtherUser::new(&s, UID);
    user.write("token", "pat_of_the_other_user", 0o600);
    user.write("address", "#!/bin/sh\nexit 3\n", 0o700);
    user.write("hook", "#!/bin/sh\necho \"$GANDI_DDNS_ERROR\" >>heard\n", 0o700);
    let config = "token_file = token\nstate_dir = state\nipv4 = command:address\nipv6 = off\n\
                  on_failure = hook\n[example.org]\nnames = home\n";
    user.write("gandi-ddns.conf", config, 0o600);
    let run = |prefix: &[&str]| s.finish(user.command(&s, prefix).args(["-c", "gandi-ddns.conf"]));
    let limits: [&[&str]; 2] = [&["prlimit", "--nproc=1"], &["prlimit", "--nproc=0"]];
    for limit in limits {
        let ran = run(limit);
        ran.prints(75, "");
        ran.says(&[&format!("command:address: {CAUSE}"), &format!("warning: `on_failure` hook: {CAUSE}")]);
        assert_eq!(ran.stderr.lines().count(), 2, "{ran}");
    }
    // The failure was not told, so that the next run tells it.
    run(&["env"]).exits(75);
    let heard = fs::read_to_string(user.path("heard")).expect("a hook that ran");
    assert_eq!(heard.lines().count(), 1, "{heard}");
}
