//! The source `interface`, in a network namespace with the interface `eth0`, whose other end is in another namespace.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, STALE6, Sandbox};

/// The longest time that the kernel needs for any change.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A public address, to find the kernel's source address for outgoing connections.
const OUT6: &str = "2606:4700:4700::1111";
/// The end of the error without a default route.
pub(crate) const NO_ROUTE: &str =
    "default route in the main table; check the network connection, or set `interface:NAME`\n";
/// The end of an error about the interface of the default route.
pub(crate) const ANOTHER: &str = "; to use another, set `interface:NAME`\n";

/// A sandbox and its interfaces.
pub(crate) struct Home {
    pub(crate) net: Namespace,
    pub(crate) s: Sandbox,
}

impl Home {
    /// Enters a namespace with `eth0` up.
    pub(crate) fn enter(test: &str) -> Option<Self> {
        let net = Namespace::enter(test)?;
        net.ip("netns add far");
        let home = Self { net, s: Sandbox::new() };
        home.add("eth0");
        Some(home)
    }

    /// Adds an interface, with its other end in the namespace `far`.
    pub(crate) fn add(&self, name: &str) {
        self.net.ip(&format!("link add {name} type veth peer name {name} netns far"));
        self.net.ip(&format!("-n far link set {name} up"));
        self.net.ip(&format!("link set {name} up"));
        let line = format!("ip link show dev {name}; ip -6 addr show dev {name}");
        until(&line, |output| output.contains("state UP") && output.contains("inet6 fe80:"));
    }

    /// Runs with this source for a stale record.
    pub(crate) fn run(&self, source: &str, rrtype: &str) -> RunOutput {
        let (key, stale) = if rrtype == "A" { ("ipv4", STALE) } else { ("ipv6", STALE6) };
        let head = self.s.head();
        let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
        self.s.raw_config(&format!(
            "{}\n{key} = {source}\n[example.org]\nnames = home\ntypes = {rrtype}\n",
            head.join("\n")
        ));
        self.s.fake.set("example.org", "home", rrtype, 600, &[stale]);
        self.s.run(&["-v", "--force"])
    }

    /// The record is changed to `address`, and `-v` prints the source, the address and the note.
    #[track_caller]
    pub(crate) fn follows(&self, source: &str, address: &str, note: &str) {
        let (rrtype, stale) = if address.contains(':') { ("AAAA", STALE6) } else { ("A", STALE) };
        let ran = self.run(source, rrtype);
        let expected = format!("home.example.org {rrtype}: {stale} -> {address}\n");
        ran.prints(0, &expected);
        let step = ran.stderr.lines().find(|l| l.contains(source) && l.contains(address));
        assert!(
            step.is_some_and(|l| l.contains(note)),
            "`{note}` is not in the line of {source}: {}",
            ran.stderr
        );
        if note.is_empty() {
            assert!(!ran.stderr.contains("from several"), "{}", ran.stderr);
        }
    }

    /// The run fails with this cause and changes nothing. Unless the interface has an address of the family, the advice
    /// is to do without that family.
    #[track_caller]
    pub(crate) fn fails(&self, source: &str, rrtype: &str, cause: &str) {
        let (family, stale) = if rrtype == "A" { ("IPv4", STALE) } else { ("IPv6", STALE6) };
        let ran = self.run(source, rrtype);
        let advice = format!("; if this connection has no {family}, remove {rrtype} from `types`\n");
        let cause = match cause.strip_suffix('\n') {
            Some(cause) if !cause.starts_with("answered with") => cause.to_owned() + &advice,
            _ => cause.to_owned(),
        };
        ran.says(&[&format!(
            "gandi-ddns: home.example.org {rrtype}: could not determine a public {family} address; nothing was changed: {source}: {cause}"
        )]);
        ran.prints(75, "");
        assert_eq!(self.s.zone("home", rrtype), format!("600 {stale}"));
    }

    /// Returns the source address that the kernel uses for outgoing connections.
    fn preferred_source() -> String {
        let output = until(&format!("ip -6 route get {OUT6}"), |output| output.contains(" src "));
        let mut words = output.split_whitespace().skip_while(|w| *w != "src");
        words.nth(1).expect("an address").to_owned()
    }

    /// Waits for the temporary address of this prefix, until duplicate address detection is done, and returns it.
    fn temporary(prefix: &str) -> String {
        let is_wanted = |l: &str| l.contains(" temporary ") && l.contains(prefix) && !l.contains("tentative");
        let output = until("ip -6 -o addr show dev eth0", |output| output.lines().any(is_wanted));
        let line = output.lines().find(|l| is_wanted(l)).expect("the line");
        let address = line.split_whitespace().find(|w| w.starts_with(prefix)).expect("an address");
        address.split('/').next().expect("an address").to_owned()
    }
}

/// Repeats a command until its output satisfies `wanted`, and returns the output.
#[track_caller]
pub(crate) fn until(line: &str, wanted: impl Fn(&str) -> bool) -> String {
    let started = Instant::now();
    loop {
        let ended = Command::new("sh").args(["-ec", line]).output().expect("a shell");
        let output = String::from_utf8(ended.stdout).expect("UTF-8");
        if wanted(&output) {
            return output;
        }
        assert!(started.elapsed() < TIMEOUT, "the output of {line} is still: {output}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn stable_global_ipv6_address_is_chosen() {
    let Some(h) = Home::enter("interface_source::stable_global_ipv6_address_is_chosen") else {
        return;
    };
    h.net.run(
        "echo 2 >/proc/sys/net/ipv6/conf/eth0/use_tempaddr
         ip -6 addr add 2a01:e0a:1:2::dead/64 dev eth0 nodad preferred_lft 0
         ip -6 addr add fd00::1/64 dev eth0 nodad
         ip -6 addr add 2a01:e0a:1:2::42/64 dev eth0 nodad mngtmpaddr
         ip -6 route add default via fe80::1 dev eth0",
    );
    let temporary = Home::temporary("2a01:e0a:1:2:");
    assert_eq!(Home::preferred_source(), temporary, "the kernel prefers the temporary address");
    for source in ["interface:eth0", "interface"] {
        h.follows(source, "2a01:e0a:1:2::42", "");
    }
}

#[test]
fn ipv6_prefix_of_the_default_route_is_preferred() {
    let Some(h) = Home::enter("interface_source::ipv6_prefix_of_the_default_route_is_preferred") else {
        return;
    };
    h.net.run(
        "echo 2 >/proc/sys/net/ipv6/conf/eth0/use_tempaddr
         ip -6 addr add 2a01:e0a:1:a::42/64 dev eth0 nodad mngtmpaddr
         ip -6 addr add 2a01:e0a:1:b::42/64 dev eth0 nodad mngtmpaddr
         ip -6 addr add fd00::1/64 dev eth0 nodad",
    );
    for prefix in ["2a01:e0a:1:a:", "2a01:e0a:1:b:"] {
        let temporary = Home::temporary(prefix);
        for (source, note) in [
            (temporary, "chosen from several (prefix of the kernel's choice)"),
            (format!("{prefix}:42"), "chosen from several (the kernel's choice)"),
        ] {
            h.net.ip(&format!("-6 route replace default via fe80::1 dev eth0 src {source}"));
            assert_eq!(Home::preferred_source(), source);
            h.follows("interface:eth0", &format!("{prefix}:42"), note);
            h.follows("interface", &format!("{prefix}:42"), note);
        }
    }
    // The default route is on another interface, which has another address.
    h.add("eth1");
    h.net.run(
        "ip -6 addr add 2a01:e0a:1:c::42/64 dev eth1 nodad
         ip -6 route del default
         ip -6 route add default via fe80::1 dev eth1",
    );
    h.follows("interface:eth0", "2a01:e0a:1:a::42", "chosen from several (RFC 6724 rule 8)");
    h.follows("interface:eth1", "2a01:e0a:1:c::42", "");
    h.follows("interface", "2a01:e0a:1:c::42", "");
    h.net.ip("-6 route del default");
    h.follows("interface:eth0", "2a01:e0a:1:a::42", "chosen from several (RFC 6724 rule 8)");
    h.follows("interface:eth1", "2a01:e0a:1:c::42", "");
    h.fails("interface", "AAAA", &format!("no IPv6 {NO_ROUTE}"));
}

#[test]
fn unsuitable_ipv6_addresses_are_refused() {
    let Some(h) = Home::enter("interface_source::unsuitable_ipv6_addresses_are_refused") else { return };
    h.net.ip("-6 route add default via fe80::1 dev eth0");
    for (setup, kinds) in [
        ("true", "link-local"),
        ("ip -6 addr add fd00::1/64 dev eth0 nodad", "link-local, unique local"),
        ("ip -6 addr add 2001:db8::1/64 dev eth0 nodad", "documentation, link-local"),
        ("ip -6 addr add 2a01:e0a:1:2::4/64 dev eth0 nodad preferred_lft 0", "deprecated, link-local"),
        // With 10,000 probes for duplicates, the address stays tentative.
        (
            "echo 10000 >/proc/sys/net/ipv6/conf/eth0/dad_transmits
             ip -6 addr add 2a01:e0a:1:2::4/64 dev eth0",
            "link-local, tentative",
        ),
    ] {
        h.net.run(setup);
        h.fails("interface:eth0", "AAAA", &format!("has only {kinds} addresses (none suitable)\n"));
        h.net.run("ip -6 addr flush dev eth0 scope global");
    }
    // The other host already has this address.
    h.net.run(
        "echo 1 >/proc/sys/net/ipv6/conf/eth0/dad_transmits
         ip -n far -6 addr add 2a01:e0a:1:2::4/64 dev eth0 nodad
         ip -6 addr add 2a01:e0a:1:2::4/64 dev eth0",
    );
    until("ip -6 addr show dev eth0", |output| output.contains("dadfailed"));
    h.fails("interface:eth0", "AAAA", "has only duplicate, link-local addresses (none suitable)\n");
    // A temporary address whose stable address is deprecated.
    h.net.run(
        "ip -6 addr flush dev eth0 scope global
         echo 2 >/proc/sys/net/ipv6/conf/eth0/use_tempaddr
         ip -6 addr add 2a01:e0a:1:2::5/64 dev eth0 nodad mngtmpaddr",
    );
    Home::temporary("2a01:e0a:1:2:");
    h.net.ip("-6 addr change 2a01:e0a:1:2::5/64 dev eth0 mngtmpaddr preferred_lft 0");
    let kinds = "deprecated, link-local, temporary";
    h.fails("interface:eth0", "AAAA", &format!("has only {kinds} addresses (none suitable)\n"));
    h.fails(
        "interface",
        "AAAA",
        &format!("eth0 (interface of the default route) has only {kinds} addresses (none suitable){ANOTHER}"),
    );
}

#[test]
fn ipv4_address_that_is_not_public_is_refused() {
    let Some(h) = Home::enter("interface_source::ipv4_address_that_is_not_public_is_refused") else { return };
    h.fails("interface:eth0", "A", "has no IPv4 address\n");
    h.fails("interface", "A", &format!("no IPv4 {NO_ROUTE}"));
    h.net.run(
        "ip addr add 192.168.1.10/24 dev eth0
         ip route add default via 192.168.1.1",
    );
    for source in ["interface:eth0", "interface"] {
        h.fails(source, "A", "answered with 192.168.1.10, a private address (RFC 1918)\n");
    }
    // A point-to-point link of a modem, with the peer's address.
    h.add("ppp0");
    h.net.run(
        "ip addr add 81.2.69.142 peer 81.2.69.99 dev ppp0
         ip addr add 10.0.0.1/32 dev ppp0
         ip route replace default dev ppp0",
    );
    h.follows("interface:ppp0", "81.2.69.142", "");
    h.follows("interface", "81.2.69.142", "");
    h.fails("interface:eth0", "A", "answered with 192.168.1.10, a private");
    h.net.ip("addr add 81.2.69.100/32 dev ppp0");
    h.follows("interface:ppp0", "81.2.69.142", "chosen from several (the kernel's choice)");
    h.net.ip("route replace default dev ppp0 src 81.2.69.100");
    h.follows("interface:ppp0", "81.2.69.100", "chosen from several (the kernel's choice)");
    h.net.ip("addr add 81.2.69.50/32 dev ppp0");
    h.net.ip("route replace default via 192.168.1.1");
    h.follows("interface:ppp0", "81.2.69.50", "chosen from several (the lowest)");
    // A public address after the private one, with a label as ifconfig makes it.
    h.net.ip("addr add 81.2.69.160/32 dev eth0 label eth0:1");
    for source in ["interface:eth0", "interface:eth0:1", "interface"] {
        h.follows(source, "81.2.69.160", "");
    }
}

#[test]
fn absent_or_down_interface_is_an_error() {
    let Some(h) = Home::enter("interface_source::absent_or_down_interface_is_an_error") else { return };
    for rrtype in ["A", "AAAA"] {
        let ran = h.run("interface:eth9", rrtype);
        ran.says(&["interface:eth9: does not exist (available: ", "eth0", "lo"]);
        ran.prints(75, "");
    }
    let down = "is down or has no link\n";
    h.net.run(
        "echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down
         ip -6 addr add 2a01:e0a:1:2::42/64 dev eth0 nodad
         ip addr add 81.2.69.142/24 dev eth0",
    );
    h.follows("interface:eth0", "81.2.69.142", "");
    h.follows("interface:eth0", "2a01:e0a:1:2::42", "");
    h.net.ip("-n far link set eth0 down");
    until("ip link show dev eth0", |told| !told.contains("state UP"));
    for rrtype in ["A", "AAAA"] {
        h.fails("interface:eth0", rrtype, down);
    }
    h.net.ip("-n far link set eth0 up");
    until("ip link show dev eth0", |output| output.contains("state UP"));
    h.follows("interface:eth0", "81.2.69.142", "");
    h.net.ip("link set eth0 down");
    for rrtype in ["A", "AAAA"] {
        h.fails("interface:eth0", rrtype, down);
    }
    h.net.run("ip addr flush dev eth0");
    for rrtype in ["A", "AAAA"] {
        h.fails("interface:eth0", rrtype, "has no addresses; check that it is up\n");
    }
    h.net.run("ip addr add 81.2.69.142/24 dev eth0; ip link set eth0 up");
    until("ip link show dev eth0", |output| output.contains("state UP"));
    h.net.run("echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6");
    h.fails("interface:eth0", "AAAA", "has no IPv6 address\n");
}

#[test]
fn tentative_ipv6_address_is_waited_for() {
    let Some(h) = Home::enter("interface_source::tentative_ipv6_address_is_waited_for") else { return };
    h.net.ip("-6 route add default via fe80::1 dev eth0");
    for (source, optimistic) in [("interface:eth0", 0), ("interface", 0), ("interface", 1)] {
        // Duplicate address detection takes one to two seconds.
        h.net.run(&format!(
            "echo {optimistic} >/proc/sys/net/ipv6/conf/eth0/optimistic_dad
             ip -6 addr add 2a01:e0a:1:2::7/64 dev eth0"
        ));
        h.follows(source, "2a01:e0a:1:2::7", "");
        h.net.ip("-6 addr del 2a01:e0a:1:2::7/64 dev eth0");
    }
}

#[test]
fn tentative_ipv6_address_is_not_waited_for_when_another_is_suitable() {
    let test = "interface_source::tentative_ipv6_address_is_not_waited_for_when_another_is_suitable";
    let Some(h) = Home::enter(test) else { return };
    // With 10,000 probes for duplicates, the address stays tentative.
    h.net.run(
        "echo 10000 >/proc/sys/net/ipv6/conf/eth0/dad_transmits
         ip -6 addr add 2a01:e0a:1:2::4/64 dev eth0
         ip -6 addr add 2a01:e0a:1:2::5/64 dev eth0 nodad",
    );
    h.follows("interface:eth0", "2a01:e0a:1:2::5", "");
    let ran = h.s.run(&["ip", "-6", "--json"]);
    ran.exits(0);
    let milliseconds = ran.stdout.split("\"milliseconds\":").nth(1).expect("a duration");
    let milliseconds: u32 = milliseconds.split(',').next().expect("a number").parse().expect("a number");
    assert!(milliseconds < 3000, "{ran}");
}

#[test]
fn address_behind_the_carriers_nat_is_a_warning_before_a_write() {
    let name = "interface_source::address_behind_the_carriers_nat_is_a_warning_before_a_write";
    let Some(h) = Home::enter(name) else { return };
    let echoes: Vec<_> = h.s.v4.iter().map(fake_gandi::Echo::url).collect();
    let echoes = echoes.join(" ");
    let config = |sources: &str| {
        let head = h.s.head();
        let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv4")).collect();
        h.s.raw_config(&format!(
            "{}\nipv4 = {sources}\n[example.org]\nnames = home\ntypes = A\n",
            head.join("\n")
        ));
        h.s.fake.set("example.org", "home", "A", 600, &[STALE]);
    };
    let change = format!("home.example.org A: {STALE} -> {ADDRESS}\n");
    for (address, kind) in [
        ("192.0.0.4", "a DS-Lite or 464XLAT address (RFC 7335)"),
        ("192.0.0.2", "a DS-Lite or 464XLAT address (RFC 7335)"),
        ("100.64.3.7", "a CGNAT address (RFC 6598)"),
    ] {
        h.net.run(&format!("ip addr add {address}/32 dev eth0; ip route add default dev eth0"));
        let text =
            format!("answered with {address}, {kind}, but 127.0.0.2 sees {ADDRESS}, which the carrier's NAT");
        for (sources, source) in [
            (format!("interface {echoes}"), "interface"),
            (format!("interface:eth0 {echoes}"), "interface:eth0"),
            (format!("{echoes} interface"), "interface"),
        ] {
            config(&sources);
            let warning = format!("warning: {source} {text}");
            let ran = h.s.run(&["--force"]);
            ran.prints(0, &change);
            ran.says(&[&warning, "the name will not reach this machine"]);
            assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
            // The warning appears only when a record is written.
            h.s.run(&["--force"]).is(0, "");
        }
        // Without `interface` in the config, too.
        config(&echoes);
        let ran = h.s.run(&["check"]);
        assert!(ran.stdout.contains(&format!("warning  address IPv4: interface {text}")), "{ran}");
        let ran = h.s.run(&["ip", "-4"]);
        assert!(ran.stdout.contains(&format!("; interface {text}")), "{ran}");
        h.net.ip("addr flush dev eth0 scope global");
    }
    // Usual behind a home router.
    h.net.run("ip addr add 192.168.1.10/24 dev eth0; ip route add default via 192.168.1.1");
    config(&format!("interface {echoes}"));
    h.s.run(&["--force"]).is(0, &change);
    let ran = h.s.run(&["check"]);
    assert!(!ran.stdout.contains("carrier"), "{ran}");
}
