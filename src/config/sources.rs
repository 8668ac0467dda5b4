//! `ipv4` and `ipv6`: the lists of address sources.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::reader::Reader;
use super::{paths, syntax};
use crate::address::consensus::Quorum;
use crate::address::source::Line;
use crate::address::sources::dns;
use crate::address::sources::web::{self, Service};
use crate::address::{Source, TRUST_TABLE, Trust};
use crate::dns::check_labels;
use crate::http::Endpoint;
use crate::http::endpoint::EndpointError;
use crate::net::{Device, Family};
use crate::sys::grouped::push_if_new;
use crate::sys::ownership;
use crate::sys::random::Random;
use crate::sys::words::count;

/// The maximum number of items in a list: more sources than a run has time to query.
const MAX_ITEMS: usize = 32;

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// `dns`: the built-in DNS services, in an order that differs from run to run.
    Dns(Line),
    /// `web`: the built-in echo services, in an order that differs from run to run.
    Web(Line),
    /// A single source.
    Single(Source),
}

/// The sources of one address family in the order of the config. Empty if the family is `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(Vec<Item>);

impl Default for Sources {
    fn default() -> Self {
        Self(vec![Item::Dns(None), Item::Web(None)])
    }
}

impl Sources {
    /// Reads the list of a family's key, or `off`. Paths are relative to the directory of the config. A list that is not valid
    /// counts as not set.
    pub(super) fn read(reader: &Reader, family: Family) -> Option<Self> {
        let key = key_of(family);
        if reader.entry(key).is_some_and(|e| e.value == "off") {
            return Some(Self(Vec::new()));
        }
        let items = reader.list(key, |word| parse_item(word, family, reader.errors.file))?;
        if items.len() > MAX_ITEMS {
            reader.error(key, format!("{} sources are too many: list at most {MAX_ITEMS}", items.len()));
            return None;
        }
        Some(Self(items))
    }

    /// Returns true if records of this family are not updated.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the sources in the order of the config. With `random`, the services behind `dns` and those behind `web` are
    /// shuffled among themselves.
    pub(crate) fn list(&self, family: Family, random: Option<&Random>) -> Vec<Source> {
        let mut list: Vec<Source> = Vec::new();
        for item in &self.0 {
            let start = list.len();
            let sources = match item {
                Item::Dns(line) => {
                    dns::built_in(family).into_iter().map(|s| Source::Dns(s, line.clone())).collect()
                }
                Item::Web(line) => {
                    web::built_in(family).into_iter().map(|s| Source::Web(s, line.clone())).collect()
                }
                Item::Single(source) => vec![source.clone()],
            };
            // `web` may repeat a URL that is listed, and `dns` a name server: none is queried twice.
            for source in sources {
                let text = |s: &Source| s.to_string() + &s.location();
                if !list.iter().any(|listed| text(listed) == text(&source)) {
                    list.push(source);
                }
            }
            // The same order for each list of a run, so that the lists can share answers.
            if let Some(random) = random {
                random.clone().shuffle(&mut list[start..]);
            }
        }
        list
    }

    /// Returns the names that `resolve:` looks up.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|item| match item {
            Item::Single(Source::Resolve(name, _)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Returns the names of interfaces that questions leave by.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|item| match item {
                Item::Dns(line) | Item::Web(line) => line.as_ref(),
                Item::Single(source) => source.line(),
            })
            .map(Device::as_str)
    }

    /// Returns the hosts and the providers of the configured URLs, without those of built-in services.
    pub(super) fn urls(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|item| match item {
                Item::Single(Source::Web(service, _)) => {
                    [Some(service.url.host()), Some(service.provider.as_str())]
                }
                _ => [None, None],
            })
            .flatten()
    }

    /// Returns the reason why these sources can never reach the quorum, for the text after the config key. `None` if they
    /// can: with one source that may be trusted, or with votes of `quorum` providers.
    pub(super) fn quorum_problem(&self, family: Family, quorum: Quorum) -> Option<String> {
        let list = self.list(family, None);
        let mut voters: Vec<&Source> = Vec::new();
        for source in &list {
            match source.kind().trust() {
                Trust::Trusted => return None,
                Trust::Vote if !voters.iter().any(|v| v.has_provider_of(source)) => voters.push(source),
                _ => {}
            }
        }
        match voters.len() {
            0 => Some("has no source that can be published: add `web`".to_owned()),
            n if n < quorum.providers() => Some(format!(
                "has sources of {}, but {} must agree before a change: add another, such as `web`, or \
                 set `quorum = {n}`",
                count(n as u64, "provider"),
                quorum.providers()
            )),
            _ => None,
        }
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " " })?;
            let (kind, line) = match item {
                Item::Dns(line) => ("dns", line),
                Item::Web(line) => ("web", line),
                Item::Single(source) => {
                    source.fmt(f)?;
                    continue;
                }
            };
            let (at, name) = line.as_ref().map_or(("", ""), |device| ("@", device.as_str()));
            write!(f, "{kind}{at}{name}")?;
        }
        Ok(())
    }
}

/// Returns the config key of a family's sources.
pub(super) const fn key_of(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    }
}

/// Parses one item.
fn parse_item(word: &str, family: Family, file: Option<&Path>) -> Result<Item, String> {
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
            // A mistyped address is no interface.
            let is_name = |text: &str| {
                !text.contains([':', '[']) && text.contains(|c: char| c != '.' && !c.is_ascii_digit())
            };
            let (rest, line) = match rest.rsplit_once('@') {
                Some((rest, name)) if name.is_empty() || is_name(name) => {
                    (rest, parse_line(word, name, kind)?)
                }
                _ => (rest, None),
            };
            Source::Dns(name_server(rest, family)?, line)
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
            check_labels(name).map_err(|e| e.to_string())?;
            Source::Resolve(name.to_ascii_lowercase(), line)
        }
        ("command", _) => return Err("`command` needs a path: command:/usr/local/bin/my-address".to_owned()),
        ("resolve", _) => return Err("`resolve` needs a name: resolve:box.example.net".to_owned()),
        _ => {
            let mut kinds = Vec::new();
            for (_, name, ..) in TRUST_TABLE {
                push_if_new(&mut kinds, name);
            }
            // `host` is the former name of `resolve`.
            let similar = if kind == "host" { Some("resolve") } else { syntax::did_you_mean(kind, &kinds) };
            let hint = similar.map(|k| format!("did you mean `{k}`?"));
            let hint = hint.unwrap_or_else(|| format!("use {}, off or a URL", kinds.join(", ")));
            return Err(format!("unknown address source `{word}`: {hint}"));
        }
    };
    Ok(Item::Single(source))
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
    let url = Endpoint::parse(url).map_err(|e| match e {
        EndpointError::UserInfo => format!("{e}; an interface follows the path, as in https://host/@eth1"),
        e => e.to_string(),
    })?;
    Ok(Item::Single(Source::Web(Service { provider: provider(url.host(), family), url }, line)))
}

/// Parses the address of a server, with or without a port.
fn server(text: &str) -> Option<SocketAddr> {
    let plain = || text.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|ip| (ip, 53).into());
    text.parse().ok().or_else(plain)
}

/// Parses the text after `dns:`: `cloudflare`, `google` or `opendns`, optionally `@` and the address of another server.
fn name_server(text: &str, family: Family) -> Result<dns::Service, String> {
    let (provider, server) = text.split_once('@').map_or((text, None), |(name, server)| (name, Some(server)));
    let server = server.map(|text| self::server(text).ok_or(text)).transpose().map_err(|_| {
        format!("`dns:{text}`: expected an IP address after `@`, such as 1.0.0.1 or [::1]:5353")
    })?;
    dns::named(provider, family, server).ok_or_else(|| {
        format!("`dns:{text}`: use cloudflare, google or opendns, with a server address of {family}")
    })
}

/// Returns the provider that a URL's host counts for: that of a built-in service in the same domain, otherwise the host
/// itself.
fn provider(host: &str, family: Family) -> String {
    // The built-in list has Cloudflare's icanhazip.com; cloudflare.com is the same provider.
    if domain(host) == "cloudflare.com" {
        return "cloudflare".to_owned();
    }
    let known = web::built_in(family).into_iter().find(|s| domain(s.url.host()) == domain(host));
    known.map_or_else(|| host.to_owned(), |s| s.provider)
}

/// Returns the last two labels of a host.
fn domain(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| &host[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::error::Errors;

    fn parse(words: &str) -> Result<Sources, String> {
        read("ipv4", words, Family::V4)
    }

    fn read(key: &str, words: &str, family: Family) -> Result<Sources, String> {
        let errors = Errors::new(Some(Path::new("/etc/x.conf")));
        let section = &syntax::parse(&format!("{key} = {words}"), &errors)[0];
        let sources = Sources::read(&Reader { section, errors: &errors }, family).unwrap_or_default();
        errors.finish().map(|()| sources).map_err(|e| e.to_string())
    }

    #[test]
    fn parse_takes_each_kind_of_source_and_names_each_mistake() {
        assert_eq!(parse("dns web"), Ok(Sources::default()));
        assert!(parse("off").is_ok_and(|s| s.is_off()));
        for (word, name) in [
            ("interface", "interface"),
            ("interface:eth0.7", "interface:eth0.7"),
            ("router", "router"),
            ("resolve:WWW.example.org", "resolve:www.example.org"),
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
            let list = parse(word).expect(word).list(Family::V4, None);
            assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>(), [name], "{word}");
        }
        assert!(parse("https://a.example https://b.example/ip").is_ok());
        for (bad, word) in [
            ("off web", "cannot be combined"),
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
            ("resolve:a_b c", "unknown address source"),
            ("dns:", "use cloudflare"),
            ("dns:quad9", "use cloudflare"),
            // With letters it is the name of an interface.
            ("dns:google@8.8.8", "expected an IP address"),
            ("dns:google@8.8.8.8.8@eth1", "expected an IP address"),
            ("dns:google@[::x]", "expected an IP address"),
            ("web@192.168.2.2", "`192.168.2.2` is an address"),
            ("router@2001:db8::1", "is an address"),
            ("web@", "`web@` needs the name of an interface"),
            ("dns@", "needs the name of an interface"),
            ("dns:google@", "needs the name of an interface"),
            ("router@", "needs the name of an interface"),
            ("resolve:a.example@", "needs the name of an interface"),
            ("web@a/b", "`a/b` is not an interface name"),
            ("web@abcdefghijklmnop", "at most 15 characters"),
            ("web@eth0@if5", "leave out `@`"),
            ("web@eth0:1", "label of an address"),
            ("dns:google@1.1.1.1@a/b", "`a/b` is not an interface name"),
            ("resolve:a.example@eth0:1", "label of an address"),
            ("interface@eth1", "write `interface:eth1`"),
            ("command@eth1", "leave out `@eth1`"),
            ("off@eth1", "unknown address source"),
            ("wbe@eth1", "did you mean `web`"),
            ("https://a.example@eth1", "as in https://host/@eth1"),
            ("https://a.example/ip@", "must be followed by the name of an interface"),
            ("https://a.example/ip@eth1?x=y", "must be followed by the name of an interface"),
            ("https://a.example/?mail=a@b.example&x=y", "is written %40"),
            ("https://a.example/ip@abcdefghijklmnop", "must be followed"),
            ("http://a.example/ip@eth1", "https://"),
            ("dns:google@[::1]:53", "server address of IPv4"),
            ("http://a.example", "https://"),
            ("https://", "not a URL"),
        ] {
            assert!(parse(bad).is_err_and(|e| e.contains(word)), "{bad}: {:?}", parse(bad));
        }
        let six = |word| read("ipv6", word, Family::V6);
        assert!(six("router").is_err_and(|e| e.contains("`interface`")));
        assert!(six("dns:google@[::1]:5353").is_ok() && six("dns:google@::1").is_ok());
    }

    #[test]
    fn quorum_problem_is_found_when_the_sources_have_too_few_providers() {
        let problem = |words: &str, quorum| parse(words).expect(words).quorum_problem(Family::V4, quorum);
        let quorum_of = |providers| Quorum::new(providers).expect("1 to 5");
        for (words, quorum, one_more) in [
            ("web", 5, 6),
            ("https://a.example/1 https://a.example/2", 1, 2),
            ("http://127.0.0.1:1 http://127.0.0.2:1", 2, 3),
            ("https://api.ipify.org https://api4.ipify.org", 1, 2),
            ("https://ipv4.icanhazip.com https://api.cloudflare.com/cdn-cgi/trace", 1, 2),
            ("dns https://a.example", 1, 2),
            ("resolve:a.example", 1, 2),
            ("resolve:a.example resolve:A.example", 1, 2),
            ("resolve:a.example resolve:b.example", 2, 3),
            ("resolve:a.example https://a.example dns", 2, 3),
            // By two lines, a provider has one vote.
            ("web@eth0 web@eth1", 5, 6),
            ("https://a.example/@eth0 https://a.example/@eth1", 1, 2),
            ("resolve:a.example@eth0 resolve:a.example@eth1", 1, 2),
        ] {
            assert_eq!(problem(words, quorum_of(quorum)), None, "{words}");
            // The built-in services reach the largest quorum.
            if let Some(one_more) = Quorum::new(one_more) {
                assert!(problem(words, one_more).is_some_and(|p| p.contains("must agree")), "{words}");
            }
        }
        assert!(
            problem("dns dns:opendns", quorum_of(1))
                .is_some_and(|p| p.contains("no source that can be published"))
        );
        for words in ["router", "interface", "command:/x", "dns router", "resolve:a.example router"] {
            assert_eq!(problem(words, quorum_of(5)), None, "{words}");
        }
    }

    #[test]
    fn list_has_each_source_once() {
        let list = |words| {
            let list = parse(words).expect(words).list(Family::V4, None);
            list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        for (words, expected) in [
            ("dns dns:google", "dns:cloudflare dns:google"),
            ("dns:google dns", "dns:google dns:cloudflare"),
            ("dns:google dns:google@127.0.0.1", "dns:google dns:google"),
            ("router router", "router"),
            ("router@eth0 router router@eth0", "router@eth0 router"),
            ("dns@eth0 dns dns@eth0", "dns:cloudflare@eth0 dns:google@eth0 dns:cloudflare dns:google"),
            ("resolve:a.example resolve:A.example", "resolve:a.example"),
            ("https://a.example https://a.example https://a.example/ip", "a.example a.example"),
        ] {
            assert_eq!(list(words), expected, "{words}");
        }
        assert_eq!(list("https://api4.ipify.org web"), list("web web"));
    }

    #[test]
    fn lists_of_a_run_have_their_services_in_the_same_order() {
        let random = Random::new(7);
        let web = |words| {
            let list = parse(words).expect(words).list(Family::V4, Some(&random));
            let services = list.iter().filter(|s| s.kind() == crate::address::Kind::Web);
            services.map(|s| s.location()).collect::<Vec<_>>()
        };
        assert_eq!(web("dns web"), web("router web"));
        assert_eq!(web("dns web"), web("web@eth1"));
        assert_eq!(parse("dns@eth1 web router@eth0").expect("good").to_string(), "dns@eth1 web router@eth0");
    }

    #[test]
    fn list_shuffles_services_and_keeps_the_order_of_words() {
        let sources = parse("dns web router").expect("good words");
        let list = |seed| sources.list(Family::V4, Some(&Random::new(seed)));
        let different_at = |index: usize| {
            let name = |seed| list(seed).get(index).map(ToString::to_string);
            (0..50).map(name).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert!(different_at(0) == 2 && different_at(2) >= 4);
        let end = list(0).len() - 1;
        assert_eq!((different_at(end), list(1)[end].clone()), (1, Source::Router(None)));
    }
}
