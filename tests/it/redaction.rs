//! `check --redact`: no address and no configured name gets into the output, whatever failed.

use std::fs;

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, Sandbox};
use fake_gandi::{Answer, Fault, On, Times};

/// Runs both forms of the output. Neither may have one of these texts, in any case.
#[track_caller]
fn hides(s: &Sandbox, code: i32, hidden: &[&str]) -> RunOutput {
    let mut text = None;
    for arguments in [&["check", "--redact", "--json"][..], &["check", "--redact"]] {
        let ran = s.run(arguments);
        ran.exits_without_errors(code);
        let output = ran.stdout.to_lowercase();
        for word in hidden {
            assert!(!output.contains(&word.to_lowercase()), "`{word}` is shown\n{ran}");
        }
        text = Some(ran);
    }
    text.expect("a run")
}

#[test]
fn address_in_a_response_is_hidden_in_any_punctuation() {
    let s = Sandbox::new();
    // Few runs, since each queries the sources.
    for text in [
        "value:81.2.69.142 a.81.2.69.142 81.2.69.142. (2a01:e0a::7) [2a01:e0a::7]:443 fe80:e0a::7%eth0",
        "::ffff:81.2.69.142 2A01:E0A:0:0:0:0:0:7 ip=81.2.69.142,2a01:e0a::7 \\\"81.2.69.142\\\"/'2a01:e0a::7'",
        "81.2.69.142/24 2a01:e0a::/64 value:2a01:e0a::7;81.2.69.142:53 _81.2.69.142_-2a01:e0a::7-",
    ] {
        let body = format!("{{\"code\":400,\"message\":\"got {text} here\"}}");
        s.fake.clear_faults();
        s.fake.fault(On::path("/domains/"), Times::Always, Fault::Answer(Answer::json(400, &body)));
        let ran = hides(&s, 78, &["81.2", "69.142", "2a01", "e0a", "fe80", "ffff"]);
        assert!(ran.stdout.contains("(400): got ") && ran.stdout.contains("[IPv"), "{text}: {ran}");
        assert!(ran.stdout.contains(" here"), "{text}: {ran}");
    }
}

#[test]
fn name_in_a_response_is_hidden_in_any_script_and_case() {
    let s = Sandbox::new();
    s.config("names = home *.cellar\n");
    for text in [
        "München.example münchen Mu\u{308}nchen.example xn--mnchen-3ya.example example.xn--p1ai пример.рф",
        "HOME.Example.ORG. the record home/A 'Cellar.example.org' https://nas:8443/home?x=Home ftp://nas",
        "root@nas.example.net mail._domainkey.example.org notgandi.net /etc/home.example.org.conf",
    ] {
        let body = format!("{{\"code\":400,\"message\":\"got {text} here\"}}");
        s.fake.clear_faults();
        s.fake.fault(On::path("/domains/"), Times::Always, Fault::Answer(Answer::json(400, &body)));
        let hidden =
            ["nchen", "m\u{fc}", "p1ai", "рф", "home", "example", "cellar", "nas", "notgandi", "_domainkey"];
        let ran = hides(&s, 78, &hidden);
        assert!(ran.stdout.contains("(400): got ") && ran.stdout.contains(" here"), "{text}: {ran}");
    }
}

#[test]
fn cname_target_and_record_values_are_hidden() {
    let s = Sandbox::new();
    s.config("names = home @ kiosk\n");
    s.fake.set("example.org", "home", "CNAME", 600, &["xn--mnchen-3ya.example.xn--p1ai."]);
    s.fake.set("example.org", "@", "A", 600, &["81.2.69.1", "81.2.69.2"]);
    s.v4[0].set("value:81.2.69.142");
    let hidden = ["home", "kiosk", "nchen", "xn--", "81.2", "127.0.0", "example.org", ADDRESS];
    let ran = hides(&s, 78, &hidden);
    for words in ["[name 1].[domain 1] A: ", "[domain 1] A: ", "[name 3].[domain 1] A: ", "[IPv4]"] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
}

#[test]
fn names_in_a_bad_config_are_hidden() {
    let s = Sandbox::new();
    for (sections, hidden) in [
        ("[Mu\u{308}nchen.example]\nnames = @\n", &["nchen", "mu\u{308}"][..]),
        ("[kiosk]\nnames = @\n", &["kiosk"]),
        ("[www.kiosk.example]\nnames = @\n", &["kiosk", "example"]),
        ("[https://kiosk.example/x]\nnames = @\n", &["kiosk", "example"]),
        ("[kiosk example]\nnames = @\n", &["kiosk", "example"]),
        ("[kiosk.example]\nttl = 300\n", &["kiosk", "example"]),
        ("[kiosk.example]\nnames = Ku\u{308}che Küche!\n", &["k\u{fc}", "kva", "uche", "kiosk"]),
        ("[kiosk.example]\nnames = nas.\n", &["nas", "kiosk"]),
        ("[kiosk.example]\nnames = n*s\n", &["n*s", "kiosk"]),
        ("[kiosk.example]\nnames = nas.kiosk.example\n", &["nas", "kiosk"]),
        ("[kiosk.example]\nnames = nas! kiosk\n", &["nas", "kiosk"]),
        ("[kiosk.example]\nnames = nas nas\n", &["nas", "kiosk"]),
        ("[kiosk.example]\nnames = nas\nttl = 81.2.69.142\n", &["nas", "kiosk", "81.2"]),
        ("[kiosk.example]\nnames = nas\ntypes = 2a01:e0a::7\n", &["nas", "kiosk", "e0a"]),
        ("ipv4 = resolve:nas.kiosk.example.\n[kiosk.example]\nnames = nas\n", &["nas", "kiosk"]),
        ("ipv4 = resolve:nas!\n[kiosk.example]\nnames = nas\n", &["nas", "kiosk"]),
        ("ipv4 = dns:google@nas\n[kiosk.example]\nnames = kiosk\n", &["nas", "kiosk"]),
        ("ipv4 = http://nas/x\n[kiosk.example]\nnames = kiosk\n", &["nas", "kiosk"]),
        ("api = http://nas.kiosk.example/v5\n[kiosk.example]\nnames = kiosk\n", &["nas", "kiosk"]),
        ("history = x\nhistory = y\n[kiosk.example]\nnames = kiosk\n", &["kiosk"]),
    ] {
        let key = sections.split(' ').next().unwrap_or_default();
        let head = s.head();
        let head: Vec<_> = head.lines().filter(|l| l.split(' ').next() != Some(key)).collect();
        s.raw_config(&format!("{}\n{sections}", head.join("\n")));
        let ran = hides(&s, 78, hidden);
        assert!(ran.stdout.contains("failure  config: "), "{sections}: {ran}");
    }
}

#[test]
fn names_in_paths_are_hidden_and_other_paths_stay() {
    let s = Sandbox::new();
    fs::create_dir_all(s.path("kiosk.example.org")).expect("a directory");
    s.write("kiosk.example.org/kiosk.example.org.token", crate::sandbox::TOKEN);
    let head =
        s.head().replace("token_file = token", "token_file = kiosk.example.org/kiosk.example.org.token");
    s.raw_config(&format!("{head}on_change = /nowhere/hook.sh\n[example.org]\nnames = kiosk\n"));
    let ran = hides(&s, 0, &["kiosk", "example.org"]);
    for words in
        ["/nowhere/hook.sh", "token: from token_file [name 1].[domain 1]/[name 1].[domain 1].token, 26"]
    {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
}
