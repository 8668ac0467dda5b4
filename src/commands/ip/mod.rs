//! `gandi-ddns ip`: queries every source once, in parallel, and shows the results and the decision that follows from
//! them. Changes nothing.

mod show;

use crate::address::survey::survey;
use crate::cli::{GlobalOptions, OutputFormat};
use crate::commands::context::{Context, check_clock, report_config_error};
use crate::config;
use crate::console::Console;
use crate::exit::Exit;

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(text: &str) -> String {
    show::error(text)
}

/// Runs the command. Succeeds if an address of each family requested by `-4` or `-6` is known; without these options,
/// if one address is known: many networks have no IPv6.
#[inline(never)]
pub fn execute(options: &GlobalOptions, context: &Context, console: &mut Console) -> Exit {
    let loaded =
        config::detection(options, &context.env).and_then(|loaded| check_clock(context).map(|()| loaded));
    let (detection, unread) = match loaded {
        Ok(loaded) => loaded,
        Err(e) => {
            if options.format == OutputFormat::Json {
                console.object(&show::error(&e.to_string()));
            }
            return report_config_error(&e, "", console);
        }
    };
    if let Some(e) = unread {
        console.warn(format_args!("{e}; here are the default sources"));
    }
    let http = detection.client();
    let mut wanted = Vec::new();
    for target in &detection.targets {
        if options.families.includes(target.family)
            && (options.families.is_explicit() || !target.sources.is_off())
        {
            wanted.push(target.wanted());
        }
    }
    let surveys = survey(&wanted, &http);
    if options.format == OutputFormat::Json {
        console.object(&show::json(&surveys));
    } else {
        show::table(&surveys, console);
    }
    let known = surveys.iter().filter(|s| s.address().is_some()).count();
    let required = if options.families.is_explicit() { surveys.len() } else { 1 };
    if known >= required { Exit::Ok } else { Exit::TryLater }
}
