//! The report as one JSON object. `schema/status.json` describes it.

use super::report::Report;
use crate::dns::RrsetKey;
use crate::json::{Object, quoted};
use crate::outcome::FailureRecord;
use crate::report::json::{object_of, start, warnings};
use crate::state::history::HistoryEntry;
use crate::state::{RecordState, WatcherStatus};
use crate::sys::time::Timestamp;

/// Returns the object as one line.
pub(super) fn object(report: &Report) -> String {
    let (mut records, mut tokens, mut last_success, mut earliest) = (Vec::new(), Vec::new(), None, None);
    if let Some((config, state)) = report.saved {
        for (number, account) in config.accounts.iter().enumerate() {
            let expires = state.token(number, account).and_then(|token| token.expires_at);
            if let Some(expires) = expires {
                earliest = Some(earliest.map_or(expires, |other: Timestamp| other.min(expires)));
            }
            let mut token = Object::new();
            token.text("from", Some(account.credential.source()));
            time(&mut token, "expires", expires);
            tokens.push(token.end());
        }
        for record in &config.records {
            let known = state.record(config.account(record).api.as_str(), &record.key);
            last_success = last_success.max(known.and_then(|r| r.confirmed.as_ref()).map(|c| c.at));
            records.push(record_object(&record.key, known, report.now));
        }
    }
    let mut changes = Vec::new();
    for entry in report.changes.as_deref().unwrap_or_default().iter().rev() {
        changes.push(change(entry));
    }
    let mut object = start(report.exit);
    time(&mut object, "time", Some(report.now));
    object.text("error", report.error.as_deref()).boolean("running", report.is_running);
    object.value("watcher", report.watcher.as_ref().and_then(watcher).as_deref());
    time(&mut object, "last_run", report.last_run);
    time(&mut object, "last_success", last_success);
    time(&mut object, "token_expires", earliest);
    object
        .list("tokens", &tokens)
        .list("records", &records)
        .list("changes", &changes)
        .list("warnings", &warnings(&report.warnings));
    object.end()
}

#[inline(never)]
fn time(object: &mut Object, name: &str, time: Option<Timestamp>) {
    object.number(name, time.map(Timestamp::as_secs));
}

/// Returns the object of a watcher that runs.
fn watcher(status: &WatcherStatus) -> Option<String> {
    let mut object = Object::new();
    time(&mut object, "since", status.since);
    time(&mut object, "last_wakeup", status.woken);
    status.is_running.then(|| object.end())
}

fn record_object(key: &RrsetKey, known: Option<&RecordState>, now: Timestamp) -> String {
    let confirmed = known.and_then(|r| r.confirmed.as_ref());
    let failure = known.and_then(|r| r.failure.as_ref()).map(|f| failure_object(f, now));
    let mut object = object_of(key);
    object.text("host", Some(&key.host_name()));
    object.text("address", confirmed.map(|c| c.address.to_string()).as_deref());
    object.number("ttl", confirmed.map(|c| c.ttl.into()));
    time(&mut object, "confirmed", confirmed.map(|c| c.at));
    time(&mut object, "changed", confirmed.and_then(|c| c.changed));
    object.value("failure", failure.as_deref());
    object.end()
}

fn failure_object(failure: &FailureRecord, now: Timestamp) -> String {
    let mut object = Object::new();
    object.number("exit", Some(failure.exit.code().into())).text("kind", failure.kind());
    time(&mut object, "since", Some(failure.first_seen));
    time(&mut object, "last", Some(failure.last_seen));
    time(&mut object, "retry_after", failure.retry_after.filter(|end| *end > now));
    object.number("consecutive", Some(failure.consecutive.into())).text("text", Some(&failure.text));
    object.end()
}

fn change(entry: &HistoryEntry) -> String {
    let (host, rrtype) = entry.record.split_once(' ').unwrap_or_default();
    let old = entry.old.as_deref().map(|old| quoted(old).replace(',', "\",\""));
    let mut object = Object::new();
    time(&mut object, "time", Some(entry.at));
    object.text("host", Some(host)).text("type", Some(rrtype));
    object.list("old", old.as_slice()).text("new", Some(&entry.new));
    object.end()
}
