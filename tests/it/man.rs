//! The man pages, the help and the program agree: options, commands, exit codes, variables, files and JSON.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use gandi_ddns::cli::{self, Command};
use gandi_ddns::console::syslog::SOCKET;
use gandi_ddns::exit::Exit;
use gandi_ddns::sys::environment::Environment;
use miniserde::json::{self, Value};

use crate::option_table::{Spec, UPDATE, between, commands, options, quoted};
use crate::schema;

pub(crate) const MAN: &str = include_str!("../../packaging/man/gandi-ddns.1");

/// One item of a list: the line after `.It`, and its text in one line, without the names of macros.
pub(crate) struct Item {
    pub(crate) head: String,
    pub(crate) text: String,
    /// The lines as they are.
    pub(crate) lines: Vec<String>,
}

/// Returns the text of a section with its subsections, or of a subsection.
pub(crate) fn section<'t>(page: &'t str, title: &str) -> &'t str {
    let (_, rest) = page.split_once(&format!("\n{title}\n")).expect(title);
    let rest = rest.split("\n.Sh ").next().unwrap_or_default();
    if title.starts_with(".Sh") { rest } else { rest.split("\n.Ss ").next().unwrap_or_default() }
}

/// Returns the items of all lists in a text.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut is_in_list = false;
    for line in text.lines() {
        if let Some(head) = line.strip_prefix(".It ") {
            is_in_list = true;
            items.push(Item { head: head.to_owned(), text: String::new(), lines: Vec::new() });
        } else if line == ".El" {
            is_in_list = false;
        } else if let Some(item) = items.last_mut().filter(|_| is_in_list) {
            let is_macro = line.starts_with('.');
            let words = line.split_whitespace().skip(usize::from(is_macro));
            for word in words {
                item.text.push_str(if item.text.is_empty() { "" } else { " " });
                item.text.push_str(word);
            }
            item.lines.push(line.to_owned());
        }
    }
    items
}

impl Item {
    /// Returns what follows `Default: ` or `Range: ` at the start of a line, without the full stop.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        let value = self.lines.iter().find_map(|line| line.strip_prefix(&prefix))?;
        Some(value.strip_suffix('.').unwrap_or(value))
    }

    /// Returns the two ends of the range, if it is one of numbers.
    pub(crate) fn ends(&self) -> Option<[u64; 2]> {
        let (first, last) = self.field("Range")?.split_once(" to ")?;
        Some([first.parse().ok()?, last.parse().ok()?])
    }
}

fn sorted<T: Ord>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = list.into_iter().collect();
    list.sort();
    list
}

/// Returns the options of the man page.
fn documented() -> Vec<Item> {
    items(section(MAN, ".Sh OPTIONS"))
}

/// Returns an option as in the man page.
fn head(option: &Spec) -> String {
    let long = option.name.strip_prefix('-').expect("a dash");
    let short = match option.short.strip_prefix('-') {
        Some(short) if short != long => format!("{short} , "),
        _ => String::new(),
    };
    let value = if option.value.is_empty() { String::new() } else { format!(" Ar {}", option.value) };
    format!("Fl {short}{long}{value}")
}

#[test]
fn options_in_the_man_page_are_those_of_the_table() {
    let documented = documented();
    let heads = documented.iter().map(|item| item.head.clone());
    assert_eq!(sorted(heads), sorted(options().iter().map(head)));
    for option in options() {
        let item = documented.iter().find(|item| item.head == head(&option)).expect("an item");
        let all = option.commands == commands();
        let used = if all { "all commands".to_owned() } else { option.commands.join(", ") };
        assert!(item.lines.contains(&format!("Used with: {used}.")), "{}: used with {used}", item.head);
        assert_eq!(item.text.contains("May be repeated."), option.is_repeatable, "{}", item.head);
    }
}

#[test]
fn options_in_the_help_are_those_of_the_table() {
    let help = cli::help();
    let lines = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    // A description begins after two spaces, or one if the option is too long for its column.
    let listed = lines.map(|line| {
        let line = line.trim_start();
        let end = line.find("  ").unwrap_or(line.len());
        line[..end].to_owned()
    });
    let mut listed = sorted(listed);
    listed.dedup();
    let as_in_help = |option: &Spec| {
        let short = if option.short.is_empty() || option.short == option.name { "" } else { option.short };
        let comma = if short.is_empty() { "" } else { ", " };
        format!("{short}{comma}{} {}", option.name, option.value).trim_end().to_owned()
    };
    let expected = sorted(options().iter().map(as_in_help));
    for option in &expected {
        let is_listed = |line: &String| {
            line == option || line.strip_prefix(option.as_str()).is_some_and(|rest| rest.starts_with(' '))
        };
        assert!(listed.iter().any(is_listed), "not in the help: {option}");
    }
    assert_eq!(listed.len(), expected.len(), "{listed:?}");
}

#[test]
fn commands_are_the_same_in_help_and_man_page() {
    let expected: Vec<&str> = commands().into_iter().filter(|word| *word != UPDATE).collect();
    let first_word = |line: &str| line.split_whitespace().nth(1).expect("a word").to_owned();
    let listed =
        items(section(MAN, ".Ss Commands")).iter().map(|item| first_word(&item.head)).collect::<Vec<_>>();
    assert_eq!(listed, expected);
    let synopsis = section(MAN, ".Sh SYNOPSIS").lines().filter(|line| line.starts_with(".Cm "));
    assert_eq!(synopsis.map(first_word).collect::<Vec<_>>(), expected);
    let help = cli::help();
    let usage = help.lines().filter_map(|line| line.strip_prefix("       gandi-ddns "));
    assert_eq!(usage.filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>(), expected);
}

/// Parses a command line. Returns the three times: `--wait`, `--splay` and `--interval`.
fn times(line: &str) -> Result<[u64; 3], String> {
    let parsed = cli::parse(&mut line.split_whitespace().map(OsString::from)).map_err(|e| e.text)?;
    Ok(match parsed.command {
        Command::Update(update) => [update.wait.as_secs(), update.splay.as_secs(), 0],
        Command::Watch(watch) => [0, 0, watch.interval.as_secs()],
        other => panic!("{other:?}"),
    })
}

#[test]
fn times_of_options_have_the_range_and_default_of_the_man_page() {
    for (index, (command, name)) in
        [("", "--wait"), ("", "--splay"), ("watch", "--interval")].into_iter().enumerate()
    {
        let documented = documented();
        let item =
            documented.iter().find(|item| item.head == format!("Fl {} Ar TIME", &name[1..])).expect(name);
        let default = times(command).expect("a command line")[index].to_string();
        assert_eq!(item.field("Default"), Some(default.as_str()), "{name}");
        let [first, last] = item.ends().expect(name);
        for (time, is_valid) in
            [(first, true), (last, true), (last + 1, false), (first.wrapping_sub(1), false)]
        {
            assert_eq!(times(&format!("{command} {name} {time}")).is_ok(), is_valid, "{name} {time}");
        }
    }
}

#[test]
fn exit_codes_in_the_man_page_are_those_of_the_program() {
    let listed = items(section(MAN, ".Sh EXIT STATUS"));
    let listed: Vec<_> = listed.iter().map(|item| (item.head.as_str(), item.text.as_str())).collect();
    let codes = Exit::ALL.map(|exit| exit.code().to_string());
    let expected: Vec<_> = codes.iter().map(String::as_str).zip(Exit::ALL.map(Exit::when)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn environment_variables_in_the_man_page_are_those_of_the_program() {
    let main = include_str!("../../src/main.rs");
    let read = quoted(main)
        .into_iter()
        .filter(|text| text.len() > 3 && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    let mut read = sorted(read);
    read.dedup();
    let heads = items(section(MAN, ".Sh ENVIRONMENT")).into_iter().map(|item| item.head);
    let listed = heads.flat_map(|head| {
        let words = head.split([' ', ',']).filter(|word| !["", "Ev"].contains(word));
        words.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(sorted(listed), read);
    let subprocess = include_str!("../../src/sys/subprocess.rs");
    for variable in quoted(between(subprocess, "OURS_ALONE: [&str; 7] = [", "];")) {
        let line = format!(".Ev {variable}");
        let text = section(MAN, ".Sh ENVIRONMENT");
        assert!(text.lines().any(|l| l.trim_end_matches([' ', ',', '.']) == line), "{line}");
    }
}

#[test]
fn files_in_the_man_page_are_those_of_the_program() {
    let user = Environment { home: Some("~".into()), uid: Some(1000), ..Environment::default() };
    let root = Environment { uid: Some(0), ..user.clone() };
    let mut expected = user.config_files();
    expected.extend([&user, &root].iter().filter_map(|env| env.state_dir()));
    expected.push(SOCKET.into());
    // The other paths, and the endings of the files in the state directory, are literals.
    for (path, literal, source) in [
        ("/etc/resolv.conf", "\"/etc/resolv.conf\"", include_str!("../../src/dns/delegation.rs")),
        (
            "/etc/gandi-ddns/token",
            "const TOKEN: &str = \"token\"",
            include_str!("../../src/commands/setup/files.rs"),
        ),
        (
            "/var/etc/gandi-ddns.conf",
            "\"/var/etc/gandi-ddns.conf\"",
            include_str!("../../src/sys/environment.rs"),
        ),
        ("/etc/gandi-ddns/*.old", "\".old\"", include_str!("../../src/commands/setup/files.rs")),
    ] {
        assert!(source.contains(literal), "{literal}");
        expected.push(path.into());
    }
    let listed = items(section(MAN, ".Sh FILES"));
    let paths = listed.iter().map(|item| PathBuf::from(item.head.strip_prefix("Pa ").expect("a path")));
    assert_eq!(sorted(paths), sorted(expected));
    let directory = include_str!("../../src/state/directory.rs");
    let watcher = include_str!("../../src/state/watcher.rs");
    let endings = [
        between(directory, "self.name(\"", "\")"),
        between(directory, "const RUN: Lock = (\"", "\""),
        between(watcher, "const WATCH: Lock = (\"", "\""),
    ];
    let documented = section(MAN, ".Sh FILES").lines().filter_map(|line| line.strip_prefix(".Pa *."));
    assert_eq!(documented.collect::<Vec<_>>(), endings);
}

#[test]
fn units_in_the_man_page_are_those_of_the_packages() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/systemd");
    let entries = fs::read_dir(directory).expect("the units");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let units = sorted(names.filter(|name| name.contains('.')));
    let text = section(MAN, ".Sh SYSTEMD");
    let listed = text.lines().filter_map(|line| line.strip_prefix(".It Pa ").or(line.strip_prefix(".Pa ")));
    let listed =
        listed.map(|name| name.trim_end_matches([' ', ',', '.'])).filter(|name| !name.starts_with('/'));
    let mut listed = sorted(listed.map(str::to_owned));
    listed.dedup();
    assert_eq!(listed, units);
    // The services can write to no other directory that lasts.
    for unit in ["gandi-ddns.service", "gandi-ddns-watch.service"] {
        let unit = fs::read_to_string(format!("{directory}/{unit}")).expect("a unit");
        assert!(unit.contains("\nStateDirectory=gandi-ddns\n") && text.contains("/var/lib/gandi-ddns"));
    }
}

/// Appends each property of a schema: its path, and the texts that the man page must have.
fn properties(schema: &Value, prefix: &str, found: &mut Vec<(String, Vec<String>)>) {
    let Value::Object(schema) = schema else { panic!("{prefix}: no object") };
    let Some(Value::Object(properties_of)) = schema.get("properties") else { return };
    for (name, property) in properties_of {
        let Value::Object(fields) = property else { panic!("{name}: no object") };
        let path = format!("{prefix}{name}");
        let mut texts = Vec::new();
        if let Some(Value::String(description)) = fields.get("description") {
            texts.push(format!("{description}."));
        }
        if let Some(Value::Array(values)) = fields.get("enum") {
            let values = values.iter().map(|value| json::to_string(value).replace('"', ""));
            texts.push(format!("One of {}.", values.collect::<Vec<_>>().join(", ")));
        }
        found.push((path.clone(), texts));
        match fields.get("items") {
            Some(items) => properties(items, &format!("{path}[]."), found),
            None => properties(property, &format!("{path}."), found),
        }
    }
}

#[test]
fn json_fields_in_the_man_page_are_those_of_the_schemas() {
    for (command, schema) in [
        (UPDATE, schema::RUN),
        ("check", schema::CHECK),
        ("status", schema::STATUS),
        ("ip", schema::IP),
        ("get", schema::GET),
    ] {
        let mut expected = Vec::new();
        properties(&json::from_str(schema).expect("a schema"), "", &mut expected);
        let listed = items(section(MAN, &format!(".Ss JSON of {command}")));
        let paths = listed.iter().map(|item| item.head.trim_start_matches("Li ").to_owned());
        assert_eq!(sorted(paths), sorted(expected.iter().map(|(path, _)| path.clone())), "{command}");
        for (path, texts) in expected {
            let item = listed.iter().find(|item| item.head == format!("Li {path}")).expect("an item");
            for text in texts {
                assert!(item.text.contains(&text), "{command}: {path}: {text}\n{}", item.text);
            }
        }
    }
}
