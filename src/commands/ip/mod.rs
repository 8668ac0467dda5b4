//! `gandi-ddns ip`: queries every source once, in parallel, and shows the results and the decision that follows from
//! them. Changes nothing.

mod show;

use crate::address::survey::survey;
use crate::cli::{GlobalOptions, OutputFormat};
use crate::commands::context::{Context, report_config_error};
use crate::config;
use crate::console::Console;
use crate::exit::Exit;
use crate::http::Http;
use crate::sys::time::implausible;

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(text: &str) -> String {
    show::error(text)
}

/// Runs the command. Succeeds if an address of each family requested by `-4` or `-6` is known; without these options,
/// if one address is known: many networks have no IPv6.
pub fn execute(options: &GlobalOptions, context: &Context, console: &mut Console) -> Exit {
    let detection = match config::detection(options, &context.env) {
        Ok(detection) => detection,
        Err(e) => {
            if options.format == OutputFormat::Json {
                console.object(&show::error(&e.to_string()));
            }
            return report_config_error(&e, "", console);
        }
    };
    // With a wrong clock no certificate is valid, and TLS refuses one before 1970 by a panic.
    if let Some(problem) = implausible((context.now)()) {
        if options.format == OutputFormat::Json {
            console.object(&show::error(&problem));
        }
        console.error(format_args!("{problem}"));
        return Exit::TryLater;
    }
    let http = Http::new(detection.roots.as_deref(), detection.timeout);
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
