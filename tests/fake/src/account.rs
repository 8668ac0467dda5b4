//! The account of a fake: credentials, domains and records.

use std::sync::MutexGuard;

use crate::zone::{Account, Domain, Links, Rrset, Rrsets};
use crate::{Fake, lock};

/// Credentials, domains and records of the account.
impl Fake {
    /// Accepts a personal access token for every domain.
    pub fn accept_bearer(&self, token: &str) {
        self.account().bearers.insert(token.to_owned(), None);
    }

    /// Accepts a personal access token for these domains only.
    pub fn accept_bearer_for(&self, token: &str, domains: &[&str]) {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        self.account().bearers.insert(token.to_owned(), Some(domains));
    }

    /// Accepts a deprecated API key.
    pub fn accept_apikey(&self, key: &str) {
        self.account().apikeys.push(key.to_owned());
    }

    /// Refuses every credential.
    pub fn revoke_all(&self) {
        let mut account = self.account();
        account.bearers.clear();
        account.apikeys.clear();
    }

    /// Returns true if this token is accepted.
    pub fn accepts(&self, token: &str) -> bool {
        self.account().bearers.contains_key(token)
    }

    /// Refuses this token from now on.
    pub fn revoke(&self, token: &str) {
        self.account().bearers.remove(token);
    }

    /// Sets the remaining lifetime of a token, in seconds. The default is 200 days.
    pub fn set_left(&self, token: &str, seconds: u64) {
        self.account().left.insert(token.to_owned(), seconds);
    }

    /// Makes a renewal revoke the old token.
    pub fn renewal_revokes(&self) {
        self.account().renewal_revokes = true;
    }

    /// Returns the number of renewals so far.
    pub fn renewals(&self) -> usize {
        self.account().renewals
    }

    /// Refuses to list the domains: those of LiveDNS with `livedns`, all of them with `domain`.
    pub fn forbid_listing(&self, api: &str) {
        self.account().unlisted.push(api.to_owned());
    }

    /// Adds a domain with an empty zone.
    pub fn add_domain(&self, domain: &str) {
        self.account().domains.insert(domain.to_owned(), Domain::new(Some(Rrsets::new())));
    }

    /// Adds a domain without a LiveDNS zone.
    pub fn add_domain_without_zone(&self, domain: &str) {
        self.account().domains.insert(domain.to_owned(), Domain::new(None));
    }

    /// Sets the nameservers of a domain. The default is three of LiveDNS.
    pub fn set_nameservers(&self, domain: &str, nameservers: &[&str]) {
        let nameservers = nameservers.iter().map(|name| (*name).to_owned()).collect();
        self.account().domains.get_mut(domain).expect("add_domain comes first").nameservers = nameservers;
    }

    /// Sets the DNS service of a domain: `livedns` (the default), `classic`, `premium_dns` or `other`.
    pub fn set_current(&self, domain: &str, current: &str) {
        let mut account = self.account();
        let domain = account.domains.get_mut(domain).expect("add_domain comes first");
        current.clone_into(&mut domain.current);
    }

    /// Moves a domain to the organization with this `sharing_id`.
    pub fn set_organization(&self, domain: &str, sharing_id: &str) {
        let mut account = self.account();
        let domain = account.domains.get_mut(domain).expect("add_domain comes first");
        domain.organization = Some(sharing_id.to_owned());
    }

    /// Makes the links to next pages repeat the `sharing_id` of the request.
    pub fn links_repeat_sharing_id(&self) {
        self.account().links = Links::Organization;
    }

    /// Writes an RRset into the zone, without a check.
    pub fn set(&self, domain: &str, name: &str, kind: &str, ttl: u32, values: &[&str]) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.account().zone(domain).insert((name.to_owned(), kind.to_owned()), Rrset { ttl, values });
    }

    /// Returns an RRset of the zone.
    pub fn get(&self, domain: &str, name: &str, kind: &str) -> Option<Rrset> {
        self.account().zone(domain).get(&(name.to_owned(), kind.to_owned())).cloned()
    }

    /// Removes an RRset from the zone and returns it.
    pub fn remove(&self, domain: &str, name: &str, kind: &str) -> Option<Rrset> {
        self.account().zone(domain).remove(&(name.to_owned(), kind.to_owned()))
    }

    /// Returns all zones as sorted lines such as `www.example.org. 300 IN A 192.0.2.1`, one per value.
    pub fn zone_text(&self) -> String {
        self.account().text()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        lock(&self.account)
    }
}
