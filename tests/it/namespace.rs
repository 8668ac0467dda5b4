//! Hosts and interfaces of a test's own: the test runs itself again in network namespaces that it makes, as an
//! ordinary user where the kernel lets one, else as root. What happens there is seen by nobody else.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set in the copy of the test that runs inside.
const INSIDE: &str = "GANDI_DDNS_INSIDE";
/// Set to `must`, a test that cannot have its namespace fails instead of being skipped.
const NAMESPACES: &str = "GANDI_DDNS_NAMESPACES";

/// Inside: a network of one's own with loopback up, `/run` empty, and leave to make more namespaces.
pub(crate) struct Namespace;

impl Namespace {
    /// Runs the test of this name (from the crate's root, as in `router::natpmp`) again inside, and is `Some` there.
    /// `None` outside, where all is done, or skipped with one line.
    pub(crate) fn enter(test: &str) -> Option<Self> {
        if std::env::var_os(INSIDE).is_some() {
            let inside = Self;
            inside.ip("link set lo up");
            return Some(inside);
        }
        let Some(unshare) = allowed() else {
            let why = "neither `unshare -rnm` nor, as root, `unshare -nm` is allowed";
            Self::must(false, &format!("{test} is skipped: {why}"));
            return None;
        };
        let mut command = Command::new("unshare");
        let start = "mount -t tmpfs tmpfs /run && PATH=$PATH:/usr/sbin:/sbin && exec \"$@\"";
        command.args([unshare, "sh", "-c", start, "sh"]);
        command.arg(std::env::current_exe().expect("this program")).args(["--exact", test, "--nocapture"]);
        let output = command.env(INSIDE, "1").stdin(Stdio::null()).output().expect("unshare starts");
        let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (lossy(&output.stdout), lossy(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{test} in a namespace:\n{out}\n{err}");
        None
    }

    /// Whether these programs are installed; if not, the test is skipped with one line.
    pub(crate) fn has(test: &str, programs: &[&str]) -> bool {
        let lacks = |program: &&&str| {
            let find = format!("PATH=$PATH:/usr/sbin:/sbin; command -v {program}");
            !Command::new("sh").args(["-c", &find]).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        let Some(missing) = programs.iter().find(lacks) else { return true };
        Self::must(false, &format!("{test} is skipped: {missing} is not installed"));
        false
    }

    /// Where something that a test needs is not to be had, says so in a line; fails where it must be.
    pub(crate) fn must(had: bool, told: &str) {
        if !had {
            assert_ne!(std::env::var(NAMESPACES).as_deref(), Ok("must"), "{told}");
            // Past libtest, which keeps the output of what passes to itself.
            let _ = writeln!(std::io::stderr(), "{told}");
        }
    }

    /// `ip` with these arguments.
    #[track_caller]
    pub(crate) fn ip(&self, arguments: &str) {
        self.run(&format!("ip {arguments}"));
    }

    /// A command line for the shell, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) {
        let Self = self;
        let output = Command::new("sh").args(["-ec", line]).output().expect("a shell");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The option of `unshare` that works here.
fn allowed() -> Option<&'static str> {
    static ALLOWED: OnceLock<Option<&str>> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        ["-rnm", "-nm"].into_iter().find(|option| {
            let mut probe = Command::new("unshare");
            probe.args([option, "sh", "-c", "mount -t tmpfs tmpfs /run && ip link set lo up"]);
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
