//! `gandi-ddns check`: looks at everything that a run depends on, and changes nothing. What we ask for in a bug report,
//! so it shows no secret; and with `--redact`, no name and no address either.

mod delegation;
mod findings;

mod local;
mod redact;
mod remote;

use crate::address::survey::survey;
use crate::cli::{GlobalOptions, OutputFormat, Redaction, WriteMode};
use crate::commands::context::{Context, load};
use crate::config::{Config, Credentials};
use crate::console::Console;
use crate::exit::Exit;
use crate::http::Http;
use crate::json::Object;
use crate::net::Family;
use crate::outcome::{Outcome, Success};
use crate::reconcile::{PassContext, reconcile};
use crate::state::State;
use crate::sys::hash::ConfigId;
use crate::sys::random::Random;
use crate::sys::time::{Timestamp, implausible};
use findings::{Finding, Findings, Verdict};
use redact::Redactor;

/// Runs the command. The code is the one that a run would have.
pub fn execute(
    options: &GlobalOptions,
    redaction: Redaction,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let mut found = Findings::default();
    let mut redactor = Redactor::default();
    match load(options, context, Credentials::Required) {
        Err(e) => {
            found.fail(Exit::Config, "config", e.to_string());
            clock(context, &mut found);
        }
        Ok((config, id)) => {
            if redaction == Redaction::On {
                redactor = Redactor::new(&config, context.env.home.as_deref());
            }
            look(&config, id, context, &mut found);
        }
    }
    if redaction == Redaction::On {
        for finding in &mut found.0 {
            finding.subject = redactor.redact(&finding.subject);
            finding.text = redactor.redact(&finding.text);
        }
    }
    show(&found, options.format, console);
    found.exit()
}

/// From what is nearest to what is furthest away.
fn look(config: &Config, id: ConfigId, context: &Context, found: &mut Findings) {
    local::config(config, found);
    let clock_is_right = clock(context, found);
    let now = (context.now)();
    local::state(config, id, context.env.uid, now, found);
    let mut random = Random::new(context.seed);
    let http = Http::new(config.detection.roots.as_deref(), config.detection.timeout);
    addresses(config, &http, &mut random, found);
    // By a wrong clock every certificate is wrong: one line says it all.
    if !clock_is_right {
        return;
    }
    let reach = remote::look(config, &http, now, &mut random, found);
    if reach {
        records(config, now, &mut random, found);
    }
}

fn clock(context: &Context, found: &mut Findings) -> bool {
    let now = (context.now)();
    match implausible(now) {
        Some(complaint) => found.fail(Exit::TryLater, "clock", complaint),
        None => found.fine("clock", format!("reads {now}")),
    }
    implausible(now).is_none()
}

/// Each source that the config names, and what a run would make of it.
fn addresses(config: &Config, http: &Http, random: &mut Random, found: &mut Findings) {
    let kept = |family: &Family| config.records.iter().any(|r| r.key.rrtype.family() == *family);
    let sources = |family| (family, config.detection.sources(family).list(family, None));
    let families = Family::ALL.into_iter().filter(kept).map(sources).collect();
    for survey in survey(families, config.detection.quorum, http, random) {
        let family = survey.family;
        for query in &survey.queries[..survey.configured] {
            let subject = format!("source {} {family}", query.source);
            match &query.result {
                Some(Ok(answer)) => found.fine(subject, answer.address.to_string()),
                Some(Err(cause)) => found.warn(subject, cause.to_string()),
                None => found.warn(subject, "could not be asked"),
            }
        }
        let subject = format!("address {family}");
        match survey.address() {
            Some(address) => found.fine(subject, format!("{address}: {}", survey.reason())),
            None => found.fail(
                Exit::TryLater,
                subject,
                format!("none that could be published: {}; see the sources above, and `ipv4` and `ipv6` in the config", survey.reason()),
            ),
        }
    }
}

/// What a run would do about each record.
fn records(config: &Config, now: Timestamp, random: &mut Random, found: &mut Findings) {
    // A time of its own: the sources may have taken all of it.
    let http = Http::new(config.detection.roots.as_deref(), config.detection.timeout);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut silent = Console::new(crate::console::Verbosity::Quiet, &mut out, &mut err);
    let state = State::default();
    let with = PassContext { state: &state, now, mode: WriteMode::DryRun, random: random.split() };
    for Outcome { keys, result } in reconcile(config, &http, with, &mut silent) {
        for key in keys {
            let subject = key.to_string();
            match &result {
                Ok(Success::Cached(rrset) | Success::Unchanged(rrset)) => {
                    found.fine(subject, format!("the zone has {}: nothing to do", rrset.addresses()));
                }
                Ok(Success::Created { new, .. }) => {
                    found.fine(
                        subject,
                        format!("is not there: a run would create it with {}", new.addresses()),
                    );
                }
                Ok(Success::Replaced { old, new, .. }) => found.fine(
                    subject,
                    format!(
                        "the zone has {}, TTL {} s: a run would replace it by {}, TTL {} s",
                        old.addresses(),
                        old.ttl,
                        new.addresses(),
                        new.ttl
                    ),
                ),
                Err(failure) => found.fail(failure.exit(), subject, failure.to_string()),
            }
        }
    }
}

fn show(found: &Findings, format: OutputFormat, console: &mut Console) {
    let word = |verdict| match verdict {
        Verdict::Fine => "ok",
        Verdict::Warning => "warning",
        Verdict::Failure(_) => "failure",
    };
    if format == OutputFormat::Json {
        let mut lines = Vec::new();
        for Finding { verdict, subject, text } in &found.0 {
            let mut object = Object::new();
            object
                .text("verdict", Some(word(*verdict)))
                .text("subject", Some(subject))
                .text("text", Some(text));
            lines.push(object.end());
        }
        let mut object = Object::new();
        object.text("version", Some(env!("CARGO_PKG_VERSION")));
        object.number("exit", Some(found.exit().code().into())).list("checks", &lines);
        console.object(&object.end());
        return;
    }
    for Finding { verdict, subject, text } in &found.0 {
        console.notice(format_args!("{:7}  {subject}: {text}", word(*verdict)));
    }
    let count = |wanted: &str| found.0.iter().filter(|f| word(f.verdict) == wanted).count();
    console.notice(format_args!(
        "\nfailures: {}, warnings: {}; a run would exit with {}",
        count("failure"),
        count("warning"),
        found.exit().code()
    ));
}
