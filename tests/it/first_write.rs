//! The first write of a record may replace an address of something else, such as a website. A dry run and `check` say
//! so before; a run does its work.

use crate::sandbox::{Sandbox, stale};

const FIRST: &str =
    "replace 81.2.69.1, which this program has not written as far as it knows, with 81.2.69.142";

#[test]
fn address_that_was_never_written_is_named_before_its_replacement() {
    let s = stale();
    for arguments in [&["-n"][..], &["-n", "--force"]] {
        s.run(arguments).is(0, &format!("home.example.org A: would {FIRST} (TTL 600)\n"));
    }
    let ran = s.run(&["check"]);
    assert!(
        ran.stdout.contains(&format!("warning  home.example.org A: the next run will {FIRST} (TTL 600)\n")),
        "{ran}"
    );
    assert_eq!(ran.code, Some(0), "{ran}");
    // A run is not held up.
    s.run(&[]).is(0, "home.example.org A: 81.2.69.1 -> 81.2.69.142\n");
    // Now the record is known, also if its address was only confirmed.
    s.fake.set("example.org", "home", "A", 600, &["81.2.69.1"]);
    s.run(&["-n", "--force"]).is(0, "home.example.org A: would change: 81.2.69.1 -> 81.2.69.142\n");
    let ran = s.run(&["check"]);
    assert!(
        ran.stdout
            .contains("ok       home.example.org A: the next run will change it: 81.2.69.1 -> 81.2.69.142\n"),
        "{ran}"
    );
}

#[test]
fn record_that_was_only_confirmed_is_known_and_a_new_or_right_one_is_no_warning() {
    let s = Sandbox::new();
    s.run(&["-n"]).is(0, "home.example.org A: would be created: 81.2.69.142 (TTL 300)\n");
    s.fake.set("example.org", "home", "A", 600, &["81.2.69.142"]);
    s.run(&["-n"]).is(0, "");
    s.config("names = home\nttl = 900\n");
    s.run(&["-n"]).is(0, "home.example.org A: would change: 81.2.69.142 (TTL 600 -> 900)\n");
    s.config("names = home\n");
    s.run(&[]).is(0, "");
    s.fake.set("example.org", "home", "A", 600, &["81.2.69.1"]);
    s.run(&["-n", "--force"]).is(0, "home.example.org A: would change: 81.2.69.1 -> 81.2.69.142\n");
    // Each record by itself, and several addresses as well.
    s.config("names = home nas\nmultiple_values = replace\n");
    s.fake.set("example.org", "nas", "A", 300, &["81.2.69.2", "81.2.69.3"]);
    s.run(&["-n", "--force"]).is(
        0,
        "home.example.org A: would change: 81.2.69.1 -> 81.2.69.142\n\
         nas.example.org A: would replace 81.2.69.2 81.2.69.3, which this program has not written as far as it knows, with \
         81.2.69.142 (TTL 300)\n",
    );
}
