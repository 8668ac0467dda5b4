//! The items of `ipv4` and `ipv6`: a word of the config -> an address source, or a group of built-in ones.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::{paths, syntax};
use crate::address::source::Line;
use crate::address::sources::dns;
use crate::address::sources::web::{self, Service};
use crate::address::{Source, TRUST_TABLE};
use crate::dns::host_name;
use crate::http::Endpoint;
use crate::http::endpoint::USER_INFO;
use crate::net::{Device, Family};
use crate::sys::grouped::push_if_new;
use crate::sys::ownership;
use crate::sys::words::number;

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// `dns`: the built-in DNS services, in an order that differs from run to run.
    Dns(Line),
    /// `web`: the built-in echo services, in an order that differs from run to run.
    Web(Line),
    /// A single source.
    Single(Source),
}

impl Item {
    /// Returns the interface that its questions leave by.
    pub(super) const fn line(&self) -> Option<&Device> {
        match self {
            Self::Dns(line) | Self::Web(line) => line.as_ref(),
            Self::Single(source) => source.line(),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns(_) => "dns",
            Self::Web(_) => "web",
            Self::Single(source) => return source.fmt(f),
        })?;
        self.line().map_or(Ok(()), |device| write!(f, "@{}", device.as_str()))
    }
}

/// Parses one item.
pub(super) fn parse_item(word: &str, family: Family, file: Option<&Path>) -> Result<Item, String> {
    if word.contains("://") {
        return parse_url(word, family);
    }
    let (mut kind, mut rest) = word.split_once(':').map_or((word, None), |(kind, rest)| (kind, Some(rest)));
    // The interface that the question leaves by.
    let mut line = None;
    if let Some((before, name)) = word.split_once('@')
        && before.len() < kind.len()
    {
        (kind, rest, line) = (before, None, parse_line(word, name, before)?);
    }
    let source = match (kind, rest) {
        ("off", None) if line.is_none() => {
            return Err("`off` cannot be combined with other sources".to_owned());
        }
        ("dns", None) => return Ok(Item::Dns(line)),
        ("web", None) => return Ok(Item::Web(line)),
        ("dns", Some(rest)) => {
            let (service, line) = name_server(word, rest, family)?;
            Source::Dns(service, line)
        }
        ("router", None) if family == Family::V6 => {
            return Err("`router` is for IPv4 only: use `interface` for IPv6".to_owned());
        }
        ("router", None) => Source::Router(line),
        ("interface", None) if line.is_none() => Source::Interface(None),
        // IFNAMSIZ of the kernel is 16, including the final zero byte.
        ("interface", Some(name)) if (1..16).contains(&name.len()) && !name.contains('/') => {
            Source::Interface(Some(name.to_owned()))
        }
        ("interface", Some(name)) => return Err(format!("`{name}` is not an interface name")),
        ("command", Some(path)) if !path.is_empty() => {
            let path = paths::relative_to(file, path);
            ownership::check(&path)?;
            Source::Command(path)
        }
        ("resolve", Some(rest)) => {
            let (name, line) = match rest.split_once('@') {
                Some((name, device)) => (name, parse_line(word, device, kind)?),
                None => (rest, None),
            };
            Source::Resolve(host_name(name).map_err(|e| e.to_string())?, line)
        }
        ("command", _) => return Err("`command` needs a path: command:/usr/local/bin/my-address".to_owned()),
        ("resolve", _) => return Err("`resolve` needs a name: resolve:box.example.net".to_owned()),
        _ => return Err(unknown(word, kind)),
    };
    Ok(Item::Single(source))
}

/// Describes an item of an unknown kind.
fn unknown(word: &str, kind: &str) -> String {
    let mut kinds = Vec::new();
    for (_, name, ..) in TRUST_TABLE {
        push_if_new(&mut kinds, name);
    }
    // `host` is the former name of `resolve`.
    let similar = if kind == "host" { Some("resolve") } else { syntax::did_you_mean(kind, &kinds) };
    let hint = similar.map(|k| format!("did you mean `{k}`?"));
    let hint = hint.unwrap_or_else(|| format!("use {}, off or a URL", kinds.join(", ")));
    format!("unknown address source `{word}`: {hint}")
}

/// Parses the name of the interface that the question of a source leaves by.
fn parse_line(word: &str, name: &str, kind: &str) -> Result<Line, String> {
    match (kind, Device::parse(name)) {
        ("interface", _) => {
            Err(format!("`{word}`: write `interface:{name}` for the address of an interface"))
        }
        ("command", _) => Err(format!("`{word}`: a program chooses its way itself, so leave out `@{name}`")),
        (_, Ok(device)) => Ok(Some(device)),
        (_, Err(problem)) if name.is_empty() => Err(format!("`{word}` {problem}")),
        (_, Err(problem)) => Err(format!("`{word}`: `{name}` {problem}")),
    }
}

/// Parses a URL, with an interface after the last `@` behind the host. One that a `/` follows belongs to the URL.
fn parse_url(word: &str, family: Family) -> Result<Item, String> {
    let path = word.find("://").and_then(|i| Some(i + 3 + word[i + 3..].find(['/', '?'])?));
    let (url, line) = match word.rsplit_once('@') {
        Some((url, name)) if path.is_some_and(|path| url.len() > path) && !name.contains('/') => {
            // What looks like a part of the query would not be found to be missing.
            if name.is_empty() || name.contains(['?', '=', '&', '%']) || Device::parse(name).is_err() {
                return Err("`@` in a URL must be followed by the name of an interface, as in \
                     https://host/path@eth1; an `@` of the URL itself is written %40"
                    .to_owned());
            }
            (url, Device::parse(name).ok())
        }
        _ => (word, None),
    };
    let url = Endpoint::parse(url).map_err(|e| {
        let hint =
            if e == USER_INFO { "; an interface follows the path, as in https://host/@eth1" } else { "" };
        e + hint
    })?;
    Ok(Item::Single(Source::Web(Service { provider: provider(url.host(), family), url }, line)))
}

/// Parses the address of a server, with or without a port.
fn server(text: &str) -> Option<SocketAddr> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, number(port, 10)?),
        _ => (text, 53),
    };
    Some((host.trim_matches(['[', ']']).parse::<IpAddr>().ok()?, port).into())
}

/// Parses the text after `dns:`: `cloudflare`, `google` or `opendns`, optionally `@` and the address of another server,
/// and `@` and an interface.
fn name_server(word: &str, text: &str, family: Family) -> Result<(dns::Service, Line), String> {
    // A mistyped address is no interface.
    let is_name = |text: &str| {
        text.is_empty()
            || !text.contains([':', '[']) && text.contains(|c: char| c != '.' && !c.is_ascii_digit())
    };
    let (text, line) = match text.rsplit_once('@') {
        Some((rest, name)) if is_name(name) => (rest, parse_line(word, name, "dns")?),
        _ => (text, None),
    };
    let (provider, address) =
        text.split_once('@').map_or((text, None), |(name, server)| (name, Some(server)));
    let server = address.and_then(server);
    if address.is_some() && server.is_none() {
        return Err(format!("`dns:{text}`: expected an IP address after `@`, such as 1.0.0.1 or [::1]:5353"));
    }
    let service = dns::named(provider, family, server).ok_or_else(|| {
        format!("`dns:{text}`: use cloudflare, google or opendns, with a server address of {family}")
    })?;
    Ok((service, line))
}

/// Returns the provider that a URL's host counts for: that of a built-in service in the same domain, otherwise the host
/// itself.
fn provider(host: &str, family: Family) -> String {
    // The built-in list has Cloudflare's icanhazip.com; cloudflare.com is the same provider.
    if domain(host) == "cloudflare.com" {
        return "cloudflare".to_owned();
    }
    let known = web::table(family).iter().find(|(_, url)| domain(url) == domain(host));
    known.map_or(host, |(provider, _)| provider).to_owned()
}

/// Returns the last two labels of a host, or of a URL without a path.
fn domain(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| &host[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(word: &str) -> Result<Item, String> {
        parse_item(word, Family::V4, Some(Path::new("/etc/x.conf")))
    }

    #[test]
    fn parse_takes_each_kind_of_source() {
        for (word, name) in [
            ("web", "web"),
            ("dns@eth1", "dns@eth1"),
            ("interface", "interface"),
            ("interface:eth0.7", "interface:eth0.7"),
            ("router", "router"),
            ("resolve:WWW.example.org", "resolve:www.example.org"),
            ("resolve:WWW.MÜLLER.de", "resolve:www.xn--mller-kva.de"),
            ("resolve:müller.de@eth1", "resolve:xn--mller-kva.de@eth1"),
            ("command:/usr/bin/my-ip", "command:/usr/bin/my-ip"),
            ("command:my-ip", "command:/etc/my-ip"),
            ("dns:opendns", "dns:opendns"),
            ("dns:google@127.0.0.1:5353", "dns:google"),
            ("dns:google@127.0.0.1", "dns:google"),
            ("https://a.example", "a.example"),
            ("router@eth1.2", "router@eth1.2"),
            ("dns:opendns@wwan0", "dns:opendns@wwan0"),
            ("dns:google@127.0.0.1:5353@eth1", "dns:google@eth1"),
            ("resolve:WWW.example.org@eth1", "resolve:www.example.org@eth1"),
            ("https://a.example/ip@eth1", "a.example@eth1"),
            ("https://a.example/@eth1", "a.example@eth1"),
            ("https://a.example/?a=b@eth1", "a.example@eth1"),
            // An `@` of the URL or of a path.
            ("https://a.example/@me/ip", "a.example"),
            ("https://a.example/a%40b", "a.example"),
            ("command:/usr/bin/ip@home", "command:/usr/bin/ip@home"),
        ] {
            assert_eq!(parse(word).map(|item| item.to_string()).as_deref(), Ok(name), "{word}");
        }
    }

    #[test]
    fn mistake_in_a_source_is_named() {
        for (bad, word) in [
            ("off", "cannot be combined"),
            ("wbe", "did you mean `web`"),
            ("upnp", "use interface, router, dns, resolve, command, web, off or a URL"),
            ("web:x", "unknown address source"),
            ("router:x", "unknown address source"),
            ("interface:", "not an interface name"),
            ("interface:a/b", "not an interface name"),
            ("interface:abcdefghijklmnop", "not an interface name"),
            ("command", "`command` needs a path"),
            ("command:", "`command` needs a path"),
            ("resolve", "`resolve` needs a name"),
            ("resolve:", "the name is empty"),
            ("c", "unknown address source"),
            ("dns:", "use cloudflare"),
            ("dns:quad9", "use cloudflare"),
            ("http://a.example/ip@eth1", "https://"),
            ("dns:google@[::1]:53", "server address of IPv4"),
            ("http://a.example", "https://"),
            ("https://", "not a URL"),
        ] {
            assert!(parse(bad).is_err_and(|e| e.contains(word)), "{bad}: {:?}", parse(bad));
        }
        let six = |word| parse_item(word, Family::V6, None);
        assert!(six("router").is_err_and(|e| e.contains("`interface`")));
        assert!(six("dns:google@[::1]:5353").is_ok() && six("dns:google@::1").is_ok());
    }

    #[test]
    fn mistake_in_an_interface_is_named() {
        for (bad, word) in [
            // With letters it is the name of an interface.
            ("dns:google@8.8.8", "expected an IP address"),
            ("dns:google@8.8.8.8.8@eth1", "expected an IP address"),
            ("dns:google@[::x]", "expected an IP address"),
            ("web@192.168.2.2", "`192.168.2.2` is not an interface name"),
            ("router@2001:db8::1", "is not an interface name"),
            ("web@", "`web@` needs the name of an interface"),
            ("dns@", "needs the name of an interface"),
            ("dns:google@", "needs the name of an interface"),
            ("router@", "needs the name of an interface"),
            ("resolve:a.example@", "needs the name of an interface"),
            ("web@a/b", "`a/b` is not an interface name"),
            ("web@abcdefghijklmnop", "at most 15 characters"),
            ("web@eth0@if5", "no `/`, `:` or `@`"),
            ("web@eth0:1", "no `/`, `:` or `@`"),
            ("dns:google@1.1.1.1@a/b", "`a/b` is not an interface name"),
            ("resolve:a.example@eth0:1", "no `/`, `:` or `@`"),
            ("interface@eth1", "write `interface:eth1`"),
            ("command@eth1", "leave out `@eth1`"),
            ("off@eth1", "unknown address source"),
            ("wbe@eth1", "did you mean `web`"),
            ("https://a.example@eth1", "as in https://host/@eth1"),
            ("https://a.example/ip@", "must be followed by the name of an interface"),
            ("https://a.example/ip@eth1?x=y", "must be followed by the name of an interface"),
            ("https://a.example/?mail=a@b.example&x=y", "is written %40"),
            ("https://a.example/ip@abcdefghijklmnop", "must be followed"),
        ] {
            assert!(parse(bad).is_err_and(|e| e.contains(word)), "{bad}: {:?}", parse(bad));
        }
    }
}
