//! A run as one object for programs. `schema/run.json` describes it, and the tests hold the two together.

use crate::dns::{Rrset, RrsetKey};
use crate::exit::Exit;
use crate::json::Object;
use crate::outcome::{Done, Failure, Outcome};

/// Everything that there is to tell.
pub(crate) struct Told<'a> {
    pub(crate) now: u64,
    pub(crate) exit: Exit,
    pub(crate) dry_run: bool,
    /// Why there are no outcomes.
    pub(crate) problem: Option<&'a str>,
    pub(crate) outcomes: &'a [Outcome],
    /// What earlier tries of this run have changed.
    pub(crate) earlier: &'a [Outcome],
    /// Seconds since 1970, or 0.
    pub(crate) token_expires: u64,
}

/// One line.
pub(crate) fn run(told: &Told) -> String {
    let mut records = Vec::new();
    for outcome in told.outcomes {
        for key in &outcome.keys {
            // That a record is as an earlier try has made it is no news: what that try did is.
            let earlier = told.earlier.iter().find(|e| outcome.result.is_ok() && e.keys.contains(key));
            records.push(record(key, &earlier.unwrap_or(outcome).result));
        }
    }
    let mut object = Object::new();
    object.text("version", Some(env!("CARGO_PKG_VERSION"))).number("time", Some(told.now));
    object.number("exit", Some(told.exit.code().into())).boolean("dry_run", told.dry_run);
    object.text("error", told.problem).list("records", &records);
    object.number("token_expires", Some(told.token_expires).filter(|e| *e != 0));
    object.end()
}

fn record(key: &RrsetKey, result: &Result<Done, Failure>) -> String {
    let (word, old, new, failure) = match result {
        Ok(Done::Remembered(new)) => ("remembered", None, Some(new), None),
        Ok(Done::Kept(new)) => ("kept", None, Some(new), None),
        Ok(Done::Created { new, .. }) => ("created", None, Some(new), None),
        Ok(Done::Replaced { old, new, .. }) => ("replaced", Some(old), Some(new), None),
        Err(failure) => ("failed", None, None, Some(failure)),
    };
    let addresses = |rrset: Option<&Rrset>| -> Vec<String> {
        rrset.map_or(&[][..], Rrset::values).iter().map(|a| format!("\"{a}\"")).collect()
    };
    let since = match failure {
        Some(Failure::Standing(failed)) => Some(failed.since),
        _ => None,
    };
    let mut object = Object::new();
    object.text("domain", Some(key.domain.as_str())).text("name", Some(key.name.as_str()));
    object.text("type", Some(key.rrtype.as_str())).text("result", Some(word));
    object.list("old", &addresses(old)).list("addresses", &addresses(new));
    object.number("ttl", new.map(|n| n.ttl.into()));
    object.number("exit", failure.map(|f| f.exit().code().into()));
    object.text("error", failure.map(ToString::to_string).as_deref()).number("since", since);
    object.end()
}
