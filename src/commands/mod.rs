//! The commands, a file or folder each. None imports another.

pub mod check;
pub mod context;
pub mod ip;
pub mod status;
pub mod update;
