//! What the answers of the sources amount to. Whom to ask next, and when enough have been asked, are pure
//! functions over the answers so far; [`Detector`] only does the asking.
//!
//! Three questions, each cheaper than the next. *Has anything changed?* Any one source may say that nothing has,
//! the cheapest first. *What is the address?* The first in the config's order that is more than a hint. *Sure
//! enough to write it?* Own knowledge, or `agree` operators and more than half of those that answered.

use std::net::IpAddr;

use super::answer::{Answer, Cause};
use super::source::Source;
use super::trust::{BELIEF, Belief, Kind};

/// A source, and what came of asking it.
#[derive(Debug)]
pub struct Asked {
    /// Whom.
    pub source: Source,
    /// `None` until it has been asked.
    pub answer: Option<Result<Answer, Cause>>,
}

impl Asked {
    fn address(&self) -> Option<IpAddr> {
        self.answer.as_ref()?.as_ref().ok().map(|a| a.address)
    }
}

/// Why an address is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// One source's word, which is enough to find that nothing has changed.
    Word,
    /// So many operators agree.
    Agreement(usize),
    /// The place of a source whose word is own knowledge.
    Knowledge(usize),
}

/// What follows from the answers so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the source at this place.
    Ask(usize),
    /// It is this address.
    Settled(IpAddr, Reason),
    /// All have been asked, to no avail.
    Nothing,
}

/// Has anything changed? The cheapest source that answers tells.
#[must_use]
pub fn hint(asked: &[Asked]) -> Step {
    // By cost, without the kilobyte that a sort is.
    let of_cost = |cost| (0..asked.len()).filter(move |&i| asked[i].source.kind().cost() == cost);
    one_word(asked, (0..BELIEF.len()).flat_map(of_cost))
}

/// What is the address? The first source that is more than a hint tells; the next only if it cannot.
#[must_use]
pub fn first(asked: &[Asked]) -> Step {
    one_word(asked, (0..asked.len()).filter(|&i| asked[i].source.kind().belief() != Belief::Hint))
}

pub(super) fn one_word(asked: &[Asked], places: impl Iterator<Item = usize>) -> Step {
    for place in places {
        match (&asked[place].answer, asked[place].address()) {
            (None, _) => return Step::Ask(place),
            (_, Some(address)) => return Step::Settled(address, Reason::Word),
            _ => {}
        }
    }
    Step::Nothing
}

/// Is the address sure enough to be written? In the config's order, own knowledge decides at once, votes when
/// enough of them agree; what stands further down is asked only when those above cannot decide.
#[must_use]
pub fn decide(asked: &[Asked], agree: usize) -> Step {
    let mut votes: Vec<(&str, IpAddr)> = Vec::new();
    for (place, Asked { source, answer }) in asked.iter().enumerate() {
        // A second service of an operator that has voted has nothing to add.
        let operator = match source {
            Source::Web(service) if votes.iter().any(|(o, _)| *o == service.operator) => continue,
            Source::Web(service) => Some(service.operator.as_str()),
            _ if source.kind().belief() == Belief::Hint => continue,
            _ => None,
        };
        match (answer, operator) {
            (None, _) => return Step::Ask(place),
            (Some(Err(_)), _) => {}
            (Some(Ok(a)), None) => return Step::Settled(a.address, Reason::Knowledge(place)),
            (Some(Ok(a)), Some(operator)) => {
                votes.push((operator, a.address));
                let count = votes.iter().filter(|(_, b)| *b == a.address).count();
                if count >= agree && count * 2 > votes.len() {
                    return Step::Settled(a.address, Reason::Agreement(count));
                }
            }
        }
    }
    Step::Nothing
}

/// When the router and a web service have both been asked: how they contradict each other, and what that means.
#[must_use]
pub fn contradiction(asked: &[Asked]) -> Option<String> {
    let router = asked.iter().find(|a| a.source.kind() == Kind::Router)?;
    let web = asked.iter().find(|a| a.source.kind() == Kind::Web && a.address().is_some())?;
    let seen = web.address()?;
    match router.answer.as_ref()? {
        Ok(known) if known.address == seen => None,
        Ok(known) => Some(format!(
            "the router's address is {}, but {} sees {seen}: this machine reaches the internet by another way than \
             that router, such as a VPN or a second line",
            known.address, web.source
        )),
        Err(Cause::BehindNat(outer, _)) => Some(format!(
            "the router's own address is {outer}, and {} sees {seen}: your router is itself behind another NAT, \
             and unless that one forwards to it, the name will not reach this machine",
            web.source
        )),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::sources::{dns, web};
    use super::*;
    use crate::http::Endpoint;
    use crate::net::Family;

    /// `web:a=1` has said 81.2.69.1, `router!` has failed, `dns?` has not been asked, `router~` is behind a NAT.
    fn asked(text: &str) -> Vec<Asked> {
        text.split_whitespace().map(one).collect()
    }

    fn one(word: &str) -> Asked {
        let (name, state) = word.split_at(word.find(['=', '!', '?', '~']).expect(word));
        let private = "192.168.0.2".parse().expect("an address");
        let answer = match state.split_at(1) {
            ("=", last) => {
                Some(Ok(Answer { address: format!("81.2.69.{last}").parse().expect(word), note: None }))
            }
            ("!", _) => Some(Err(Cause::NoAddress)),
            ("~", _) => Some(Err(Cause::BehindNat(private, "a private address"))),
            _ => None,
        };
        let source = match name.split_once(':').unwrap_or((name, "")) {
            ("interface", _) => Source::Interface(None),
            ("router", _) => Source::Router,
            ("host", name) => Source::Host(name.to_owned()),
            ("command", path) => Source::Command(PathBuf::from(path)),
            ("dns", _) => Source::Dns(dns::built_in(Family::V4).remove(0)),
            (_, operator) => Source::Web(web::Service {
                operator: operator.to_owned(),
                url: Endpoint::parse("https://a.example").expect("a URL"),
            }),
        };
        Asked { source, answer }
    }

    fn told(step: Step) -> String {
        match step {
            Step::Ask(place) => format!("ask {place}"),
            Step::Settled(address, reason) => {
                format!("{} {reason:?}", address.to_string().trim_start_matches("81.2.69."))
            }
            Step::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_kind_is_in_the_table_once() {
        for (place, (kind, word, belief)) in BELIEF.into_iter().enumerate() {
            assert_eq!((kind.cost(), kind.belief()), (place, belief), "{word}");
            assert_eq!(one(&format!("{word}:x?")).source.kind(), kind, "{word}");
        }
    }

    #[test]
    fn the_cheapest_tells_whether_anything_has_changed() {
        for (list, wanted) in [
            ("", "nothing"),
            ("web:a? dns?", "ask 1"),
            ("web:a? dns=1", "1 Word"),
            ("dns! dns? web:a?", "ask 1"),
            ("dns! web:a?", "ask 1"),
            ("dns! web:a! web:b=2", "2 Word"),
            ("dns! web:a!", "nothing"),
            ("web:a? command:/x? host:h? dns? router? interface?", "ask 5"),
            ("web:a? command:/x? host:h? dns? router? interface!", "ask 4"),
            ("web:a? command:/x? host:h? dns? router! interface!", "ask 3"),
            ("web:a? command:/x? host:h? dns! router! interface!", "ask 2"),
            ("web:a? command:/x? host! dns! router! interface!", "ask 1"),
        ] {
            assert_eq!(told(hint(&asked(list))), wanted, "{list}");
        }
    }

    #[test]
    fn the_first_that_is_more_than_a_hint_tells_the_address() {
        for (list, wanted) in [
            ("dns=1", "nothing"),
            ("dns=1 web:a?", "ask 1"),
            ("dns=1 web:a=2", "2 Word"),
            ("web:a? router=1", "ask 0"),
            ("web:a! router=1", "1 Word"),
            ("interface! router! host! command!", "nothing"),
        ] {
            assert_eq!(told(first(&asked(list))), wanted, "{list}");
        }
    }

    #[test]
    fn belief() {
        for (list, agree, wanted) in [
            ("", 1, "nothing"),
            // A hint never counts, however often it is repeated.
            ("dns=1 dns=1 dns=1", 1, "nothing"),
            ("dns=1 web:a=1", 2, "nothing"),
            ("dns=1 web:a=2 web:b=2", 2, "2 Agreement(2)"),
            // Votes: so many operators, and more than half of those that answered.
            ("web:a?", 1, "ask 0"),
            ("web:a=1", 1, "1 Agreement(1)"),
            ("web:a=1", 2, "nothing"),
            ("web:a=1 web:b?", 2, "ask 1"),
            ("web:a=1 web:a=1", 2, "nothing"),
            ("web:a=1 web:a? web:b?", 2, "ask 2"),
            ("web:a! web:a?", 1, "ask 1"),
            ("web:a=1 web:b=1", 2, "1 Agreement(2)"),
            ("web:a=1 web:b=2", 2, "nothing"),
            ("web:a=1 web:b=2 web:c=2", 2, "2 Agreement(2)"),
            ("web:a=1 web:b=2 web:c=3", 2, "nothing"),
            // Two of four are no majority: two liars may agree.
            ("web:a=1 web:b=2 web:c=3 web:d=1", 2, "nothing"),
            ("web:a=1 web:b=2 web:c=3 web:d=1 web:e=1", 2, "1 Agreement(3)"),
            ("web:a=1 web:b=1 web:c=1", 3, "1 Agreement(3)"),
            // Own knowledge: one suffices, each kind of it.
            ("interface=1", 2, "1 Knowledge(0)"),
            ("router=1", 2, "1 Knowledge(0)"),
            ("host:h=1", 2, "1 Knowledge(0)"),
            ("command:/x=1", 5, "1 Knowledge(0)"),
            ("interface! router=2", 2, "2 Knowledge(1)"),
            // The list's order decides between them.
            ("router=1 web:a=2 web:b=2", 2, "1 Knowledge(0)"),
            ("web:a=2 web:b=2 router=1", 2, "2 Agreement(2)"),
            ("web:a=2 web:b=3 router=1", 2, "1 Knowledge(2)"),
            ("web:a=2 web:b? router=1", 2, "ask 1"),
            ("web:a! web:b! router?", 2, "ask 2"),
            // The router's private address is no answer: the votes decide.
            ("router~ web:a=2 web:b=2", 2, "2 Agreement(2)"),
            ("router~ dns=2", 2, "nothing"),
        ] {
            assert_eq!(told(decide(&asked(list), agree)), wanted, "{list} agree {agree}");
        }
    }

    #[test]
    fn router_and_web_contradict_each_other() {
        for (list, word) in [
            ("router=1 web:a=2", Some("such as a VPN")),
            ("web:a! web:b=2 router=1", Some("but b sees 81.2.69.2")),
            ("router~ web:a=2", Some("behind another NAT")),
            ("router=1 web:a=1", None),
            ("router! web:a=1", None),
            ("router=1 web:a!", None),
            ("router=1 dns=2", None),
            ("interface=1 web:a=2", None),
        ] {
            let told = contradiction(&asked(list));
            assert_eq!(told.is_some(), word.is_some(), "{list}: {told:?}");
            assert!(told.unwrap_or_default().contains(word.unwrap_or_default()), "{list}");
        }
    }
}
