//! The changelog and the files in docs/ name only what exists: options, commands, keys, make targets and files; and each
//! source file of the issue form and the pull request template is there.

use std::path::Path;

use crate::option_table::{commands, keys, options};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MAKEFILE: &str = include_str!("../../Makefile");
const CHANGELOG: &str = include_str!("../../CHANGELOG.md");

/// Returns name and text of each document. Those about other programs also name options and keys of theirs.
fn documents() -> Vec<(String, String)> {
    let mut paths = vec!["CHANGELOG.md".to_owned()];
    for entry in std::fs::read_dir(format!("{ROOT}/docs")).expect("docs").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            paths.push(format!("docs/{name}"));
        }
    }
    let read = |path: String| {
        let text = std::fs::read_to_string(format!("{ROOT}/{path}")).expect("a document");
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// Returns the texts between backquotes, outside of blocks.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 0 {
            found.extend(part.split('`').skip(1).step_by(2));
        }
    }
    found
}

#[test]
fn options_and_keys_in_the_changelog_are_known() {
    let long: Vec<&str> = options().iter().map(|option| option.name).collect();
    let known = keys().concat();
    let (mut seen_options, mut seen_keys) = (0, 0);
    for literal in literals(CHANGELOG) {
        let word = literal.split([' ', '=']).next().unwrap_or_default();
        if word.starts_with("--") {
            seen_options += 1;
            assert!(long.contains(&word), "{literal}");
        } else if word.contains('_') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            seen_keys += 1;
            assert!(known.contains(&word), "{literal}");
        }
    }
    assert!(seen_options >= 8 && seen_keys >= 8, "{seen_options} options, {seen_keys} keys");
    for command in commands().iter().filter(|command| **command != "update") {
        assert!(CHANGELOG.contains(&format!("`gandi-ddns {command}`")), "the changelog has no {command}");
    }
}

#[test]
fn commands_and_make_targets_in_the_documents_exist() {
    let mut seen = 0;
    for (path, text) in documents() {
        for literal in literals(&text) {
            let mut words = literal.split(' ');
            match (words.next(), words.next()) {
                (Some("gandi-ddns"), Some(word)) if word.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                    seen += 1;
                    assert!(commands().contains(&word), "{path}: {literal}");
                }
                (Some("make"), Some(target)) => {
                    seen += 1;
                    assert!(MAKEFILE.contains(&format!("\n{target}:")), "{path}: {literal}");
                }
                _ => {}
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut seen = 0;
    for (path, text) in documents() {
        let directory = Path::new(ROOT).join(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = directory.with_file_name(file);
            assert!(target.exists(), "{path}: {link}");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect("a document").to_lowercase();
                let heading = |line: &str| {
                    let words = line.trim_start_matches('#').trim().replace(' ', "-");
                    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
                    line.starts_with('#') && kept.collect::<String>() == anchor
                };
                assert!(text.lines().any(heading), "{path}: {link}: no such heading");
            }
        }
    }
    assert!(seen > 5, "{seen}");
}
