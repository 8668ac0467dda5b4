//! Network namespaces. A test that needs hosts and interfaces of its own runs itself again in a new namespace, with the
//! rights of an ordinary user where the kernel allows that, otherwise as root. Nothing outside is changed.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::watching::bound;

/// This variable is set in the copy of the test that runs in the namespace, to a name for the namespace.
const INSIDE: &str = "GANDI_DDNS_INSIDE";
/// With `must` in this variable, a test fails where it would be skipped.
const NAMESPACES: &str = "GANDI_DDNS_NAMESPACES";

/// Proof that the test runs in a network namespace with loopback up and an empty `/run`. It may make more namespaces.
pub(crate) struct Namespace;

impl Namespace {
    /// Runs the test with this name, such as `syslog::every_line_goes_to_the_log`, again in a namespace, and returns
    /// `Some` there. Returns `None` outside, after that run or after a message that the test is skipped.
    pub(crate) fn enter(test: &str) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if std::env::var_os(INSIDE).is_some() {
            let inside = Self;
            inside.ip("link set lo up");
            return Some(inside);
        }
        let Some(unshare) = allowed() else {
            let why = "neither `unshare -rnm --fork` nor, as root, `unshare -nm --fork` is allowed";
            Self::skip(test, why);
            return None;
        };
        let mut command = bound();
        let start = "mount -t tmpfs tmpfs /run && PATH=$PATH:/usr/sbin:/sbin && exec \"$@\"";
        command.arg("unshare").args(unshare).args(["sh", "-c", start, "sh"]);
        command.arg(std::env::current_exe().expect("this program")).args([
            "--exact",
            test,
            "--include-ignored",
            "--nocapture",
        ]);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{number}", process_name());
        let output = command.env(INSIDE, name).stdin(Stdio::null()).output().expect("unshare starts");
        let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (lossy(&output.stdout), lossy(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{test} in a namespace:\n{out}\n{err}");
        None
    }

    /// Returns true if these programs are installed. If one is missing, prints that the test is skipped.
    pub(crate) fn has(test: &str, programs: &[&str]) -> bool {
        let lacks = |program: &&&str| {
            let find = format!("PATH=$PATH:/usr/sbin:/sbin; command -v {program}");
            !Command::new("sh").args(["-c", &find]).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        let Some(missing) = programs.iter().find(lacks) else { return true };
        Self::skip(test, &format!("{missing} is not installed"));
        false
    }

    /// Prints that a test is skipped, and the reason. Panics if `GANDI_DDNS_NAMESPACES` is `must`.
    pub(crate) fn skip(test: &str, reason: &str) {
        let message = format!("{test} is skipped: {reason}");
        assert_ne!(std::env::var(NAMESPACES).as_deref(), Ok("must"), "{message}");
        // Not with `eprintln!`: libtest hides the captured output of a test that passes.
        let _ = writeln!(std::io::stderr(), "{message}");
    }

    /// Runs `ip` with these arguments.
    #[track_caller]
    pub(crate) fn ip(&self, arguments: &str) {
        self.run(&format!("ip {arguments}"));
    }

    /// Runs a command line in a shell. It must succeed.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) {
        let Self = self;
        let output = Command::new("sh").args(["-ec", line]).output().expect("a shell");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Returns a name for this process that no other one has. A number is not enough: each namespace counts from 1.
pub(crate) fn process_name() -> String {
    let mut name = std::env::var(INSIDE).map_or_else(|_| String::new(), |outside| outside + ".");
    name.push_str(&std::process::id().to_string());
    name
}

/// Returns the options of `unshare` that work on this machine. With processes of its own, the namespace ends with all of
/// them when the test does; otherwise only the test ends with `unshare`, and of `BusyBox` not even that.
fn allowed() -> Option<&'static [&'static str]> {
    const OPTIONS: [&[&str]; 5] = [
        &["-rnmp", "--fork", "--kill-child", "--mount-proc"],
        &["-nmp", "--fork", "--kill-child", "--mount-proc"],
        &["-rnm", "--fork", "--kill-child"],
        &["-nm", "--fork", "--kill-child"],
        &["-nm", "--fork"],
    ];
    static ALLOWED: OnceLock<Option<&[&str]>> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        OPTIONS.into_iter().find(|options| {
            let mut probe = Command::new("unshare");
            probe.args(*options).args(["sh", "-c", "mount -t tmpfs tmpfs /run && ip link set lo up"]);
            probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        })
    })
}

#[test]
fn namespace_has_hosts_of_its_own() {
    let Some(net) = Namespace::enter("namespace::namespace_has_hosts_of_its_own") else { return };
    net.run(
        "ip netns add router
         ip link add eth0 type veth peer name lan0 netns router
         ip addr add 192.168.1.2/24 dev eth0; ip link set eth0 up
         ip -n router addr add 192.168.1.1/24 dev lan0; ip -n router link set lan0 up
         ip route add default via 192.168.1.1",
    );
    let routes = std::fs::read_to_string("/proc/net/route").expect("the routes");
    assert!(routes.lines().any(|l| l.starts_with("eth0\t00000000\t0101A8C0\t")), "{routes}");
}

#[test]
fn process_that_a_test_leaves_ends_with_its_namespace() {
    let test = "namespace::process_that_a_test_leaves_ends_with_its_namespace";
    let started = Instant::now();
    if Namespace::enter(test).is_some() {
        // It keeps the output of the copy open, to the end of which `enter` reads.
        #[expect(clippy::zombie_processes, reason = "that is tested")]
        Command::new("sleep").arg("600").spawn().expect("a process");
    } else if allowed().is_some_and(|options| options.contains(&"--mount-proc")) {
        assert!(started.elapsed() < Duration::from_secs(300), "the process is left");
    }
}
