//! `gandi-ddns setup` without a terminal: config and token, and what is in their place.

use super::*;

#[test]
fn other_config_is_kept_unless_forced() {
    let s = sandbox();
    fs::create_dir(s.path(DIR)).expect("a directory");
    s.write(CONFIG, "# mine\n");
    let ran = setup(&s, &RECORD);
    ran.exits(78);
    let path = s.path(CONFIG).display().to_string();
    ran.says(&[&path, "exists and has another content; remove it, or add --force; nothing was written\n"]);
    assert_eq!((read(&s, CONFIG).as_str(), names(&s, DIR).len(), s.fake.puts().len()), ("# mine\n", 1, 0));
    let forced: Vec<&str> = RECORD.into_iter().chain(["--force"]).collect();
    setup(&s, &forced).exits_without_errors(0);
    let old = format!("{CONFIG}.old");
    assert_eq!((read(&s, &old).as_str(), mode(&s, &old), names(&s, DIR).len()), ("# mine\n", 0o600, 3));
    // A copy never replaces another one.
    s.write(CONFIG, "# mine too\n");
    setup(&s, &forced).exits_without_errors(0);
    assert_eq!((read(&s, &old).as_str(), read(&s, &(old + "2")).as_str()), ("# mine\n", "# mine too\n"));
}

#[test]
fn other_token_is_never_replaced() {
    let s = sandbox();
    let forced: Vec<&str> = RECORD.into_iter().chain(["--force"]).collect();
    fs::create_dir(s.path(DIR)).expect("a directory");
    s.write("etc/gandi-ddns/token", "pat_mine0123456789\n");
    fs::create_dir(s.path("etc/gandi-ddns/token2")).expect("a directory");
    // Neither without nor with --force, and the second time it is the same file.
    for arguments in [&RECORD[..], &forced] {
        setup(&s, arguments).exits_without_errors(0);
        assert_eq!(names(&s, DIR), ["gandi-ddns.conf", "token", "token2", "token3"]);
        assert_eq!(read(&s, "etc/gandi-ddns/token"), "pat_mine0123456789\n");
        assert_eq!(read(&s, "etc/gandi-ddns/token3"), format!("{TOKEN}\n"));
        assert!(read(&s, CONFIG).contains("\ntoken_file = token3\n"), "{}", read(&s, CONFIG));
    }
    assert_eq!(mode(&s, "etc/gandi-ddns/token3"), 0o600);
    s.finish(s.command().arg("-c").arg(s.path(CONFIG))).is(0, "");
}

#[test]
fn another_token_for_the_same_config_replaces_that_of_the_config() {
    let s = sandbox();
    setup(&s, &RECORD).exits_without_errors(0);
    let config = read(&s, CONFIG);
    let (second, blind) = ("pat_second0123456789", "pat_blind0123456789");
    s.fake.accept_bearer(second);
    s.fake.accept_bearer_for(blind, &[]);
    s.fake.revoke(TOKEN);
    let run =
        |token: &str, arguments: &[&str]| finish(&s, &mut command(&s, arguments), &format!("{token}\n"));
    // Without --force.
    let ran = run(second, &RECORD);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("\n  Written. Update:\n"), "{ran}");
    assert_eq!(names(&s, DIR), ["gandi-ddns.conf", "token", "token.old"]);
    let token = |name: &str| read(&s, &format!("{DIR}/{name}"));
    assert_eq!((token("token"), token("token.old")), (format!("{second}\n"), format!("{TOKEN}\n")));
    assert_eq!((mode(&s, "etc/gandi-ddns/token"), read(&s, CONFIG)), (0o600, config.clone()));
    s.finish(s.command().arg("-c").arg(s.path(CONFIG))).is(0, "");
    // A token that does not work replaces none.
    run(blind, &RECORD).exits(78);
    run("pat_another0123456789", &RECORD).exits(77);
    assert_eq!((token("token"), names(&s, DIR).len()), (format!("{second}\n"), 3));
    // For another config, the rules are the same as ever.
    s.fake.accept_bearer(TOKEN);
    let other = ["--domain", "example.org", "--name", "www", "--type", "A", "--yes"];
    let ran = run(TOKEN, &other);
    ran.exits(78);
    ran.says(&["exists and has another content; remove it, or add --force; nothing was written\n"]);
    assert_eq!((token("token"), read(&s, CONFIG)), (format!("{second}\n"), config.clone()));
    // What it does not keep is named, also without a question.
    s.write(
        CONFIG,
        &config.replace("\n[", "\nrecheck = 2h\n[").replace("types = A\n", "types = A\nttl = 5m\n"),
    );
    let ran = run(TOKEN, &[&other[..], &["--force"]].concat());
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("\n  Not kept: recheck home ttl\n"), "{ran}");
    assert_eq!((token("token"), token("token.old2")), (format!("{TOKEN}\n"), format!("{second}\n")));
    assert!(!read(&s, CONFIG).contains("recheck"), "{}", read(&s, CONFIG));
}

#[test]
fn link_is_no_place_for_a_config() {
    // Relative paths beside it and beside its target would be different ones.
    let s = sandbox();
    s.write("real.conf", "");
    symlink("../real.conf", s.path("etc/link.conf")).expect("a link");
    let mut command = s.command();
    command.args(["setup", "-c", "etc/link.conf"]).args(options(&s)).args(RECORD);
    finish(&s, &mut command, TOKEN).fails(78, &["it must name the config file"]);
}

#[test]
fn leftover_of_a_killed_setup_is_no_obstacle() {
    let s = sandbox();
    fs::create_dir(s.path("etc/gandi-ddns.new")).expect("a directory");
    s.write("etc/gandi-ddns.new/token", "pat_");
    s.write("etc/gandi-ddns.new/gandi-ddns.conf.new", "");
    setup(&s, &RECORD).exits_without_errors(0);
    assert_eq!((names(&s, "etc"), names(&s, DIR).len()), (vec!["gandi-ddns".to_owned()], 2));
    // In a directory that exists, the token comes first.
    let s = sandbox();
    fs::create_dir(s.path(DIR)).expect("a directory");
    s.write("etc/gandi-ddns/token", &format!("{TOKEN}\n"));
    s.write("etc/gandi-ddns/gandi-ddns.conf.new", "half");
    setup(&s, &RECORD).exits_without_errors(0);
    assert_eq!(names(&s, DIR), ["gandi-ddns.conf", "token"]);
    // Something else of that name is not removed.
    let s = sandbox();
    fs::create_dir(s.path("etc/gandi-ddns.new")).expect("a directory");
    s.write("etc/gandi-ddns.new/other", "");
    let ran = setup(&s, &RECORD);
    ran.exits(78);
    ran.says(&["could not write ", "etc/gandi-ddns/gandi-ddns.conf and its token: "]);
    assert_eq!(
        (names(&s, "etc"), names(&s, "etc/gandi-ddns.new")),
        (vec!["gandi-ddns.new".to_owned()], vec!["other".to_owned()])
    );
}

#[test]
fn path_that_cannot_be_a_config_is_told_before_any_question() {
    let s = sandbox();
    s.write("file", "");
    s.write("mine.conf", &format!("# from admin.gandi.net\n\n{TOKEN}\n"));
    s.write("key.conf", API_KEY);
    fs::create_dir(s.path("open")).expect("a directory");
    fs::set_permissions(s.path("open"), fs::Permissions::from_mode(0o777)).expect("chmod");
    symlink("nowhere/x.conf", s.path("dangling")).expect("a link");
    for (path, words) in [
        ("etc", "it must name the config file"),
        ("etc/..", "it must name the config file"),
        (
            "etc/token",
            "etc/token: that is a token file, for `token_file` in the config: name the config to write",
        ),
        ("etc/tokens.conf", "; the token is typed, or the first line of stdin"),
        ("mine.conf", "mine.conf: that is a token file, for `token_file`"),
        ("key.conf", "key.conf: that is a token file"),
        ("open/x.conf", "other users can write to "),
        ("dangling", "could not "),
        ("file/x.conf", "could not "),
    ] {
        let mut command = s.command();
        command.args(["setup", "-c", path]).args(options(&s)).args(RECORD);
        let ran = finish(&s, &mut command, TOKEN);
        nothing_written(&s, &ran, 78, &[words]);
    }
    // A config that has a token in it is one that may be replaced.
    s.write("inline.conf", &format!("token = {TOKEN}\n[example.org]\nnames = www\n"));
    let mut command = s.command();
    command.args(["setup", "-c", "inline.conf"]).args(options(&s)).args(RECORD);
    let ran = finish(&s, &mut command, TOKEN);
    ran.exits(78);
    ran.says(&["exists and has another content"]);
}

#[test]
fn names_in_another_script_are_written_as_typed() {
    let s = sandbox();
    s.fake.add_domain("xn--mller-kva.de");
    let record = ["--domain", "Müller.DE", "--name", "Straße", "--name", "@", "--type", "A", "--yes"];
    let ran = setup(&s, &record);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("straße.müller.de (xn--strae-oqa.xn--mller-kva.de) A: created"), "{ran}");
    assert!(
        read(&s, CONFIG).ends_with("\n[müller.de]\nnames = straße @\ntypes = A\n"),
        "{}",
        read(&s, CONFIG)
    );
    let run = || s.finish(s.command().arg("-c").arg(s.path(CONFIG)));
    run().is(0, "");
    // Once more, and with the form that is sent.
    assert!(setup(&s, &record).stdout.contains("Kept. Update:"));
    let s = sandbox();
    s.fake.add_domain("xn--mller-kva.de");
    setup(&s, &["--domain", "xn--mller-kva.de", "--name", "xn--strae-oqa", "--type", "A", "--yes"]).exits(0);
    assert!(
        read(&s, CONFIG).contains("\n[xn--mller-kva.de]\nnames = xn--strae-oqa\n"),
        "{}",
        read(&s, CONFIG)
    );
    s.finish(s.command().arg("-c").arg(s.path(CONFIG))).is(0, "");
}

#[test]
fn ordinary_user_needs_a_config_of_the_own() {
    let s = Sandbox::new();
    let other = OtherUser::new(&s, 4711);
    let mut command = other.command(&s, &[]);
    command.arg("setup").args(options(&s)).args(RECORD);
    finish(&s, &mut command, TOKEN)
        .fails(64, &["run it as root (sudo), or give -c FILE for a setup of your own"]);
    let mut command = other.command(&s, &[]);
    command.args(["setup", "-c", "/etc/gandi-ddns-test.conf"]).args(RECORD);
    finish(&s, &mut command, TOKEN).fails(78, &["could not write to /etc: "]);
    assert_eq!(s.fake.requests().len(), 0);
    other.write("ca.pem", &s.fake.ca_pem(), 0o644);
    let file = other.path("ca.pem").display().to_string();
    let state = other.path("state").display().to_string();
    let mut command = other.command(&s, &[]);
    command.env("PATH", "/nonexistent").args(["setup", "-c", "mine.conf"]).args(RECORD);
    for option in
        options(&s).iter().filter(|o| *o != "-o" && !o.starts_with("state_dir") && !o.starts_with("ca_file"))
    {
        command.args(["-o", option]);
    }
    command.args(["-o", &format!("ca_file={file}"), "-o", &format!("state_dir={state}")]);
    finish(&s, &mut command, TOKEN).exits_without_errors(0);
    assert_eq!(fs::read_to_string(other.path("token")).expect("the token"), format!("{TOKEN}\n"));
}

#[test]
fn options_become_lines_of_the_config() {
    let s = sandbox();
    let ran = setup(
        &s,
        &[
            "--domain",
            "example.org",
            "--name",
            "home",
            "--name",
            "*.home",
            "--yes",
            "--ttl",
            "10m",
            "-o",
            "Recheck = 2h",
        ],
    );
    ran.exits_without_errors(0);
    let config = read(&s, CONFIG);
    assert!(config.contains("\nRecheck = 2h\n"), "{config}");
    assert!(
        config.ends_with("\n[example.org]\nnames = home *.home\ntypes = A AAAA\nttl = 10m\n"),
        "{config}"
    );
    assert_eq!(s.zone("*.home", "AAAA"), format!("600 {ADDRESS6}"));
    // `-6` is `--type AAAA`.
    let s = sandbox();
    setup(&s, &["--domain", "example.org", "--name", "@", "-6", "--yes"]).exits_without_errors(0);
    assert!(read(&s, CONFIG).ends_with("names = @\ntypes = AAAA\n"), "{}", read(&s, CONFIG));
}
