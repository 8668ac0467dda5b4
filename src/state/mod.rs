//! The state kept from run to run: lock, cached confirmations, backoff, and the history of changes.

mod directory;
mod error;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod history;
pub(crate) mod notices;
mod record;
mod records;
mod store;
mod tokens;
mod watcher;

pub use error::StateError;
pub(crate) use record::{Attempts, Confirmed, RecordState};
pub use records::State;
pub(crate) use store::WITHOUT_STATE;
pub use store::{Store, StoreStatus, inspect, last_run, read_unlocked};
pub use tokens::TokenMemory;
pub use watcher::{Watcher, WatcherStatus, last_watcher};
