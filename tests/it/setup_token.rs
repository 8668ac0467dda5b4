//! `gandi-ddns setup` at a terminal, over a config that is there: a token that does not work is replaced, with the config
//! or without it, and nothing of the config is lost unnoticed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::pty::{CTRL_C, Ended, Terminal};
use crate::run_output::same_text;
use crate::sandbox::{ADDRESS, API_KEY, Sandbox, TOKEN};
use crate::setup_terminal::{
    CONTINUE, DOMAIN, NAME, TOKEN_QUESTION, WRONG, command, enter, only_there, tree, update,
};
use fake_gandi::{Answer, Fault, On, Times};

const DAY: u64 = 86_400;
/// The question for an existing config, and that of a replacement.
const EXISTS: &str = "[y/N] ";

/// A sandbox with a token that Gandi refuses, and a config with these lines.
fn with_config(lines: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.add_domain("example.net");
    fs::create_dir(s.path("conf")).expect("a directory");
    let top = s.path("").display().to_string();
    let head = s.head().replace("token_file = token\n", "");
    let head =
        head.replace("= ca.pem", &format!("= {top}/ca.pem")).replace("= state", &format!("= {top}/state"));
    s.write("conf/gandi-ddns.conf", &format!("# mine\n{head}{lines}"));
    s.write("conf/token", &format!("{WRONG}\n"));
    s
}

const HOME: &str = "token_file = token\n[example.org]\nnames = home\n";

fn read(s: &Sandbox, name: &str) -> String {
    fs::read_to_string(s.path(name)).unwrap_or_else(|e| format!("{name}: {e}"))
}

/// Keeps the config, and answers the question for the token.
fn keep_and_answer(s: &Sandbox, token: &str) -> (String, Ended) {
    let mut terminal = Terminal::start(&command(s, &[]));
    terminal.answer(EXISTS, "");
    let shown = terminal.answer(TOKEN_QUESTION, token);
    (shown, terminal.finish())
}

#[test]
fn token_of_a_kept_config_that_does_not_work_is_replaced() {
    let Some(_net) = enter("setup_token::token_of_a_kept_config_that_does_not_work_is_replaced") else {
        return;
    };
    let expired = "pat_expired0123456789";
    for (content, reason) in [
        (Some(WRONG), "refused the token from token_file "),
        (Some(expired), "conf/token expired on 20"),
        (Some(""), "conf/token is empty"),
        (Some("two words"), "remove the spaces and the other words"),
        (None, "could not read token_file "),
    ] {
        let s = with_config(HOME);
        s.fake.accept_bearer(expired);
        s.fake.set_left(expired, 0);
        match content {
            Some(content) => s.write("conf/token", &format!("{content}\n")),
            None => fs::remove_file(s.path("conf/token")).expect("the token"),
        }
        let config = read(&s, "conf/gandi-ddns.conf");
        let mut terminal = Terminal::start(&command(&s, &[]));
        terminal.answer(EXISTS, "");
        // The same checks as in a new setup.
        let shown = terminal.answer(TOKEN_QUESTION, "pat_another0123456789");
        assert!(shown.replace("\n  ", " ").contains(reason), "{content:?}: {shown}");
        terminal.wait_for("refused the token");
        terminal.answer(TOKEN_QUESTION, TOKEN);
        let ended = terminal.finish();
        ended.exits(0);
        ended.says(&["Written. Update:\n", "home.example.org A: created", "\nDone.\n"]);
        assert_eq!(read(&s, "conf/token"), format!("{TOKEN}\n"), "{ended}");
        same_text("the config", &config, &read(&s, "conf/gandi-ddns.conf"));
        let old = fs::read_to_string(s.path("conf/token.old")).ok();
        assert_eq!(old, content.map(|content| format!("{content}\n")), "{ended}");
        only_there(&s, &["conf/token"]);
        update(&s).is(0, "");
    }
}

#[test]
fn new_token_must_have_access_to_the_domains_of_the_config() {
    let Some(_net) = enter("setup_token::new_token_must_have_access_to_the_domains_of_the_config") else {
        return;
    };
    let s = with_config(&format!("{HOME}[example.net]\nnames = www\n"));
    let other = "pat_onlyone0123456789";
    s.fake.accept_bearer_for(other, &["example.org"]);
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(EXISTS, "");
    terminal.answer(TOKEN_QUESTION, other);
    terminal.wait_for("example.net");
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.finish().exits(0);
    assert_eq!(
        (s.zone("home", "A"), read(&s, "conf/token")),
        (format!("300 {ADDRESS}"), format!("{TOKEN}\n"))
    );
}

#[test]
fn token_that_expires_soon_is_offered_to_be_replaced() {
    let Some(_net) = enter("setup_token::token_that_expires_soon_is_offered_to_be_replaced") else { return };
    let soon = "pat_soon0123456789";
    for (lines, left, answer) in
        [("", 20, "n"), ("", 20, ""), ("", 20, "y"), ("", 40, "-"), ("renew_token = yes\n", 20, "-")]
    {
        let s = with_config(&format!("{lines}{HOME}"));
        s.write("conf/token", &format!("{soon}\n"));
        s.fake.accept_bearer(soon);
        s.fake.set_left(soon, left * DAY + 100);
        let mut terminal = Terminal::start(&command(&s, &[]));
        terminal.answer(EXISTS, "");
        if answer != "-" {
            let shown = terminal.answer("Replace it? [y/N] ", answer);
            assert!(shown.replace('\n', " ").contains("in 20 days"), "{shown}");
        }
        if answer == "y" {
            terminal.answer(TOKEN_QUESTION, TOKEN);
        }
        let ended = terminal.finish();
        ended.exits(0);
        let token = if answer == "y" { TOKEN } else { soon };
        assert_eq!(read(&s, "conf/token"), format!("{token}\n"), "{answer}\n{ended}");
        assert_eq!(ended.screen.contains("Replace it?"), answer != "-", "{ended}");
        assert_eq!(ended.screen.contains("Kept. Update:"), answer != "y", "{ended}");
    }
}

#[test]
fn each_account_whose_token_fails_is_named() {
    let Some(_net) = enter("setup_token::each_account_whose_token_fails_is_named") else { return };
    let lines =
        "token_file = token\n[example.org]\nnames = home\n[example.net]\nnames = www\ntoken_file = second\n";
    let s = with_config(lines);
    s.write("conf/second", &format!("{WRONG}\n"));
    let before = tree(&s.path("conf"));
    // Nothing is written before the last answer.
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(EXISTS, "");
    let shown = terminal.answer(TOKEN_QUESTION, TOKEN);
    assert!(shown.replace("\n  ", " ").contains("conf/token "), "{shown}");
    let shown = terminal.wait_for(TOKEN_QUESTION);
    assert!(shown.replace("\n  ", " ").contains("conf/second "), "{shown}");
    terminal.send(CTRL_C);
    let ended = terminal.finish();
    assert!(ended.mode_is_as_before && ended.code != Some(0), "{ended}");
    assert_eq!(tree(&s.path("conf")), before);
    // One that works is not asked for.
    s.write("conf/token", &format!("{TOKEN}\n"));
    let (shown, ended) = keep_and_answer(&s, TOKEN);
    ended.exits(0);
    assert!(shown.replace("\n  ", " ").contains("conf/second "), "{shown}");
    assert_eq!(ended.screen.matches(TOKEN_QUESTION).count(), 1, "{ended}");
    assert_eq!(read(&s, "conf/second"), format!("{TOKEN}\n"));
    assert!(!s.path("conf/token.old").exists() && s.fake.get("example.net", "www", "A").is_some());
    // Two organizations with one file: asked once, and each domain with its own.
    let id = "6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40";
    let s = with_config(&format!("{HOME}[example.net]\nnames = www\nsharing_id = {id}\n"));
    s.fake.set_organization("example.net", id);
    let (_, ended) = keep_and_answer(&s, TOKEN);
    ended.exits(0);
    assert_eq!(ended.screen.matches(TOKEN_QUESTION).count(), 1, "{ended}");
}

#[test]
fn token_file_keeps_its_place_and_its_readers() {
    let Some(_net) = enter("setup_token::token_file_keeps_its_place_and_its_readers") else { return };
    let s = with_config(&HOME.replace("= token", "= ../secrets/link"));
    fs::create_dir(s.path("secrets")).expect("a directory");
    s.write("secrets/real", &format!("{WRONG}\n"));
    fs::set_permissions(s.path("secrets/real"), fs::Permissions::from_mode(0o640)).expect("chmod");
    symlink("real", s.path("secrets/link")).expect("a link");
    let (_, ended) = keep_and_answer(&s, TOKEN);
    ended.exits(0);
    assert!(s.path("secrets/link").is_symlink(), "{ended}");
    assert_eq!(read(&s, "secrets/link"), format!("{TOKEN}\n"));
    assert_eq!(read(&s, "secrets/real.old"), format!("{WRONG}\n"));
    let mode = fs::metadata(s.path("secrets/real")).expect("the token").permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(read(&s, "conf/token"), format!("{WRONG}\n"));
}

#[test]
fn replaced_config_and_its_new_token_keep_their_readers() {
    let Some(_net) = enter("setup_token::replaced_config_and_its_new_token_keep_their_readers") else {
        return;
    };
    // A service of another user reads both by its group.
    let second = format!("{HOME}[example.net]\nnames = www\ntoken_file = second\n");
    for (lines, new, note) in [
        (HOME, "conf/token", "conf/token (new; the present one stays with the ending .old)"),
        (&second, "conf/token2", "conf/token2 (owner and mode of the present one)"),
    ] {
        let s = with_config(lines);
        s.write("conf/second", &format!("{TOKEN}\n"));
        for name in ["conf/gandi-ddns.conf", "conf/token"] {
            fs::set_permissions(s.path(name), fs::Permissions::from_mode(0o640)).expect("chmod");
        }
        let mut terminal = Terminal::start(&command(&s, &["--domain", "example.org", "--type", "A"]));
        terminal.answer(EXISTS, "y");
        terminal.answer(TOKEN_QUESTION, TOKEN);
        terminal.answer("itself [", "home");
        terminal.answer(CONTINUE, "");
        let ended = terminal.finish();
        ended.exits(0);
        ended.says(&[note]);
        assert_eq!(read(&s, new), format!("{TOKEN}\n"));
        for name in ["conf/gandi-ddns.conf", new] {
            let mode = fs::metadata(s.path(name)).expect(name).permissions().mode();
            assert_eq!(mode & 0o7777, 0o640, "{name}\n{ended}");
        }
    }
}

#[test]
fn end_says_what_was_written() {
    let Some(_net) = enter("setup_token::end_says_what_was_written") else { return };
    let fails =
        |s: &Sandbox| s.fake.fault(On::method("PUT"), Times::Always, Fault::Answer(Answer::json(500, "{}")));
    let s = with_config(HOME);
    fails(&s);
    let (_, ended) = keep_and_answer(&s, TOKEN);
    ended.exits(75);
    ended.says(&["The token is written, but the update failed.\n"]);
    // Now it has a good token.
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(EXISTS, "");
    let ended = terminal.finish();
    ended.exits(75);
    ended.says(&["Nothing was written, and the update failed.\n"]);
    // A secret in the config itself, and an API key, are for the user to replace.
    s.write("conf/key", &API_KEY.replace('a', "b"));
    for secret in [&format!("token = {WRONG}"), "api_key_file = key"] {
        let s = with_config(&HOME.replace("token_file = token", secret));
        s.write("conf/key", &format!("{}\n", API_KEY.chars().rev().collect::<String>()));
        let before = tree(&s.path("conf"));
        let mut terminal = Terminal::start(&command(&s, &[]));
        terminal.answer(EXISTS, "");
        let ended = terminal.finish();
        ended.exits(77);
        ended.says(&["refused the ", "Nothing was written, and the update failed.\n"]);
        assert!(!ended.screen.contains("The config is written"), "{ended}");
        assert_eq!(tree(&s.path("conf")), before);
    }
}

#[test]
fn token_of_an_interrupted_renewal_is_used() {
    let Some(_net) = enter("setup_token::token_of_an_interrupted_renewal_is_used") else { return };
    let s = with_config(&format!("renew_token = yes\n{HOME}"));
    s.write("conf/token.new", &format!("{TOKEN}\n"));
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(EXISTS, "");
    let ended = terminal.finish();
    ended.exits(0);
    assert_eq!(read(&s, "conf/token"), format!("{TOKEN}\n"), "{ended}");
    assert!(!ended.screen.contains(TOKEN_QUESTION), "{ended}");
}

#[test]
fn replaced_config_proposes_its_records_and_keeps_its_settings() {
    let Some(_net) = enter("setup_token::replaced_config_proposes_its_records_and_keeps_its_settings") else {
        return;
    };
    let lines = "token_file = token\nrecheck = 2h\nhistory = changes\nrenew_token = yes\n\
         [example.org]\nnames = www nas\ntypes = A\nttl = 5m\n[example.net]\nnames = @\n\
         [example.org]\nnames = box\ntypes = AAAA\nsuffix = ::1/64\n[example.org]\nnames = line\nipv4 = off\n";
    let s = with_config(lines);
    s.fake.add_domain("another.example");
    let old = read(&s, "conf/gandi-ddns.conf");
    // Not those of the options.
    let mut bare = s.command();
    bare.env("PATH", s.path("bin")).args(["setup", "-c", "conf/gandi-ddns.conf", "-o", "recheck=3h"]);
    let mut terminal = Terminal::start(&bare);
    terminal.answer(EXISTS, "y");
    terminal.answer(TOKEN_QUESTION, TOKEN);
    let shown = terminal.answer(DOMAIN, "");
    assert!(shown.contains("Domain [3]\n  1  another.example\n"), "{shown}");
    terminal.answer("@ for the domain itself [www nas]: ", "");
    terminal.answer("Records to keep [A]: ", "");
    let shown = terminal.answer(CONTINUE, "");
    assert!(shown.contains("\n  Not kept: ttl [example.net] box suffix line ipv4\n"), "{shown}");
    let ended = terminal.finish();
    ended.exits(0);
    let config = read(&s, "conf/gandi-ddns.conf");
    assert!(config.ends_with("\n[example.org]\nnames = www nas\ntypes = A\n"), "{config}");
    let history = format!("\nhistory = {}\n", s.path("conf/changes").display());
    for line in ["\nrecheck = 3h\n", "\nrenew_token = yes\n", "\ntoken_file = token\n", history.as_str()] {
        assert_eq!(config.matches(line).count(), 1, "{line} in {config}");
    }
    assert!(config.contains(&s.fake.api()) && !config.contains("2h"), "{config}");
    assert_eq!(read(&s, "conf/token"), format!("{TOKEN}\n"));
    same_text("the old config", &old, &read(&s, "conf/gandi-ddns.conf.old"));
    assert_eq!(read(&s, "conf/token.old"), format!("{WRONG}\n"));
    assert!(!s.path("conf/token2").exists());
    update(&s).is(0, "");
}

#[test]
fn token_of_the_present_config_stays_if_the_new_one_is_none_for_it() {
    let test = "setup_token::token_of_the_present_config_stays_if_the_new_one_is_none_for_it";
    let Some(_net) = enter(test) else { return };
    let other = "pat_onlyone0123456789";
    for (lines, stays) in [
        ("token_file = token\n[example.net]\nnames = www\n", true),
        ("token_file = ../elsewhere\n[example.org]\nnames = www\n", true),
        (HOME, false),
    ] {
        let s = with_config(lines);
        s.write("elsewhere", &format!("{WRONG}\n"));
        s.fake.accept_bearer_for(other, &["example.org"]);
        let mut terminal = Terminal::start(&command(&s, &["--domain", "example.org", "--type", "A"]));
        terminal.answer(EXISTS, "y");
        terminal.answer(TOKEN_QUESTION, other);
        terminal.answer("itself [", "home");
        terminal.answer(CONTINUE, "");
        terminal.finish().exits(0);
        let (new, kept) =
            if stays { ("conf/token2", "conf/token") } else { ("conf/token", "conf/token.old") };
        assert_eq!((read(&s, new), read(&s, kept)), (format!("{other}\n"), format!("{WRONG}\n")), "{lines}");
        update(&s).is(0, "");
    }
}

#[test]
fn enter_at_the_token_says_what_to_do() {
    let Some(_net) = enter("setup_token::enter_at_the_token_says_what_to_do") else { return };
    let s = Sandbox::new();
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(TOKEN_QUESTION, "");
    let shown = terminal.wait_for(TOKEN_QUESTION);
    for words in ["is empty", "admin.gandi.net", "Ctrl-C"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    terminal.send(CTRL_C);
    terminal.finish();
    // Without a network no token helps.
    s.fake.refuse();
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(TOKEN_QUESTION, TOKEN);
    let ended = terminal.finish();
    ended.exits(75);
    ended.says(&["Gandi could not be reached: check this machine's network", "nothing was written"]);
    assert!(!s.path("conf").exists());
    let _ = NAME;
}
