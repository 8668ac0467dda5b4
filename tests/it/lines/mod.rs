//! Several lines to the internet: sources that are asked through an interface, and sections with sources of their own.

mod home;
mod sections;

use std::fs;
use std::process::Command;

use crate::namespace::Namespace;
use home::{FIRST, Home, SECOND, STALE, TWO_GROUPS};

const RESOLVER: &str = "nameserver 9.9.9.9\n";

#[test]
fn each_group_gets_the_address_of_its_line_in_quiet_runs_too() {
    let Some(h) = Home::enter("lines::each_group_gets_the_address_of_its_line_in_quiet_runs_too", RESOLVER)
    else {
        return;
    };
    let (ran, [udp1, tcp1, udp2, tcp2]) = h.cost(&[]);
    ran.is(
        0,
        &format!("home.example.org A: created: {FIRST} (TTL 300)\nbackup.example.org A: created: {SECOND} (TTL 300)\n"),
    );
    h.holds("two lines", FIRST, SECOND);
    // Two services each, their names, and a hint.
    assert_eq!([udp1, tcp1, udp2, tcp2], [3, 2, 3, 2]);
    let requests = h.s.fake.requests().len();
    for _ in 0..2 {
        let (ran, packets) = h.cost(&[]);
        ran.is(0, "");
        assert_eq!(packets, [1, 0, 1, 0], "one hint by each line");
    }
    assert_eq!(h.s.fake.requests().len(), requests, "no request to Gandi");
    // The address of one line changes.
    h.net.run(
        "ip -n two addr del 62.4.99.20/24 dev wan0; ip -n two addr add 62.4.99.21/24 dev wan0
         ip -n two route replace default via 62.4.99.3",
    );
    let (ran, packets) = h.cost(&[]);
    ran.is(0, "backup.example.org A: 62.4.99.20 -> 62.4.99.21\n");
    h.holds("wwan0 changed", FIRST, "62.4.99.21");
    assert_eq!(packets[..2], [1, 0], "nothing but the hint by the line that has not changed");
}

#[test]
fn line_that_is_down_fails_alone() {
    let Some(h) = Home::enter("lines::line_that_is_down_fails_alone", RESOLVER) else { return };
    // So little that a line without an end would use it up.
    h.config(&format!("timeout = 12\n{TWO_GROUPS}"));
    for (down, up, words) in [
        ("ip link set DEV down", "ip link set DEV up", "DEV is down or has no link"),
        ("ip -n NS link set lan0 down", "ip -n NS link set lan0 up", "DEV is down or has no link"),
        (
            "ip addr flush dev DEV",
            "ip addr add NET.2/24 dev DEV",
            "DEV has no addresses; check that it is up",
        ),
        (
            "ip -n NS link set wan0 down",
            "ip -n NS link set wan0 up; ip -n NS route replace default via GW",
            "could not",
        ),
        (
            "ip netns exec NS nft add chain ip t f '{ type filter hook forward priority 0; policy drop; }'",
            "ip netns exec NS nft delete chain ip t f",
            "could not",
        ),
        (
            "ip link set DEV name gone0",
            "ip link set gone0 down; ip link set gone0 name DEV; ip link set DEV up",
            "DEV does not exist (available: ",
        ),
    ] {
        for (ns, dev, net, gw, metric) in
            [("one", "eth0", "192.168.1", "81.2.69.3", 100), ("two", "wwan0", "192.168.2", "62.4.99.3", 200)]
        {
            let of =
                |text: &str| text.replace("NS", ns).replace("DEV", dev).replace("NET", net).replace("GW", gw);
            h.net.run(&of(down));
            let ran = h.update();
            let (failed, works, address) =
                if ns == "one" { ("home", "backup", SECOND) } else { ("backup", "home", FIRST) };
            ran.prints(75, &format!("{works}.example.org A: {STALE} -> {address}\n"));
            ran.says(&[
                &format!("{failed}.example.org A: could not determine"),
                &format!("@{dev}"),
                &of(words),
            ]);
            assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
            let (first, second) = if ns == "one" { (STALE, SECOND) } else { (FIRST, STALE) };
            h.holds(&of(down), first, second);
            h.net.run(&format!("{}; ip route replace default via {net}.1 dev {dev} metric {metric}", of(up)));
            h.net.run(&format!("until ip link show {dev} | grep -q 'state UP'; do :; done"));
        }
    }
    h.update().exits_without_errors(0);
    h.holds("both up again", FIRST, SECOND);
}

#[test]
fn rules_by_mark_as_those_of_mwan3_do_not_matter() {
    let Some(h) = Home::enter("lines::rules_by_mark_as_those_of_mwan3_do_not_matter", RESOLVER) else {
        return;
    };
    // The sources without an interface follow the marks.
    h.config(&TWO_GROUPS.replace("dns@eth0 web@eth0", "web"));
    // As a router does, since the first choice of a route decides on the address.
    h.net.run(
        "nft add table ip n; nft add chain ip n p '{ type nat hook postrouting priority srcnat; }'
         nft add rule ip n p oifname { eth0, wwan0 } masquerade
         ip route add default via 192.168.1.1 dev eth0 table 1; ip route add default via 192.168.2.1 dev wwan0 table 2
         ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2
         nft add table ip m; nft add chain ip m out '{ type route hook output priority mangle; }'",
    );
    let mark_packets = |mark: &str| {
        h.net.run(&format!(
            "nft flush chain ip m out
            nft add rule ip m out ip daddr 127.0.0.0/8 accept
            nft add rule ip m out 'meta mark & 0x3f00 == 0' meta mark set {mark}"
        ));
    };
    for (mark, first) in [("0x100", FIRST), ("0x200", SECOND)] {
        mark_packets(mark);
        h.update().exits_without_errors(0);
        h.holds(&format!("mark {mark}"), first, SECOND);
    }
    if crate::sandbox::is_emulated() {
        // qemu-user 7.2 cannot set the mark of a socket.
        return;
    }
    // mwan3 refuses what its mark leads to another interface, but for packets with all bits of its mask.
    h.net.run(
        "ip rule add pref 3001 fwmark 0x100/0x3f00 unreachable; ip rule add pref 3002 fwmark 0x200/0x3f00 unreachable
         mkdir /run/mwan3; echo 0x3f00 >/run/mwan3/mmx_mask",
    );
    for (mark, first) in [("0x100", FIRST), ("0x200", SECOND)] {
        mark_packets(mark);
        h.update().exits_without_errors(0);
        h.holds(&format!("mwan3 with mark {mark}"), first, SECOND);
        h.config(TWO_GROUPS);
        h.update().exits_without_errors(0);
        h.holds(&format!("mwan3 with mark {mark}, both by interface"), FIRST, SECOND);
        h.config(&TWO_GROUPS.replace("dns@eth0 web@eth0", "web"));
    }
}

#[test]
fn line_without_a_route_in_the_main_table_is_found_by_a_rule_for_its_interface() {
    let test = "lines::line_without_a_route_in_the_main_table_is_found_by_a_rule_for_its_interface";
    let Some(h) = Home::enter(test, RESOLVER) else { return };
    h.net.run(
        "ip route del default dev wwan0
         ip route add default via 192.168.2.1 dev wwan0 table 7; ip rule add oif wwan0 lookup 7",
    );
    h.update().exits_without_errors(0);
    h.holds("rule by oif", FIRST, SECOND);
}

#[test]
fn names_are_resolved_through_the_interface() {
    let Some(h) = Home::enter("lines::names_are_resolved_through_the_interface", "nameserver 127.0.0.53\n")
    else {
        return;
    };
    // No name server on this machine listens: public ones are asked.
    h.config("ipv4 = https://my.names.example/ip@wwan0\nquorum = 1\n[example.org]\nnames = home\n");
    let (ran, packets) = h.cost(&["--force"]);
    ran.is(0, &format!("home.example.org A: created: {SECOND} (TTL 300)\n"));
    assert_eq!(packets[..2], [0, 0], "nothing by the other line");
    assert_eq!(packets[3], 1);
    // One beyond the line, another one, and one that is not on its link and gets no question.
    for (server, address) in [("9.9.9.9", "46.4.0.9"), ("8.8.8.8", "46.4.0.8"), ("192.168.1.53", "46.4.0.8")]
    {
        fs::write("/run/resolv.conf", format!("nameserver {server}\n")).expect("resolv.conf");
        h.config("ipv4 = resolve:line.names.example@wwan0\nquorum = 1\n[example.org]\nnames = home\n");
        h.stale();
        let (ran, packets) = h.cost(&["--force"]);
        ran.is(0, &format!("home.example.org A: {STALE} -> {address}\n"));
        assert_eq!(packets[..2], [0, 0], "nothing by the other line");
        // A single question, or one to each of the public ones.
        assert_eq!(packets[2..], if server.starts_with("192") { [2, 0] } else { [1, 0] }, "{server}");
    }
    // A name that only this machine knows, for a URL only.
    fs::write("/run/hosts", "46.4.0.1 api4.ipify.org\n").expect("hosts");
    h.net.run(
        "ip netns exec internet nft add table ip t
        ip netns exec internet nft add chain ip t i '{ type filter hook input priority 0; }'
        ip netns exec internet nft add rule ip t i udp dport 53 drop",
    );
    h.config("ipv4 = https://api4.ipify.org/@wwan0\nquorum = 1\n[example.org]\nnames = home\n");
    h.stale();
    h.s.run(&["--force"]).is(0, &format!("home.example.org A: {STALE} -> {SECOND}\n"));
    h.config("ipv4 = resolve:api4.ipify.org@wwan0\nquorum = 1\n[example.org]\nnames = home\n");
    h.stale();
    h.s.run(&["--force"]).fails(75, &["resolve:api4.ipify.org@wwan0: no name server gave a usable answer"]);
}

#[test]
fn gateway_of_each_interface_reports_the_address_of_its_line() {
    let test = "lines::gateway_of_each_interface_reports_the_address_of_its_line";
    if !Namespace::has(test, &["miniupnpd"]) {
        return;
    }
    let Some(h) = Home::enter(test, RESOLVER) else { return };
    let groups = "ipv4 = router@eth0\n[example.org]\nnames = home\n[example.org]\nnames = backup\nipv4 = router@wwan0\n";
    h.config(groups);
    let _daemons = ["one", "two"].map(|line| h.miniupnpd(line));
    let (ran, packets) = h.cost(&[]);
    ran.exits_without_errors(0);
    h.holds("routers", FIRST, SECOND);
    assert!(packets.iter().all(|&n| n > 0), "NAT-PMP and UPnP by each line: {packets:?}");
    let (ran, packets) = h.cost(&[]);
    ran.is(0, "");
    assert_eq!(packets, [1, 0, 1, 0], "NAT-PMP by each line");
    // The metric of its route does not matter, but there must be one.
    h.net.run("ip route del default dev wwan0");
    let ran = h.update();
    ran.prints(75, &format!("home.example.org A: {STALE} -> {FIRST}\n"));
    ran.says(&[
        "backup.example.org A",
        "router@wwan0: the main table has no default route by wwan0 with a gateway",
    ]);
}

#[test]
fn unknown_interface_is_a_failure_of_its_names_and_a_warning_of_check() {
    let Some(h) =
        Home::enter("lines::unknown_interface_is_a_failure_of_its_names_and_a_warning_of_check", RESOLVER)
    else {
        return;
    };
    h.config(&TWO_GROUPS.replace("wwan0", "ppp9"));
    let ran = h.update();
    ran.prints(75, &format!("home.example.org A: {STALE} -> {FIRST}\n"));
    ran.says(&[
        "backup.example.org A: could not determine a public IPv4 address; nothing was changed: ",
        "@ppp9: ppp9 does not exist (available: ",
    ]);
    assert!(!ran.stderr.contains("next try at"), "there is no backoff: {ran}");
    let check = h.s.run(&["check"]);
    check.exits(75);
    let lines = [
        "source ipify@ppp9 IPv4: ppp9 does not exist",
        "address IPv4 (dns@ppp9 web@ppp9): none",
        "source ipify@eth0 IPv4: 81.2.69.142",
    ];
    for line in lines {
        assert!(check.stdout.contains(line), "{line}: {check}");
    }
    let redacted = h.s.run(&["check", "--redact"]);
    assert!(
        redacted.stdout.contains("ipify@ppp9") && redacted.stdout.contains("ppp9 does not exist"),
        "{redacted}"
    );
    // It comes up: the next run updates the record.
    h.net.run(
        "ip link set wwan0 down; ip link set wwan0 name ppp9; ip link set ppp9 up
               ip route replace default via 192.168.2.1 dev ppp9 metric 200
               until ip link show ppp9 | grep -q 'state UP'; do :; done",
    );
    let ran = h.s.run(&[]);
    assert!(
        ran.code == Some(0) && ran.stdout.contains(&format!("backup.example.org A: {STALE} -> {SECOND}\n")),
        "{ran}"
    );
}

#[test]
fn answer_is_shared_by_all_groups_that_ask_for_it() {
    let Some(h) = Home::enter("lines::answer_is_shared_by_all_groups_that_ask_for_it", RESOLVER) else {
        return;
    };
    h.config(
        "ipv4 = dns@eth0 web@eth0\n[example.org]\nnames = home\n[example.org]\nnames = backup\nquorum = 3\n\
         [example.org]\nnames = third\nipv4 = web@eth0\n[example.org]\nnames = fourth\nipv4 = dns@eth0 web@eth0\n",
    );
    let (ran, packets) = h.cost(&[]);
    ran.exits_without_errors(0);
    // Three services and their names, and one hint; a group alone would ask for two.
    assert_eq!(packets, [4, 3, 0, 0], "{ran}");
    let (ran, packets) = h.cost(&[]);
    ran.is(0, "");
    // The hint for three groups, and one service for the group without hints.
    assert_eq!(packets, [2, 1, 0, 0]);
    let ip = h.s.run(&["ip"]);
    ip.exits_without_errors(0);
    for (line, count) in [
        ("ipify@eth0 ", 1),
        ("dns:google@eth0 ", 1),
        ("IPv4 (dns@eth0 web@eth0): 81.2.69.142", 1),
        ("IPv4 (dns@eth0 web@eth0, quorum = 3): 81.2.69.142", 1),
        ("IPv4 (web@eth0): 81.2.69.142", 1),
    ] {
        assert_eq!(ip.stdout.matches(line).count(), count, "{line}: {ip}");
    }
}

#[test]
fn user_without_capabilities_may_ask_through_an_interface() {
    let test = "lines::user_without_capabilities_may_ask_through_an_interface";
    if !Namespace::has(test, &["setpriv"]) {
        return;
    }
    let Some(h) = Home::enter(test, RESOLVER) else { return };
    h.stale();
    let inner = h.s.command();
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set=-all", "--inh-caps=-all", "--"])
        .arg(inner.get_program())
        .args(inner.get_args());
    command.env_clear().env("HOME", h.s.path("")).current_dir(h.s.path(""));
    h.s.finish(command.args(["-c", "gandi-ddns.conf"])).exits_without_errors(0);
    h.holds("no capabilities", FIRST, SECOND);
}

#[test]
fn address_of_the_interface_is_bound_where_the_kernel_refuses_the_interface() {
    let test = "lines::address_of_the_interface_is_bound_where_the_kernel_refuses_the_interface";
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return;
    }
    let Some(h) = Home::enter(test, RESOLVER) else { return };
    h.net
        .run("ip route add default via 192.168.2.1 dev wwan0 table 2; ip rule add from 192.168.2.2 lookup 2");
    h.config("ipv4 = https://api4.ipify.org/@wwan0\nquorum = 1\n[example.org]\nnames = home\n");
    let trace = h.s.path("trace");
    // The first option of a socket binds that for DNS, the one after its timeout that for TCP.
    let refuse = |option: &str| {
        let inner = h.s.command();
        let mut command = Command::new("strace");
        command
            .args(["-qq", "-f", "-e", "trace=setsockopt,bind", "-e"])
            .arg(format!("inject=setsockopt:error=EPERM:when={option}"));
        command.arg("-o").arg(&trace).arg(inner.get_program()).args(["-c", "gandi-ddns.conf", "--force"]);
        command.env_clear().env("HOME", h.s.path("")).current_dir(h.s.path(""));
        h.s.fake.set("example.org", "home", "A", 600, &[STALE]);
        let ran = h.s.finish(&mut command);
        let trace = fs::read_to_string(&trace).expect("the trace");
        let refused = trace.lines().filter(|l| l.contains("SO_BINDTODEVICE") && l.contains("EPERM")).count();
        assert_eq!(refused, 1, "{trace}");
        (ran, trace.matches("inet_addr(\"192.168.2.2\")").count())
    };
    for option in ["1", "3"] {
        let (ran, bound) = refuse(option);
        assert_eq!(bound, 1, "{ran}");
        ran.is(0, &format!("home.example.org A: {STALE} -> {SECOND}\n"));
    }
    // Without the rule, packets from its address leave by the other line, as those of this address if this machine
    // translates.
    h.net.run(
        "ip rule del from 192.168.2.2 lookup 2
         nft add table ip n; nft add chain ip n p '{ type nat hook postrouting priority srcnat; }'
         nft add rule ip n p oifname eth0 masquerade",
    );
    let (ran, bound) = refuse("3");
    ran.fails(75, &["@wwan0", "this kernel lets only root choose the interface"]);
    assert_eq!((bound, h.s.zone("home", "A")), (0, format!("600 {STALE}")));
}

#[test]
fn prefix_of_another_interface_is_combined_with_the_suffix_of_a_section() {
    let test = "lines::prefix_of_another_interface_is_combined_with_the_suffix_of_a_section";
    let Some(h) = Home::enter(test, RESOLVER) else { return };
    h.net.run(
        "ip -6 addr add 2a01:e0a:1:2::3/64 dev eth0 nodad; ip -6 addr add 2a01:e0a:1:9::3/64 dev wwan0 nodad",
    );
    h.config(
        "ipv6 = interface:eth0\n[example.org]\nnames = home\ntypes = AAAA\n\
         [example.org]\nnames = backup nas\ntypes = AAAA\nipv6 = interface:wwan0\nsuffix = ::1:2:3:4/64\n",
    );
    h.s.run(&[]).is(
        0,
        "home.example.org AAAA: created: 2a01:e0a:1:2::3 (TTL 300)\n\
         backup.example.org AAAA: created: 2a01:e0a:1:9:1:2:3:4 (TTL 300)\n\
         nas.example.org AAAA: created: 2a01:e0a:1:9:1:2:3:4 (TTL 300)\n",
    );
}

#[test]
fn connection_of_one_line_is_not_reused_for_another() {
    let Some(h) = Home::enter("lines::connection_of_one_line_is_not_reused_for_another", RESOLVER) else {
        return;
    };
    let url = "https://api4.ipify.org/ip";
    h.config(&format!(
        "ipv4 = {url}\nquorum = 1\n[example.org]\nnames = home\n[example.org]\nnames = backup\nipv4 = {url}@wwan0\n\
         [example.org]\nnames = third\nipv4 = {url}@eth0\n"
    ));
    let (ran, packets) = h.cost(&[]);
    ran.exits_without_errors(0);
    h.holds("one URL by each line", FIRST, SECOND);
    assert_eq!([packets[1], packets[3]], [2, 1], "a connection for each way");
    assert_eq!(h.s.zone("third", "A"), format!("300 {FIRST}"));
}
