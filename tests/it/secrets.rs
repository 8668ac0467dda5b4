//! Secrets in the wrong place, mistakes in the token, its source, and the hosts that it is sent to.

use std::collections::BTreeSet;
use std::fs;

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// Tokens and keys of all forms that Gandi has issued.
const SECRETS: [&str; 4] =
    ["f1d2d2f924e986ac86fdf7b36c94bcdf32beec15", TOKEN, API_KEY, "pat_Zx81Spectrum48K"];

/// Every command, and every option that changes what is printed.
const COMMANDS: [&[&str]; 8] =
    [&[], &["-v"], &["-n"], &["check"], &["check", "--json"], &["check", "--redact"], &["status"], &["ip"]];

/// Every variable that the program reads.
const VARIABLES: [&str; 7] = [
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "RUNTIME_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "GANDI_TOKEN",
];

#[track_caller]
fn keeps(secret: &str, ran: &RunOutput, context: &str) {
    let output = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    assert!(!output.contains(&secret.to_lowercase()), "{context}\n{ran}");
}

/// Returns the head of the sandbox's config without this key.
fn head_without(s: &Sandbox, key: &str) -> String {
    let head = s.head();
    let lines = head.lines().filter(|l| l.split(' ').next() != Some(key));
    lines.map(|l| format!("{l}\n")).collect()
}

#[test]
fn secret_in_a_wrong_place_of_the_config_is_refused_and_not_repeated() {
    let s = Sandbox::new();
    let section = "[example.org]\nnames = home\n";
    for (i, secret) in SECRETS.into_iter().enumerate() {
        let mut configs: Vec<String> = Vec::new();
        for line in ["X", "X = abc", "X=", "token X", "token: X", "[X]", "[X", "frob = X", "[X.]"] {
            configs.push(format!("{}{line}\n{section}", s.head()));
        }
        for key in [
            "api",
            "ca_file",
            "state_dir",
            "history",
            "on_change",
            "on_failure",
            "heartbeat",
            "timeout",
            "recheck",
            "quorum",
            "multiple_values",
            "renew_token",
            "ipv4",
            "ipv6",
        ] {
            configs.push(format!("{}{key} = X\n{section}", head_without(&s, key)));
        }
        for value in ["X", "./X", "/etc/gandi-ddns/X", "~/X", "Bearer X", "token=X", "<X>", "\"X\"", "X X"] {
            let head = head_without(&s, "token_file");
            configs.push(format!("{head}token_file = {value}\n{section}"));
            configs.push(format!("{head}api_key_file = {value}\n{section}"));
        }
        for value in ["web:X", "web X", "dns:X", "dns:google@X", "resolve:X", "interface:X", "command:/bin/X"]
        {
            configs.push(format!("{}ipv4 = {value}\n{section}", head_without(&s, "ipv4")));
        }
        for value in
            ["https://X", "http://X/v5", "https://api.gandi.net/v5/livedns?key=X", "X://api.gandi.net"]
        {
            configs.push(format!("{}api = {value}\n{section}", head_without(&s, "api")));
        }
        for line in ["names = X", "names = @ X", "types = X", "ttl = X", "suffix = X", "multiple_values = X"]
        {
            configs.push(format!("{}[example.org]\n{line}\n", s.head()));
        }
        for (j, config) in configs.iter().enumerate() {
            let config = config.replace('X', secret);
            // Each config with one of the commands and one of the secrets at least.
            if i != j % SECRETS.len() {
                continue;
            }
            s.raw_config(&config);
            for command in [COMMANDS[j % COMMANDS.len()], COMMANDS[(j / 2 + 3) % COMMANDS.len()], &[]] {
                let ran = s.run(command);
                keeps(secret, &ran, &config);
                if command.is_empty() {
                    ran.prints(78, "");
                }
            }
        }
    }
    s.config("names = home\n");
    for name in fs::read_dir(s.path("")).expect("the sandbox").flatten() {
        let name = name.file_name().to_string_lossy().into_owned();
        assert!(!SECRETS.iter().any(|secret| name.contains(secret)), "{name} was created");
    }
    assert!(!s.fake.requests().iter().any(|r| r.listener == "livedns" || r.listener == "id"));
}

#[test]
fn token_in_place_of_its_file_is_named() {
    let s = Sandbox::new();
    for secret in SECRETS.into_iter().chain(["abcdefghijklmnopqrstuvwx"]) {
        s.raw_config(&format!("token_file = {secret}\n[example.org]\nnames = @\n"));
        let words =
            ["gandi-ddns.conf:1: ", "`token_file` must name a file: this looks like the token itself"];
        s.run(&[]).fails(78, &words);
        for command in [&["check"][..], &["check", "--json"], &["check", "--redact"]] {
            let ran = s.run(command);
            assert!(ran.code == Some(78) && ran.stdout.contains(words[1]), "{ran}");
            keeps(secret, &ran, "token_file");
        }
    }
}

#[test]
fn secret_in_an_argument_or_a_variable_is_not_repeated() {
    let s = Sandbox::new();
    for (i, secret) in SECRETS.into_iter().enumerate() {
        for line in [
            "X",
            "X check",
            "check X",
            "-X",
            "--X",
            "-cX",
            "-c X",
            "--config=X",
            "-c X/y",
            "--domain X --name @",
            "--domain example.org --name X",
            "--domain example.org --name @ --type X",
            "--domain example.org --name @ --ttl X",
            "--wait X",
            "--splay=X",
            "--token X",
            "--frob=X",
            "-qX",
            "status -c X",
            "ip -c X",
            "check --redact -c X",
            "--ttl X",
            "X=1",
        ] {
            let line = line.replace('X', secret);
            let ran = s.finish(s.command().args(line.split(' ')).env("GANDI_TOKEN", TOKEN));
            assert!(matches!(ran.code, Some(64 | 78)), "{line}: {ran}");
            keeps(secret, &ran, &line);
        }
        s.raw_config(&format!("{}[example.org]\nnames = home\n", head_without(&s, "state_dir")));
        for (j, variable) in VARIABLES.into_iter().enumerate() {
            let value = if i % 2 == 0 { secret.to_owned() } else { format!("/proc/{secret}") };
            let command = [&["-v"][..], &["-n"], &["check", "--json"], &["status"]][(i + j) % 4];
            for config in [&["-c", "gandi-ddns.conf"][..], &[]] {
                let mut command_line = s.command();
                command_line.args(command).args(config).env(variable, &value);
                keeps(secret, &s.finish(&mut command_line), variable);
            }
        }
    }
}

#[test]
fn credential_of_an_unknown_form_is_hidden_in_every_line() {
    let s = Sandbox::new();
    let odd = "my.odd-credential";
    s.fake.accept_bearer(odd);
    let head = head_without(&s, "token_file");
    s.raw_config(&format!(
        "{head}token = {odd}\non_change = /nowhere/{odd}\nhistory = /nowhere/{odd}/x\n[example.org]\nnames = home\n"
    ));
    for command in [&["check"][..], &["check", "--json"], &["check", "--redact"], &["-v"]] {
        let ran = s.run(command);
        assert!(ran.code == Some(0) && format!("{ran}").contains("[secret]"), "{ran}");
        keeps(odd, &ran, "its own token");
    }
    s.raw_config(&format!("{head}[example.org]\nnames = my_{odd}.\n"));
    let ran = s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", odd));
    assert_eq!(ran.code, Some(78), "{ran}");
    keeps(odd, &ran, "the token of the environment");
}

#[test]
fn long_names_and_paths_are_not_taken_for_secrets() {
    let s = Sandbox::new();
    let directory =
        "var/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0c7kzyhjk9xn3dbz4v8p9w1m-x";
    fs::create_dir_all(s.path(directory)).expect("a directory");
    s.write(&format!("{directory}/pat_token"), TOKEN);
    let names = "xn--ihqwcrb4cv8a8dqg056pqjye, verylonghostnameofmyhomeserver2, a-host-with-12-words-in-it-2026, \
                 550e8400-e29b-41d4-a716-446655440000, _acme-challenge";
    s.raw_config(&format!(
        "{}token_file = {directory}/pat_token\nhistory = {directory}/history\n[example.org]\nnames = {names}\n",
        head_without(&s, "token_file")
    ));
    let ran = s.run(&["-n"]);
    ran.exits_without_errors(0);
    for name in names.split(", ") {
        assert!(ran.stdout.contains(&format!("{name}.example.org A: would be created")), "{ran}");
    }
}

/// Runs `check`, and a run, with this token file. Neither may send anything to Gandi.
#[track_caller]
fn refuses_token(s: &Sandbox, bytes: &[u8], words: &str) {
    s.write("token", "");
    fs::write(s.path("token"), bytes).expect("the token");
    s.run(&[]).fails(78, &["gandi-ddns.conf:1: ", "token_file token", words]);
    s.run(&["check"]).exits_without_errors(78);
}

#[test]
fn mistake_in_the_token_is_named_before_anything_is_sent() {
    let s = Sandbox::new();
    let utf16 = |big_endian: bool, mark: bool| -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        let units = format!("{mark}{TOKEN}\r\n").encode_utf16().collect::<Vec<_>>();
        units.into_iter().flat_map(|u| if big_endian { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    for (big_endian, mark) in [(false, false), (false, true), (true, false), (true, true)] {
        refuses_token(&s, &utf16(big_endian, mark), "save it as UTF-8, not as UTF-16");
    }
    for (text, words) in [
        ("\"X\"", "remove the quotes"),
        ("'X'\n", "remove the quotes"),
        ("\u{201c}X\u{201d}", "remove the quotes"),
        ("token=X", "remove the name and the `=` before it"),
        ("token = X", "remove the name and the `=` before it"),
        ("\u{feff}GANDI_TOKEN=X\r\n", "remove the name and the `=` before it"),
        ("export GANDI_TOKEN=X", "remove the name and the `=` before it"),
        ("token: X", "remove the name and the `:` before it"),
        ("Bearer X", "remove the word `Bearer` or `Apikey`"),
        ("bearer\u{a0}X", "remove the word `Bearer` or `Apikey`"),
        ("Authorization: Bearer X", "remove `Authorization:` and the word after it"),
        ("{\"token\": \"X\"}", "remove the JSON around it"),
        ("X\nX\n", "remove the other lines"),
        ("# token\r\nX", "remove the other lines"),
        ("X # home", "remove the spaces and the other words"),
        ("${GANDI_TOKEN}", "are not expanded here"),
        ("X\u{430}", "that are not ASCII"),
        ("X,", "remove punctuation"),
        ("X\u{7}", "remove punctuation"),
    ] {
        refuses_token(&s, text.replace('X', TOKEN).as_bytes(), words);
    }
    refuses_token(&s, b"X\xff", "that are not ASCII");
    refuses_token(&s, "a".repeat(3073).as_bytes(), "longer than 3072 characters");
    refuses_token(&s, "a".repeat(4095).as_bytes(), "longer than 3072 characters");
    s.write("token", &"a".repeat(4097));
    s.run(&[]).fails(78, &["gandi-ddns.conf:1: could not read token file token: ", "larger than 4 KiB"]);
    assert!(!s.fake.requests().iter().any(|r| r.listener == "livedns" || r.listener == "id"));
    // The same mistakes in the variable and in the config itself.
    for (text, words) in [
        (
            "'X'",
            "$GANDI_TOKEN, which overrides `token_file` must contain only the personal access token: remove the quotes",
        ),
        ("Bearer X", "$GANDI_TOKEN"),
    ] {
        let text = text.replace('X', TOKEN);
        let ran = s.finish(s.command().args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", text));
        ran.fails(78, &[words]);
    }
    s.raw_config(&format!("token = Bearer {TOKEN}\n[example.org]\nnames = @\n"));
    s.run(&[])
        .fails(78, &["gandi-ddns.conf:1: ", "`token` in gandi-ddns.conf must contain only", "`Bearer`"]);
}

#[test]
fn white_space_and_byte_order_mark_around_the_token_are_dropped() {
    let s = Sandbox::new();
    for text in ["\u{feff}X\r\n", "\n\n X \t\n", "\u{a0}X\u{a0}", "\u{feff} X\r\n\r\n", "X\r"] {
        s.write("token", &text.replace('X', TOKEN));
        s.run(&["-n"]).exits_without_errors(0);
    }
    // The longest token goes through.
    let longest = "a".repeat(3072);
    s.fake.accept_bearer(&longest);
    s.write("token", &format!("{longest}\r\n"));
    s.run(&["-n"]).exits_without_errors(0);
}

#[test]
fn refused_token_is_named_by_its_source() {
    let s = Sandbox::new();
    let section = "[example.org]\nnames = home\n";
    let without = |key: &str| head_without(&s, key);
    fs::create_dir(s.path("credentials")).expect("a directory");
    s.write("credentials/token", "pat_stale_credential");
    s.write("stale", "pat_stale_file");
    let credentials = s.path("credentials").display().to_string();
    let stale = s.path("stale").display().to_string();
    let with_file = format!("{}token_file = {stale}\n{section}", without("token_file"));
    let with_token = format!("{}token = pat_stale_text\n{section}", without("token_file"));
    let without_token = format!("{}{section}", without("token_file"));
    let variable = ("GANDI_TOKEN", "pat_stale_variable");
    let directory = ("CREDENTIALS_DIRECTORY", credentials.as_str());
    for (config, variable, source, length) in [
        (&with_file, None, format!("token_file {stale}"), 14),
        (&with_token, None, "`token` in gandi-ddns.conf".to_owned(), 14),
        (&with_file, Some(variable), "$GANDI_TOKEN, which overrides `token_file`".to_owned(), 18),
        (&with_token, Some(variable), "$GANDI_TOKEN, which overrides `token`".to_owned(), 18),
        (&without_token, Some(variable), "$GANDI_TOKEN".to_owned(), 18),
        (&without_token, Some(directory), format!("the systemd credential {credentials}/token"), 20),
        (
            &with_file,
            Some(directory),
            format!("the systemd credential {credentials}/token, which overrides `token_file`"),
            20,
        ),
    ] {
        s.raw_config(config);
        let run = |arguments: &[&str]| {
            let mut command = s.command();
            s.finish(command.args(["-c", "gandi-ddns.conf"]).args(arguments).envs(variable))
        };
        run(&["-f"]).fails(77, &[&format!("127.0.0.1 refused the token from {source} (403): ")]);
        let ran = run(&["check"]);
        ran.exits_without_errors(77);
        for line in [
            format!("\nok       token: from {source}, {length} characters\n"),
            format!("\nfailure  token: 127.0.0.1 refused the token from {source} (403): "),
        ] {
            assert!(ran.stdout.contains(&line), "{line}: {ran}");
        }
        // Paths stay, but for that of the home directory.
        let home = s.path("").display().to_string();
        let shown = source.replace(home.trim_end_matches('/'), "~").replace("gandi-ddns.conf", "[a name]");
        let ran = run(&["check", "--redact"]);
        assert!(
            ran.stdout.contains(&format!("token: from {shown}, {length} characters\n")),
            "{shown}: {ran}"
        );
    }
}

#[test]
fn token_goes_only_to_the_api_and_to_the_id_hosts_of_gandi() {
    let name = "secrets::token_goes_only_to_the_api_and_to_the_id_hosts_of_gandi";
    let Some(net) = Namespace::enter(name) else { return };
    let mut s = Sandbox::new();
    // Requests outside `/v5`.
    s.violations_expected = true;
    s.write(
        "hosts",
        "127.0.0.1 localhost api.gandi.net id.gandi.net api.sandbox.gandi.net id.sandbox.gandi.net\n\
         127.0.0.1 api.example.test id.example.test livedns organization domain id.livedns\n",
    );
    net.run(&format!("mount --bind {} $(readlink -f /etc/hosts)", s.path("hosts").display()));
    let port = s.fake.port();
    for (host, path, others) in [
        ("api.gandi.net", "/v5/livedns", "id.gandi.net"),
        ("API.gandi.net", "/v5/livedns", "id.gandi.net"),
        ("api.sandbox.gandi.net", "/v5/livedns", "id.sandbox.gandi.net"),
        ("api.example.test", "/v5/livedns", ""),
        ("livedns", "", ""),
        ("livedns", "/livedns/", ""),
        ("livedns", "/v5/livedns", ""),
        ("127.0.0.1", "/v5/livedns", ""),
    ] {
        let before = s.fake.requests().len();
        s.fake.set_left(TOKEN, 3 * 86_400);
        s.raw_config(&format!(
            "{}api = https://{host}:{port}{path}\nrenew_token = yes\n[example.org]\nnames = home\n",
            head_without(&s, "api")
        ));
        s.run(&["check"]);
        s.run(&["-f"]);
        s.write("token", TOKEN);
        let requests = s.fake.requests().split_off(before);
        let with_token = requests.iter().filter(|r| r.header("Authorization").is_some());
        let hosts: BTreeSet<String> =
            with_token.map(|r| r.header("Host").expect("a host").to_ascii_lowercase()).collect();
        let mut wanted = BTreeSet::from([format!("{}:{port}", host.to_ascii_lowercase())]);
        if !others.is_empty() {
            wanted.insert(format!("{others}:{port}"));
        }
        assert_eq!(hosts, wanted, "{host}{path}");
        let info: Vec<_> = requests.iter().filter(|r| r.target == "/tokeninfo").collect();
        assert!(path.is_empty() || path == "/livedns/" || !info.is_empty(), "{host}{path}");
    }
    assert_eq!(s.fake.failed_handshakes(), 0, "another host was asked");
}
