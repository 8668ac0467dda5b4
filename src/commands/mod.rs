//! The commands, one file or folder each. No command imports another.

pub mod check;
pub mod context;
pub mod get;
pub mod ip;
pub mod status;
pub mod update;
