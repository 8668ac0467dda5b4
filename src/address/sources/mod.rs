//! The kinds of source: one file or folder each.

pub mod command;
pub mod dns;
pub mod interface;
pub mod resolve;
pub mod router;
pub mod web;
