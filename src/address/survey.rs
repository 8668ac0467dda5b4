//! Queries every source once, in parallel, for `gandi-ddns ip` and `gandi-ddns check`.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use super::answer::SourceError;
use super::consensus::{Basis, Query, Quorum, Step, contradiction};
use super::error::advice;
use super::source::Source;
use super::trust::{Kind, Purpose, Trust};
use super::votes::{Bar, decide, is_held_up};
use crate::http::Http;
use crate::net::Family;
use crate::sys::oneshot::{channel, spawn_detached};
use crate::sys::words::count;

/// A target to survey.
pub(crate) struct Wanted {
    pub(crate) family: Family,
    pub(crate) sources: Vec<Source>,
    pub(crate) quorum: Quorum,
    /// The sources as in the config.
    pub(crate) text: String,
}

/// The results of all sources of one target.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) family: Family,
    /// The sources as in the config.
    pub(crate) text: String,
    /// True if no other target is of this family.
    is_only: bool,
    /// The configured sources in the order of the config, then the local ones that the config does not name.
    pub(crate) queries: Vec<Query>,
    /// Duration of each query, in milliseconds; 0 if it could not be made.
    pub(crate) milliseconds: Vec<u64>,
    /// Number of configured sources at the start of `queries`; the results of the others never count.
    pub(crate) configured: usize,
    /// The decision that an update would come to.
    decision: Step,
    quorum: Quorum,
}

impl Survey {
    /// Returns the trust in the answer of the source at `index`; `None` if it is not configured.
    pub(crate) fn trust(&self, index: usize) -> Option<Trust> {
        (index < self.configured).then(|| self.queries[index].trust())
    }

    /// Returns the address that an update would use.
    pub(crate) const fn address(&self) -> Option<IpAddr> {
        match self.decision {
            Step::Decided { address, .. } => Some(address),
            _ => None,
        }
    }

    /// Returns the family, with the sources if there are others of this family.
    pub(crate) fn name(&self) -> String {
        if self.is_only { self.family.to_string() } else { format!("{} ({})", self.family, self.text) }
    }

    /// Explains the decision: who reported the address, or why there is none.
    pub(crate) fn reason(&self) -> String {
        let mut text = match &self.decision {
            Step::Decided { address, basis: Basis::Quorum(_) } => {
                format!("reported by {}", self.reporters(&|a| a == *address).join(", "))
            }
            Step::Decided { basis: Basis::Trusted(index), .. } => {
                format!("from {}", self.queries[*index].source)
            }
            _ if self.configured == 0 => "this family is `off` in the config".to_owned(),
            _ if self.reporters(&|_| true).is_empty() => {
                let advice = advice(self.family, &self.queries[..self.configured]);
                format!("no usable public address{advice}")
            }
            _ => {
                let is_held_up = is_held_up(&self.queries[..self.configured], self.quorum);
                let providers = self.quorum.providers() + usize::from(is_held_up);
                let why = if is_held_up { "; `dns` contradicts, so one more must agree" } else { "" };
                format!(
                    "no address was reported by {} and a majority{why}",
                    count(providers as u64, "provider")
                )
            }
        };
        if let Some(address) = self.address() {
            let others = self.reporters(&|a| a != address);
            if !others.is_empty() {
                text.push_str("; different answer from ");
                text.push_str(&others.join(", "));
            }
        }
        text
    }

    /// Describes how the sources contradict each other, if they do. Those that are not configured are compared too: a
    /// contradiction between them explains most problems.
    pub(crate) fn contradiction(&self) -> Option<String> {
        contradiction(&self.queries)
    }

    /// Returns the configured sources, hints excepted, whose address satisfies `matches`.
    fn reporters(&self, matches: &dyn Fn(IpAddr) -> bool) -> Vec<String> {
        let mut reporters = Vec::new();
        for query in &self.queries[..self.configured] {
            if query.trust() != Trust::Hint && query.address().is_some_and(matches) {
                reporters.push(query.source.to_string());
            }
        }
        reporters
    }
}

/// A source of a family, and the duration of its query in milliseconds.
type Asked = (Family, Query, u64);

/// Queries the configured sources of each target, and the router and the default interface where they are not configured
/// for the family, all at the same time. A source of several targets is queried once.
pub(crate) fn survey(wanted: &[Wanted], http: &Http) -> Vec<Survey> {
    let mut surveys = prepare(wanted);
    let mut asked: Vec<Asked> = Vec::new();
    for Survey { family, queries, .. } in &surveys {
        for query in queries {
            if find(&asked, *family, &query.source).is_none() {
                asked.push((*family, query.clone(), 0));
            }
        }
    }
    let mut running = Vec::new();
    for (family, Query { source, .. }, _) in &asked {
        let (source, family, http) = (source.clone(), *family, http.clone());
        let (sender, receiver) = channel();
        let started = spawn_detached(Box::new(move || {
            let started = Instant::now();
            let result = source.query(family, Purpose::Write, http.remaining(), &http);
            sender.send((result, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)));
        }));
        running.push(started.map(|()| receiver));
    }
    for ((_, query, milliseconds), started) in asked.iter_mut().zip(running) {
        let (result, taken) = match started {
            Ok(receiver) => receiver.wait(),
            Err(e) => (Err(SourceError::Failed(e.to_string())), 0),
        };
        (query.result, query.purpose) = (Some(result.map_err(Rc::new)), Purpose::Write);
        *milliseconds = taken;
    }
    for survey in &mut surveys {
        for query in &mut survey.queries {
            if let Some((_, answered, milliseconds)) = find(&asked, survey.family, &query.source) {
                *query = answered.clone();
                survey.milliseconds.push(*milliseconds);
            }
        }
        survey.decision = decide(&survey.queries[..survey.configured], survey.quorum, Bar::Hint);
    }
    surveys
}

fn find<'a>(asked: &'a [Asked], family: Family, source: &Source) -> Option<&'a Asked> {
    asked.iter().find(|(of, query, _)| *of == family && query.source == *source)
}

/// Adds the router and the default interface to the first target of each family, for information, if no target of the
/// family has them.
fn prepare(wanted: &[Wanted]) -> Vec<Survey> {
    let mut surveys: Vec<Survey> = Vec::new();
    for family in Family::ALL {
        let of_family = || wanted.iter().filter(|w| w.family == family);
        let lacks = |kind| of_family().all(|w| w.sources.iter().all(|s| s.kind() != kind));
        let mut more = Vec::new();
        if family == Family::V4 && lacks(Kind::Router) {
            more.push(Source::Router(None));
        }
        if lacks(Kind::Interface) {
            more.push(Source::Interface(None));
        }
        for Wanted { sources, quorum, text, .. } in of_family() {
            let queries = sources.iter().cloned().chain(more.drain(..)).map(Query::new).collect();
            surveys.push(Survey {
                family,
                text: text.clone(),
                is_only: of_family().count() == 1,
                queries,
                milliseconds: Vec::new(),
                configured: sources.len(),
                decision: Step::Exhausted,
                quorum: *quorum,
            });
        }
    }
    surveys
}
