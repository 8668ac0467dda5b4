//! Agreement between sources.

use std::net::IpAddr;

use super::web::{self, Service};
use super::{AddressError, Cause};
use crate::http::Http;
use crate::record::RrsetType;
use crate::report::Console;

/// What the sources asked so far have said.
#[derive(Debug, Default)]
pub struct Ballot {
    pub(super) votes: Vec<(String, IpAddr)>,
    pub(super) failures: Vec<(String, Cause)>,
}

impl Ballot {
    /// Counts one operator's address; a second answer of the same operator does not count.
    pub fn vote(&mut self, operator: &str, address: IpAddr) {
        if !self.has_voted(operator) {
            self.votes.push((operator.to_owned(), address));
        }
    }

    /// Whether this operator has given an address.
    #[must_use]
    pub fn has_voted(&self, operator: &str) -> bool {
        self.votes.iter().any(|(o, _)| o == operator)
    }

    /// The first address that was given.
    #[must_use]
    pub fn first(&self) -> Option<IpAddr> {
        self.votes.first().map(|(_, a)| *a)
    }

    /// The address that `agree` operators and more than half of those that answered gave.
    #[must_use]
    pub fn winner(&self, agree: usize) -> Option<IpAddr> {
        self.votes.iter().map(|(_, a)| *a).find(|a| {
            let count = self.votes.iter().filter(|(_, b)| a == b).count();
            count >= agree && count * 2 > self.votes.len()
        })
    }
}

/// The sources of one family and how far they have been asked.
#[derive(Debug)]
pub(crate) struct Detector {
    family: RrsetType,
    agree: usize,
    waiting: std::vec::IntoIter<Service>,
    ballot: Ballot,
}

impl Detector {
    /// Will ask `services` in this order.
    pub(crate) fn new(family: RrsetType, services: Vec<Service>, agree: usize) -> Self {
        Self { family, agree, waiting: services.into_iter(), ballot: Ballot::default() }
    }

    /// One source's word: enough to find that nothing has changed.
    pub(crate) fn probe(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        self.ask_until(http, console, Ballot::first)
    }

    /// What enough sources agree on: enough to write.
    pub(crate) fn agreed(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        let agree = self.agree;
        self.ask_until(http, console, move |ballot| ballot.winner(agree))
    }

    fn ask_until(
        &mut self,
        http: &Http,
        console: &mut Console,
        settled: impl Fn(&Ballot) -> Option<IpAddr>,
    ) -> Result<IpAddr, AddressError> {
        loop {
            if let Some(address) = settled(&self.ballot) {
                return Ok(address);
            }
            let Some(service) = self.waiting.next() else {
                let ballot = std::mem::take(&mut self.ballot);
                return Err(AddressError { family: self.family, agree: self.agree, ballot });
            };
            if self.ballot.has_voted(&service.operator) {
                continue;
            }
            match web::ask(http, &service, self.family) {
                Ok(address) => {
                    console.step(format_args!("{} said {address} ({})", service.operator, service.url));
                    self.ballot.vote(&service.operator, address);
                }
                Err(cause) => {
                    console.step(format_args!("{}: {cause} ({})", service.operator, service.url));
                    self.ballot.failures.push((service.operator, cause));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(votes: &[(&str, &str)]) -> Ballot {
        let mut ballot = Ballot::default();
        for (operator, address) in votes {
            ballot.vote(operator, address.parse().expect(address));
        }
        ballot
    }

    #[test]
    fn agreement() {
        const X: &str = "81.2.69.1";
        const Y: &str = "81.2.69.2";
        const Z: &str = "81.2.69.3";
        for (votes, agree, wanted) in [
            (vec![], 1, None),
            (vec![("a", X)], 1, Some(X)),
            (vec![("a", X)], 2, None),
            (vec![("a", X), ("a", X)], 2, None),
            (vec![("a", X), ("b", X)], 2, Some(X)),
            (vec![("a", X), ("b", Y)], 2, None),
            (vec![("a", X), ("b", Y)], 1, None),
            (vec![("a", X), ("b", Y), ("c", Y)], 2, Some(Y)),
            (vec![("a", X), ("b", Y), ("c", Z)], 2, None),
            // Two of four are no majority: two liars may agree.
            (vec![("a", X), ("b", Y), ("c", Z), ("d", X)], 2, None),
            (vec![("a", X), ("b", Y), ("c", Z), ("d", X), ("e", X)], 2, Some(X)),
            (vec![("a", X), ("b", X), ("c", X)], 3, Some(X)),
        ] {
            let winner = ballot(&votes).winner(agree).map(|a| a.to_string());
            assert_eq!(winner.as_deref(), wanted, "{votes:?} agree {agree}");
        }
    }
}
