//! The result of a run as one JSON object. `schema/run.json` describes it; a test holds the two together.

use crate::cli::WriteMode;
use crate::dns::{Rrset, RrsetKey};
use crate::exit::Exit;
use crate::json::Object;
use crate::outcome::{Failure, Outcome, Success};
use crate::sys::grouped::Texts;
use crate::sys::time::Timestamp;

/// The content of the object.
pub(crate) struct RunReport<'a> {
    pub(crate) now: Timestamp,
    pub(crate) exit: Exit,
    pub(crate) mode: WriteMode,
    /// The reason why no pass was made; `None` if one was.
    pub(crate) error: Option<&'a str>,
    pub(crate) outcomes: &'a [Outcome],
    /// The changes of earlier attempts of this run.
    pub(crate) earlier: &'a [Outcome],
    /// The expiry of the token; `None` if unknown.
    pub(crate) token_expires: Option<Timestamp>,
    /// The warnings of the run, printed or not.
    pub(crate) warnings: &'a [String],
}

/// Returns the object of a run that ended before it knew its records.
pub(crate) fn early_end(now: Timestamp, exit: Exit, mode: WriteMode, error: &str) -> String {
    let error = Some(error);
    run(&RunReport {
        now,
        exit,
        mode,
        error,
        outcomes: &[],
        earlier: &[],
        token_expires: None,
        warnings: &[],
    })
}

/// Returns the object as one line.
pub(crate) fn run(report: &RunReport) -> String {
    let (mut known, mut earlier, mut records) = (Texts::default(), Vec::new(), Vec::new());
    for outcome in report.earlier {
        for key in &outcome.keys {
            if known.number(&key.id("")) == earlier.len() {
                earlier.push(&outcome.result);
            }
        }
    }
    for Outcome { keys, result, .. } in report.outcomes {
        for key in keys {
            // Report the change made by an earlier attempt of this run rather than `unchanged` from the last one.
            let change = known.find(&key.id("")).filter(|_| result.is_ok());
            records.push(record(key, change.map_or(result, |number| earlier[number])));
        }
    }
    let mut object = start(report.exit);
    object.number("time", Some(report.now.as_secs()));
    object.boolean("dry_run", report.mode == WriteMode::DryRun);
    object.text("error", report.error).list("records", &records);
    object.list("warnings", &warnings(report.warnings));
    object.number("token_expires", report.token_expires.map(Timestamp::as_secs));
    object.end()
}

/// Begins the object of a command with this exit code.
pub(crate) fn start(exit: Exit) -> Object {
    let mut object = Object::new();
    object.text("version", Some(env!("CARGO_PKG_VERSION"))).number("exit", Some(exit.code().into()));
    object
}

/// Begins the object of a record.
pub(crate) fn object_of(key: &RrsetKey) -> Object {
    let mut object = Object::new();
    object.text("domain", Some(key.domain.as_str())).text("name", Some(key.name.as_str()));
    object.text("type", Some(key.rrtype.as_str()));
    object
}

/// Appends the content of a record, or the exit code and the text of its failure.
pub(crate) fn add_content(object: &mut Object, rrset: Option<&Rrset>, failure: Option<(Exit, &str)>) {
    object.list("addresses", &addresses(rrset)).number("ttl", rrset.map(|r| r.ttl.into()));
    object.number("exit", failure.map(|(exit, _)| exit.code().into()));
    object.text("error", failure.map(|(_, text)| text));
}

/// Returns the objects of warnings.
pub(crate) fn warnings(texts: &[String]) -> Vec<String> {
    let mut warnings = Vec::with_capacity(texts.len());
    for text in texts {
        let mut warning = Object::new();
        warning.text("text", Some(text));
        warnings.push(warning.end());
    }
    warnings
}

/// Returns the addresses of an RRset as JSON strings; none if there is no RRset.
fn addresses(rrset: Option<&Rrset>) -> Vec<String> {
    rrset.map_or(&[][..], Rrset::values).iter().map(|a| format!("\"{a}\"")).collect()
}

fn record(key: &RrsetKey, result: &Result<Success, Failure>) -> String {
    let (word, old, new, failure) = match result {
        Ok(Success::Cached(new)) => ("cached", None, Some(new), None),
        Ok(Success::Unchanged(new)) => ("unchanged", None, Some(new), None),
        Ok(Success::Created { new, .. }) => ("created", None, Some(new), None),
        Ok(Success::Replaced { old, new, .. }) => ("replaced", Some(old), Some(new), None),
        Err(failure) => ("failed", None, None, Some(failure)),
    };
    let since = match failure {
        Some(Failure::BackedOff(record)) => Some(record.first_seen.as_secs()),
        _ => None,
    };
    let failure = failure.map(|f| (f.exit(), f.text()));
    let mut object = object_of(key);
    object.text("result", Some(word)).list("old", &addresses(old));
    add_content(&mut object, new, failure.as_ref().map(|(exit, text)| (*exit, text.as_str())));
    object.number("since", since);
    object.end()
}
