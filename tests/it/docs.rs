//! README, SECURITY, ARCHITECTURE, example config and changelog match the program.

use crate::sandbox::Sandbox;
use crate::setup_machine::{BOOT, OFTEN};

const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
const EXAMPLE: &str = include_str!("../../gandi-ddns.conf.example");
const CHANGELOG: &str = include_str!("../../CHANGELOG.md");

#[test]
fn exit_codes_in_the_readme_are_those_of_the_program() {
    for exit in gandi_ddns::exit::Exit::ALL {
        let row = format!("| {} | {} | ", exit.code(), exit.when());
        assert!(README.contains(&row), "{row}");
    }
}

#[test]
fn trust_tables_are_that_of_the_program() {
    let expected = gandi_ddns::address::TRUST_TABLE.map(|(_, word, protocol, trust)| {
        let via = protocol.map(|protocol| format!(" via {protocol}")).unwrap_or_default();
        (format!("`{word}`{via}"), trust.as_str())
    });
    for (document, text) in
        [("README.md", README), ("SECURITY.md", SECURITY), ("ARCHITECTURE.md", ARCHITECTURE)]
    {
        let mut lines = text.lines();
        lines.find(|l| l.starts_with("| source | ") && l.ends_with(" | trust |")).expect(document);
        let rows = lines.skip(1).take_while(|l| l.starts_with('|'));
        let rows: Vec<(String, &str)> = rows
            .filter_map(|row| {
                let mut cells = row.trim_matches(['|', ' ']).split(" | ");
                Some((cells.next()?.to_owned(), cells.last()?))
            })
            .collect();
        assert_eq!(rows, expected, "{document}");
    }
}

#[test]
fn suffix_example_in_the_readme_is_valid() {
    let s = Sandbox::new();
    let (_, rest) = README.split_once("```\nipv6 = interface:eth0 web\n").expect("the example");
    let (section, _) = rest.split_once("```").expect("its end");
    s.raw_config(&format!("{}{section}", s.head()));
    s.run(&["--dry-run"]).is(0, "nas.example.org AAAA: would be created: 2a01:e0a:1:2:1:2:3:4 (TTL 300)\n");
}

#[test]
fn example_config_and_readme_config_are_valid() {
    let s = Sandbox::new();
    let (_, rest) = README.split_once("gandi-ddns.conf`, such as:\n\n```\n").expect("a config in the README");
    let (readme, _) = rest.split_once("```").expect("its end");
    for text in [EXAMPLE, readme] {
        let (head, sections) = text.split_once("[example.org]").expect("a section");
        let head = head.replace("token_file = /etc/gandi-ddns/token\n", &s.head());
        s.raw_config(&format!("{head}[example.org]{sections}"));
        let ran = s.run(&["--dry-run"]);
        ran.exits_without_errors(0);
        assert!(ran.stdout.contains("home.example.org A: would be created"), "{}", ran.stdout);
    }
}

/// The configs in all documents: a person who copies one must not lose the address of a website.
#[test]
fn example_configs_name_neither_the_domain_itself_nor_www() {
    let documents = [
        ("README.md", README),
        ("SECURITY.md", SECURITY),
        ("gandi-ddns.conf.example", EXAMPLE),
        ("docs/migration.md", include_str!("../../docs/migration.md")),
        ("packaging/man/gandi-ddns.conf.5", include_str!("../../packaging/man/gandi-ddns.conf.5")),
        ("scripts/demo.sh", include_str!("../../scripts/demo.sh")),
        ("scripts/deploy.sh", include_str!("../../scripts/deploy.sh")),
        ("scripts/install.sh", include_str!("../../scripts/install.sh")),
        ("scripts/fake-gandi.sh", include_str!("../../scripts/fake-gandi.sh")),
        ("src/cli/help.rs", include_str!("../../src/cli/help.rs")),
    ];
    for (document, text) in documents {
        for line in text.lines() {
            let line = line.trim_start_matches(".Dl ").trim_start_matches(['#', ' ']);
            let Some((key, value)) = line.split_once('=').filter(|(key, _)| key.trim() == "names") else {
                continue;
            };
            let value = value.split('#').next().unwrap_or_default();
            let mut names = value.split_whitespace();
            assert!(
                names.all(|n| n != "@" && n != "www" && !n.starts_with('*')),
                "{document}: {key}={value}"
            );
        }
    }
    let (_, section) = EXAMPLE.split_once("\n[example.org]\n").expect("a section");
    assert!(section.starts_with("names = home  ") && section.contains('@'), "{section}");
}

#[test]
fn notification_keys_in_the_readme_are_valid() {
    let s = Sandbox::new();
    let (_, rest) = README.split_once("```\non_change  = ").expect("the example");
    let (keys, _) = rest.split_once("```").expect("its end");
    s.config_with(&format!("on_change = {keys}"), "[example.org]\nnames = home\n");
    s.run(&["--dry-run"]).exits(0);
}

#[test]
fn keys_of_the_example_config_are_known() {
    let s = Sandbox::new();
    let optional = EXAMPLE
        .lines()
        .take_while(|l| !l.starts_with('['))
        .filter_map(|l| l.strip_prefix('#'))
        .filter(|l| !l.starts_with(' ') && l.contains(" = "));
    let mut seen = 0;
    for line in optional {
        let (key, value) = line.split_once('=').expect("a key");
        let value = value.split('#').next().unwrap_or_default().trim();
        if !value.is_empty() {
            seen += 1;
            let head = s.head();
            let head: Vec<_> = head.lines().filter(|l| !l.starts_with(key.trim())).collect();
            let head = head.join("\n");
            s.raw_config(&format!("{head}\n{line}\n[example.org.]\nnames = @\n"));
            // The only error is the invalid section.
            s.run(&[]).fails(78, &["no trailing dot"]);
        }
    }
    assert!(seen >= 7, "{seen} keys");
}

#[test]
fn cron_lines_are_the_same_everywhere() {
    let deploy = include_str!("../../scripts/deploy.sh");
    let often = format!("\n2{OFTEN}\n");
    assert!(README.contains(&format!("```\n{BOOT}2{OFTEN}\n```")), "not in the README: {BOOT}2{OFTEN}");
    let of_deploy = |line: &str| line.trim().replace("/usr/local/bin", "$dest");
    for line in [of_deploy(BOOT), format!("$minute{}", of_deploy(OFTEN))] {
        assert!(deploy.contains(&line), "not in deploy.sh: {line}");
    }
    let page = include_str!("../../packaging/man/gandi-ddns.1");
    assert!(page.contains(&format!("{BOOT}2{OFTEN}\n")), "not in gandi-ddns(1): {BOOT}2{OFTEN}");
    for (document, text) in [("README.md", README), ("scripts/deploy.sh", deploy)] {
        let updates = |line: &&str| line.contains(" * * * *") && !line.trim().starts_with('#');
        assert_eq!(text.lines().filter(updates).count(), 1, "{document} has another line than {often}");
    }
}

#[test]
fn changelog_has_this_version() {
    assert!(CHANGELOG.contains(concat!("\n## ", env!("CARGO_PKG_VERSION"))));
}
