//! Mistakes in a config: all of them are reported at once, each in its line, with the remedy.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{Sandbox, TOKEN};

/// Runs with this config, and returns the lines on stderr.
#[track_caller]
fn errors(s: &Sandbox, config: &str) -> Vec<String> {
    s.raw_config(config);
    let ran = s.run(&[]);
    ran.prints(78, "");
    assert_eq!(s.fake.connections(), 0);
    ran.stderr
        .lines()
        .map(|l| l.strip_prefix("gandi-ddns: ").expect("the program's name").to_owned())
        .collect()
}

#[test]
fn all_errors_are_reported_at_once_in_the_order_of_their_lines() {
    let s = Sandbox::new();
    let config = "frob = 1\n\
                  token_file = nowhere\n\
                  ipv4 = wbe web, upnp\n\
                  no key\n\
                  timeout = 0\n\
                  [example.org.]\n\
                  names = h*me\n\
                  ttl = 60\n\
                  [example.net\n\
                  names = @ a..b \"c\"\n\
                  types = MX A SRV\n\
                  suffix = eth0\n\
                  frob: 1\n";
    let lines = errors(&s, config);
    assert_eq!(lines[0], "gandi-ddns.conf: 16 errors");
    let numbers: Vec<&str> = lines[1..].iter().filter_map(|l| l.split(':').nth(1)).collect();
    assert_eq!(
        numbers,
        ["1", "2", "3", "3", "4", "5", "6", "7", "8", "9", "10", "10", "11", "11", "12", "13"]
    );
    // The same lines in `check`, each a failure.
    let ran = s.run(&["check"]);
    for line in &lines[1..] {
        assert!(ran.stdout.contains(&format!("failure  config: {line}\n")), "{line}\n{ran}");
    }
}

#[test]
fn white_space_of_a_web_page_separates_names_and_each_repeated_name_is_told() {
    let s = Sandbox::new();
    let lines = errors(&s, "token_file = token\n[example.org]\nnames = home\u{a0}nas home,nas\n");
    assert_eq!(
        lines[1..],
        ["home", "nas"].map(|n| format!("gandi-ddns.conf:3: `names`: {n}.example.org A is listed twice"))
    );
}

#[test]
fn text_after_a_section_header_is_one_error() {
    let s = Sandbox::new();
    let lines = errors(&s, "token_file = token\n[example.org] x\nnames = home\n");
    assert_eq!(lines, ["gandi-ddns.conf:2: a section header must end with `]`, as in [example.org]"]);
}

#[test]
fn many_errors_are_bounded() {
    let s = Sandbox::new();
    let lines = errors(&s, &format!("{}[example.org]\nnames = @\n", "frob = 1\n".repeat(500)));
    assert_eq!(lines.len(), 22);
    assert_eq!(lines[0], "gandi-ddns.conf: 500 errors");
    assert_eq!(lines[20], "gandi-ddns.conf:20: unknown key `frob`");
    assert_eq!(lines[21], "gandi-ddns.conf: and 480 more");
}

#[test]
fn every_duration_takes_seconds_and_units() {
    let s = Sandbox::new();
    for (key, good, bad) in [
        ("timeout", ["60", "60s", "5m", "1h"], ["0", "2h", "5 m", "5min", "soon"]),
        ("recheck", ["0", "90s", "5m", "30d"], ["31d", "-1", "1.5h", "1w", "hourly"]),
        ("ttl", ["300", "300s", "5m", "30d"], ["299", "4m", "31d", "auto", "5M"]),
    ] {
        let config = |value: &str| match key {
            "ttl" => format!("{}[example.org]\nnames = home\nttl = {value}\n", s.head()),
            _ => format!("{}{key} = {value}\n[example.org]\nnames = home\n", s.head()),
        };
        for value in good {
            s.raw_config(&config(value));
            s.run(&["-n"]).exits_without_errors(0);
        }
        for value in bad {
            s.raw_config(&config(value));
            let words =
                [&format!("`{key}`: invalid duration `{value}`: use seconds or 90s, 30m, 1h (from ")[..]];
            s.run(&["-n"]).fails(78, &words);
        }
    }
    let ttl = |ttl: &str| {
        let line = ["--domain", "example.org", "--name", "home", "-n", "--ttl", ttl];
        s.finish(s.command().args(line).env("GANDI_TOKEN", "<change me>"))
    };
    ttl("5m").fails(78, &["placeholder"]);
    ttl("4m").fails(64, &["--ttl: invalid duration `4m`"]);
}

#[test]
fn bad_values_of_arguments_are_a_bad_command_line() {
    let s = Sandbox::new();
    for (arguments, words) in [
        ("--domain example --name home", "--domain: `example` is not a full domain name such as example.org"),
        ("--domain https://example.org --name home", "--domain: a domain has no scheme"),
        ("--domain example.org --name h*me", "--name: `h*me`: `*` may only be"),
        ("--domain example.org --name home --name h!me", "--name: `h!me` is not a valid name"),
        ("--domain example.org --name ,", "--name: needs a value"),
        (
            "--domain example.org --name home.example.org",
            "--name: names are relative to the domain: write `home`",
        ),
        ("--domain example.org --name home --type MX", "--type: unknown record type `MX`"),
        ("--domain example.org --name home --ttl 10", "--ttl: invalid duration `10`"),
        (
            "--domain example.org --name home --type A -6",
            "nothing to do: no record of the chosen address family",
        ),
    ] {
        for command in [&[][..], &["-n"], &["status"], &["check"], &["check", "--json"]] {
            let ran =
                s.finish(s.command().args(command).args(arguments.split(' ')).env("GANDI_TOKEN", TOKEN));
            ran.exits(64);
            ran.says(&[words]);
            assert_eq!(ran.stdout.contains(words), command.contains(&"--json"), "{ran}");
        }
    }
    // All at once, and the twice listed name too.
    let line = "--domain example.org --name home --name HOME --ttl 10 --type AAA";
    let ran = s.finish(s.command().args(line.split(' ')));
    ran.prints(64, "");
    ran.says(&["gandi-ddns: 2 errors\n", "--type: ", "--ttl: "]);
    let line = "--domain example.org --name home --name HOME";
    s.finish(s.command().args(line.split(' '))).fails(64, &["--name: home.example.org A is listed twice"]);
    // A missing token is no mistake of the command line.
    s.finish(s.command().args(["--domain", "example.org", "--name", "home"])).fails(78, &["no token"]);
}

#[test]
fn types_that_list_a_family_that_is_off_are_an_error() {
    let s = Sandbox::new();
    for (head, types, line) in [
        (
            "ipv6 = off",
            "A AAAA",
            "gandi-ddns.conf:4: `types`: `ipv6` is off, so there is no address for AAAA",
        ),
        ("ipv6 = off", "AAAA", "gandi-ddns.conf:4: `types`: `ipv6` is off, so there is no address for AAAA"),
        ("ipv4 = off", "A", "gandi-ddns.conf:4: `types`: `ipv4` is off, so there is no address for A"),
    ] {
        let lines = errors(&s, &format!("{head}\n[example.org]\nnames = home\ntypes = {types}\n"));
        assert!(lines.len() == 1 && lines[0].starts_with(line), "{lines:?}");
    }
    // The default types are no contradiction.
    let head = s.head().lines().filter(|l| !l.starts_with("ipv")).fold(String::new(), |h, l| h + l + "\n");
    s.raw_config(&format!(
        "{head}ipv6 = off\nipv4 = {}\nquorum = 1\n[example.org]\nnames = home\n",
        s.v4[0].url()
    ));
    s.run(&["-n"]).exits_without_errors(0);
}

#[test]
fn name_that_belongs_in_another_section_is_an_error() {
    let s = Sandbox::new();
    let sections = |names: &str| {
        format!(
            "token = x\n[example.org]\nnames = {names}\n[Example.net]\nnames = @\n[sub.example.org]\nnames = @\n"
        )
    };
    for (names, problem) in [
        ("home.example.net", "`home.example.net` belongs in the section [Example.net]: write `home` there"),
        (
            "*.HOME.example.NET",
            "`*.home.example.net` belongs in the section [Example.net]: write `*.home` there",
        ),
        ("example.net", "`example.net` belongs in the section [Example.net]: write `@` there"),
        ("a.sub", "`a.sub` belongs in the section [sub.example.org]: write `a` there"),
        ("sub", "`sub` belongs in the section [sub.example.org]: write `@` there"),
        ("home.example.org", "names are relative to the domain: write `home`"),
        ("example.org", "names are relative to the domain: write `@`"),
        ("a.sub.example.org", "names are relative to the domain: write `a.sub`"),
    ] {
        assert_eq!(errors(&s, &sections(names)), [format!("gandi-ddns.conf:3: `names`: {problem}")]);
    }
    for names in ["home", "net", "example", "myexample.net", "xsub", "@", "*", "a.subs"] {
        s.raw_config(&sections(names));
        let ran = s.run(&["status"]);
        assert_eq!(ran.stderr, "", "{names}: {ran}");
    }
}

#[test]
fn name_with_a_public_ending_is_a_warning_of_check_only() {
    let s = Sandbox::new();
    s.config("names = home.example.com home a.b.c vpn.fr\n");
    let ran = s.run(&["check"]);
    assert!(
        ran.stdout.contains(
            "warning  names: `home.example.com` and 1 more look like full names, but are relative to the domain: \
             home.example.com.example.org"
        ),
        "{ran}"
    );
    s.run(&["-n"]).exits_without_errors(0);
    s.config("names = home com a.lan\n");
    let ran = s.run(&["check"]);
    assert!(!ran.stdout.contains("look like") && !ran.stdout.contains("looks like"), "{ran}");
}

#[test]
fn hash_as_a_name_is_no_secret_unless_it_has_the_length_of_one() {
    let s = Sandbox::new();
    let hash = "3f2504e04f8911d39a0c0305e82c33013f2504e0aa4f8911d39a0c0305e82c33";
    for length in [20, 32, 36, 56] {
        let name = &hash[..length];
        s.config(&format!("names = {name}\n"));
        let ran = s.run(&["-n"]);
        ran.exits_without_errors(0);
        assert!(ran.stdout.starts_with(&format!("{name}.example.org A: would be created")), "{ran}");
    }
    for length in [24, 40] {
        s.config(&format!("names = home {}\n", &hash[..length]));
        s.run(&["-n"]).fails(78, &["`names`: this looks like the token itself"]);
    }
}

#[test]
fn quotes_and_brackets_are_named_and_cause_no_other_error() {
    let s = Sandbox::new();
    let lines = errors(
        &s,
        "token_file = \"token\"\nipv4 = [\"web\"]\n[example.org]\nnames = 'home'\nttl = \"300\"\ntypes = [A]\n",
    );
    let without = |line: usize, key: &str, what: &str| {
        format!("gandi-ddns.conf:{line}: `{key}`: write the value without {what}")
    };
    assert_eq!(
        lines,
        [
            "gandi-ddns.conf: 5 errors".to_owned(),
            without(1, "token_file", "quotes"),
            without(2, "ipv4", "brackets"),
            without(4, "names", "quotes"),
            without(5, "ttl", "quotes"),
            without(6, "types", "brackets"),
        ]
    );
}

#[test]
fn files_of_zero_bytes_are_named_as_such() {
    let s = Sandbox::new();
    for bytes in [vec![0; 41], vec![0; 1], [TOKEN.as_bytes(), &[0; 100]].concat()] {
        fs::write(s.path("token"), bytes).expect("a token");
        s.run(&[])
            .fails(78, &["gandi-ddns.conf:1: ", "it has zero bytes, as after a power cut: write it again"]);
    }
    let utf16: Vec<u8> = TOKEN.bytes().flat_map(|b| [b, 0]).collect();
    fs::write(s.path("token"), [b"\xff\xfe", &utf16[..]].concat()).expect("a token");
    s.run(&[]).fails(78, &["save it as UTF-8, not as UTF-16"]);
    fs::write(s.path("gandi-ddns.conf"), [0; 200]).expect("a config");
    s.run(&[]).fails(78, &["could not read the config gandi-ddns.conf: it contains a NUL byte"]);
}

#[test]
fn missing_token_file_is_created_with_a_private_mode() {
    let s = Sandbox::new();
    fs::remove_file(s.path("token")).expect("the token");
    let ran = s.run(&[]);
    ran.fails(
        78,
        &[
            "gandi-ddns.conf:1: token file token does not exist: create it with `",
            "`, paste the token, and press Enter and Ctrl-D",
        ],
    );
    assert!(!ran.stderr.contains("sudo"), "{ran}");
    // The command of the message works, with a shell alone.
    let (_, command) = ran.stderr.split_once('`').expect("a command");
    let (command, _) = command.split_once('`').expect("its end");
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", command]).current_dir(s.path("")).stdin(std::process::Stdio::piped());
    let mut child = shell.spawn().expect("a shell");
    let _ = writeln!(child.stdin.take().expect("its stdin"), "{TOKEN}");
    assert!(child.wait().is_ok_and(|status| status.success()));
    s.run(&[]).exits_without_errors(0);
    assert_eq!(fs::metadata(s.path("token")).expect("the token").permissions().mode() & 0o777, 0o600);
}

#[test]
fn token_file_is_readable_by_all_only_if_its_directories_are_open() {
    let s = Sandbox::new();
    let mode =
        |name: &str, mode| fs::set_permissions(s.path(name), fs::Permissions::from_mode(mode)).expect(name);
    fs::create_dir_all(s.path("a/b")).expect("directories");
    s.write("a/b/token", TOKEN);
    s.raw_config(&format!("{}[example.org]\nnames = home\n", s.head().replace("= token", "= a/b/token")));
    for (file, inner, outer, is_readable) in [
        (0o644, 0o755, 0o755, true),
        (0o644, 0o711, 0o755, true),
        (0o644, 0o700, 0o755, false),
        (0o644, 0o755, 0o700, false),
        (0o644, 0o754, 0o755, false),
        (0o640, 0o755, 0o755, false),
        (0o600, 0o755, 0o755, false),
    ] {
        mode("a/b/token", file);
        mode("a/b", inner);
        mode("a", outer);
        // What is above the sandbox may be closed itself.
        let open =
            s.path("").ancestors().all(|d| fs::metadata(d).is_ok_and(|m| m.permissions().mode() & 1 != 0));
        let stderr = s.run(&["-n"]).stderr;
        let says = stderr
            .contains("a/b/token contains a secret and is readable by all users: run `chmod 600 a/b/token`");
        assert_eq!(says, is_readable && open, "{file:o} {inner:o} {outer:o}: {stderr}");
    }
}
