//! The completions of each shell against the program's table of options.

use std::process::{Command, Stdio};

use crate::option_table::{Spec, UPDATE, commands, keys, options};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/completions");

/// Runs a shell with a script. Returns its lines, sorted; `None` if the shell is not installed, which `MISSING_LINTERS=fail`
/// forbids.
fn run(shell: &[&str], script: &str) -> Option<Vec<String>> {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", script]).current_dir(DIRECTORY).stdin(Stdio::null());
    command.env("HOME", env!("CARGO_TARGET_TMPDIR")).env("LC_ALL", "C.UTF-8");
    let Ok(output) = command.output() else {
        let must = std::env::var("MISSING_LINTERS").is_ok_and(|value| value == "fail");
        assert!(!must, "{} is not installed; run: make setup-lint", shell[0]);
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", shell[0]);
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.retain(|line| !line.is_empty());
    lines.sort();
    Some(lines)
}

/// Returns the candidates for the last of these words.
fn bash(words: &str) -> Option<Vec<String>> {
    let script = format!(
        "source ./gandi-ddns.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _gandi_ddns; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    run(&["bash", "--norc", "--noprofile"], &script)
}

/// Returns the candidates for the last of these words, without their descriptions.
fn fish(words: &str) -> Option<Vec<String>> {
    let script = format!("source ./gandi-ddns.fish; complete -C '{words}'");
    let lines = run(&["fish", "--no-config"], &script)?;
    Some(lines.iter().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect())
}

/// Returns the arguments of `_arguments`, which has the options and the other arguments of zsh.
fn zsh(words: &str) -> Option<Vec<String>> {
    let script = format!(
        "_arguments() {{ print -rl -- \"$@\" }}; words=({words}); CURRENT=$#words; source ./_gandi-ddns"
    );
    run(&["zsh", "-f"], &script)
}

/// Returns the command line before the option of a command.
fn line(command: &str) -> String {
    if command == UPDATE { "gandi-ddns".to_owned() } else { format!("gandi-ddns {command}") }
}

/// Returns the forms of the options of a command: short ones and long ones.
fn forms(command: &str) -> Vec<String> {
    let of_command = |option: &Spec| option.commands.contains(&command);
    let mut forms: Vec<String> = options()
        .iter()
        .filter(|option| of_command(option))
        .flat_map(|option| [option.name, option.short])
        .filter(|form| !form.is_empty())
        .map(str::to_owned)
        .collect();
    forms.sort();
    forms.dedup();
    forms
}

#[test]
fn options_in_bash_are_those_of_the_table() {
    for command in commands() {
        if let Some(candidates) = bash(&format!("{} -", line(command))) {
            assert_eq!(candidates, forms(command), "{command}");
        }
    }
}

#[test]
fn options_in_fish_are_those_of_the_table() {
    for command in commands() {
        let line = line(command);
        // fish offers the short ones for `-`, together with the long ones.
        if let Some(candidates) = fish(&format!("{line} -")) {
            assert_eq!(candidates, forms(command), "{command}");
        }
    }
}

#[test]
fn options_in_zsh_are_those_of_the_table() {
    for command in commands() {
        let Some(specs) = zsh(&format!("{} -", line(command))) else { return };
        let mut found = Vec::new();
        for spec in specs.iter().filter(|spec| spec.contains('[')) {
            let (before, _) = spec.split_once('[').expect("a description");
            let is_repeatable = before.starts_with('*');
            let form = before.rsplit([')', '*']).next().unwrap_or_default().trim_end_matches('=');
            let option = options().into_iter().find(|o| o.name == form || o.short == form).expect(form);
            assert_eq!(is_repeatable, option.is_repeatable, "{command}: {spec}");
            let value = spec.split(':').nth(1).unwrap_or_default();
            assert_eq!(value, option.value, "{command}: {spec}");
            found.push(form.to_owned());
        }
        found.sort();
        assert_eq!(found, forms(command), "{command}");
    }
}

/// Every shell must skip the value of an option, or it would take `--name check` for a command.
#[test]
fn values_of_options_are_not_commands() {
    let with_value: Vec<Spec> = options().into_iter().filter(|o| !o.value.is_empty()).collect();
    for option in &with_value {
        let forms: Vec<&str> =
            [option.name, option.short].into_iter().filter(|form| !form.is_empty()).collect();
        for form in forms {
            let words = format!("gandi-ddns {form} check --off");
            assert_eq!(bash(&words).unwrap_or_default(), [""; 0], "bash: {words}");
            assert_eq!(fish(&words).unwrap_or_default(), [""; 0], "fish: {words}");
            let specs = zsh(&words).unwrap_or_default();
            assert!(!specs.iter().any(|spec| spec.contains("offline")), "zsh: {words}");
        }
    }
    assert_eq!(bash("gandi-ddns --name = check --off").unwrap_or_default(), [""; 0]);
    assert_eq!(bash("gandi-ddns -o timeout = 9 check --off"), Some(vec!["--offline".to_owned()]));
}

#[test]
fn commands_are_completed() {
    let mut expected: Vec<&str> = commands().into_iter().filter(|word| *word != UPDATE).collect();
    expected.sort_unstable();
    for (shell, candidates) in [("bash", bash("gandi-ddns ''")), ("fish", fish("gandi-ddns "))] {
        assert!(candidates.is_none_or(|candidates| candidates == expected), "{shell}");
    }
    let zsh_commands = "_describe() { print -rl -- $list }; _arguments() { _gandi_ddns_commands }; \
                        words=(gandi-ddns ''); CURRENT=2; source ./_gandi-ddns";
    if let Some(lines) = run(&["zsh", "-f"], zsh_commands) {
        let words: Vec<&str> = lines.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(words, expected);
    }
}

#[test]
fn keys_of_the_config_are_completed() {
    let [global, both, _] = keys();
    // The program refuses a secret as an argument.
    let keys = global.into_iter().chain(both).filter(|key| !["token", "api_key"].contains(key));
    let mut expected: Vec<String> = keys.map(|key| format!("{key}=")).collect();
    expected.sort();
    for option in ["-o", "--option"] {
        let words = format!("gandi-ddns {option} ");
        for (shell, found) in [("bash", bash(&format!("{words}''"))), ("fish", fish(&words))] {
            assert!(found.is_none_or(|found| found == expected), "{shell} {option}");
        }
    }
    let zsh_keys = "compadd() { print -rl -- $list }; _arguments() { _gandi_ddns_keys }; words=(gandi-ddns ''); CURRENT=2; \
                    source ./_gandi-ddns";
    if let Some(mut found) = run(&["zsh", "-f"], zsh_keys) {
        for key in &mut found {
            key.push('=');
        }
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn types_are_completed() {
    let types = || Some(vec!["A".to_owned(), "AAAA".to_owned()]);
    assert_eq!(bash("gandi-ddns --type ''"), types());
    assert_eq!(bash("gandi-ddns --type = A"), types());
    assert!(fish("gandi-ddns --type ").is_none_or(|found| Some(found) == types()));
}

/// Returns a text as one word of a shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The whole way of zsh: its own search of the file, and completions at a terminal. In a completion, zsh has special
/// variables such as `options` and `commands`, which the other tests do not meet.
#[test]
fn zsh_completes_at_a_terminal() {
    for (typed, expected) in [
        ("gandi-ddns sta", "gandi-ddns status "),
        ("gandi-ddns --dry", "gandi-ddns --dry-run "),
        ("gandi-ddns check --off", "gandi-ddns check --offline "),
        ("gandi-ddns get home --js", "gandi-ddns get home --json "),
        ("gandi-ddns -o timeo", "gandi-ddns -o timeout="),
    ] {
        // A terminal without capabilities gets the line as it is.
        let script = format!(
            "zmodload zsh/zpty; zpty z 'TERM=dumb zsh -f -i'; \
             zpty -w z \"PROMPT=; fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -D; print read''y\"; \
             zpty -r -m z out '*ready*'; zpty -n -w z $'{typed}\\t\\n'; \
             zpty -r -m z out '*{expected}*' && print found; zpty -d z"
        );
        // In a process group of its own it would be stopped at a terminal.
        let script = format!("exec timeout --foreground 60 zsh -f -c {}", quote(&script));
        if let Some(lines) = run(&["zsh", "-f"], &script) {
            assert_eq!(lines, ["found"], "{typed}");
        }
    }
}
