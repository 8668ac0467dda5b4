//! A survey as a table for people, and as JSON for programs.

use crate::address::survey::Survey;
use crate::console::Console;
use crate::json::Object;

struct Document {
    sources: Vec<SourceRow>,
    verdicts: Vec<Verdict>,
}

struct SourceRow {
    source: String,
    family: &'static str,
    address: Option<String>,
    error: Option<String>,
    milliseconds: u64,
    counts_as: Option<&'static str>,
}

struct Verdict {
    family: &'static str,
    address: Option<String>,
    reason: String,
}

fn document(surveys: &[Survey]) -> Document {
    let mut sources = Vec::new();
    for survey in surveys {
        for (place, query) in survey.queries.iter().enumerate() {
            let (address, error) = match &query.result {
                Some(Ok(answer)) => (Some(answer.address.to_string()), None),
                Some(Err(cause)) => (None, Some(cause.to_string())),
                None => (None, Some("could not be asked".to_owned())),
            };
            sources.push(SourceRow {
                source: query.source.to_string(),
                family: survey.family.as_str(),
                address,
                error,
                milliseconds: survey.milliseconds[place],
                counts_as: survey.trust(place).map(crate::address::Trust::as_str),
            });
        }
    }
    let verdict = |s: &Survey| Verdict {
        family: s.family.as_str(),
        address: s.address().map(|a| a.to_string()),
        reason: s.reason(),
    };
    Document { sources, verdicts: surveys.iter().map(verdict).collect() }
}

/// One object: `sources` with `source`, `family`, `address` or `error`, `milliseconds` and `counts_as` (null for
/// what is not in the config), and `verdicts` with `family`, `address` (or null) and `reason`.
pub(super) fn json(surveys: &[Survey]) -> String {
    let Document { sources, verdicts } = document(surveys);
    let mut rows = Vec::with_capacity(sources.len());
    for row in &sources {
        let mut object = Object::new();
        object.text("source", Some(&row.source)).text("family", Some(row.family));
        object.text("address", row.address.as_deref()).text("error", row.error.as_deref());
        object.number("milliseconds", Some(row.milliseconds)).text("counts_as", row.counts_as);
        rows.push(object.end());
    }
    let mut lines = Vec::with_capacity(verdicts.len());
    for verdict in &verdicts {
        let mut object = Object::new();
        object.text("family", Some(verdict.family)).text("address", verdict.address.as_deref());
        object.text("reason", Some(&verdict.reason));
        lines.push(object.end());
    }
    let mut object = Object::new();
    object.list("sources", &rows).list("verdicts", &lines);
    object.end()
}

/// A row for each source, and a line for each family.
pub(super) fn table(surveys: &[Survey], console: &mut Console) {
    let Document { sources, verdicts } = document(surveys);
    let said = |row: &SourceRow| row.address.clone().or_else(|| row.error.clone()).unwrap_or_default();
    let source = sources.iter().map(|r| r.source.len()).max().unwrap_or(0).max(6);
    // What is long and comes last may be as long as it likes: why there is no address.
    console.notice(format_args!(
        "{:source$}  {:6}  {:>5}  {:13}  {}",
        "source", "family", "ms", "counts as", "address"
    ));
    for row in &sources {
        let SourceRow { source: name, family, milliseconds, counts_as, .. } = row;
        let counts_as = counts_as.unwrap_or("(not in use)");
        console.notice(format_args!(
            "{name:source$}  {family:6}  {milliseconds:>5}  {counts_as:13}  {}",
            said(row)
        ));
    }
    console.notice(format_args!(""));
    for Verdict { family, address, reason } in verdicts {
        console.notice(format_args!("{family}: {}: {reason}", address.as_deref().unwrap_or("none")));
    }
}
