//! Command lines that people type by mistake: what each answer says, and that none repeats a secret.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// Runs a command line whose arguments are separated by spaces; `''` is an empty one.
fn run(s: &Sandbox, line: &str) -> crate::run_output::RunOutput {
    let words = line.split_whitespace().map(|word| if word == "''" { "" } else { word });
    s.finish(s.command().args(words))
}

#[test]
fn help_and_version_work_as_commands_and_options() {
    let s = Sandbox::new();
    let (help, version) = (run(&s, "--help").stdout, run(&s, "--version").stdout);
    for line in [
        "help",
        "-h",
        "help check",
        "check help",
        "check --help",
        "help ip",
        "--help status",
        "-vh",
        "help -q",
        "--wait --help",
        "--help --wait",
        "-c a -c b -h",
        "--json=yes --help",
        "check --force --help",
        "-q -v help",
        "version --help",
        "-- help",
    ] {
        run(&s, line).is(0, &help);
    }
    for line in ["version", "-V", "--version", "version -v", "check version", "-- version"] {
        run(&s, line).is(0, &version);
    }
    assert_eq!(s.fake.connections(), 0);
}

/// Arguments that are neither options nor commands, each with parts of the answer.
const WORDS: &[(&str, &[&str])] = &[
    // A run has no command.
    ("run", &["unexpected argument run ", "without a command, gandi-ddns makes a run"]),
    ("update", &["argument update ", "without a command"]),
    ("start", &["argument start ", "without a command"]),
    ("sync", &["argument sync ", "without a command"]),
    ("RUN", &["argument RUN ", "without a command"]),
    ("-c gandi-ddns.conf run", &["argument run ", "without a command"]),
    // Commands.
    ("chekc", &["argument chekc ", "did you mean check?"]),
    ("Check", &["argument Check ", "did you mean check?"]),
    ("stats", &["argument stats ", "did you mean status?"]),
    ("ipp", &["argument ipp ", "did you mean ip?"]),
    ("validate", &["argument validate ", "did you mean check?"]),
    ("history", &["argument history ", "did you mean status?"]),
    ("address", &["argument address ", "did you mean ip?"]),
    ("force", &["argument force ", "did you mean --force?"]),
    ("dry-run", &["argument dry-run ", "did you mean --dry-run?"]),
    ("frobnicate", &["argument frobnicate ", "commands are watch, check, status, ip, get and setup"]),
    ("-", &["argument - ", "commands are"]),
    ("check status", &["argument status ", "nothing but options may follow `check`"]),
    ("check check", &["argument check ", "may follow `check`"]),
    ("ip eth0", &["unexpected argument eth0 ", "may follow `ip`"]),
    // A file or a name as an argument.
    ("gandi-ddns.conf", &["argument gandi-ddns.conf ", "use --config FILE"]),
    ("/etc/gandi-ddns/gandi-ddns.conf", &["argument /etc/gandi-ddns/gandi-ddns.conf ", "use --config FILE"]),
    ("./my.ini", &["argument ./my.ini ", "use --config FILE"]),
    ("check gandi-ddns.conf", &["argument gandi-ddns.conf ", "use --config FILE"]),
    ("check /etc/gandi-ddns/gandi-ddns.conf", &["gandi-ddns.conf ", "use --config FILE"]),
    ("status ./my.ini", &["argument ./my.ini ", "use --config FILE"]),
    ("home.example.org", &["argument home.example.org ", "use --domain and --name"]),
    ("81.2.69.142", &["argument 81.2.69.142 "]),
];

/// Unknown options.
const OPTIONS: &[(&str, &[&str])] = &[
    ("--frob", &["unknown option --frob;"]),
    ("--frob=s3cr3t", &["unknown option --frob;"]),
    ("--cron", &["unknown option --cron;"]),
    ("--Config x.conf", &["unknown option --Config (did you mean --config?)"]),
    ("-config x.conf", &["unknown option -config (did you mean --config?)"]),
    ("-config=x.conf", &["unknown option -config (did you mean --config?)"]),
    ("--conf x.conf", &["unknown option --conf (did you mean --config?)"]),
    ("--file x.conf", &["unknown option --file (did you mean --config?)"]),
    ("-cx.conf", &["unknown option -cx.conf (did you mean -c?)"]),
    ("--dryrun", &["unknown option --dryrun (did you mean --dry-run?)"]),
    ("--dry_run", &["unknown option --dry_run (did you mean --dry-run?)"]),
    ("-dry-run", &["unknown option -dry-run (did you mean --dry-run?)"]),
    ("--verbos", &["unknown option --verbos (did you mean --verbose?)"]),
    ("-verbose", &["unknown option -verbose (did you mean --verbose?)"]),
    ("--debug", &["unknown option --debug (did you mean --verbose?)"]),
    ("--ipv6", &["unknown option --ipv6 (did you mean -6?)"]),
    ("--4", &["unknown option --4 (did you mean -4?)"]),
    ("--no-ipv6", &["unknown option --no-ipv6 (did you mean -4?)"]),
    ("--ipv6-only", &["unknown option --ipv6-only (did you mean -6?)"]),
    ("--v", &["unknown option --v (did you mean -v?)"]),
    ("-H", &["unknown option -H (did you mean -h?)"]),
    ("-N", &["unknown option -N (did you mean -n?)"]),
    ("-x", &["unknown option -x;"]),
    ("-nx", &["unknown option -nx;"]),
    ("-O timeout=5", &["unknown option -O (did you mean -o?)"]),
    ("-otimeout=5", &["unknown option -otimeout (did you mean -o?)"]),
    ("--options timeout=5", &["unknown option --options (did you mean --option?)"]),
    ("--opt timeout=5", &["unknown option --opt (did you mean --option?)"]),
    ("--set timeout=5", &["unknown option --set (did you mean --option?)"]),
    ("--adress 81.2.69.142", &["unknown option --adress (did you mean --address?)"]),
    ("--addr=81.2.69.142", &["unknown option --addr (did you mean --address?)"]),
    ("--ip 81.2.69.142", &["unknown option --ip (did you mean --address?)"]),
    ("check --off-line", &["unknown option --off-line (did you mean --offline?)"]),
    ("check --ofline", &["unknown option --ofline (did you mean --offline?)"]),
    ("-cn x.conf", &["unknown option -cn (did you mean -c?)"]),
    ("-?", &["unknown option -? (did you mean --help?)"]),
    ("/?", &["unexpected argument /? (did you mean --help?)"]),
    ("/help", &["unexpected argument /help (did you mean --help?)"]),
    ("\u{2013}config x.conf", &["unknown option \u{2013}config (did you mean --config?)"]),
    ("\u{2014}force", &["unknown option \u{2014}force (did you mean --force?)"]),
    ("--help --frob", &["unknown option --frob;"]),
    ("help frob", &["unexpected argument frob "]),
];

/// Known options without a value, with one too many, repeated, or together with others.
const MISUSE: &[(&str, &[&str])] = &[
    ("--config", &["--config needs a value: --config FILE"]),
    ("-c", &["--config needs a value: --config FILE"]),
    ("--config=", &["--config needs a value"]),
    ("--config ''", &["--config needs a value"]),
    ("-c -v", &["--config needs a value"]),
    ("--wait", &["--wait needs a value: --wait TIME"]),
    ("--wait --force", &["--wait needs a value: --wait TIME"]),
    ("--ttl= --domain example.org --name @", &["--ttl needs a value: --ttl TIME"]),
    ("--json=yes", &["--json takes no value"]),
    ("-n=1", &["-n takes no value"]),
    ("-o", &["--option needs a value: --option KEY=VALUE"]),
    ("-o -v", &["--option needs a value: --option KEY=VALUE"]),
    ("--option=", &["--option needs a value"]),
    ("-o timeout 5", &["unexpected argument 5 "]),
    ("-o timeout", &["-o: expected a key of the config and its value"]),
    ("-o timeout=5 -o =", &["-o: expected a key of the config and its value"]),
    ("--address", &["--address needs a value: --address ADDR"]),
    ("--address eth0", &["--address: `eth0` is not an IP address"]),
    ("--address 81.2.69.142 81.2.69.143", &["unexpected argument 81.2.69.143 "]),
    ("check --offline=yes", &["--offline takes no value"]),
    ("check --offline --offline", &["--offline is given twice"]),
    ("--offline", &["--offline cannot be used with an update", ", only with check"]),
    ("-c - -c -", &["--config is given twice"]),
    ("-c - --domain example.org --name @", &["--config and --domain cannot be used together"]),
    ("--force=", &["--force takes no value"]),
    ("--wait soon", &["--wait: invalid duration `soon`", "90s, 30m, 1h"]),
    ("--wait 2d", &["--wait: invalid duration `2d`"]),
    ("-c a -c b", &["--config is given twice"]),
    ("-c a --config=b", &["--config is given twice"]),
    ("--force -f", &["--force is given twice"]),
    ("-nn", &["--dry-run is given twice"]),
    ("--redact check --redact", &["--redact is given twice"]),
    // Combinations.
    ("-q -v", &["--quiet and --verbose cannot be used together"]),
    ("check --force", &["--force cannot be used with check; see"]),
    ("-n status", &["--dry-run cannot be used with status, only with an update"]),
    ("ip --wait 5", &["--wait cannot be used with ip, only with an update"]),
    (
        "status --syslog",
        &["--syslog cannot be used with status, only with an update (a run without a command) and watch"],
    ),
    ("--redact", &["--redact cannot be used with an update", ", only with check"]),
    ("ip --redact", &["--redact cannot be used with ip, only with check"]),
    ("status --wait 5", &["--wait cannot be used with status, only with an update"]),
    ("ip --domain example.org --name @", &["--domain cannot be used with ip;"]),
    ("--ttl 300", &["--ttl requires --domain"]),
    ("--domain example.org", &["--domain requires at least one --name"]),
    ("-c x.conf --domain example.org --name @", &["--config and --domain cannot be used together"]),
    // Others.
    ("''", &["argument 1 is empty"]),
    ("check ''", &["argument 2 is empty"]),
    ("-c '' ''", &["argument 3 is empty"]),
    ("-- x", &["unexpected argument x "]),
    ("-- --force", &["unexpected argument --force ", "did you mean --force?"]),
    ("HOME=/root", &["unexpected argument HOME ", "write it before gandi-ddns"]),
    ("domain=example.org", &["unexpected argument domain ", "did you mean --domain?"]),
];

#[test]
fn mistyped_command_line_is_named_with_what_was_meant() {
    let s = Sandbox::new();
    for (line, words) in [WORDS, OPTIONS, MISUSE].concat() {
        let ran = run(&s, line);
        ran.fails(64, words);
        assert!(ran.stderr.ends_with("; see gandi-ddns --help\n"), "{line}: {}", ran.stderr);
        assert!(!ran.stderr.contains("not shown"), "{line}: {}", ran.stderr);
    }
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn argument_that_is_not_utf8_is_named_by_its_position() {
    let s = Sandbox::new();
    let bytes = OsStr::from_bytes(b"\xff.conf");
    s.finish(s.command().arg(bytes)).fails(64, &["argument 1 is not UTF-8"]);
    s.finish(s.command().arg("-c").arg(bytes)).fails(64, &["argument 2 is not UTF-8"]);
    s.finish(s.command().args(["--help", "-v"]).arg(bytes)).fails(64, &["argument 3 is not UTF-8"]);
}

#[test]
fn secret_on_the_command_line_is_refused_with_the_reason_and_not_repeated() {
    let s = Sandbox::new();
    for secret in [TOKEN, API_KEY, "0123456789abcdef0123456789abcdef01234567", "pat_s3cr3t", "s3cr3tP4ss"] {
        for (line, words) in [
            ("--token X", &["--token is not supported", "token_file", "GANDI_TOKEN"][..]),
            ("--token=X", &["--token is not supported"]),
            ("--Token X", &["--token is not supported"]),
            ("-token X", &["-token is not supported"]),
            ("--api-key X", &["--api-key is not supported"]),
            ("--api_key=X", &["--api-key is not supported"]),
            ("--apikey X", &["--apikey is not supported"]),
            ("--password X", &["--password is not supported"]),
            ("check --token X", &["--token is not supported"]),
            ("--help --token X", &["--token is not supported"]),
            ("token=X", &["token_file", "GANDI_TOKEN"]),
            ("GANDI_TOKEN=X", &["token_file", "GANDI_TOKEN"]),
            ("-o token=X", &["-o token is not supported", "token_file", "GANDI_TOKEN"]),
            ("--option=api-key=X", &["-o api-key is not supported"]),
            ("-o X", &["-o: expected a key"]),
            ("-o timeout:X", &["-o: expected a key"]),
            ("-oX=1", &[]),
            ("check api_key=X", &["token_file", "GANDI_TOKEN"]),
            ("X", &[]),
            ("check X", &[]),
            ("--X", &[]),
            ("-X", &[]),
            ("-cX", &[]),
            ("--frob=X", &["--frob"]),
            ("--frob X", &["--frob"]),
            ("-t X", &["-t"]),
            ("--X=1", &[]),
            ("X=1", &[]),
            ("run X", &[]),
            ("-- X", &[]),
            ("--json=X", &["--json takes no value"]),
            ("-c a -c X", &["given twice"]),
        ] {
            let ran = run(&s, &line.replace('X', secret));
            ran.fails(64, words);
            let told = ran.stderr.to_ascii_lowercase();
            assert!(!told.contains(&secret.to_ascii_lowercase()), "{line}: {told}");
        }
    }
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn repeated_verbose_and_end_of_options_are_accepted() {
    let s = Sandbox::new();
    for line in ["-vv", "-vvv", "-v -v", "--verbose -v"] {
        let words: Vec<&str> = line.split(' ').collect();
        let ran = s.run(&words);
        ran.exits(0);
        ran.says(&["home.example.org A: "]);
    }
    s.run(&["-qq"]).is(0, "");
    s.run(&["-44", "--"]).is(0, "");
    s.run(&["-q", "--", "check"]).exits(0);
    s.run(&["--wait=\"5\"", "--splay='0'"]).is(0, "");
}
