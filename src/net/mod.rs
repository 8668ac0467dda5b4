//! Address families, routes, UDP and name resolution.

pub mod family;
pub mod resolver;
pub(crate) mod route;
pub(crate) mod udp;

pub use family::{Family, FamilySelection};
