//! Arguments, config files and streams, with the mistakes that people make.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use crate::sandbox::{ADDRESS, STALE, Sandbox, TOKEN};
use fake_gandi::{Fault, On, Times};

#[test]
fn help_and_version_exit_0() {
    let s = Sandbox::new();
    for flag in ["-h", "--help"] {
        let ran = s.finish(s.command().arg(flag));
        ran.exits_without_errors(0);
        for word in ["Usage: gandi-ddns [OPTIONS]", "token_file", "GANDI_TOKEN", "Exit codes:"] {
            assert!(ran.stdout.contains(word), "{word}");
        }
    }
    let ran = s.finish(s.command().arg("--version"));
    assert!(ran.stdout.starts_with(concat!("gandi-ddns ", env!("CARGO_PKG_VERSION"))), "{ran:?}");
}

#[test]
fn bad_command_line_exits_64_without_a_connection() {
    let s = Sandbox::new();
    for line in ["--frob", "stray", "-q -v", "--ttl 300", "--domain example.org"] {
        let ran = s.finish(s.command().args(line.split(' ')));
        ran.fails(64, &["see gandi-ddns --help"]);
    }
    let ran = s.finish(s.command().args(["--token", TOKEN]));
    ran.fails(64, &["--token is not supported", "token_file", "GANDI_TOKEN"]);
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn quiet_prints_only_errors_and_verbose_prints_each_step() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.run(&["-q"]).is(0, "");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    let ran = s.run(&["-v"]);
    ran.prints(0, "");
    ran.says(&["reported 81.2.69.142", "home.example.org A: unchanged (cached): 81.2.69.142"]);
    s.run(&["-vf"])
        .says(&["home.example.org A: querying record", "home.example.org A: unchanged: 81.2.69.142"]);
    s.fake.revoke_all();
    s.run(&["-qf"]).fails(77, &["refused the token"]);
}

#[test]
fn default_config_is_searched_in_etc_and_home() {
    let s = Sandbox::new();
    let ran = s.finish(&mut s.command());
    ran.fails(
        78,
        &[
            "no config file found (looked for /etc/gandi-ddns/gandi-ddns.conf",
            ".config/gandi-ddns/gandi-ddns.conf",
        ],
    );
    fs::create_dir_all(s.path("xdg/gandi-ddns")).expect("a directory");
    s.write("xdg/gandi-ddns/gandi-ddns.conf", "[example]\nnames = @\n");
    let ran = s.finish(s.command().env("XDG_CONFIG_HOME", s.path("xdg")));
    ran.fails(78, &["xdg/gandi-ddns/gandi-ddns.conf:1: section [example]", "not a full domain name"]);
}

#[test]
fn config_errors_have_file_line_and_remedy() {
    let s = Sandbox::new();
    for (text, words) in [
        ("[example.org]\nnmes = @\n", ["gandi-ddns.conf:2:", "did you mean `names`?"]),
        ("[www.example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "add `www` to names"]),
        ("[example.org.]\nnames = @\n", ["gandi-ddns.conf:1:", "no trailing dot"]),
        ("[https://example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "no scheme"]),
        ("[<your domain>]\nnames = @\n", ["gandi-ddns.conf:1:", "placeholder"]),
        ("token = <change me>\n[example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "placeholder"]),
        ("token = abcdefghijkl0123456789xy\n[example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "`api_key`"]),
        ("api_key = pat_1\n[example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "token_file"]),
        ("token_file = empty\n[example.org]\nnames = @\n", ["gandi-ddns.conf:1:", "empty is empty"]),
        (
            "token_file = nowhere\n[example.org]\nnames = @\n",
            ["gandi-ddns.conf:1:", "token file nowhere does not exist: create it with"],
        ),
        ("[example.org]\nnames = @\n", ["no token", "admin.gandi.net"]),
    ] {
        s.write("empty", "\n");
        s.raw_config(text);
        s.run(&[]).fails(78, &words);
    }
    assert_eq!(s.fake.connections(), 0);
    s.finish(s.command().args(["-c", "nowhere.conf"])).fails(
        78,
        &[
            "could not read the config nowhere.conf",
            "; name a config that exists, or let `gandi-ddns setup -c` write it",
        ],
    );
}

#[test]
fn arguments_replace_the_config_file() {
    let s = Sandbox::new();
    let line = "--domain example.org --name home --name=*.home --type A --type=AAAA --ttl 300 -n";
    let ran = s.finish(s.command().args(line.split(' ')));
    ran.fails(78, &["no token", "GANDI_TOKEN"]);
    let ran = s.finish(s.command().args(line.split(' ')).env("GANDI_TOKEN", "<change me>"));
    ran.fails(78, &["GANDI_TOKEN still contains a placeholder"]);
    let ran =
        s.finish(s.command().args(["--domain", "www.example.org", "--name", "@"]).env("GANDI_TOKEN", TOKEN));
    ran.fails(64, &["--domain: ", "add `www` to names"]);
}

#[test]
fn token_is_taken_from_environment_then_credential_then_config() {
    let s = Sandbox::new();
    s.raw_config(&format!("{}\n[example.org]\nnames = home\n", s.head().replace("token_file = token\n", "")));
    s.run(&["-n"]).fails(78, &["no token"]);
    let credentials = s.path("credentials");
    let run = |variables: &[(&str, &str)]| {
        let mut command = s.command();
        s.finish(command.args(["-n", "-c", "gandi-ddns.conf"]).envs(variables.iter().copied())).code
    };
    fs::create_dir(&credentials).expect("a directory");
    s.write("credentials/token", TOKEN);
    let directory = ("CREDENTIALS_DIRECTORY", credentials.to_str().expect("UTF-8"));
    assert_eq!(run(&[("GANDI_TOKEN", TOKEN)]), Some(0));
    assert_eq!(run(&[directory]), Some(0));
    s.write("credentials/token", "pat_wrong");
    assert_eq!(run(&[directory]), Some(77));
    assert_eq!(run(&[directory, ("GANDI_TOKEN", TOKEN)]), Some(0));
}

#[test]
fn world_readable_token_file_is_a_warning() {
    let s = Sandbox::new();
    fs::set_permissions(s.path("token"), fs::Permissions::from_mode(0o644)).expect("chmod");
    let ran = s.run(&[]);
    ran.says(&["warning: ", "token contains a secret and is readable by all users: run `chmod 600 token`"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(0), 1));
}

#[test]
fn closed_and_full_streams_do_not_fail_the_run() {
    let s = Sandbox::new();
    for arguments in [&["--help"][..], &["--version"], &["-c", "gandi-ddns.conf", "-v"]] {
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = s.command();
        command.args(arguments).arg("-f").stdin(Stdio::null()).stdout(full()).stderr(full());
        assert_eq!(command.status().expect("a run").code(), Some(0), "{arguments:?}");
        // A pipe without a reader.
        let mut command = s.command();
        command.args(arguments).arg("-f").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a run");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("its end").code(), Some(0), "{arguments:?}");
    }
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn token_is_in_no_command_line() {
    let s = Sandbox::new();
    s.fake.fault(On::method("GET"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut run = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    assert!(s.fake.wait_until(Duration::from_secs(60), |r| r.iter().any(|r| r.listener == "livedns")));
    let mut seen = 0;
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(TOKEN));
        seen += usize::from(process.file_name().to_string_lossy() == run.id().to_string());
    }
    assert_eq!(seen, 1, "the run itself is among the processes");
    run.kill().expect("the run");
    run.wait().expect("its end");
}
