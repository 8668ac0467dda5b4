//! Queries the sources of one family, in the order that [`super::consensus`] and [`super::votes`] decide.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::answer::Detected;
use super::consensus::{Query, Quorum, Step, contradiction, first, first_answer, hint};
use super::error::AddressError;
use super::source::Source;
use super::trust::{Kind, Purpose, Trust};
use super::votes::{Bar, Confirmed, DISPUTED, believe, decide, is_held_up, second_opinion};
use crate::console::Console;
use crate::http::Http;
use crate::net::Family;

/// Share of the time left for what a run can do without: hints, second opinions and the look for a contradiction, all
/// together; and for each look at a router or a name that other sources can replace. A silent one must leave time for
/// the others and for Gandi.
const SHARE: u32 = 4;

/// The reason for a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// To find out if the address has changed.
    Compare,
    /// For a second opinion or a contradiction, which is not necessary.
    Opinion,
    /// For an address that may be written.
    Write,
}

/// The answers of a pass so far: the family, the query with its result. Lists of sources share them, so that no source is
/// asked twice for the same.
pub(crate) type Answers = RefCell<Vec<(Family, Query)>>;

/// Returns the next step.
type Next<'a> = dyn Fn(&[Query]) -> Step + 'a;

/// The sources of one target and their results so far. Each source is queried at most once; the router a second time if
/// its answer was good enough to compare, and is needed for a write.
#[derive(Debug)]
pub(crate) struct Detector<'a> {
    answers: &'a Answers,
    family: Family,
    quorum: Quorum,
    queries: Vec<Query>,
    /// Time left for all queries: a line that is down must leave time for the other targets.
    left: Duration,
    /// Time left for hints, second opinions and the look for a contradiction.
    spare: Duration,
}

impl<'a> Detector<'a> {
    /// Creates a detector for these `sources`, which are in the order of the config. `left` is the time for them.
    pub(crate) fn new(
        family: Family,
        sources: Vec<Source>,
        quorum: Quorum,
        left: Duration,
        answers: &'a Answers,
    ) -> Self {
        let queries = sources.into_iter().map(Query::new).collect();
        Self { answers, family, quorum, queries, left, spare: left / SHARE }
    }

    /// Returns the address of the cheapest source that answers, hints included: enough to find that nothing has
    /// changed. Failures are shown with `-v` only.
    pub(crate) fn hint(&mut self, http: &Http, console: &mut Console) -> Option<IpAddr> {
        self.run(Stage::Compare, http, console, &hint)
    }

    /// Returns the first answer that is more than a hint.
    pub(crate) fn first(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        self.run(Stage::Compare, http, console, &first).ok_or_else(|| self.error(self.quorum))
    }

    /// Returns the address to compare the zone with, after [`Detector::first`] has answered. An answer that no
    /// confirmed record contradicts is compared with a second opinion, if that takes little time.
    pub(crate) fn believed(
        &mut self,
        confirmed: Confirmed,
        http: &Http,
        console: &mut Console,
    ) -> Result<IpAddr, AddressError> {
        while confirmed == Confirmed::Compatible
            && !self.spare.is_zero()
            && let Some(index) = second_opinion(&self.queries)
        {
            self.query(index, Stage::Opinion, http, console);
        }
        let quorum = self.quorum;
        let address = self.run(Stage::Write, http, console, &|q| believe(q, quorum, confirmed));
        address.ok_or_else(|| self.error(DISPUTED))
    }

    /// Returns the address that may be written: reported by a trusted source or by a quorum.
    pub(crate) fn agreed(
        &mut self,
        bar: Bar,
        http: &Http,
        console: &mut Console,
    ) -> Result<IpAddr, AddressError> {
        let quorum = self.quorum;
        let address = self.run(Stage::Write, http, console, &|q| decide(q, quorum, bar));
        address.ok_or_else(|| self.error(quorum))
    }

    /// Before a write, describes how a web service contradicts the router or an interface, if both are configured and it
    /// does. Queries them where that has not been done, and the web service only if there is something to compare.
    pub(crate) fn contradiction(&mut self, http: &Http, console: &mut Console) -> Option<String> {
        // IPv6 has neither a router source nor a carrier's NAT.
        if self.family == Family::V6 {
            return None;
        }
        for kind in [Kind::Interface, Kind::Router, Kind::Web] {
            let is_comparable = |q: &Query| {
                q.source.kind() == Kind::Router || matches!(&q.result, Some(Err(e)) if e.is_carrier_nat())
            };
            if kind == Kind::Web && !self.queries.iter().any(is_comparable) {
                return None;
            }
            let of_kind = |q: &[Query]| first_answer(q, (0..q.len()).filter(|&i| q[i].source.kind() == kind));
            while !self.spare.is_zero()
                && let Step::Query(index) = of_kind(&self.queries)
            {
                self.query(index, Stage::Opinion, http, console);
            }
        }
        contradiction(&self.queries)
    }

    /// Queries sources until `next` decides on an address or no source is left.
    fn run(&mut self, stage: Stage, http: &Http, console: &mut Console, next: &Next) -> Option<IpAddr> {
        loop {
            match next(&self.queries) {
                Step::Query(index) => self.query(index, stage, http, console),
                Step::Decided { address, .. } => return Some(address),
                Step::Exhausted => return None,
            }
        }
    }

    /// Queries one source, unless another detector has done so for the same purpose, and keeps the result.
    fn query(&mut self, index: usize, stage: Stage, http: &Http, console: &mut Console) {
        let purpose = if stage == Stage::Compare { Purpose::Compare } else { Purpose::Write };
        let source = &self.queries[index].source;
        let is_enough = |(family, known): &&(Family, Query)| {
            *family == self.family
                && known.source == *source
                && (purpose == Purpose::Compare || !known.has_more())
        };
        if let Some((_, known)) = self.answers.borrow().iter().find(is_enough) {
            self.queries[index] = known.clone();
            return;
        }
        let timeout = self.timeout(index, stage, http.remaining().min(self.left));
        let started = Instant::now();
        let detected = source.query(self.family, purpose, timeout, http);
        let taken = started.elapsed();
        self.left = self.left.saturating_sub(taken);
        if stage == Stage::Opinion || source.kind() == Kind::Dns {
            self.spare = self.spare.saturating_sub(taken);
        }
        let location = source.location();
        match &detected {
            Ok(Detected { address, note, .. }) => {
                let note = note.map(|n| format!(", {n}")).unwrap_or_default();
                console.debug(format_args!("{source} reported {address}{location}{note}"));
            }
            Err(e) => console.debug(format_args!("{source}: {e}{location}")),
        }
        let query = &mut self.queries[index];
        (query.result, query.purpose) = (Some(detected.map_err(Rc::new)), purpose);
        self.answers.borrow_mut().push((self.family, query.clone()));
    }

    /// Returns the timeout of a query of this source.
    fn timeout(&self, index: usize, stage: Stage, remaining: Duration) -> Duration {
        let others = || self.queries.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, q)| q);
        let is_replaceable = || others().any(|q| q.result.is_none() && q.trust() != Trust::Hint);
        match self.queries[index].source.kind() {
            // Half of it for each, so that a second one has time, too.
            Kind::Dns => self.spare / 2,
            _ if stage == Stage::Opinion => remaining / SHARE,
            Kind::Router | Kind::Resolve if is_replaceable() => remaining / SHARE,
            // A `timeout` of a few seconds must not end with the first of several services.
            _ if is_replaceable() => remaining / 2,
            _ => remaining,
        }
    }

    /// Moves the results into an error: no `quorum` of providers reported an address.
    fn error(&mut self, quorum: Quorum) -> AddressError {
        let queries = std::mem::take(&mut self.queries);
        let is_held_up = is_held_up(&queries, self.quorum);
        let providers = if is_held_up { self.quorum.providers() + 1 } else { quorum.providers() };
        AddressError { family: self.family, providers, is_held_up, queries }
    }
}
