//! Which public address do we have? One file per kind of source under [`sources`]; what their answers amount to is
//! decided in [`consensus`], by pure functions over the answers.

pub mod answer;
pub mod consensus;
pub(crate) mod detector;
mod error;
pub mod global;
pub mod source;
pub mod sources;
pub mod suffix;
pub(crate) mod survey;
pub mod trust;

pub use answer::{Detected, SourceError};
pub use error::AddressError;
pub use source::Source;
pub use trust::{Kind, SOURCE_KINDS, Trust};
