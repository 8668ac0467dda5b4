//! `gandi-ddns ip`: asks every source once, side by side, and says what their answers amount to. Changes nothing.

mod show;

use std::net::IpAddr;
use std::thread;
use std::time::Instant;

use crate::address::detect::{self, Asked, Reason, Step};
use crate::address::{Belief, Kind, Source};
use crate::cli::{Common, Source as Place};
use crate::config::{self, Detection};
use crate::console::Console;
use crate::exit::Exit;
use crate::http::Http;
use crate::record::RrsetType;
use crate::run::{World, unusable};
use crate::sys::random::Random;

/// What was learnt of one family.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) family: RrsetType,
    /// The sources of the config in its order, and then the local ones that it does not name.
    pub(crate) asked: Vec<Asked>,
    /// For each of them, how long it took, in milliseconds.
    milliseconds: Vec<u64>,
    /// How many of them the config names; the others count for nothing.
    pub(crate) configured: usize,
    /// What a run would go by.
    verdict: Step,
    agree: usize,
}

impl Survey {
    /// What the answer at this place counts as.
    fn counts_as(&self, place: usize) -> Option<Belief> {
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
        if let Some(contradiction) = detect::contradiction(&self.asked) {
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

/// Runs the command. Without a family in particular, one address is enough for success: many have no IPv6.
pub fn run(asked: &Common, world: &World, console: &mut Console) -> Exit {
    let path = match &asked.source {
        Place::File(path) => path.as_deref(),
        Place::Inline(_) => None,
    };
    let detection = match config::detection(path, &world.env) {
        Ok(detection) => detection,
        Err(e) => return unusable(&e, console),
    };
    let http = Http::new(detection.roots.as_deref(), detection.timeout);
    let mut random = Random::new(world.seed);
    let wanted = |family: &RrsetType| {
        asked.families.includes(*family)
            && (asked.families.are_chosen() || !detection.sources(*family).is_off())
    };
    let families: Vec<RrsetType> = RrsetType::ALL.into_iter().filter(wanted).collect();
    let surveys = survey(&detection, &families, &http, &mut random);
    if asked.json {
        console.say(format_args!("{}", show::json(&surveys)));
    } else {
        show::table(&surveys, console);
    }
    let known = surveys.iter().filter(|s| s.address().is_some()).count();
    let enough = if asked.families.are_chosen() { surveys.len() } else { 1 };
    if known >= enough { Exit::Ok } else { Exit::TryLater }
}

/// Asks everybody at the same time.
pub(crate) fn survey(
    detection: &Detection,
    families: &[RrsetType],
    http: &Http,
    random: &mut Random,
) -> Vec<Survey> {
    let mut surveys: Vec<Survey> = families.iter().map(|f| prepare(detection, *f)).collect();
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
        survey.verdict = detect::decide(&survey.asked[..survey.configured], detection.agree);
    }
    surveys
}

/// The sources of the config, and those that nobody else hears of: to see what they would say.
fn prepare(detection: &Detection, family: RrsetType) -> Survey {
    let mut sources = detection.sources(family).list(family, None);
    let configured = sources.len();
    let lacks = |kind| sources.iter().all(|s| s.kind() != kind);
    let router = (family == RrsetType::A && lacks(Kind::Router)).then_some(Source::Router);
    let interface = lacks(Kind::Interface).then_some(Source::Interface(None));
    sources.extend(router.into_iter().chain(interface));
    let milliseconds = vec![0; sources.len()];
    let asked = sources.into_iter().map(|source| Asked { source, answer: None }).collect();
    Survey { family, asked, milliseconds, configured, verdict: Step::Nothing, agree: detection.agree }
}
