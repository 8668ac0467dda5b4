//! `gandi-ddns setup` at a real terminal, against the fake Gandi: what it asks, shows and writes, and what the terminal
//! shows and is like while the token is typed and after Ctrl-C. In a namespace, since setup asks the router and name
//! servers as well.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::namespace::Namespace;
use crate::pty::{CTRL_C, CTRL_D, Terminal, has_terminals};
use crate::run_output::{RunOutput, same_text};
use crate::sandbox::{ADDRESS, ADDRESS6, STALE, Sandbox, TOKEN};
use crate::setup_machine::options;

/// A token that Gandi refuses.
pub(crate) const WRONG: &str = "pat_9876543210zyxwvuWRONG";

pub(crate) const TOKEN_QUESTION: &str = "Token (not shown): ";
pub(crate) const DOMAIN: &str = "> ";
pub(crate) const NAME: &str = "@ for the domain itself [home]: ";
pub(crate) const TYPES: &str = "Records to keep [A AAAA]: ";
pub(crate) const CONTINUE: &str = "Continue? [Y/n] ";

/// Returns a command for `setup` of a config in the directory `conf`, which does not exist yet. It finds no program of
/// this machine, and so no cron.
pub(crate) fn command(s: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = s.command();
    command.env("PATH", s.path("bin")).args(["setup", "-c", "conf/gandi-ddns.conf"]);
    command.args(arguments).args(options(s));
    command
}

/// Enters a namespace for a test at a terminal. `None` if it is to be skipped, see [`has_terminals`].
pub(crate) fn enter(test: &str) -> Option<Namespace> {
    if has_terminals() { Namespace::enter(test) } else { None }
}

fn start(s: &Sandbox, arguments: &[&str]) -> Terminal {
    Terminal::start(&command(s, arguments))
}

/// Answers all questions up to the last one with Enter.
pub(crate) fn up_to_the_last_question(terminal: &mut Terminal) {
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.answer(DOMAIN, "");
    terminal.answer(NAME, "");
    terminal.answer(TYPES, "");
}

/// Runs an update with the config that setup has written.
pub(crate) fn update(s: &Sandbox) -> RunOutput {
    s.finish(s.command().args(["-c", "conf/gandi-ddns.conf"]))
}

/// Returns the files below a directory, with their modes and contents, and those of the directories.
pub(crate) fn tree(top: &Path) -> Vec<(PathBuf, u32, String)> {
    let mut found = Vec::new();
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let mut text = String::new();
        if metadata.is_dir() {
            left.extend(fs::read_dir(&path).expect("a directory").flatten().map(|entry| entry.path()));
        } else if metadata.is_file() {
            text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        }
        found.push((path, metadata.permissions().mode() & 0o7777, text));
    }
    found.sort();
    found
}

/// Fails if the token, or the beginning of it, is in another file than that of the test and those that are named.
#[track_caller]
pub(crate) fn only_there(s: &Sandbox, files: &[&str]) {
    for (path, _, text) in tree(&s.path("")) {
        let name = path.strip_prefix(s.path("")).expect("below it").to_str().expect("a name").to_owned();
        let may_have_it = name == "token" || files.contains(&name.as_str());
        assert!(may_have_it || !text.contains(&TOKEN[..12]), "the token is in {name}");
    }
}

#[test]
fn whole_dialogue_ends_with_a_working_config() {
    let Some(_net) = enter("setup_terminal::whole_dialogue_ends_with_a_working_config") else {
        return;
    };
    let s = Sandbox::new();
    s.fake.add_domain("example.net");
    let mut terminal = start(&s, &[]);
    let shown = terminal.wait_for(TOKEN_QUESTION);
    assert!(shown.contains("Organizations > (yours) > Sharing > Personal Access Token"), "{shown}");
    assert!(!terminal.echoes(), "the token is shown");
    // What ends with the token is nowhere, also not in the arguments of the process or its children.
    terminal.send(TOKEN);
    let proc = PathBuf::from(format!("/proc/{}", terminal.pid()));
    for file in ["cmdline", "environ"] {
        let text = fs::read(proc.join(file)).expect("a running process");
        assert!(!String::from_utf8_lossy(&text).contains(TOKEN), "the token is in {file}");
    }
    terminal.send("\r");
    let shown = terminal.answer(DOMAIN, "2");
    assert!(shown.contains("Accepted.") && shown.contains("1  example.net\n  2  example.org\n"), "{shown}");
    assert!(terminal.echoes(), "the terminal stays silent");
    terminal.answer(NAME, "");
    let shown = terminal.answer(TYPES, "");
    let wanted = ["home.example.org does not exist yet and will be created.", ADDRESS, ADDRESS6];
    assert!(wanted.iter().all(|text| shown.contains(text)), "{shown}");
    let shown = terminal.wait_for(CONTINUE);
    assert!(shown.contains("conf/token") && shown.contains("conf/gandi-ddns.conf"), "{shown}");
    // Nothing is there before the last answer.
    assert!(!s.path("conf").exists() && s.fake.count("PUT") == 0);
    only_there(&s, &[]);
    terminal.send("\r");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&[
        "Written. First update:",
        "home.example.org A: created: 81.2.69.142",
        "home.example.org AAAA: created",
        "Done.",
        "/conf/gandi-ddns.conf check",
    ]);
    let narrow =
        ended.screen.lines().filter(|line| !line.contains('/')).all(|line| line.chars().count() <= 80);
    assert!(narrow, "{ended}");

    let files = tree(&s.path("conf"));
    let modes: Vec<_> = files.iter().map(|(path, mode, _)| (path.clone(), *mode)).collect();
    let path = |name: &str| s.path("conf").join(name);
    let wanted = [(s.path("conf"), 0o700), (path("gandi-ddns.conf"), 0o600), (path("token"), 0o600)];
    assert_eq!(modes, wanted);
    assert_eq!(files[2].2, format!("{TOKEN}\n"));
    assert!(files[1].2.contains("[example.org]\nnames = home\ntypes = A AAAA\n"), "{}", files[1].2);
    only_there(&s, &["conf/token"]);
    assert_eq!(
        (s.zone("home", "A"), s.zone("home", "AAAA")),
        (format!("300 {ADDRESS}"), format!("300 {ADDRESS6}"))
    );
    update(&s).is(0, "");
    let puts = s.fake.count("PUT");
    assert_eq!(puts, 2);
}

#[test]
fn refused_token_is_asked_for_again() {
    let Some(_net) = enter("setup_terminal::refused_token_is_asked_for_again") else { return };
    let s = Sandbox::new();
    let mut terminal = start(&s, &[]);
    // Nothing, a word, and a token that Gandi refuses.
    for (wrong, reason) in [("", "empty"), ("hello", ""), (WRONG, "refused the token")] {
        terminal.wait_for(TOKEN_QUESTION);
        assert!(!terminal.echoes());
        terminal.send(&format!("{wrong}\r"));
        let shown = terminal.wait_for("\n") + &terminal.wait_for("\n");
        assert!(shown.contains(reason) && (wrong.is_empty() || !shown.contains(wrong)), "{wrong}: {shown}");
    }
    up_to_the_last_question(&mut terminal);
    terminal.answer(CONTINUE, "");
    let ended = terminal.finish();
    ended.exits(0);
    assert!(!ended.screen.contains(WRONG) && !ended.screen.contains("hello"), "{ended}");
    update(&s).is(0, "");
}

#[test]
fn token_without_domains_says_so_and_takes_a_typed_one() {
    let Some(_net) = enter("setup_terminal::token_without_domains_says_so_and_takes_a_typed_one") else {
        return;
    };
    let s = Sandbox::new();
    s.fake.accept_bearer_for(TOKEN, &[]);
    let mut terminal = start(&s, &[]);
    terminal.answer(TOKEN_QUESTION, TOKEN);
    let shown = terminal.wait_for("Domain");
    assert!(shown.contains("sees no domain") && shown.contains("sharing_id"), "{shown}");
    // One that it cannot see is not believed.
    terminal.answer("example.org): ", "example.org");
    let shown = terminal.wait_for("\n") + &terminal.wait_for("\n");
    assert!(shown.contains("example.org"), "{shown}");
    terminal.send(CTRL_C);
    let ended = terminal.finish();
    assert!(ended.mode_is_as_before && ended.code != Some(0), "{ended}");
    assert!(!s.path("conf").exists());
}

#[test]
fn cname_is_never_replaced_and_another_name_is_asked_for() {
    let Some(_net) = enter("setup_terminal::cname_is_never_replaced_and_another_name_is_asked_for") else {
        return;
    };
    let s = Sandbox::new();
    s.fake.set("example.org", "www", "CNAME", 300, &["webredir.vip.gandi.net."]);
    let mut terminal = start(&s, &[]);
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.answer(DOMAIN, "1");
    terminal.answer(NAME, "www");
    let shown = terminal.answer(NAME, "cloud");
    assert!(shown.contains("www.example.org") && shown.contains("CNAME"), "{shown}");
    terminal.answer(TYPES, "a");
    terminal.answer(CONTINUE, "");
    terminal.finish().exits(0);
    assert_eq!(s.zone("www", "CNAME"), "300 webredir.vip.gandi.net.");
    assert_eq!((s.zone("www", "A"), s.zone("cloud", "A")), (String::new(), format!("300 {ADDRESS}")));
    assert_eq!(s.zone("cloud", "AAAA"), "");
    update(&s).is(0, "");
}

#[test]
fn address_of_others_is_taken_over_only_after_yes() {
    let Some(_net) = enter("setup_terminal::address_of_others_is_taken_over_only_after_yes") else {
        return;
    };
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &["217.70.184.38"]);
    let mut terminal = start(&s, &[]);
    up_to_the_last_question(&mut terminal);
    let shown = terminal.answer("Continue? [y/N] ", "");
    assert!(shown.contains("217.70.184.38") && shown.contains("web redirection"), "{shown}");
    // No is the default, and leads to another name.
    terminal.answer(NAME, "home");
    terminal.answer(TYPES, "");
    terminal.answer("Continue? [y/N] ", "y");
    terminal.answer(CONTINUE, "");
    terminal.finish().exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    // It is this machine's now: nothing to ask.
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    assert_eq!(update(&s).code, Some(0));
}

#[test]
fn existing_config_is_kept_or_stays_as_old() {
    let Some(_net) = enter("setup_terminal::existing_config_is_kept_or_stays_as_old") else {
        return;
    };
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    fs::create_dir(s.path("conf")).expect("a directory");
    fs::set_permissions(s.path("conf"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s.write("conf/token", &format!("{TOKEN}\n"));
    let head = s.head().replace("= ca.pem", "= ../ca.pem").replace("= state", "= ../state");
    let head = head.replace("../", &format!("{}/", s.path("").display()));
    let old = format!("# mine\n{head}[example.org]\nnames = home\ntypes = A AAAA\n");
    s.write("conf/gandi-ddns.conf", &old);
    let before = tree(&s.path("conf"));

    // Kept, as Enter says. The address of others stays as well.
    let mut terminal = start(&s, &[]);
    let shown = terminal.answer("[y/N] ", "");
    assert!(shown.contains("exists") && shown.contains(".old"), "{shown}");
    terminal.answer("Replace it now? [y/N] ", "");
    terminal.finish().exits(64);
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    // The options for another record would have no effect.
    let mut terminal = start(&s, &["--domain", "example.net"]);
    terminal.answer("[y/N] ", "");
    terminal.finish().exits(64);

    // Only the update runs.
    let mut terminal = start(&s, &[]);
    terminal.answer("[y/N] ", "");
    terminal.answer("Replace it now? [y/N] ", "y");
    let ended = terminal.finish();
    ended.exits(0);
    assert_eq!(tree(&s.path("conf")), before, "{ended}");
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));

    // Replaced, and the copy has the old text and mode.
    let mut terminal = start(&s, &[]);
    terminal.answer("[y/N] ", "y");
    up_to_the_last_question(&mut terminal);
    terminal.answer(CONTINUE, "");
    let ended = terminal.finish();
    ended.exits(0);
    same_text("the copy", &old, &fs::read_to_string(s.path("conf/gandi-ddns.conf.old")).expect("the copy"));
    let names: Vec<_> = tree(&s.path("conf")).into_iter().map(|(path, mode, _)| (path, mode)).collect();
    let path = |name: &str| (s.path("conf").join(name), 0o600);
    let wanted =
        [(s.path("conf"), 0o700), path("gandi-ddns.conf"), path("gandi-ddns.conf.old"), path("token")];
    assert_eq!(names, wanted, "{ended}");
    only_there(&s, &["conf/token"]);
    update(&s).is(0, "");
}

/// The questions of a setup over an existing config, with an address of others at the name, and their answers.
const QUESTIONS: [(&str, &str); 7] = [
    ("[y/N] ", "y"),
    (TOKEN_QUESTION, TOKEN),
    (DOMAIN, "1"),
    (NAME, "home"),
    (TYPES, "A AAAA"),
    ("Continue? [y/N] ", "y"),
    (CONTINUE, ""),
];

#[test]
fn ctrl_c_at_each_question_changes_nothing() {
    let Some(_net) = enter("setup_terminal::ctrl_c_at_each_question_changes_nothing") else {
        return;
    };
    for keys in [CTRL_C, "half\x03", CTRL_D] {
        for number in 0..QUESTIONS.len() {
            if keys == "half\x03" && number != 1 {
                continue;
            }
            let s = Sandbox::new();
            s.fake.set("example.org", "home", "A", 600, &[STALE]);
            fs::create_dir(s.path("conf")).expect("a directory");
            s.write("conf/gandi-ddns.conf", "# mine\n");
            s.write("conf/token", "mine\n");
            let before = tree(&s.path("conf"));
            let mut terminal = start(&s, &[]);
            for (question, answer) in &QUESTIONS[..number] {
                terminal.answer(question, answer);
            }
            let question = QUESTIONS[number].0;
            terminal.wait_for(question);
            terminal.send(keys);
            let ended = terminal.finish();
            let at = format!("{keys:?} at {question}");
            let by_signal = ended.signal == Some(2) || ended.code == Some(130);
            assert!(if keys == CTRL_D { ended.code == Some(64) } else { by_signal }, "{at}\n{ended}");
            assert!(ended.mode_is_as_before, "{at}: the mode has changed\n{ended}");
            assert_eq!(tree(&s.path("conf")), before, "{at}\n{ended}");
            assert_eq!((s.fake.count("PUT"), s.zone("home", "A")), (0, format!("600 {STALE}")), "{at}");
            only_there(&s, &[]);
        }
    }
}

#[test]
fn no_at_the_last_question_writes_nothing() {
    let Some(_net) = enter("setup_terminal::no_at_the_last_question_writes_nothing") else {
        return;
    };
    let s = Sandbox::new();
    let mut terminal = start(&s, &[]);
    up_to_the_last_question(&mut terminal);
    terminal.answer(CONTINUE, "maybe");
    terminal.answer(CONTINUE, "n");
    let ended = terminal.finish();
    assert_ne!(ended.code, Some(0), "{ended}");
    ended.says(&["nothing was written"]);
    assert!(!s.path("conf").exists() && s.fake.count("PUT") == 0);
}

#[test]
fn token_is_in_no_argument_of_any_process() {
    let test = "setup_terminal::token_is_in_no_argument_of_any_process";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return;
    }
    let Some(_net) = Namespace::enter(test) else { return };
    let s = Sandbox::new();
    // Also of a program that setup starts.
    fs::create_dir(s.path("bin")).expect("a directory");
    // `#!/bin/sh` alone has no `cat` in this $PATH.
    let script = "#!/bin/sh\n[ \"$1\" = -l ] || exec /bin/cat\necho 'no crontab for you' >&2\nexit 1\n";
    s.write("bin/crontab", script);
    fs::set_permissions(s.path("bin/crontab"), fs::Permissions::from_mode(0o755)).expect("chmod");
    let inner = command(&s, &["--domain", "example.org", "--name", "home", "--type", "A", "--yes"]);
    let mut traced = Command::new("/usr/bin/strace");
    traced.args(["-f", "-qq", "-s", "9999", "-v", "-e", "trace=execve", "-o"]).arg(s.path("log"));
    traced.arg(inner.get_program()).args(inner.get_args()).env_clear().current_dir(s.path(""));
    traced.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    crate::setup_machine::finish(&s, &mut traced).exits(0);
    let log = fs::read_to_string(s.path("log")).expect("the log");
    assert!(log.contains("\"crontab\", \"-l\"") && !log.contains(&TOKEN[..12]), "{log}");
}
