//! What the fake keeps: domains, their zones, and who may see them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The TTL that Gandi gives to what comes without one.
pub(crate) const DEFAULT_TTL: u32 = 10800;

/// The values at one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    /// In seconds.
    pub ttl: u32,
    /// In the order given.
    pub values: Vec<String>,
}

pub(crate) type Rrsets = BTreeMap<(String, String), Rrset>;

pub(crate) struct Domain {
    /// `None`: the domain is there, but has no `LiveDNS` zone.
    pub(crate) zone: Option<Rrsets>,
    pub(crate) nameservers: Vec<String>,
    /// `livedns`, `classic`, …
    pub(crate) current: String,
}

impl Domain {
    pub(crate) fn new(zone: Option<Rrsets>) -> Self {
        let nameservers = ["ns-154-a.gandi.net", "ns-99-b.gandi.net", "ns-7-c.gandi.net"];
        Self { zone, nameservers: nameservers.map(str::to_owned).to_vec(), current: "livedns".to_owned() }
    }
}

/// A personal access token: `None` sees every domain.
pub(crate) type Scope = Option<Vec<String>>;

#[derive(Default)]
pub(crate) struct Account {
    pub(crate) domains: BTreeMap<String, Domain>,
    pub(crate) bearers: BTreeMap<String, Scope>,
    pub(crate) apikeys: Vec<String>,
    /// How many seconds are left of a token, where a test has said so.
    pub(crate) left: BTreeMap<String, u64>,
    /// How many tokens have been renewed, and whether the old ones end with that.
    pub(crate) renewals: usize,
    pub(crate) renewal_revokes: bool,
}

impl Account {
    /// The zone of a domain that the test must have added.
    pub(crate) fn zone(&mut self, domain: &str) -> &mut Rrsets {
        let domain = self.domains.get_mut(domain).expect("add_domain comes first");
        domain.zone.as_mut().expect("a domain with a zone")
    }

    /// The zones as a master file, sorted; one line per value.
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
