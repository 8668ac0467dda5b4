//! Who hears of a run besides the reader of its output: programs of the user's, and a monitor by HTTP. None of them
//! changes how the run ends.

use std::path::Path;
use std::time::Duration;

use crate::config::Hearing;
use crate::console::Console;
use crate::dns::RrsetKey;
use crate::exit::Exit;
use crate::http::{Http, IpFamily, Method, Request};
use crate::outcome::{Done, Outcome};
use crate::state::State;
use crate::sys::subprocess::{self, Job};

/// The longest that a program may run.
const PROGRAM: Duration = Duration::from_secs(30);
/// The longest wait for the monitor.
const PING: Duration = Duration::from_secs(5);
/// The most bytes of its answer, which nobody reads.
const LIMIT: u64 = 64 * 1024;
/// The most bytes of a message that it is sent: healthchecks.io keeps 100 kB.
const MESSAGE: usize = 8 * 1024;
/// How old a failure is when `on_failure` hears of it again, in seconds.
const AGAIN: u64 = crate::sys::time::DAY;

/// Runs `on_change` for each record that was written.
pub(crate) fn changes(hearing: &Hearing, outcomes: &[Outcome], console: &mut Console) {
    let Some(program) = &hearing.on_change else { return };
    for Outcome { keys, result } in outcomes {
        let (old, new) = match result {
            Ok(Done::Created { new, dry: false }) => (String::new(), new.addresses()),
            Ok(Done::Replaced { old, new, dry: false }) => (old.addresses(), new.addresses()),
            _ => continue,
        };
        for key in keys {
            run("on_change", program, &[key], &old, &new, "", console);
        }
    }
}

/// Runs `on_failure` for the failures that are new or a day old, once for all records that fail alike. Returns whether
/// it noted anything in the state.
pub(crate) fn failures(
    hearing: &Hearing,
    api: &str,
    outcomes: &[Outcome],
    state: &mut State,
    now: u64,
    console: &mut Console,
) -> bool {
    let Some(program) = &hearing.on_failure else { return false };
    let mut news: Vec<(String, Vec<&RrsetKey>)> = Vec::new();
    for Outcome { keys, result } in outcomes {
        let Err(failure) = result else { continue };
        for key in keys {
            let failed = state.memory(api, key).and_then(|m| m.failed.as_ref());
            let told = failed.map_or(0, |f| f.told);
            if told != 0 && now.checked_sub(told).is_some_and(|age| age < AGAIN) {
                continue;
            }
            let text = failed.map_or_else(|| failure.to_string(), |f| f.text.clone());
            state.told(api, key, now);
            match news.iter_mut().find(|(known, _)| *known == text) {
                Some((_, keys)) => keys.push(key),
                None => news.push((text, vec![key])),
            }
        }
    }
    for (text, keys) in &news {
        run("on_failure", program, keys, "", "", text, console);
    }
    !news.is_empty()
}

/// Runs one program, without a shell; of several records, each variable lists what they have.
fn run(
    hook: &str,
    program: &Path,
    keys: &[&RrsetKey],
    old: &str,
    new: &str,
    error: &str,
    console: &mut Console,
) {
    let list = |text: fn(&RrsetKey) -> String| {
        let mut words: Vec<String> = Vec::new();
        for word in keys.iter().map(|key| text(key)) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" ")
    };
    let (domains, names) = (list(|k| k.domain.to_string()), list(|k| k.name.to_string()));
    let types = list(|k| k.rrtype.to_string());
    let variables = [
        ("GANDI_DDNS_DOMAIN", domains.as_str()),
        ("GANDI_DDNS_NAME", &names),
        ("GANDI_DDNS_TYPE", &types),
        ("GANDI_DDNS_OLD", old),
        ("GANDI_DDNS_NEW", new),
        ("GANDI_DDNS_ERROR", error),
    ];
    console.step(format_args!("running {hook} {}", program.display()));
    let job = Job { path: program, variables: &variables, time: PROGRAM, is_heard: console.is_verbose() };
    if let Err(e) = subprocess::run(&job) {
        console.warn(format_args!("`{hook}` {}: it {e}", program.display()));
    }
}

/// Tells the monitor how the run ended: `GET URL` when all is well, else `POST URL/fail` with the message
/// (`healthchecks.io/docs/http_api`). That it cannot be told is nobody's trouble but its own.
pub(crate) fn ping(hearing: &Hearing, http: &Http, exit: Exit, message: &str, console: &mut Console) {
    let Some(url) = &hearing.ping else { return };
    let failing = format!("{url}/fail");
    let mut end = message.len().min(MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let body = &message[..end];
    let (url, method) = match exit {
        Exit::Ok => (url.as_str(), Method::Get),
        _ => {
            (failing.as_str(), Method::Post { content_type: "text/plain; charset=utf-8", header: None, body })
        }
    };
    let request =
        Request { method, url, authorization: None, family: IpFamily::Any, limit: LIMIT, patience: PING };
    // Only its host is named: the rest of the URL is a secret of a kind.
    match http.send(&request) {
        Ok(answer) if (200..300).contains(&answer.status) => console.step(format_args!("told the monitor")),
        Ok(answer) => {
            console
                .step(format_args!("could not tell the monitor: it answered with status {}", answer.status));
        }
        Err(e) => console.step(format_args!("could not tell the monitor: {e}")),
    }
}
