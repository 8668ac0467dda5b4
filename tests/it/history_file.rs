//! The history file: what stays of it when a change is added.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::file_kinds::{CREATED_LINE, Kind, REPLACED, is_root, put, snapshot, stale};
use crate::sandbox::Sandbox;

/// A sandbox with a stale record, and a history of this content with its path.
pub(crate) fn with_history(content: &str) -> (Sandbox, PathBuf) {
    let s = stale("history = history\n");
    s.write("history", content);
    let path = s.path("history");
    (s, path)
}

#[test]
fn history_keeps_owner_mode_and_link() {
    for kind in [Kind::LinkToOthers, Kind::OtherOwner, Kind::Writable] {
        let (s, path) = with_history(CREATED_LINE);
        if !is_root(&s) && kind != Kind::Writable {
            continue;
        }
        put(&path, kind);
        let before = (snapshot(&path), fs::metadata(&path).expect("metadata"));
        s.run(&[]).is(0, REPLACED);
        let after = fs::metadata(&path).expect("metadata");
        assert_eq!(fs::read_link(&path).ok(), before.0.link);
        let kept = |m: &fs::Metadata| (m.mode(), m.uid(), m.gid());
        assert_eq!(kept(&after), kept(&before.1), "{kind:?}");
        let text = fs::read_to_string(&path).expect("the history");
        assert!(text.starts_with(CREATED_LINE) && text.lines().count() == 2, "{kind:?}: {text}");
    }
}

#[test]
fn long_history_keeps_its_newest_lines() {
    let many: Vec<String> =
        (0..5000).map(|i| CREATED_LINE.replace("1795478400", &format!("17954{i:05}"))).collect();
    let (s, path) = with_history(&many.concat());
    s.run(&[]).is(0, REPLACED);
    let text = fs::read_to_string(path).expect("the history");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 50);
    assert_eq!(lines[0], many[4951].trim_end());
    assert!(lines[49].ends_with(" home.example.org A 81.2.69.1 81.2.69.142"), "{text}");
}
