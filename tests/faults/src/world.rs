//! A directory with config, token and state, a fake Gandi, and runs of the program in it.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fake_gandi::{Dns, Echo, Fake, Family};

use crate::scenario::Scenario;

/// The token. Each secret of the fake has the word [`SECRET`] in it.
pub(crate) const TOKEN: &str = "pat_0123456789abcdefSECRET";
pub(crate) const SECRET: &str = "SECRET";
/// The right address.
pub(crate) const ADDRESS: &str = "81.2.69.142";
/// The address before a change.
pub(crate) const STALE: &str = "81.2.69.1";
/// The right IPv6 address.
pub(crate) const ADDRESS6: &str = "2a01:e0a:1:2::3";

/// `timeout` of the config, in seconds.
const TIMEOUT: u64 = 10;
/// Maximum duration of a run: `timeout`, 30 s for the hooks, 5 s for the heartbeat, and 15 s for a slow machine.
const LIMIT: Duration = Duration::from_secs(TIMEOUT + 30 + 5 + 15);

/// Writes the name of the record into a file.
const HOOK: &str = "#!/bin/sh\necho \"$GANDI_DDNS_NAME $GANDI_DDNS_TYPE\" >>heard\n";

/// The surroundings of one case. The directory is new, and stays until the next case.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) dir: PathBuf,
    program: PathBuf,
    dns: Dns,
    v6: Vec<Echo>,
}

/// The end of a run.
pub(crate) struct Ran {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// True if it did not end within [`LIMIT`], and was killed.
    pub(crate) hung: bool,
}

impl World {
    /// Starts the fake, and prepares the directory for a scenario.
    pub(crate) fn new(dir: &Path, program: &Path, scenario: &Scenario) -> Self {
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir).expect("a directory");
        let fake = Fake::start();
        fake.add_domain("example.org");
        fake.accept_bearer(TOKEN);
        let v4 = fake.echoes(4, Family::V4);
        let v6 = fake.echoes(3, Family::V6);
        fake.set_address(Family::V6, ADDRESS6);
        let dns = Dns::start("127.0.0.1:0");
        let world = Self { fake, dir: dir.to_owned(), program: program.to_owned(), dns, v6 };
        world.write("token", TOKEN, 0o600);
        world.write("ca.pem", &world.fake.ca_pem(), 0o600);
        world.write("hook", HOOK, 0o700);
        world.write("gandi-ddns.conf", &world.config(&v4, scenario), 0o600);
        (scenario.prepare)(&world);
        world
    }

    fn config(&self, v4: &[Echo], scenario: &Scenario) -> String {
        // By name, so that a name is resolved.
        let api = self.fake.api().replace("127.0.0.1", "localhost");
        let urls = |echoes: &[Echo]| echoes.iter().map(Echo::url).collect::<Vec<_>>().join(" ");
        let mut config = format!(
            "token_file = token\nca_file = ca.pem\nstate_dir = state\napi = {api}\ntimeout = {TIMEOUT}\n\
             ipv4 = dns:google@{} {}\n",
            self.dns.address(),
            urls(&v4[..3])
        );
        if !scenario.keys.contains("ipv6") {
            // All on ::1. The program takes each spelling for another provider.
            let spelled = self.v6.iter().zip(["[::1]", "[0::1]", "[0:0::1]"]);
            let urls: Vec<String> = spelled.map(|(echo, host)| echo.url().replace("[::1]", host)).collect();
            let _ = writeln!(config, "ipv6 = {}\nheartbeat = {}", urls.join(" "), v4[3].url());
        }
        format!("{config}{}[example.org]\n{}", scenario.keys, scenario.section)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.dir.join(name), text).expect(name);
        fs::set_permissions(self.dir.join(name), fs::Permissions::from_mode(mode)).expect(name);
    }

    /// Sets the public IPv4 address.
    pub(crate) fn set_address(&self, address: &str) {
        self.fake.set_address(Family::V4, address);
        self.dns.set_address(address);
    }

    /// Sets the HTTP status of the services for IPv6.
    pub(crate) fn set_ipv6_status(&self, status: u16) {
        self.v6.iter().for_each(|echo| echo.set_status(status));
    }

    pub(crate) fn remove_state(&self) {
        let _ = fs::remove_dir_all(self.dir.join("state"));
    }

    /// Returns the record, as in `300 81.2.69.142`; empty if there is none.
    pub(crate) fn zone(&self, rrtype: &str) -> String {
        let rrset = self.fake.get("example.org", "home", rrtype);
        rrset.map(|r| format!("{} {}", r.ttl, r.values.join(" "))).unwrap_or_default()
    }

    /// Returns every file of the directory and of the state directory, with its content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, String)> {
        let dirs = [self.dir.clone(), self.dir.join("state")];
        let entries = dirs.iter().flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten());
        let mut files: Vec<_> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|e| {
                (e.path(), String::from_utf8_lossy(&fs::read(e.path()).unwrap_or_default()).into_owned())
            })
            .collect();
        files.sort();
        files
    }

    /// Returns a file of the directory; `None` if it does not exist.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.dir.join(name)).ok()
    }

    /// Runs the program without a fault.
    pub(crate) fn undisturbed(&self, arguments: &[&str]) -> Ran {
        self.run(Command::new(&self.program), arguments)
    }

    /// Runs the program under strace with these options.
    pub(crate) fn traced(&self, options: &[&str], log: &Path, arguments: &[&str]) -> Ran {
        let mut command = Command::new("strace");
        command.args(["-q", "-y", "-o"]).arg(log).args(options).arg(&self.program);
        self.run(command, arguments)
    }

    fn run(&self, mut command: Command, arguments: &[&str]) -> Ran {
        command.args(["-c", "gandi-ddns.conf"]).args(arguments).current_dir(&self.dir);
        command.env_clear().env("HOME", &self.dir).env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("the program starts");
        let hung = !ends(&mut child);
        if hung {
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
        let status = child.wait().expect("its end");
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let _ = child.stdout.take().expect("a pipe").read_to_end(&mut stdout);
        let _ = child.stderr.take().expect("a pipe").read_to_end(&mut stderr);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&stdout), text(&stderr));
        Ran { code: status.code(), signal: status.signal(), stdout, stderr, hung }
    }
}

/// Waits until a child has ended, at most for [`LIMIT`]. Its output fits into the pipes.
fn ends(child: &mut Child) -> bool {
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().expect("its state").is_none() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}
