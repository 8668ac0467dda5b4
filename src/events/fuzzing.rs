//! Entry points of the fuzz targets, compiled with `--cfg fuzzing` only.

use super::gena::notification::{self, MAPPINGS, UNKNOWN};

/// A notification of a gateway.
#[derive(Debug, PartialEq, Eq)]
pub struct Notification {
    /// The identifier of the subscription; empty if it is no notification.
    pub sid: String,
    /// True for the first one of a subscription.
    pub is_first: bool,
    /// True if it has the external address, or the state of the connection.
    pub has_values: bool,
}

/// Parses a request of the gateway; `None` if it is incomplete.
#[must_use]
pub fn notification(request: &str) -> Option<Notification> {
    let new = notification::read(request)?;
    let has_values = !matches!(new.values, MAPPINGS | UNKNOWN);
    Some(Notification { sid: new.sid, is_first: new.is_first, has_values })
}
