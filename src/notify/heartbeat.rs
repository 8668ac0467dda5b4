//! The monitor that is told how each run ended.

use std::time::Duration;

use crate::config::Notifications;
use crate::console::Console;
use crate::exit::Exit;
use crate::http::{Http, Method, Request};

/// The longest wait for the monitor.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of its answer, which nobody reads.
const MAX_RESPONSE: u64 = 64 * 1024;
/// The most bytes of a message that it is sent: healthchecks.io keeps 100 kB.
const MAX_MESSAGE: usize = 8 * 1024;
/// Tells the monitor how the run ended: `GET URL` when all is well, else `POST URL/fail` with the message
/// (`healthchecks.io/docs/http_api`). That it cannot be told is nobody's trouble but its own.
pub(crate) fn send(
    notifications: &Notifications,
    http: &Http,
    exit: Exit,
    message: &str,
    console: &mut Console,
) {
    let Some(url) = &notifications.heartbeat else { return };
    let failing = format!("{url}/fail");
    let mut end = message.len().min(MAX_MESSAGE);
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
        Request { method, url, authorization: None, family: None, limit: MAX_RESPONSE, timeout: TIMEOUT };
    // Only its host is named: the rest of the URL is a secret of a kind.
    match http.send(&request) {
        Ok(answer) if (200..300).contains(&answer.status) => console.debug(format_args!("told the monitor")),
        Ok(answer) => {
            console
                .debug(format_args!("could not tell the monitor: it answered with status {}", answer.status));
        }
        Err(e) => console.debug(format_args!("could not tell the monitor: {e}")),
    }
}
