//! What is remembered from run to run: the lock, the state, and the history.

mod format;
pub(crate) mod history;
mod records;
mod store;

pub(crate) use records::Seen;
pub use records::{State, TokenMemory};
pub use store::{Place, StateError, Store, last_run, look, peek};
