//! The HTTP heartbeat: one request per run to each monitor, such as healthchecks.io or Uptime Kuma, which notices failed and
//! missing runs.

use std::time::Duration;

use crate::config::Notifications;
use crate::console::{self, Console};
use crate::exit::Exit;
use crate::http::{Http, Method, Request};
use crate::sys::error_chain::chain;
use crate::sys::words::beginning;

/// Timeout for one request. Not cut by what is left of the run: a run that has used up its time must be reported, too.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of the response body in bytes. The body is not used.
const MAX_RESPONSE: u64 = 64 * 1024;
/// Maximum size of the message that is sent, in bytes; healthchecks.io keeps 100 kB.
const MAX_MESSAGE: usize = 8 * 1024;

/// Sends the result of the run to each URL: `GET URL` after success, otherwise `POST URL/fail` with the message
/// (`healthchecks.io/docs/http_api`). A URL with a query, as Uptime Kuma has it, is requested after success only. The
/// requests share the time of `http`, and none takes longer than `timeout`, the time limit of an attempt. A failure is
/// printed with `-v` only, and does not keep the other requests from being sent.
pub(crate) fn send(
    notifications: &Notifications,
    http: &Http,
    timeout: Duration,
    (exit, message): (Exit, &str),
    console: &mut Console,
) {
    let message = console::clean(message);
    let body = beginning(&message, MAX_MESSAGE);
    let mut more = u32::try_from(notifications.heartbeat.len()).unwrap_or(u32::MAX);
    for url in &notifications.heartbeat {
        let share = http.remaining() / more.max(1);
        more -= 1;
        // Messages contain its host only: the rest of such a URL is its password.
        let host = url.host();
        let fail_url;
        let (url, method) = if exit == Exit::Ok {
            (url.as_str(), Method::Get)
        } else if url.as_str().contains('?') {
            console.debug(format_args!("no heartbeat to {host}: a URL with `?` is for good runs only"));
            continue;
        } else {
            fail_url = format!("{url}/fail");
            (fail_url.as_str(), Method::Post { content_type: "text/plain; charset=utf-8", body })
        };
        let request = Request {
            method,
            url,
            authorization: None,
            family: None,
            limit: MAX_RESPONSE,
            timeout: timeout.min(TIMEOUT),
            total: share,
        };
        match http.send(&request) {
            Ok(response) if (200..300).contains(&response.status) => {
                console.debug(format_args!("heartbeat sent to {host}"));
            }
            Ok(response) => console.debug(format_args!(
                "could not send heartbeat to {host}: the response has status {}",
                response.status
            )),
            Err(e) => console.debug(format_args!("could not send heartbeat: {}", chain(&e))),
        }
    }
}
