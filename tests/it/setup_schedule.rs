//! The end of `gandi-ddns setup`: what fits the machine is enabled, once, and nothing of the user is lost. Each test has
//! its own /etc, /run and /usr/local in a namespace, and stand-ins for the programs of the system.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::namespace::Namespace;
use crate::other_user::OtherUser;
use crate::pty::{Terminal, has_terminals};
use crate::run_output::same_text;
use crate::sandbox::Sandbox;
use crate::setup_machine::{
    BOOT, DEFAULT, Machine, binary, ends_with_cron_line, finish, options, with_binary, write_private,
};

#[test]
fn packaged_timer_is_enabled() {
    let Some(m) = Machine::enter("setup_schedule::packaged_timer_is_enabled") else { return };
    m.net.run("mkdir -p /run/systemd/system; : >/etc/systemd/system/gandi-ddns.timer");
    m.crontab();
    m.tool("systemctl", "echo 'Created symlink x.' >&2");
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("Enabled gandi-ddns.timer.\n"), "{ran}");
    assert!(ran.stdout.contains("journalctl -t gandi-ddns"), "{ran}");
    let calls = m.calls();
    assert!(calls.contains("systemctl enable --now gandi-ddns.timer\n"), "{calls}");
    assert!(!calls.contains("crontab -\n"), "{calls}");
    // The service that waits for changes, where it was chosen, and not both.
    m.net.run(
        "mkdir /etc/systemd/system/multi-user.target.wants; cd /etc/systemd/system
         : >gandi-ddns-watch.service; ln -s ../gandi-ddns-watch.service multi-user.target.wants/",
    );
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    let calls = m.calls();
    let wanted =
        "systemctl enable --now gandi-ddns-watch.service\nsystemctl restart gandi-ddns-watch.service\n";
    assert!(calls.contains(wanted) && !calls.contains("timer"), "{calls}");
}

#[test]
fn failure_of_systemctl_is_told_with_its_message() {
    let Some(m) = Machine::enter("setup_schedule::failure_of_systemctl_is_told_with_its_message") else {
        return;
    };
    m.net.run("mkdir -p /run/systemd/system; : >/etc/systemd/system/gandi-ddns.timer");
    m.tool("systemctl", "echo 'Failed to enable unit: Unit is masked.' >&2; exit 1");
    let ran = m.setup(&[]);
    ran.exits(75);
    ran.says(&[
        "could not schedule the updates: `systemctl enable --now gandi-ddns.timer` ended with exit code 1: \
         Failed to enable unit: Unit is masked.",
        "; run systemctl enable --now gandi-ddns.timer",
    ]);
    assert!(Path::new(DEFAULT).is_file() && m.s.fake.get("example.net", "home", "A").is_some());
}

#[test]
fn timer_without_systemd_and_for_another_config_is_not_enabled() {
    let test = "setup_schedule::timer_without_systemd_and_for_another_config_is_not_enabled";
    let Some(m) = Machine::enter(test) else { return };
    m.net.run(": >/etc/systemd/system/gandi-ddns.timer");
    m.tool("systemctl", "exit 1");
    m.crontab();
    m.setup(&[]).exits_without_errors(0);
    assert!(!m.calls().contains("systemctl"));
    assert!(m.table().starts_with(BOOT), "{}", m.table());
    ends_with_cron_line(&m.table(), "");
    // The unit of the package reads another config than this one.
    m.net.run("mkdir -p /run/systemd/system /etc/ddns; chmod 700 /etc/ddns");
    m.setup(&["-c", "/etc/ddns/my ddns.conf"]).exits_without_errors(0);
    assert!(!m.calls().contains("systemctl"));
    assert_eq!(m.table().lines().count(), 4, "{}", m.table());
    ends_with_cron_line(&m.table(), " -c '/etc/ddns/my ddns.conf'");
}

#[test]
fn crontab_gets_two_lines_once_and_loses_none() {
    let Some(m) = Machine::enter("setup_schedule::crontab_gets_two_lines_once_and_loses_none") else {
        return;
    };
    m.crontab();
    // Without a line break at the end, and with a line that was disabled.
    let before = "# m h\nMAILTO=me\n# */15 * * * * gandi-ddns\n0 4 * * * /opt/gandi-ddns/update.py";
    m.s.write("table", before);
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    let table = m.table();
    assert!(table.starts_with(&format!("{before}\n{BOOT}")), "{table}");
    ends_with_cron_line(&table, "");
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(ran.stdout.contains("Added to root's crontab.\n"), "{ran}");
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains(&format!("It runs already:\n  {BOOT}")), "{ran}");
    same_text("the crontab", &table, &m.table());
    // So it is in a file of the system.
    for file in ["crontab", "cron.d/ddns"] {
        fs::remove_file(m.s.path("table")).expect("the table");
        fs::create_dir_all("/etc/cron.d").expect("a directory");
        let path = Path::new("/etc").join(file);
        fs::write(&path, "*/5 * * * * root gandi-ddns -q\n").expect("a crontab");
        assert!(
            m.setup(&[]).stdout.contains("It runs already:\n  */5 * * * * root gandi-ddns -q\n"),
            "{file}"
        );
        assert_eq!(m.table(), "", "{file}");
        fs::remove_file(path).expect("the crontab");
        m.s.write("table", "");
    }
}

#[test]
fn crontab_that_cannot_be_read_whole_is_left_alone() {
    let Some(m) = Machine::enter("setup_schedule::crontab_that_cannot_be_read_whole_is_left_alone") else {
        return;
    };
    let many = "yes '# a long line of a crontab' | head -n 4000";
    let cases = [
        ("echo 'You (root) are not allowed to use this program' >&2; exit 1", "You (root) are not allowed"),
        ("echo '0 4 * * * x'; exit 1", "`crontab -l` ended with exit code 1"),
        ("kill -9 $$", "`crontab -l` was killed by signal 9"),
        (many, "`crontab -l` printed more than 60 KB"),
        ("printf '# \\374\\n'", "`crontab -l` printed a text that is not UTF-8"),
    ];
    for (script, reason) in cases {
        m.tool("crontab", script);
        let ran = m.setup(&[]);
        ran.exits_without_errors(0);
        assert!(ran.stdout.contains(reason), "{script}\n{ran}");
        // To copy.
        assert!(ran.stdout.contains(&format!("  {BOOT}")), "{script}\n{ran}");
        assert!(!m.calls().contains("crontab -\n"), "{script}");
    }
    // It was read, and is not written.
    m.tool("crontab", "[ \"$1\" = -l ] || { cat >/dev/null; echo 'crontab: no space left' >&2; exit 1; }");
    let ran = m.setup(&[]);
    ran.exits(75);
    ran.says(&["could not schedule the updates: `crontab -` ended with exit code 1: crontab: no space left"]);
}

#[test]
fn kept_config_that_cannot_be_loaded_is_not_scheduled() {
    let test = "setup_schedule::kept_config_that_cannot_be_loaded_is_not_scheduled";
    if !has_terminals() {
        return;
    }
    let Some(m) = Machine::enter(test) else { return };
    m.crontab();
    m.net.run("mkdir -m 700 /etc/gandi-ddns");
    write_private(DEFAULT, "protocol = gandi\n[example.org]\nnames = home\n");
    let mut terminal = Terminal::start(&m.command(&[]));
    terminal.answer("[y/N] ", "");
    let ended = terminal.finish();
    ended.exits(78);
    ended.says(&["unknown key `protocol`", "Nothing was written, and the update failed.\n"]);
    assert!(!ended.screen.contains("[Y/n]") && m.table().is_empty(), "{ended}");
}

#[test]
fn line_of_a_former_setup_is_not_taken_for_this_one() {
    let test = "setup_schedule::line_of_a_former_setup_is_not_taken_for_this_one";
    let Some(m) = Machine::enter(test) else { return };
    m.crontab();
    m.net.run("printf '#!/bin/sh\\n' >/usr/local/bin/other-gandi-ddns; ln -s gandi-ddns /usr/local/bin/my-gandi-ddns");
    for former in [
        "*/5 * * * * /opt/gandi-ddns --syslog",
        "*/5 * * * * /usr/local/bin/other-gandi-ddns --syslog",
        "*/5 * * * * /usr/local/bin/gandi-ddns -c /etc/gandi-ddns/gandi-ddns.conf.old",
        "*/5 * * * * /usr/local/bin/gandi-ddns -c /root/ddns.conf",
        "# */5 * * * * /usr/local/bin/gandi-ddns",
        "*/5 * * * * /bin/true # /usr/local/bin/gandi-ddns",
    ] {
        m.s.write("table", &format!("{former}\n"));
        let ran = m.setup(&[]);
        ran.exits_without_errors(0);
        assert!(ran.stdout.contains("Added to root's crontab."), "{former}\n{ran}");
        assert!(m.table().starts_with(&format!("{former}\n{BOOT}")), "{}", m.table());
    }
    // A link to this program is this one.
    let line = "*/5 * * * * /usr/local/bin/my-gandi-ddns --syslog\n";
    m.s.write("table", line);
    let ran = m.setup(&[]);
    assert!(ran.stdout.contains(&format!("It runs already:\n  {line}")), "{ran}");
    assert_eq!(m.table(), line);
}

#[test]
fn commands_have_sudo_only_for_the_user_of_sudo() {
    let Some(m) = Machine::enter("setup_schedule::commands_have_sudo_only_for_the_user_of_sudo") else {
        return;
    };
    let ran = m.setup(&[]);
    assert!(ran.stdout.ends_with("\n  Check everything:  gandi-ddns check\n"), "{ran}");
    let record = ["--domain", "example.net", "--name", "home", "--type", "A", "--yes", "--force"];
    let ran = finish(&m.s, m.command(&record).env("SUDO_USER", "pi"));
    assert!(ran.stdout.ends_with("\n  Check everything:  sudo gandi-ddns check\n"), "{ran}");
}

#[test]
fn machine_with_neither_gets_the_lines_to_copy() {
    let Some(m) = Machine::enter("setup_schedule::machine_with_neither_gets_the_lines_to_copy") else {
        return;
    };
    let ran = m.setup(&[]);
    ran.exits_without_errors(0);
    assert!(ran.stdout.contains("found neither a packaged service nor cron"), "{ran}");
    assert!(ran.stdout.contains(&format!("  {BOOT}")), "{ran}");
    let lines = ran.stdout.lines().filter(|line| line.contains("/usr/local/bin/gandi-ddns --"));
    assert_eq!(lines.count(), 2, "{ran}");
}

#[test]
fn program_in_a_temporary_directory_is_not_scheduled() {
    let test = "setup_schedule::program_in_a_temporary_directory_is_not_scheduled";
    let Some(m) = Machine::enter(test) else { return };
    m.crontab();
    // By another process, see ETXTBSY in execve(2).
    m.net.run(&format!("cp '{}' /run/gandi-ddns", binary(&m.s.command())));
    m.net.run("mkdir -m 777 /usr/local/open; cp /run/gandi-ddns /usr/local/open/");
    for (path, reason) in [
        ("/run/gandi-ddns", "/run/gandi-ddns may be gone after a reboot"),
        ("/usr/local/open/gandi-ddns", "other users can write to /usr/local/open"),
    ] {
        let mut command = with_binary(&m.s.command(), path);
        command.env("PATH", format!("{}:/usr/bin:/bin", m.s.path("bin").display()));
        command.args([
            "setup",
            "--domain",
            "example.net",
            "--name",
            "home",
            "--type",
            "A",
            "--yes",
            "--force",
        ]);
        let ran = finish(&m.s, command.args(options(&m.s)));
        ran.exits_without_errors(0);
        let install = format!("first run `install -m 755 {path} /usr/local/bin/gandi-ddns`");
        for words in [reason, &install, &format!("  {BOOT}")] {
            assert!(ran.stdout.replace('\n', " ").contains(words.trim_end()), "{words}\n{ran}");
        }
        assert_eq!(m.table(), "");
    }
}

#[test]
fn other_user_gets_lines_in_the_own_crontab() {
    let test = "setup_schedule::other_user_gets_lines_in_the_own_crontab";
    let s = Sandbox::new();
    let user = OtherUser::new(&s, 4711);
    let is_root = fs::metadata(s.path("")).is_ok_and(|metadata| metadata.uid() == 0);
    if !is_root {
        return Namespace::skip(test, "only root can become another user");
    }
    // Not in a temporary directory, which is refused; with a timer for root.
    let script = "mount -t tmpfs -o mode=755 tmpfs /usr/local && mkdir /usr/local/home && mount --bind \"$1\" /usr/local/home
         mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system
         shift; cd /usr/local/home && exec setpriv --reuid=4711 --regid=4711 --clear-groups \"$@\"";
    user.write("ca.pem", &s.fake.ca_pem(), 0o600);
    user.write("crontab", "#!/bin/sh
         case $1 in -l) cat table 2>/dev/null || { echo no crontab for me >&2; exit 1; } ;; -) cat >table ;; *) exit 1 ;; esac", 0o755);
    user.write("systemctl", "#!/bin/sh\n: >called\n", 0o755);
    let template = with_binary(&s.command(), "/usr/local/home/gandi-ddns");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-ec", script, "sh"]).arg(user.path("")).arg(template.get_program());
    command
        .args(template.get_args())
        .env_clear()
        .env("PATH", "/usr/local/home:/usr/bin:/bin:/usr/sbin:/sbin");
    command.args(["setup", "--domain", "example.org", "--name", "home", "--type", "A", "--yes"]);
    command.args(["-c", "gandi-ddns.conf"]);
    let here = s.path("").display().to_string();
    command.args(options(&s).into_iter().map(|word| word.replace(&here, "/usr/local/home/")));
    let ran = finish(&s, &mut command);
    ran.exits_without_errors(0);
    let table = fs::read_to_string(user.path("table")).unwrap_or_default();
    assert!(table.contains(" -c /usr/local/home/gandi-ddns.conf --wait 600"), "{table}\n{ran}");
    assert!(ran.stdout.contains("Added to your crontab.\n"), "{ran}");
    assert!(!user.path("called").exists());
}
