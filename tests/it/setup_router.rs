//! `gandi-ddns setup` on OpenWrt: one config, that of the service. Each test has its own /etc, /run and /usr/local in a
//! namespace, and stand-ins for the programs of the system.

use std::fs;
use std::path::Path;

use crate::pty::{Terminal, has_terminals};
use crate::run_output::same_text;
use crate::sandbox::TOKEN;
use crate::setup_machine::{DEFAULT, Machine, finish, options, with_binary, write_private};

#[test]
fn service_of_the_openwrt_package_is_enabled_with_the_record() {
    let test = "setup_router::service_of_the_openwrt_package_is_enabled_with_the_record";
    let Some(m) = Machine::enter(test) else { return };
    m.net.run("mkdir /etc/crontabs; : >/etc/config/gandi-ddns");
    m.program(Path::new("/etc/init.d/gandi-ddns"), "");
    let shown = "gandi-ddns.main=gandi-ddns\ngandi-ddns.main.enabled='0'\ngandi-ddns.@records[0]=records\n\
         gandi-ddns.@records[0].domain='example.org'\ngandi-ddns.@records[0].name='@' 'www'\n";
    m.s.write("shown", shown);
    m.tool("uci", &format!("[ \"$1\" != show ] || cat '{}'", m.s.path("shown").display()));
    let ran = m.setup(&["--ttl", "10m"]);
    ran.exits_without_errors(0);
    let wanted = "uci show gandi-ddns\n\
         uci set gandi-ddns.main.enabled=1\n\
         uci set gandi-ddns.main.token_file=/etc/gandi-ddns/token\n{OPTIONS}\
         uci set gandi-ddns.setup=records\n\
         uci set gandi-ddns.setup.domain=example.net\n\
         uci set gandi-ddns.setup.name=home\n\
         uci set gandi-ddns.setup.type=A\n\
         uci set gandi-ddns.setup.ttl=10m\n\
         uci set gandi-ddns.@records[0].enabled=0\n\
         uci commit gandi-ddns\n\
         gandi-ddns enable\n\
         gandi-ddns reload\n";
    same_text("the calls", &wanted.replace("{OPTIONS}", &of_options(&m)), &m.calls());
    // One truth: the token and UCI.
    let left: Vec<_> =
        fs::read_dir("/etc/gandi-ddns").expect("it").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["token"], "{ran}");
    assert!(
        ran.stdout.contains("Removed /etc/gandi-ddns/gandi-ddns.conf: the service does not read it."),
        "{ran}"
    );
    for command in ["/etc/init.d/gandi-ddns check\n", "/etc/init.d/gandi-ddns status\n"] {
        assert!(ran.stdout.contains(command) && !ran.stdout.contains("sudo"), "{command}\n{ran}");
    }
    assert!(ran.stdout.contains("logread -e gandi-ddns"), "{ran}");
    assert!(!Path::new("/etc/crontabs/root").exists());
    // The user's own section for the domain stays, and is enough if it has the name.
    m.s.write("shown", &shown.replace("example.org", "example.net").replace("'@'", "'home'"));
    m.setup(&[]).exits_without_errors(0);
    let wanted = "uci show gandi-ddns\nuci set gandi-ddns.main.enabled=1\n\
         uci set gandi-ddns.main.token_file=/etc/gandi-ddns/token\n{OPTIONS}uci commit gandi-ddns\n\
         gandi-ddns enable\ngandi-ddns reload\n";
    same_text("the calls", &wanted.replace("{OPTIONS}", &of_options(&m)), &m.calls());
    m.tool("uci", "[ \"$1\" = show ] || [ \"$1\" = revert ] || { echo 'uci: Entry not found' >&2; exit 1; }");
    let ran = m.setup(&[]);
    ran.exits(75);
    ran.says(&["`uci set gandi-ddns.main.enabled=1` ended with exit code 1: uci: Entry not found"]);
    assert!(m.calls().ends_with("uci revert gandi-ddns\n"));
    // It is the only truth until then.
    assert!(Path::new(DEFAULT).is_file());
}

/// Returns the calls that bring the options of a setup into the UCI config.
fn of_options(m: &Machine) -> String {
    let given = options(&m.s);
    let given = given.iter().filter(|option| *option != "-o");
    let calls: Vec<_> = given.map(|option| ["uci set gandi-ddns.main.", option, "\n"].concat()).collect();
    let calls = calls.concat();
    assert!(calls.contains(".api=https://"), "{calls}");
    calls
}

/// A router whose service has made its config, for `www` in example.net, with a token that Gandi refuses.
fn router(test: &str) -> Option<Machine> {
    let m = Machine::enter(test)?;
    m.net.run("mkdir -m 700 /etc/crontabs /etc/gandi-ddns; : >/etc/config/gandi-ddns; mount -t tmpfs -o mode=755 tmpfs /var; mkdir /var/etc");
    m.program(Path::new("/etc/init.d/gandi-ddns"), "");
    m.tool("uci", "");
    let top = m.s.path("").display().to_string();
    let head = m.s.head().replace("= ca.pem", &format!("= {top}/ca.pem"));
    let head =
        head.replace("= state", &format!("= {top}/state")).replace("= token", "= /etc/gandi-ddns/token");
    write_private("/var/etc/gandi-ddns.conf", &format!("{head}\n[example.net]\nnames = www\ntypes = A\n"));
    write_private("/etc/gandi-ddns/token", "pat_revoked0123456789\n");
    Some(m)
}

#[test]
fn new_token_on_a_router_is_for_the_config_of_the_service() {
    let test = "setup_router::new_token_on_a_router_is_for_the_config_of_the_service";
    if !has_terminals() {
        return;
    }
    let Some(m) = router(test) else { return };
    let made = fs::read_to_string("/var/etc/gandi-ddns.conf").expect("the config");
    let mut terminal = Terminal::start(&m.command(&[]));
    let shown = terminal.answer("[y/N] ", "");
    assert!(shown.contains("/etc/config/gandi-ddns is in use."), "{shown}");
    let shown = terminal.answer("Token (not shown): ", TOKEN);
    assert!(
        shown.replace("\n  ", " ").contains("refused the token from token_file /etc/gandi-ddns/token"),
        "{shown}"
    );
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&[
        "It runs already:\n  /etc/init.d/gandi-ddns\n",
        "/etc/init.d/gandi-ddns check\n",
        "logread -e gandi-ddns",
    ]);
    let token = |name: &str| fs::read_to_string(Path::new("/etc/gandi-ddns").join(name)).unwrap_or_default();
    assert_eq!(
        (token("token"), token("token.old")),
        (format!("{TOKEN}\n"), "pat_revoked0123456789\n".to_owned())
    );
    assert!(!Path::new(DEFAULT).exists() && m.s.fake.get("example.net", "www", "A").is_some(), "{ended}");
    same_text("the config", &made, &fs::read_to_string("/var/etc/gandi-ddns.conf").expect("the config"));
    assert!(!m.calls().contains("uci set") && !ended.screen.contains("remove it"), "{ended}");
    // It is that of the commands without `-c`, and one that an older setup has left is named.
    let check = m.s.finish(with_binary(&m.s.command(), "/usr/local/bin/gandi-ddns").arg("check"));
    assert!(check.stdout.contains("www.example.net A: up to date"), "{check}");
    write_private(DEFAULT, "# old\n");
    let mut terminal = Terminal::start(&m.command(&[]));
    terminal.answer("[y/N] ", "");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&["The service does not read /etc/gandi-ddns/gandi-ddns.conf: remove it."]);
}

#[test]
fn service_of_a_router_that_is_not_to_change_is_not_called_idle() {
    let test = "setup_router::service_of_a_router_that_is_not_to_change_is_not_called_idle";
    if !has_terminals() {
        return;
    }
    let Some(m) = router(test) else { return };
    let mut terminal = Terminal::start(&m.command(&["--domain", "example.net", "--type", "A"]));
    terminal.answer("[y/N] ", "y");
    terminal.answer("Token (not shown): ", TOKEN);
    terminal.answer("itself [www]: ", "home");
    terminal.answer("Continue? [Y/n] ", "");
    terminal.answer("[Y/n] ", "n");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&["The service stays as it was: run setup again for the service of OpenWrt,"]);
    assert!(!ended.screen.contains("Nothing runs it yet") && !m.calls().contains("uci set"), "{ended}");
}

#[test]
fn setup_of_a_router_by_a_script_replaces_the_token_and_no_other_record() {
    let test = "setup_router::setup_of_a_router_by_a_script_replaces_the_token_and_no_other_record";
    let Some(m) = router(test) else { return };
    let run = |arguments: &[&str]| {
        finish(&m.s, m.command(&["--domain", "example.net", "--type", "A", "-y"]).args(arguments))
    };
    let ran = run(&["--name", "home"]);
    ran.exits(78);
    ran.says(&["/etc/config/gandi-ddns exists and has another content; remove it, or add --force; nothing was written\n"]);
    assert!(!m.calls().contains("uci set"));
    let ran = run(&["--name", "www"]);
    ran.exits_without_errors(0);
    let left = || {
        let mut left: Vec<_> =
            fs::read_dir("/etc/gandi-ddns").expect("it").flatten().map(|e| e.file_name()).collect();
        left.sort();
        left
    };
    assert_eq!(left(), ["token", "token.old"], "{ran}");
    let calls = m.calls();
    assert!(
        calls.contains("main.token_file=/etc/gandi-ddns/token\n") && calls.contains("setup.name=www\n"),
        "{calls}"
    );
    run(&["--name", "home", "--force"]).exits_without_errors(0);
    assert!(m.calls().contains("setup.name=home\n") && !Path::new(DEFAULT).exists());
    assert_eq!(left(), ["token", "token.old"]);
}
