//! `ipv4`, `ipv6` and `quorum` in sections: what each record follows, and mistakes with their lines.

use crate::sandbox::{ADDRESS, ADDRESS6, Sandbox};

/// Returns the IPv4 services of a sandbox, as in its config.
fn services(s: &Sandbox) -> String {
    s.v4.iter().map(fake_gandi::Echo::url).collect::<Vec<_>>().join(" ")
}

#[test]
fn section_follows_its_own_sources_and_the_others_the_global_ones() {
    let s = Sandbox::new();
    s.v4[2].set("62.4.99.20\n");
    let third = s.v4[2].url();
    s.config_with(
        "",
        &format!(
            "[example.org]\nnames = home\ntypes = A AAAA\n[example.org]\nnames = backup\ntypes = A AAAA\nipv4 = {third}\nquorum = 1\n"
        ),
    );
    let created = |name: &str, kind: &str, address: &str| {
        format!("{name}.example.org {kind}: created: {address} (TTL 300)\n")
    };
    s.run(&[]).is(
        0,
        &[
            created("home", "A", ADDRESS),
            created("home", "AAAA", ADDRESS6),
            created("backup", "A", "62.4.99.20"),
            created("backup", "AAAA", ADDRESS6),
        ]
        .concat(),
    );
    // The global group compares with one and writes with two, as it does alone; the third service is asked once by both.
    assert!(s.v4[2].count() <= 1 && s.v6.iter().map(fake_gandi::Echo::count).sum::<usize>() <= 3);
    s.run(&[]).is(0, "");
}

#[test]
fn family_can_be_off_in_one_section_only() {
    let s = Sandbox::new();
    let services = services(&s);
    s.config_with("", "[example.org]\nnames = home\n[example.org]\nnames = backup\nipv4 = off\n");
    s.run(&[]).is(0, &format!("home.example.org A: created: {ADDRESS} (TTL 300)\n"));
    s.fake.remove("example.org", "home", "A");
    let head = s.head().replace(&services, "off");
    s.raw_config(&format!(
        "{head}[example.org]\nnames = home\n[example.org]\nnames = backup\nipv4 = {services}\n"
    ));
    s.run(&[]).is(0, &format!("backup.example.org A: created: {ADDRESS} (TTL 300)\n"));
    s.config_with("", "[example.org]\nnames = home\ntypes = A AAAA\nipv4 = off\n");
    s.run(&[]).fails(78, &["gandi-ddns.conf:10: `types`: `ipv4` is off, so there is no address for A"]);
    s.config_with("", "[example.org]\nnames = home\nipv4 = off\n");
    s.run(&[]).fails(78, &["nothing to do: the address family of every record is `off`"]);
}

#[test]
fn mistake_in_a_section_is_told_with_its_line() {
    let s = Sandbox::new();
    for (lines, problem) in [
        (
            "ipv4 = web@",
            "gandi-ddns.conf:10: `ipv4`: `web@` needs the name of an interface after `@`, as in web@eth1",
        ),
        ("ipv4 = web@a/b", "gandi-ddns.conf:10: `ipv4`: `web@a/b`: `a/b` is not an interface name"),
        ("ipv4 = interface@eth1", "gandi-ddns.conf:10: `ipv4`: `interface@eth1`: write `interface:eth1`"),
        (
            "ipv4 = command@eth1",
            "gandi-ddns.conf:10: `ipv4`: `command@eth1`: a program chooses its way itself",
        ),
        ("ipv4 = https://a.example/ip@", "gandi-ddns.conf:10: `ipv4`: `@` in a URL must be followed by"),
        ("ipv4 =", "gandi-ddns.conf:10: `ipv4`: needs a value"),
        ("ipv4 = web\nipv4 = dns", "gandi-ddns.conf:11: `ipv4` is set twice"),
        ("quorum = 6", "gandi-ddns.conf:10: `quorum`: `6` is not a number from 1 to 5"),
        // The section cannot reach its quorum, with its own sources or the global ones.
        ("ipv4 = dns@eth1", "gandi-ddns.conf:10: `ipv4` has no source that can be published"),
        (
            "ipv4 = https://a.example/@eth0 https://a.example/@eth1",
            "gandi-ddns.conf:10: `ipv4` has sources of 1 provider, but 2 must agree",
        ),
        ("quorum = 4", "gandi-ddns.conf:10: `ipv4` has sources of 3 providers, but 4 must agree"),
        (
            "ipv4 = resolve:home.example.org@eth1\nquorum = 1",
            "gandi-ddns.conf:10: `ipv4` would look up its own record home.example.org",
        ),
        ("ipv6 = router@eth1", "gandi-ddns.conf:10: `ipv6`: `router` is for IPv4 only"),
        ("timeout = 5", "gandi-ddns.conf:10: `timeout` is a global setting"),
    ] {
        s.config_with("", &format!("[example.org]\nnames = home\n{lines}\n"));
        let ran = s.run(&[]);
        ran.fails(78, &[problem]);
        assert_eq!(ran.stderr.lines().count(), 1, "{lines}: {ran}");
    }
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn ip_shows_the_sources_of_sections_and_needs_no_record() {
    let s = Sandbox::new();
    let third = s.v4[2].url();
    s.v4[2].set("62.4.99.20\n");
    // A section without names, and one whose domain is not valid.
    s.config_with("", &format!("[example.org]\nipv4 = {third}\nquorum = 1\n[x]\nnames = a\n"));
    let ran = s.run(&["ip", "-4"]);
    ran.exits_without_errors(0);
    for (text, count) in [
        ("127.0.0.4 ", 1),
        ("IPv4 (127.0.0.2 127.0.0.3 127.0.0.4): 81.2.69.142: reported by", 1),
        ("IPv4 (127.0.0.4, quorum = 1): 62.4.99.20: reported by 127.0.0.4", 1),
    ] {
        assert_eq!(ran.stdout.lines().filter(|l| l.starts_with(text)).count(), count, "{text}: {ran}");
    }
    assert_eq!(s.v4[2].count(), 1, "asked once for both");
    let json = s.run(&["ip", "-4", "--json"]);
    assert!(json.stdout.contains("\"sources\":\"127.0.0.4, quorum = 1\""), "{json}");
    s.config_with("", "[example.org]\nnames = home\nipv4 = web@\n");
    s.run(&["ip"]).fails(78, &["gandi-ddns.conf:10: `ipv4`: `web@` needs the name of an interface"]);
}
