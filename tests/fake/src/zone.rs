//! The data of the fake: domains, zones, and credentials.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The TTL of an RRset that was written without one, as at Gandi.
pub(crate) const DEFAULT_TTL: u32 = 10800;

/// The TTL and the values at one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    /// The TTL, in seconds.
    pub ttl: u32,
    /// The values, in the order of the request.
    pub values: Vec<String>,
}

pub(crate) type Rrsets = BTreeMap<(String, String), Rrset>;

pub(crate) struct Domain {
    /// `None` if the domain exists but has no LiveDNS zone.
    pub(crate) zone: Option<Rrsets>,
    pub(crate) nameservers: Vec<String>,
    /// The DNS service of the domain, such as `livedns` or `classic`.
    pub(crate) current: String,
    /// The `sharing_id` of its organization; `None` if it is the default one of every token.
    pub(crate) organization: Option<String>,
}

impl Domain {
    pub(crate) fn new(zone: Option<Rrsets>) -> Self {
        let nameservers = ["ns-154-a.gandi.net", "ns-99-b.gandi.net", "ns-7-c.gandi.net"];
        let (nameservers, current) = (nameservers.map(str::to_owned).to_vec(), "livedns".to_owned());
        Self { zone, nameservers, current, organization: None }
    }
}

/// The domains that a personal access token can access; `None` is all.
pub(crate) type Scope = Option<Vec<String>>;

/// The content of links to next pages.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Links {
    /// The page only.
    #[default]
    Page,
    /// The `sharing_id` of the request, too.
    Organization,
}

#[derive(Default)]
pub(crate) struct Account {
    pub(crate) domains: BTreeMap<String, Domain>,
    pub(crate) bearers: BTreeMap<String, Scope>,
    pub(crate) apikeys: Vec<String>,
    /// The remaining lifetime of tokens, in seconds, where a test has set one.
    pub(crate) left: BTreeMap<String, u64>,
    /// The APIs, `livedns` or `domain`, whose domains no token may list.
    pub(crate) unlisted: Vec<String>,
    /// The number of renewals so far, and true if a renewal revokes the old token.
    pub(crate) renewals: usize,
    pub(crate) renewal_revokes: bool,
    /// What the links to next pages name besides the page.
    pub(crate) links: Links,
}

impl Account {
    /// Returns the zone of a domain. The test must have added it.
    pub(crate) fn zone(&mut self, domain: &str) -> &mut Rrsets {
        let domain = self.domains.get_mut(domain).expect("add_domain comes first");
        domain.zone.as_mut().expect("a domain with a zone")
    }

    /// Returns all zones as sorted lines in the format of zone files, one per value.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for (fqdn, domain) in &self.domains {
            for ((name, kind), rrset) in domain.zone.iter().flatten() {
                let owner = if name == "@" { format!("{fqdn}.") } else { format!("{name}.{fqdn}.") };
                for value in &rrset.values {
                    lines.push(format!("{owner} {} IN {kind} {value}", rrset.ttl));
                }
            }
        }
        lines.sort();
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}
