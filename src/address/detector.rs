//! Queries the sources of one family, in the order that [`super::consensus`] decides.

use std::net::IpAddr;

use super::answer::Detected;
use super::consensus::{Query, Quorum, Step, contradiction, decide, first, first_answer, hint};
use super::error::AddressError;
use super::source::Source;
use super::trust::{Kind, Purpose};
use crate::console::Console;
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// The sources of one family and their results so far. Each source is queried at most once.
#[derive(Debug)]
pub(crate) struct Detector {
    family: Family,
    quorum: Quorum,
    queries: Vec<Query>,
    random: Random,
}

impl Detector {
    /// Creates a detector for these `sources`, which are in the order of the config.
    pub(crate) fn new(family: Family, sources: Vec<Source>, quorum: Quorum, random: Random) -> Self {
        let queries = sources.into_iter().map(Query::new).collect();
        Self { family, quorum, queries, random }
    }

    /// Returns the address of the cheapest source that answers, hints included: enough to find that nothing has
    /// changed. Failures are shown with `-v` only.
    pub(crate) fn hint(&mut self, http: &Http, console: &mut Console) -> Option<IpAddr> {
        self.run(http, console, hint)
    }

    /// Returns the first answer that is more than a hint: enough to compare the zone with.
    pub(crate) fn first(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        self.run(http, console, first).ok_or_else(|| self.error())
    }

    /// Returns the address that may be written: reported by a trusted source or by a quorum.
    pub(crate) fn agreed(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        let quorum = self.quorum;
        self.run(http, console, |queries| decide(queries, quorum)).ok_or_else(|| self.error())
    }

    /// Before a write, queries the router and a web service where both are configured, and describes how they
    /// contradict each other, if they do.
    pub(crate) fn contradiction(&mut self, http: &Http, console: &mut Console) -> Option<String> {
        // Without a router source there is nothing to compare; skip the queries.
        if self.queries.iter().all(|q| q.source.kind() != Kind::Router) {
            return None;
        }
        for kind in [Kind::Router, Kind::Web] {
            self.run(http, console, |queries| {
                first_answer(queries, (0..queries.len()).filter(|&i| queries[i].source.kind() == kind))
            });
        }
        contradiction(&self.queries)
    }

    /// Queries sources until `next` decides on an address or no source is left.
    fn run(&mut self, http: &Http, console: &mut Console, next: impl Fn(&[Query]) -> Step) -> Option<IpAddr> {
        loop {
            let index = match next(&self.queries) {
                Step::Query(index) => index,
                Step::Decided { address, .. } => return Some(address),
                Step::Exhausted => return None,
            };
            let Query { source, result } = &mut self.queries[index];
            let detected = source.query(self.family, Purpose::Compare, http, &mut self.random);
            let location = source.location();
            match &detected {
                Ok(Detected { address, note, .. }) => {
                    let note = note.map(|n| format!(", {n}")).unwrap_or_default();
                    console.debug(format_args!("{source} reported {address}{location}{note}"));
                }
                Err(e) => console.debug(format_args!("{source}: {e}{location}")),
            }
            *result = Some(detected);
        }
    }

    /// Moves the results into an error.
    fn error(&mut self) -> AddressError {
        AddressError { family: self.family, quorum: self.quorum, queries: std::mem::take(&mut self.queries) }
    }
}
