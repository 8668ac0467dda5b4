//! Decides on an address from the results of the sources. Pure functions look at the results so far and say which
//! source to query next, or which address is decided; `detector` does the querying.
//!
//! Four levels, each stricter than the one before: [`hint`] (has the address changed?), [`first`] (which address is
//! the zone compared with?), [`super::votes::believe`] (is that answer disputed?), [`super::votes::decide`] (may an
//! address be written?).

use std::net::IpAddr;
use std::rc::Rc;

use super::answer::{Detected, SourceError};
use super::source::Source;
use super::trust::{Kind, Purpose, TRUST_TABLE, Trust};

/// Number of providers that must report the same address before a write, 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quorum(u8);

impl Quorum {
    /// The smallest quorum: one provider is believed.
    pub const MIN: u8 = 1;
    /// The largest quorum.
    pub const MAX: u8 = 5;
    /// Two providers.
    pub(super) const TWO: Self = Self(2);

    /// Returns the quorum, if `providers` is from 1 to 5.
    #[must_use]
    pub fn new(providers: u8) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&providers).then_some(Self(providers))
    }

    /// Returns the number of providers.
    #[must_use]
    pub const fn providers(self) -> usize {
        self.0 as usize
    }
}

impl Default for Quorum {
    /// Two providers.
    fn default() -> Self {
        Self::TWO
    }
}

/// The result of a query, which several lists of sources can share.
pub type Answer = Result<Detected, Rc<SourceError>>;

/// A source and the result of querying it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The source.
    pub source: Source,
    /// Its result; `None` if it has not been queried yet.
    pub result: Option<Answer>,
    /// The purpose that the result was obtained for.
    pub purpose: Purpose,
}

impl Query {
    /// Creates a query that has not been made yet.
    #[must_use]
    pub const fn new(source: Source) -> Self {
        Self { source, result: None, purpose: Purpose::Compare }
    }

    /// Returns the detected address, if the source was queried and has one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.detected().map(|detected| detected.address)
    }

    /// Returns the address, or the reason why there is none.
    pub(crate) fn text(&self) -> Result<String, String> {
        match &self.result {
            Some(Ok(detected)) => Ok(detected.address.to_string()),
            Some(Err(e)) => Err(e.to_string()),
            None => Err("could not be queried".to_owned()),
        }
    }

    /// Returns the trust in its answer; without one, the highest trust that an answer can have.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.detected().map_or(self.source.kind().trust(), |detected| detected.trust)
    }

    /// Returns true if its answer was good enough to compare, and a query for a write may get a more trusted one.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.purpose == Purpose::Compare && self.trust() != self.source.kind().trust()
    }

    fn detected(&self) -> Option<&Detected> {
        self.result.as_ref()?.as_ref().ok()
    }
}

/// The reason why an address is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The source at this index reported it: enough to compare with, not enough to write.
    FirstAnswer(usize),
    /// This number of providers reported it.
    Quorum(usize),
    /// The trusted source at this index reported it.
    Trusted(usize),
}

/// The next step, given the results so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Query the source at this index.
    Query(usize),
    /// The address is decided.
    Decided {
        /// The address.
        address: IpAddr,
        /// The reason.
        basis: Basis,
    },
    /// Every source has been queried and no address is decided.
    Exhausted,
}

/// Takes the first answer, cheapest kind of source first, to find out if the address has changed; hints count.
#[must_use]
pub fn hint(queries: &[Query]) -> Step {
    // Cheapest kind first. A real sort would add 1 kB of code.
    let of_cost = |cost| (0..queries.len()).filter(move |&i| queries[i].source.kind().cost() == cost);
    first_answer(queries, (0..TRUST_TABLE.len()).flat_map(of_cost))
}

/// Takes the first answer in the order of the config, to compare the zone with; hints do not count.
#[must_use]
pub fn first(queries: &[Query]) -> Step {
    first_answer(queries, (0..queries.len()).filter(|&i| queries[i].trust() != Trust::Hint))
}

/// Takes the first answer of the sources at `indices`, and queries those that have not been queried.
pub(super) fn first_answer(queries: &[Query], indices: impl Iterator<Item = usize>) -> Step {
    for index in indices {
        match (&queries[index].result, queries[index].address()) {
            (None, _) => return Step::Query(index),
            (_, Some(address)) => return Step::Decided { address, basis: Basis::FirstAnswer(index) },
            _ => {}
        }
    }
    Step::Exhausted
}

/// Describes how a web service contradicts the router, or an interface whose address is behind the carrier's NAT, if both
/// have been queried.
#[must_use]
pub fn contradiction(queries: &[Query]) -> Option<String> {
    let web = queries.iter().find(|q| q.source.kind() == Kind::Web && q.address().is_some())?;
    let seen = web.address()?;
    // What two lines see differs, and that is no contradiction.
    let mut others =
        queries.iter().filter(|q| q.source.kind() == Kind::Interface || q.source.line() == web.source.line());
    others.find_map(|Query { source, result, .. }| match (source.kind(), result.as_ref()?.as_ref().map_err(|e| &**e)) {
        (Kind::Router, Ok(detected)) if detected.address != seen => Some(format!(
            "the router reports {}, but {} sees {seen}: this machine uses another way to the internet, such as a VPN \
             or a second line",
            detected.address, web.source
        )),
        (Kind::Router, Err(SourceError::BehindNat(external, _))) if external.is_unspecified() => Some(format!(
            "the router is not connected to the internet, but {} sees {seen}: this machine uses another way, such as a \
             second line",
            web.source
        )),
        (Kind::Router, Err(SourceError::BehindNat(external, _))) => Some(format!(
            "the router's external address is {external}, but {} sees {seen}: the router is behind another NAT; \
             unless that one forwards to it, the name will not reach this machine",
            web.source
        )),
        (Kind::Interface, Err(e)) if e.is_carrier_nat() && !has_interface_address(queries) => Some(format!(
            "{source} {e}, but {} sees {seen}, which the carrier's NAT shares among customers: the name will not \
             reach this machine",
            web.source
        )),
        _ => None,
    })
}

/// Returns true if an interface has a public address.
fn has_interface_address(queries: &[Query]) -> bool {
    queries.iter().any(|q| q.source.kind() == Kind::Interface && q.address().is_some())
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use super::super::sources::{dns, web};
    use super::super::trust::NAT_PMP;
    use super::*;
    use crate::http::Endpoint;
    use crate::net::Family;

    /// Parses a list: `web:a=1` reported 81.2.69.1, `router!` failed, `dns?` has not been queried, `router~` is behind
    /// a NAT, `interface*192.0.0.4` has this address, which is not public. `router=1` is an answer via `UPnP`,
    /// `router:pmp=1` one via NAT-PMP to a query that compares, and `router:only-pmp=1` one via NAT-PMP although `UPnP`
    /// was queried, too.
    pub(in crate::address) fn queries(text: &str) -> Vec<Query> {
        text.split_whitespace().map(query).collect()
    }

    fn query(word: &str) -> Query {
        let (name, state) = word.split_at(word.find(['=', '!', '?', '~', '*']).expect(word));
        let source = match name.split_once(':').unwrap_or((name, "")) {
            ("interface", "") => Source::Interface(None),
            ("interface", name) => Source::Interface(Some(name.to_owned())),
            ("router", _) => Source::Router(None),
            ("resolve", name) => Source::Resolve(name.to_owned(), None),
            ("command", path) => Source::Command(PathBuf::from(path)),
            ("dns", _) => Source::Dns(dns::built_in(Family::V4).remove(0), None),
            (_, provider) => {
                let url = Endpoint::parse("https://a.example").expect("a URL");
                Source::Web(web::Service { provider: provider.to_owned(), url }, None)
            }
        };
        let private = "192.168.0.2".parse().expect("an address");
        let trust = if name.contains("pmp") { NAT_PMP } else { source.kind().trust() };
        let purpose = if name.contains("only") { Purpose::Write } else { Purpose::Compare };
        let result = match state.split_at(1) {
            ("=", last) => {
                let address = format!("81.2.69.{last}").parse().expect(word);
                Some(Ok(Detected { address, note: None, trust }))
            }
            ("!", _) => Some(Err(SourceError::NoAddress.into())),
            ("*", address) => {
                let address = address.parse().expect(word);
                Some(Err(SourceError::NotPublic(address, "an address of some kind").into()))
            }
            ("~", _) => Some(Err(SourceError::BehindNat(private, "a private address").into())),
            _ => None,
        };
        Query { source, result, purpose }
    }

    pub(in crate::address) fn text(step: Step) -> String {
        match step {
            Step::Query(index) => format!("query {index}"),
            Step::Decided { address, basis } => {
                // The index of the first answer is left out.
                let basis =
                    if let Basis::FirstAnswer(_) = basis { "FirstAnswer" } else { &format!("{basis:?}") };
                format!("{} {basis}", address.to_string().trim_start_matches("81.2.69."))
            }
            Step::Exhausted => "exhausted".to_owned(),
        }
    }

    #[test]
    fn trust_table_lists_every_kind_in_order_of_cost_and_trust() {
        let kinds = ["interface", "router", "dns", "resolve", "command", "web"];
        let mut costs = kinds.map(|word| query(&format!("{word}:x?")).source.kind().cost()).into_iter();
        let mut last = None;
        for (index, (kind, word, protocol, trust)) in TRUST_TABLE.into_iter().enumerate() {
            assert_eq!(query(&format!("{word}:x?")).source.kind(), kind, "{word}");
            if last == Some(kind) {
                // Another protocol of the same kind.
                assert!(protocol.is_some() && trust != kind.trust(), "{word}");
            } else {
                assert_eq!((Some(index), kind.trust()), (costs.next(), trust), "{word}");
            }
            last = Some(kind);
        }
        assert_eq!(costs.next(), None);
    }

    #[test]
    fn answer_has_its_own_trust_and_others_the_highest_of_their_kind() {
        use Trust::{Hint, Trusted, Vote};
        for (word, trust, has_more) in [
            ("interface=1", Trusted, false),
            ("router?", Trusted, false),
            ("router!", Trusted, false),
            ("router=1", Trusted, false),
            ("router:pmp=1", Vote, true),
            ("router:only-pmp=1", Vote, false),
            ("dns=1", Hint, false),
            ("resolve:h=1", Vote, false),
            ("command:/x=1", Trusted, false),
            ("web:a=1", Vote, false),
        ] {
            let query = query(word);
            assert_eq!((query.trust(), query.has_more()), (trust, has_more), "{word}");
        }
    }

    #[test]
    fn hint_takes_the_cheapest_kind_that_answers() {
        for (list, expected) in [
            ("", "exhausted"),
            ("web:a? dns?", "query 1"),
            ("web:a? dns=1", "1 FirstAnswer"),
            ("dns! dns? web:a?", "query 1"),
            ("dns! web:a?", "query 1"),
            ("dns! web:a! web:b=2", "2 FirstAnswer"),
            ("dns! web:a!", "exhausted"),
            ("web:a? command:/x? resolve:h? dns? router? interface?", "query 5"),
            ("web:a? command:/x? resolve:h? dns? router? interface!", "query 4"),
            ("web:a? command:/x? resolve:h? dns? router! interface!", "query 3"),
            ("web:a? command:/x? resolve:h? dns! router! interface!", "query 2"),
            ("web:a? command:/x? resolve! dns! router! interface!", "query 1"),
        ] {
            assert_eq!(text(hint(&queries(list))), expected, "{list}");
        }
    }

    #[test]
    fn first_skips_hints_and_failed_sources() {
        for (list, expected) in [
            ("dns=1", "exhausted"),
            ("dns=1 web:a?", "query 1"),
            ("dns=1 web:a=2", "2 FirstAnswer"),
            ("web:a? router=1", "query 0"),
            ("web:a! router=1", "1 FirstAnswer"),
            ("router:pmp=1 web:a?", "1 FirstAnswer"),
            ("interface! router! resolve! command!", "exhausted"),
        ] {
            assert_eq!(text(first(&queries(list))), expected, "{list}");
        }
    }

    #[test]
    fn web_contradicts_the_router_and_an_interface_behind_the_carriers_nat() {
        for (list, word) in [
            ("router=1 web:a=2", Some("such as a VPN")),
            ("web:a! web:b=2 router=1", Some("but b sees 81.2.69.2")),
            ("router~ web:a=2", Some("behind another NAT")),
            ("router=1 web:a=1", None),
            ("router! web:a=1", None),
            ("router=1 web:a!", None),
            ("router=1 dns=2", None),
            ("interface=1 web:a=2", None),
            ("interface*192.0.0.4 web:a=2", Some("interface answered with 192.0.0.4")),
            ("interface*192.0.0.0 web:a=2", Some("but a sees 81.2.69.2")),
            ("web:a! web:b=2 interface:wwan0*192.0.0.7", Some("interface:wwan0 answered with 192.0.0.7")),
            ("interface*100.64.0.1 web:a=2", Some("the carrier's NAT")),
            ("interface*100.127.255.255 web:a=2", Some("the carrier's NAT")),
            // Usual behind a home router.
            ("interface*192.168.1.2 web:a=2", None),
            ("interface*10.0.0.2 web:a=2", None),
            ("interface*192.0.0.8 web:a=2", None),
            ("interface! web:a=2", None),
            ("interface*192.0.0.4 web:a!", None),
            ("interface*192.0.0.4 web:a?", None),
            // The address of another interface is published.
            ("interface:a*100.64.0.1 interface:b=1 web:a=2", None),
            ("router=1 interface*100.64.0.1 web:a=1", Some("the carrier's NAT")),
        ] {
            let text = contradiction(&queries(list));
            assert_eq!(text.is_some(), word.is_some(), "{list}: {text:?}");
            assert!(text.unwrap_or_default().contains(word.unwrap_or_default()), "{list}");
        }
    }

    #[test]
    fn router_without_a_connection_is_not_called_behind_a_nat() {
        let mut queries = queries("router~ web:a=1");
        queries[0].result =
            Some(Err(SourceError::BehindNat([0, 0, 0, 0].into(), "an unspecified address (RFC 791)").into()));
        let text = contradiction(&queries).expect("a contradiction");
        assert!(text.contains("the router is not connected") && text.contains("a sees 81.2.69.1"), "{text}");
        assert!(!text.contains("NAT") && !text.contains("0.0.0.0"), "{text}");
    }
}
