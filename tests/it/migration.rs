//! docs/migration.md and the section MIGRATION of gandi-ddns.conf(5) agree.

use crate::man::{items, section};
use crate::option_table::keys;

const MAN: &str = include_str!("../../packaging/man/gandi-ddns.conf.5");
const DOCUMENT: &str = include_str!("../../docs/migration.md");

/// Returns what a line of mdoc names: a key, source, option or literal text of this program.
fn named(line: &str) -> Option<String> {
    let (name, rest) = line.split_once(' ')?;
    let first = rest.split(' ').next().unwrap_or_default();
    match name {
        ".Ic" => Some(first.to_owned()),
        ".Fl" => Some(format!("-{first}")),
        ".Cm" => Some(rest.trim_end_matches(" ,").replace(" : Ns Ar ", ":").replace("@ Ns Ar ", "@")),
        ".Ql" => Some(rest.trim_end_matches(" ;").to_owned()),
        _ => None,
    }
}

/// Returns the rows of the section of a program, as two cells.
fn rows(title: &str) -> Vec<(&'static str, &'static str)> {
    let (_, text) =
        DOCUMENT.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
    let text = text.split("\n## ").next().unwrap_or_default();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.collect()
}

#[test]
fn keys_of_other_programs_are_those_of_the_man_page() {
    let migration = section(MAN, ".Sh MIGRATION");
    let titles: Vec<&str> = migration.lines().filter_map(|line| line.strip_prefix(".Ss ")).collect();
    assert_eq!(titles.len(), 7);
    for title in titles {
        let rows = rows(title);
        let listed = items(section(MAN, &format!(".Ss {title}")));
        // The head of the table, but not the line below it.
        assert_eq!(rows.len(), listed.len() + 1, "{title}");
        for item in listed {
            let there = item.head.trim_start_matches("Li ").replace(" No ", " ").replace(" Li ", " ");
            let there = there.replace(" ,", ",");
            let row = rows.iter().find(|(cell, _)| cell.replace('`', "") == there);
            let (_, here) = row.unwrap_or_else(|| panic!("{title}: no row for {there}"));
            for name in item.lines.iter().filter_map(|line| named(line)) {
                assert!(here.contains(&format!("`{name}`")), "{title}: {there}: no `{name}` in {here}");
            }
        }
    }
}

#[test]
fn keys_of_this_program_in_the_document_are_known() {
    let known = keys().concat();
    let mut seen = 0;
    for (_, here) in
        DOCUMENT.split("\n## ").skip(3).flat_map(|text| rows(text.lines().next().unwrap_or_default()))
    {
        for word in here.split('`').skip(1).step_by(2) {
            let is_key =
                word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
            let is_source = ["web", "dns", "router"].contains(&word);
            if is_key && !is_source {
                seen += 1;
                assert!(known.contains(&word), "{word} in {here}");
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
