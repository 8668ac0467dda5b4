//! The README: each link, option, command, key, default, exit code, config and message in it is one of the program.

use std::ffi::OsString;
use std::path::Path;

use gandi_ddns::cli;

use crate::man_config::{default, documented, key, relocated, sandbox};
use crate::option_table::{UPDATE, commands, options};

pub(crate) const README: &str = include_str!("../../README.md");
const MESSAGES: &str = include_str!("../../docs/messages.md");
const MAKEFILE: &str = include_str!("../../Makefile");

/// Long options of other programs in the README.
const FOREIGN: [&str; 2] = ["--now", "--allow-untrusted"];

/// Returns the text of a chapter.
fn chapter(title: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {title}\n")).expect(title);
    rest.split("\n## ").next().unwrap_or_default()
}

/// Returns the blocks of code in a language; "" is none.
fn blocks(text: &'static str, language: &str) -> Vec<&'static str> {
    let parts: Vec<&str> = text.split("```").collect();
    let inside = parts.iter().skip(1).step_by(2);
    inside
        .filter_map(|part| part.split_once('\n'))
        .filter(|(l, _)| *l == language)
        .map(|(_, code)| code)
        .collect()
}

/// Returns the cells of the table whose head begins with this cell.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let rows = README.lines().skip_while(|line| !line.starts_with(&format!("| {head} |")));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Returns the texts between backquotes.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn readme_is_shorter_than_350_lines() {
    assert!(README.lines().count() < 350, "{} lines", README.lines().count());
}

#[test]
fn links_in_the_readme_lead_to_files_and_headings() {
    let anchor = |line: &str| {
        let title = line.trim_start_matches(['#', ' ']).to_lowercase();
        title.replace(' ', "-").replace([',', '`', '.', ':'], "")
    };
    let anchors: Vec<String> = README.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    let mut targets: Vec<&str> =
        README.split("](").skip(1).filter_map(|s| s.split_once(')')).map(|s| s.0).collect();
    targets.extend(
        README
            .split("=\"")
            .skip(1)
            .filter_map(|s| s.split_once('"'))
            .map(|s| s.0)
            .filter(|s| s.contains('/')),
    );
    assert!(targets.len() > 8, "{targets:?}");
    for target in targets {
        if let Some(wanted) = target.strip_prefix('#') {
            assert!(anchors.iter().any(|a| a == wanted), "{target}: {anchors:?}");
        } else {
            let file = target.split('#').next().unwrap_or_default();
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists(), "{target}");
        }
    }
}

#[test]
fn options_in_the_readme_exist() {
    let options = options();
    let mut seen = 0;
    for word in README.split(|c: char| c.is_whitespace() || "`'(),|\";".contains(c)) {
        let word = word.split('=').next().unwrap_or_default();
        if !word.strip_prefix("--").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())) {
            continue;
        }
        seen += 1;
        assert!(FOREIGN.contains(&word) || options.iter().any(|option| option.name == word), "{word}");
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn commands_in_the_readme_are_those_of_the_program() {
    let rows = table("command");
    let mut listed: Vec<&str> =
        rows.iter().map(|row| row[0].trim_matches('`').trim_start_matches("gandi-ddns").trim()).collect();
    let mut expected: Vec<&str> =
        commands().into_iter().map(|word| if word == UPDATE { "" } else { word }).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

/// Returns the words of each call of the program in shell code and in backquotes.
fn calls() -> Vec<&'static str> {
    let lines = blocks(README, "sh").into_iter().flat_map(str::lines);
    let texts = lines.chain(code(README)).chain(blocks(README, "").into_iter().flat_map(str::lines));
    let calls = texts.filter_map(|text| {
        let text = text.split(" # ").next().unwrap_or_default().split(" < ").next().unwrap_or_default();
        let text = text.split_once("* * * * ").map_or(text, |(_, rest)| rest);
        let text = text.strip_prefix("@reboot ").or(text.strip_prefix("sudo ")).unwrap_or(text);
        text.trim().trim_start_matches("/usr/local/bin/").strip_prefix("gandi-ddns")
    });
    calls.filter(|rest| rest.is_empty() || rest.starts_with(' ')).map(str::trim).collect()
}

#[test]
fn command_lines_in_the_readme_are_valid() {
    let calls = calls();
    assert!(calls.len() > 10, "{calls:?}");
    for call in calls {
        let call = call.replace("\"$PPP_LOCAL\"", "81.2.69.142").replace("%s", "file");
        let words = call.split_whitespace().map(OsString::from);
        assert!(cli::parse(&mut words.into_iter()).is_ok(), "gandi-ddns {call}");
    }
}

#[test]
fn targets_of_make_in_the_readme_exist() {
    let texts = blocks(README, "sh").into_iter().flat_map(str::lines).chain(code(README));
    let mut seen = 0;
    for text in texts.filter_map(|text| text.strip_prefix("make ")) {
        let words = text.split_whitespace().take_while(|word| *word != "#" && *word != "&&");
        for target in words.filter(|word| !word.contains('=')) {
            seen += 1;
            assert!(MAKEFILE.contains(&format!("\n{target}:")), "make {target}");
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn keys_and_defaults_in_the_readme_are_those_of_the_man_page() {
    let rows = table("key");
    let listed: Vec<&str> = rows.iter().flat_map(|row| code(row[0])).collect();
    let documented: Vec<_> = documented().into_iter().flatten().collect();
    let mut missing: Vec<&str> = documented.iter().map(key).filter(|key| !listed.contains(key)).collect();
    missing.extend(listed.iter().filter(|name| !documented.iter().any(|item| key(item) == **name)));
    assert!(missing.is_empty(), "{missing:?}");
    for row in rows {
        for name in code(row[0]) {
            let item = documented.iter().find(|item| key(item) == name).expect("a key");
            let Some(&shown) = code(row[1]).first() else { continue };
            let is_default = default(item).is_some_and(|value| value.split(" (").next() == Some(shown));
            assert!(is_default, "{name}: {shown}, not {:?}", default(item));
        }
    }
}

#[test]
fn configs_in_the_recipes_are_valid() {
    let s = sandbox();
    let configs = blocks(chapter("Recipes"), "");
    assert!(configs.len() >= 6, "{configs:?}");
    for config in configs {
        let section = if config.contains("\n[") || config.starts_with('[') {
            ""
        } else {
            "[example.org]\nnames = home\n"
        };
        s.raw_config(&relocated(&format!("token_file = /etc/gandi-ddns/token\n{config}{section}")));
        s.run(&["check", "--offline"]).exits(0);
    }
}

#[test]
fn messages_in_the_readme_are_those_of_the_program() {
    let rows = table("message");
    assert_eq!(rows.len(), 10);
    let known: Vec<&str> =
        MESSAGES.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    for row in rows {
        for message in row[0].split(", or: ") {
            let parts: Vec<&str> =
                message.split('…').map(str::trim).filter(|part| !part.is_empty()).collect();
            let is_known = |text: &&str| {
                let mut rest = *text;
                parts.iter().all(|part| rest.split_once(part).map(|(_, after)| rest = after).is_some())
            };
            assert!(known.iter().any(is_known), "{message}");
        }
    }
}
