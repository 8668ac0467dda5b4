//! `gandi-ddns ip`: asks every source once, side by side, and says what their answers amount to. Changes nothing.

mod show;

use crate::address::survey::survey;
use crate::cli::{ConfigSource, GlobalOptions, OutputFormat};
use crate::commands::context::{Context, report_config_error};
use crate::config::{self};
use crate::console::Console;
use crate::exit::Exit;
use crate::http::Http;
use crate::net::Family;
use crate::sys::random::Random;

/// Runs the command. Without a family in particular, one address is enough for success: many have no IPv6.
pub fn execute(asked: &GlobalOptions, context: &Context, console: &mut Console) -> Exit {
    let path = match &asked.source {
        ConfigSource::File(path) => path.as_deref(),
        ConfigSource::Inline(_) => None,
    };
    let detection = match config::detection(path, &context.env) {
        Ok(detection) => detection,
        Err(e) => return report_config_error(&e, console),
    };
    let http = Http::new(detection.roots.as_deref(), detection.timeout);
    let mut random = Random::new(context.seed);
    let wanted = |family: &Family| {
        asked.families.includes(*family)
            && (asked.families.is_explicit() || !detection.sources(*family).is_off())
    };
    let sources = |family| (family, detection.sources(family).list(family, None));
    let families = Family::ALL.into_iter().filter(wanted).map(sources).collect();
    let surveys = survey(families, detection.quorum, &http, &mut random);
    if asked.format == OutputFormat::Json {
        console.notice(format_args!("{}", show::json(&surveys)));
    } else {
        show::table(&surveys, console);
    }
    let known = surveys.iter().filter(|s| s.address().is_some()).count();
    let enough = if asked.families.is_explicit() { surveys.len() } else { 1 };
    if known >= enough { Exit::Ok } else { Exit::TryLater }
}
