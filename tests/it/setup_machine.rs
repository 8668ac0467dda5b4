//! Helper: a machine for `gandi-ddns setup`, with its own /etc, /run and /usr/local in a namespace, and stand-ins for the
//! programs of the system.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::namespace::Namespace;
use crate::run_output::{RunOutput, wait};
use crate::sandbox::{Sandbox, TOKEN};

/// The config that the program finds without `-c`.
pub(crate) const DEFAULT: &str = "/etc/gandi-ddns/gandi-ddns.conf";
/// The lines that setup adds; [`OFTEN`] begins with a minute. The README and `make deploy` have the same.
pub(crate) const BOOT: &str = "@reboot /usr/local/bin/gandi-ddns --wait 600 --syslog\n";
pub(crate) const OFTEN: &str = "-59/5 * * * * /usr/local/bin/gandi-ddns --splay 60 --syslog";

/// A machine of one's own, and the calls of its programs.
pub(crate) struct Machine {
    pub(crate) s: Sandbox,
    pub(crate) net: Namespace,
}

impl Machine {
    /// Enters a namespace with an /etc that has no service and no crontab, and the program in /usr/local/bin.
    pub(crate) fn enter(test: &str) -> Option<Self> {
        let net = Namespace::enter(test)?;
        let s = Sandbox::new();
        s.fake.add_domain("example.net");
        fs::create_dir(s.path("bin")).expect("a directory");
        fs::create_dir(s.path("etc")).expect("a directory");
        let binary = binary(&s.command());
        net.run(&format!(
            "cd '{etc}'; for f in passwd group hosts nsswitch.conf ld.so.cache; do cp /etc/$f . || :; done
             mkdir init.d config systemd systemd/system
             mount --bind '{etc}' /etc; mount -t tmpfs tmpfs /usr/local; mkdir /usr/local/bin
             : >/usr/local/bin/gandi-ddns; mount --bind '{binary}' /usr/local/bin/gandi-ddns",
            etc = s.path("etc").display(),
        ));
        Some(Self { s, net })
    }

    /// Writes an executable script that notes its call and the environment first.
    pub(crate) fn program(&self, path: &Path, script: &str) {
        let calls = self.s.path("calls");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"${{0##*/}} $*\" >>'{}'\nenv >>'{}'\n{script}\n",
            calls.display(),
            self.s.path("environment").display()
        );
        fs::write(path, text).expect("a script");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// Installs a stand-in for a program of the system.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        self.program(&self.s.path("bin").join(name), script);
    }

    /// Installs a cron whose table is the file `table`.
    pub(crate) fn crontab(&self) {
        let table = self.s.path("table").display().to_string();
        self.tool(
            "crontab",
            &format!(
                "case $1 in
                 -l) if [ -e '{table}' ]; then cat '{table}'; else echo \"no crontab for ${{USER:-root}}\" >&2; exit 1; fi ;;
                 -) cat >'{table}.new'; mv '{table}.new' '{table}' ;;
                 *) echo 'usage: crontab' >&2; exit 1 ;;
                 esac"
            ),
        );
    }

    /// Returns the calls since the last question, and forgets them.
    pub(crate) fn calls(&self) -> String {
        let calls = fs::read_to_string(self.s.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.s.path("calls"));
        let environment = fs::read_to_string(self.s.path("environment")).unwrap_or_default();
        assert!(!format!("{calls}{environment}").contains(TOKEN), "a program got the token");
        calls
    }

    pub(crate) fn table(&self) -> String {
        fs::read_to_string(self.s.path("table")).unwrap_or_default()
    }

    /// Returns a command for `setup` with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = with_binary(&self.s.command(), "/usr/local/bin/gandi-ddns");
        let path = format!("{}:/usr/bin:/bin", self.s.path("bin").display());
        command.env("PATH", path).current_dir(self.s.path("")).arg("setup").args(arguments);
        command.args(options(&self.s));
        command
    }

    /// Sets up example.net without a question.
    pub(crate) fn setup(&self, arguments: &[&str]) -> RunOutput {
        let record = ["--domain", "example.net", "--name", "home", "--type", "A", "--yes", "--force"];
        finish(&self.s, self.command(&record).args(arguments))
    }
}

/// Runs a command to its end, with the token on stdin.
pub(crate) fn finish(s: &Sandbox, command: &mut Command) -> RunOutput {
    command.stdin(fs::File::open(s.path("token")).expect("the token"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let ran = wait(child.expect("setup starts"));
    s.keep_last_run("setup", &ran);
    ran
}

/// Returns the path of the program under test.
pub(crate) fn binary(template: &Command) -> String {
    let last = template.get_args().last().unwrap_or(template.get_program());
    last.to_str().expect("a path").to_owned()
}

/// Returns the command with the program at another path, behind the same emulator.
pub(crate) fn with_binary(template: &Command, path: &str) -> Command {
    let words: Vec<_> = template.get_args().collect();
    let mut command = match words.split_last() {
        None => Command::new(path),
        Some((_, words)) => {
            let mut command = Command::new(template.get_program());
            command.args(words).arg(path);
            command
        }
    };
    command.env_clear();
    command
}

/// Returns the options that lead `setup` to the fake.
pub(crate) fn options(s: &Sandbox) -> Vec<String> {
    let mut options = Vec::new();
    for line in s.head().lines() {
        let (key, value) = line.split_once(" = ").or(line.split_once(" =")).expect("a key");
        let value = match key {
            "token_file" => continue,
            "ca_file" | "state_dir" => s.path(value).display().to_string(),
            _ => value.trim().to_owned(),
        };
        options.extend(["-o".to_owned(), format!("{key}={value}")]);
    }
    options
}

/// Fails unless the text ends with a cron line for this program and config, at any minute.
#[track_caller]
pub(crate) fn ends_with_cron_line(text: &str, options: &str) {
    let line = text.lines().last().unwrap_or_default();
    let (minute, rest) = line.split_at_checked(1).unwrap_or_default();
    let wanted = OFTEN.replace("gandi-ddns", &format!("gandi-ddns{options}"));
    assert!("1234".contains(minute) && rest == wanted && text.ends_with('\n'), "{text}");
}

/// Writes a file that only this user can read.
pub(crate) fn write_private(path: &str, text: &str) {
    fs::write(path, text).expect(path);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect(path);
}
