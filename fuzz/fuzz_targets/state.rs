//! Fuzzes the state file. A confirmation in it decides that Gandi is not asked, so that no damage may look like one.

#![no_main]

use std::net::IpAddr;

use gandi_ddns::state::fuzzing::state;
use gandi_ddns_fuzz::{in_linear_time, repeated};
use libfuzzer_sys::fuzz_target;

/// Reads a state of fifty thousand records.
fn large() {
    let header = "gandi-ddns state 4\n";
    let text = header.to_owned() + &repeated("confirmed 1 0 0 300 81.2.69.1 a b n% A\n", 2 * 1024 * 1024);
    assert!(state(&text).is_some());
    in_linear_time(|| drop(state(&text).map(|state| state.to_string())));
}

fuzz_target!(init: large(), |input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let Some(parsed) = state(&text) else { return };
    let written = parsed.to_string();

    // Each confirmation is a whole line of the file, of the form that ARCHITECTURE.md shows.
    let confirmed = confirmations(&written);
    assert_eq!(confirmed.len(), written.matches("\nconfirmed ").count(), "{written:?}");
    are_among(&written, &text);

    // Writing and reading change nothing.
    assert!(written.starts_with("gandi-ddns state ") && written.ends_with('\n'));
    assert_eq!(state(&written).as_ref(), Some(&parsed), "{written:?}");

    // A file that is cut off anywhere is corrupt, or holds nothing that the whole one does not.
    let step = written.len() / 256 + 1;
    for end in (0..written.len()).rev().step_by(step).filter(|end| written.is_char_boundary(*end)) {
        if let Some(cut) = state(&written[..end]) {
            are_among(&cut.to_string(), &written);
        }
    }
    // So is one in which two lines have become one.
    if let Some(joined) = state(&written.replacen("\nconfirmed", " confirmed", 1)) {
        are_among(&joined.to_string(), &written);
    }
});

/// Fails unless all confirmations of the first text are in the second one.
#[track_caller]
fn are_among(part: &str, whole: &str) {
    let all = confirmations(whole);
    for confirmation in confirmations(part) {
        assert!(all.contains(&confirmation), "{confirmation:?} is not in {whole:?}");
    }
}

/// The numbers, the address and the record of a line.
type Confirmation<'a> = ([u64; 4], IpAddr, Vec<&'a str>);

fn confirmations(text: &str) -> Vec<Confirmation<'_>> {
    text.split('\n').filter_map(confirmation).collect()
}

/// Reads `confirmed AT CHANGED DOUBTFUL TTL ADDRESS API DOMAIN NAME TYPE`.
fn confirmation(line: &str) -> Option<Confirmation<'_>> {
    let words: Vec<&str> = line.split(' ').collect();
    let &["confirmed", at, changed, doubtful, ttl, address, _, _, _, rrtype] = words.as_slice() else {
        return None;
    };
    let address: IpAddr = address.parse().ok()?;
    let family = if address.is_ipv4() { "A" } else { "AAAA" };
    let numbers = [at.parse().ok()?, changed.parse().ok()?, doubtful.parse().ok()?, ttl.parse().ok()?];
    (rrtype == family && numbers[2] <= 1).then(|| (numbers, address, words[6..].to_vec()))
}
