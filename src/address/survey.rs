//! Asks every source once, side by side.

use std::net::IpAddr;
use std::thread;
use std::time::Instant;

use super::consensus::{self, Asked, Reason, Step};
use super::source::Source;
use super::trust::{Belief, Kind};
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// What was learnt of one family.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) family: Family,
    /// The sources of the config in its order, and then the local ones that it does not name.
    pub(crate) asked: Vec<Asked>,
    /// For each of them, how long it took, in milliseconds.
    pub(crate) milliseconds: Vec<u64>,
    /// How many of them the config names; the others count for nothing.
    pub(crate) configured: usize,
    /// What a run would go by.
    verdict: Step,
    agree: usize,
}

impl Survey {
    /// What the answer at this place counts as.
    pub(crate) fn counts_as(&self, place: usize) -> Option<Belief> {
        (place < self.configured).then(|| self.asked[place].source.kind().belief())
    }

    /// The address that a run would go by.
    pub(crate) const fn address(&self) -> Option<IpAddr> {
        match self.verdict {
            Step::Settled(address, _) => Some(address),
            _ => None,
        }
    }

    /// Why that one, or why none.
    pub(crate) fn reason(&self) -> String {
        let mut text = match &self.verdict {
            Step::Settled(address, Reason::Agreement(_)) => {
                format!("{} agree", self.voters(|a| a == *address).join(", "))
            }
            Step::Settled(_, Reason::Knowledge(place)) => format!("{} knows", self.asked[*place].source),
            _ if self.configured == 0 => "this family is `off` in the config".to_owned(),
            _ if self.voters(|_| true).is_empty() => "no source that counts has an answer".to_owned(),
            _ => format!("no {} sources agree, and most of them", self.agree),
        };
        if let Some(address) = self.address() {
            let others = self.voters(|a| a != address);
            if !others.is_empty() {
                text.push_str("; not so ");
                text.push_str(&others.join(", "));
            }
        }
        // Of all that were asked: that is what one looks here for.
        if let Some(contradiction) = consensus::contradiction(&self.asked) {
            text.push_str("; ");
            text.push_str(&contradiction);
        }
        text
    }

    /// The sources that count and gave such an address.
    fn voters(&self, such: impl Fn(IpAddr) -> bool) -> Vec<String> {
        let counts = |asked: &&Asked| {
            let said = asked.answer.as_ref().and_then(|a| a.as_ref().ok());
            asked.source.kind().belief() != Belief::Hint && said.is_some_and(|a| such(a.address))
        };
        self.asked[..self.configured].iter().filter(counts).map(|a| a.source.to_string()).collect()
    }
}

/// Asks everybody at the same time.
pub(crate) fn survey(
    families: Vec<(Family, Vec<Source>)>,
    agree: usize,
    http: &Http,
    random: &mut Random,
) -> Vec<Survey> {
    let mut surveys: Vec<Survey> =
        families.into_iter().map(|(family, sources)| prepare(family, sources, agree)).collect();
    thread::scope(|scope| {
        let mut running = Vec::new();
        for (i, survey) in surveys.iter().enumerate() {
            for (place, Asked { source, .. }) in survey.asked.iter().enumerate() {
                let (source, family, mut random) = (source.clone(), survey.family, random.split());
                let ask = move || {
                    let started = Instant::now();
                    let answer = source.ask(family, http, &mut random);
                    (answer, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
                };
                running.push((i, place, thread::Builder::new().spawn_scoped(scope, ask)));
            }
        }
        for (i, place, thread) in running {
            // A source whose thread could not start has not been asked.
            if let Some((answer, milliseconds)) = thread.ok().and_then(|t| t.join().ok()) {
                surveys[i].asked[place].answer = Some(answer);
                surveys[i].milliseconds[place] = milliseconds;
            }
        }
    });
    for survey in &mut surveys {
        survey.verdict = consensus::decide(&survey.asked[..survey.configured], agree);
    }
    surveys
}

/// The sources of the config, and those that nobody else hears of: to see what they would say.
fn prepare(family: Family, mut sources: Vec<Source>, agree: usize) -> Survey {
    let configured = sources.len();
    let lacks = |kind| sources.iter().all(|s| s.kind() != kind);
    let router = (family == Family::V4 && lacks(Kind::Router)).then_some(Source::Router);
    let interface = lacks(Kind::Interface).then_some(Source::Interface(None));
    sources.extend(router.into_iter().chain(interface));
    let milliseconds = vec![0; sources.len()];
    let asked = sources.into_iter().map(|source| Asked { source, answer: None }).collect();
    Survey { family, asked, milliseconds, configured, verdict: Step::Nothing, agree }
}
