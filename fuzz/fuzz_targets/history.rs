//! Fuzzes the history file.

#![no_main]

use gandi_ddns::state::fuzzing::{history, history_with};
use libfuzzer_sys::fuzz_target;

const NEW: &str = "1795478400 home.example.org A 81.2.69.1 81.2.69.142";

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let Some(kept) = history(&text) else {
        assert_eq!(history_with(&text, NEW), None, "a file that is no history is not replaced");
        return;
    };
    // The last lines of the file, at most fifty, and none of the newest is lost.
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(kept.len(), lines.len().min(50));
    for (entry, line) in kept.iter().rev().zip(lines.iter().rev()) {
        let (entry, line): (Vec<&str>, Vec<&str>) = (entry.split(' ').collect(), line.split(' ').collect());
        assert_eq!((entry.len(), &entry[1..]), (5, &line[1..]), "time aside, which may have leading zeros");
        assert_eq!(entry[0].parse::<u64>(), line[0].parse::<u64>());
        let address: std::net::IpAddr = entry[4].parse().expect("the new address");
        assert_eq!(entry[2], if address.is_ipv4() { "A" } else { "AAAA" }, "{entry:?}");
    }
    // Writing and reading change nothing.
    let written: String = kept.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(history(&written).as_ref(), Some(&kept));

    // A change is added at the end, and drops the oldest one only.
    let with_new = history_with(&text, NEW).expect("a history");
    let (last, before) = with_new.split_last().expect("a change");
    assert_eq!(last, NEW);
    assert_eq!(before, &kept[kept.len().saturating_sub(49)..]);
});
