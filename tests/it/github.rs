//! The files in `.github/`: they are YAML, name commands and files that exist, and run nothing but `.ci/run`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::option_table::{commands, options};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FORM: &str = include_str!("../../.github/ISSUE_TEMPLATE/problem.yml");
const TEMPLATE: &str = include_str!("../../.github/pull_request_template.md");
const WORKFLOW: &str = include_str!("../../.github/workflows/ci.yml");

/// Returns all files below a directory.
fn files(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(top).expect("a directory").flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn directory_has_these_files_only() {
    let top = Path::new(ROOT).join(".github");
    let mut names: Vec<String> = files(&top)
        .iter()
        .map(|file| file.strip_prefix(&top).expect("below it").display().to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["ISSUE_TEMPLATE/problem.yml", "pull_request_template.md", "workflows/ci.yml"]);
}

#[test]
fn yaml_files_parse() {
    // The issue form needs unique ids, and a label for each field.
    let script = "
import sys, yaml
form, workflow = [yaml.safe_load(open(path)) for path in sys.argv[1:]]
fields = [part for part in form['body'] if part['type'] != 'markdown']
ids = [field['id'] for field in fields]
assert len(ids) == len(set(ids)) and all(field['attributes']['label'] for field in fields), ids
assert all(part['type'] in ('markdown', 'textarea', 'input') for part in form['body'])
assert all(field.get('validations', {}).get('required') for field in fields if field['id'] != 'config')
assert form['name'] and form['description']
assert list(workflow['jobs']) == ['ci'] and workflow['permissions'] == {'contents': 'read'}
";
    let has_yaml = Command::new("python3").args(["-c", "import yaml"]).output();
    if !has_yaml.is_ok_and(|output| output.status.success()) {
        let must = std::env::var("MISSING_LINTERS").is_ok_and(|value| value == "fail");
        assert!(!must, "python3-yaml is not installed; run: make setup-lint");
        return;
    }
    let paths = [".github/ISSUE_TEMPLATE/problem.yml", ".github/workflows/ci.yml"];
    let output = Command::new("python3").args(["-c", script]).args(paths).current_dir(ROOT).output();
    let output = output.expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn workflow_runs_the_ci_only_with_actions_of_a_fixed_version() {
    let values = |key: &str| -> Vec<&str> {
        let lines = WORKFLOW.lines().map(str::trim_start).map(|line| line.trim_start_matches("- "));
        lines.filter_map(|line| line.strip_prefix(key)).map(str::trim).collect()
    };
    let runs = values("run:");
    assert!(runs.len() == 1 && runs[0].ends_with(" .ci/run"), "{runs:?}");
    assert!(Path::new(ROOT).join(".ci/run").is_file());
    for action in values("uses:") {
        let version = action.split_once('@').map(|(_, version)| version.trim_start_matches('v'));
        let numbers = version.unwrap_or_default().split('.');
        assert!(
            numbers.clone().count() == 3 && numbers.clone().all(|n| n.parse::<u16>().is_ok()),
            "{action}"
        );
    }
}

#[test]
fn form_and_template_name_commands_files_and_targets_that_exist() {
    for wanted in ["gandi-ddns check --redact", "gandi-ddns --version", "label: Machine"] {
        assert!(FORM.contains(wanted), "{wanted}");
    }
    let makefile = include_str!("../../Makefile");
    let long: Vec<&str> = options().iter().map(|option| option.name).collect();
    for text in [FORM, TEMPLATE] {
        for literal in text.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = literal.split(' ').collect();
            for word in &words[1..] {
                match (words[0], word.strip_prefix("--")) {
                    ("gandi-ddns", Some(_)) => assert!(long.contains(word), "{literal}"),
                    ("gandi-ddns", None) if !word.starts_with('-') => {
                        assert!(commands().contains(word), "{literal}");
                    }
                    ("make", None) if !word.contains('=') => {
                        assert!(makefile.contains(&format!("\n{word}:")), "{literal}");
                    }
                    _ => {}
                }
            }
        }
        for file in ["docs/messages.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
            assert!(!text.contains(file) || Path::new(ROOT).join(file).is_file(), "{file}");
        }
    }
}
