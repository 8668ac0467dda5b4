//! Address families and name resolution.

pub mod family;
pub mod resolver;

pub use family::{Family, FamilySelection};
