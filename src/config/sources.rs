//! `ipv4` and `ipv6`: the lists of address sources.

use std::fmt;
use std::net::IpAddr;

use super::reader::Reader;
use super::source_item::{Item, parse_item};
use crate::address::consensus::Quorum;
use crate::address::sources::{dns, web};
use crate::address::{Source, Trust};
use crate::net::{Device, Family};
use crate::sys::grouped::push_if_new;
use crate::sys::random::Random;
use crate::sys::words::count;

/// The maximum number of items in a list: more sources than a run has time to query.
const MAX_ITEMS: usize = 32;

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
        let base = reader.errors.base(reader.entry(key).map_or(0, |e| e.line));
        let items = reader.list(key, |word| parse_item(word, family, base))?;
        if items.len() > MAX_ITEMS {
            reader.error(key, format!("{} sources are too many: list at most {MAX_ITEMS}", items.len()));
            return None;
        }
        Some(Self(items))
    }

    /// Returns the only source of an address that the user gives.
    pub(super) fn given(address: IpAddr) -> Self {
        Self(vec![Item::Single(Source::Given(address))])
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
            // `web` may repeat a URL that is listed, and `dns` a name server: none is queried twice. The services of one
            // item differ.
            let mut add = |source| {
                if !list[..start].contains(&source) {
                    list.push(source);
                }
            };
            match item {
                Item::Dns(line) => {
                    for service in dns::built_in(family) {
                        add(Source::Dns(service, line.clone()));
                    }
                }
                Item::Web(line) => {
                    for service in web::built_in(family) {
                        add(Source::Web(service, line.clone()));
                    }
                }
                Item::Single(source) => add(source.clone()),
            }
            // The same order for each list of a run, so that the lists can share answers.
            if let Some(random) = random {
                random.clone().shuffle(&mut list[start..]);
            }
        }
        list
    }

    /// Adds the interfaces by which these sources ask a router, each once.
    pub(super) fn add_routers(&self, routers: &mut Vec<Option<Device>>) {
        for item in &self.0 {
            if let Item::Single(Source::Router(line)) = item {
                push_if_new(routers, line.clone());
            }
        }
    }

    /// Returns the names that `resolve:` looks up.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|item| match item {
            Item::Single(Source::Resolve(name, _)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Appends the names that these sources mention: those of `resolve:`, and the hosts and the providers of URLs, without
    /// those of built-in services; and, with true, those of interfaces that questions leave by.
    pub(super) fn add_names<'a>(&'a self, names: &mut Vec<(&'a str, bool)>) {
        for item in &self.0 {
            if let Some(line) = item.line() {
                names.push((line.as_str(), true));
            }
            match item {
                Item::Single(Source::Resolve(name, _)) => names.push((name.as_str(), false)),
                Item::Single(Source::Web(service, _)) => {
                    names.push((service.url.host(), false));
                    names.push((service.provider.as_str(), false));
                }
                _ => {}
            }
        }
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
            item.fmt(f)?;
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::error::Errors;
    use crate::config::syntax;

    fn parse(words: &str) -> Result<Sources, String> {
        let errors = Errors::new(Some(Path::new("/etc/x.conf")));
        let section = &syntax::parse(&format!("ipv4 = {words}"), &errors)[0];
        let sources = Sources::read(&Reader { section, errors: &errors }, Family::V4).unwrap_or_default();
        errors.finish().map(|()| sources).map_err(|e| e.to_string())
    }

    #[test]
    fn list_or_off_is_read() {
        assert_eq!(parse("dns web"), Ok(Sources::default()));
        assert!(parse("off").is_ok_and(|s| s.is_off()));
        assert!(parse("https://a.example https://b.example/ip").is_ok());
        for bad in ["off web", "resolve:a_b c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
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
            services.map(Source::location).collect::<Vec<_>>()
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
