//! Names in other scripts: accepted in every place, shown as typed and as sent, sent and stored in ASCII.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{STALE, Sandbox, TOKEN};
use fake_gandi::Family;

/// müller.de as it is sent.
const DOMAIN: &str = "xn--mller-kva.de";
const SHOWN: &str = "tür.müller.de (xn--tr-xka.xn--mller-kva.de) A";

/// A sandbox with the domain müller.de, a stale record `tür`, and this section.
fn with(section: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.add_domain(DOMAIN);
    s.fake.set(DOMAIN, "xn--tr-xka", "A", 600, &[STALE]);
    s.config_with("", section);
    s
}

#[test]
fn name_in_another_script_is_updated_and_shown_in_both_forms() {
    let s = with("[MÜLLER.de]\nnames = Tür\n");
    s.run(&["--dry-run"]).exits_without_errors(0);
    s.run(&[]).is(0, &format!("{SHOWN}: 81.2.69.1 -> 81.2.69.142\n"));
    let stored = s.fake.get(DOMAIN, "xn--tr-xka", "A").expect("the record");
    assert_eq!(stored.values, ["81.2.69.142"]);
    s.run(&["-v"]).says(&[&format!("{SHOWN}: unchanged (cached): 81.2.69.142")]);
    let status = s.run(&["status"]);
    status.exits_without_errors(0);
    assert!(status.stdout.contains(&format!("\n{SHOWN}\n")), "{status}");
    let check = s.run(&["check"]);
    check.exits_without_errors(0);
    for text in ["domain müller.de (xn--mller-kva.de)", "nameservers of müller.de (xn--mller-kva.de)", SHOWN]
    {
        assert!(check.stdout.contains(text), "{text} in\n{check}");
    }
    for request in s.fake.requests() {
        assert!(request.to_string().is_ascii(), "{request}");
    }
}

#[test]
fn state_history_and_json_have_the_ascii_form() {
    let s = with("[müller.de]\nnames = tür\n");
    let json = s.run(&["--json"]).stdout;
    for text in ["\"domain\":\"xn--mller-kva.de\"", "\"name\":\"xn--tr-xka\""] {
        assert!(json.contains(text), "{json}");
    }
    for file in fs::read_dir(s.path("state")).expect("the state").flatten() {
        let text = fs::read_to_string(file.path()).expect("text");
        assert!(text.is_ascii(), "{}: {text}", file.path().display());
    }
    assert!(s.run(&["status"]).stdout.contains("  xn--tr-xka.xn--mller-kva.de A  81.2.69.1 -> 81.2.69.142"));
    // The same record in its other form is known from the state.
    s.config_with("", "[xn--mller-kva.de]\nnames = xn--tr-xka\n");
    s.run(&["-v"]).says(&["xn--tr-xka.xn--mller-kva.de A: unchanged (cached)"]);
}

#[test]
fn hook_gets_the_ascii_form() {
    let s = with("");
    s.write("hook", "#!/bin/sh\necho \"$GANDI_DDNS_DOMAIN $GANDI_DDNS_NAME\" >>heard\n");
    fs::set_permissions(s.path("hook"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.config_with("on_change = hook\n", "[müller.de]\nnames = tür\n");
    s.run(&[]).exits_without_errors(0);
    assert_eq!(fs::read_to_string(s.path("heard")).ok().as_deref(), Some("xn--mller-kva.de xn--tr-xka\n"));
}

#[test]
fn argument_in_another_script_is_accepted() {
    let s = with("");
    let mut command = s.command();
    command.env("GANDI_TOKEN", TOKEN).args([
        "--domain",
        "müller.de",
        "--name",
        "例え.tür",
        "--type",
        "A",
        "status",
    ]);
    let ran = s.finish(&mut command);
    assert!(
        ran.code == Some(0)
            && ran.stdout.contains("\n例え.tür.müller.de (xn--r8jz45g.xn--tr-xka.xn--mller-kva.de) A\n"),
        "{ran}"
    );
}

#[test]
fn get_finds_a_record_by_each_form_of_its_name() {
    let s = with("[müller.de]\nnames = tür\n[example.org]\nnames = home\n");
    for name in [
        "tür",
        "TÜR",
        "tu\u{308}r.müller.de",
        "xn--tr-xka",
        "tür.müller.de",
        "TÜR.Müller.DE.",
        "tür。müller。de",
        "xn--tr-xka.müller.de",
        "tür.XN--MLLER-KVA.de",
    ] {
        // A separate accent is refused in a config, too.
        let is_separate = name.contains('\u{308}');
        let ran = s.run(&["get", "-4", name]);
        if is_separate {
            ran.fails(64, &["is not configured (did you mean tür.müller.de?)"]);
        } else {
            ran.is(0, &format!("{STALE}\n"));
        }
    }
    s.run(&["get", "-4", "tüer.müller.de"]).fails(64, &["(did you mean tür.müller.de?)"]);
    let api = format!("api={}", s.fake.api());
    for (domain, name) in [("müller.de", "tür"), ("MÜLLER.de", "xn--tr-xka"), (DOMAIN, "Tür")] {
        let mut command = s.command();
        command.env("GANDI_TOKEN", TOKEN).args([
            "get",
            "-o",
            &api,
            "-o",
            "ca_file=ca.pem",
            "--domain",
            domain,
        ]);
        s.finish(command.args([name, "--type", "A"])).is(0, &format!("{STALE}\n"));
    }
}

#[test]
fn both_forms_are_one_section_and_one_record() {
    for (sections, line, words) in [
        (
            "[müller.de]\nnames = tür xn--tr-xka\n",
            2,
            "xn--tr-xka.müller.de (xn--tr-xka.xn--mller-kva.de) A is listed twice",
        ),
        ("[müller.de]\nnames = tür\n[XN--MLLER-KVA.DE]\nnames = TÜR\n", 4, "A is listed twice"),
        ("[müller.de]\nnames = tür.müller.de\n", 2, "names are relative to the domain: write `tür`"),
        ("[müller.de]\nnames = tür.xn--mller-kva.de\n", 2, "names are relative to the domain: write `tür`"),
        ("[müller.de]\nnames = müller.de\n", 2, "names are relative to the domain: write `@`"),
        (
            "[müller.de]\nnames = @\n[example.org]\nnames = tür.müller.de\n",
            4,
            "`tür.müller.de` belongs in the section [müller.de]: write `tür` there",
        ),
        (
            "[müller.de]\nnames = @\n[example.org]\nnames = xn--mller-kva.de\n",
            4,
            "belongs in the section [müller.de]: write `@` there",
        ),
        (
            "[müller.de]\nnames = tür.haus\n[haus.müller.de]\nnames = @\n",
            2,
            "`tür.haus` belongs in the section [haus.müller.de]: write `tür` there",
        ),
        ("[www.müller.de]\nnames = @\n", 1, "the domain is `müller.de`: use that, and add `www` to names"),
    ] {
        let s = with("");
        s.raw_config(sections);
        s.run(&[]).fails(78, &[&format!("gandi-ddns.conf:{line}: "), words]);
    }
}

#[test]
fn character_that_is_no_letter_is_refused_with_its_number() {
    let s = with("");
    for (name, words) in [
        ("mu\u{308}ller", "U+0308, a separate accent: type it and its letter as one character"),
        ("が".replace('が', "か\u{3099}").as_str(), "U+3099, a separate accent"),
        ("mü\u{ad}ller", "U+00AD, which is not supported in names: remove it"),
        ("mü\u{200b}ller", "U+200B"),
        ("müller\u{200d}", "U+200D"),
        ("mü\u{202e}ller", "U+202E"),
        ("mü\u{2060}ller", "U+2060"),
        ("\u{feff}müller", "U+FEFF"),
        ("ｍüller", "U+FF4D"),
        ("❤", "U+2764"),
        ("\u{1f4a9}", "U+1F4A9"),
        ("İstanbul", "U+0130"),
    ] {
        for config in [format!("[{name}.de]\nnames = @\n"), format!("[example.org]\nnames = {name}\n")] {
            s.config_with("", &config);
            s.run(&[]).fails(78, &["gandi-ddns.conf:", words]);
        }
        let mut command = s.command();
        command.env("GANDI_TOKEN", TOKEN).args(["--domain", &format!("{name}.de"), "--name", "@"]);
        s.finish(&mut command).fails(64, &["--domain: ", words]);
    }
    let long = "ü".repeat(64);
    for (name, words) in
        [("-ü", "is not a valid name"), ("ü-", "is not a valid name"), (&long, "is not a valid name")]
    {
        s.config(&format!("names = {name}\n"));
        s.run(&[]).fails(78, &["gandi-ddns.conf:", words, "1 to 63 letters"]);
    }
    assert_eq!((s.count("GET"), s.count("PUT")), (0, 0));
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let s = with("");
    fs::write(s.path("gandi-ddns.conf"), b"token_file = token\n[m\xfcller.de]\nnames = t\xfcr\n")
        .expect("a file");
    s.run(&[]).fails(78, &["could not read the config gandi-ddns.conf: it is not UTF-8 text"]);
    let mut command = s.command();
    command.args(["--name", "@", "--domain"]).arg(std::ffi::OsStr::from_bytes(b"m\xfcller.de"));
    s.finish(&mut command).fails(64, &["is not UTF-8"]);
}

#[test]
fn redaction_hides_both_forms() {
    let s = with("[müller.de]\nnames = tür *.straße\n");
    for arguments in [&["check", "--redact"][..], &["check", "--redact", "--json"]] {
        let ran = s.run(arguments);
        assert!(ran.stdout.contains("[name 1].[domain 1] ([name 1].[domain 1]) A"), "{ran}");
        for name in ["ller", "tür", "tr-", "stra", "xn--"] {
            assert!(!ran.stdout.contains(name) && !ran.stderr.contains(name), "{name} in\n{ran}");
        }
    }
    // In a config that cannot be read, too.
    s.config_with("frob = x\n", "[paral·lel.cat]\nnames = tu\u{308}r tür.paral·lel.cat\n");
    let ran = s.run(&["check", "--redact"]);
    assert_eq!(ran.code, Some(78), "{ran}");
    for name in ["paral", "lel", "tu", "xn--"] {
        assert!(!ran.stdout.contains(name), "{name} in\n{ran}");
    }
}

#[test]
fn resolve_looks_up_the_ascii_form() {
    let s = with("");
    s.raw_config(
        "token_file = token\nipv4 = web resolve:tür.MÜLLER.de\n[xn--mller-kva.de]\nnames = xn--tr-xka\n",
    );
    s.run(&[]).fails(78, &["gandi-ddns.conf:2: ", "own record xn--tr-xka.xn--mller-kva.de"]);
}

#[test]
fn config_of_an_older_script_is_translated_with_names_as_typed() {
    let s = with("");
    s.raw_config("[local]\napikey = abcdefghijklmnopqrstuvwx\ndomain = müller.de\na_name = tür.müller.de\n");
    let ran = s.run(&["check"]);
    assert!(ran.stdout.contains("[müller.de]\nnames = tür\n"), "{ran}");
}

#[test]
fn url_in_another_script_names_the_remedy() {
    let s = with("");
    for key in ["api", "ipv4"] {
        s.raw_config(&format!(
            "token_file = token\n{key} = https://müller.de/\n[example.org]\nnames = home\n"
        ));
        s.run(&[]).fails(78, &["gandi-ddns.conf:2: ", "write the host in its `xn--` form"]);
    }
    s.fake.set_address(Family::V4, "81.2.69.142");
}
