//! Address families, interfaces, routes, UDP and name resolution.

pub mod bind;
pub mod family;
pub mod resolver;
pub(crate) mod route;
pub(crate) mod udp;

pub use bind::Device;
pub use family::{Family, FamilySelection};
