//! Configs of older Gandi scripts: a run says what they are, `check` prints an equivalent, and that one loads.

use crate::run_output::RunOutput;
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// Runs `check` with an old config and returns the translation that it prints.
#[track_caller]
fn translation(s: &Sandbox, old: &str) -> String {
    s.raw_config(old);
    let ran = s.run(&["check"]);
    assert_eq!(ran.code, Some(78), "{ran}");
    let (_, new) = ran.stdout.split_once("\nWrite this instead:\n\n").expect("a translation");
    new.to_owned()
}

/// Runs with a translation, which gets the token file and the services of the sandbox.
#[track_caller]
fn load(s: &Sandbox, new: &str) -> RunOutput {
    let head = "token_file = /etc/gandi-ddns/token\n";
    assert!(new.contains(head), "{new}");
    let ours = s.head();
    let ours = if new.contains("\nipv4 = ") {
        ours.lines().filter(|l| !l.starts_with("ipv4")).fold(String::new(), |h, l| h + l + "\n")
    } else {
        ours
    };
    s.raw_config(&new.replace(head, &ours));
    s.run(&["-n"])
}

#[test]
fn run_names_the_old_config_and_check_prints_one_that_works() {
    let s = Sandbox::new();
    let old = format!(
        "[local]\napikey = {API_KEY}\ndomain = example.org\na_name = home\nttl = 900\n\
         api = https://rpc.gandi.net/xmlrpc/\nhost = localhost\n"
    );
    s.raw_config(&old);
    for command in [&[][..], &["-n"], &["status"]] {
        s.run(command).fails(
            78,
            &["gandi-ddns.conf:2: this looks like the config of an older Gandi script: `gandi-ddns check` prints the equivalent"],
        );
    }
    let new = translation(&s, &old);
    assert!(new.contains("[example.org]\nnames = home\ntypes = A\nttl = 900\n"), "{new}");
    load(&s, &new).is(0, "home.example.org A: would be created: 81.2.69.142 (TTL 900)\n");
    s.run(&[]).is(0, "home.example.org A: created: 81.2.69.142 (TTL 900)\n");
    // JSON has the error only, and redaction hides the names in both.
    s.raw_config(&old);
    let ran = s.run(&["check", "--json"]);
    assert!(ran.code == Some(78) && !ran.stdout.contains("Write this"), "{ran}");
    let ran = s.run(&["check", "--redact"]);
    assert!(ran.stdout.contains("Write this instead") && !ran.stdout.contains("example.org"), "{ran}");
}

#[test]
fn every_shape_is_translated_into_a_config_that_loads() {
    let s = Sandbox::new();
    for (old, expected) in [
        ("[local]\napikey: KEY\ndomain: example.org\na_name: home\n; the end\n", &["home.example.org A"][..]),
        (
            "[gandi]\nkey = KEY\ndomain = example.org\nrecords = home, *.home @\n",
            &["home.example.org A", "*.home.example.org A", "example.org A"],
        ),
        (
            "[DEFAULT]\npat = TOKEN\nttl = 5\n[a]\ndomain = example.org\nname = a\nttl = 5\n[b]\ndomain = example.org.\nname = b.example.org\n",
            &["a.example.org A", "b.example.org A"],
        ),
        (
            "[example.org]\napikey = KEY\nsubdomains = [\"home\", \"www\"]\n",
            &["home.example.org A", "www.example.org A"],
        ),
        ("[local]\napikey = KEY\ndomain = www.example.org\na_name = @\ntype = AAAA\n", &["example.org AAAA"]),
        (
            "[one]\napikey = KEY\ndomain = example.org\na_name = x\n[two]\napikey = KEY\ndomain = example.org\na_name = X\n",
            &["x.example.org A"],
        ),
        (
            "\u{feff}[local]\r\napikey = \"KEY\"\r\ndomain = 'EXAMPLE.org'\r\na_name = \"home\"\r\n",
            &["home.example.org A"],
        ),
        (
            "[local]\ngandi_api = https://api.gandi.net/v5/\napikey = KEY\ndomain = example.org\na_name = home\nttl = 99999999\nipify_api = https://api.ipify.org\nretries = 3\n",
            &["home.example.org A"],
        ),
    ] {
        let new = translation(&s, &old.replace("KEY", API_KEY).replace("TOKEN", TOKEN));
        let ran = load(&s, &new);
        ran.exits_without_errors(0);
        let records: Vec<_> = ran.stdout.lines().filter_map(|l| l.split(": would be").next()).collect();
        assert_eq!(records, expected, "{new}");
    }
    let new =
        translation(&s, "[local]\napikey = x\ndomain = example.org\na_name = home\nhost = box.example.net\n");
    load(&s, &new).fails(75, &["resolve:box.example.net"]);
}

#[test]
fn missing_or_bad_names_become_a_placeholder_that_does_not_load() {
    let s = Sandbox::new();
    let pat = "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15";
    for lines in [
        "domain = example.org".to_owned(),
        "domain = example.org\na_name =".to_owned(),
        "domain = example.org\na_name = h!me".to_owned(),
        format!("domain = example.org\na_name = {pat}"),
        format!("domain = {pat}.org\na_name = home"),
        "domain =\na_name = home".to_owned(),
        "domain = \u{1b}[2Jexample.org\na_name = \u{7}home".to_owned(),
        "a_name = home".to_owned(),
        "domain = <your domain>\na_name = home".to_owned(),
        "domain = exa\u{308}mple.org\na_name = ho\u{308}me\u{200b}".to_owned(),
    ] {
        let new = translation(&s, &format!("[local]\napikey = {API_KEY}\n{lines}\n"));
        assert!(!new.contains(pat) && !new.contains(|c: char| c.is_control() && c != '\n'), "{new:?}");
        let ran = load(&s, &new);
        ran.prints(78, "");
        let mut problems = ran.stderr.lines().filter(|l| !l.ends_with(" errors"));
        assert!(problems.all(|l| l.contains("is the placeholder from the example")), "{new}\n{ran}");
    }
}

#[test]
fn translation_of_a_large_config_is_bounded() {
    let s = Sandbox::new();
    let many = (0..20_000)
        .fold(String::new(), |t, n| t + &format!("[s{n}]\ndomain = d{n}.org\napikey = x\na_name = x\n"));
    let new = translation(&s, &many);
    assert!(new.len() < 20_000 && new.contains("# and 19900 more sections, which are not translated\n"));
    s.raw_config(&many);
    assert!(s.run(&[]).stderr.len() < 1000);
    let names = (0..60_000).fold(String::new(), |t, n| t + &format!(" h{n}"));
    s.raw_config(&format!("[local]\napikey = x\ndomain = example.org\na_name ={names}\n"));
    let ran = s.run(&[]);
    s.raw_config("(a long one)");
    ran.fails(78, &["older Gandi script"]);
}
