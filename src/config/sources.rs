//! `ipv4` and `ipv6`: where an address comes from.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::{paths, syntax};
use crate::address::consensus::Quorum;
use crate::address::sources::dns;
use crate::address::sources::web::{self, Service};
use crate::address::{SOURCE_KINDS, Source, Trust};
use crate::dns::check_labels;
use crate::http::Endpoint;
use crate::net::Family;
use crate::sys::random::Random;

/// One word of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// The built-in name servers, in an order that differs from run to run.
    Dns,
    /// The built-in echo services, likewise.
    Web,
    /// Just this one.
    One(Source),
}

/// The sources of one family, in the order they were named; none when the family is `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(Vec<Word>);

impl Default for Sources {
    fn default() -> Self {
        Self(vec![Word::Dns, Word::Web])
    }
}

impl Sources {
    /// Reads `off`, or the words of a list. Paths are relative to the config `file`.
    pub(super) fn parse(words: &[&str], family: Family, file: Option<&Path>) -> Result<Self, String> {
        if words == ["off"] {
            return Ok(Self(Vec::new()));
        }
        words.iter().map(|word| parse_word(word, family, file)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this family is not kept at all.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    /// The sources in the config's order, those behind one word in a random one where there is a `random`.
    pub(crate) fn list(&self, family: Family, mut random: Option<&mut Random>) -> Vec<Source> {
        let mut list = Vec::new();
        for word in &self.0 {
            let start = list.len();
            match word {
                Word::Dns => list.extend(dns::built_in(family).into_iter().map(Source::Dns)),
                Word::Web => list.extend(web::built_in(family).into_iter().map(Source::Web)),
                Word::One(source) => list.push(source.clone()),
            }
            if let Some(random) = &mut random {
                random.shuffle(&mut list[start..]);
            }
        }
        list
    }

    /// The names that `resolve:` looks up.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|word| match word {
            Word::One(Source::Resolve(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The hosts of the URLs that are not built in, and the providers that they count as.
    pub(super) fn urls(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|word| match word {
                Word::One(Source::Web(service)) => {
                    [Some(service.url.host()), Some(service.provider.as_str())]
                }
                _ => [None, None],
            })
            .flatten()
    }

    /// Why these could never come to an agreement of so many providers, if so.
    pub(super) fn quorum_problem(&self, family: Family, quorum: Quorum) -> Option<String> {
        let list = self.list(family, None);
        if list.iter().any(|s| s.kind().trust() == Trust::Trusted) {
            return None;
        }
        let mut providers: Vec<&str> = Vec::new();
        for source in &list {
            if let Source::Web(Service { provider, .. }) = source
                && !providers.contains(&provider.as_str())
            {
                providers.push(provider);
            }
        }
        match providers.len() {
            0 => Some("has only hints, which never count for a write: add `web`".to_owned()),
            n if n < quorum.providers() => Some(format!(
                "has sources of {n} provider(s), but {} must agree before a write: add another, such as `web`, or \
                 set `quorum = {n}`",
                quorum.providers()
            )),
            _ => None,
        }
    }
}

fn parse_word(word: &str, family: Family, file: Option<&Path>) -> Result<Word, String> {
    if word.contains("://") {
        let url = Endpoint::parse(word).map_err(|e| e.to_string())?;
        return Ok(Word::One(Source::Web(Service { provider: provider(url.host(), family), url })));
    }
    let (kind, rest) = word.split_once(':').map_or((word, None), |(kind, rest)| (kind, Some(rest)));
    let source = match (kind, rest) {
        ("off", None) => return Err("`off` stands alone".to_owned()),
        ("dns", None) => return Ok(Word::Dns),
        ("web", None) => return Ok(Word::Web),
        ("dns", Some(rest)) => Source::Dns(name_server(rest, family)?),
        ("router", None) if family == Family::V6 => {
            return Err(
                "a router translates no IPv6 address: `interface` knows this machine's own".to_owned()
            );
        }
        ("router", None) => Source::Router,
        ("interface", None) => Source::Interface(None),
        // The kernel's limit: IFNAMSIZ is 16 with the final 0.
        ("interface", Some(name)) if (1..16).contains(&name.len()) && !name.contains('/') => {
            Source::Interface(Some(name.to_owned()))
        }
        ("interface", Some(name)) => return Err(format!("`{name}` is not the name of an interface")),
        ("command", Some(path)) if !path.is_empty() => Source::Command(paths::relative_to(file, path)),
        ("resolve", Some(name)) => {
            check_labels(name).map_err(|e| e.to_string())?;
            Source::Resolve(name.to_ascii_lowercase())
        }
        ("command" | "resolve", _) => return Err(format!("write `{kind}:` and then which one")),
        _ => {
            let kinds = SOURCE_KINDS.map(|(_, word, _)| word);
            let near = if kind == "host" { Some("resolve") } else { syntax::did_you_mean(kind, &kinds) };
            let hint = near.map(|k| format!(": did you mean `{k}`?"));
            let hint = hint.unwrap_or_else(|| format!(": it is none of {}, off or a URL", kinds.join(", ")));
            return Err(format!("`{word}` is no source of addresses{hint}"));
        }
    };
    Ok(Word::One(source))
}

/// `cloudflare`, `google` or `opendns`, and `@` before a server other than its own.
fn name_server(text: &str, family: Family) -> Result<dns::Service, String> {
    let (provider, server) = text.split_once('@').map_or((text, None), |(name, server)| (name, Some(server)));
    let server = server
        .map(|server| {
            let whole = server.parse::<SocketAddr>();
            whole.or_else(|_| server.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| (ip, 53).into()))
        })
        .transpose()
        .map_err(|_| {
            format!("`dns:{text}`: after the `@` stands an address, such as 1.0.0.1 or [::1]:5353")
        })?;
    dns::named(provider, family, server).ok_or_else(|| {
        format!(
            "`dns:{text}`: it is none of cloudflare, google and opendns, or its server is not of {family}"
        )
    })
}

/// Who runs a host: a built-in service's provider where the domain is theirs, else the host itself.
fn provider(host: &str, family: Family) -> String {
    let domain = |host: &str| host.rsplitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    // Cloudflare's trace and icanhazip are one provider's.
    if domain(host) == "com.cloudflare" {
        return "cloudflare".to_owned();
    }
    let known = web::built_in(family).into_iter().find(|s| domain(s.url.host()) == domain(host));
    known.map_or_else(|| host.to_owned(), |s| s.provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Sources, String> {
        Sources::parse(&words.split(' ').collect::<Vec<_>>(), Family::V4, Some(Path::new("/etc/x.conf")))
    }

    #[test]
    fn parse_takes_each_kind_of_source_and_names_each_mistake() {
        assert_eq!(parse("dns web"), Ok(Sources::default()));
        assert!(parse("off").is_ok_and(|s| s.is_off()));
        for (word, told) in [
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
        ] {
            let list = parse(word).expect(word).list(Family::V4, None);
            assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>(), [told], "{word}");
        }
        assert!(parse("https://a.example https://b.example/ip").is_ok());
        for (bad, word) in [
            ("off web", "alone"),
            ("wbe", "did you mean `web`"),
            ("upnp", "none of interface, router, dns, resolve, command, web"),
            ("web:x", "no source"),
            ("router:x", "no source"),
            ("interface:", "not the name"),
            ("interface:a/b", "not the name"),
            ("interface:abcdefghijklmnop", "not the name"),
            ("command", "which one"),
            ("command:", "which one"),
            ("resolve", "which one"),
            ("resolve:", "the name is empty"),
            ("resolve:a_b c", "no source"),
            ("dns:", "none of cloudflare"),
            ("dns:quad9", "none of cloudflare"),
            ("dns:google@ns1", "stands an address"),
            ("dns:google@[::1]:53", "not of IPv4"),
            ("http://a.example", "https://"),
            ("https://", "not a URL"),
        ] {
            assert!(parse(bad).is_err_and(|e| e.contains(word)), "{bad}: {:?}", parse(bad));
        }
        let six = |word| Sources::parse(&[word], Family::V6, None);
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
        ] {
            assert_eq!(problem(words, quorum_of(quorum)), None, "{words}");
            // The built-in services reach the largest quorum.
            if let Some(one_more) = Quorum::new(one_more) {
                assert!(problem(words, one_more).is_some_and(|p| p.contains("must agree")), "{words}");
            }
        }
        assert!(problem("dns dns:opendns", quorum_of(1)).is_some_and(|p| p.contains("only hints")));
        for words in ["router", "interface", "resolve:a.example", "command:/x", "dns router"] {
            assert_eq!(problem(words, quorum_of(5)), None, "{words}");
        }
    }

    #[test]
    fn list_shuffles_services_and_keeps_the_order_of_words() {
        let sources = parse("dns web router").expect("good words");
        let list = |seed| sources.list(Family::V4, Some(&mut Random::new(seed)));
        let at = |place: usize| {
            let name = |seed| list(seed).get(place).map(ToString::to_string);
            (0..50).map(name).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert!(at(0) == 2 && at(2) >= 4);
        let end = list(0).len() - 1;
        assert_eq!((at(end), list(1)[end].clone()), (1, Source::Router));
    }
}
