//! Detection of the public address. [`sources`] has one file or folder per kind of source, [`consensus`] and
//! [`votes`] decide by pure functions which result to trust, and `detector` does the querying.

pub mod answer;
pub mod consensus;
pub(crate) mod detector;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod global;
pub mod source;
pub mod sources;
pub mod suffix;
pub(crate) mod survey;
pub mod trust;
pub mod votes;

pub use answer::{Detected, SourceError};
pub use error::AddressError;
pub use source::Source;
pub use trust::{Kind, Purpose, TRUST_TABLE, Trust};
