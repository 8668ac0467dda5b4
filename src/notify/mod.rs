//! Notifications after a run: the user's hook programs and an HTTP heartbeat. None of them changes how the run ends.

pub(crate) mod heartbeat;
pub(crate) mod hooks;
