//! Unit tests of redact.rs.

use super::*;

fn redactor(names: &[(&str, &str)]) -> Redactor {
    let mut redactor = Redactor::new(Some(Path::new("/home/pi")));
    for (name, replacement) in names {
        redactor.hide(name, replacement);
    }
    redactor
}

#[test]
fn without_addresses_replaces_each_address_and_keeps_other_numbers() {
    for (text, wanted) in [
        ("81.2.69.142: reported by ipify", "[IPv4]: reported by ipify"),
        ("2a01:e0a::3.", "[IPv6]."),
        ("via ::", "via [IPv6]"),
        ("127.0.0.1:8443 and [::1]:53 (10.0.0.1)", "[IPv4] and [[IPv6]]:53 ([IPv4])"),
        (
            "2026-11-24 01:55:10 UTC, version 0.1.0, face: bad.",
            "2026-11-24 01:55:10 UTC, version 0.1.0, face: bad.",
        ),
        ("", ""),
        ("ä 1.2.3.4 ö", "ä [IPv4] ö"),
        ("value:81.2.69.142", "value:[IPv4]"),
        ("value:2a01::1", "value:[IPv6]"),
        ("value:::1", "value[IPv6]"),
        ("a.81.2.69.142", "a.[IPv4]"),
        ("a.2a01::1", "a.[IPv6]"),
        ("1.81.2.69.142", "[IPv4].142"),
        ("81.2.69.142.example", "[IPv4].example"),
        ("x81.2.69.142y", "x[IPv4]y"),
        ("fe80::1%eth0.7 is", "[IPv6]%eth0.7 is"),
        ("[FE80::1%25eth0]:443", "[[IPv6]%25eth0]:443"),
        ("::ffff:81.2.69.142", "[IPv6]"),
        ("::FFFF:81.2.69.142.", "[IPv6]."),
        ("64:ff9b::81.2.69.142/96", "[IPv6]/96"),
        ("2A01:E0A:1:2::3", "[IPv6]"),
        ("2a01:e0a:0:0:0:0:0:3:443", "[IPv6]"),
        ("ip=2a01::1,81.2.69.142;\"2a01::2\"/`2a01::3`", "ip=[IPv6],[IPv4];\"[IPv6]\"/`[IPv6]`"),
        ("81.2.69.0/24 2a01:e0a:1:2::/64", "[IPv4]/24 [IPv6]/64"),
        ("(2a01::1)<81.2.69.142>", "([IPv6])<[IPv4]>"),
        ("081.002.069.142", "[IPv4]"),
        ("81.2.69.142 (TTL 600 -> 900): 1.5 s, 10:20", "[IPv4] (TTL 600 -> 900): 1.5 s, 10:20"),
        ("x.conf:12: `ttl`: a: b::", "x.conf:12: `ttl`: a: [IPv6]"),
    ] {
        assert_eq!(without_addresses(text), wanted, "{text}");
    }
}

#[test]
fn no_address_survives_between_any_two_characters() {
    let addresses =
        ["81.2.69.142", "2a01:e0a:1:2::3", "::ffff:81.2.69.142", "2A01:E0A:0:1:2:3:4:5", "fe80::5%wlan0"];
    let around = " \t:;,./\\|=-_+*#@!?\"'`()[]{}<>%&~^$äü…→";
    for address in addresses {
        for before in around.chars() {
            for after in around.chars().chain("gzGZ".chars()) {
                let redacted = without_addresses(&format!("x {before}{address}{after} y"));
                for part in ["81.2", "69.142", "2a01", "2A01", "e0a", "E0A", "fe80", "ffff"] {
                    assert!(!redacted.contains(part), "{before}{address}{after}: {redacted}");
                }
            }
        }
    }
}

#[test]
fn without_names_replaces_host_names_and_keeps_paths_and_well_known_names() {
    for (text, wanted) in [
        ("a CNAME record (to Elsewhere.example.net.) exists", "a CNAME record (to [a name].) exists"),
        ("x.conf:3: section [www.example.org]: put", "[a name]:3: section [[a name]]: put"),
        ("it is for *.example.org, b.example", "it is for [a name], [a name]"),
        ("make one at admin.gandi.net, says ident.me", "make one at admin.gandi.net, says ident.me"),
        (
            "/etc/gandi-ddns/token.new, version 0.1.0, e.g. this",
            "/etc/gandi-ddns/token.new, version 0.1.0, e.g. this",
        ),
        ("`München` has the character U+0308", "`[a name]` has the character U+0308"),
        ("paral·lel.cat", "[a name]"),
        ("Mu\u{308}nchen, münchen.example, пример.рф…", "[a name], [a name], [a name]…"),
        ("xn--mnchen-3ya and example.xn--p1ai", "[a name] and [a name]"),
        ("notgandi.net, gandi.net.example, my-ident.me", "[a name], [a name], [a name]"),
        ("`https://box:8443/x.html` must", "`https://[a name]:8443/x.html` must"),
        ("https://api.gandi.net/v5/livedns", "https://api.gandi.net/v5/livedns"),
        ("a.example/A=b.example@c.example", "[a name]/A=[a name]@[a name]"),
        ("the nameserver in /etc/resolv.conf", "the nameserver in /etc/resolv.conf"),
        ("home.host2 v1.2", "[a name] v1.2"),
    ] {
        assert_eq!(Redactor::default().without_names(text), wanted);
    }
}

#[test]
fn redact_replaces_known_names_in_any_case_and_in_paths() {
    let redactor = redactor(&[
        ("example.org", "[domain 1]"),
        ("home.example.org", "[name 1].[domain 1]"),
        ("home", "[name 1]"),
        ("org", "[top]"),
        ("box", "[another name]"),
    ]);
    for (text, wanted) in [
        ("home.example.org A in /home/pi/x, of example.org", "[name 1].[domain 1] A in ~/x, of [domain 1]"),
        ("HOME.Example.ORG.", "[name 1].[domain 1]."),
        ("other.example.org", "[a name].[domain 1]"),
        ("notexample.org", "[a name]"),
        ("the record home/A or `Home`", "the record [name 1]/A or `[name 1]`"),
        (
            "/etc/home.example.org.conf, /srv/example.org/token",
            "/etc/[name 1].[domain 1].conf, /srv/[domain 1]/token",
        ),
        ("source resolve:box IPv4", "source resolve:[another name] IPv4"),
        ("homeless boxes", "homeless boxes"),
    ] {
        assert_eq!(redactor.redact(text), wanted);
    }
}

#[test]
fn labels_of_the_names_in_a_bad_config_are_hidden() {
    let mut redactor = Redactor::default();
    redactor.hide_labels("Mün chen h*me nas.example.org. ho&me");
    for (text, wanted) in [
        ("`h*me`: `*` may only be", "`[a name]`: `*` may only be"),
        ("`mün chen` is", "`[a name] [a name]` is"),
        ("write `nas`", "write `[a name]`"),
        ("`ho&me` is", "`[a name]&[a name]` is"),
    ] {
        assert_eq!(redactor.redact(text), wanted);
    }
}
