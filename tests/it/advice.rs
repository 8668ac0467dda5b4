//! Advice for a machine without a connection of one address family, and none where it would mislead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::Sandbox;
use fake_gandi::{Answer, Echo, Fault, Times};

const NETWORK: &str = "; check the network connection and DNS resolver";
const A: &str = "; if this connection has no IPv4, remove A from `types`";
const AAAA: &str = "; if this connection has no IPv6, remove AAAA from `types`";

/// Sets the sources of one family and a record of it. `WEB` stands for the echo services.
fn configure(s: &Sandbox, key: &str, sources: &str) {
    let head = s.head();
    let line = head.lines().find(|l| l.starts_with(key)).expect("the services");
    let services = line.split_once("= ").expect("a list").1;
    let rrtype = if key == "ipv4" { "A" } else { "AAAA" };
    let list = format!("{key} = {}", sources.replace("WEB", services));
    s.raw_config(&format!("{}\n[example.org]\nnames = home\ntypes = {rrtype}\n", head.replace(line, &list)));
}

fn with_programs() -> Sandbox {
    let s = Sandbox::new();
    s.write("silent", "#!/bin/sh\n");
    fs::set_permissions(s.path("silent"), fs::Permissions::from_mode(0o700)).expect("chmod");
    s
}

#[test]
fn family_without_a_connection_is_advised_to_leave_the_types() {
    for (key, advice) in [("ipv4", A), ("ipv6", AAAA)] {
        for sources in [
            "WEB",
            "interface:lo WEB",
            "interface:lo",
            "command:silent WEB",
            "WEB interface:lo command:silent",
        ] {
            // The address of `lo` is one that is not public, as behind a router.
            if (key, sources) == ("ipv4", "interface:lo") {
                continue;
            }
            let s = with_programs();
            s.v4.iter().chain(&s.v6).for_each(Echo::refuse);
            configure(&s, key, sources);
            let ran = s.run(&[]);
            ran.fails(75, &["could not determine a public IP", advice]);
            assert!(ran.stderr.ends_with(&format!("{advice}\n")), "{sources}: {ran}");
            assert_eq!(
                ran.stderr.contains(NETWORK),
                key == "ipv4" && sources.contains("WEB"),
                "{sources}: {ran}"
            );
            let check = s.run(&["check"]);
            assert!(
                check
                    .stdout
                    .lines()
                    .any(|l| l.contains("none: no usable public address; ") && l.contains(advice)),
                "{sources}: {check}"
            );
        }
    }
}

#[test]
fn family_with_a_connection_is_not_advised_to_leave_the_types() {
    for key in ["ipv4", "ipv6"] {
        for (sources, answers) in [("interface:lo WEB", true), ("WEB", true), ("command:silent", false)] {
            let s = with_programs();
            for echo in s.v4.iter().chain(&s.v6) {
                if answers {
                    echo.fault(Times::Always, Fault::Answer(Answer::html(200, "<title>Login</title>")));
                } else {
                    echo.refuse();
                }
            }
            configure(&s, key, sources);
            let ran = s.run(&[]);
            ran.fails(75, &["could not determine a public IP"]);
            assert!(!ran.stderr.contains("from `types`"), "{sources}: {ran}");
        }
    }
}
