//! `gandi-ddns setup` at a terminal: what a new user does by habit, and terminals that are narrow.

use std::fs;

use crate::pty::{CTRL_C, Terminal};
use crate::sandbox::{ADDRESS, Sandbox, TOKEN};
use crate::setup_terminal::{
    CONTINUE, DOMAIN, NAME, TOKEN_QUESTION, TYPES, WRONG, command, enter, up_to_the_last_question, update,
};

const SHOWN: &str =
    "this looks like a token: clear it from the screen and its scrollback, or better create a new one";

/// A sandbox with a config for `home A` where setup writes its own.
fn with_config() -> Sandbox {
    let s = Sandbox::new();
    fs::create_dir(s.path("conf")).expect("a directory");
    s.write("conf/token", &format!("{TOKEN}\n"));
    let top = s.path("").display().to_string();
    let head = s.head().replace("= ca.pem", &format!("= {top}/ca.pem"));
    let head = head.replace("= state", &format!("= {top}/state"));
    s.write("conf/gandi-ddns.conf", &format!("{head}[example.org]\nnames = home\ntypes = A\n"));
    s
}

/// Answers a question that may be wrapped after its beginning.
fn answer_wrapped(terminal: &mut Terminal, beginning: &str, end: &str, answer: &str) -> String {
    terminal.wait_for(beginning) + &terminal.answer(end, answer)
}

#[test]
fn token_at_another_question_is_told_and_not_repeated() {
    let Some(_net) = enter("setup_habits::token_at_another_question_is_told_and_not_repeated") else {
        return;
    };
    let s = with_config();
    s.fake.accept_bearer(TOKEN);
    let before = fs::read_to_string(s.path("conf/gandi-ddns.conf")).expect("the config");
    let mut terminal = Terminal::start(&command(&s, &[]));
    let mut pasted = 0;
    let mut shown = String::new();
    let types = "Records to keep [A]: ";
    for (question, answer) in [("[y/N] ", "y"), (DOMAIN, ""), (NAME, "www"), (types, "a"), (CONTINUE, "n")] {
        if question == DOMAIN {
            terminal.answer(TOKEN_QUESTION, TOKEN);
        }
        // The terminal shows it, and the program says so. Then it asks again.
        terminal.answer(question, WRONG);
        pasted += 1;
        shown += &terminal.wait_for("create a new one");
        terminal.answer(question, answer);
    }
    let ended = terminal.finish();
    ended.exits(64);
    ended.says(&[SHOWN]);
    assert_eq!(ended.screen.matches(WRONG).count(), pasted, "it is repeated\n{ended}");
    assert!(!shown.contains("Answer y or n."), "{ended}");
    assert_eq!(fs::read_to_string(s.path("conf/gandi-ddns.conf")).expect("the config"), before);
}

#[test]
fn hexadecimal_name_is_no_token() {
    let Some(_net) = enter("setup_habits::hexadecimal_name_is_no_token") else { return };
    let s = Sandbox::new();
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.answer(DOMAIN, "");
    terminal.answer(NAME, "d41d8cd98f00b204e9800998ecf8427e");
    let shown = terminal.wait_for(TYPES);
    assert!(shown.contains("does not exist yet"), "{shown}");
    terminal.send(CTRL_C);
    terminal.finish();
}

#[test]
fn record_that_is_right_already_is_told() {
    let Some(_net) = enter("setup_habits::record_that_is_right_already_is_told") else { return };
    let right = format!("home.example.org A: up to date ({ADDRESS})");
    // The config is kept.
    let s = with_config();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer("[y/N] ", "");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&[&format!("Kept. Update:\n  {right}\n")]);
    // A new one.
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    let mut terminal = Terminal::start(&command(&s, &[]));
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.answer(DOMAIN, "");
    terminal.answer(NAME, "");
    terminal.answer(TYPES, "A");
    terminal.answer(CONTINUE, "");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&[&format!("Written. First update:\n  {right}\n")]);
    // One that is created is told by the update alone.
    let s = Sandbox::new();
    let mut terminal = Terminal::start(&command(&s, &[]));
    up_to_the_last_question(&mut terminal);
    terminal.answer(CONTINUE, "");
    let ended = terminal.finish();
    ended.exits(0);
    assert!(ended.screen.contains(": created") && !ended.screen.contains("up to date"), "{ended}");
}

#[test]
fn lines_fit_a_narrow_terminal() {
    let Some(_net) = enter("setup_habits::lines_fit_a_narrow_terminal") else { return };
    // One of unknown size is taken for a usual one.
    for (columns, limit) in [(40, 40), (80, 80), (200, 80), (0, 80)] {
        let s = Sandbox::new();
        for n in 0..25 {
            s.fake.add_domain(&format!("domain-{n}.example.net"));
        }
        let mut terminal = Terminal::start_at(columns, &command(&s, &[]));
        let mut shown = terminal.answer(TOKEN_QUESTION, TOKEN);
        shown += &terminal.answer(DOMAIN, "example.org");
        shown += &answer_wrapped(&mut terminal, "Name to keep", "[home]: ", "");
        shown += &terminal.answer(TYPES, "");
        for line in shown.lines() {
            assert!(line.chars().count() < limit, "{columns} columns: {line}");
        }
        // Words are whole.
        for text in ["Sharing >", "\"Manage domain name", "25:domain-", "permission", "public"] {
            assert!(shown.contains(text), "{text} in\n{shown}");
        }
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(limit == 40 || widest > Some(70), "{columns} columns:\n{shown}");
        terminal.wait_for(CONTINUE);
        terminal.send(CTRL_C);
        terminal.finish();
    }
}

#[test]
fn name_in_another_script_is_written_as_typed() {
    let Some(_net) = enter("setup_habits::name_in_another_script_is_written_as_typed") else { return };
    let s = Sandbox::new();
    s.fake.add_domain("xn--mller-kva.de");
    let mut terminal = Terminal::start(&command(&s, &["--type", "A"]));
    terminal.answer(TOKEN_QUESTION, TOKEN);
    terminal.answer(DOMAIN, "MÜLLER.de");
    let shown = terminal.answer("@ for the domain itself [home]: ", "Tür *.tür");
    assert!(shown.ends_with("Name to keep updated in müller.de, "), "{shown}");
    terminal.answer(CONTINUE, "");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&["tür.müller.de (xn--tr-xka.xn--mller-kva.de) A: created"]);
    let config = fs::read_to_string(s.path("conf/gandi-ddns.conf")).expect("the config");
    assert!(config.contains("[müller.de]\nnames = tür *.tür\ntypes = A\n"), "{config}");
    assert!(s.fake.get("xn--mller-kva.de", "*.xn--tr-xka", "A").is_some(), "{}", s.fake.zone_text());
    // A later run loads it, and shows both forms.
    update(&s).is(0, "");
    let ran = s.finish(s.command().args(["-v", "-c", "conf/gandi-ddns.conf"]));
    ran.says(&["tür.müller.de (xn--tr-xka.xn--mller-kva.de) A: unchanged"]);
}
