//! `gandi-ddns check`: checks everything that a run depends on, and changes nothing. Its output is meant for bug
//! reports, so it contains no secret and, with `--redact`, no names and no addresses.

mod findings;
mod local;
mod redact;
mod remote;

use crate::address::survey::survey;
use crate::cli::{CheckScope, GlobalOptions, OutputFormat, Redaction, WriteMode};
use crate::commands::context::{Context, hide_credentials, load, report_config_error};
use crate::config::{self, Config, Credentials};
use crate::console::{Console, Verbosity};
use crate::dns::{RrsetKey, ZoneName};
use crate::exit::Exit;
use crate::gandi::livedns::{Listing, LiveDns};
use crate::http::Http;
use crate::json::Object;
use crate::outcome::{Failure, OutOfZone, Outcome, Success};
use crate::reconcile::{PassContext, reconcile};
use crate::report::json::start;
use crate::report::{FirstWrite, ReplacementText, WILL_REPLACE};
use crate::state::{self, State};
use crate::sys::hash::ConfigId;
use crate::sys::random::Random;
use crate::sys::time::{Timestamp, implausible};
use crate::sys::words::count;
use findings::{Finding, Findings, Id, Status};
use redact::Redactor;

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(text: &str) -> String {
    let mut findings = Findings::default();
    findings.fail(Exit::Usage, Id::Arguments, "", text.to_owned());
    json(&findings)
}

/// Runs the command. Returns the exit code that a run would have.
pub fn execute(
    options: &GlobalOptions,
    (redaction, scope): (Redaction, CheckScope),
    context: &Context,
    console: &mut Console,
) -> Exit {
    let mut findings = Findings::default();
    let mut redactor = Redactor::new(context.env.home.as_deref());
    let now = (context.now)();
    let clock = if scope == CheckScope::Offline { None } else { check_clock(now, &mut findings) };
    let mut translation = String::new();
    match load(options, context, Credentials::Required) {
        Err(e) => {
            if e.exit() == Exit::Usage {
                report_config_error(&e, "", console);
                if options.format == OutputFormat::Text {
                    return Exit::Usage;
                }
            }
            if redaction == Redaction::On {
                redactor.hide_labels(&config::names(&options.source, &context.env));
            }
            for line in e.lines() {
                findings.fail(e.exit(), Id::Config, "", line);
            }
            e.translation().unwrap_or_default().clone_into(&mut translation);
        }
        Ok((config, id)) => {
            if redaction == Redaction::On {
                redactor.hide_names_of(&config);
            }
            hide_credentials(&config, console);
            local::check_config(&config, &mut findings);
            if scope == CheckScope::Offline {
                local::check_state_directory(&config, id, None, &mut findings);
            } else {
                local::check_state(&config, id, now, &mut findings);
                check_remote(&config, id, context, clock, &mut findings);
            }
        }
    }
    if redaction == Redaction::On {
        for finding in &mut findings.0 {
            finding.about = redactor.redact(&finding.about);
            finding.text = redactor.redact(&finding.text);
        }
        translation = redactor.redact(&translation);
    }
    match options.format {
        OutputFormat::Json => console.object(&json(&findings)),
        OutputFormat::Text => {
            print(&findings, console);
            print_translation(&translation, console);
        }
    }
    findings.exit()
}

/// Runs all checks that need the network. Without a plausible time, none: no certificate is valid then, and TLS refuses a
/// time before 1970 by a panic.
#[inline(never)]
fn check_remote(
    config: &Config,
    id: ConfigId,
    context: &Context,
    clock: Option<Timestamp>,
    findings: &mut Findings,
) {
    let Some(now) = clock else { return };
    let mut random = Random::new(context.seed);
    let http = config.detection.client();
    check_addresses(config, &http, findings);
    let readable = remote::check_gandi(config, &http, now, &mut random, findings);
    if readable.contains(&true) {
        check_records(config, id, (now, &readable), &mut random, findings);
    }
}

/// Returns the time, unless the clock must be wrong.
fn check_clock(now: Timestamp, findings: &mut Findings) -> Option<Timestamp> {
    if let Some(problem) = implausible(now) {
        findings.fail(Exit::TryLater, Id::Clock, "", problem);
        return None;
    }
    findings.ok(Id::Clock, "", now.to_string());
    Some(now)
}

/// Queries each configured source, and decides on an address as a run would.
fn check_addresses(config: &Config, http: &Http, findings: &mut Findings) {
    let mut wanted = Vec::new();
    for (number, target) in config.detection.targets.iter().enumerate() {
        if config.records.iter().any(|r| r.target == number) {
            wanted.push(target.wanted());
        }
    }
    let surveys = survey(&wanted, http);
    let mut shown = Vec::new();
    for survey in &surveys {
        let family = survey.family;
        for query in &survey.queries[..survey.configured] {
            // Another target has it, too.
            if shown.contains(&(family, &query.source)) {
                continue;
            }
            shown.push((family, &query.source));
            let about = format!("{} {family}", query.source);
            match query.text() {
                Ok(address) => findings.ok(Id::Source, &about, address),
                Err(problem) => findings.warn(Id::Source, &about, problem),
            }
        }
        let (name, reason) = (survey.name(), survey.reason());
        if let Some(address) = survey.address() {
            findings.ok(Id::Address, &name, format!("{address}: {reason}"));
        } else {
            let text = format!("none: {reason}; see the sources above, and `ipv4` and `ipv6` in the config");
            findings.fail(Exit::TryLater, Id::Address, &name, text);
        }
        if let Some(contradiction) = survey.contradiction() {
            findings.warn(Id::Contradiction, &name, contradiction);
        }
    }
}

/// Makes a dry run, without cached results and backoff. `readable` tells for each account if one of its zones could be
/// read.
#[inline(never)]
fn check_records(
    config: &Config,
    id: ConfigId,
    (now, readable): (Timestamp, &[bool]),
    random: &mut Random,
    findings: &mut Findings,
) {
    // A timeout of its own: the sources may have used up the other one.
    let http = config.detection.client();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut discarded = Console::new(Verbosity::Quiet, &mut out, &mut err);
    let state = State::default();
    let pass = PassContext { state: &state, now, mode: WriteMode::DryRun, random: random.split() };
    // Another state than that of the pass, which is to read every record.
    let known =
        config.state_dir.as_ref().and_then(|dir| state::read_unlocked(dir, id).ok()).unwrap_or_default();
    let outcomes = reconcile(config, &http, pass, &mut discarded);
    let mut livedns = LiveDns::new(&http, &config.accounts[0], random.split());
    let mut listings: Vec<(usize, ZoneName, Option<Listing>)> = Vec::new();
    for Outcome { account: number, keys, result } in outcomes {
        // The cause is a finding of its own.
        if !readable[number] && matches!(result, Err(Failure::Read(_) | Failure::Write(_))) {
            continue;
        }
        let account = &config.accounts[number];
        let is_known =
            |key: &_| known.record(account.api.as_str(), key).is_some_and(|r| r.confirmed.is_some());
        for key in keys {
            if let Ok(Success::Unchanged(rrset)) = &result {
                let known =
                    listings.iter().position(|(owner, domain, _)| *owner == number && *domain == key.domain);
                let place = known.unwrap_or_else(|| {
                    livedns.switch_to(account);
                    listings.push((number, key.domain.clone(), livedns.listing(&key.domain).ok()));
                    listings.len() - 1
                });
                // Runs keep the record, since they look for a delegation before their first write only.
                if let Some(record) = listings[place].2.as_ref().and_then(|listing| listing.delegation(&key))
                {
                    let text = format!("up to date ({}), but {}", rrset.addresses(), OutOfZone(&record));
                    findings.warn(Id::Record, &key.to_string(), text);
                    continue;
                }
            }
            add_record(&key, &result, &is_known, findings);
        }
    }
}

fn add_record(
    key: &RrsetKey,
    result: &Result<Success, Failure>,
    is_known: &dyn Fn(&RrsetKey) -> bool,
    findings: &mut Findings,
) {
    let about = key.to_string();
    match result {
        Ok(Success::Cached(rrset) | Success::Unchanged(rrset)) => {
            findings.ok(Id::Record, &about, format!("up to date ({})", rrset.addresses()));
        }
        Ok(Success::Created { new, .. }) => {
            let address = new.addresses();
            findings.ok(
                Id::Record,
                &about,
                format!("does not exist yet; the next run will create it ({address})"),
            );
        }
        Ok(Success::Replaced { old, new, .. }) if old.values() != new.values() && !is_known(key) => {
            findings.warn(Id::Record, &about, format!("{WILL_REPLACE} {}", FirstWrite { old, new }));
        }
        Ok(Success::Replaced { old, new, .. }) => {
            let change = ReplacementText { old, new };
            findings.ok(Id::Record, &about, format!("the next run will change it: {change}"));
        }
        // The cause is a finding of its own, and would be repeated for each record.
        Err(failure) if findings.has(failure.exit(), Id::Domain, &key.domain.both()) => {}
        Err(failure) => findings.fail(failure.exit(), Id::Record, &about, failure.text()),
    }
}

/// Returns the findings as one object; `schema/check.json` describes it.
fn json(findings: &Findings) -> String {
    let mut checks = Vec::with_capacity(findings.0.len());
    for finding in &findings.0 {
        let about = Some(finding.about.as_str()).filter(|about| !about.is_empty());
        let mut object = Object::new();
        object.text("id", Some(finding.id.word())).text("verdict", Some(finding.status.word()));
        object
            .text("subject", Some(&finding.subject()))
            .text("about", about)
            .text("text", Some(&finding.text));
        checks.push(object.end());
    }
    let mut object = start(findings.exit());
    object.list("checks", &checks);
    object.end()
}

/// Prints the config that replaces that of an older Gandi script, unless it is empty.
fn print_translation(text: &str, console: &mut Console) {
    if !text.is_empty() {
        console.notice(format_args!("\nWrite this instead:\n"));
    }
    for line in text.lines() {
        console.notice(format_args!("{line}"));
    }
}

/// Prints a line for each finding, and a summary.
fn print(findings: &Findings, console: &mut Console) {
    let (mut failures, mut warnings) = (0, 0);
    for finding in &findings.0 {
        let Finding { status, text, .. } = finding;
        match status {
            Status::Ok => {}
            Status::Warning => warnings += 1,
            Status::Failure(_) => failures += 1,
        }
        // One line, whatever is in a file name.
        console.notice(format_args!(
            "{:7}  {}: {}",
            status.word(),
            finding.subject(),
            text.replace('\n', " ")
        ));
    }
    let and_warnings = match warnings {
        0 => String::new(),
        number => format!(", {}", count(number, "warning")),
    };
    match failures {
        0 => console.notice(format_args!("\nAll checks passed{and_warnings}.")),
        number => console.notice(format_args!(
            "\n{}{and_warnings}; a run would exit with code {}",
            count(number, "failure"),
            findings.exit().code()
        )),
    }
}
