//! What the fake keeps: domains, their zones, and who may see them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The TTL that Gandi gives to what comes without one.
pub(super) const DEFAULT_TTL: u32 = 10800;

/// The values at one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrset {
    /// In seconds.
    pub ttl: u32,
    /// In the order given.
    pub values: Vec<String>,
}

pub(super) type Rrsets = BTreeMap<(String, String), Rrset>;

pub(super) struct Domain {
    /// `None`: the domain is there, but has no `LiveDNS` zone.
    pub(super) zone: Option<Rrsets>,
    pub(super) nameservers: Vec<String>,
    /// `livedns`, `classic`, …
    pub(super) current: String,
}

impl Domain {
    pub(super) fn new(zone: Option<Rrsets>) -> Self {
        let nameservers = ["ns-154-a.gandi.net", "ns-99-b.gandi.net", "ns-7-c.gandi.net"];
        Self { zone, nameservers: nameservers.map(str::to_owned).to_vec(), current: "livedns".to_owned() }
    }
}

/// A personal access token: `None` sees every domain.
pub(super) type Scope = Option<Vec<String>>;

#[derive(Default)]
pub(super) struct Account {
    pub(super) domains: BTreeMap<String, Domain>,
    pub(super) bearers: BTreeMap<String, Scope>,
    pub(super) apikeys: Vec<String>,
    /// How many seconds are left of a token, where a test has said so.
    pub(super) left: BTreeMap<String, u64>,
    /// How many tokens have been renewed, and whether the old ones end with that.
    pub(super) renewals: usize,
    pub(super) renewal_revokes: bool,
}

impl Account {
    /// The zone of a domain that the test must have added.
    pub(super) fn zone(&mut self, domain: &str) -> &mut Rrsets {
        let domain = self.domains.get_mut(domain).expect("add_domain comes first");
        domain.zone.as_mut().expect("a domain with a zone")
    }

    /// The zones as a master file, sorted; one line per value.
    pub(super) fn text(&self) -> String {
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
