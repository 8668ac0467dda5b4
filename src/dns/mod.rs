//! DNS: names and RRsets as values, messages (RFC 1035), and queries over UDP.

pub mod client;
pub(crate) mod delegation;
pub mod error;
mod idn;
pub(crate) mod lookup;
pub mod message;
pub mod name;
pub mod rrset;

pub use error::DnsError;
pub use name::{NameError, RrsetName, ZoneName, is_placeholder};
pub(crate) use name::{host_name, labels_like};
pub use rrset::{Current, Rrset, RrsetKey, RrsetType, Ttl};
