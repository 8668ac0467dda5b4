//! Plans the change of one RRset: a pure function of the desired and the current content.

use std::net::IpAddr;

use crate::config::MultipleValues;
use crate::dns::{Current, Rrset, Ttl};
use crate::outcome::Refusal;

/// The desired content of an RRset, and the policy for changing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desired {
    /// The only address.
    pub address: IpAddr,
    /// The configured TTL; `None` keeps the current one.
    pub ttl: Option<Ttl>,
    /// The policy for an RRset with several values.
    pub multiple_values: MultipleValues,
}

/// The action that makes the current content the desired one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// No change: the zone holds this content already.
    Keep(Rrset),
    /// Create the RRset, which does not exist.
    Create(Rrset),
    /// Replace the RRset.
    Replace {
        /// The current content.
        old: Rrset,
        /// The new content.
        new: Rrset,
    },
    /// No change: the policy forbids it.
    Refuse(Refusal),
}

/// Returns the action for one RRset. A PUT always carries a TTL that Gandi accepts: the configured one, else the one
/// nearest to the current one, else 300 s.
#[must_use]
pub(super) fn plan(desired: &Desired, current: &Current) -> Action {
    let rrset = |ttl| Rrset::single(desired.address, desired.ttl.unwrap_or(ttl).seconds());
    if let Some(refusal) = refusal_of(current) {
        return Action::Refuse(refusal);
    }
    match current {
        Current::Present(old) => {
            let new = rrset(Ttl::nearest(old.ttl));
            // A TTL that Gandi does not accept is no reason for a write.
            if *old == new || desired.ttl.is_none() && old.values() == new.values() {
                Action::Keep(old.clone())
            } else if old.values().len() > 1 && desired.multiple_values == MultipleValues::Refuse {
                Action::Refuse(Refusal::Several(old.clone()))
            } else {
                Action::Replace { old: old.clone(), new }
            }
        }
        _ => Action::Create(rrset(Ttl::MIN)),
    }
}

/// Returns the refusal if another record excludes an address from the name, whatever the policy is.
pub(crate) fn refusal_of(current: &Current) -> Option<Refusal> {
    match current {
        Current::Cname(target) => Some(Refusal::Cname(target.clone())),
        Current::Alias(target) => Some(Refusal::Alias(target.clone())),
        Current::Delegated(record) => Some(Refusal::Delegated(record.clone())),
        Current::Absent | Current::Present(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Rrset {
        let addresses: Vec<IpAddr> = text.split(' ').map(|a| a.parse().expect(a)).collect();
        Rrset::of(&addresses, 600).expect(text)
    }

    fn decide(current: &Current, ttl: Option<u32>, multiple: MultipleValues) -> Action {
        let address = "81.2.69.142".parse().expect("an address");
        plan(&Desired { address, ttl: ttl.and_then(Ttl::new), multiple_values: multiple }, current)
    }

    #[test]
    fn plan_follows_the_table_of_current_content_ttl_and_policy() {
        use MultipleValues::{Refuse, Replace};
        let right = || addresses("81.2.69.142");
        let new = |ttl| Rrset::of(right().values(), ttl).expect("an address");
        let replace = |old: Rrset, ttl| Action::Replace { old, new: new(ttl) };
        let several = || addresses("81.2.69.142 81.2.69.143");
        let present = Current::Present;
        for (current, ttl, multiple, wanted) in [
            (Current::Absent, None, Refuse, Action::Create(new(300))),
            (Current::Absent, Some(900), Refuse, Action::Create(new(900))),
            (present(right()), None, Refuse, Action::Keep(right())),
            (present(right()), Some(600), Refuse, Action::Keep(right())),
            (present(right()), Some(900), Refuse, replace(right(), 900)),
            (present(addresses("81.2.69.1")), None, Refuse, replace(addresses("81.2.69.1"), 600)),
            (present(addresses("81.2.69.1")), Some(300), Refuse, replace(addresses("81.2.69.1"), 300)),
            (present(several()), None, Refuse, Action::Refuse(Refusal::Several(several()))),
            (present(several()), None, Replace, replace(several(), 600)),
            (Current::Cname("a.".into()), None, Replace, Action::Refuse(Refusal::Cname("a.".into()))),
            (Current::Alias("a.".into()), None, Replace, Action::Refuse(Refusal::Alias("a.".into()))),
            (Current::Delegated("x".into()), None, Replace, Action::Refuse(Refusal::Delegated("x".into()))),
        ] {
            assert_eq!(decide(&current, ttl, multiple), wanted, "{current:?} {ttl:?} {multiple:?}");
        }
    }

    #[test]
    fn ttl_that_gandi_does_not_accept_is_changed_by_a_write_only() {
        let rrset = |address: &str, ttl| Rrset::single(address.parse().expect(address), ttl);
        for (ttl, written) in [(0, 300), (299, 300), (2_592_001, 2_592_000), (u32::MAX, 2_592_000)] {
            let right = rrset("81.2.69.142", ttl);
            let decide =
                |old: &Rrset, ttl| decide(&Current::Present(old.clone()), ttl, MultipleValues::Refuse);
            assert_eq!(decide(&right, None), Action::Keep(right.clone()));
            let old = rrset("81.2.69.1", ttl);
            for (configured, ttl) in [(None, written), (Some(600), 600)] {
                let new = rrset("81.2.69.142", ttl);
                assert_eq!(decide(&old, configured), Action::Replace { old: old.clone(), new });
            }
            let new = rrset("81.2.69.142", 600);
            assert_eq!(decide(&right, Some(600)), Action::Replace { old: right, new });
        }
    }

    #[test]
    fn plan_keeps_an_rrset_that_lists_the_address_twice() {
        let current = Current::Present(addresses("81.2.69.142 81.2.69.142"));
        assert_eq!(decide(&current, None, MultipleValues::Refuse), Action::Keep(addresses("81.2.69.142")));
    }
}
