//! `gandi-ddns ip`: asks every source once, side by side, and says what their answers amount to. Changes nothing.

mod show;

use crate::address::survey::survey;
use crate::cli::{Common, Source as Place};
use crate::commands::context::{World, unusable};
use crate::config::{self};
use crate::console::Console;
use crate::exit::Exit;
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

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
    let wanted = |family: &Family| {
        asked.families.includes(*family)
            && (asked.families.is_explicit() || !detection.sources(*family).is_off())
    };
    let sources = |family| (family, detection.sources(family).list(family, None));
    let families = Family::ALL.into_iter().filter(wanted).map(sources).collect();
    let surveys = survey(families, detection.agree, &http, &mut random);
    if asked.json {
        console.say(format_args!("{}", show::json(&surveys)));
    } else {
        show::table(&surveys, console);
    }
    let known = surveys.iter().filter(|s| s.address().is_some()).count();
    let enough = if asked.families.is_explicit() { surveys.len() } else { 1 };
    if known >= enough { Exit::Ok } else { Exit::TryLater }
}
