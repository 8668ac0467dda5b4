//! The layers of src/, and the imports between its files and between the commands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::{Import, Scope};
use super::{SourceFile, code_block, library, no_problems};

/// The folders and top-level files of src/, from the top floor to the ground floor. A file may import its own folder and
/// every lower floor. `main` and `lib` are above all floors.
const FLOORS: [&[&str]; 8] = [
    &["commands"],
    &["reconcile", "token", "state", "notify", "report"],
    &["config", "outcome"],
    &["events"],
    &["cli", "gandi", "address"],
    &["http", "dns"],
    &["net", "console"],
    &["sys", "exit", "json"],
];

/// The only imports between folders of one floor: the first may import the second.
const WITHIN_A_FLOOR: [(&str, &str); 3] = [("reconcile", "state"), ("token", "state"), ("http", "dns")];

/// The part of src/commands/ that every command may import.
const SHARED_BY_COMMANDS: &str = "context";

/// The commands that another command runs, by their public functions.
const RUN_BY: [(&str, &[&str]); 2] = [("setup", &["check", "update"]), ("watch", &["update"])];

/// The items of a command by which another one runs it: `execute`, or a single pass with its arguments and result.
const RUN_AS: [&str; 4] = ["execute", "pass", "Pass", "Updater"];

/// Returns the folders that `folder` may import besides itself; `None` if it is on no floor.
fn allowed(folder: &str) -> Option<Vec<&'static str>> {
    let floor = FLOORS.iter().position(|floor| floor.contains(&folder))?;
    let within = WITHIN_A_FLOOR.iter().filter(|(from, _)| *from == folder).map(|(_, to)| *to);
    Some(within.chain(FLOORS[floor + 1..].iter().flat_map(|lower| lower.iter().copied())).collect())
}

#[test]
fn architecture_shows_the_layers() {
    let floors: Vec<Vec<&str>> = code_block("Layers")
        .map(|line| line.split("  ").next().unwrap_or_default().split(' ').collect())
        .filter(|floor| *floor != ["main", "lib"])
        .collect();
    assert_eq!(floors, FLOORS, "the code block under Layers in ARCHITECTURE.md, and FLOORS here");
}

#[test]
fn layers_hold_for_every_import() {
    let mut problems = Vec::new();
    for SourceFile { path, module, contents } in library() {
        let Some(folder) = module.first() else { continue };
        let Some(allowed) = allowed(folder) else {
            problems.push(format!("{path}: `{folder}` is on no floor; add it to FLOORS"));
            continue;
        };
        for Import { path: target, written, line, .. } in contents.imports {
            let Some(to) = target.first() else { continue };
            if to != folder && !allowed.contains(&to.as_str()) {
                let allowed = allowed.join(", ");
                let allowed = if allowed.is_empty() { "nothing" } else { &allowed };
                problems.push(format!(
                    "{path}:{line}: {folder} must not import {to} ({written}); allowed: {allowed}"
                ));
            }
        }
    }
    no_problems("imports against the layers (see ARCHITECTURE.md, Layers)", &problems);
}

#[test]
fn command_imports_no_other_command() {
    let mut problems = Vec::new();
    for SourceFile { path, module, contents } in library() {
        let [folder, command, ..] = module.as_slice() else { continue };
        if folder != "commands" {
            continue;
        }
        for Import { path: target, written, line, .. } in contents.imports {
            let [to, other, ..] = target.as_slice() else { continue };
            let runs =
                RUN_BY.iter().any(|(by, commands)| by == command && commands.contains(&other.as_str()));
            let is_run = runs && target.get(2).is_none_or(|item| RUN_AS.contains(&item.as_str()));
            if to == "commands" && other != command && other != SHARED_BY_COMMANDS && !is_run {
                problems.push(format!(
                    "{path}:{line}: the command {command} must not import {other} ({written}); allowed: \
                     commands::{command}, commands::{SHARED_BY_COMMANDS}"
                ));
            }
        }
    }
    no_problems("imports between commands", &problems);
}

#[test]
fn no_import_circle_between_files() {
    let files = library();
    let index: BTreeMap<&[String], usize> =
        files.iter().enumerate().map(|(i, file)| (file.module.as_slice(), i)).collect();
    // The deepest module on the path that has a file.
    let file_of = |path: &[String]| (1..=path.len()).rev().find_map(|n| index.get(&path[..n]).copied());
    let graph: Vec<BTreeMap<usize, &Import>> = files
        .iter()
        .enumerate()
        .map(|(from, file)| {
            let code = file.contents.imports.iter().filter(|i| i.scope == Scope::Code);
            code.filter_map(|i| Some((file_of(&i.path)?, i))).filter(|(to, _)| *to != from).collect()
        })
        .collect();
    let mut circles: Vec<Vec<usize>> =
        (0..files.len()).filter_map(|start| shortest_circle(&graph, start)).collect();
    circles.sort_by_key(Vec::len);
    let (mut problems, mut reported) = (Vec::new(), BTreeSet::new());
    for circle in circles {
        let next = circle.iter().cycle().skip(1);
        let edges: Vec<(usize, usize)> = circle.iter().copied().zip(next.copied()).collect();
        // Mostly the same fault, seen from a file further away.
        if edges.iter().any(|edge| reported.contains(edge)) {
            continue;
        }
        let line = |&(from, to): &(usize, usize)| {
            let Import { written, line, .. } = graph[from][&to];
            format!("{}:{line} imports {} ({written})", files[from].path, files[to].path)
        };
        problems.push(edges.iter().map(line).collect::<Vec<_>>().join("\n  "));
        reported.extend(edges);
    }
    no_problems(
        "files import each other in a circle; import the file that defines the item, or move what they share into a \
         file below both",
        &problems,
    );
}

/// Returns the shortest circle through `start`, beginning there.
fn shortest_circle(graph: &[BTreeMap<usize, &Import>], start: usize) -> Option<Vec<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; graph.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in graph[node].keys() {
            if next == start {
                let mut circle = vec![node];
                while let Some(before) = from[circle[circle.len() - 1]] {
                    circle.push(before);
                }
                circle.reverse();
                return Some(circle);
            }
            if from[next].is_none() {
                from[next] = Some(node);
                queue.push_back(next);
            }
        }
    }
    None
}
