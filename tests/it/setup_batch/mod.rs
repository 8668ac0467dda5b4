//! `gandi-ddns setup` without a terminal: with `--yes`, and with the answers on stdin. No run here may find a cron.

mod files; // the files that it writes
mod zone; // what the zone holds

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::default_sources::Internet;
use crate::interface_source::Home;
use crate::other_user::OtherUser;
use crate::run_output::{RunOutput, wait};
use crate::sandbox::{ADDRESS, ADDRESS6, API_KEY, STALE, Sandbox, TOKEN};
use crate::setup_machine::options;
use fake_gandi::{Answer, Family, Fault, On, Times};

/// The arguments of an installation by a script.
const RECORD: [&str; 7] = ["--domain", "example.org", "--name", "home", "--type", "A", "--yes"];
/// The directory of the new config, and its files.
const DIR: &str = "etc/gandi-ddns";
const CONFIG: &str = "etc/gandi-ddns/gandi-ddns.conf";
const CREATED: &str = "home.example.org A: created: 81.2.69.142 (TTL 300)\n";

/// A sandbox with a directory `etc`.
fn sandbox() -> Sandbox {
    let s = Sandbox::new();
    fs::create_dir(s.path("etc")).expect("a directory");
    s
}

/// Returns `setup` of the config at `CONFIG`, without its other options. There is no program in its `$PATH`.
fn bare(s: &Sandbox) -> Command {
    assert!(!Path::new("/etc/crontabs").exists(), "these tests would change the crontab of this machine");
    let mut command = s.command();
    command.env("PATH", s.path("no-programs")).args(["setup", "-c"]).arg(s.path(CONFIG));
    command
}

/// Returns `setup` with the options that lead it to the fake, and with these arguments.
fn command(s: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = bare(s);
    command.args(options(s)).args(arguments);
    command
}

/// Runs a command with this stdin.
fn finish(s: &Sandbox, command: &mut Command, stdin: &str) -> RunOutput {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("setup starts");
    // The run may end before it reads all.
    let _ = child.stdin.take().expect("its stdin").write_all(stdin.as_bytes());
    let ran = wait(child);
    s.keep_last_run("setup", &ran);
    ran
}

/// Runs `setup` with the token on stdin.
fn setup(s: &Sandbox, arguments: &[&str]) -> RunOutput {
    finish(s, &mut command(s, arguments), &format!("{TOKEN}\n"))
}

fn read(s: &Sandbox, name: &str) -> String {
    fs::read_to_string(s.path(name)).unwrap_or_else(|e| format!("{name}: {e}"))
}

fn mode(s: &Sandbox, name: &str) -> u32 {
    fs::metadata(s.path(name)).expect(name).permissions().mode() & 0o7777
}

/// Returns the names in a directory.
fn names(s: &Sandbox, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(s.path(directory)).expect(directory).flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Fails unless the run has this code, has these words on stderr, and has written neither a file nor a record.
#[track_caller]
fn nothing_written(s: &Sandbox, ran: &RunOutput, code: i32, words: &[&str]) {
    ran.exits(code);
    ran.says(words);
    assert_eq!(names(s, "etc"), [""; 0], "{ran}");
    assert_eq!(s.fake.puts().len(), 0, "{ran}");
}

/// Every line of the dialogue fits a terminal.
#[track_caller]
fn fits(ran: &RunOutput) {
    for line in ran.stdout.lines() {
        // Not that of a path, a URL or a command.
        assert!(line.len() < 80 || line.contains('/'), "{} columns: {line}", line.len());
        assert!(line.is_ascii(), "{line}");
    }
}

#[test]
fn yes_asks_nothing_and_leaves_a_working_setup() {
    let s = sandbox();
    let ran = setup(&s, &RECORD);
    ran.exits_without_errors(0);
    fits(&ran);
    assert!(ran.stdout.contains(CREATED) && !ran.stdout.contains('?'), "{ran}");
    assert_eq!((mode(&s, DIR), mode(&s, CONFIG), mode(&s, "etc/gandi-ddns/token")), (0o700, 0o600, 0o600));
    assert_eq!(names(&s, "etc"), ["gandi-ddns"]);
    assert_eq!(names(&s, DIR), ["gandi-ddns.conf", "token"]);
    assert_eq!(read(&s, "etc/gandi-ddns/token"), format!("{TOKEN}\n"));
    let config = read(&s, CONFIG);
    assert!(config.ends_with("\n[example.org]\nnames = home\ntypes = A\n"), "{config}");
    assert!(config.contains(&format!("\napi = {}\n", s.fake.api())) && !config.contains(TOKEN), "{config}");
    // The later runs need no option, and find nothing to complain about.
    s.finish(s.command().arg("-c").arg(s.path(CONFIG))).is(0, "");
    let check = s.finish(s.command().args(["check", "-c"]).arg(s.path(CONFIG)));
    assert!(check.stdout.contains("\nAll checks passed.\n"), "{check}");
}

#[test]
fn second_setup_with_the_same_options_changes_nothing() {
    let s = sandbox();
    setup(&s, &RECORD).exits(0);
    let inodes = || ["gandi-ddns.conf", "token"].map(|f| s.path(DIR).join(f).metadata().expect(f).ino());
    let before = inodes();
    // Since then the address has changed: the old one in the zone is ours.
    s.fake.set_address(Family::V4, "81.2.69.150\n");
    let ran = setup(&s, &RECORD);
    ran.exits(0);
    assert!(ran.stdout.contains("home.example.org A: 81.2.69.142 -> 81.2.69.150"), "{ran}");
    assert_eq!((inodes(), names(&s, DIR).len()), (before, 2));
}

#[test]
fn refused_token_is_77_and_nothing_is_written() {
    let s = sandbox();
    let ran = finish(&s, &mut command(&s, &RECORD), "pat_another0123456789\n");
    nothing_written(&s, &ran, 77, &["127.0.0.1 refused the token from stdin (403)", "; nothing was written"]);
    assert!(!format!("{ran}").contains("another0"), "{ran}");
    let ran = finish(&s, &mut command(&s, &[]), "pat_another0123456789\n1\nhome\n");
    nothing_written(&s, &ran, 77, &["127.0.0.1 refused the token from stdin (403)", "; nothing was written"]);
}

#[test]
fn text_that_is_no_token_is_told_before_any_request() {
    let s = sandbox();
    for (typed, words) in [
        ("", "stdin is empty"),
        ("\n", "stdin is empty"),
        ("   \n", "stdin is empty"),
        ("\"pat_x0123456789\"\n", "remove the quotes"),
        ("Bearer pat_x0123456789\n", "remove the word `Bearer`"),
        ("token = pat_x0123456789\n", "remove the name and the `=`"),
        ("<your token>\n", "placeholder"),
        ("/etc/gandi-ddns/token\n", "a path goes into `token_file`"),
        ("pat_\u{fc}\n", "not ASCII"),
    ] {
        let ran = finish(&s, &mut command(&s, &RECORD), typed);
        nothing_written(&s, &ran, 77, &[words, "; nothing was written"]);
    }
    let ran = finish(&s, &mut command(&s, &RECORD), API_KEY);
    nothing_written(&s, &ran, 77, &["looks like a deprecated API key"]);
    let long = "ab1".repeat(30_000) + "\n";
    nothing_written(&s, &finish(&s, &mut command(&s, &RECORD), &long), 77, &["longer than 3072 characters"]);
    assert_eq!(s.fake.requests().len(), 0);
    // Windows' line end, a byte order mark, and no line end.
    for typed in [format!("{TOKEN}\r\n"), format!("\u{feff}{TOKEN}"), format!("{TOKEN}\nmore\n")] {
        let s = sandbox();
        finish(&s, &mut command(&s, &RECORD), &typed).exits_without_errors(0);
        assert_eq!(read(&s, "etc/gandi-ddns/token"), format!("{TOKEN}\n"));
    }
}

#[test]
fn token_of_a_variable_is_not_used() {
    let s = sandbox();
    let mut command = command(&s, &RECORD);
    command.env("GANDI_TOKEN", "pat_another0123456789").env("GANDI_TOKEN_FILE", "/nonexistent");
    finish(&s, &mut command, TOKEN).exits_without_errors(0);
}

#[test]
fn expiry_of_the_token_is_told() {
    for (days, words) in
        [(200, "Accepted. It expires on 20"), (29, "That is soon: updates fail from then on")]
    {
        let s = sandbox();
        s.fake.set_left(TOKEN, days * 86_400 + 100);
        let ran = setup(&s, &RECORD);
        ran.exits(0);
        assert!(ran.stdout.contains(words) && ran.stdout.contains(&format!("in {days} days")), "{ran}");
        assert!(ran.stdout.contains("It may change DNS records."), "{ran}");
        assert_eq!(ran.stdout.contains("That is soon"), days < 30, "{ran}");
    }
    let s = sandbox();
    s.fake.fault(On::route("GET", "/tokeninfo"), Times::Always, Fault::Answer(Answer::json(404, "{}")));
    let ran = setup(&s, &RECORD);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("Gandi did not tell when it expires"), "{ran}");
}

#[test]
fn bad_arguments_are_64_before_any_request() {
    let s = sandbox();
    for (arguments, words) in [
        (&["--yes"][..], "--yes requires --domain"),
        (&["--yes", "--name", "home"], "--yes requires --domain"),
        (&["--domain", "example", "--yes"], "--domain: `example` is not a full domain name"),
        (&["--domain", "www.example.org"], "--domain: the domain is `example.org`"),
        (&["--domain", "example.org", "--name", "home.example.org"], "--name: names are relative"),
        (&["--name", "a b!"], "--name: "),
        (&["--type", "TXT"], "--type: unknown record type `TXT`"),
        (&["--ttl", "5"], "--ttl: "),
        (&["-o", "tll=5"], "unknown key `tll`"),
        (&["-o", "quorum=9"], "`9` is not a number from 1 to 5"),
        (&["-o", "quorum"], "expected a key of the config and its value"),
        (&["-o", "timeout=5\n[example.net]"], "expected a key of the config and its value"),
        (&["-o", "names=nas"], "`names`"),
        (&["-o", "token_file=/x"], "-o token_file: setup asks for the token, and writes its file"),
        (&["-o", "CA_file = ca.pem"], "-o CA_file = ca.pem: its path must be an absolute one"),
        (&["-o", "history=changes"], "its path must be an absolute one"),
        (&["-o", "ipv4=web command:ask"], "its path must be an absolute one"),
        (&["-o", "API_KEY_FILE = /x"], "-o api_key_file: setup asks for the token"),
        (&["--wait", "5"], "--wait cannot be used with setup"),
        (&["--json"], "--json cannot be used with setup"),
        (&["extra"], "nothing but options may follow `setup`"),
    ] {
        let ran = finish(&s, bare(&s).args(arguments), TOKEN);
        nothing_written(&s, &ran, 64, &[words]);
        // The object of `--json`.
        assert_eq!(ran.stdout.lines().count(), usize::from(arguments == ["--json"]), "{arguments:?}");
    }
    let mut stdin = s.command();
    stdin.args(["setup", "-c", "-"]).args(RECORD);
    nothing_written(&s, &finish(&s, &mut stdin, TOKEN), 64, &["--config: setup writes a file: name it"]);
    let ran = finish(&s, s.command().args(["-o", "token=pat_x0123456789", "setup"]), TOKEN);
    nothing_written(&s, &ran, 64, &["-o token is not supported, because other users can see arguments"]);
    let ran = finish(&s, s.command().args(["check", "--yes"]), "");
    ran.fails(64, &["--yes cannot be used with check, only with setup"]);
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn without_an_address_nothing_is_written() {
    let s = sandbox();
    s.fake.set_address(Family::V4, "192.168.1.10\n");
    nothing_written(
        &s,
        &setup(&s, &RECORD),
        75,
        &["this machine has no public address for A now; nothing was written"],
    );
    s.fake.set_address(Family::V4, &format!("{ADDRESS}\n"));
    s.fake.set_address(Family::V6, "fd00::1\n");
    let ran = setup(&s, &["--domain", "example.org", "--type", "A", "--type", "AAAA", "--yes"]);
    nothing_written(&s, &ran, 75, &["no public address for AAAA now"]);
    // Without `--type`, those that work.
    let ran = setup(&s, &["--domain", "example.org", "--yes"]);
    ran.exits(0);
    assert!(read(&s, CONFIG).ends_with("names = home\ntypes = A\n"), "{}", read(&s, CONFIG));
}

#[test]
fn failed_first_update_is_told_and_the_files_stay() {
    let s = sandbox();
    s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(500, "{}")));
    let ran = setup(&s, &RECORD);
    ran.exits(75);
    ran.says(&["home.example.org A: could not confirm the change"]);
    assert!(ran.stdout.contains("The config is written, but the first update failed."), "{ran}");
    assert_eq!(names(&s, DIR).len(), 2);
    s.fake.clear_faults();
    s.finish(s.command().args(["-f", "-c"]).arg(s.path(CONFIG))).prints(0, CREATED);
}

#[test]
fn answers_may_come_from_a_pipe_after_the_token() {
    let s = sandbox();
    s.fake.add_domain("example.net");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let answers = format!("{TOKEN}\n2\nhome\nA\ny\ny\n");
    let ran = finish(&s, &mut command(&s, &[]), &answers);
    ran.exits_without_errors(0);
    fits(&ran);
    assert!(ran.stdout.contains("Domain [1]\n  1  example.net\n  2  example.org\n"), "{ran}");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    // An end of the input at each question.
    let lines: Vec<&str> = answers.lines().collect();
    for answered in 1..lines.len() {
        let s = sandbox();
        s.fake.add_domain("example.net");
        s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let ran = finish(&s, &mut command(&s, &[]), &(lines[..answered].join("\n") + "\n"));
        nothing_written(&s, &ran, 64, &["the input ended before the last answer; nothing was written"]);
    }
    // No at the last question.
    let s = sandbox();
    let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\n\n\n\nn\n"));
    nothing_written(&s, &ran, 64, &["stopped; nothing was written"]);
}

#[test]
fn unreachable_gandi_is_75_and_nothing_is_written() {
    let s = sandbox();
    s.fake.refuse();
    let remedy = "; Gandi could not be reached: check this machine's network and DNS, and run setup again; nothing was \
         written\n";
    nothing_written(&s, &setup(&s, &RECORD), 75, &[remedy]);
    nothing_written(&s, &setup(&s, &[]), 75, &[remedy]);
}

#[test]
fn carriers_nat_is_explained_and_proposes_no_a_record() {
    let test = "setup_batch::carriers_nat_is_explained_and_proposes_no_a_record";
    let Some(home) = Home::enter(test) else { return };
    home.net.ip("addr add 100.64.1.2/24 dev eth0");
    home.net.ip("route add default via 100.64.1.1");
    let s = &home.s;
    fs::create_dir(s.path("etc")).expect("a directory");
    let ran = setup(s, &["--domain", "example.org", "--yes"]);
    ran.exits(0);
    fits(&ran);
    assert!(ran.stdout.contains("shares one IPv4 address between customers (CGNAT)"), "{ran}");
    assert!(read(s, CONFIG).ends_with("types = AAAA\n"), "{}", read(s, CONFIG));
    // Without IPv6, nothing is left. Who names the type has a reason.
    s.fake.set_address(Family::V6, "none\n");
    fs::remove_dir_all(s.path(DIR)).expect("the files");
    let ran = setup(s, &["--domain", "example.org", "--yes"]);
    ran.exits(75);
    ran.says(&["no address of this machine can be reached; nothing was written"]);
    setup(s, &RECORD).exits(0);
}

#[test]
fn stable_address_is_preferred_to_a_temporary_one() {
    let test = "setup_batch::stable_address_is_preferred_to_a_temporary_one";
    let Some(internet) = Internet::enter(test) else { return };
    let s = &internet.s;
    internet.net.run(
        "ip netns add far; ip link add eth0 type veth peer name lan0 netns far
         ip link set eth0 up; ip -n far link set lan0 up
         ip -6 addr add 2a01:e0a:1:2::9/64 dev eth0 nodad; ip -6 route add default dev eth0",
    );
    fs::create_dir(s.path("etc")).expect("a directory");
    // The services see ADDRESS6, which is in the same network.
    let mut command = bare(s);
    for option in options(s).iter().filter(|o| *o != "-o" && !o.starts_with("ipv")) {
        command.args(["-o", option]);
    }
    let ran = finish(s, command.args(["--domain", "example.org", "--yes"]), TOKEN);
    ran.exits(0);
    fits(&ran);
    let words = "IPv6  2a01:e0a:1:2::9: stable, of the interface; the services see the";
    assert!(ran.stdout.contains(words), "{ran}");
    assert!(read(s, CONFIG).contains("\nipv6 = interface web\n"), "{}", read(s, CONFIG));
    assert_eq!(s.zone("home", "AAAA"), "300 2a01:e0a:1:2::9");
}
