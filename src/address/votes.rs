//! Counts the answers: which address is believed when the zone is compared with it ([`believe`]), and which one may be
//! written ([`decide`]). Pure functions, like those of [`super::consensus`].

use std::net::IpAddr;

use super::consensus::{Basis, Query, Quorum, Step, first};
use super::trust::Trust;

/// The providers that must report an address before it is compared with the zone, if another answer contradicts it.
pub(super) const DISPUTED: Quorum = Quorum::TWO;

/// The records that were confirmed a short time ago, compared with the first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// None has another address.
    Compatible,
    /// At least one has another address.
    Contradicted,
}

/// The effect of hints on a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// None: nothing is written yet.
    Quorum,
    /// One more vote is needed if a hint contradicts, and a hint is queried if none has been. For a write.
    Hint,
}

/// Returns the next source to query for a second opinion on the first answer, if that is only a vote and no other
/// source has answered: a hint, since it is cheapest; else another provider; else the router by its other protocol.
///
/// Without it, one service with an old address at the head of the list would confirm an old record for ever.
#[must_use]
pub fn second_opinion(queries: &[Query]) -> Option<usize> {
    let mut answered = (0..queries.len()).filter(|&i| queries[i].address().is_some());
    let (only, None) = (answered.next()?, answered.next()) else { return None };
    if queries[only].trust() != Trust::Vote {
        return None;
    }
    let unqueried = |i: &usize| queries[*i].result.is_none();
    let is_hint = |i: &usize| queries[*i].trust() == Trust::Hint;
    let is_other = |i: &usize| !queries[*i].source.has_provider_of(&queries[only].source);
    let mut others = (0..queries.len()).filter(unqueried).filter(is_other);
    others.clone().find(is_hint).or_else(|| others.next()).or(queries[only].has_more().then_some(only))
}

/// Decides which address the zone is compared with. The first answer that is no hint, if it is trusted or undisputed.
///
/// A vote is disputed if any other answer differs, or if it contradicts a `confirmed` record. Then further providers
/// are queried: two of them must agree, and be the majority. If no second one answers, `quorum` decides, as for a
/// write.
#[must_use]
pub fn believe(queries: &[Query], quorum: Quorum, confirmed: Confirmed) -> Step {
    let step = first(queries);
    let Step::Decided { address, basis: Basis::FirstAnswer(index) } = step else { return step };
    let is_disputed = confirmed == Confirmed::Contradicted
        || queries.iter().any(|q| q.address().is_some_and(|other| other != address));
    if !is_disputed || queries[index].trust() == Trust::Trusted {
        return step;
    }
    match decide(queries, DISPUTED, Bar::Quorum) {
        Step::Exhausted => decide(queries, quorum, Bar::Hint),
        step => step,
    }
}

/// Decides on an address that may be written. In the order of the config, a trusted answer decides at once; votes
/// decide when `quorum` providers, and more than half of those that answered, report the same address. Sources further
/// down the list are queried only if those above cannot decide. A hint never counts; with [`Bar::Hint`] it can hold up
/// votes, but no trusted answer.
#[must_use]
pub fn decide(queries: &[Query], quorum: Quorum, bar: Bar) -> Step {
    // The votes after a trusted answer do not count.
    let trusted = queries.iter().position(|q| q.trust() == Trust::Trusted && q.address().is_some());
    let votes = votes(&queries[..trusted.unwrap_or(queries.len())]);
    for (index, query) in queries.iter().enumerate() {
        let address = match &query.result {
            _ if query.trust() == Trust::Hint => continue,
            // One vote per provider: a second service of the same provider adds nothing.
            None if votes.iter().any(|(i, _)| queries[*i].source.has_provider_of(&query.source)) => continue,
            None => return Step::Query(index),
            Some(Err(_)) => continue,
            Some(Ok(_)) if query.has_more() => return Step::Query(index),
            Some(Ok(detected)) => detected.address,
        };
        if query.trust() == Trust::Trusted {
            return Step::Decided { address, basis: Basis::Trusted(index) };
        }
        let count = votes.iter().filter(|(_, vote)| *vote == address).count();
        let Some(more) = count.checked_sub(quorum.providers()) else { continue };
        if count * 2 <= votes.len() {
            continue;
        }
        if bar == Bar::Hint {
            let hints = || queries.iter().filter(|q| q.trust() == Trust::Hint);
            if hints().all(|hint| hint.address().is_none())
                && let Some(hint) =
                    queries.iter().position(|q| q.trust() == Trust::Hint && q.result.is_none())
            {
                return Step::Query(hint);
            }
            if more == 0 && hints().any(|hint| hint.address().is_some_and(|other| other != address)) {
                continue;
            }
        }
        return Step::Decided { address, basis: Basis::Quorum(count) };
    }
    Step::Exhausted
}

/// Returns true if only a hint that contradicts keeps an address from being decided.
#[must_use]
pub fn is_held_up(queries: &[Query], quorum: Quorum) -> bool {
    matches!(decide(queries, quorum, Bar::Quorum), Step::Decided { .. })
}

/// Returns the votes of the sources that have answered, one per provider, each with the index of its source.
fn votes(queries: &[Query]) -> Vec<(usize, IpAddr)> {
    let mut votes: Vec<(usize, IpAddr)> = Vec::new();
    for (index, query) in queries.iter().enumerate() {
        if let Some(address) = query.address()
            && query.trust() == Trust::Vote
            && !votes.iter().any(|(i, _)| queries[*i].source.has_provider_of(&query.source))
        {
            votes.push((index, address));
        }
    }
    votes
}

#[cfg(test)]
mod tests {
    use super::super::consensus::tests::{queries, text};
    use super::*;

    fn quorum(providers: u8) -> Quorum {
        Quorum::new(providers).expect("1 to 5")
    }

    #[test]
    fn decide_follows_trust_quorum_and_majority() {
        for (list, providers, expected) in [
            ("", 1, "exhausted"),
            // A hint never counts, however often it is repeated.
            ("dns=1 dns=1 dns=1", 1, "exhausted"),
            ("dns=1 web:a=1", 2, "exhausted"),
            // Votes: a quorum of providers, and more than half of those that answered.
            ("web:a?", 1, "query 0"),
            ("web:a=1", 1, "1 Quorum(1)"),
            ("web:a=1", 2, "exhausted"),
            ("web:a=1 web:b?", 2, "query 1"),
            ("web:a=1 web:a=1", 2, "exhausted"),
            ("web:a=1 web:a? web:b?", 2, "query 2"),
            ("web:a! web:a?", 1, "query 1"),
            ("web:a=1 web:b=1", 2, "1 Quorum(2)"),
            ("web:a=1 web:b=2", 2, "exhausted"),
            ("web:a=1 web:b=2 web:c=2", 2, "2 Quorum(2)"),
            ("web:a=1 web:b=2 web:c=3", 2, "exhausted"),
            // Two of four are no majority: two liars may agree.
            ("web:a=1 web:b=2 web:c=3 web:d=1", 2, "exhausted"),
            ("web:a=1 web:b=2 web:c=3 web:d=1 web:e=1", 2, "1 Quorum(3)"),
            ("web:a=1 web:b=1 web:c=1", 3, "1 Quorum(3)"),
            // Of those that answered, wherever they are in the list.
            ("web:a=1 web:b=2", 1, "exhausted"),
            ("web:a=1 web:b=1 web:c=2 web:d=2", 2, "exhausted"),
            // The name of another host is a vote, of that name.
            ("resolve:h=1", 1, "1 Quorum(1)"),
            ("resolve:h=1", 2, "exhausted"),
            ("resolve:h=1 resolve:h=1", 2, "exhausted"),
            ("resolve:h=1 resolve:i=1", 2, "1 Quorum(2)"),
            ("resolve:h=1 web:h?", 2, "query 1"),
            ("resolve:h=1 web:h=1", 2, "1 Quorum(2)"),
            ("resolve:h=3 web:a=1 web:b=1", 2, "1 Quorum(2)"),
            // A trusted answer decides alone, whatever its kind.
            ("interface=1", 2, "1 Trusted(0)"),
            ("router=1", 2, "1 Trusted(0)"),
            ("command:/x=1", 5, "1 Trusted(0)"),
            ("interface! router=2", 2, "2 Trusted(1)"),
            // The order of the list decides between trusted sources and votes.
            ("router=1 web:a=2 web:b=2", 2, "1 Trusted(0)"),
            ("web:a=2 web:b=2 router=1", 2, "2 Quorum(2)"),
            ("web:a=2 web:b=3 router=1", 2, "1 Trusted(2)"),
            ("web:a=2 web:b? router=1", 2, "query 1"),
            ("web:a=2 router=1 web:b=2", 2, "1 Trusted(1)"),
            ("web:a=2 router? web:b=2", 2, "2 Quorum(2)"),
            ("web:a! web:b! router?", 2, "query 2"),
            // The router via NAT-PMP: `UPnP` is queried, too; then it is a vote.
            ("router:pmp=1", 1, "query 0"),
            ("router:only-pmp=1", 1, "1 Quorum(1)"),
            ("router:only-pmp=1", 2, "exhausted"),
            ("router:pmp=1 web:a=1 web:b=1", 2, "query 0"),
            ("router:only-pmp=1 web:a=1", 2, "1 Quorum(2)"),
            ("router:only-pmp=1 web:router=1", 2, "1 Quorum(2)"),
            ("router:only-pmp=1 web:a=2 web:b?", 2, "query 2"),
            ("router:only-pmp=1 web:a=2 web:b=2", 2, "2 Quorum(2)"),
            ("web:a=2 web:b=2 router:pmp=1", 2, "2 Quorum(2)"),
            ("web:a=2 web:b=3 router:pmp=1", 2, "query 2"),
            // The private address of the router is an error: the votes decide.
            ("router~ web:a=2 web:b=2", 2, "2 Quorum(2)"),
            ("router~ dns=2", 2, "exhausted"),
        ] {
            for bar in [Bar::Quorum, Bar::Hint] {
                let step = decide(&queries(list), quorum(providers), bar);
                assert_eq!(text(step), expected, "{list} quorum {providers} {bar:?}");
            }
        }
    }

    #[test]
    fn hint_that_contradicts_needs_one_more_vote_before_a_write() {
        for (list, providers, expected) in [
            ("dns=2 web:a=2 web:b=2", 2, "2 Quorum(2)"),
            ("dns=1 web:a=2 web:b=2", 2, "exhausted"),
            ("dns=1 web:a=2 web:b=2 web:c?", 2, "query 3"),
            ("dns=1 web:a=2 web:b=2 web:c=2", 2, "2 Quorum(3)"),
            ("dns=1 web:a=2", 1, "exhausted"),
            ("dns=1 web:a=2 web:b=2", 1, "2 Quorum(2)"),
            ("dns=1 web:a=2 web:b=2 web:c=2 web:d=2 web:e=2", 5, "exhausted"),
            // One that has not been queried is, before anything is decided, and after the quorum.
            ("dns? web:a=2 web:b?", 2, "query 2"),
            ("dns? web:a=2 web:b=2", 2, "query 0"),
            ("dns! dns? web:a=2 web:b=2", 2, "query 1"),
            ("web:a=2 web:b=2 dns?", 2, "query 2"),
            ("dns=2 dns? web:a=2 web:b=2", 2, "2 Quorum(2)"),
            // A silent one has no effect.
            ("dns! web:a=2 web:b=2", 2, "2 Quorum(2)"),
            // Two of six collude, against the hint.
            ("dns=1 web:a=2 web:b=2 web:c=1 web:d? web:e? web:f?", 2, "query 4"),
            ("dns=1 web:a=2 web:b=2 web:c=1 web:d=1 web:e? web:f?", 2, "query 5"),
            ("dns=1 web:a=2 web:b=2 web:c=1 web:d=1 web:e=1 web:f?", 2, "1 Quorum(3)"),
            // Trusted answers are not held up.
            ("dns=1 interface=2", 2, "2 Trusted(1)"),
            ("dns? command:/x=2", 2, "2 Trusted(1)"),
            ("dns=1 router=2", 2, "2 Trusted(1)"),
            ("dns=1 router:only-pmp=2 web:a=2", 2, "exhausted"),
            ("dns=1 web:a=2 web:b=2 router=1", 2, "1 Trusted(3)"),
        ] {
            let (list, quorum) = (queries(list), quorum(providers));
            assert_eq!(text(decide(&list, quorum, Bar::Hint)), expected, "{list:?} quorum {providers}");
            assert!(expected != "exhausted" || is_held_up(&list, quorum), "{list:?}");
        }
        assert!(!is_held_up(&queries("dns=1 web:a=2"), quorum(2)));
    }

    #[test]
    fn second_opinion_is_asked_of_a_hint_or_another_provider() {
        for (list, expected) in [
            ("web:a=1", None),
            ("web:a=1 web:b?", Some(1)),
            ("web:a=1 web:a? web:b?", Some(2)),
            ("web:a=1 web:b? dns?", Some(2)),
            ("web:a=1 dns! dns? web:b?", Some(2)),
            ("web:a=1 dns! dns! web:b?", Some(3)),
            ("web:a=1 web:b! web:c?", Some(2)),
            ("web:a=1 web:b! web:c!", None),
            // The hint of the same provider is no second opinion.
            ("web:cloudflare=1 dns? web:b?", Some(2)),
            // There is one already.
            ("dns=1 web:a=1 web:b?", None),
            ("web:a=1 web:b=2 web:c?", None),
            // A trusted answer needs none, and a hint is none to be compared.
            ("interface=1 web:a?", None),
            ("router=1 dns?", None),
            ("dns=1 web:a?", None),
            // The router is asked by UPnP if there is nothing else.
            ("router:pmp=1 web:a?", Some(1)),
            ("router:pmp=1 dns?", Some(1)),
            ("router:pmp=1 web:a!", Some(0)),
            ("router:only-pmp=1 web:a!", None),
            ("resolve:h=1 dns?", Some(1)),
            ("", None),
        ] {
            assert_eq!(second_opinion(&queries(list)), expected, "{list}");
        }
    }

    #[test]
    fn believe_takes_an_undisputed_vote_and_else_asks_further_providers() {
        use Confirmed::{Compatible, Contradicted};
        for (list, providers, confirmed, expected) in [
            ("dns? web:a?", 2, Compatible, "query 1"),
            ("web:a! web:b!", 2, Compatible, "exhausted"),
            ("web:a=1 web:b?", 2, Compatible, "1 FirstAnswer"),
            ("dns=1 web:a=1 web:b?", 2, Compatible, "1 FirstAnswer"),
            ("web:a=1 web:b=1 web:c?", 5, Compatible, "1 FirstAnswer"),
            // The hint differs: two providers must agree, at any quorum.
            ("dns=2 web:a=1 web:b? web:c?", 2, Compatible, "query 2"),
            ("dns=2 web:a=1 web:b? web:c?", 1, Compatible, "query 2"),
            ("dns=2 web:a=1 web:b=1 web:c?", 5, Compatible, "1 Quorum(2)"),
            ("dns=2 web:a=1 web:b=2 web:c?", 2, Compatible, "query 3"),
            ("dns=2 web:a=1 web:b=2 web:c=2", 2, Compatible, "2 Quorum(2)"),
            ("dns=2 web:a=1 web:b=2", 2, Compatible, "exhausted"),
            ("dns=2 web:a=1", 1, Compatible, "exhausted"),
            ("dns=2 web:a=1 web:b!", 2, Compatible, "exhausted"),
            // A second provider differs.
            ("web:a=1 web:b=2 web:c?", 2, Compatible, "query 2"),
            ("web:a=1 web:b=2 web:c=2", 2, Compatible, "2 Quorum(2)"),
            ("web:a=1 web:b=2", 1, Compatible, "exhausted"),
            // The first contradicts a confirmed record, even if a hint agrees.
            ("web:a=1 web:b?", 2, Contradicted, "query 1"),
            ("dns=1 web:a=1 web:b?", 2, Contradicted, "query 2"),
            ("dns=1 web:a=1 web:b=2 web:c=2", 2, Contradicted, "2 Quorum(2)"),
            ("web:a=1 web:b=1", 2, Contradicted, "1 Quorum(2)"),
            ("web:a=1 web:b!", 2, Contradicted, "exhausted"),
            ("web:a=1 web:b!", 1, Contradicted, "1 Quorum(1)"),
            ("web:a=1", 1, Contradicted, "1 Quorum(1)"),
            ("resolve:h=1", 1, Contradicted, "1 Quorum(1)"),
            // A trusted answer is believed.
            ("interface=1 dns=2 web:a?", 2, Contradicted, "1 FirstAnswer"),
            ("dns=2 router=1", 2, Compatible, "1 FirstAnswer"),
            // The router by NAT-PMP is not: UPnP is queried.
            ("router:pmp=1 web:a?", 2, Compatible, "1 FirstAnswer"),
            ("router:pmp=1 dns=2 web:a?", 2, Compatible, "query 0"),
            ("router:pmp=1 web:a?", 2, Contradicted, "query 0"),
            ("router:only-pmp=1", 2, Contradicted, "exhausted"),
            ("router:only-pmp=1 web:a=1", 2, Contradicted, "1 Quorum(2)"),
            ("router:only-pmp=1 web:a=2 web:b=2", 2, Compatible, "2 Quorum(2)"),
        ] {
            let step = believe(&queries(list), quorum(providers), confirmed);
            assert_eq!(text(step), expected, "{list} quorum {providers} {confirmed:?}");
        }
    }
}
