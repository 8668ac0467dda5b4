//! The commands, one file or folder each. No command imports another, but `setup` and `watch` those that they run.

pub mod check;
pub mod context;
pub mod get;
pub mod ip;
pub mod setup;
pub mod status;
pub mod update;
pub mod watch;
