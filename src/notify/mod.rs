//! Notifications after a run: the user's hook programs (`on_change`, `on_failure`) and an HTTP heartbeat. A failed
//! notification never changes the exit code.

pub(crate) mod heartbeat;
pub(crate) mod hooks;
