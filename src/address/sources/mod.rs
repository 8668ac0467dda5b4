//! The kinds of source, a file or folder each.

pub mod command;
pub mod dns;
pub mod interface;
pub mod resolve;
pub mod router;
pub mod web;
