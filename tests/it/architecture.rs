//! The structure of the source tree: layers, import circles, ARCHITECTURE.md, the language of doc comments. These tests
//! read the repository only.

mod imports;
mod layers;
pub(crate) mod tokens;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use imports::{Contents, Scope};

const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
const CONTRIBUTING: &str = include_str!("../../CONTRIBUTING.md");
const README: &str = include_str!("../../README.md");
const SECURITY: &str = include_str!("../../SECURITY.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One file of src/.
struct SourceFile {
    /// Its path in the repository, as in `src/dns/name.rs`.
    path: String,
    /// The path of its module, as in `dns`, `name`; empty for lib.rs.
    module: Vec<String>,
    contents: Contents,
}

/// Reads src/ without main.rs, which is another crate.
fn library() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = files_below("src")
        .into_iter()
        .filter(|path| path != "src/main.rs")
        .map(|path| {
            let module = module_of(path.strip_prefix("src/").unwrap_or(&path));
            SourceFile { contents: imports::read(&text(&path), &module), path, module }
        })
        .collect();
    // The whole file of a module that is declared for unit tests is test code.
    let test_modules: Vec<Vec<String>> =
        files.iter().flat_map(|file| file.contents.test_modules.clone()).collect();
    for file in &mut files {
        if test_modules.iter().any(|test| file.module.starts_with(test)) {
            file.contents.imports.iter_mut().for_each(|import| import.scope = Scope::Tests);
        }
    }
    files
}

/// Returns the module of a file, as in `dns/name.rs` -> `dns`, `name`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).expect(path)
}

/// Returns every .rs file below a directory, in alphabetical order.
pub(crate) fn files_below(directory: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join(directory)).expect(directory) {
        let entry = entry.expect(directory);
        let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(files_below(&path));
        } else if entry.path().extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Fails with one line per problem, if there is any.
#[track_caller]
fn no_problems(title: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{title}\n  {}", problems.join("\n  "));
}

/// Returns a section of ARCHITECTURE.md, without its heading.
fn section(title: &str) -> &'static str {
    let (_, rest) = ARCHITECTURE.split_once(&format!("\n## {title}\n")).expect(title);
    rest.split("\n## ").next().unwrap_or_default()
}

/// Returns the lines of the first code block of a section.
fn code_block(title: &str) -> impl Iterator<Item = &'static str> {
    section(title).split("```").nth(1).expect(title).lines().skip(1)
}

/// Returns the cells of the table of a section, without its head.
fn table(title: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let rows = section(title).lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}

/// Returns the words of a text that are in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn architecture_lists_every_source_file() {
    let real: BTreeSet<String> = files_below("src").into_iter().collect();
    let lines: Vec<&str> = code_block("Source files").filter(|line| !line.is_empty()).collect();
    let listed: Vec<String> =
        lines.iter().map(|line| format!("src/{}", line.split("  ").next().unwrap_or_default())).collect();
    let mut problems = Vec::new();
    for (i, file) in listed.iter().enumerate() {
        if !real.contains(file) {
            problems.push(format!("{file} does not exist; remove its line"));
        } else if listed[..i].contains(file) {
            problems.push(format!("{file} is listed twice"));
        }
    }
    for file in real.iter().filter(|file| !listed.contains(file)) {
        problems.push(format!("{file} is missing; add a line for it"));
    }
    no_problems("the list under Source files in ARCHITECTURE.md", &problems);
    let without_text: Vec<&&str> = lines.iter().filter(|line| !line.trim().contains("  ")).collect();
    assert!(without_text.is_empty(), "lines without a description: {without_text:?}");
}

/// Returns the names of all unit and integration tests.
fn tests() -> BTreeSet<String> {
    let mut tests: BTreeSet<String> = library().into_iter().flat_map(|file| file.contents.tests).collect();
    for path in files_below("tests/it") {
        let module = module_of(path.strip_prefix("tests/it/").unwrap_or(&path));
        tests.extend(imports::read(&text(&path), &module).tests);
    }
    tests
}

#[test]
fn architecture_names_tests_that_exist() {
    let tests = tests();
    let mut problems = Vec::new();
    let mut invariants = 0;
    for row in table("Invariants") {
        let &[invariant, keepers, proofs] = row.as_slice() else { panic!("three cells: {row:?}") };
        invariants += 1;
        for file in quoted(keepers).filter(|file| !Path::new(ROOT).join(file).is_file()) {
            problems.push(format!("{invariant}: no file {file}"));
        }
        for test in quoted(proofs).filter(|test| !tests.contains(*test)) {
            problems.push(format!("{invariant}: no test {test}"));
        }
        if quoted(keepers).next().is_none() || quoted(proofs).next().is_none() {
            problems.push(format!("{invariant}: names no file or no test"));
        }
    }
    no_problems("the table under Invariants in ARCHITECTURE.md", &problems);
    assert!(invariants >= 10, "{invariants} invariants");
}

/// Returns the items of the lists of a section, each on one line.
fn list_items(document: &str, title: &str) -> Vec<String> {
    let (_, rest) = document.split_once(&format!("\n## {title}\n")).expect(title);
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut items: Vec<String> = Vec::new();
    for line in section.lines() {
        match (line.strip_prefix("- "), line.strip_prefix("  "), items.last_mut()) {
            (Some(first), ..) => items.push(first.to_owned()),
            (None, Some(more), Some(item)) => {
                item.push(' ');
                item.push_str(more);
            }
            _ => {}
        }
    }
    items
}

#[test]
fn every_promise_has_a_test() {
    let mut promises = list_items(README, "Safety guarantees");
    promises.extend(list_items(SECURITY, "What is promised"));
    assert!(promises.len() >= 15, "{promises:#?}");
    let tests = tests();
    let rows: Vec<Vec<&str>> = table("Promises").collect();
    let mut problems = Vec::new();
    for row in &rows {
        let &[promise, proofs] = row.as_slice() else { panic!("two cells: {row:?}") };
        if !promises.iter().any(|known| known == promise) {
            problems.push(format!("neither README.md nor SECURITY.md promises: {promise}"));
        }
        if quoted(proofs).next().is_none() {
            problems.push(format!("no test for: {promise}"));
        }
        for test in quoted(proofs).filter(|test| !tests.contains(*test)) {
            problems.push(format!("{promise}: no test {test}"));
        }
    }
    for promise in promises.iter().filter(|promise| !rows.iter().any(|row| row[0] == promise.as_str())) {
        problems.push(format!("add a row for: {promise}"));
    }
    no_problems("the table under Promises in ARCHITECTURE.md", &problems);
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let forbids = |manifest: &str| {
        manifest.contains("unsafe_code = \"forbid\"") || manifest.contains("workspace = true")
    };
    for manifest in ["Cargo.toml", "tests/fake/Cargo.toml"] {
        assert!(forbids(&text(manifest)), "{manifest}");
    }
    let files = files_below("src").into_iter().filter(|path| {
        text(path)
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && words(line).any(|w| w == "unsafe"))
    });
    no_problems("files with unsafe code", &files.collect::<Vec<_>>());
}

#[test]
fn random_numbers_are_seeded_by_main() {
    // Otherwise all machines would pause for the same time.
    let is_seed = |rest: &str| rest.starts_with("context.seed)");
    let problems: Vec<String> = files_below("src")
        .into_iter()
        .filter(|file| !file.contains("tests") && file != "src/sys/random.rs")
        .filter(|file| {
            let text = text(file);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            code.split(" Random::new(").skip(1).any(|rest| !is_seed(rest))
        })
        .collect();
    no_problems("a seed that is not that of the context", &problems);
}

/// Returns the words of a text, with paths as one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !tokens::is_word(c) && !"/:.-".contains(c));
    words.map(|word| word.trim_end_matches(['/', ':', '.']))
}

#[test]
fn documents_name_files_that_exist() {
    let mut problems = Vec::new();
    for (document, text) in [("ARCHITECTURE.md", ARCHITECTURE), ("CONTRIBUTING.md", CONTRIBUTING)] {
        let is_path =
            |word: &&str| ["src/", "tests/", "scripts/", "schema/"].iter().any(|d| word.starts_with(d));
        // NAME stands for a new file.
        for path in words(text).filter(is_path).filter(|path| !path.contains("NAME")) {
            if !Path::new(ROOT).join(path).exists() {
                problems.push(format!("{document}: no file {path}"));
            }
        }
    }
    no_problems("files that the documents name", &problems);
}

#[test]
fn contributing_names_tests_that_exist() {
    let tests = tests();
    let any_below =
        |path: &str| tests.iter().any(|test| test == path || test.starts_with(&format!("{path}::")));
    let missing: Vec<String> = words(CONTRIBUTING)
        .filter(|word| word.split_once("::").is_some_and(|(module, _)| any_below(module)))
        .filter(|word| !any_below(word))
        .map(str::to_owned)
        .collect();
    no_problems("tests that CONTRIBUTING.md names and that do not exist", &missing);
}

/// Measures how many doc lines are riddles ("What came of it."). The same as
/// `grep -rhE '^\s*//[/!] ' src | grep -cE '^\s*//[/!] (What|Whether|Why|Where|How|When|Who|Whom|Which)\b'`.
#[test]
fn under_four_percent_of_doc_lines_begin_with_a_question_word() {
    const WORDS: [&str; 9] = ["What", "Whether", "Why", "Where", "How", "When", "Who", "Whom", "Which"];
    let (mut all, mut found, mut list) = (0, 0, String::new());
    for path in files_below("src") {
        for (number, line) in text(&path).lines().enumerate() {
            let line = line.trim_start();
            let Some(doc) = line.strip_prefix("/// ").or_else(|| line.strip_prefix("//! ")) else { continue };
            all += 1;
            if WORDS.contains(&doc.split(|c| !tokens::is_word(c)).next().unwrap_or_default()) {
                found += 1;
                let _ = writeln!(list, "  {path}:{}: {doc}", number + 1);
            }
        }
    }
    assert!(found * 100 < all * 4, "{found} of {all} doc lines begin with a question word:\n{list}");
}
