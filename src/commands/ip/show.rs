//! The results of a survey as a table, and as JSON.

use crate::address::Trust;
use crate::address::survey::Survey;
use crate::console::Console;
use crate::json::Object;

struct Document {
    sources: Vec<SourceRow>,
    families: Vec<FamilyRow>,
}

/// The result of one source.
struct SourceRow {
    source: String,
    family: &'static str,
    /// The address, or the error.
    result: Result<String, String>,
    milliseconds: u64,
    /// The trust in the source; `None` if it is not configured.
    counts_as: Option<&'static str>,
}

/// The decision for one target.
struct FamilyRow {
    family: &'static str,
    sources: String,
    /// The family, with the sources if there are others of this family.
    name: String,
    /// The address that an update would use; `None` if there is no decision.
    address: Option<String>,
    reason: String,
}

fn document(surveys: &[Survey]) -> Document {
    let (mut sources, mut shown) = (Vec::new(), Vec::new());
    for survey in surveys {
        for (index, query) in survey.queries.iter().enumerate() {
            // Another target has it, too.
            if shown.contains(&(survey.family, &query.source)) {
                continue;
            }
            shown.push((survey.family, &query.source));
            let result = match &query.result {
                Some(Ok(detected)) => Ok(detected.address.to_string()),
                Some(Err(e)) => Err(e.to_string()),
                None => Err("could not be queried".to_owned()),
            };
            sources.push(SourceRow {
                source: query.source.to_string(),
                family: survey.family.as_str(),
                result,
                milliseconds: survey.milliseconds[index],
                counts_as: survey.trust(index).map(Trust::as_str),
            });
        }
    }
    let row = |s: &Survey| {
        let mut reason = s.reason();
        if let Some(contradiction) = s.contradiction() {
            reason.push_str("; ");
            reason.push_str(&contradiction);
        }
        let (name, sources) = (s.name(), s.text.clone());
        FamilyRow {
            family: s.family.as_str(),
            sources,
            name,
            address: s.address().map(|a| a.to_string()),
            reason,
        }
    };
    Document { sources, families: surveys.iter().map(row).collect() }
}

/// Returns the object for a command that queried no source: `schema/ip.json` without results.
pub(super) fn error(text: &str) -> String {
    let mut object = Object::new();
    object.list("sources", &[]).list("verdicts", &[]).text("error", Some(text));
    object.end()
}

/// Returns one object: `sources` with `source`, `family`, `address` or `error`, `milliseconds` and `counts_as` (null if
/// not configured), `verdicts` with `family`, `sources`, `address` (or null) and `reason`, and `error`. `schema/ip.json` describes it.
pub(super) fn json(surveys: &[Survey]) -> String {
    let Document { sources, families } = document(surveys);
    let mut source_objects = Vec::with_capacity(sources.len());
    for row in &sources {
        let (address, error) = (row.result.as_deref().ok(), row.result.as_ref().err());
        let mut object = Object::new();
        object.text("source", Some(&row.source)).text("family", Some(row.family));
        object.text("address", address).text("error", error.map(String::as_str));
        object.number("milliseconds", Some(row.milliseconds)).text("counts_as", row.counts_as);
        source_objects.push(object.end());
    }
    let mut family_objects = Vec::with_capacity(families.len());
    for row in &families {
        let mut object = Object::new();
        object.text("family", Some(row.family)).text("sources", Some(&row.sources));
        object.text("address", row.address.as_deref()).text("reason", Some(&row.reason));
        family_objects.push(object.end());
    }
    let mut object = Object::new();
    object.list("sources", &source_objects).list("verdicts", &family_objects).text("error", None);
    object.end()
}

/// Prints a row for each source, and a line for each target.
pub(super) fn table(surveys: &[Survey], console: &mut Console) {
    let Document { sources, families } = document(surveys);
    let width = sources.iter().map(|r| r.source.len()).max().unwrap_or(0).max(6);
    // The last column has no fixed width, since errors are long.
    console.notice(format_args!(
        "{:width$}  {:6}  {:>5}  {:13}  {}",
        "source", "family", "ms", "counts as", "address"
    ));
    for SourceRow { source, family, result, milliseconds, counts_as } in &sources {
        let counts_as = counts_as.unwrap_or("(not in use)");
        let (Ok(result) | Err(result)) = result;
        console
            .notice(format_args!("{source:width$}  {family:6}  {milliseconds:>5}  {counts_as:13}  {result}"));
    }
    console.notice(format_args!(""));
    for FamilyRow { name, address, reason, .. } in families {
        console.notice(format_args!("{name}: {}: {reason}", address.as_deref().unwrap_or("none")));
    }
}
