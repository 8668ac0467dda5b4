//! Queries every source once, in parallel, for `gandi-ddns ip` and `gandi-ddns check`.

use std::net::IpAddr;
use std::thread;
use std::time::Instant;

use super::answer::SourceError;
use super::consensus::{Basis, Query, Quorum, Step, contradiction};
use super::error::advice;
use super::source::Source;
use super::trust::{Kind, Purpose, Trust};
use super::votes::{Bar, decide, is_held_up};
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;
use crate::sys::words::count;

/// The results of all sources of one family.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) family: Family,
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

/// Queries the configured sources of each family, and the router and the default interface where they are not
/// configured, all at the same time.
pub(crate) fn survey(
    families: Vec<(Family, Vec<Source>)>,
    quorum: Quorum,
    http: &Http,
    random: &mut Random,
) -> Vec<Survey> {
    let mut surveys = Vec::new();
    for (family, sources) in families {
        surveys.push(prepare(family, sources, quorum));
    }
    thread::scope(|scope| {
        let mut running = Vec::new();
        for (number, survey) in surveys.iter().enumerate() {
            for (index, Query { source, .. }) in survey.queries.iter().enumerate() {
                let (source, family, mut random) = (source.clone(), survey.family, random.split());
                let query = move || {
                    let started = Instant::now();
                    let result = source.query(family, Purpose::Write, http.remaining(), http, &mut random);
                    (result, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
                };
                running.push((number, index, thread::Builder::new().spawn_scoped(scope, query)));
            }
        }
        for (number, index, thread) in running {
            let (result, milliseconds) = thread
                .ok()
                .and_then(|t| t.join().ok())
                .unwrap_or_else(|| (Err(SourceError::Failed("could not start a thread".to_owned())), 0));
            let query = &mut surveys[number].queries[index];
            (query.result, query.purpose) = (Some(result), Purpose::Write);
            surveys[number].milliseconds[index] = milliseconds;
        }
    });
    for survey in &mut surveys {
        survey.decision = decide(&survey.queries[..survey.configured], quorum, Bar::Hint);
    }
    surveys
}

/// Adds the router and the default interface to the configured sources, for information.
fn prepare(family: Family, mut sources: Vec<Source>, quorum: Quorum) -> Survey {
    let configured = sources.len();
    let lacks = |kind| sources.iter().all(|s| s.kind() != kind);
    let router = (family == Family::V4 && lacks(Kind::Router)).then_some(Source::Router);
    let interface = lacks(Kind::Interface).then_some(Source::Interface(None));
    sources.extend(router.into_iter().chain(interface));
    let milliseconds = vec![0; sources.len()];
    let queries = sources.into_iter().map(Query::new).collect();
    Survey { family, queries, milliseconds, configured, decision: Step::Exhausted, quorum }
}
