//! The HTTP heartbeat: one request per run to a monitor such as healthchecks.io, which notices failed and missing runs.

use std::time::Duration;

use crate::config::Notifications;
use crate::console::{self, Console};
use crate::exit::Exit;
use crate::http::{Http, Method, Request};
use crate::sys::error_chain::chain;
use crate::sys::words::beginning;

/// Timeout for the request. Not cut by what is left of the run: a run that has used up its time must be reported, too.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of the response body in bytes. The body is not used.
const MAX_RESPONSE: u64 = 64 * 1024;
/// Maximum size of the message that is sent, in bytes; healthchecks.io keeps 100 kB.
const MAX_MESSAGE: usize = 8 * 1024;

/// Sends the result of the run: `GET URL` after success, otherwise `POST URL/fail` with the message
/// (`healthchecks.io/docs/http_api`). Takes no longer than `timeout`, the time limit of an attempt, either. A failure is
/// printed with `-v` only.
pub(crate) fn send(
    notifications: &Notifications,
    http: &Http,
    timeout: Duration,
    (exit, message): (Exit, &str),
    console: &mut Console,
) {
    let Some(url) = &notifications.heartbeat else { return };
    let fail_url = format!("{url}/fail");
    let message = console::clean(message);
    let body = beginning(&message, MAX_MESSAGE);
    let (url, method) = match exit {
        Exit::Ok => (url.as_str(), Method::Get),
        _ => (fail_url.as_str(), Method::Post { content_type: "text/plain; charset=utf-8", body }),
    };
    let request = Request {
        method,
        url,
        authorization: None,
        family: None,
        limit: MAX_RESPONSE,
        timeout: timeout.min(TIMEOUT),
        total: Duration::MAX,
    };
    // Messages contain its host only: the path of such a URL is its password.
    match http.send(&request) {
        Ok(response) if (200..300).contains(&response.status) => {
            console.debug(format_args!("heartbeat sent"));
        }
        Ok(response) => {
            console
                .debug(format_args!("could not send heartbeat: the response has status {}", response.status));
        }
        Err(e) => console.debug(format_args!("could not send heartbeat: {}", chain(&e))),
    }
}
