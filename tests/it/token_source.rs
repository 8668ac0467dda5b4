//! The token: mistakes in it, its source in messages, and the hosts that it is sent to.

use std::collections::BTreeSet;
use std::fs;

use crate::namespace::Namespace;
use crate::sandbox::{Sandbox, TOKEN};
use crate::secrets::head_without;

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
            "$GANDI_TOKEN, which overrides `token_file`, must contain only the personal access token: remove the quotes",
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
    let name = "token_source::token_goes_only_to_the_api_and_to_the_id_hosts_of_gandi";
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
