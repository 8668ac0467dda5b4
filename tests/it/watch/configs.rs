//! The config and the token, changed while it watches.

use std::fs;

use rustix::process::Signal;

use super::{CHANGED, CHANGED_AGAIN, NEW, OFTEN, change_address};
use crate::sandbox::{ADDRESS, TOKEN, stale};
use crate::watching::Watching;

const VALID_AGAIN: &str = "the config is valid again\n";

#[test]
fn bad_config_is_told_once_and_the_former_one_stays_in_force_until_it_is_good_again() {
    let s = stale();
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    s.raw_config("frob = 1\n");
    watching.says("unknown key `frob`", 1);
    change_address(&s);
    // Two more passes with the former config.
    let passes = watching.count("next pass in ");
    watching.sleeps_after(passes + 2);
    assert_eq!(watching.count("unknown key `frob`"), 1);
    assert_eq!(s.zone("home", "A"), format!("600 {NEW}"));
    s.config("names = home office\n");
    watching.prints("office.example.org A: created: 81.2.69.160 (TTL 300)\n");
    let ran = watching.end(Signal::TERM);
    let office = "office.example.org A: created: 81.2.69.160 (TTL 300)\n";
    ran.prints(0, &[CHANGED, CHANGED_AGAIN, VALID_AGAIN, office].concat());
    ran.says(&["; the last valid config stays in force\n"]);
}

#[test]
fn absent_or_unsafe_config_is_a_bad_one() {
    let s = stale();
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    fs::rename(s.path("gandi-ddns.conf"), s.path("aside")).expect("another name");
    watching.says("could not read the config gandi-ddns.conf", 1);
    watching.sleeps_after(2);
    fs::remove_file(s.path("token")).expect("the token");
    fs::rename(s.path("aside"), s.path("gandi-ddns.conf")).expect("its name");
    watching.says("token file token does not exist", 1);
    s.write("token", TOKEN);
    watching.prints(VALID_AGAIN);
    watching.end(Signal::TERM).prints(0, &[CHANGED, VALID_AGAIN].concat());
    assert_eq!(s.count("GET"), 2, "the record was right all the time");
}

#[test]
fn rejected_token_does_not_end_it_and_a_new_one_in_the_file_is_used() {
    let s = stale();
    s.fake.revoke(TOKEN);
    let watching = Watching::start(&s, &OFTEN);
    watching.sleeps_after(1);
    assert_eq!(watching.count("home.example.org A: could not read"), 1);
    // As long as the token is the same, Gandi is not asked again.
    watching.sleeps_after(2);
    let asked = s.count("GET");
    let new = "pat_of_the_new_token_0123456789";
    s.fake.accept_bearer(new);
    s.write("token", new);
    watching.prints(CHANGED);
    let ran = watching.end(Signal::TERM);
    ran.exits(0);
    assert!(!format!("{ran:?}").contains(new), "{ran}");
    assert!(asked <= 2, "{asked} requests with a bad token");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn records_of_arguments_and_the_config_on_stdin_are_watched() {
    let s = stale();
    let mut of_arguments = s.command();
    of_arguments.args(["watch", "-v", "--domain", "example.org", "--name", "home", "--type", "A"]);
    for line in s.head().lines() {
        of_arguments.args(["-o", line]);
    }
    let watching = Watching::of(&s, of_arguments.args(OFTEN));
    watching.sleeps_after(1);
    change_address(&s);
    watching.prints(CHANGED_AGAIN);
    watching.end(Signal::TERM).prints(0, &[CHANGED, CHANGED_AGAIN].concat());
    let plain = s.command();
    let words: Vec<_> = plain.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let line =
        format!("exec {} {} watch -v -c - <gandi-ddns.conf", plain.get_program().display(), words.join(" "));
    let mut of_stdin = std::process::Command::new("sh");
    of_stdin.args(["-c", &line]).env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    let watching = Watching::of(&s, &of_stdin);
    watching.sleeps_after(1);
    watching.end(Signal::TERM).prints(0, "");
}
