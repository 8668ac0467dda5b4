//! Asks the sources of one family, as [`consensus`] says.

use std::net::IpAddr;

use super::answer::Answer;
use super::consensus::{Asked, Reason, Step, contradiction, decide, first, hint, one_word};
use super::error::AddressError;
use super::source::Source;
use super::trust::Kind;
use crate::console::Console;
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// The sources of one family and how far they have been asked.
#[derive(Debug)]
pub(crate) struct Detector {
    family: Family,
    agree: usize,
    asked: Vec<Asked>,
    random: Random,
}

impl Detector {
    /// Will ask these `sources`, which are in the config's order.
    pub(crate) fn new(family: Family, sources: Vec<Source>, agree: usize, random: Random) -> Self {
        let asked = sources.into_iter().map(|source| Asked { source, answer: None }).collect();
        Self { family, agree, asked, random }
    }

    /// The cheapest word there is: enough to find that nothing has changed. Failures are for `-v` only.
    pub(crate) fn hint(&mut self, http: &Http, console: &mut Console) -> Option<IpAddr> {
        self.settle(http, console, hint).map(|(address, _)| address)
    }

    /// One word that counts, and whether it is own knowledge: enough to compare the zone with.
    pub(crate) fn first(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        self.settle(http, console, first).map(|(address, _)| address).ok_or_else(|| self.failure())
    }

    /// What is sure enough to be written.
    pub(crate) fn agreed(&mut self, http: &Http, console: &mut Console) -> Result<IpAddr, AddressError> {
        let agree = self.agree;
        let settled = self.settle(http, console, |asked| decide(asked, agree));
        settled.map(|(address, _)| address).ok_or_else(|| self.failure())
    }

    /// Before a write, whether router and web contradict each other, where both are to be asked.
    pub(crate) fn contradiction(&mut self, http: &Http, console: &mut Console) -> Option<String> {
        // Nobody is asked for nothing.
        if self.asked.iter().all(|a| a.source.kind() != Kind::Router) {
            return None;
        }
        for kind in [Kind::Router, Kind::Web] {
            self.settle(http, console, |asked| {
                one_word(asked, (0..asked.len()).filter(|&i| asked[i].source.kind() == kind))
            });
        }
        contradiction(&self.asked)
    }

    fn settle(
        &mut self,
        http: &Http,
        console: &mut Console,
        next: impl Fn(&[Asked]) -> Step,
    ) -> Option<(IpAddr, Reason)> {
        loop {
            let place = match next(&self.asked) {
                Step::Ask(place) => place,
                Step::Settled(address, reason) => return Some((address, reason)),
                Step::Nothing => return None,
            };
            let Asked { source, answer } = &mut self.asked[place];
            let told = source.ask(self.family, http, &mut self.random);
            let place = source.place();
            match &told {
                Ok(Answer { address, note }) => {
                    let note = note.as_deref().map(|n| format!(", {n}")).unwrap_or_default();
                    console.step(format_args!("{source} said {address}{place}{note}"));
                }
                Err(cause) => console.step(format_args!("{source}: {cause}{place}")),
            }
            *answer = Some(told);
        }
    }

    fn failure(&mut self) -> AddressError {
        AddressError { family: self.family, agree: self.agree, asked: std::mem::take(&mut self.asked) }
    }
}
