//! The end of `gandi-ddns setup`: what fits the machine is enabled, once, and nothing of the user is lost. Each test has
//! its own /etc, /run and /usr/local in a namespace, and stand-ins for the programs of the system.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::namespace::Namespace;
use crate::other_user::OtherUser;
use crate::pty::{Terminal, has_terminals};
use crate::run_output::same_text;
use crate::sandbox::{Sandbox, TOKEN};
use crate::setup_machine::{BOOT, Machine, binary, ends_with_cron_line, finish, options, with_binary};

const DEFAULT: &str = "/etc/gandi-ddns/gandi-ddns.conf";

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
fn service_of_the_openwrt_package_is_enabled_with_the_record() {
    let test = "setup_schedule::service_of_the_openwrt_package_is_enabled_with_the_record";
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

fn write_private(path: &str, text: &str) {
    fs::write(path, text).expect(path);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect(path);
}

#[test]
fn new_token_on_a_router_is_for_the_config_of_the_service() {
    let test = "setup_schedule::new_token_on_a_router_is_for_the_config_of_the_service";
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
    let test = "setup_schedule::service_of_a_router_that_is_not_to_change_is_not_called_idle";
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
    let test = "setup_schedule::setup_of_a_router_by_a_script_replaces_the_token_and_no_other_record";
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
