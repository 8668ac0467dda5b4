//! The offer of `gandi-ddns setup` to schedule the updates: at a terminal, and on a machine with busybox.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use crate::pty::{Terminal, has_terminals};
use crate::run_output::same_text;
use crate::sandbox::TOKEN;
use crate::setup_machine::{Machine, ends_with_cron_line};

/// Enters a machine for a test at a terminal. `None` if it is to be skipped, see [`has_terminals`].
fn enter(test: &str) -> Option<Machine> {
    if has_terminals() { Machine::enter(test) } else { None }
}

/// Answers all questions before the offer.
fn up_to_the_offer(m: &Machine) -> Terminal {
    let mut terminal =
        Terminal::start(&m.command(&["--domain", "example.net", "--name", "home", "--type", "A"]));
    terminal.answer("Token (not shown): ", TOKEN);
    terminal.answer("Continue? [Y/n]", "");
    terminal
}

#[test]
fn busybox_gets_no_reboot_line() {
    let Some(m) = Machine::enter("setup_offer::busybox_gets_no_reboot_line") else { return };
    let table = m.s.path("table").display().to_string();
    m.tool(
        "crontab",
        &format!(
            "case $1 in
             -l) [ -e '{table}' ] || {{ echo \"crontab: can't open 'root': No such file or directory\" >&2; exit 1; }}
                 cat '{table}' ;;
             -) cat >'{table}' ;;
             *) echo 'BusyBox v1.36.1 multi-call binary.' >&2; exit 1 ;;
             esac"
        ),
    );
    m.setup(&[]).exits_without_errors(0);
    ends_with_cron_line(&m.table(), "");
    assert_eq!(m.table().lines().count(), 1, "{}", m.table());
}

#[test]
fn file_of_busybox_gets_one_line_and_keeps_owner_and_mode() {
    let test = "setup_offer::file_of_busybox_gets_one_line_and_keeps_owner_and_mode";
    let Some(m) = Machine::enter(test) else { return };
    let path = Path::new("/etc/crontabs/root");
    m.net.run("mkdir /etc/crontabs");
    m.program(Path::new("/etc/init.d/cron"), "");
    m.crontab();
    // None yet.
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    let table = || fs::read_to_string(path).expect("the table");
    ends_with_cron_line(&table(), "");
    assert_eq!(fs::metadata(path).expect("the table").mode() & 0o777, 0o600);
    assert_eq!(m.calls(), "cron enable\ncron restart\n");
    assert!(ran.stdout.contains("Added to /etc/crontabs/root.\n"), "{ran}");
    assert!(ran.stdout.contains("logread -e gandi-ddns"), "{ran}");
    // One with an unfinished line.
    fs::write(path, "5 5 * * * /bin/true").expect("a table");
    fs::set_permissions(path, fs::Permissions::from_mode(0o640)).expect("chmod");
    let group = chown(path, None, Some(7)).map_or(0, |()| 7);
    m.setup(&[]).exits_without_errors(0);
    let whole = table();
    assert!(whole.starts_with("5 5 * * * /bin/true\n"), "{whole}");
    ends_with_cron_line(&whole, "");
    assert_eq!(whole.lines().count(), 2, "{whole}");
    let metadata = fs::metadata(path).expect("the table");
    assert_eq!((metadata.mode() & 0o777, metadata.gid()), (0o640, group));
    m.calls();
    m.setup(&[]).exits_without_errors(0);
    same_text("the table", &whole, &table());
    assert_eq!(m.calls(), "");
    let left: Vec<_> = fs::read_dir("/etc/crontabs").expect("crontabs").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn answer_no_changes_nothing_and_says_how_to_do_it_later() {
    let Some(m) = enter("setup_offer::answer_no_changes_nothing_and_says_how_to_do_it_later") else {
        return;
    };
    m.crontab();
    let mut terminal = up_to_the_offer(&m);
    terminal.answer("Add this to root's crontab? [Y/n]", "n");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&["Nothing runs it yet: add the lines above to root's crontab."]);
    assert_eq!(m.table(), "");
}

#[test]
fn answer_yes_adds_a_line_to_the_file_of_busybox() {
    let Some(m) = enter("setup_offer::answer_yes_adds_a_line_to_the_file_of_busybox") else {
        return;
    };
    m.net.run("mkdir /etc/crontabs; echo '5 5 * * * /bin/true' >/etc/crontabs/root");
    m.program(Path::new("/etc/init.d/cron"), "");
    let mut terminal = up_to_the_offer(&m);
    let shown = terminal.answer("Add this to /etc/crontabs/root? [Y/n]", "");
    let ended = terminal.finish();
    ended.exits(0);
    ended.says(&["Added to /etc/crontabs/root."]);
    let table = fs::read_to_string("/etc/crontabs/root").expect("the table");
    assert!(table.starts_with("5 5 * * * /bin/true\n"), "{table}");
    ends_with_cron_line(&table, "");
    // The line that was shown.
    assert!(shown.contains(table.lines().last().unwrap_or_default()), "{shown}");
    assert_eq!(m.calls(), "cron enable\ncron restart\n");
}
