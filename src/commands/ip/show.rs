//! The results of a survey as a table, and as JSON.

use crate::address::Trust;
use crate::address::survey::Survey;
use crate::console::Console;
use crate::json::Object;

/// The result of one source.
struct Row {
    source: String,
    family: &'static str,
    /// The address, or the error.
    result: Result<String, String>,
    milliseconds: u64,
    /// The trust in the source; `None` if it is not configured.
    counts_as: Option<&'static str>,
}

/// Returns the result of each source, once.
fn rows(surveys: &[Survey]) -> Vec<Row> {
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for survey in surveys {
        for (index, query) in survey.queries.iter().enumerate() {
            // Another target has it, too.
            if shown.contains(&(survey.family, &query.source)) {
                continue;
            }
            shown.push((survey.family, &query.source));
            rows.push(Row {
                source: query.source.to_string(),
                family: survey.family.as_str(),
                result: query.text(),
                milliseconds: survey.milliseconds[index],
                counts_as: survey.trust(index).map(Trust::as_str),
            });
        }
    }
    rows
}

/// Returns the address that an update would use, if there is one, and the reason of the decision.
fn verdict(survey: &Survey) -> (Option<String>, String) {
    let mut reason = survey.reason();
    if let Some(contradiction) = survey.contradiction() {
        reason = [reason, contradiction].join("; ");
    }
    (survey.address().map(|a| a.to_string()), reason)
}

/// Returns the object for a command that queried no source: `schema/ip.json` without results.
pub(super) fn error(text: &str) -> String {
    document(&[], &[], Some(text))
}

fn document(sources: &[String], verdicts: &[String], error: Option<&str>) -> String {
    let mut object = Object::new();
    object.list("sources", sources).list("verdicts", verdicts).text("error", error);
    object.end()
}

/// Returns one object: `sources` with `source`, `family`, `address` or `error`, `milliseconds` and `counts_as` (null if
/// not configured), `verdicts` with `family`, `sources`, `address` (or null) and `reason`, and `error`. `schema/ip.json` describes it.
pub(super) fn json(surveys: &[Survey]) -> String {
    let (mut sources, mut verdicts) = (Vec::new(), Vec::new());
    for row in &rows(surveys) {
        let (address, error) = (row.result.as_deref().ok(), row.result.as_ref().err());
        let mut object = Object::new();
        object.text("source", Some(&row.source)).text("family", Some(row.family));
        object.text("address", address).text("error", error.map(String::as_str));
        object.number("milliseconds", Some(row.milliseconds)).text("counts_as", row.counts_as);
        sources.push(object.end());
    }
    for survey in surveys {
        let (address, reason) = verdict(survey);
        let mut object = Object::new();
        object.text("family", Some(survey.family.as_str())).text("sources", Some(&survey.text));
        object.text("address", address.as_deref()).text("reason", Some(&reason));
        verdicts.push(object.end());
    }
    document(&sources, &verdicts, None)
}

/// Prints a row for each source, and a line for each target.
pub(super) fn table(surveys: &[Survey], console: &mut Console) {
    let rows = rows(surveys);
    let width = rows.iter().map(|r| r.source.len()).max().unwrap_or(0).max(6);
    // The last column has no fixed width, since errors are long.
    console.notice(format_args!(
        "{:width$}  {:6}  {:>5}  {:13}  {}",
        "source", "family", "ms", "counts as", "address"
    ));
    for Row { source, family, result, milliseconds, counts_as } in &rows {
        let counts_as = counts_as.unwrap_or("(not in use)");
        let (Ok(result) | Err(result)) = result;
        console
            .notice(format_args!("{source:width$}  {family:6}  {milliseconds:>5}  {counts_as:13}  {result}"));
    }
    console.notice(format_args!(""));
    for survey in surveys {
        let (address, reason) = verdict(survey);
        console.notice(format_args!("{}: {}: {reason}", survey.name(), address.as_deref().unwrap_or("none")));
    }
}
