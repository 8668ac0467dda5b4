//! `watch` with the source `interface`, in a network namespace: what the kernel reports makes a pass, and only what
//! changes an address or a default route does. The interval is a day, so that the timer has no part in it.

mod advertisements;
mod changes;
mod dhcp;
mod storms;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::sandbox::{API_KEY, Sandbox, TOKEN};

/// The longest wait for anything that must happen: no limit of the program is tested by it.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The addresses at the start.
const V4: &str = "81.2.69.160";
const V6: &str = "2a01:e0a:1:2::3";

/// A machine with a line `eth0`, whose other end is `eth0` in the namespace `far`, and its watcher.
struct Home {
    net: Namespace,
    s: Sandbox,
    watcher: Option<Watcher>,
}

impl Home {
    /// Enters a namespace with `eth0` up, both addresses and default routes.
    fn enter(test: &str) -> Option<Self> {
        let net = Namespace::enter(test)?;
        let home = Self { net, s: Sandbox::new(), watcher: None };
        home.net.ip("netns add far");
        home.add("eth0");
        home.net.run(&format!(
            "ip addr add {V4}/24 dev eth0
             ip -6 addr add {V6}/64 dev eth0 nodad
             ip route add default via 81.2.69.2
             ip -6 route add default via fe80::1 dev eth0"
        ));
        home.sources("ipv4 = interface\nipv6 = interface", "A AAAA");
        Some(home)
    }

    /// Adds an interface that is up, with its other end in the namespace `far`. Its link-local address is usable.
    fn add(&self, name: &str) {
        self.net.run(&format!(
            "ip link add {name} type veth peer name {name} netns far
             ip -n far link set {name} up
             ip link set {name} up"
        ));
        let line = format!("ip link show dev {name}; ip -6 addr show dev {name}");
        crate::interface_source::until(&line, |output| {
            output.contains("state UP") && output.contains("inet6 fe80:") && !output.contains("tentative")
        });
    }

    /// Writes a config with these sources and types.
    fn sources(&self, sources: &str, types: &str) {
        let head = self.s.head();
        let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("ipv")).collect();
        let head = head.join("\n");
        self.s.raw_config(&format!("{head}\n{sources}\n[example.org]\nnames = home\ntypes = {types}\n"));
    }

    /// Starts the watcher, and waits for the end of its first pass.
    fn watch(&mut self) {
        self.watch_for(self.s.command(), V4, V6);
    }

    /// Does the same with another command, until both records have these addresses.
    fn watch_for(&mut self, mut command: Command, v4: &str, v6: &str) {
        command.args(["-c", "gandi-ddns.conf", "watch", "-v", "--interval", "1d"]);
        self.watcher = Some(Watcher::start(command));
        self.follows("A", v4);
        self.follows("AAAA", v6);
    }

    /// Waits until the record has this address and no other.
    #[track_caller]
    fn follows(&self, rrtype: &str, address: &str) {
        self.until(&format!("{rrtype} {address}"), || {
            self.s.zone("home", rrtype).split_once(' ').is_some_and(|(_, value)| value == address)
        });
    }

    /// Calls `advance` until a pass may follow an event at once: the last pass is ten seconds ago. What was written by it is
    /// known already.
    fn until_rested(advance: impl Fn()) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(10_100) {
            advance();
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Waits until a condition holds.
    #[track_caller]
    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(started.elapsed() < TIMEOUT, "not yet: {what}; the watcher's lines:\n{}", self.log());
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Returns the lines of the watcher so far.
    fn log(&self) -> String {
        self.watcher.as_ref().map(Watcher::log).unwrap_or_default()
    }

    /// Returns the reasons of the passes after the first one.
    fn reasons(&self) -> Vec<String> {
        self.log().lines().filter_map(|l| l.split_once("woken: ")).map(|(_, r)| r.to_owned()).collect()
    }

    /// Every pass after the first has this reason, and there are so many of them.
    #[track_caller]
    fn was_woken(&self, times: usize, reason: &str) {
        let reasons = self.reasons();
        assert!(
            reasons.len() == times && reasons.iter().all(|r| r == reason),
            "wanted {times} x `{reason}`:\n{}",
            self.log()
        );
    }

    /// Returns the addresses that were written to records of this type, in order.
    fn written(&self, rrtype: &str) -> Vec<String> {
        let puts = self.s.fake.puts().into_iter().filter(|p| p.target.ends_with(&format!("/{rrtype}")));
        let value = |body: &str| {
            let value = body.split_once("\"rrset_values\":[\"")?.1.split('"').next()?;
            Some(value.to_owned())
        };
        puts.map(|put| value(&put.body).unwrap_or_else(|| panic!("a value in {}", put.body))).collect()
    }

    /// Ends the watcher by SIGTERM. It exits with 0, and has printed no error and no secret.
    #[track_caller]
    fn end(&mut self) {
        let mut watcher = self.watcher.take().expect("a watcher");
        let code = watcher.end();
        let log = watcher.log();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains(TOKEN) && !log.contains(API_KEY), "a secret is in the output:\n{log}");
    }
}

/// The reason of a pass.
const KERNEL: &str = "an address or route of this machine has changed";

/// A running `watch -v`.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
    seen: std::cell::RefCell<String>,
}

impl Watcher {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the watcher starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, seen: std::cell::RefCell::default() }
    }

    /// Returns the lines on stderr so far.
    fn log(&self) -> String {
        let mut seen = self.seen.borrow_mut();
        for line in self.lines.try_iter() {
            seen.push_str(&line);
            seen.push('\n');
        }
        seen.clone()
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Returns the exit code after SIGTERM.
    fn end(&mut self) -> Option<i32> {
        self.signal("-TERM");
        let started = Instant::now();
        while started.elapsed() < TIMEOUT {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status.code();
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        panic!("SIGTERM does not end it:\n{}", self.log());
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
