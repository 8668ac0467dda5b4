//! What to do about one RRset: a pure function of what is wanted and what the zone holds.

use std::net::IpAddr;

use crate::config::MultipleValues;
use crate::dns::{Current, Rrset, Ttl};
use crate::outcome::Refusal;

/// What the zone should hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desired {
    /// The address.
    pub address: IpAddr,
    /// The TTL, if the config names one.
    pub ttl: Option<Ttl>,
    /// What to do with several values.
    pub multiple_values: MultipleValues,
}

/// What follows from the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The zone is right, and this is what it holds.
    Keep(Rrset),
    /// There is no such RRset: make it.
    Create(Rrset),
    /// Put `new` in the place of `old`.
    Replace {
        /// What the zone holds.
        old: Rrset,
        /// What it is to hold.
        new: Rrset,
    },
    /// Not ours to change.
    Refuse(Refusal),
}

/// Decides. A PUT always carries a TTL: the configured one, else the one read, else 300 s.
#[must_use]
pub(super) fn plan(desired: &Desired, current: &Current) -> Action {
    let rrset = |ttl: u32| Rrset::single(desired.address, desired.ttl.map_or(ttl, Ttl::seconds));
    match current {
        Current::Absent => Action::Create(rrset(Ttl::MIN.seconds())),
        Current::Cname(target) => Action::Refuse(Refusal::Cname(target.clone())),
        Current::Present(old) => {
            let new = rrset(old.ttl);
            if *old == new {
                Action::Keep(new)
            } else if old.values().len() > 1 && desired.multiple_values == MultipleValues::Refuse {
                Action::Refuse(Refusal::Several(old.clone()))
            } else {
                Action::Replace { old: old.clone(), new }
            }
        }
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
        let ours = || addresses("81.2.69.142");
        let new = |ttl| Rrset::of(ours().values(), ttl).expect("an address");
        let replace = |old: Rrset, ttl| Action::Replace { old, new: new(ttl) };
        let several = || addresses("81.2.69.142 81.2.69.143");
        let present = Current::Present;
        for (current, ttl, multiple, wanted) in [
            (Current::Absent, None, Refuse, Action::Create(new(300))),
            (Current::Absent, Some(900), Refuse, Action::Create(new(900))),
            (present(ours()), None, Refuse, Action::Keep(ours())),
            (present(ours()), Some(600), Refuse, Action::Keep(ours())),
            (present(ours()), Some(900), Refuse, replace(ours(), 900)),
            (present(addresses("81.2.69.1")), None, Refuse, replace(addresses("81.2.69.1"), 600)),
            (present(addresses("81.2.69.1")), Some(300), Refuse, replace(addresses("81.2.69.1"), 300)),
            (present(several()), None, Refuse, Action::Refuse(Refusal::Several(several()))),
            (present(several()), None, Replace, replace(several(), 600)),
            (Current::Cname("a.".into()), None, Replace, Action::Refuse(Refusal::Cname("a.".into()))),
        ] {
            assert_eq!(decide(&current, ttl, multiple), wanted, "{current:?} {ttl:?} {multiple:?}");
        }
    }

    #[test]
    fn plan_keeps_an_rrset_that_lists_the_address_twice() {
        let current = Current::Present(addresses("81.2.69.142 81.2.69.142"));
        assert_eq!(decide(&current, None, MultipleValues::Refuse), Action::Keep(addresses("81.2.69.142")));
    }
}
