//! `ipv4` and `ipv6`: where an address comes from.

use crate::address::web::{self, Service};
use crate::endpoint::Endpoint;
use crate::random::Random;
use crate::record::RrsetType;

/// One word of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// The built-in services, in an order that differs from run to run.
    Web,
    /// A service of the user's own.
    Url(Service),
}

/// The sources of one family, in the order they were named; none when the family is `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Default for Sources {
    fn default() -> Self {
        Self(vec![Source::Web])
    }
}

impl Sources {
    /// Reads `web`, `off`, or URLs.
    pub(super) fn parse(words: &[&str], family: RrsetType) -> Result<Self, String> {
        if words == ["off"] {
            return Ok(Self(Vec::new()));
        }
        let source = |word: &&str| match *word {
            "off" => Err("`off` stands alone".to_owned()),
            "web" => Ok(Source::Web),
            word if word.contains("://") => {
                let url = Endpoint::parse(word).map_err(|e| e.to_string())?;
                Ok(Source::Url(Service { operator: operator(url.host(), family), url }))
            }
            word => Err(format!("`{word}` is neither `web`, `off` nor a URL")),
        };
        words.iter().map(source).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this family is not kept at all.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    /// The services in the order to ask them.
    pub(crate) fn services(&self, family: RrsetType, random: &mut Random) -> Vec<Service> {
        let mut services = Vec::new();
        for source in &self.0 {
            match source {
                Source::Web => {
                    let mut built_in = web::built_in(family);
                    random.shuffle(&mut built_in);
                    services.append(&mut built_in);
                }
                Source::Url(service) => services.push(service.clone()),
            }
        }
        services
    }

    /// How many operators there are among them.
    pub(super) fn operators(&self, family: RrsetType) -> usize {
        let services = self.services(family, &mut Random::new(0));
        let first =
            |(i, service): &(usize, &Service)| services[..*i].iter().all(|s| s.operator != service.operator);
        services.iter().enumerate().filter(first).count()
    }
}

/// Who runs a host: a built-in service's operator where the domain is theirs, else the host itself.
fn operator(host: &str, family: RrsetType) -> String {
    let domain = |host: &str| host.rsplitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    // Cloudflare's trace and icanhazip are one operator's.
    if domain(host) == "com.cloudflare" {
        return "cloudflare".to_owned();
    }
    let known = web::built_in(family).into_iter().find(|s| domain(s.url.host()) == domain(host));
    known.map_or_else(|| host.to_owned(), |s| s.operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let parse = |words: &[&str]| Sources::parse(words, RrsetType::A);
        assert_eq!(parse(&["web"]), Ok(Sources::default()));
        assert!(parse(&["off"]).is_ok_and(|s| s.is_off()));
        assert!(parse(&["https://a.example", "https://b.example/ip"]).is_ok());
        for bad in [&["off", "web"][..], &["wbe"], &["http://a.example"], &["https://"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_operator_per_host_and_known_ones_by_their_domain() {
        let count = |words: &[&str]| Sources::parse(words, RrsetType::A).map(|s| s.operators(RrsetType::A));
        assert_eq!(count(&["https://a.example/1", "https://a.example/2"]), Ok(1));
        assert_eq!(count(&["http://127.0.0.1:1", "http://127.0.0.2:1"]), Ok(2));
        assert_eq!(count(&["https://api.ipify.org", "https://api4.ipify.org"]), Ok(1));
        assert_eq!(count(&["https://ipv4.icanhazip.com", "https://api.cloudflare.com/cdn-cgi/trace"]), Ok(1));
        assert_eq!(count(&["web", "https://api.ipify.org"]), count(&["web"]));
    }

    #[test]
    fn the_order_of_the_built_in_services_varies() {
        let sources = Sources::default();
        let first = |seed| sources.services(RrsetType::A, &mut Random::new(seed))[0].operator.clone();
        assert!((0..50).map(first).collect::<std::collections::BTreeSet<_>>().len() >= 4);
    }
}
